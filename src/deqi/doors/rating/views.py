"""The link in a message: the question, the tap, thanks; and an end to messages. Opening a page changes nothing."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from deqi.doors.access import public
from deqi.doors.clock import render
from deqi.doors.http import both, see_other
from deqi.doors.rating.over import GONE, over
from deqi.doors.tapping import answers_in_words, question_of, typed_number
from deqi.record.care.actions.answering import Opened, answer, open_link, stop_messages
from deqi.record.care.codes import questionnaire_of
from deqi.record.care.links import request_behind
from deqi.record.errors import Refusal
from deqi.record.questionnaires.besides import BEGUN, OPEN


@never_cache
@require_http_methods(["GET", "HEAD"])
@public
def begin(request: HttpRequest, token: str) -> HttpResponse:
    """The first question without an answer today; thanks, with what was answered, when there is none left."""
    try:
        opened = open_link(token)
    except Refusal as refusal:
        return over(request, token, refusal)
    if left := opened.left():
        return redirect("rating:rate", token, left[0])
    return _thanks(request, token, opened)


@never_cache
@require_http_methods(["GET", "HEAD"])
@public
def done(request: HttpRequest, token: str) -> HttpResponse:
    """The end, also for who skipped something: what was answered today, and what may still be."""
    try:
        return _thanks(request, token, open_link(token))
    except Refusal as refusal:
        return over(request, token, refusal)


@never_cache
@both
@public
def rate(request: HttpRequest, token: str, code: str) -> HttpResponse:
    """One question. A tap is kept at once; the same day it can be changed here."""
    try:
        opened = open_link(token)
    except Refusal as refusal:
        return over(request, token, refusal)
    if code in opened.forms:
        return redirect("rating:questionnaire", token, questionnaire_of(code))
    question = question_of(code)
    if code not in opened.codes or question is None:
        raise Http404
    refused = None
    if request.method == "POST":
        try:
            left = answer(token, code, typed_number(request.POST.get("answer", ""))).left(after=code)
            return see_other("rating:rate", token, left[0]) if left else see_other("rating:done", token)
        except Refusal as refusal:
            if not refusal.field:
                return over(request, token, refusal)
            refused = refusal
    context = {**question, **_place(opened, code), "token": token, "refusal": refused}
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


def _thanks(request: HttpRequest, token: str, opened: Opened) -> HttpResponse:
    tapped = [code for code in opened.codes if code not in opened.forms]
    answers = answers_in_words(tapped, opened.given)
    forms = [(code, opened.forms[code]) for code in opened.codes if code in opened.forms]
    for number, (code, stands) in enumerate(forms, 1):
        label = _("More questions, part %(n)s") % {"n": number} if len(forms) > 1 else _("More questions")
        words = {OPEN: "", BEGUN: _("begun, not sent yet")}.get(stands, _("sent"))
        answers.append({"code": code, "label": label, "words": words, "sent": stands not in (OPEN, BEGUN)})
    kept = bool(opened.given) or any(stands != OPEN for _code, stands in forms)
    return render(request, "rating/done.html", {"token": token, "answers": answers, "any": kept})


def _place(opened: Opened, code: str) -> dict[str, Any]:
    """Where a question stands among those of its request, and the answer given today."""
    codes = opened.codes
    at = codes.index(code)
    return {
        "chosen": opened.given.get(code),
        "number": at + 1,
        "count": len(codes),
        "back": codes[at - 1] if at else "",
        "skip": codes[at + 1] if at + 1 < len(codes) else "",
    }
