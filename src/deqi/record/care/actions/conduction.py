"""Nerve conduction from a laboratory's table: every figure an observation, all of the table or nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from uuid import UUID, uuid5

from django.db import transaction

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.models import Observation
from deqi.record.care.queries.courses import open_course_of
from deqi.record.errors import Refusal
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at, zone_of
from deqi.science.measures import ConductionError, Fault, Study, read_conduction


class ConductionRefused(Refusal):
    """A table that is not taken. `faults` holds row, column and what is wrong."""

    def __init__(self, faults: list[Fault]):
        self.faults = faults
        count = "One thing is" if len(faults) == 1 else f"{len(faults)} things are"
        super().__init__(
            f"The table was not taken: {count} wrong in it. Nothing was kept.",
            field="table",
            code="not_taken",
        )


@dataclass(frozen=True)
class Imported:
    """How many figures were added, and how many were there already."""

    added: int
    already: int


@transaction.atomic
def import_conduction(actor: Actor, patient_id: UUID, source: str | bytes) -> Imported:
    """Keeps every figure of a table of nerve conduction. The same table again changes nothing.

    Raises ConductionRefused naming row and column: for what cannot be read, a day in the future or before birth, and
    a figure that is in the record with another value.
    """
    patient = patient_for(actor, patient_id, "clinical.write", page="nerve conduction")
    try:
        studies = read_conduction(source)
    except ConductionError as error:
        raise ConductionRefused(error.faults)
    if faults := _days(patient, studies):
        raise ConductionRefused(faults)
    wanted = {row.id: (study, row) for study in studies for row in _observations(actor, patient, study)}
    held = dict(Observation.objects.filter(id__in=wanted).values_list("id", "value"))
    faults = [
        Fault(
            study.row,
            "",
            f"{row.code.replace('_', ' ')} of {study.on} is in the record as {held[key]:f} {row.unit}; what is in the "
            "record does not change",
        )
        for key, (study, row) in wanted.items()
        if key in held and held[key] != row.value
    ]
    if faults:
        raise ConductionRefused(faults)
    course = open_course_of(patient.id)
    new = [row for key, (_, row) in wanted.items() if key not in held]
    for row in new:
        row.course = course if course is not None and row.effective_at >= course.opened_at else None
    Observation.objects.bulk_create(new)
    if new:
        log(
            actor,
            "conduction.import",
            patient_id=patient.id,
            about=patient,
            detail={"figures": len(new), "laboratories": sorted({study.lab for study in studies})},
        )
    return Imported(len(new), len(held))


def _days(patient: Patient, studies: list[Study]) -> list[Fault]:
    today = today_at(patient.home_site)
    faults = [Fault(one.row, "date", f"{one.on} lies in the future") for one in studies if one.on > today]
    born = patient.birth_date
    return faults + [Fault(one.row, "date", f"{one.on} is before birth") for one in studies if one.on < born]


def _observations(actor: Actor, patient: Patient, study: Study) -> list[Observation]:
    """The figures of one row. Only the day is known: noon stands for it."""
    at = datetime.combine(study.on, time(12), tzinfo=zone_of(patient.home_site))
    place = f"{study.lab.lower()} {study.device.lower()}"
    return [
        Observation(
            id=uuid5(patient.id, f"conduction {study.on} {one.code} {place}"),
            patient=patient,
            code=one.code,
            value=Decimal(str(one.value)),
            text=study.words,
            unit=one.measure.unit,
            channel=Observation.Channel.IMPORT,
            effective_at=at,
            recorded_by_id=actor.user_id,
        )
        for one in study.values
    ]
