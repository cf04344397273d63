"""The link in a message: the question, the tap, thanks; and an end to messages. Opening a page changes nothing."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from deqi.doors.access import public
from deqi.doors.clock import render
from deqi.doors.http import both, see_other
from deqi.record.care.actions.answering import Opened, answer, open_link, stop_messages
from deqi.record.care.codes import label_of, symptom_of
from deqi.record.care.links import request_behind
from deqi.record.errors import Refusal
from deqi.science.measures import symptoms

#: Not there any more, for good: a reload will not help.
GONE = 410


@never_cache
@require_http_methods(["GET", "HEAD"])
@public
def begin(request: HttpRequest, token: str) -> HttpResponse:
    """The first question without an answer today; thanks, with what was answered, when there is none left."""
    try:
        opened = open_link(token)
    except Refusal as refusal:
        return _over(request, token, refusal)
    if opened.left:
        return redirect("rating:rate", token, opened.left[0])
    return render(request, "rating/done.html", {"token": token, "answers": _answers(opened)})


@never_cache
@both
@public
def rate(request: HttpRequest, token: str, code: str) -> HttpResponse:
    """One question. A tap is kept at once; the same day it can be changed here."""
    try:
        opened = open_link(token)
    except Refusal as refusal:
        return _over(request, token, refusal)
    if code not in opened.request.codes or symptom_of(code) is None:
        raise Http404
    refused = None
    if request.method == "POST":
        value = request.POST.get("answer", "")
        try:
            opened = answer(token, code, int(value) if value.isdecimal() and len(value) < 3 else -1)
            return see_other("rating:begin", token)
        except Refusal as refusal:
            if not refusal.field:
                return _over(request, token, refusal)
            refused = refusal
    context = {**_question(opened, code), "token": token, "refusal": refused}
    return render(request, "rating/rate.html", context, status=422 if refused else 200)


@csrf_exempt  # mail programs post here by themselves (RFC 8058); the signed token is the key, and it only stops
@never_cache
@both
@public
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """An end to messages, by one tap; or by the mail program's own button."""
    try:
        if request.method == "POST":
            stop_messages(token)
        else:
            request_behind(token)
    except Refusal as refusal:
        return render(request, "rating/over.html", {"refusal": refusal}, status=GONE)
    return render(request, "rating/stop.html", {"stopped": request.method == "POST", "token": token})


def _over(request: HttpRequest, token: str, refusal: Refusal) -> HttpResponse:
    """A kind page that says why nothing is asked. The way to stop stays open where the link is ours."""
    known = refusal.code not in ("unknown", "expired")
    context = {"refusal": refusal, "token": token if known else ""}
    return render(request, "rating/over.html", context, status=GONE)


def _question(opened: Opened, code: str) -> dict:
    symptom, codes = symptoms()[symptom_of(code) or ""], opened.request.codes
    at = codes.index(code)
    return {
        "over": _(symptom.label),
        "title": _(symptom.question("24h", "average")),
        "low": _(symptom.anchor_0),
        "high": _(symptom.anchor_10),
        "chosen": opened.given.get(code),
        "eleven": range(11),
        "number": at + 1,
        "count": len(codes),
        "back": codes[at - 1] if at else "",
    }


def _answers(opened: Opened) -> list[dict]:
    return [
        {"code": code, "label": _(label_of(code)), "value": value} for code, value in opened.given.items()
    ]
