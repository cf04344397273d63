"""Fills the synthetic clinic: sixty people, two years of courses, one person with five hundred sessions.

Rows are written in bulk, in the order and with the marks that the actions would leave (consents before needles,
screens before sessions, an audit entry for each signature), so that `deqi check` finds the record sound.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from django.db import models, transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log_many
from deqi.record.care.actions.collecting import make_requests
from deqi.record.care.actions.intake import answer_step, send_intake
from deqi.record.care.models import Course
from deqi.record.patients.models import Patient
from deqi.record.permissions import Role as RoleName
from deqi.record.practice.queries import actor_of
from deqi.record.synthetic.chance import drawn_course, takes_part
from deqi.record.synthetic.courses import write_course
from deqi.record.synthetic.people import side_of, write_person
from deqi.record.synthetic.profiles import PROFILES, Profile
from deqi.record.synthetic.staff import Practice, fill_practice
from deqi.record.synthetic.story import tell
from deqi.record.synthetic.today import write_today

Say = Callable[[str], None]
ORDER = [
    "Patient",
    "CareProvider",
    "Contact",
    "Consent",
    "Condition",
    "Medication",
    "Allergy",
    "SafetyFact",
    "RedFlagAnswer",
    "Intake",
    "SymptomMap",
    "SymptomMark",
    "Course",
    "CourseRevision",
    "SingleCase",
    "RatingRequest",
    "Baseline",  # answers to be written before the sessions, which lock them
    "Appointment",
    "Session",
    "SafetyScreen",
    "NeedlePlacement",
    "ElectricalPair",
    "Examination",
    "Observation",
    "AdverseEvent",
    "EventAssessment",
    "Review",
    "Task",
]


@dataclass
class Rows:
    """What is to be written, by table, and the audit entries it leaves."""

    practice: Practice
    today: date
    random: np.random.Generator
    tables: dict[str, list[models.Model]] = field(default_factory=lambda: {name: [] for name in ORDER})
    entries: list[tuple[datetime, Actor, str, UUID, Any, dict[str, Any]]] = field(default_factory=list)

    def add(self, row: Any) -> Any:
        self.tables[type(row).__name__].append(row)
        return row

    def new_id(self) -> UUID:
        return UUID(bytes=self.random.bytes(16), version=4)

    def log(self, at: datetime, user: Any, verb: str, patient: Patient, about: Any, **detail: Any) -> None:
        role = frozenset({(RoleName.PRACTITIONER, None)})
        self.entries.append(
            (at, Actor(user_id=user.id, name=user.name, roles=role), verb, patient.id, about, detail)
        )


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment of a made-up day, in UTC."""
    return datetime.combine(day, time(hour, minute), tzinfo=UTC)


@transaction.atomic
def fill(
    *, patients: int = 60, long_sessions: int = 500, seed: int = 20261124, say: Say = print
) -> dict[str, int]:
    """Writes the clinic into an empty database and returns rows a table. The same seed gives the same people."""
    today = timezone.localdate()
    rows = Rows(fill_practice(today), today, np.random.default_rng(seed))
    say("Practice: 2 sites, 5 rooms, 5 practitioners")
    for number in range(patients):
        rows.random = np.random.default_rng(
            [seed, number]
        )  # a change to one person leaves the others as they are
        _one(rows, number, patients, long_sessions)
    write_today(rows)
    for _name, found in rows.tables.items():
        if found:
            type(found[0])._base_manager.bulk_create(found, batch_size=500)
    _sign(rows)
    rows.entries.sort(key=lambda entry: entry[0])
    log_many(rows.entries)
    make_requests()
    _newcomers(rows, patients)
    say(
        f"{len(rows.tables['Patient'])} patients, {len(rows.tables['Session'])} sessions, "
        f"{len(rows.tables['Observation']) + len(rows.tables['Baseline'])} ratings and findings"
    )
    return {name: len(found) for name, found in rows.tables.items()}


def _one(rows: Rows, number: int, patients: int, long_sessions: int) -> None:
    """One person with their courses. The first is in the middle of one, the second has five hundred sessions, the last
    ones are only beginning."""
    profile = _profile(rows) if number else PROFILES[0]
    site = rows.practice.sites[0 if number < patients * 0.6 else 1]
    stage = "long" if number == 1 else "intake" if number >= patients - 4 else "usual"
    person = write_person(rows, number, profile, site, stage)
    if stage == "intake":
        return
    if stage == "long":
        first = rows.today - timedelta(weeks=long_sessions + 1)
        write_course(rows, person, profile, first, sessions=long_sessions, per_week=Decimal(1), going_on=True)
        return
    if (
        number == 0
    ):  # whom the README signs in as: fourteen days before the start, seven visits, ratings on most days
        first = rows.today - timedelta(days=45)
        falls = {"burning": 3.0, "tingling": 1.0, "numbness": 0.0}
        write_course(
            rows, person, profile, first, sessions=12, per_week=Decimal(1), going_on=False, falls=falls
        )
        return
    if design := takes_part(number, profile):
        course = drawn_course(rows, person, profile, design)
        start = course.ended_at.date() + timedelta(days=int(rows.random.integers(60, 200)))
    else:
        start = rows.today - timedelta(days=int(rows.random.integers(20, 730)))
    while start < rows.today - timedelta(days=14):
        length = int(rows.random.choice([8, 10, 12]))
        per_week = Decimal(str(rows.random.choice(["0.5", "1", "1", "2"])))
        course = write_course(
            rows, person, profile, start, sessions=length, per_week=per_week, going_on=False
        )
        if course.status != Course.Status.ENDED:
            return
        start = course.ended_at.date() + timedelta(days=int(rows.random.integers(60, 200)))


def _newcomers(rows: Rows, patients: int) -> None:
    """The last people are telling their story right now, through the same action as on the phone: one has not
    begun, one stopped half way, one is at the consents, one has sent it."""
    for person, share in zip(rows.tables["Patient"][-4:], (0.0, 0.5, 0.93, 1.0), strict=True):
        if person.record_number <= patients - 4 or not share:
            continue
        actor, profile = actor_of(person.user), PROFILES[person.record_number % len(PROFILES)]
        onset = rows.today - timedelta(days=400)
        chance = np.random.default_rng([20261128, person.record_number])
        answers = tell(person, profile, onset, rows.today, side_of(profile), chance)
        for key, answer in list(answers.items())[: round(len(answers) * share)]:
            answer_step(actor, key, answer)
        if share == 1.0:
            send_intake(actor)


def _profile(rows: Rows) -> Profile:
    shares = np.array([profile.share for profile in PROFILES])
    return PROFILES[int(rows.random.choice(len(PROFILES), p=shares / shares.sum()))]


def _sign(rows: Rows) -> None:
    """Signs the finished sessions last, in the same transaction: a signed one lets nobody add to it."""
    signed = [session for session in rows.tables["Session"] if session.signed_at]
    for session in signed:
        session.state = "signed"
    if signed:
        type(signed[0]).objects.bulk_update(signed, ["state"], batch_size=500)


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
