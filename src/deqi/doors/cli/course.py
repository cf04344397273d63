"""`deqi course`: plan a course, review one or many, make up courses with a known truth, validate the model."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np

from deqi.doors.cli.main import Refused
from deqi.doors.cli.recompute import recompute
from deqi.doors.cli.single_case import single_case
from deqi.science.case import CaseError, load_case
from deqi.science.course import conditions
from deqi.science.course import plan as propose
from deqi.science.course import review as judge
from deqi.science.course.many import ManyError, review_many, tasks
from deqi.science.course.simulate import WORLDS
from deqi.science.course.simulate import simulate as make_up
from deqi.science.course.tables import check_columns, parse_ratings, parse_sessions
from deqi.science.days import day_of
from deqi.science.text import TableError, text_of

FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
DATE = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def command() -> None:
    """Plan and review one person's course."""


command.add_command(recompute)
command.add_command(single_case)


@command.command()
@click.option("--case", "case_file", type=FILE, required=True, help="The case, as for `deqi points suggest`.")
@FORMAT
def plan(case_file: Path, form: str) -> None:
    """Propose how often, for how long and when to look, each with its reason."""
    try:
        proposal = propose(load_case(case_file))
    except CaseError as error:
        raise Refused(str(error))
    if form == "json":
        click.echo(proposal.model_dump_json(indent=1))
        return
    for part in (proposal.sessions_per_week, proposal.weeks, proposal.sessions, *proposal.review_points):
        click.echo(part.words)
        for reason in part.reasons:
            click.echo(f"    {reason.text} ({reason.source or 'our own rule'})")
    click.echo(f"Maintenance: {proposal.maintenance.words}\nTaper: {proposal.taper.words}")
    for warning in proposal.warnings:
        click.echo(f"Take care: {warning}")


@command.command()
@click.option("--ratings", type=FILE, required=True, help="CSV: date,symptom,value,recall (24h or 7d).")
@click.option("--sessions", type=FILE, required=True, help="CSV: date.")
@click.option("--condition", type=click.Choice(list(conditions())), required=True)
@click.option("--on", type=DATE, required=True, help="Review date; nothing may be later.")
@click.option("--born", type=DATE, help="Date of birth; nothing may be earlier.")
@FORMAT
def review(
    ratings: Path, sessions: Path, condition: str, on: dt.datetime, born: dt.datetime | None, form: str
) -> None:
    """Is this person really better, and what should happen next?"""
    limits = {"on": on.date(), "born": born.date() if born else None}
    errors: list[str] = []
    try:
        rated = parse_ratings(text_of(ratings.read_bytes(), ratings.name), ratings.name, **limits)
    except TableError as error:
        rated = ()
        errors.append(str(error))
    try:
        visits = parse_sessions(text_of(sessions.read_bytes(), sessions.name), sessions.name, **limits)
    except TableError as error:
        visits = ()
        errors.append(str(error))
    if errors:
        raise Refused("\n".join(errors))
    found = judge(rated, visits, condition, on.date())
    if form == "json":
        click.echo(
            json.dumps({key: one.as_dict() for key, one in found.items()}, indent=1, ensure_ascii=False)
        )
        return
    for one in found.values():
        click.echo(f"{one.words}\n  Next: {one.next_step_words}")
        if one.p_improved is not None and one.sceptical is not None:
            click.echo(
                f"  Better by an amount that matters: {one.p_improved:.0%} ({one.verdict.replace('_', ' ')}); "
                f"for a doubter {one.sceptical.p_improved:.0%}. {one.n_ratings} ratings, model {one.model_version}."
            )
        for warning in one.warnings:
            click.echo(f"  Take care: {warning}")


@command.command("review-many")
@click.option(
    "--ratings", type=FILE, required=True, help="CSV or Parquet: patient_id,date,symptom,value,recall + two."
)
@click.option("--sessions", type=FILE, required=True, help="CSV or Parquet: patient_id,date.")
@click.option("--condition-column", default="condition", show_default=True)
@click.option("--on-column", default="on", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--workers", type=click.IntRange(1), default=None, help="Processes; default: all processors.")
def many(
    ratings: Path, sessions: Path, condition_column: str, on_column: str, output: Path, workers: int | None
) -> None:
    """Review every patient and symptom of two tables; one row each."""
    needed = ["patient_id", "date", "symptom", "value", "recall", condition_column, on_column]
    try:
        rated = check_columns(_columns(ratings, on_column), ratings.name, needed, on=on_column)
        visits = check_columns(_columns(sessions, None), sessions.name, ["patient_id", "date"])
        _known_conditions(rated[condition_column], ratings.name, condition_column)
        work = tasks(rated, visits, condition_column, on_column)
        _no_future_sessions(rated, visits, sessions.name, on_column)
    except (TableError, ManyError) as error:
        raise Refused(str(error))
    with click.progressbar(length=len(work), label="Reviewing", show_pos=True) as bar:
        _write(review_many(work, workers=workers, progress=bar.update), output)
    click.echo(f"{len(work)} reviews in {output}")


def _columns(path: Path, on_column: str | None) -> dict[str, np.ndarray[Any, Any]]:
    """A CSV or Parquet file as columns; dates as datetime64[D] (not a date: NaT), values as float."""
    if path.suffix == ".parquet":
        table = _arrow().parquet.read_table(path)
        raw = {name: table.column(name).to_numpy(zero_copy_only=False) for name in table.column_names}
    else:
        rows = list(csv.reader(text_of(path.read_bytes(), path.name).splitlines()))
        ragged = [row for row, cells in enumerate(rows, 1) if len(cells) != len(rows[0])]
        if ragged:
            raise TableError([f"{path.name}:{row}: not as many cells as the header" for row in ragged])
        raw = {name.strip(): np.array(cells) for name, *cells in zip(*rows, strict=True)}
    return {name: _typed(name, values, on_column) for name, values in raw.items()}


def _typed(name: str, values: np.ndarray[Any, Any], on_column: str | None) -> np.ndarray[Any, Any]:
    if name in ("date", on_column):
        if values.dtype.kind == "M":
            return values.astype("datetime64[D]")
        return np.array([_day(value) for value in values], dtype="datetime64[D]")
    if name == "value":
        if values.dtype.kind in "iuf":
            return values.astype(float)
        return np.array([_number(value) for value in values])
    return values.astype(str)


def _day(value: Any) -> Any:
    try:
        return np.datetime64(value if isinstance(value, dt.date) else day_of(str(value).strip()))
    except ValueError:
        return np.datetime64("NaT")


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")


def _known_conditions(values: np.ndarray[Any, Any], file: str, name: str) -> None:
    bad = np.flatnonzero(~np.isin(values, conditions()))[:20]
    if len(bad):
        raise TableError(
            [
                f"{file}:{row + 2}: {name}: {str(values[row])!r} is not one of {', '.join(conditions())}"
                for row in bad
            ]
        )


def _no_future_sessions(
    rated: Mapping[str, Any], visits: Mapping[str, Any], file: str, on_column: str
) -> None:
    """A session after the patient's review date is refused by its row."""
    people, first = np.unique(rated["patient_id"], return_index=True)
    at = np.searchsorted(people, visits["patient_id"])
    at[at == len(people)] = 0
    known = people[at] == visits["patient_id"]
    bad = np.flatnonzero(known & (visits["date"] > rated[on_column][first][at]))[:20]
    if len(bad):
        raise TableError(
            [f"{file}:{row + 2}: date: {visits['date'][row]} is after the review date" for row in bad]
        )


def _arrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise Refused("Parquet needs pyarrow (pip install pyarrow); CSV works without it.")
    return pyarrow


def _write(rows: Iterable[dict[str, Any]], output: Path) -> None:
    """Writes all rows, then puts the file in place: an interrupted run leaves nothing half done."""
    parquet = output.suffix == ".parquet"
    arrow = _arrow() if parquet else None
    handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    os.close(handle)
    try:
        held = list(rows)
        if arrow is not None:
            arrow.parquet.write_table(arrow.Table.from_pylist(held), name)
        else:
            with open(name, "w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(held[0]))
                writer.writeheader()
                writer.writerows(
                    {
                        key: json.dumps(cell) if isinstance(cell, dict | list) else cell
                        for key, cell in row.items()
                    }
                    for row in held
                )
        os.replace(name, output)
    except BaseException:
        os.unlink(name)
        raise


@command.command()
@click.option("--world", type=click.Choice(list(WORLDS)), required=True)
@click.option("--patients", type=click.IntRange(1), required=True)
@click.option("--seed", type=click.IntRange(0), required=True)
@click.option(
    "--weeks", type=click.IntRange(1, 52), default=6, show_default=True, help="Review after so many weeks."
)
@click.option("--condition", type=click.Choice(list(conditions())), default=None)
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), required=True)
def simulate(world: str, patients: int, seed: int, weeks: int, condition: str | None, output: Path) -> None:
    """Make up courses with a known truth: ratings.csv, sessions.csv, truth.csv. All of it is synthetic."""
    made = make_up(world, patients, seed, weeks=weeks, condition=condition)
    output.mkdir(parents=True, exist_ok=True)
    for name, table in (("ratings", made.ratings), ("sessions", made.sessions), ("truth", made.truth)):
        with (output / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(table)
            writer.writerows(zip(*(column.tolist() for column in table.values()), strict=True))
    click.echo(f"{patients} synthetic courses ({WORLDS[world]}) in {output}")


@command.command()
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), required=True)
@click.option("--prior-draws", type=click.IntRange(20), default=4000, show_default=True)
@click.option(
    "--patients",
    type=click.IntRange(20),
    default=1600,
    show_default=True,
    help="In each world; four times as many where everything is as assumed.",
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True)
def validate(output: Path, prior_draws: int, patients: int, seed: int, workers: int) -> None:
    """Hold the model against courses with a known truth: report.md, figures.json and two pictures."""
    from deqi.science.course.report import misses
    from deqi.science.course.validate import validate as hold_against_truth

    found = hold_against_truth(
        prior_draws=prior_draws,
        patients=patients,
        seed=seed,
        workers=workers,
        say=lambda text: click.echo(text, err=True),
    )
    write_validation(found, output)
    click.echo(f"{output / 'report.md'}: {len(misses(found))} targets missed")


def write_validation(found: Mapping[str, Any], output: Path) -> None:
    """Writes the report and its figures from the values found."""
    import vl_convert

    from deqi.science.course import report
    from deqi.science.course.charts import printed

    output.mkdir(parents=True, exist_ok=True)
    (output / "figures.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (output / "report.md").write_text(report.report(found), encoding="utf-8")
    for name, spec in (
        ("calibration", report.calibration_chart(found)),
        ("coverage", report.coverage_chart(found)),
    ):
        (output / f"{name}.svg").write_text(vl_convert.vegalite_to_svg(printed(spec)), encoding="utf-8")
