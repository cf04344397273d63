"""What every page needs: the clinic's name, whether its people are made up, the acting person."""

from django.conf import settings
from django.http import HttpRequest

from deqi.record.actor import NOBODY
from deqi.record.practice.queries import organization


def clinic(request: HttpRequest) -> dict:
    return {
        "organization": request.organization if hasattr(request, "organization") else organization(),
        "actor": getattr(request, "actor", NOBODY),
        "idle_seconds": settings.IDLE_SECONDS,
        "second_factor_required": settings.REQUIRE_SECOND_FACTOR,
    }
