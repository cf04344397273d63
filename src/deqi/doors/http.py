"""What views of every door share: which methods they answer, going on after a post, the id a form carries."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

get_only = require_http_methods(["GET", "HEAD"])
post_only = require_http_methods(["POST"])
both = require_http_methods(["GET", "HEAD", "POST"])


def see_other(to: str, *args: Any) -> HttpResponse:
    """Goes on to a named view or an address after a post (303): reloading the next page posts nothing again."""
    response = redirect(to, *args)
    response.status_code = 303
    return response


def form_id(request: HttpRequest) -> UUID:
    """The id the form carries, so that sending it twice makes one row; a new one when it carries none."""
    try:
        return UUID(request.POST.get("row", ""))
    except ValueError:
        return uuid4()
