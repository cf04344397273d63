"""The page for a link that asks nothing any more."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from deqi.doors.clock import render
from deqi.record.errors import Refusal

#: Not there any more, for good: a reload will not help.
GONE = 410


def over(request: HttpRequest, token: str, refusal: Refusal) -> HttpResponse:
    """A kind page that says why nothing is asked. The way to stop stays open where the link is ours."""
    known = refusal.code not in ("unknown", "expired")
    context = {"refusal": refusal, "token": token if known else ""}
    return render(request, "rating/over.html", context, status=GONE)
