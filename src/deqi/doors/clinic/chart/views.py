"""Staff pages: the chart of one person, the safety screen, the bedside examination."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from deqi.doors.access import needs
from deqi.doors.clinic.chart.forms import ExaminationForm
from deqi.doors.clinic.chart.pictures import LAYERS, body_pictures, marks_in_words, small_multiples
from deqi.doors.clinic.questionnaires.plots import lines
from deqi.doors.clock import render
from deqi.doors.extent import extent_context
from deqi.doors.http import both, form_id, get_only, post_only, see_other
from deqi.record.care.actions.examinations import record_examination
from deqi.record.care.actions.screening import record_screen
from deqi.record.care.queries.case import case_of, known_about
from deqi.record.care.queries.chart import chart_of
from deqi.record.care.queries.conduction import conduction_columns, conduction_rows
from deqi.record.care.queries.examinations import last_examinations
from deqi.record.care.queries.extent import extent_over_time
from deqi.record.errors import Refusal
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at
from deqi.record.questionnaires.queries import from_columns, score_columns, score_lines
from deqi.science.safety import RedFlag, facts, red_flags, screen, urgency_levels


@get_only
@needs("clinical.view")
def chart(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """One person, at a glance: who, red flags, medicines, where they stand, what is new, what is due."""
    patient = patient_for(request.actor, patient_id, "clinical.view", page="chart")
    on = today_at(patient.home_site)
    page = request.GET.get("page", "1")
    number = int(page) if page.isdecimal() and len(page) < 5 else 1
    seen = chart_of(
        patient, on, number, scores=score_columns(patient), conduction=conduction_columns(patient)
    )
    case = case_of(patient, seen.course, on, known=seen.known)
    layer = request.GET.get("layer", "")
    context = {
        "tab": "chart",
        "here": "patients",
        "patient": patient,
        "on": on,
        "seen": seen,
        "screen": screen(case, on=on),
        "flags": [flag_shown(row) for row in seen.flags_present],
        "condition": seen.known.condition(seen.course.condition_id if seen.course else None),
        "medicines": [m for m in seen.lists["medicines"] if m["ended_on"] is None or m["ended_on"] > on],
        "news": seen.since_last_visit(),
        "small": small_multiples(seen.series),
        "conduction": conduction_rows(patient, seen.lists["conduction"]),
        "scores": lines(score_lines(from_columns(seen.lists["scores"]))),
        "drawn": body_pictures(seen.known.marks, layer),
        **extent_context(extent_over_time(patient)),
        "layer": layer,
        "layers": LAYERS,
        "marks": marks_in_words(seen.known.marks),
        "sharing": consent_state(seen.lists["consents"], "sharing"),
        "facts": facts(),
    }
    return render(request, "clinic/chart/chart.html", context)


@get_only
@needs("clinical.view")
def safety(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What the rules say today, stop first; what would lift each; what nobody has asked yet."""
    patient = patient_for(request.actor, patient_id, "clinical.view", page="safety screen")
    on = today_at(patient.home_site)
    known = known_about(patient, on)
    modality = request.GET.get("modality", "")
    case = case_of(
        patient,
        None,
        on,
        known=known,
        modality=modality if modality in ("manual", "electro", "auricular") else None,
    )
    screened = screen(case, on=on)
    standing = [row for row in known.flags.values() if row["present"] and row["resolved_at"] is None]
    context = {
        "tab": "safety",
        "here": "patients",
        "patient": patient,
        "on": on,
        "case": case,
        "screen": screened,
        "flags": [flag_shown(row) for row in standing],
        "unknown": [facts()[key] for key in screened.unanswered],
    }
    return render(request, "clinic/chart/safety.html", context)


@post_only
@needs("clinical.write")
def record_safety(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Keeps today's screen in the record."""
    row = record_screen(request.actor, patient_id, form_id(request))
    messages.success(request, f"The screen of today is kept: {row.verdict}.")
    return see_other("clinic:safety", patient_id)


@both
@needs("clinical.write")
def examine(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The bedside examination, beside the one before."""
    patient = patient_for(request.actor, patient_id, "clinical.write", page="examination")
    form = ExaminationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            record_examination(
                request.actor, patient_id, form_id(request), form.findings(), note=form.cleaned_data["note"]
            )
            messages.success(request, "The examination is saved. Each finding is a point on its plot.")
            return see_other("clinic:chart", patient_id)
        except Refusal as refusal:
            form.refuse(refusal)
    before = last_examinations(patient, 1)
    context = {
        "tab": "examination",
        "here": "patients",
        "patient": patient,
        "form": form,
        "rows": form.groups(before[0] if before else None),
        "before": before[0] if before else None,
        "row": request.POST.get("row") or str(uuid4()),
    }
    return render(request, "clinic/chart/examine.html", context, status=422 if form.is_bound else 200)


def flag_shown(row: Mapping[str, Any]) -> tuple[RedFlag | None, Mapping[str, Any], str]:
    """A red flag that stands, as the rules know it (None when they no longer do), its answer, how urgent it is."""
    flag = next((flag for flag in red_flags() if flag.id == row["flag"]), None)
    return flag, row, urgency_levels()[flag.urgency] if flag else ""


def consent_state(consents, kind: str) -> str:
    """given, refused, withdrawn or none: the newest decision of a kind."""
    return next((row["decision"] for row in consents if row["kind"] == kind), "none")
