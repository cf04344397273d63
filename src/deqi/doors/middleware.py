"""Puts the acting person on each request, and turns refusals of the record into pages that say so."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from deqi.record.errors import Refusal
from deqi.record.practice.queries import actor_of

Handler = Callable[[HttpRequest], HttpResponse]


class ActorMiddleware:
    """`request.actor`: who asks. Pages of a signed-in person are never kept by a browser or a proxy.

    A request keeps the session alive. That is written down once a minute, so that looking does not wait for
    the disk each time.
    """

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: actor_of(request.user))
        if request.user.is_authenticated:
            now = int(time.time())
            if now - request.session.get("seen", 0) >= settings.SESSION_REFRESH_SECONDS:
                request.session["seen"] = now
        response = self.get_response(request)
        if request.user.is_authenticated and not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class RefusalMiddleware:
    """A refusal that no view caught becomes a calm page (409) that says what was kept and what to do."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refusal):
            return None
        if request.headers.get("HX-Request"):
            messages.error(request, error.message)
        return render(request, "deqi/refused.html", {"refusal": error}, status=409)
