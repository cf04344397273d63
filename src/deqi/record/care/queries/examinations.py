"""Examinations side by side: the newest and the one before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from deqi.record.care.models import Examination
from deqi.record.patients.models import Patient


@dataclass(frozen=True)
class Examined:
    """One examination: when, by whom, and each finding by its observation code."""

    at: datetime
    by: str
    note: str
    findings: dict[str, Decimal]


def last_examinations(patient: Patient, count: int = 2) -> list[Examined]:
    """The newest examinations of a person, newest first. Two queries."""
    rows = (
        Examination.objects.filter(patient=patient)
        .select_related("by")
        .prefetch_related("observations")
        .order_by("-at")[:count]
    )
    return [
        Examined(
            at=row.at,
            by=row.by.name,
            note=row.note,
            findings={o.code: o.value for o in row.observations.all() if o.value is not None},
        )
        for row in rows
    ]
