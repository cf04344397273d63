"""The check-in: how it is today, one tap a question, without the last answer in sight."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from deqi.doors.access import needs
from deqi.doors.clock import render
from deqi.doors.http import see_other
from deqi.doors.tapping import answers_in_words, question_of, typed_number
from deqi.record.care.actions.own import rate_today
from deqi.record.care.codes import CHOSEN_ACTIVITY
from deqi.record.care.queries.own import check_in
from deqi.record.errors import Refusal


@require_http_methods(["GET", "HEAD"])
@needs("self.answer")
def begin(request: HttpRequest) -> HttpResponse:
    """The first question without an answer today; thanks when there is none."""
    asked = check_in(request.actor)
    left = [code for code in asked.codes if code not in asked.today]
    if left:
        return redirect("patient:rate", left[0])
    return render(
        request, "patient/checkin_done.html", {"answers": answers_in_words(asked.codes, asked.today)}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs("self.answer")
def rate(request: HttpRequest, code: str) -> HttpResponse:
    """One question. Only today's own answer is shown on going back: an older one would pull the answer."""
    asked = check_in(request.actor)
    question = question_of(code)
    if code not in asked.codes or question is None:
        raise Http404
    at, refusal = asked.codes.index(code), None
    after = asked.codes[at + 1] if at + 1 < len(asked.codes) else None
    if request.method == "POST":
        try:
            rate_today(request.actor, code, typed_number(request.POST.get("answer", "")))
            return see_other("patient:rate", after) if after else see_other("patient:checkin")
        except Refusal as refused:
            refusal = refused
    context = {
        **question,
        **({"over": asked.activity} if code == CHOSEN_ACTIVITY else {}),
        "refusal": refusal,
        "chosen": asked.today.get(code),
        "number": at + 1,
        "count": len(asked.codes),
        "back": reverse("patient:rate", args=[asked.codes[at - 1]]) if at else reverse("patient:home"),
        "skip": reverse("patient:rate", args=[after]) if after else reverse("patient:home"),
    }
    return render(request, "patient/rate.html", context, status=422 if refusal else 200)
