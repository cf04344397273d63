"""Staff set up a second factor before they see anything else."""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from deqi.doors.accounts.adapter import SECOND_FACTORS

#: Kept in the session once a second factor was seen, so that no page pays a query for it.
SEEN = "second_factor"


class SecondFactorMiddleware:
    """Sends staff without an authenticator app or a passkey to their sign-in page, from whatever they asked.

    Switched off by DEQI_REQUIRE_SECOND_FACTOR=0 (the demo clinic).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.REQUIRE_SECOND_FACTOR and self._missing(request):
            home = reverse("mfa_index")
            if request.headers.get("HX-Request"):
                return HttpResponse(status=204, headers={"HX-Redirect": home})
            return redirect(home)
        return self.get_response(request)

    def _missing(self, request: HttpRequest) -> bool:
        free = (reverse("mfa_index"), settings.STATIC_URL)
        if request.path.startswith(free) or not request.user.is_authenticated:
            return False
        if request.session.get(SEEN) or not request.actor.is_staff:
            return False
        if Authenticator.objects.filter(user=request.user, type__in=SECOND_FACTORS).exists():
            request.session[SEEN] = True
            return False
        return True
