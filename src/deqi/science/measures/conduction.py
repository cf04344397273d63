"""Nerve conduction from a laboratory's table: read strictly, every fault with its row and column, nothing by half.

Columns: `nerve, side, date, lab` in each row; `amplitude_uv` or `amplitude_mv`, `velocity_m_s`, `latency_ms` as far as
measured (an empty cell is not measured; 0 is an amplitude of nothing); `device, examiner, skin_temperature_c` as far
as known. Commas, or semicolons with decimal commas.

Example:
    >>> rows = read_conduction("nerve,side,amplitude_uv,velocity_m_s,date,lab\\nsural,left,6.1,41,2026-03-04,North\\n")
    >>> [(one.code, one.value) for one in rows[0].values]
    [('sural_snap_uv_left', 6.1), ('sural_velocity_m_s_left', 41.0)]
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from deqi.science.days import day_of
from deqi.science.measures.items import SIDES, ConductionMeasure, conduction_measures

NEEDED = ("nerve", "side", "date", "lab")
FIGURES = ("amplitude_uv", "amplitude_mv", "velocity_m_s", "latency_ms")
KNOWN = ("device", "examiner", "skin_temperature_c")
MOST_ROWS = 200
TEMPERATURE_C = (15.0, 42.0)
_Wrong = Callable[[str, str], None]
NUMBER = re.compile(r"\d{1,6}(?:[.,]\d{1,4})?")


@dataclass(frozen=True)
class Fault:
    """One thing wrong. `row` counts from 1 with the header as row 1; 0 means the file; `column` "" the whole row."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row else "the file"
        return f"{place}, {self.column}: {self.message}" if self.column else f"{place}: {self.message}"


class ConductionError(ValueError):
    """A table that is not taken. `faults` holds everything that was found."""

    def __init__(self, faults: list[Fault]):
        self.faults = faults
        super().__init__("; ".join(map(str, faults)))


@dataclass(frozen=True)
class Value:
    """One figure: its code (`sural_snap_uv_left`), the measure, the value in the measure's unit."""

    code: str
    measure: ConductionMeasure
    value: float


@dataclass(frozen=True)
class Study:
    """One row: one nerve of one side on one day in one laboratory."""

    row: int
    nerve: str
    side: str
    on: date
    lab: str
    device: str
    examiner: str
    skin_temperature_c: float | None
    values: tuple[Value, ...]

    @property
    def words(self) -> str:
        """Where and how it was measured, for a note beside each figure."""
        warm = f"{self.skin_temperature_c:g} °C" if self.skin_temperature_c is not None else ""
        return "; ".join(part for part in (self.lab, self.device, self.examiner, warm) if part)


def conduction_code(measure: str, side: str) -> str:
    """The code of one figure of one side: `conduction_code("sural_snap_uv", "left")` is `sural_snap_uv_left`."""
    if side not in SIDES:
        raise ValueError(f"{side!r} is not left or right")
    return f"{conduction_measures()[measure].key}_{side}"


def nerves() -> list[str]:
    """The nerves that a table may name."""
    return list(dict.fromkeys(measure.nerve for measure in conduction_measures().values()))


def read_conduction(source: str | bytes) -> list[Study]:
    """The rows of a table. Raises ConductionError with every fault; a table with one fault gives nothing."""
    text = _text(source)
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        table = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise ConductionError([Fault(reader.line_num, "", f"not a table: {error}")])
    if not table:
        raise ConductionError([Fault(0, "", "the file is empty")])
    header = [cell.strip().lower() for cell in table[0][1]]
    faults = _header_faults(header)
    if faults:
        raise ConductionError(faults)
    body = [(line, cells) for line, cells in table[1:] if any(cell.strip() for cell in cells)]
    if not body or len(body) > MOST_ROWS:
        raise ConductionError([Fault(0, "", f"{len(body)} rows; from 1 to {MOST_ROWS} are taken")])
    studies: list[Study] = []
    for line, cells in body:
        if len(cells) != len(header):
            faults.append(Fault(line, "", f"{len(cells)} cells where the header has {len(header)}"))
            continue
        found = _study(line, dict(zip(header, (cell.strip() for cell in cells), strict=True)), faults)
        if found is not None:
            studies.append(found)
    faults += _twice(studies)
    if faults:
        raise ConductionError(sorted(faults, key=lambda fault: fault.row)[:100])
    return studies


def _text(source: str | bytes) -> str:
    if len(source) > 500_000:
        raise ConductionError([Fault(0, "", "larger than 500 kB")])
    try:
        text = source.decode("utf-8-sig") if isinstance(source, bytes) else source.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        row = source[: error.start].count(b"\n") + 1 if isinstance(source, bytes) else 0
        raise ConductionError([Fault(row, "", "not UTF-8; save the table as CSV UTF-8")])
    if "\x00" in text:
        raise ConductionError([Fault(text[: text.index("\x00")].count("\n") + 1, "", "a NUL character")])
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _header_faults(header: list[str]) -> list[Fault]:
    faults = [
        Fault(1, name, "this column stands there twice") for name in set(header) if header.count(name) > 1
    ]
    faults += [Fault(1, name, "this column is missing") for name in NEEDED if name not in header]
    taken = (*NEEDED, *FIGURES, *KNOWN)
    faults += [
        Fault(1, name or "(no name)", f"not a column; there are {', '.join(taken)}")
        for name in header
        if name not in taken
    ]
    if not faults and not any(name in header for name in FIGURES):
        faults.append(Fault(1, "", f"no figures: one of {', '.join(FIGURES)} is needed"))
    return faults


def _study(line: int, cells: Mapping[str, str], faults: list[Fault]) -> Study | None:
    before = len(faults)

    def wrong(column: str, message: str) -> None:
        faults.append(Fault(line, column, message))

    nerve = cells["nerve"].lower().replace(" ", "_").replace("-", "_")
    if nerve not in nerves():
        wrong("nerve", f"{cells['nerve']!r} is not one of {', '.join(nerves())}")
    side = cells["side"].lower()
    if side not in SIDES:
        wrong("side", f"{cells['side']!r} is not left or right")
    on = None
    with suppress(ValueError):
        on = day_of(cells["date"])
    if on is None:
        wrong("date", f"{cells['date']!r} is not a day such as 2026-03-04")
    for name, longest in (("lab", 100), ("device", 80), ("examiner", 80)):
        if len(cells.get(name, "")) > longest:
            wrong(name, f"longer than {longest} characters")
    if not cells["lab"]:
        wrong("lab", "which laboratory measured it is needed")
    warm = _number(cells.get("skin_temperature_c", ""), "skin_temperature_c", wrong)
    if warm is not None and not TEMPERATURE_C[0] <= warm <= TEMPERATURE_C[1]:
        wrong("skin_temperature_c", f"{warm:g} is outside {TEMPERATURE_C[0]:g} to {TEMPERATURE_C[1]:g} °C")
    values = _values(nerve, side, cells, wrong) if len(faults) == before else ()
    if len(faults) > before or on is None:
        return None
    return Study(
        line, nerve, side, on, cells["lab"], cells.get("device", ""), cells.get("examiner", ""), warm, values
    )


def _values(nerve: str, side: str, cells: Mapping[str, str], wrong: _Wrong) -> tuple[Value, ...]:
    measures = {one.quantity: one for one in conduction_measures().values() if one.nerve == nerve}
    found: list[Value] = []
    if cells.get("amplitude_uv") and cells.get("amplitude_mv"):
        wrong("amplitude_mv", "amplitude_uv is given too; give one of them")
        return ()
    for column in FIGURES:
        number = _number(cells.get(column, ""), column, wrong)
        if number is None:
            continue
        measure = measures["amplitude" if column.startswith("amplitude") else column.split("_")[0]]  # type: ignore[index]
        if column == "amplitude_uv" and measure.unit == "mV":
            number /= 1000
        elif column == "amplitude_mv" and measure.unit == "µV":
            number *= 1000
        low, high = measure.range
        if not low <= number <= high:
            wrong(column, f"{number:g} {measure.unit} is outside {low:g} to {high:g}; is the unit right?")
            continue
        found.append(Value(conduction_code(measure.key, side), measure, round(number, 3)))
    if not found and not any(cells.get(column) for column in FIGURES):
        wrong("", "no figure in this row")
    return tuple(found)


def _number(text: str, column: str, wrong: _Wrong) -> float | None:
    if not text:
        return None
    if not NUMBER.fullmatch(text):
        wrong(column, f"{text!r} is not a number such as 6.1")
        return None
    number = float(text.replace(",", "."))
    return number if math.isfinite(number) else None


def _twice(studies: list[Study]) -> list[Fault]:
    seen: dict[tuple[object, ...], int] = {}
    faults = []
    for one in studies:
        key = (one.nerve, one.side, one.on, one.lab.lower(), one.device.lower())
        if key in seen:
            faults.append(Fault(one.row, "", f"the same nerve, side, day and laboratory as row {seen[key]}"))
        seen.setdefault(key, one.row)
    return faults
