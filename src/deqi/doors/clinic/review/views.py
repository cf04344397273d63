"""Staff pages: the review at a planned point, and reviews that were held."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from deqi.doors.access import needs
from deqi.doors.clinic.review.forms import DecisionForm, decision_initial
from deqi.doors.clinic.review.shown import (
    agreed_or_not,
    course_chart,
    examination_rows,
    impact_rows,
    ratings_shown,
    symptoms_shown,
)
from deqi.doors.clock import render
from deqi.doors.http import both, form_id, get_only, see_other
from deqi.record.canonical import sha256_of
from deqi.record.care.actions.reviews import decide_review, first_last
from deqi.record.care.judging import holds
from deqi.record.care.looking import Look, fans_from, look_at
from deqi.record.care.queries.reviews import ReviewMatter, review_for, review_matter
from deqi.record.errors import Refusal
from deqi.science.course import MODEL_VERSION
from deqi.science.course.reasons import RULE
from deqi.science.course.speaking import how_it_might_help, speaking
from deqi.science.measures import change_file, global_change_steps


@both
@needs("review.decide")
def review(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """The look at one course, and the decision."""
    matter = review_matter(request.actor, course_id, "review.decide")
    form = DecisionForm(request.POST or None, initial=decision_initial(matter))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            held_review = decide_review(
                request.actor,
                course_id,
                review_id=form_id(request),
                decision=data["decision"],
                reason=data["reason"],
                global_change=data["global_change"],
                steps=form.steps(),
            )
            messages.success(request, "The review is kept. It never changes from now on.")
            return see_other("clinic:review_held", held_review.id)
        except Refusal as refusal:
            form.refuse(refusal)
    inputs = matter.inputs()
    last = matter.global_change[-1] if matter.global_change else None
    look = look_at(matter.course.id, inputs, matter.looks)
    shown = shown_of(inputs, look, beside_of(matter), last[1] if last else None, matter.medicines)
    context = {
        **shown,
        "inputs_sha256": sha256_of(inputs),
        "agreed": matter.agreed,
        **ways_of(matter, look),
        "overall": _step(last[1]) if last else None,
        "overall_on": last[0] if last else None,
        "rule_of_model": RULE,
        "tab": "course",
        "here": "patients",
        "patient": matter.patient,
        "matter": matter,
        "course": matter.course,
        "position": matter.position,
        "events": Counter(row["event_type"].replace("_", " ") for row in matter.events).items(),
        "form": form,
        "row": request.POST.get("row") or str(uuid4()),
    }
    return render(request, "clinic/review/review.html", context, status=422 if form.is_bound else 200)


def beside_of(matter: ReviewMatter) -> dict[str, Any]:
    """Impact and examination, first and last, as they are kept with a decision."""
    return {
        "impact": {key: [first_last(values)] for key, values in matter.impact.items()},
        "examination": {code: [first_last(values)] for code, values in matter.examination.items()},
    }


def _step(value: float) -> str | None:
    """The words of a step of overall change."""
    return next((step.label for step in global_change_steps() if step.value == value), None)


def shown_of(
    inputs: dict[str, Any],
    look: Look,
    beside: dict[str, Any],
    global_change: float | None,
    medicines: list[dict[str, Any]],
) -> dict[str, Any]:
    """What both kinds of review page show: each symptom with its chart and ratings, and what stands beside them."""
    impact = impact_rows(beside)
    found = symptoms_shown(look.judged, inputs)
    return {
        "symptoms": [
            {
                "one": one,
                "chart": course_chart(inputs, one.key, medicines, look=look, height=240),
                "rows": ratings_shown(inputs, one.key),
            }
            for one in found
        ],
        "impact": impact,
        "examination": examination_rows(beside),
        "agreement": agreed_or_not(look.judged, global_change, impact),
        "model_version": look.judged["model_version"],
        "caution": change_file().caution,
    }


def ways_of(matter: ReviewMatter, look: Look) -> dict[str, Any]:
    """How it might be helping: the six mechanisms with what was measured of this person."""
    began = min(matter.sessions, default=None)
    return {
        "ways": how_it_might_help(look.judged["symptoms"], matter.series, began, matter.on),
        "ways_meta": speaking().meta,
        "medicine_changed": bool(matter.steps),
    }


@get_only
@needs("clinical.view")
def held(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """A review as it was held: what was seen, what was decided, by whom, and whether it still adds up."""
    patient, row = review_for(request.actor, review_id, page="review held")
    result = row.result
    again = "again" in request.GET
    look = Look(result["judged"], fans_from(result["curves"]) if "curves" in result else {})
    shown = shown_of(result["inputs"], look, result["beside"], row.global_change, [])
    context = {
        **shown,
        "tab": "course",
        "here": "patients",
        "patient": patient,
        "review": row,
        "beside": result["beside"],
        "overall": _step(row.global_change) if row.global_change else None,
        "sound": sha256_of(result["inputs"]) == row.inputs_sha256,
        "again": again,
        "same": holds(row) if again else None,
        "newer": row.model_version != MODEL_VERSION,
        "version_now": MODEL_VERSION,
    }
    return render(request, "clinic/review/held.html", context)
