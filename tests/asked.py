"""What it takes for Eve to be asked for ratings: her consent, what she feels, a booked visit."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from django.utils import timezone

from deqi.record.care.models import Appointment, Course, Observation
from deqi.record.patients.models import Consent


def consent(people: SimpleNamespace, decision: str = "given", days: float = 0) -> Consent:
    """Eve's decision about being measured, so many days ago."""
    return Consent.objects.create(
        patient=people.eve_patient, kind="measurement", version="1", text_sha256="0" * 64, decision=decision,
        signed_name="Eve Elm", at=timezone.now() - timedelta(days=days), recorded_by=people.eve,
    )  # fmt: skip


def feels(people: SimpleNamespace, *symptoms: str) -> None:
    """Eve said that she feels these."""
    for symptom in symptoms:
        Observation.objects.create(
            patient=people.eve_patient, code=f"{symptom}_felt", value=1, channel="home", effective_at=timezone.now()
        )  # fmt: skip


def booked(people: SimpleNamespace, course: Course, days: float = 10) -> Appointment:
    """A visit with Alice in so many days."""
    return Appointment.objects.create(
        patient=people.eve_patient, course=course, site=people.north, practitioner=people.alice.practitioner,
        starts_at=timezone.now() + timedelta(days=days),
    )  # fmt: skip
