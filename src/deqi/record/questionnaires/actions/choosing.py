"""Which questionnaires the links of a course ask, and in which windows."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.models import Course
from deqi.record.care.queries.courses import open_course_of
from deqi.record.errors import Refusal
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at
from deqi.record.questionnaires.models import Assignment, CourseQuestionnaire, Instrument, Response
from deqi.record.questionnaires.queries import choice_for, why_not, with_permission

#: Nobody is asked more questionnaires by the links of one course.
MOST = 3


@transaction.atomic
def choose(
    actor: Actor, patient_id: UUID, choice_id: UUID, instrument_id: UUID, windows: Sequence[str]
) -> CourseQuestionnaire:
    """Has the links of the open course ask an instrument from the next request on. The same id again changes nothing.

    Raises Refusal naming `instrument` or `windows`.
    """
    patient = patient_for(actor, patient_id, "clinical.write", page="questionnaires")
    choice_id = uuid5(patient.id, str(choice_id))
    if (same := CourseQuestionnaire.objects.filter(id=choice_id).first()) is not None:
        return same
    found = open_course_of(patient.id)
    if found is None:
        raise Refusal("No course is open. What is asked by link belongs to one.")
    course = Course.objects.select_for_update(no_key=True).get(id=found.id)
    instrument = with_permission(Instrument.objects.filter(id=instrument_id)).defer("resource").first()
    if instrument is None:
        raise Refusal("Choose a questionnaire.", field="instrument")
    if why := why_not(instrument, today_at(patient.home_site)):
        raise Refusal(f"It cannot be asked. {why}", field="instrument", code="not_usable")
    chosen = list(course.questionnaires.filter(ended_at=None))
    if instrument.id in {one.instrument_id for one in chosen}:
        raise Refusal(
            "It is asked already. To ask it at other times, stop it first.", field="instrument", code="chosen"
        )
    if len(chosen) >= MOST:
        raise Refusal(
            f"{MOST} questionnaires are asked already; more tires people. Stop one first.", code="most"
        )
    kept = CourseQuestionnaire.objects.create(
        id=choice_id,
        patient=patient,
        course=course,
        instrument=instrument,
        windows=_checked(course, windows),
        chosen_by_id=actor.user_id,
        chosen_at=timezone.now(),
    )
    detail = {"instrument": instrument.title, "windows": kept.windows}
    log(actor, "form.choose", patient_id=patient.id, about=kept, detail=detail)
    return kept


def _checked(course: Course, windows: Sequence[str]) -> list[str]:
    """The windows in their order. Raises Refusal for none, an unknown one, and a baseline that is over."""
    if not windows or not set(windows) <= set(CourseQuestionnaire.Window.values):
        raise Refusal("Choose when it is asked.", field="windows")
    baseline = CourseQuestionnaire.Window.BASELINE
    if baseline in windows and course.sessions.filter(needled_at__isnull=False).exists():
        raise Refusal("The first needle was placed: the baseline is over.", field="windows", code="locked")
    return [one for one in CourseQuestionnaire.Window.values if one in windows]


@transaction.atomic
def stop_asking(actor: Actor, patient_id: UUID, choice_id: UUID) -> CourseQuestionnaire:
    """Ends a choice, and takes back what it asked and was not sent. Answers stay in the record. Twice: once."""
    patient = patient_for(actor, patient_id, "clinical.write", page="questionnaires")
    found = choice_for(patient, choice_id)
    if found.ended_at is None:
        now = found.ended_at = timezone.now()
        found.ended_by_id = actor.user_id
        found.save(update_fields=["ended_at", "ended_by"])
        sent = Response.objects.filter(assignment__chosen=found).exclude(status=Response.Status.OPEN)
        Assignment.objects.filter(chosen=found, withdrawn_at=None).exclude(
            id__in=sent.values("assignment")
        ).update(withdrawn_at=now, withdrawn_by=actor.user_id)
        log(actor, "form.stop", patient_id=patient.id, about=found)
    return found
