"""Reads tables of ratings and sessions and names every row that cannot be right.

A table is refused as a whole: nothing of a faulty file is used.

Example: `ratings.csv:3: value: 11 is outside 0 to 10`.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deqi.science.course.ratings import EARLIEST, Rating
from deqi.science.days import day_of
from deqi.science.measures import symptoms
from deqi.science.text import SHOWN, TableError

RATING_COLUMNS = ("date", "symptom", "value", "recall")
SESSION_COLUMNS = ("date",)
RECALLS = ("24h", "7d")


def parse_ratings(
    text: str, file: str, *, on: dt.date | None = None, born: dt.date | None = None
) -> tuple[Rating, ...]:
    """Ratings from CSV `text` with the columns date, symptom, value, recall. Raises TableError naming the rows.

    Refused: a value outside 0-10, an unknown symptom or recall, a date that is none, before `born` or after `on`, and
    a second row for the same date, symptom and recall.
    """
    errors: list[str] = []
    found: list[Rating] = []
    seen: dict[tuple[Any, ...], int] = {}
    for row, cells in _rows(text, file, RATING_COLUMNS, errors):
        day = _date(cells["date"], f"{file}:{row}: date", on, born, errors)
        value = _value(cells["value"], f"{file}:{row}: value", errors)
        symptom, recall = cells["symptom"].strip(), cells["recall"].strip()
        if symptom not in symptoms():
            errors.append(f"{file}:{row}: symptom: {symptom!r} is not one of {', '.join(symptoms())}")
        if recall not in RECALLS:
            errors.append(f"{file}:{row}: recall: {recall!r} is not one of {', '.join(RECALLS)}")
        first = seen.setdefault((cells["date"].strip(), symptom, recall), row)
        if first != row:
            errors.append(f"{file}:{row}: the same date, symptom and recall as row {first}")
        elif day is not None and value is not None and symptom in symptoms() and recall in RECALLS:
            found.append(
                Rating(date=day, symptom=symptom, value=value, recall="24h" if recall == "24h" else "7d")
            )
    if not errors and not found:
        errors.append(f"{file}: no ratings")
    if errors:
        raise TableError(errors)
    return tuple(found)


def parse_sessions(
    text: str, file: str, *, on: dt.date | None = None, born: dt.date | None = None
) -> tuple[dt.date, ...]:
    """Session dates from CSV `text` with the column date. An empty table is a course that has not begun.

    Raises TableError naming the rows: a date that is none, before `born`, after `on`, or there twice.
    """
    errors: list[str] = []
    seen: dict[dt.date, int] = {}
    for row, cells in _rows(text, file, SESSION_COLUMNS, errors):
        day = _date(cells["date"], f"{file}:{row}: date", on, born, errors)
        if day is not None and seen.setdefault(day, row) != row:
            errors.append(f"{file}:{row}: the same date as row {seen[day]}")
    if errors:
        raise TableError(errors)
    return tuple(sorted(seen))


def _rows(
    text: str, file: str, columns: Sequence[str], errors: list[str]
) -> list[tuple[int, dict[str, str]]]:
    """Rows with their line in the file. A wrong header is one error and no rows."""
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]
    if sorted(header) != sorted(columns):
        errors.append(
            f"{file}:1: the columns must be {','.join(columns)}, not {','.join(header) or 'nothing'}"
        )
        return []
    found = []
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(header):
            errors.append(f"{file}:{reader.line_num}: {len(cells)} cells where the header has {len(header)}")
            continue
        found.append((reader.line_num, dict(zip(header, cells, strict=True))))
    return found


def _date(
    cell: str, where: str, on: dt.date | None, born: dt.date | None, errors: list[str]
) -> dt.date | None:
    try:
        day = day_of(cell.strip())
    except ValueError:
        errors.append(f"{where}: {cell!r} is not a date like 2026-03-09")
        return None
    if on is not None and day > on:
        errors.append(f"{where}: {day} is after the review date {on}")
    elif born is not None and day < born:
        errors.append(f"{where}: {day} is before the date of birth {born}")
    elif day < EARLIEST:
        errors.append(f"{where}: {day} is before {EARLIEST}")
    else:
        return day
    return None


def _value(cell: str, where: str, errors: list[str]) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        errors.append(f"{where}: {cell!r} is not a number from 0 to 10")
        return None
    if not 0 <= value <= 10:
        errors.append(f"{where}: {cell.strip()} is outside 0 to 10")
        return None
    return value


def check_columns(
    columns: Mapping[str, NDArray[Any]], file: str, needed: Sequence[str], *, on: str | None = None
) -> dict[str, NDArray[Any]]:
    """Checks a large table held as columns (date as datetime64, value as float). Row 1 is the header.

    Raises TableError naming the rows; `on` is the column with the review date, which no date may pass.
    """
    missing = [name for name in needed if name not in columns]
    if missing:
        raise TableError([f"{file}:1: no column called {', '.join(missing)}; there are {', '.join(columns)}"])
    errors: list[str] = []

    def mark(bad: NDArray[Any], name: str, text: str) -> None:
        errors.extend(
            f"{file}:{row + 2}: {name}: {columns[name][row]} {text}"
            for row in np.flatnonzero(bad)[: SHOWN + 1]
        )

    dates = columns["date"]
    empty = np.isnat(dates)
    mark(empty, "date", "is not a date")
    mark(~empty & (dates < np.datetime64(EARLIEST)), "date", f"is before {EARLIEST}")
    if "value" in needed:
        value = columns["value"]
        mark(~((value >= 0) & (value <= 10)), "value", "is outside 0 to 10")
        mark(
            ~np.isin(columns["symptom"], list(symptoms())),
            "symptom",
            f"is not one of {', '.join(symptoms())}",
        )
        mark(~np.isin(columns["recall"], RECALLS), "recall", f"is not one of {', '.join(RECALLS)}")
    if on is not None:
        mark(~empty & (dates > columns[on]), "date", "is after the review date")
    keys = [columns[name] for name in ("patient_id", "date", "symptom", "recall") if name in needed]
    errors.extend(_twice(keys, file))
    if errors:
        raise TableError(errors)
    return {name: columns[name] for name in needed}


def _twice(keys: Sequence[NDArray[Any]], file: str) -> list[str]:
    """Rows that repeat an earlier row's keys."""
    codes = [np.unique(key, return_inverse=True)[1] for key in keys]
    order = np.lexsort(codes[::-1])
    same = np.ones(len(order) - 1, dtype=bool) if len(order) else np.zeros(0, dtype=bool)
    for code in codes:
        same &= code[order][1:] == code[order][:-1]
    again = np.flatnonzero(same)
    return [f"{file}:{order[i + 1] + 2}: the same as row {order[i] + 2}" for i in again[: SHOWN + 1]]
