"""One made-up person: identity, doctor, consents, diagnosis, medicines, facts, symptom map."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from deqi.record.care.codes import EXPECTATION, GOAL, ONSET_MONTHS
from deqi.record.care.models import Observation
from deqi.record.patients.consent_texts import consent_texts
from deqi.record.patients.models import (
    Allergy,
    CareProvider,
    Condition,
    Consent,
    Contact,
    Intake,
    Medication,
    Patient,
    RedFlagAnswer,
    SafetyFact,
    SymptomMap,
    SymptomMark,
)
from deqi.record.patients.queries.people import age_years
from deqi.record.practice.models import Site, User
from deqi.record.synthetic.profiles import FAMILY, GIVEN, MENS, Profile
from deqi.record.synthetic.staff import PASSWORD
from deqi.record.synthetic.story import facts_told, tell
from deqi.science.safety import facts, is_asked, red_flags

if TYPE_CHECKING:
    from deqi.record.synthetic.clinic import Rows


def write_person(rows: Rows, number: int, profile: Profile, site: Site, stage: str) -> Patient:
    """Adds the person. `stage`: long (years of care), usual, or intake (registered, not yet seen)."""
    random = rows.random
    given, family = GIVEN[number % len(GIVEN)], FAMILY[(number * 7 + number // len(GIVEN)) % len(FAMILY)]
    user = _sign_in(number, given, family, always=stage == "intake")
    born = date(1933 + int(random.integers(0, 50)), int(random.integers(1, 13)), int(random.integers(1, 28)))
    person = Patient(
        id=rows.new_id(),
        record_number=number + 1,
        home_site=site,
        user=user,
        given_name=given,
        family_name=family,
        birth_date=born,
        sex="male" if given in MENS else "female",
        email=f"{given.lower()}.{number + 1}@demo.example",
        phone=f"01632 960{100 + number}",
    )
    person.index_names()
    rows.add(person)
    begun = rows.today - timedelta(days=3 if stage == "intake" else 365 * 11 if stage == "long" else 740)
    _doctor(rows, person, number, profile)
    _consents(rows, person, begun, stage)
    if stage != "intake":
        _story(rows, person, profile, begun)
    return person


def _sign_in(number: int, given: str, family: str, *, always: bool) -> User | None:
    """The first five people, and those who are still telling their story, can sign in as patients."""
    if number >= 5 and not always:
        return None
    return User.objects.create_user(f"patient{number + 1}@demo.example", f"{given} {family}", PASSWORD)


def _doctor(rows: Rows, person: Patient, number: int, profile: Profile) -> None:
    name = f"Dr {FAMILY[(number * 3 + 11) % len(FAMILY)]}"
    rows.add(
        CareProvider(
            id=rows.new_id(),
            patient=person,
            kind="pcp",
            name=name,
            organisation="Made-up Surgery",
            email=f"surgery{number % 9}@demo.example",
            phone="01632 960900",
        )
    )
    if profile.condition == "cipn":
        rows.add(
            CareProvider(
                id=rows.new_id(),
                patient=person,
                kind="oncologist",
                name=f"Dr {FAMILY[(number * 5 + 3) % len(FAMILY)]}",
                organisation="Invented Hospital, oncology",
                email="oncology@demo.example",
            )
        )
    rows.add(
        Contact(id=rows.new_id(), patient=person, name="A relative", relation="family", phone="01632 960950")
    )


def _consents(rows: Rows, person: Patient, begun: date, stage: str) -> None:
    from deqi.record.synthetic.clinic import moment

    if stage == "intake":
        return
    for kind, text in consent_texts().items():
        refused = kind == "registry" and rows.random.random() < 0.3
        rows.add(
            Consent(
                id=rows.new_id(),
                patient=person,
                kind=kind,
                version=text.version,
                text_sha256=text.sha256,
                decision="refused" if refused else "given",
                signed_name=person.name,
                at=moment(begun, 9),
                recorded_by=person.user or rows.practice.front_desk,
            )
        )


def _story(rows: Rows, person: Patient, profile: Profile, begun: date) -> None:
    from deqi.record.synthetic.clinic import moment

    doctor = rows.practice.senior
    onset = begun - timedelta(days=int(rows.random.integers(120, 2500)))
    rows.add(
        Condition(
            id=rows.new_id(),
            patient=person,
            condition=profile.condition,
            label=profile.label,
            icd10=profile.icd10,
            onset=onset,
            diagnosed_by="primary-care doctor",
            work_up={},
            recorded_by=doctor,
        )
    )
    for name, dose, reason in profile.medicines:
        rows.add(
            Medication(
                id=rows.new_id(),
                patient=person,
                name=name,
                dose_text=dose,
                reason=reason,
                started_on=onset,
                recorded_by=doctor,
            )
        )
    chance = np.random.default_rng(
        [20261128, person.record_number]
    )  # of its own: other draws stay as they are
    answers = tell(person, profile, onset, begun, side_of(profile), chance)
    for substance, reaction in answers["allergies"]["rows"]:
        rows.add(
            Allergy(
                id=rows.new_id(), patient=person, substance=substance, reaction=reaction, recorded_by=doctor
            )
        )
    for key, value in _facts(person, profile, answers, begun).items():
        rows.add(
            SafetyFact(
                id=rows.new_id(),
                patient=person,
                key=key,
                value=value,
                source="patient",
                answered_by=doctor,
                answered_at=moment(rows.today - timedelta(days=1), 9),
            )
        )
    for flag in red_flags():
        rows.add(
            RedFlagAnswer(
                id=rows.new_id(),
                patient=person,
                flag=flag.id,
                present=False,
                asked_at=moment(begun, 9),
                asked_by=doctor,
            )
        )
    rows.add(
        Intake(
            id=rows.new_id(),
            patient=person,
            answers=answers,
            last_step=list(answers)[-1],
            status=Intake.Status.COMPLETED,
            submitted_at=moment(begun, 9),
            completed_at=moment(begun, 10),
            completed_by=doctor,
        )
    )
    _words_told(rows, person, answers, onset, begun)
    _maps(rows, person, profile, begun)


def _facts(person: Patient, profile: Profile, answers: dict[str, Any], on: date) -> dict[str, Any]:
    """What was told, then core questions of the practitioner answered no, then what the profile says.

    A question that is not asked of this person, such as pregnancy of a man, has no answer.
    """
    told = facts_told(answers)
    known = {"sex": person.sex, "age_years": age_years(person.birth_date, on), **told}
    core = {
        key: False
        for key, fact in facts().items()
        if fact.core and fact.kind == "yes_no" and key not in told and is_asked(key, known)
    }
    return {**told, **core, **profile.facts}


def _words_told(rows: Rows, person: Patient, answers: dict[str, Any], onset: date, begun: date) -> None:
    """What the intake keeps as findings beside the ratings of the course: since when, hopes, the goal, history."""
    from deqi.record.synthetic.clinic import moment

    months = (begun.year - onset.year) * 12 + begun.month - onset.month
    told: dict[str, dict[str, Any]] = {
        ONSET_MONTHS: {"value": months, "unit": "months", "text": f"{onset:%Y-%m}"},
        EXPECTATION: {"value": answers["expectation"]["value"], "unit": "0-10", "recall": "now"},
        GOAL: {"text": answers["activity"]["text"]},
        "history_illness": {"text": answers["operations"]["text"]},
        "history_tried": {"text": answers["tried"]["text"]},
    }
    for code, values in told.items():
        rows.add(
            Observation(
                id=rows.new_id(),
                patient=person,
                code=code,
                channel=Observation.Channel.HOME,
                effective_at=moment(begun, 9),
                recorded_by=person.user,
                **values,
            )
        )


def side_of(profile: Profile) -> str:
    """Which side is affected in this kind of person."""
    return "right" if profile.condition == "cts" else "left" if profile.condition == "phn" else "both"


def _maps(rows: Rows, person: Patient, profile: Profile, begun: date) -> None:
    from deqi.record.synthetic.clinic import moment

    side = side_of(profile)
    for back in (0, 60):
        marked = rows.add(
            SymptomMap(
                id=rows.new_id(),
                patient=person,
                at=moment(begun + timedelta(days=back), 9),
                recorded_by=rows.practice.senior,
            )
        )
        for sensation, level in profile.symptoms.items():
            for region in profile.regions[: 5 - back // 30]:
                rows.add(
                    SymptomMark(
                        map=marked,
                        region=region,
                        side=side,
                        sensation=sensation,
                        level_0_10=max(1, round(level) - back // 30),
                    )
                )
