"""The bedside examination: one row, each finding an observation, left and right apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.codes import examination_code
from deqi.record.care.models import Examination, Observation
from deqi.record.care.queries.courses import open_course_of
from deqi.record.errors import Refusal
from deqi.record.patients.models import SafetyFact
from deqi.record.patients.queries import patient_for
from deqi.science.measures import examination_items
from deqi.science.measures.items import SIDES

FILAMENT = ("filament_great_toe", "filament_first_metatarsal", "filament_fifth_metatarsal")


@transaction.atomic
def record_examination(
    actor: Actor,
    patient_id: UUID,
    examination_id: UUID,
    findings: Mapping[tuple[str, str], Decimal],
    *,
    at: datetime | None = None,
    note: str = "",
) -> Examination:
    """Saves what was found. `findings`: (item, side) -> value; what was not tested is left out.

    Two or more of three touches missed at one place set the safety fact that the feet do not feel the filament;
    all nine felt on both feet clear it. Sent twice with the same id, it saves once. Raises Refusal naming
    `<item>_<side>` for an impossible value.
    """
    patient = patient_for(actor, patient_id, "clinical.write", page="examination")
    same = Examination.objects.filter(id=examination_id, patient=patient).first()
    if same is not None:
        return same
    if not findings:
        raise Refusal("Nothing was entered yet. Leave out what was not tested.")
    now = timezone.now()
    at = at or now
    if at > now:
        raise Refusal("The examination cannot be in the future.", field="at")
    for (item, side), value in findings.items():
        try:
            examination_items()[item].check(float(value))
        except ValueError as error:
            raise Refusal(f"{error} ({side}).", field=f"{item}_{side}")
    course = open_course_of(patient.id)
    examination = Examination.objects.create(
        id=examination_id, patient=patient, course=course, at=at, by_id=actor.user_id, note=note.strip()
    )
    Observation.objects.bulk_create(
        Observation(
            patient=patient,
            course=course,
            examination=examination,
            code=examination_code(item, side),
            value=value,
            unit=(examination_items()[item].unit or "")[:20],
            recall="now",
            channel=Observation.Channel.EXAM,
            effective_at=at,
            recorded_by_id=actor.user_id,
        )
        for (item, side), value in findings.items()
    )
    _note_feeling(actor, examination, findings)
    log(
        actor,
        "examination.record",
        patient_id=patient.id,
        about=examination,
        detail={"findings": len(findings)},
    )
    return examination


def sides_without_feeling(findings: Mapping[tuple[str, str], Decimal]) -> tuple[str, ...]:
    """Feet on which two or more of three touches were missed at one place.

    The rule of the measures' source for the filament (three plantar sites a foot).
    """
    return tuple(
        side for side in SIDES if any(findings.get((item, side), Decimal(3)) <= 1 for item in FILAMENT)
    )


def _note_feeling(
    actor: Actor, examination: Examination, findings: Mapping[tuple[str, str], Decimal]
) -> None:
    """The screen reads what the filament said, without anyone typing it again."""
    without = sides_without_feeling(findings)
    tested = all((item, side) in findings for item in FILAMENT for side in SIDES)
    if not without and not tested:
        return
    answers: dict[str, object] = {"insensate_feet": bool(without)}
    if without:
        answers["insensate_feet_side"] = "both" if len(without) == 2 else without[0]
    SafetyFact.objects.bulk_create(
        SafetyFact(
            patient_id=examination.patient_id,
            key=key,
            value=value,
            source=SafetyFact.Source.MEASURED,
            answered_by_id=actor.user_id,
            answered_at=examination.at,
        )
        for key, value in answers.items()
    )
