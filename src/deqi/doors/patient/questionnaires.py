"""Questionnaires that the clinic asks: one question a page, each answer kept at once, sent when it is done."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from deqi.doors import answering
from deqi.doors.access import needs
from deqi.doors.http import both, get_only, post_only

VERB = "self.answer"


@get_only
@needs(VERB)
def begin(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
    """To the first question without an answer, or to all answers."""
    return answering.begin(request, request.actor.patient_id, assignment_id, answering.AT_HOME)


@both
@needs(VERB)
def question(request: HttpRequest, assignment_id: UUID, number: int) -> HttpResponse:
    """One question."""
    return answering.question(request, request.actor.patient_id, assignment_id, number, answering.AT_HOME)


@get_only
@needs(VERB)
def everything(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
    """All answers, before and after they are sent."""
    return answering.everything(request, request.actor.patient_id, assignment_id, answering.AT_HOME)


@post_only
@needs(VERB)
def send(request: HttpRequest, assignment_id: UUID) -> HttpResponse:
    """Sends them."""
    return answering.send(request, request.actor.patient_id, assignment_id, answering.AT_HOME)
