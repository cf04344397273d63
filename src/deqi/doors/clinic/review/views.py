"""Staff pages: the review at a planned point, and reviews that were held."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from deqi.doors.access import needs
from deqi.doors.clinic.chart.views import both, form_id, get_only, see_other
from deqi.doors.clinic.review.forms import DecisionForm, decision_initial
from deqi.doors.clinic.review.shown import course_chart, examination_rows, impact_rows, symptoms_shown
from deqi.record.care.actions.reviews import decide_review, first_last
from deqi.record.care.judging import holds, judge
from deqi.record.care.queries.reviews import ReviewMatter, review_for, review_matter
from deqi.record.errors import Refusal
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
    shown = _shown(inputs, judge(inputs), _beside(matter), matter.medicines)
    context = {
        **shown,
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


def _beside(matter: ReviewMatter) -> dict[str, Any]:
    return {
        "impact": {key: [first_last(values)] for key, values in matter.impact.items()},
        "examination": {code: [first_last(values)] for code, values in matter.examination.items()},
    }


def _shown(
    inputs: dict[str, Any], judged: dict[str, Any], beside: dict[str, Any], medicines: list[dict[str, Any]]
) -> dict[str, Any]:
    found = symptoms_shown(judged)
    return {
        "symptoms": found,
        "first": found[0] if found else None,
        "chart": course_chart(inputs, found[0].key, medicines) if found else None,
        "rows": [row for row in inputs["ratings"] if found and row["symptom"] == found[0].key],
        "impact": impact_rows(beside),
        "examination": examination_rows(beside),
        "model_version": judged["model_version"],
        "caution": change_file().caution,
    }


@get_only
@needs("clinical.view")
def held(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """A review as it was held: what was seen, what was decided, by whom, and whether it still adds up."""
    patient, row = review_for(request.actor, review_id, page="review held")
    result = row.result
    shown = _shown(result["inputs"], result["judged"], result["beside"], [])
    step = next((s.label for s in global_change_steps() if s.value == row.global_change), None)
    context = {
        **shown,
        "tab": "course",
        "here": "patients",
        "patient": patient,
        "review": row,
        "beside": result["beside"],
        "step": step,
        "holds": holds(row),
    }
    return render(request, "clinic/review/held.html", context)
