"""`deqi course single-case`: the exact test of a randomised start or taper, one patient or several."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Mapping
from pathlib import Path

import click
from pydantic import ValidationError

from deqi.doors.cli.main import Refused
from deqi.science.course import Rating
from deqi.science.course.single_case import (
    ARMS,
    BASELINE_DAYS,
    SingleCaseError,
    StartProtocol,
    TaperProtocol,
    pooled_starts,
    pooled_tapers,
    start_test,
    taper_outcome,
    usable,
)
from deqi.science.course.single_case.series import Member, SeriesAbout, SeriesReport
from deqi.science.course.single_case.series_report import series_report
from deqi.science.days import day_of
from deqi.science.knowledge import KnowledgeError, parse_yaml
from deqi.science.measures import symptoms
from deqi.science.text import TableError, text_of

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
ONE = "one"  # the patient of a file without patient_id
#: Columns of the file of draws, by design.
DRAWS = {"randomised-start": ("enrolled_on", "drawn_on"), "randomised-taper": ("taper_on", "arm")}


@click.command("single-case")
@click.option("--design", type=click.Choice(list(DRAWS)), required=True)
@click.option("--ratings", type=FILE, required=True, help="CSV: date,symptom,value[,recall][,patient_id].")
@click.option(
    "--draws",
    type=FILE,
    required=True,
    help="CSV: [patient_id,]enrolled_on,drawn_on[,baseline_days] (start; baseline_days as 14 17 21, if not the usual "
    "eight) or [patient_id,]taper_on,arm (stop or go_on).",
)
@click.option("--symptom", type=click.Choice(list(symptoms())), required=True)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "report"]), default="text", show_default=True
)
@click.option("--about", type=FILE, help="JSON for the report: what is known besides ratings and draws.")
def single_case(design: str, ratings: Path, draws: Path, symptom: str, form: str, about: Path | None) -> None:
    """Test each patient's randomised design, and all of them together when there are several.

    With --format report: Markdown by the items of CENT 2015 and SCRIBE 2016, of several patients. Refused with the
    reason (exit code 2) when a start is not one that could have been drawn, or when a window holds too few ratings.
    """
    known = _about(about)
    rated = _ratings(ratings)
    rows = _rows(draws, DRAWS[design])
    members: dict[str, Member] = {}
    errors = []
    for who, (line, row) in rows.items():
        try:
            members[who] = _one(design, symptom, row, rated.get(who, []))
        except (SingleCaseError, ValidationError) as error:
            text = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            errors.append(f"{draws.name}:{line}: {text}")
    if errors:
        raise Refused("\n".join(errors))
    results = {who: member.result for who, member in members.items()}
    pool = pooled_starts if design == "randomised-start" else pooled_tapers
    try:
        pooled = pool(list(results.values())) if len(results) > 1 else None
    except SingleCaseError as error:
        raise Refused(str(error))
    if form == "report":
        if pooled is None:
            raise Refused(
                f"{draws.name}: one patient. A series has two or more; the report of one is on their course's page."
            )
        one = next(iter(members.values()))
        written = series_report(SeriesReport(one.protocol, list(members.values()), pooled, about=known))
        click.echo(written, nl=False)
        return
    if form == "json":
        found = {
            "design": design,
            "symptom": symptom,
            "patients": {who: one.as_dict() for who, one in results.items()},
            "pooled": pooled.as_dict() if pooled else None,
        }
        click.echo(json.dumps(found, indent=1, default=str))
        return
    for who, one in results.items():
        words = (
            getattr(one, "words", None)
            or f"{'stopped' if one.stopped else 'went on'}, rise {one.rise:+.1f} points"  # type: ignore[union-attr]
        )
        click.echo(words if who == ONE else f"{who}: {words}")
    if pooled:
        click.echo(pooled.words)


def _about(path: Path | None) -> SeriesAbout:
    if path is None:
        return SeriesAbout()
    try:
        return parse_yaml(text_of(path.read_bytes(), path.name), SeriesAbout, file=path.name)
    except (KnowledgeError, TableError) as error:
        raise Refused(str(error))


def _one(design: str, symptom: str, row: Mapping[str, str], ratings: list[Rating]) -> Member:
    days = tuple(usable(ratings, symptom))
    if design == "randomised-start":
        possible = _possible(row.get("baseline_days") or "")
        start = StartProtocol(symptom=symptom, enrolled_on=_day(row, "enrolled_on"), baseline_days=possible)
        drawn_on = _day(row, "drawn_on")
        test = start_test(start, ratings, drawn_on)
        return Member(start, test.drawn, days, test)
    if row["arm"] not in ("stop", "go_on"):
        raise SingleCaseError(f"arm: {row['arm']!r} is not stop ({ARMS[0]}) or go_on ({ARMS[1]})")
    taper, stopped = TaperProtocol(symptom=symptom, taper_on=_day(row, "taper_on")), row["arm"] == "stop"
    return Member(taper, 0 if stopped else 1, days, taper_outcome(taper, ratings, stopped=stopped))


def _possible(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(days) for days in text.split()) or BASELINE_DAYS
    except ValueError:
        raise SingleCaseError(f"baseline_days: {text!r} are not whole days such as 14 17 20")


def _day(row: Mapping[str, str], column: str) -> dt.date:
    try:
        return day_of(row[column].strip())
    except ValueError:
        raise SingleCaseError(f"{column}: {row[column]!r} is not a day such as 2026-03-04")


def _read(path: Path, needed: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    """The rows with their line in the file. Raises Refused naming a missing column, or each row that is not whole."""
    rows: list[tuple[int, dict[str, str]]] = []
    errors = []
    try:
        reader = csv.DictReader(io.StringIO(text_of(path.read_bytes(), path.name), newline=""), restkey="")
        header = list(reader.fieldnames or [])
        for row in reader:
            if "" in row or None in row.values():
                errors.append(f"{path.name}:{reader.line_num}: not {len(header)} cells, as the header has")
            elif not row.get("patient_id", ONE).strip():
                errors.append(f"{path.name}:{reader.line_num}: patient_id: empty")
            else:
                rows.append((reader.line_num, row))
    except TableError as error:
        raise Refused(str(error))
    except csv.Error as error:
        raise Refused(f"{path.name}:{reader.line_num + 1}: not a table: {error}")
    missing = [name for name in needed if name not in header]
    if header and missing:
        raise Refused(f"{path.name}: no column {', '.join(missing)}")
    if errors or not rows:
        raise Refused("\n".join(errors[:20]) or f"{path.name}: no rows")
    return rows


def _rows(path: Path, needed: tuple[str, ...]) -> dict[str, tuple[int, dict[str, str]]]:
    found: dict[str, tuple[int, dict[str, str]]] = {}
    for line, row in _read(path, needed):
        who = row.get("patient_id", ONE)
        if who in found:
            raise Refused(f"{path.name}:{line}: a second draw of {who}; each patient is drawn once")
        found[who] = (line, row)
    return found


def _ratings(path: Path) -> dict[str, list[Rating]]:
    found: dict[str, list[Rating]] = {}
    errors, seen = [], set()
    for line, row in _read(path, ("date", "symptom", "value")):
        who = row.get("patient_id", ONE)
        try:
            given = {
                "date": row["date"],
                "symptom": row["symptom"],
                "value": row["value"],
                "recall": row.get("recall") or "24h",
            }
            rating = Rating.model_validate_strings(given)
        except ValidationError as error:
            first = error.errors()[0]
            errors.append(f"{path.name}:{line}: {'.'.join(map(str, first['loc']))}: {first['msg']}")
            continue
        key = (who, rating.date, rating.symptom, rating.recall)
        if key in seen:
            errors.append(f"{path.name}:{line}: the same day and symptom twice")
        seen.add(key)
        found.setdefault(who, []).append(rating)
    if errors:
        raise Refused("\n".join(errors[:20]))
    return found
