"""Staff pages: completing the intake in the room. Red flags first, then safety, the condition, medicines."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from deqi.doors.access import needs
from deqi.doors.clinic.chart.forms import (
    AllergyForm,
    ConditionForm,
    DoseForm,
    FactsForm,
    FlagsForm,
    MedicineForm,
    condition_initial,
)
from deqi.doors.clinic.chart.pictures import marks_in_words
from deqi.doors.clock import render
from deqi.doors.http import both, form_id, get_only, post_only, see_other
from deqi.record.care.intake.steps import Step, Told, story
from deqi.record.care.queries.case import known_from
from deqi.record.care.queries.history import history_of
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.actions import history as actions
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at


@get_only
@needs("clinical.view")
def intake(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What the patient said, and what the practitioner makes of it."""
    return _page(request, patient_id)


def _page(request: HttpRequest, patient_id: UUID, status: int = 200, **bound: Any) -> HttpResponse:
    """The page, with the form that was refused (if one was) as it was typed."""
    patient = patient_for(request.actor, patient_id, "clinical.view", page="intake")
    on = today_at(patient.home_site)
    lists = history_of(patient, on)
    known = known_from(patient, on, lists)
    row = known.condition()
    told = next(iter(lists["intakes"]), None)
    context = {
        "tab": "intake",
        "here": "patients",
        "patient": patient,
        "on": on,
        "told": told,
        "story": told_lines(told["answers"], patient) if told else [],
        "marks": marks_in_words(known.marks),
        "flags_form": bound.get("flags") or FlagsForm(known=known),
        "facts_form": bound.get("facts") or FactsForm(known=known, on=on),
        "condition": row,
        "condition_form": bound.get("condition") or ConditionForm(initial=condition_initial(row)),
        "condition_id": row["id"] if row else uuid4(),
        "medicines": [m for m in lists["medicines"] if m["ended_on"] is None],
        "stopped": [m for m in lists["medicines"] if m["ended_on"] is not None],
        "medicine_form": bound.get("medicine") or MedicineForm(prefix="m"),
        "dose_form": DoseForm(initial={"on": on}),
        "allergies": lists["allergies"],
        "allergy_form": bound.get("allergy") or AllergyForm(prefix="a"),
    }
    return render(request, "clinic/chart/intake.html", context, status=status)


def told_lines(answers: dict[str, Any], patient: Patient) -> list[tuple[str, str]]:
    """Question and answer of each page the patient went through, in its order, without the consents.

    Red flags and safety questions stand in their own parts of this page.
    """
    steps = story(Told(answers=answers, sex=patient.sex))
    shown = [step for step in steps if step.part not in ("start", "flags", "safety", "agree")]
    return [(str(step.title), in_words(step, answers[step.key])) for step in shown if step.key in answers]


def in_words(step: Step, answer: dict[str, Any]) -> str:
    """An answer as one line, whatever kind of page it came from."""
    if "marks" in answer:
        places = [f"{name.replace('_', ' ')} {level}" for name, level in answer["marks"].items()]
        return "; ".join(places) or "nothing marked"
    if "chosen" in answer:
        named = [str(step.choices.get(key, key)) for key in answer["chosen"]]
        return "; ".join([*named, *([answer["other"]] if answer.get("other") else [])]) or "none of these"
    if "rows" in answer:
        return "; ".join(" ".join(part for part in row if part) for row in answer["rows"]) or "none"
    if "year" in answer:
        return f"{answer['year']}-{answer['month']:02d}" if answer.get("month") else str(answer["year"])
    value = answer.get("text", answer.get("value"))
    words = {True: "yes", False: "no", None: "not known", "": "left empty"}
    if value in (None, "") or isinstance(value, bool):
        return words[value]
    return f"{value} of 10" if step.kind == "scale" else str(value)


def _known(request: HttpRequest, patient_id: UUID):
    patient = patient_for(request.actor, patient_id, "clinical.write", page="intake")
    on = today_at(patient.home_site)
    return known_from(patient, on, history_of(patient, on)), on


@post_only
@needs("clinical.write")
def red_flags_asked(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    known, _ = _known(request, patient_id)
    form = FlagsForm(request.POST, known=known)
    if not form.is_valid():
        return _page(request, patient_id, 422, flags=form)
    rows = actions.record_red_flags(request.actor, patient_id, form.answers(), form.notes())
    present = [row for row in rows if row.present]
    if present:
        messages.error(request, "A red flag is set: no needles before it is looked into. Refer today.")
        return see_other("clinic:safety", patient_id)
    messages.success(request, f"{len(rows)} red flags kept, none present.")
    return _back(patient_id, "safety-questions")


@post_only
@needs("clinical.write")
def facts_asked(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    known, on = _known(request, patient_id)
    form = FactsForm(request.POST, known=known, on=on)
    if form.is_valid():
        try:
            written = actions.record_facts(request.actor, patient_id, form.answers())
            messages.success(request, f"{written} answer{'' if written == 1 else 's'} kept.")
            return _back(patient_id, "safety-questions")
        except Refusal as refusal:
            form.refuse(refusal)
    return _page(request, patient_id, 422, facts=form)


@post_only
@needs("clinical.write")
def condition(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    form = ConditionForm(request.POST)
    if form.is_valid():
        try:
            actions.record_condition(request.actor, patient_id, form_id(request), form.given())
            messages.success(request, "The condition is kept.")
            return _back(patient_id, "medicines")
        except Refusal as refusal:
            form.refuse(refusal)
    return _page(request, patient_id, 422, condition=form)


@post_only
@needs("clinical.write")
def add_medicine(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    form = MedicineForm(request.POST, prefix="m")
    if form.is_valid():
        try:
            actions.add_medicine(request.actor, patient_id, form_id(request), form.cleaned_data)
            return _back(patient_id, "medicines")
        except Refusal as refusal:
            form.refuse(refusal)
    return _page(request, patient_id, 422, medicine=form)


@both
@needs("clinical.write")
def change_medicine(request: HttpRequest, patient_id: UUID, medicine_id: UUID) -> HttpResponse:
    """A page of its own, so that the dose and its day are asked with room to think."""
    patient = patient_for(request.actor, patient_id, "clinical.write", page="medicines")
    row = patient.medications.filter(id=medicine_id).first()
    if row is None:
        raise NotFound("There is no such medicine in this record.")
    form = DoseForm(request.POST or None, initial={"on": today_at(patient.home_site)})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.change_dose(
                request.actor, patient_id, medicine_id, form_id(request), data["dose_text"], data["on"]
            )
            return _back(patient_id, "medicines")
        except Refusal as refusal:
            form.refuse(refusal)
    context = {"tab": "intake", "here": "patients", "patient": patient, "row": row, "form": form}
    return render(request, "clinic/chart/medicine.html", context, status=422 if form.is_bound else 200)


@post_only
@needs("clinical.write")
def add_allergy(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    form = AllergyForm(request.POST, prefix="a")
    if form.is_valid():
        data = form.cleaned_data
        try:
            actions.add_allergy(
                request.actor, patient_id, form_id(request), data["substance"], data["reaction"]
            )
            return _back(patient_id, "allergies")
        except Refusal as refusal:
            form.refuse(refusal)
    return _page(request, patient_id, 422, allergy=form)


@post_only
@needs("clinical.write")
def end_allergy(request: HttpRequest, patient_id: UUID, allergy_id: UUID) -> HttpResponse:
    actions.end_allergy(request.actor, patient_id, allergy_id)
    return _back(patient_id, "allergies")


@post_only
@needs("clinical.write")
def resolve_flag(request: HttpRequest, patient_id: UUID, answer_id: UUID) -> HttpResponse:
    actions.resolve_red_flag(request.actor, patient_id, answer_id, request.POST.get("resolution", ""))
    messages.success(request, "What came of the red flag is kept.")
    return see_other("clinic:safety", patient_id)


@post_only
@needs("clinical.write")
def complete(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    actions.complete_intake(request.actor, patient_id)
    messages.success(request, "The intake is complete. Next: the bedside examination.")
    return see_other("clinic:examine", patient_id)


def _back(patient_id: UUID, part: str) -> HttpResponse:
    response = see_other("clinic:complete_intake", patient_id)
    response["Location"] += f"#{part}"
    return response
