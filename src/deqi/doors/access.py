"""Opening a page to those it is for. Views still fetch each row through the acting person's scope."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from deqi.record.errors import Forbidden
from deqi.record.permissions import roles_that_may

View = Callable[..., HttpResponse]


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and from there back. A fragment's answer moves the whole page there."""
    if not request.headers.get("HX-Request"):
        return redirect_to_login(request.get_full_path())
    page = urlsplit(request.headers.get("HX-Current-URL", "/"))
    there = redirect_to_login(page.path + (f"?{page.query}" if page.query else "")).url
    return HttpResponse(status=204, headers={"HX-Redirect": there})


def needs(verb: str) -> Callable[[View], View]:
    """Only for signed-in people with a role that may do `verb`; others sign in (or see 403).

    The verb is kept on the view (`view.verb`): the access tests read it.
    """
    roles_that_may(verb)  # an unlisted verb fails when the module is imported

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if not request.actor.may(verb):
                raise Forbidden(verb)
            return view(request, *args, **kwargs)

        guarded.verb = verb  # type: ignore[attr-defined]
        return guarded

    return wrap


def public(view: View) -> View:
    """Marks a page as open to everyone; without a mark the access tests fail."""
    view.verb = None  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """For anyone who is signed in, in whatever role."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        return view(request, *args, **kwargs)

    guarded.verb = "signed_in"  # type: ignore[attr-defined]
    return guarded
