"""How long a session lasts: IDLE_SECONDS after the last request that a person made."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

SEEN_AT = "seen_at"
#: A page that asks by itself (the day board) says so; that alone keeps nobody signed in.
BY_ITSELF = "X-By-Itself"


def was_here(request: HttpRequest) -> None:
    """Moves the end of the session on. It is written at most every SESSION_GRAIN_SECONDS, not on every page."""
    now = int(time.time())
    if now - request.session.get(SEEN_AT, 0) >= settings.SESSION_GRAIN_SECONDS:
        request.session[SEEN_AT] = now


class IdleMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and not request.headers.get(BY_ITSELF):
            was_here(request)
        return self.get_response(request)
