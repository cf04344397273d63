"""How an answer of the intake becomes rows, kind by kind. Called by the action, inside its transaction."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.care.codes import CHOSEN_ACTIVITY, ONSET_MONTHS, felt_code
from deqi.record.care.intake.answers import Answer
from deqi.record.care.intake.steps import DIAGNOSES, Step
from deqi.record.care.models import Observation
from deqi.record.patients.actions.consents import record_consent
from deqi.record.patients.models import (
    Allergy,
    Condition,
    Intake,
    Medication,
    Patient,
    RedFlagAnswer,
    SafetyFact,
    SymptomMap,
    SymptomMark,
)
from deqi.record.practice.clock import today_at
from deqi.science.measures import symptoms

#: Impact ratings speak of seven days, symptom ratings of one.
RECALL = {"impact": "7d", "expectation": "now"}


def row_id(intake: Intake, what: str) -> uuid.UUID:
    """The id of the row that holds `what` of this intake: the same whenever it is asked."""
    return uuid.uuid5(intake.id, what)


def write(actor: Actor, patient: Patient, intake: Intake, step: Step, answer: Answer) -> None:
    """Writes the rows of one answer."""
    if step.kind in WRITERS:
        WRITERS[step.kind](actor, patient, intake, step, answer)


def forget(actor: Actor, patient: Patient, intake: Intake, key: str) -> None:
    """Takes back the rows of an answer whose question is no longer asked.

    A number of a symptom that is not felt after all is deleted with it; of a safety question "not known" is added,
    since those answers are only ever added to.
    """
    if key.startswith("fact-"):
        _fact(actor, patient, key.removeprefix("fact-"), None)
    elif key.startswith("where-"):
        _marks(intake).filter(sensation=key.removeprefix("where-")).delete()
    else:
        Observation.objects.filter(id=row_id(intake, key), patient=patient).delete()


def _observe(actor: Actor, patient: Patient, intake: Intake, key: str, code: str, **values: Any) -> None:
    Observation.objects.update_or_create(
        id=row_id(intake, key),
        create_defaults={
            "patient": patient,
            "code": code,
            "channel": Observation.Channel.HOME,
            "effective_at": timezone.now(),
            "recorded_by_id": actor.user_id,
            **values,
        },
        defaults=values,
    )


def _scale(actor: Actor, patient: Patient, intake: Intake, step: Step, answer: Answer) -> None:
    values = {
        "value": answer["value"],
        "unit": "0-10",
        "recall": RECALL.get(step.about.partition("_")[0], "24h"),
    }
    if step.about == CHOSEN_ACTIVITY:
        values["text"] = intake.answers["activity"]["text"]
    _observe(actor, patient, intake, step.key, step.about, **values)


def _text(actor: Actor, patient: Patient, intake: Intake, step: Step, answer: Answer) -> None:
    if answer["text"]:
        _observe(actor, patient, intake, step.key, step.about, text=answer["text"])
    else:
        forget(actor, patient, intake, step.key)


def _since(actor: Actor, patient: Patient, intake: Intake, step: Step, answer: Answer) -> None:
    if not answer:
        forget(actor, patient, intake, step.key)
        return
    year, month, today = answer["year"], answer["month"], today_at(patient.home_site)
    # With the year alone the middle of it is meant, or the middle of what has passed of this year.
    middle = 7 if year < today.year else (today.month + 1) // 2
    months = (today.year - year) * 12 + today.month - (month or middle)
    said = f"{year}-{month:02d}" if month else str(year)
    _observe(actor, patient, intake, step.key, ONSET_MONTHS, value=months, unit="months", text=said)


def _many(actor: Actor, patient: Patient, intake: Intake, step: Step, answer: Answer) -> None:
    if step.key == "symptoms":
        for key in symptoms():
            felt = int(key in answer["chosen"])
            _observe(actor, patient, intake, f"felt {key}", felt_code(key), value=felt, unit="0-1")
        return
    rows, earlier = _diagnoses(intake, answer), _diagnoses(intake, intake.answers.get(step.key) or {})
    for one, label in rows.items():
        Condition.objects.get_or_create(
            id=one,
            defaults={
                "patient": patient,
                "label": label,
                "is_neuropathy": False,
                "recorded_by_id": actor.user_id,
            },
        )
    # Taken off the list again: deleted, unless a course has come to be about it.
    Condition.objects.filter(id__in=set(earlier) - set(rows), patient=patient, courses=None).delete()


def _diagnoses(intake: Intake, answer: Answer) -> dict[uuid.UUID, str]:
    """Row id -> label of each diagnosis in an answer: those chosen, and one a line of those typed."""
    labels = [str(DIAGNOSES[key]) for key in answer.get("chosen", ())]
    labels += [line.strip()[:160] for line in answer.get("other", "").splitlines() if line.strip()]
    return {row_id(intake, f"condition {label.casefold()}"): label for label in labels}


def _list(actor: Actor, patient: Patient, intake: Intake, step: Step, answer: Answer) -> None:
    medicines = step.kind == "medicines"
    model, first, second = (
        (Medication, "name", "dose_text") if medicines else (Allergy, "substance", "reaction")
    )
    now = {row_id(intake, f"{step.kind} {row[0].casefold()}"): row for row in answer["rows"]}
    before = (intake.answers.get(step.key) or {}).get("rows", ())
    earlier = {row_id(intake, f"{step.kind} {row[0].casefold()}") for row in before}
    for one, row in now.items():
        values = {first: row[0], second: row[1]}
        model.objects.update_or_create(
            id=one,
            defaults=values,
            create_defaults={"patient": patient, "recorded_by_id": actor.user_id, **values},
        )
    gone = model.objects.filter(id__in=earlier - set(now), patient=patient)
    (gone.filter(medication=None) if medicines else gone).delete()


def _map(actor: Actor, patient: Patient, intake: Intake, step: Step, answer: Answer) -> None:
    """The marks of one symptom on this intake's map, put anew. The map is of the day on which it was begun."""
    drawn, _ = SymptomMap.objects.get_or_create(
        id=row_id(intake, "map"),
        defaults={"patient": patient, "at": timezone.now(), "recorded_by_id": actor.user_id},
    )
    _marks(intake).filter(sensation=step.about).delete()
    SymptomMark.objects.bulk_create(
        SymptomMark(
            map=drawn,
            region=region,
            side="left" if region.startswith("left_") else "right",
            sensation=step.about,
            level_0_10=level,
        )
        for region, level in answer["marks"].items()
    )


def _marks(intake: Intake) -> Any:
    return SymptomMark.objects.filter(map_id=row_id(intake, "map"))


def _fact_answer(actor: Actor, patient: Patient, intake: Intake, step: Step, answer: Answer) -> None:
    _fact(actor, patient, step.about, answer["value"])


def _fact(actor: Actor, patient: Patient, key: str, value: Any) -> None:
    if isinstance(value, date):
        value = value.isoformat()
    SafetyFact.objects.create(
        patient=patient,
        key=key,
        value=value,
        source=SafetyFact.Source.PATIENT,
        answered_by_id=actor.user_id,
        answered_at=timezone.now(),
    )


def _flag(actor: Actor, patient: Patient, intake: Intake, step: Step, answer: Answer) -> None:
    """A red flag answered yes or no. "Not sure" is neither: a task asks again, and no answer stands."""
    if answer["value"] is None:
        return
    RedFlagAnswer.objects.create(
        patient=patient,
        flag=step.about,
        present=answer["value"],
        asked_at=timezone.now(),
        asked_by_id=actor.user_id,
    )


def _consent(actor: Actor, patient: Patient, intake: Intake, step: Step, answer: Answer) -> None:
    record_consent(
        actor, patient.id, step.about, answer["decision"], answer["name"], version=answer["version"]
    )


WRITERS = {
    "scale": _scale,
    "text": _text,
    "since": _since,
    "many": _many,
    "medicines": _list,
    "allergies": _list,
    "map": _map,
    "yes_no": _fact_answer,
    "number": _fact_answer,
    "date": _fact_answer,
    "choice": _fact_answer,
    "flag": _flag,
    "consent": _consent,
}
