"""Some made-up people let chance decide: a drawn start or a drawn taper, offered, agreed and drawn as the actions do."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from deqi.record.care.models import Course, SingleCase
from deqi.record.patients.consent_texts import consent_text
from deqi.record.patients.models import Consent, Patient
from deqi.record.synthetic.courses import write_course
from deqi.record.synthetic.profiles import Profile
from deqi.science.course.single_case import (
    Protocol,
    StartProtocol,
    TaperProtocol,
    commitment,
    draw,
    spread_starts,
)

if TYPE_CHECKING:
    from deqi.record.synthetic.clinic import Rows

SYMPTOM = "burning"
WEEKLY = Decimal(1)
SUNDAY = 6  # the made-up clinic is closed


def takes_part(number: int, profile: Profile) -> str:
    """Which design this person took part in: every third whose feet burn in a start, every third in a taper."""
    if SYMPTOM not in profile.symptoms or number < 2:
        return ""
    return ("", "taper", "start")[number % 3]


def drawn_course(rows: Rows, person: Patient, profile: Profile, design: str) -> Course:
    """Adds a course of long ago with its design, which was carried out as drawn."""
    return (_start if design == "start" else _taper)(rows, person, profile)


def _start(rows: Rows, person: Patient, profile: Profile) -> Course:
    enrolled = rows.today - timedelta(days=int(rows.random.integers(150, 700)))
    days = spread_starts(enrolled, lambda day: day.weekday() != SUNDAY)
    protocol = StartProtocol(symptom=SYMPTOM, enrolled_on=enrolled, baseline_days=days)
    seed = rows.random.bytes(32).hex()
    first = protocol.starts[draw(seed, protocol)]
    course = write_course(
        rows, person, profile, first, sessions=10, per_week=WEEKLY, going_on=False, opened=enrolled,
        daily=(SYMPTOM, enrolled, protocol.rated_until),
    )  # fmt: skip
    _design(rows, course, protocol, seed, enrolled)
    return course


def _taper(rows: Rows, person: Patient, profile: Profile) -> Course:
    first = rows.today - timedelta(days=int(rows.random.integers(200, 700)))
    protocol = TaperProtocol(symptom=SYMPTOM, taper_on=first + timedelta(weeks=8))
    seed = rows.random.bytes(32).hex()
    course = write_course(
        rows, person, profile, first, sessions=8 + 4 * draw(seed, protocol), per_week=WEEKLY, going_on=False,
        daily=(SYMPTOM, protocol.taper_on - timedelta(days=14), protocol.rated_until),
    )  # fmt: skip
    _design(rows, course, protocol, seed, protocol.taper_on - timedelta(days=9))
    return course


def _design(rows: Rows, course: Course, protocol: Protocol, seed: str, on: date) -> None:
    from deqi.record.synthetic.clinic import moment

    person, user = course.patient, course.practitioner.user
    text = consent_text(Consent.Kind.SINGLE_CASE)
    assert text is not None
    agreed = rows.add(
        Consent(
            id=rows.new_id(),
            patient=person,
            kind=Consent.Kind.SINGLE_CASE,
            version=text.version,
            text_sha256=text.sha256,
            decision=Consent.Decision.GIVEN,
            signed_name=person.name,
            at=moment(on, 10),
            recorded_by=person.user or rows.practice.front_desk,
        )
    )
    case = rows.add(
        SingleCase(
            id=rows.new_id(),
            course=course,
            design=protocol.design,
            protocol=protocol.model_dump(mode="json"),
            seed=seed,
            committed=commitment(seed, protocol),
            offered_at=moment(on, 9),
            offered_by=user,
            consent=agreed,
            drawn_at=moment(on, 11),
            drawn_by=user,
        )
    )
    rows.log(case.offered_at, user, "single_case.offer", person, case, committed=case.committed)
    rows.log(case.drawn_at, user, "single_case.draw", person, case, seed=seed)
