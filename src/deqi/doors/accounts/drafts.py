"""Keeping what is typed, giving it back, and saying that somebody is still there."""

from __future__ import annotations

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from deqi.doors.access import signed_in
from deqi.record.errors import Refusal
from deqi.record.practice.actions.drafts import MOST_DRAFTS, drafts_of, drop_draft, save_draft

#: The field with which a form that is sent names its draft (drafts.js adds it).
NAMES_ITS_DRAFT = "draft_page"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def drafts(request: HttpRequest) -> HttpResponse:
    """GET gives the drafts of each ?page= (204 when there is none), POST keeps one; `{}` forgets it."""
    if request.method != "POST":
        kept = drafts_of(request.actor, request.GET.getlist("page")[:MOST_DRAFTS])
        if not kept:
            return HttpResponse(status=204)
        said = {d.page: {"fields": d.fields, "saved_at": d.updated_at.isoformat()} for d in kept}
        return JsonResponse({"drafts": said})
    try:
        save_draft(request.actor, request.GET.get("page", ""), json.loads(request.body))
    except Refusal as refusal:
        return JsonResponse({"error": refusal.message}, status=413 if refusal.code == "size" else 400)
    except ValueError:
        return JsonResponse({"error": "A draft is JSON."}, status=400)
    return HttpResponse(status=204)


@never_cache
@require_POST
@signed_in
def still_here(request: HttpRequest) -> HttpResponse:
    """Starts the idle time anew (the session is saved with every request)."""
    return HttpResponse(status=204)


class DraftMiddleware:
    """Forgets a draft once the form it belongs to was taken: by a redirect, or by a fragment without fault."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "POST" and request.user.is_authenticated:
            fragment = bool(request.headers.get("HX-Request"))
            taken = 300 <= response.status_code < 400 or (fragment and response.status_code < 300)
            page = request.POST.get(NAMES_ITS_DRAFT, "") if taken else ""
            if page:
                drop_draft(request.actor, page)
        return response
