"""Nerve conduction of one person, nerve by nerve, left and right, over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from deqi.record.care.codes import conduction_codes
from deqi.record.care.models import Observation
from deqi.record.patients.models import Patient
from deqi.record.practice.clock import local
from deqi.record.together import Some, some
from deqi.science.measures import conduction_code, conduction_measures
from deqi.science.measures.items import SIDES, ConductionMeasure

COLUMNS = ("code", "value", "effective_at", "text")


def conduction_columns(patient: Patient) -> Some:
    """The newest 200 figures, as one of several short lists in one statement."""
    rows = Observation.objects.filter(patient=patient, code__in=conduction_codes(), value__isnull=False)
    return some(rows.order_by("-effective_at", "code")[:200], *COLUMNS)


@dataclass(frozen=True)
class Figure:
    """One figure: day, value in the measure's unit, where and how it was measured."""

    on: date
    value: float
    where: str


@dataclass(frozen=True)
class Row:
    """One measure of one side: its figures, oldest first."""

    measure: ConductionMeasure
    side: str
    figures: list[Figure]

    @property
    def first(self) -> Figure:
        return self.figures[0]

    @property
    def last(self) -> Figure:
        return self.figures[-1]

    @property
    def one_laboratory(self) -> bool:
        """Whether all were measured alike: only then do they form one series."""
        return len({figure.where for figure in self.figures}) == 1

    @property
    def words(self) -> str:
        """What first and last say together, against what can be told from noise."""
        if len(self.figures) < 2:
            return "one figure"
        if not self.one_laboratory:
            return "measured in different ways: not one series"
        if self.first.value == 0:
            return "nothing at first; no percentage"
        percent = abs(self.last.value - self.first.value) / self.first.value * 100
        least, most = self.measure.smallest_detectable_percent
        if percent < least:
            return "within what repeats differ by"
        return "more than repeats differ by" if percent >= most else "at the edge of what repeats differ by"


def conduction_rows(patient: Patient, rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Figures as a table: measures in their order, left before right; only what was measured."""
    found: dict[str, list[Figure]] = {}
    for row in sorted(rows, key=lambda row: (row["effective_at"], row["text"])):
        on = local(patient.home_site, row["effective_at"]).date()
        found.setdefault(row["code"], []).append(Figure(on, float(row["value"]), row["text"]))
    return [
        Row(measure, side, found[code])
        for key, measure in conduction_measures().items()
        for side in SIDES
        if (code := conduction_code(key, side)) in found
    ]
