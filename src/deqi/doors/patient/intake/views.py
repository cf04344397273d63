"""The intake on the phone: one question a page, kept as it is given, open again where it was left."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dates import MONTHS
from django.views.decorators.http import require_http_methods

from deqi.doors.access import needs
from deqi.doors.clock import render
from deqi.doors.http import see_other
from deqi.doors.patient.intake.body_map import map_page
from deqi.doors.patient.intake.parse import answer_of, words_of
from deqi.record.care.actions.intake import answer_step, send_intake
from deqi.record.care.intake.steps import PARTS, TEXT_LIMIT, Step
from deqi.record.care.queries.intake import StoryPage, own_story
from deqi.record.errors import Refusal
from deqi.record.patients.consent_texts import consent_texts
from deqi.science.safety import facts, red_flags

SPARE_ROWS = 3
#: Kept at the tap; what is typed on the other pages is kept as a draft until it is sent.
TAPPED = ("read", "scale", "yes_no", "flag", "map")


@require_http_methods(["GET", "HEAD"])
@needs("self.answer")
def begin(request: HttpRequest) -> HttpResponse:
    """Goes on where the person stopped; to the summary when nothing is left to ask."""
    page = own_story(request.actor)
    step = None if page.sent else page.first_open
    return redirect("patient:intake_step", step.key) if step else redirect("patient:intake_summary")


@require_http_methods(["GET", "HEAD", "POST"])
@needs("self.answer")
def step(request: HttpRequest, key: str) -> HttpResponse:
    """One question. A post keeps the answer and goes on to the next."""
    if request.method == "POST":
        return _answer(request, key)
    page = own_story(request.actor)
    asked = page.step(key)
    if page.sent:
        return redirect("patient:intake_summary")
    if asked is None:
        raise Http404
    return _show(request, page, asked, page.answers.get(key))


def _answer(request: HttpRequest, key: str) -> HttpResponse:
    page = own_story(request.actor)
    asked = page.step(key)
    if asked is None:
        raise Http404
    given = answer_of(asked, request.POST, page.answers.get(key) or {})
    try:
        done = answer_step(request.actor, key, given)
    except Refusal as refusal:
        return _show(request, page, asked, given, refusal)
    if request.POST.get("more"):
        return see_other("patient:intake_step", key)
    if done.alarm:
        return see_other("patient:intake_alarm", key)
    if request.GET.get("from") == "all" or done.next is None:
        return see_other("patient:intake_summary")
    return see_other("patient:intake_step", done.next.key)


def _show(
    request: HttpRequest, page: StoryPage, asked: Step, answer: Any, refusal: Refusal | None = None
) -> HttpResponse:
    at = page.steps.index(asked)
    before = page.steps[at - 1] if at else None
    after = page.steps[at + 1] if at + 1 < len(page.steps) else None
    parts = list(dict.fromkeys(one.part for one in page.steps))
    context = {
        "step": asked,
        "answer": answer or {},
        "refusal": refusal,
        "before": before,
        "before_words": words_of(before, page.answers.get(before.key)) if before and at > 1 else "",
        "after": after,
        "number": at,
        "count": len(page.steps),
        "part": PARTS[asked.part],
        "part_number": parts.index(asked.part) + 1,
        "part_count": len(parts),
        "from_all": request.GET.get("from") == "all",
        "typed": asked.kind not in TAPPED,
        "eleven": range(11),
        "ten": range(1, 11),
        **_extra(page, asked, answer or {}),
    }
    return render(request, "patient/intake/step.html", context, status=422 if refusal else 200)


def _extra(page: StoryPage, asked: Step, answer: dict[str, Any]) -> dict[str, Any]:
    """What one kind of page needs beside the question."""
    if asked.kind == "map":
        average = page.answers.get(f"{asked.about}-average") or {}
        return map_page(answer.get("marks", {}), average.get("value") or 5)
    if asked.kind == "since":
        year = timezone.localdate().year
        return {"years": range(year, year - 61, -1), "months": MONTHS}
    if asked.kind in ("medicines", "allergies"):
        return {"rows": [*answer.get("rows", []), *[["", ""]] * SPARE_ROWS]}
    if asked.kind == "consent":
        return {"text": consent_texts()[asked.about], "own_name": page.patient.name}
    if asked.kind in ("number", "choice"):
        return {"fact": facts()[asked.about]}
    return {"limit": TEXT_LIMIT}


@require_http_methods(["GET", "HEAD"])
@needs("self.answer")
def alarm(request: HttpRequest, key: str) -> HttpResponse:
    """A red flag was answered yes: what to do now. The story goes on afterwards."""
    page = own_story(request.actor)
    asked = page.step(key)
    flag = next((one for one in red_flags() if asked and one.id == asked.about), None)
    if asked is None or flag is None or (page.answers.get(key) or {}).get("value") is not True:
        return redirect("patient:intake")
    keys = [one.key for one in page.steps]
    after = page.steps[keys.index(key) + 1] if keys.index(key) + 1 < len(keys) else None
    context = {"step": asked, "flag": flag, "after": after, "site": page.patient.home_site}
    return render(request, "patient/intake/alarm.html", context)


@require_http_methods(["GET", "HEAD"])
@needs("self.answer")
def summary(request: HttpRequest) -> HttpResponse:
    """Everything told so far, part by part, with a way back to each page; and the button that sends it."""
    page = own_story(request.actor)
    if page.intake is None:
        return redirect("patient:intake")
    told = [one for one in page.steps if one.kind != "read"]
    parts = [_told_part(page, part, told) for part in dict.fromkeys(one.part for one in told)]
    open_steps = [one for one in page.steps if one.key not in page.answers and not one.optional]
    context = {"parts": parts, "page": page, "open_steps": open_steps}
    return render(request, "patient/intake/summary.html", context)


def _told_part(page: StoryPage, part: str, told: list[Step]) -> dict[str, Any]:
    """One part of the summary: what was said, and folded away what was answered no and what has no answer."""
    rows = [
        {
            "step": one,
            "words": words_of(one, page.answers.get(one.key)),
            "no": _is_no(page.answers.get(one.key)),
        }
        for one in told
        if one.part == part
    ]
    return {
        "title": PARTS[part],
        "rows": [row for row in rows if row["words"] and not row["no"]],
        "no": [row for row in rows if row["no"]],
        "open": [row for row in rows if not row["words"]],
    }


def _is_no(answer: dict[str, Any] | None) -> bool:
    return answer is not None and answer.get("value") is False


@require_http_methods(["POST"])
@needs("self.answer")
def send(request: HttpRequest) -> HttpResponse:
    send_intake(request.actor)
    return see_other("patient:intake_summary")
