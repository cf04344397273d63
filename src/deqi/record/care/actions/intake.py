"""Answering the intake: each answer is kept at once, as an observation, fact, mark, flag, medicine or consent.

Rows made here carry an id that follows from the intake and the page, so that an answer sent twice, or given again
after going back, stays one row. Safety answers and consents are the exception: of those every change is kept.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.intake.answers import Answer, check
from deqi.record.care.intake.steps import Step, story
from deqi.record.care.intake.writing import forget, write
from deqi.record.care.models import Task
from deqi.record.care.queries.intake import told_of
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import Intake, Patient
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at
from deqi.science.safety import RedFlag, red_flags


@dataclass(frozen=True)
class Answered:
    """What was kept, the pages as they are now, and the red flag that this answer set (if it did)."""

    intake: Intake
    step: Step
    steps: list[Step]
    alarm: RedFlag | None

    @property
    def next(self) -> Step | None:
        """The page after this one, or None at the end."""
        keys = [step.key for step in self.steps]
        at = keys.index(self.step.key) + 1
        return self.steps[at] if at < len(keys) else None


@transaction.atomic
def answer_step(actor: Actor, key: str, given: Answer) -> Answered:
    """Keeps the answer to one page of the acting patient's own intake; the first answer opens it.

    The same answer again changes nothing. Raises NotFound for a page that is not asked of this person and Refusal
    for an impossible value, or once the intake was sent.
    """
    patient = patient_for(actor, actor.patient_id, "self.answer", page=f"intake {key}")
    intake = _open_intake(patient)
    step = _step(story(told_of(patient, intake)), key)
    answer = check(step, given, today_at(patient.home_site))
    before = intake.answers.get(key)
    intake.last_step = key
    if before == answer:
        intake.save(update_fields=["last_step"])
        steps = story(told_of(patient, intake))
        return Answered(intake, step, steps, None)
    write(actor, patient, intake, step, answer)
    intake.answers = {**intake.answers, key: answer}
    steps = _without_the_unasked(actor, patient, intake)
    intake.save(update_fields=["answers", "last_step"])
    log(actor, "self.answer", patient_id=patient.id, about=intake, detail={"page": key})
    return Answered(intake, step, steps, _alarm(patient, intake, step, answer))


@transaction.atomic
def send_intake(actor: Actor) -> Intake:
    """Tells the clinic that the story is told. Sent twice changes nothing; what is missing is asked in the room."""
    patient = patient_for(actor, actor.patient_id, "self.answer", page="intake, sending")
    intake = (
        Intake.objects.select_for_update(no_key=True).filter(patient=patient).order_by("-started_at").first()
    )
    if intake is None:
        raise Refusal(_("There is nothing to send yet. Begin your story first."))
    if intake.status != Intake.Status.STARTED:
        return intake
    intake.status, intake.submitted_at = Intake.Status.SUBMITTED, timezone.now()
    intake.save(update_fields=["status", "submitted_at"])
    _task(intake, patient, "intake", "A patient sent their story: complete it before the first visit", 0)
    log(actor, "self.answer", patient_id=patient.id, about=intake, detail={"sent": True})
    return intake


def _open_intake(patient: Patient) -> Intake:
    Patient.objects.select_for_update(no_key=True).get(id=patient.id)
    intake = Intake.objects.filter(patient=patient).order_by("-started_at").first()
    if intake is None:
        return Intake.objects.create(patient=patient)
    if intake.status != Intake.Status.STARTED:
        raise Refusal(_("Your story was sent already. Tell us what has changed at your next visit."))
    return intake


def _step(steps: list[Step], key: str) -> Step:
    for step in steps:
        if step.key == key:
            return step
    raise NotFound("This question is not asked.")


def _without_the_unasked(actor: Actor, patient: Patient, intake: Intake) -> list[Step]:
    """The pages after an answer. Answers to pages that are no longer asked are taken back with their rows."""
    while True:
        steps = story(told_of(patient, intake))
        asked = {step.key for step in steps}
        gone = [key for key in intake.answers if key not in asked]
        if not gone:
            return steps
        for key in gone:
            forget(actor, patient, intake, key)
        intake.answers = {key: answer for key, answer in intake.answers.items() if key not in gone}


def _alarm(patient: Patient, intake: Intake, step: Step, answer: Answer) -> RedFlag | None:
    if step.kind != "flag" or answer["value"] is False:
        return None
    flag = next(one for one in red_flags() if one.id == step.about)
    if answer["value"] is None:
        _task(intake, patient, f"ask {flag.id}", "A safety answer at intake was “not sure”: ask again", 7)
        return None
    days = 14 if flag.urgency == "routine" else 0
    _task(intake, patient, f"red_flag {flag.id}", "An answer at intake needs a clinician", days)
    return flag


def _task(intake: Intake, patient: Patient, about: str, title: str, days: int) -> Any:
    """One task for the clinic. Its title names no finding: the front desk reads the list too."""
    return Task.objects.get_or_create(
        id=uuid.uuid5(intake.id, f"task {about}"),
        defaults={
            "patient": patient,
            "site_id": patient.home_site_id,
            "kind": about.split()[0],
            "title": title,
            "due_on": today_at(patient.home_site) + timedelta(days=days),
            "link": f"/patients/{patient.id}/{'intake' if about == 'intake' else 'safety'}/",
        },
    )
