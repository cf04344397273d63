"""Where a patient stands in telling their story."""

from __future__ import annotations

from dataclasses import dataclass

from deqi.record.actor import Actor
from deqi.record.care.intake.steps import Step, Told, story
from deqi.record.care.models import Session
from deqi.record.patients.models import Intake, Patient
from deqi.record.patients.queries import patient_for
from deqi.record.patients.queries.people import age_years
from deqi.record.practice.clock import today_at


@dataclass(frozen=True)
class StoryPage:
    """The acting patient's intake: its pages as they are now. `intake` is None before the first answer."""

    patient: Patient
    intake: Intake | None
    steps: list[Step]

    @property
    def answers(self) -> dict:
        return self.intake.answers if self.intake else {}

    @property
    def sent(self) -> bool:
        return self.intake is not None and self.intake.status != Intake.Status.STARTED

    def step(self, key: str) -> Step | None:
        return next((step for step in self.steps if step.key == key), None)

    @property
    def first_open(self) -> Step | None:
        """Where to go on: the first page without an answer after the last one that was answered, or any before."""
        keys = [step.key for step in self.steps]
        last = self.intake.last_step if self.intake else ""
        start = keys.index(last) + 1 if last in keys else 0
        order = self.steps[start:] + self.steps[:start]
        return next((step for step in order if step.key not in self.answers), None)


def own_story(actor: Actor) -> StoryPage:
    """The acting patient's own intake."""
    patient = patient_for(actor, actor.patient_id, "self.answer", page="intake")
    intake = Intake.objects.filter(patient=patient).order_by("-started_at").first()
    return StoryPage(patient, intake, story(told_of(patient, intake)))


def told_of(patient: Patient, intake: Intake | None) -> Told:
    """What the pages depend on."""
    sex = patient.sex if patient.sex != Patient.Sex.UNKNOWN else None
    return Told(
        answers=intake.answers if intake else {},
        age_years=age_years(patient.birth_date, today_at(patient.home_site)),
        sex=sex,
        seen_before=Session.objects.filter(patient=patient, needled_at__isnull=False).exists(),
    )
