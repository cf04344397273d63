"""The pages on which a questionnaire is answered, drawn alike for the person at home, by a link, for staff in the room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from deqi.doors.asking import after, all_answers, first_open, number_of, place_of, question_context
from deqi.doors.clock import render
from deqi.doors.http import see_other
from deqi.record.actor import Actor
from deqi.record.errors import Refusal
from deqi.record.questionnaires.actions.responses import answer, asked, complete
from deqi.record.questionnaires.models import Response


@dataclass(frozen=True)
class Door:
    """By which door the answers come: the verb, the frame, the names of the pages, where one leaves to."""

    verb: str
    layout: str
    pages: str
    leave: str
    about: bool  # whether the addresses name the patient
    known: bool = True  # whether somebody is signed in: then the title is said and what is typed is drafted

    def url(self, page: str, patient_id: UUID | None, assignment_id: UUID, *more: int) -> str:
        args: list[Any] = [patient_id] if self.about else []
        return reverse(f"{self.pages}{page}", args=[*args, assignment_id, *more])

    def out(self, patient_id: UUID | None) -> str:
        """Where "stop for now" leads."""
        return reverse(self.leave, args=[patient_id] if self.about else [])

    def actor(self, request: HttpRequest) -> Actor:
        """Who answers."""
        return request.actor

    def shows(self, given: Response | None) -> bool:
        """Whether the answers kept so far may be read here."""
        return True


AT_HOME = Door("self.answer", "deqi/patient.html", "patient:questionnaire", "patient:home", False)
IN_THE_ROOM = Door(
    "clinical.write", "deqi/staff.html", "clinic:ask_questionnaire", "clinic:patient_questionnaires", True
)


def begin(request: HttpRequest, patient_id: UUID | None, assignment_id: UUID, door: Door) -> HttpResponse:
    """To the first question without an answer; to all answers when there is none."""
    _row, form, given = asked(door.actor(request), patient_id, assignment_id, door.verb)
    answers = given.answers if given else {}
    item = None if given and given.completed_at else first_open(form, answers)
    if item is None:
        return redirect(door.url("_all", patient_id, assignment_id))
    return redirect(door.url("_asked", patient_id, assignment_id, number_of(form, item)))


def question(
    request: HttpRequest, patient_id: UUID | None, assignment_id: UUID, number: int, door: Door
) -> HttpResponse:
    """One question; the answer is kept at once and leads to the next."""
    actor = door.actor(request)
    row, form, given = asked(actor, patient_id, assignment_id, door.verb)
    answers = given.answers if given else {}
    place = place_of(form, answers, number)
    if place is None or (given is not None and given.completed_at):
        return redirect(door.url("_all", patient_id, assignment_id))
    refusal, typed = None, request.POST.getlist("value")
    if request.method == "POST":
        try:
            kept = answer(actor, patient_id, assignment_id, place.item.link_id, typed, verb=door.verb)
            follows = after(form, kept.answers, place.item)
            page = ("_asked", number_of(form, follows)) if follows else ("_all",)
            return see_other(door.url(page[0], patient_id, assignment_id, *page[1:]))
        except Refusal as refused:
            refusal = refused
    context = {
        **question_context(
            form,
            place,
            answers.get(place.item.link_id, ()) if door.shows(given) else (),
            typed=typed if refusal else (),
            url=lambda n: door.url("_asked", patient_id, assignment_id, n),
        ),
        **_frame(door, patient_id, assignment_id, row),
        "name": form.title if door.known else _("More questions"),
        "refusal": refusal,
    }
    return render(request, "deqi/asking/question.html", context, status=422 if refusal else 200)


def everything(
    request: HttpRequest,
    patient_id: UUID | None,
    assignment_id: UUID,
    door: Door,
    refusal: Refusal | None = None,
) -> HttpResponse:
    """All questions with their answers, and sending them; after that, what was sent."""
    row, form, given = asked(door.actor(request), patient_id, assignment_id, door.verb)
    answers = given.answers if given else {}
    rows = all_answers(form, answers, lambda n: door.url("_asked", patient_id, assignment_id, n))
    if not door.shows(given):
        rows = [{**one, "words": _("Answered") if one["words"] else ""} for one in rows]
    context = {
        **_frame(door, patient_id, assignment_id, row),
        "form": form,
        "name": form.title if door.known else _("More questions"),
        "rows": rows,
        "must": sum(one["must"] for one in rows),
        "sent": given.completed_at if given else None,
        "refusal": refusal,
    }
    return render(request, "deqi/asking/all.html", context, status=422 if refusal else 200)


def send(request: HttpRequest, patient_id: UUID | None, assignment_id: UUID, door: Door) -> HttpResponse:
    """Sends the answers; what stands in the way is said on the page of all answers."""
    try:
        complete(door.actor(request), patient_id, assignment_id, verb=door.verb)
    except Refusal as refusal:
        return everything(request, patient_id, assignment_id, door, refusal)
    messages.success(request, _("Sent. Thank you."))
    return see_other(door.out(patient_id))


def _frame(door: Door, patient_id: UUID | None, assignment_id: UUID, row: Any) -> dict[str, Any]:
    return {
        "layout": door.layout,
        "known": door.known,
        "here": "patients",
        "whose": row.patient.name if door.about else "",
        "leave": door.out(patient_id),
        "all": door.url("_all", patient_id, assignment_id),
        "send": door.url("_send", patient_id, assignment_id),
    }
