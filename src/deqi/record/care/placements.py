"""Today's points of a visit, between the line as text and its rows of needles and electrical pairs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from django.utils import timezone

from deqi.record.care.models import ElectricalPair, NeedlePlacement, Session
from deqi.record.patients.models import Patient, SymptomMap
from deqi.science.points import LineError, Placement, format_line, parse_line

Key = tuple[str, str]
"""A point as it is told apart in one visit: its label (code with places) and side."""


def placements_of(session: Session) -> tuple[Placement, ...]:
    """Today's points as the line says them."""
    return parse_line(session.treatment_line)


def needles_of(placements: Sequence[Placement]) -> int:
    """How many needles the points make."""
    return sum(placement.needles for placement in placements)


def carried_line(text: str) -> tuple[Placement, ...]:
    """The points of an earlier line, without what was felt then. None where it can no longer be read."""
    try:
        return tuple(replace(placement, deqi=None) for placement in parse_line(text))
    except LineError:
        return ()


def carried_keys(session: Session) -> set[Key]:
    """Points of last time that nobody has confirmed yet."""
    return {key_of_row(row) for row in session.placements.all() if row.carried and row.confirmed_at is None}


def key_of(placement: Placement) -> Key:
    return f"{placement.code}:{','.join(placement.members)}", placement.side


def key_of_row(row: NeedlePlacement) -> Key:
    return f"{row.code}:{row.members}", row.side


def write_placements(session: Session, placements: Sequence[Placement], carried: Collection[Key]) -> None:
    """Makes the rows say what `placements` say and sets (does not save) the session's line.

    Points whose key is in `carried` wait to be confirmed; the others count as confirmed now. A row that stays
    keeps its id.
    """
    now = timezone.now()
    rows = {key_of_row(row): row for row in session.placements.all()}
    wanted = {key_of(placement) for placement in placements}
    session.placements.exclude(id__in=[row.id for key, row in rows.items() if key in wanted]).delete()
    for position, row in enumerate(rows.values()):  # out of the way: a position stands once
        if key_of_row(row) in wanted:
            NeedlePlacement.objects.filter(id=row.id).update(position=10_000 + position)
    for position, placement in enumerate(placements):
        key = key_of(placement)
        row = rows.get(key) or NeedlePlacement(session=session, code=placement.code, side=placement.side)
        row.members = ",".join(placement.members)
        row.position = position
        row.needles = placement.needles
        row.depth_mm = _decimal(placement.depth_mm)
        row.technique = placement.technique or ""
        row.deqi = placement.deqi
        row.retention_min = placement.retention_min
        if key in carried:
            row.carried, row.confirmed_at = True, None
        elif row.carried or row._state.adding:
            row.confirmed_at = row.confirmed_at or now
        row.save()
    _write_pairs(session, placements)
    session.treatment_line = format_line(placements)


def _write_pairs(session: Session, placements: Sequence[Placement]) -> None:
    session.electrical_pairs.all().delete()
    done: set[tuple[frozenset[str], str]] = set()
    for placement in placements:
        wire = placement.electrical
        if wire is None or (pair := (frozenset({placement.label, wire.pair_with}), placement.side)) in done:
            continue
        done.add(pair)
        ElectricalPair.objects.create(
            session=session,
            first_code=placement.label,
            second_code=wire.pair_with,
            side=placement.side,
            frequency_hz=list(wire.frequency_hz),
            current_ma=_decimal(wire.current_ma),
            waveform=wire.waveform or "",
        )


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def affected_side(patient: Patient) -> Literal["left", "right"] | None:
    """The side that "affected" means on the line: the only side of the newest symptom map."""
    newest = SymptomMap.objects.filter(patient=patient).order_by("-at").values("id")[:1]
    marks = SymptomMap.objects.filter(id__in=newest).values_list("marks__side", flat=True)
    sides = set(marks) - {None}
    only = sides.pop() if len(sides) == 1 else None
    return only if only in ("left", "right") else None
