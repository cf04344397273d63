"""What a clinician writes into the history: safety facts, red flags, the condition, medicines, allergies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import (
    Allergy,
    Condition,
    Intake,
    Medication,
    Patient,
    RedFlagAnswer,
    SafetyFact,
)
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at, zone_of
from deqi.science.safety import checked, facts, icd10, red_flags, workup

#: The causes a course may be for, as the case format names them, in the clinic's words.
CAUSES = {
    "dpn": "Diabetic neuropathy",
    "cipn": "Neuropathy from chemotherapy",
    "cts": "Carpal tunnel syndrome",
    "phn": "Nerve pain after shingles",
    "hiv_sn": "Neuropathy with HIV",
    "radiculopathy": "Nerve root pain (radiculopathy)",
    "idiopathic": "Looked for, no cause found",
    "mixed": "Several causes, or another one",
}


@dataclass(frozen=True)
class FactAnswer:
    """One answer as recorded now. `value` None: asked, not known. `source` as in SafetyFact.Source."""

    key: str
    value: Any
    source: str
    on: date


@transaction.atomic
def record_facts(actor: Actor, patient_id: UUID, answers: list[FactAnswer]) -> int:
    """Adds the answers; older ones stay. Gives how many were written. An answer that stands already (same value,
    source and day) is not written again."""
    patient = patient_for(actor, patient_id, "clinical.write", page="safety questions")
    today = today_at(patient.home_site)
    newest: dict[str, SafetyFact] = {}
    for row in SafetyFact.objects.filter(patient=patient, key__in=[a.key for a in answers]).order_by(
        "answered_at"
    ):
        newest[row.key] = row
    rows = []
    for answer in answers:
        value = _checked(answer, today)
        held = newest.get(answer.key)
        at = _moment(patient, answer.on, today)
        if held and (held.value, held.source) == (value, answer.source) and _day(patient, held) == answer.on:
            continue
        rows.append(
            SafetyFact(
                patient=patient,
                key=answer.key,
                value=value,
                source=answer.source,
                answered_by_id=actor.user_id,
                answered_at=at,
            )
        )
    if rows:
        SafetyFact.objects.bulk_create(rows)
        log(
            actor, "fact.record", patient_id=patient.id, about=patient, detail={"keys": [r.key for r in rows]}
        )
    return len(rows)


def _checked(answer: FactAnswer, today: date) -> Any:
    """The value as JSON, or Refusal naming the question."""
    if answer.key not in facts():
        raise Refusal("There is no such question.", field=answer.key)
    if answer.source not in SafetyFact.Source.values:
        raise Refusal("Say where this is known from.", field="source")
    if answer.on > today:
        raise Refusal("The day cannot be in the future.", field="on")
    if answer.value is None:
        return None
    try:
        value = checked(answer.key, answer.value)
    except ValueError as error:
        raise Refusal(f"{facts()[answer.key].label}: {error}.", field=answer.key)
    if isinstance(value, date) and value > today and facts()[answer.key].dated_by is None:
        raise Refusal(f"{facts()[answer.key].label}: this day is in the future.", field=answer.key)
    return (
        value.isoformat() if isinstance(value, date) else list(value) if isinstance(value, tuple) else value
    )


def _moment(patient: Patient, on: date, today: date) -> datetime:
    """Now for today; noon at the site for an earlier day."""
    return timezone.now() if on == today else datetime.combine(on, time(12), zone_of(patient.home_site))


def _day(patient: Patient, row: SafetyFact) -> date:
    return row.answered_at.astimezone(zone_of(patient.home_site)).date()


@transaction.atomic
def record_red_flags(
    actor: Actor, patient_id: UUID, answers: Mapping[str, bool], notes: Mapping[str, str] | None = None
) -> list[RedFlagAnswer]:
    """Adds an answer to each red flag asked now."""
    patient = patient_for(actor, patient_id, "clinical.write", page="red flags")
    known = {flag.id for flag in red_flags()}
    if lost := set(answers) - known:
        raise Refusal(f"There is no red flag {sorted(lost)[0]}.")
    now = timezone.now()
    rows = [
        RedFlagAnswer(
            patient=patient,
            flag=flag,
            present=present,
            note=(notes or {}).get(flag, "").strip(),
            asked_at=now,
            asked_by_id=actor.user_id,
        )
        for flag, present in answers.items()
    ]
    RedFlagAnswer.objects.bulk_create(rows)
    if rows:
        there = [row.flag for row in rows if row.present]
        log(
            actor,
            "red_flag.record",
            patient_id=patient.id,
            about=patient,
            detail={"asked": len(rows), "present": there},
        )
    return rows


@transaction.atomic
def resolve_red_flag(actor: Actor, patient_id: UUID, answer_id: UUID, resolution: str) -> RedFlagAnswer:
    """The flag was looked into: what came of it. Resolving twice changes nothing."""
    patient = patient_for(actor, patient_id, "clinical.write", page="red flags")
    row = (
        RedFlagAnswer.objects.select_for_update(no_key=True)
        .filter(id=answer_id, patient=patient, present=True)
        .first()
    )
    if row is None:
        raise NotFound("There is no such red flag in this record.")
    if row.resolved_at is not None:
        return row
    if not resolution.strip():
        raise Refusal("Say what came of it: who saw the person, and what they found.", field="resolution")
    row.resolved_at, row.resolved_by_id, row.resolution = timezone.now(), actor.user_id, resolution.strip()
    row.save(update_fields=["resolved_at", "resolved_by", "resolution"])
    log(actor, "red_flag.resolve", patient_id=patient.id, about=row, detail={"flag": row.flag})
    return row


@transaction.atomic
def record_condition(
    actor: Actor, patient_id: UUID, condition_id: UUID, given: Mapping[str, Any]
) -> Condition:
    """Records the neuropathy: cause, ICD-10, onset, who diagnosed it, which work-up is known or missing.

    A new id adds a row and ends the one before; the same id again corrects it. The log keeps which fields.
    """
    patient = patient_for(actor, patient_id, "clinical.write", page="condition")
    _condition_is_possible(patient, given)
    row = Condition.objects.filter(id=condition_id, patient=patient).first()
    if row is None:
        row = Condition(id=condition_id, patient=patient, recorded_by_id=actor.user_id)
    changed = [name for name, value in given.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, given[name])
    row.is_neuropathy = True
    row.label = row.label or CAUSES[row.condition]
    row.save()
    if changed:
        log(actor, "condition.record", patient_id=patient.id, about=row, detail={"changed": changed})
    return row


def _condition_is_possible(patient: Patient, given: Mapping[str, Any]) -> None:
    if given.get("condition") not in CAUSES:
        raise Refusal("Choose a cause.", field="condition")
    code = given.get("icd10")
    if code:
        try:
            row = icd10(code)
        except KeyError:
            raise Refusal(f"{code} is not among the codes.", field="icd10")
        if row.case in CAUSES and row.case != given["condition"]:
            raise Refusal(f"{code} ({row.name}) belongs to another cause: {CAUSES[row.case]}.", field="icd10")
    onset = given.get("onset")
    if onset and onset > today_at(patient.home_site):
        raise Refusal("It cannot have begun in the future.", field="onset")
    if onset and onset < patient.birth_date:
        raise Refusal(f"That is before this person was born ({patient.birth_date:%d %b %Y}).", field="onset")
    items = {test.key for test in workup().tests}
    for item in given.get("work_up", {}):
        if item not in items:
            raise Refusal(f"There is no test {item}.", field="work_up")


@transaction.atomic
def add_medicine(actor: Actor, patient_id: UUID, medicine_id: UUID, given: Mapping[str, Any]) -> Medication:
    """Adds a medicine as the person takes it. Sent twice with the same id, it adds one."""
    patient = patient_for(actor, patient_id, "clinical.write", page="medicines")
    same = Medication.objects.filter(id=medicine_id, patient=patient).first()
    if same is not None:
        return same
    _medicine_is_possible(patient, given)
    row = Medication.objects.create(id=medicine_id, patient=patient, recorded_by_id=actor.user_id, **given)
    log(actor, "medicine.record", patient_id=patient.id, about=row)
    return row


def _medicine_is_possible(patient: Patient, given: Mapping[str, Any]) -> None:
    today = today_at(patient.home_site)
    if not str(given.get("name", "")).strip():
        raise Refusal("Which medicine?", field="name")
    for name in ("started_on", "ended_on"):
        if given.get(name) and given[name] > today:
            raise Refusal("This day is in the future.", field=name)
    if given.get("started_on") and given["started_on"] < patient.birth_date:
        raise Refusal("That is before this person was born.", field="started_on")


@transaction.atomic
def change_dose(
    actor: Actor, patient_id: UUID, medicine_id: UUID, new_id: UUID, dose_text: str, on: date
) -> Medication:
    """What somebody else changed: ends the row on that day and starts the next. An empty dose means stopped."""
    patient = patient_for(actor, patient_id, "clinical.write", page="medicines")
    done = Medication.objects.filter(id=new_id, patient=patient).first()
    if done is not None:
        return done
    row = Medication.objects.select_for_update(no_key=True).filter(id=medicine_id, patient=patient).first()
    if row is None:
        raise NotFound("There is no such medicine in this record.")
    if on > today_at(patient.home_site):
        raise Refusal("This day is in the future.", field="on")
    if row.started_on and on < row.started_on:
        raise Refusal(f"It was started later, on {row.started_on:%d %b %Y}.", field="on")
    if row.ended_on is None:
        row.ended_on = on
        row.save(update_fields=["ended_on"])
    if dose_text.strip():
        row = Medication.objects.create(
            id=new_id,
            patient=patient,
            name=row.name,
            reason=row.reason,
            dose_text=dose_text.strip(),
            started_on=on,
            replaces=row,
            source=row.source,
            recorded_by_id=actor.user_id,
        )
    log(actor, "medicine.change", patient_id=patient.id, about=row)
    return row


@transaction.atomic
def add_allergy(actor: Actor, patient_id: UUID, allergy_id: UUID, substance: str, reaction: str) -> Allergy:
    """Adds what the person reacts to. Sent twice with the same id, it adds one."""
    patient = patient_for(actor, patient_id, "clinical.write", page="allergies")
    same = Allergy.objects.filter(id=allergy_id, patient=patient).first()
    if same is not None:
        return same
    if not substance.strip():
        raise Refusal("What does the person react to?", field="substance")
    row = Allergy.objects.create(
        id=allergy_id,
        patient=patient,
        substance=substance.strip(),
        reaction=reaction.strip(),
        recorded_by_id=actor.user_id,
    )
    log(actor, "allergy.record", patient_id=patient.id, about=row)
    return row


@transaction.atomic
def end_allergy(actor: Actor, patient_id: UUID, allergy_id: UUID) -> None:
    """It turned out not to be one. The row stays, ended."""
    patient = patient_for(actor, patient_id, "clinical.write", page="allergies")
    row = Allergy.objects.filter(id=allergy_id, patient=patient).first()
    if row is None:
        raise NotFound("There is no such allergy in this record.")
    if row.ended_at is None:
        row.ended_at = timezone.now()
        row.save(update_fields=["ended_at"])
        log(actor, "allergy.end", patient_id=patient.id, about=row)


@transaction.atomic
def complete_intake(actor: Actor, patient_id: UUID) -> Intake:
    """The practitioner went through the story in the room. Needs a condition; completing twice changes nothing."""
    patient = patient_for(actor, patient_id, "clinical.write", page="intake")
    intake = (
        Intake.objects.select_for_update(no_key=True).filter(patient=patient).order_by("-started_at").first()
    )
    if intake is not None and intake.status == Intake.Status.COMPLETED:
        return intake
    if not Condition.objects.filter(patient=patient, is_neuropathy=True, ended_at=None).exists():
        raise Refusal("Record the neuropathy first: its cause, or that none was found.", code="no_condition")
    intake = intake or Intake(patient=patient)
    intake.status, intake.completed_at = Intake.Status.COMPLETED, timezone.now()
    intake.completed_by_id = actor.user_id
    intake.save()
    log(actor, "intake.complete", patient_id=patient.id, about=intake)
    return intake
