"""What it takes for Eve to be asked for ratings: her consent, what she feels, a booked visit."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from django.utils import timezone

from deqi.record.care.codes import impact_code
from deqi.record.care.models import Appointment, Course, Observation, Session
from deqi.record.patients.models import Consent
from deqi.record.practice.models import Licence
from deqi.science.measures import impact_ratings

#: How it limits life, without the activity that one chooses: asked once in a baseline.
LIFE = [impact_code(key) for key, one in impact_ratings().items() if not one.own_activity]


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


def limits(people: SimpleNamespace, days: float = 2, **levels: int) -> None:
    """Eve said so many days ago how it limits her: 4 everywhere, unless `levels` say otherwise; she chose no activity."""
    for code in LIFE:
        Observation.objects.create(
            patient=people.eve_patient, code=code, value=levels.get(code.removeprefix("impact_"), 4), unit="0-10",
            recall="7d", channel="home", effective_at=timezone.now() - timedelta(days=days),
        )  # fmt: skip


def chose(people: SimpleNamespace, words: str = "walking the dog", days: float = 20) -> Observation:
    """The activity Eve chose so many days ago, in her words; it was hard, 8."""
    return Observation.objects.create(
        patient=people.eve_patient, code=impact_code("chosen_activity"), value=8, unit="0-10", text=words, recall="7d",
        channel="home", effective_at=timezone.now() - timedelta(days=days),
    )  # fmt: skip


def needled(people: SimpleNamespace, course: Course, number: int = 1, days_ago: float = 0.0) -> Session:
    """A visit of Eve's with Alice, so many days ago, signed."""
    at = timezone.now() - timedelta(days=days_ago)
    return Session.objects.create(
        course=course, patient=people.eve_patient, site=people.north, practitioner=people.alice.practitioner,
        licence=Licence.objects.get(practitioner=people.alice.practitioner), number=number, state="signed",
        opened_at=at, needled_at=at, removed_at=at, retention_planned_min=25, needles_in=8, needles_out=8,
        signed_at=at, signed_by=people.alice,
    )  # fmt: skip


def at_noon(people: SimpleNamespace) -> None:
    """At North it is noon, so that no day ends while a test runs."""
    ahead = 12 - timezone.now().hour
    people.north.time_zone = f"Etc/GMT{-ahead:+d}"  # the sign of these names is turned round
    people.north.save()
