"""Staff pages: the questionnaires of one person. Giving one, asking it in the room or by link, reading, correcting."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from deqi.doors import answering
from deqi.doors.access import needs
from deqi.doors.asking import all_answers
from deqi.doors.clinic.questionnaires.forms import ChooseForm, GiveForm
from deqi.doors.clinic.questionnaires.plots import lines
from deqi.doors.clock import render
from deqi.doors.http import both, form_id, get_only, post_only, see_other
from deqi.record.errors import Refusal
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at
from deqi.record.questionnaires.actions.choosing import choose, stop_asking
from deqi.record.questionnaires.actions.responses import amend, assign, withdraw
from deqi.record.questionnaires.queries import (
    answered_by,
    asked_of,
    response_for,
    score_lines,
    score_numbers,
    usable_and_chosen,
    usable_instruments,
)
from deqi.record.questionnaires.reading import form_of

VERB = "clinical.write"


@get_only
@needs("clinical.view")
def questionnaires(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """What is asked, what was answered, the scores over time."""
    patient = patient_for(request.actor, patient_id, "clinical.view", page="questionnaires")
    return _page(request, patient)


def _page(
    request: HttpRequest, patient: Patient, *, give: Any = None, choose: Any = None, status: int = 200
) -> HttpResponse:
    """The page with both forms, or with one that was refused."""
    numbers, today = score_numbers(patient), today_at(patient.home_site)
    usable, chosen = usable_and_chosen(patient, today)
    context = {
        "tab": "questionnaires",
        "here": "patients",
        "patient": patient,
        "asked": asked_of(patient),
        "answered": answered_by(patient, numbers),
        "lines": lines(score_lines(numbers)),
        "chosen": chosen,
        "form": give or GiveForm(usable, today),
        "choose": choose or ChooseForm(usable),
        "usable": usable,
    }
    return render(request, "clinic/questionnaires/person.html", context, status=status)


@post_only
@needs(VERB)
def give(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Asks the person to answer one; asked in the room, it opens at once."""
    patient = patient_for(request.actor, patient_id, VERB, page="questionnaires")
    today = today_at(patient.home_site)
    form = GiveForm(usable_instruments(today), today, request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            kept = assign(
                request.actor,
                patient_id,
                data["row"],
                UUID(data["instrument"]),
                where=data["where"],
                due_on=data["due_on"],
            )
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            if kept.where == kept.Where.ROOM:
                return see_other("clinic:ask_questionnaire", patient_id, kept.id)
            messages.success(request, f"{kept.instrument.title} stands on the patient's page.")
            return see_other("clinic:patient_questionnaires", patient_id)
    return _page(request, patient, give=form, status=422)


@post_only
@needs(VERB)
def choose_one(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Has the links of the course ask one."""
    patient = patient_for(request.actor, patient_id, VERB, page="questionnaires")
    form = ChooseForm(usable_instruments(today_at(patient.home_site)), request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            kept = choose(request.actor, patient_id, data["row"], UUID(data["instrument"]), data["windows"])
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(
                request, f"{kept.instrument.title} is asked by link, {kept.words(kept.windows)}."
            )
            return see_other("clinic:patient_questionnaires", patient_id)
    return _page(request, patient, choose=form, status=422)


@post_only
@needs(VERB)
def stop_one(request: HttpRequest, patient_id: UUID, choice_id: UUID) -> HttpResponse:
    """No longer asks one by link."""
    stop_asking(request.actor, patient_id, choice_id)
    messages.success(request, "It is no longer asked by link. Answers given so far are kept.")
    return see_other("clinic:patient_questionnaires", patient_id)


@get_only
@needs(VERB)
def begin(request: HttpRequest, patient_id: UUID, assignment_id: UUID) -> HttpResponse:
    return answering.begin(request, patient_id, assignment_id, answering.IN_THE_ROOM)


@both
@needs(VERB)
def question(request: HttpRequest, patient_id: UUID, assignment_id: UUID, number: int) -> HttpResponse:
    return answering.question(request, patient_id, assignment_id, number, answering.IN_THE_ROOM)


@get_only
@needs(VERB)
def everything(request: HttpRequest, patient_id: UUID, assignment_id: UUID) -> HttpResponse:
    return answering.everything(request, patient_id, assignment_id, answering.IN_THE_ROOM)


@post_only
@needs(VERB)
def send(request: HttpRequest, patient_id: UUID, assignment_id: UUID) -> HttpResponse:
    return answering.send(request, patient_id, assignment_id, answering.IN_THE_ROOM)


@post_only
@needs(VERB)
def take_back(request: HttpRequest, patient_id: UUID, assignment_id: UUID) -> HttpResponse:
    """No longer asks for it."""
    try:
        withdraw(request.actor, patient_id, assignment_id)
        messages.success(request, "It is no longer asked. Answers given so far are kept.")
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return see_other("clinic:patient_questionnaires", patient_id)


@get_only
@needs("clinical.view")
def answers(request: HttpRequest, patient_id: UUID, response_id: UUID) -> HttpResponse:
    """One response as it was sent, its numbers, what was corrected, and the form of a correction."""
    return _answers(request, patient_id, response_id, "clinical.view")


def _answers(
    request: HttpRequest, patient_id: UUID, response_id: UUID, verb: str, refusal: Refusal | None = None
) -> HttpResponse:
    patient = patient_for(request.actor, patient_id, verb, page="questionnaire answers")
    found = response_for(patient, response_id)
    form = form_of(found.instrument)
    typed = (
        {key: request.POST.getlist(key) for key in request.POST if key.startswith("q")} if refusal else None
    )
    fields = [
        _field(n, item, found.answers.get(item.link_id, []), typed)
        for n, item in enumerate(form.questions, 1)
    ]
    context = {
        "tab": "questionnaires",
        "here": "patients",
        "patient": patient,
        "found": found,
        "form": form,
        "rows": all_answers(form, found.answers),
        "numbers": list(found.numbers.filter(kind="score").select_related("observation")),
        "later": getattr(found, "amended_by", None),
        "fields": fields,
        "row": request.POST.get("row") or str(uuid4()),
        "reason": request.POST.get("reason", ""),
        "refusal": refusal,
    }
    status = 422 if refusal else 200
    return render(request, "clinic/questionnaires/answers.html", context, status=status)


def _field(n: int, item: Any, held: list[Any], typed: dict[str, list[str]] | None) -> dict[str, Any]:
    """One question of the correction: its name `q<n>`, what stands in it."""
    values = [
        ("yes" if v else "no") if isinstance(v, bool) else f"{v:g}" if isinstance(v, float) else str(v)
        for v in held
    ]
    name = f"q{n}"
    return {"name": name, "item": item, "values": typed.get(name, []) if typed is not None else values}


@post_only
@needs(VERB)
def correct(request: HttpRequest, patient_id: UUID, response_id: UUID) -> HttpResponse:
    """Adds a corrected response; the original stays."""
    patient = patient_for(request.actor, patient_id, VERB, page="questionnaire amended")
    found = response_for(patient, response_id)
    items = form_of(found.instrument).questions
    changes = {item.link_id: request.POST.getlist(f"q{n}") for n, item in enumerate(items, 1)}
    try:
        made = amend(
            request.actor, patient_id, response_id, form_id(request), changes, request.POST.get("reason", "")
        )
    except Refusal as refusal:
        return _answers(request, patient_id, response_id, VERB, refusal)
    messages.success(request, "The correction is added. What was sent first stays readable.")
    return see_other("clinic:questionnaire_answers", patient_id, made.id)
