"""Reads a table of studies (CSV) and says exactly which cell is wrong.

Three forms: `study,n1,m1,sd1,n2,m2,sd2` (means), `study,a,n1,c,n2` (events and totals), `study,yi,sei` (effects
with their standard errors). Group 1 is the needled one. Other columns are left alone.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from deqi.science.evidence.effects import (
    BINARY,
    Counts,
    Effect,
    Group,
    Measure,
    NotUsable,
    binary_effect,
    from_means,
)
from deqi.science.knowledge import KnowledgeError, Problem

MEANS = ("study", "n1", "m1", "sd1", "n2", "m2", "sd2")
EVENTS = ("study", "a", "n1", "c", "n2")
EFFECTS = ("study", "yi", "sei")
_WHOLE = frozenset({"n1", "n2", "a", "c"})
_SPREAD = frozenset({"sd1", "sd2", "sei"})
# Beyond these a number is a slip, and double precision would no longer carry the arithmetic.
LARGEST, SMALLEST = 1e9, 1e-6


@dataclass(frozen=True, slots=True)
class Row:
    """One study of a table: its effect, and its counts when the table holds events."""

    study: str
    line: int
    effect: Effect
    counts: Counts | None = None


def read_table(text: str, measure: Measure, *, file: str) -> tuple[Row, ...]:
    """Studies of a CSV table as effects of `measure`.

    Raises KnowledgeError naming file, line and column of every bad cell; also for a table of fewer than two
    studies, since one study is not a pool.
    """
    reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), strict=True)
    rows: list[Row] = []
    faults: list[Problem] = []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        columns = _columns(header, measure, file)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            made = _row(cells, header, columns, measure, file, reader.line_num)
            if isinstance(made, Row):
                rows.append(made)
            else:
                faults.extend(made)
    except csv.Error as error:
        faults.append(Problem(file, reader.line_num, "", f"not CSV: {error}"))
    if faults:
        raise KnowledgeError(faults)
    if len(rows) < 2:
        line = rows[0].line if rows else 1
        said = "one study only" if rows else "no study below the header"
        raise KnowledgeError([Problem(file, line, "study", f"{said}: a pool needs two or more")])
    return tuple(rows)


def _columns(header: Sequence[str], measure: Measure, file: str) -> tuple[str, ...]:
    if not header:
        raise KnowledgeError([Problem(file, 1, "", "the file is empty")])
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        raise KnowledgeError([Problem(file, 1, doubled[0], "the column stands twice")])
    if set(EFFECTS) <= set(header):
        return EFFECTS
    if measure == "GEN":
        wanted: tuple[str, ...] = EFFECTS
    elif measure in BINARY:
        wanted = EVENTS
    else:
        wanted = MEANS
    missing = [name for name in wanted if name not in header]
    if missing:
        raise KnowledgeError(
            [
                Problem(file, 1, name, f"missing column; {measure} needs {','.join(wanted)}")
                for name in missing
            ]
        )
    return wanted


def _row(
    cells: Sequence[str],
    header: Sequence[str],
    columns: Sequence[str],
    measure: Measure,
    file: str,
    line: int,
) -> Row | list[Problem]:
    if len(cells) != len(header):
        return [Problem(file, line, "", f"{len(cells)} cells under a header of {len(header)}")]
    given = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    faults: list[Problem] = []
    value: dict[str, float] = {}
    for name in columns[1:]:
        try:
            value[name] = _number(given[name], name)
        except NotUsable as why:
            faults.append(Problem(file, line, name, str(why)))
    if not given["study"]:
        faults.append(Problem(file, line, "study", "the study has no name"))
    if not faults:
        faults = [Problem(file, line, name, said) for name, said in _impossible(value, columns)]
    if faults:
        return faults
    try:
        effect, counts = _effect(value, columns, measure)
    except NotUsable as why:
        return [Problem(file, line, columns[1], str(why))]
    if not effect.variance > 0:
        return [Problem(file, line, columns[1], f"the {measure} of these figures has no variance")]
    return Row(given["study"], line, effect, counts)


def _number(cell: str, name: str) -> float:
    if not cell:
        raise NotUsable("the cell is empty")
    try:
        value = float(cell)
    except ValueError:
        raise NotUsable(f"{cell!r} is not a number")
    if not math.isfinite(value) or "_" in cell:
        raise NotUsable(f"{cell!r} is not a number")
    if abs(value) > LARGEST:
        raise NotUsable(f"{cell} is too large to be a measurement")
    if name in _SPREAD and 0 < value < SMALLEST:
        raise NotUsable(f"{cell} is too small to be a spread")
    if name in _WHOLE and value != int(value):
        raise NotUsable(f"{cell} is not a whole number")
    return value


def _impossible(value: dict[str, float], columns: Sequence[str]) -> list[tuple[str, str]]:
    """Columns whose value cannot be, with the reason."""
    found: list[tuple[str, str]] = []
    if columns == EFFECTS:
        if not value["sei"] > 0:
            found.append(("sei", f"a standard error of {value['sei']:g} is not above 0"))
        return found
    least = 1 if columns == EVENTS else 2
    for n in ("n1", "n2"):
        if value[n] < least:
            found.append((n, f"a group of {value[n]:g} is too small"))
    if columns == EVENTS:
        for events, n in (("a", "n1"), ("c", "n2")):
            if value[events] < 0 or value[events] > value[n]:
                found.append((events, f"{value[events]:g} events of {value[n]:g} patients"))
    else:
        for sd in ("sd1", "sd2"):
            if not value[sd] > 0:
                found.append((sd, f"an SD of {value[sd]:g} is not above 0"))
    return found


def _effect(
    value: dict[str, float], columns: Sequence[str], measure: Measure
) -> tuple[Effect, Counts | None]:
    if columns == EFFECTS:
        return Effect(measure, value["yi"], value["sei"] ** 2, steps=("yi and sei as given",)), None
    if columns == EVENTS:
        assert measure in ("OR", "RR", "RD")
        counts = Counts(value["a"], value["n1"], value["c"], value["n2"])
        return binary_effect(counts, measure), counts
    assert measure in ("SMD", "MD", "ROM")
    one = Group(value["n1"], value["m1"], value["sd1"])
    two = Group(value["n2"], value["m2"], value["sd2"])
    return from_means(one, two, measure), None
