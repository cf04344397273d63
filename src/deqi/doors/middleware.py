"""Puts the acting person on each request, and turns refusals of the record into pages that say so."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from deqi.record.errors import Refusal
from deqi.record.ids import is_taken
from deqi.record.practice.queries import actor_of

Handler = Callable[[HttpRequest], HttpResponse]


class ActorMiddleware:
    """`request.actor`: who asks. Pages of a signed-in person are never kept by a browser or a proxy."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: actor_of(request.user))
        response = self.get_response(request)
        if request.user.is_authenticated and not request.path.startswith(settings.STATIC_URL):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class RefusalMiddleware:
    """A refusal that no view caught becomes a calm page (409) that says what was kept and what to do.

    So does a row whose id, made by the page, is there already: two posts of one page at the same moment.
    """

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, IntegrityError) and is_taken(error):
            error = Refusal(
                "This was sent already, or the page is out of date. Open the page anew and look before you send it again.",
                code="taken",
            )
        if not isinstance(error, Refusal):
            return None
        if request.headers.get("HX-Request"):
            messages.error(request, error.message)
        return render(request, "deqi/refused.html", {"refusal": error}, status=409)
