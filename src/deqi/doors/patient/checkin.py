"""The check-in: how it is today, one tap a question, without the last rating in sight."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deqi.doors.access import needs
from deqi.doors.clock import render
from deqi.doors.http import see_other
from deqi.record.care.actions.own import rate_today
from deqi.record.care.codes import label_of, symptom_of
from deqi.record.care.queries.own import CheckIn, check_in
from deqi.record.errors import Refusal
from deqi.science.measures import impact_ratings, symptoms


@require_http_methods(["GET", "HEAD"])
@needs("self.answer")
def begin(request: HttpRequest) -> HttpResponse:
    """The first question without an answer today; thanks when there is none."""
    asked = check_in(request.actor)
    left = [code for code in asked.codes if code not in asked.today]
    if left:
        return redirect("patient:rate", left[0])
    return render(request, "patient/checkin_done.html", {"answers": _answers(asked)})


@require_http_methods(["GET", "HEAD", "POST"])
@needs("self.answer")
def rate(request: HttpRequest, code: str) -> HttpResponse:
    """One question. Only today's own answer is shown on going back: an older one would pull the answer."""
    asked = check_in(request.actor)
    if code not in asked.codes:
        raise Http404
    at = asked.codes.index(code)
    refusal = None
    if request.method == "POST":
        value = request.POST.get("answer", "")
        try:
            rate_today(request.actor, code, int(value) if value.isdecimal() and len(value) < 3 else -1)
            after = asked.codes[at + 1] if at + 1 < len(asked.codes) else None
            return see_other("patient:rate", after) if after else see_other("patient:checkin")
        except Refusal as refused:
            refusal = refused
    context = {
        **_question(asked, code),
        "refusal": refusal,
        "chosen": asked.today.get(code),
        "eleven": range(11),
        "number": at + 1,
        "count": len(asked.codes),
        "back": reverse("patient:rate", args=[asked.codes[at - 1]]) if at else reverse("patient:home"),
    }
    return render(request, "patient/rate.html", context, status=422 if refusal else 200)


def _question(asked: CheckIn, code: str) -> dict:
    """The words of one question."""
    key = symptom_of(code)
    if key:
        symptom = symptoms()[key]
        return {
            "over": _(symptom.label),
            "title": _(symptom.question("24h", "average")),
            "low": _(symptom.anchor_0),
            "high": _(symptom.anchor_10),
        }
    rating = impact_ratings()[code.removeprefix("impact_")]
    return {
        "over": asked.activity,
        "title": _(rating.question),
        "low": _(rating.anchor_0),
        "high": _(rating.anchor_10),
    }


def _answers(asked: CheckIn) -> list[dict]:
    return [
        {"code": code, "label": _(label_of(code)), "value": asked.today[code]}
        for code in asked.codes
        if code in asked.today
    ]
