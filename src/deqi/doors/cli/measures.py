"""`deqi measures`: score an instrument from its answers, list the scorers."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import click

from deqi.doors.cli.main import Refused
from deqi.science.measures import (
    ConductionError,
    Scale,
    Score,
    ScoreError,
    read_conduction,
    score,
    scorers,
)
from deqi.science.text import TableError, text_of


@click.group()
def command() -> None:
    """Scores of questionnaires and examinations. The wording stays with its owner."""


@command.command("score")
@click.argument("instrument")
@click.option(
    "--answers",
    "answers_file",
    required=True,
    type=click.Path(),
    help="JSON {part: number} or {total: number}, or CSV with the columns item,value.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def score_command(instrument: str, answers_file: str, form: str) -> None:
    """The total and subscales of INSTRUMENT with range, missing parts and meaning.

    Exit code 2 when the instrument is unknown, a part is unknown, missing or out of range, or only the total of this
    instrument can be taken.
    """
    given = _answers(Path(answers_file))
    total = given.pop("total", None)
    try:
        found = score(instrument, parts=given or None, total=total)
    except ScoreError as error:
        raise Refused(f"{answers_file}: {error}")
    click.echo(json.dumps(found.as_dict(), ensure_ascii=False, indent=2) if form == "json" else _text(found))


@command.command("list")
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
def list_command(form: str) -> None:
    """What can be scored: parts, range, the rule for missing parts, what was not verified.

    `--format markdown` is the table in docs/questionnaires.md.
    """
    held = scorers().values()
    if form == "markdown":
        click.echo(scorer_table())
        return
    if form == "json":
        click.echo(json.dumps([one.model_dump(mode="json") for one in held], ensure_ascii=False, indent=2))
        return
    for one in held:
        span = f"{one.range[0]:g} to {one.range[1]:g}" if one.range else "range not verified"
        how = f"{one.method} of {len(one.counted)} parts" if one.parts else "the total is entered"
        click.echo(f"{one.key:18}{one.label} [{span}; {how}]")
        for scale in one.subscales:
            click.echo(f"{'':18}  {scale.label}: {scale.method} of {len(scale.counted)}")
        for gap in one.unverified:
            click.echo(f"{'':18}  not computed: {gap.what} ({gap.why})")


@command.command()
@click.argument("table", type=click.Path())
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def conduction(table: str, form: str) -> None:
    """Reads a laboratory's TABLE of nerve conduction (CSV) and shows the figures as they would be kept.

    Exit code 2 names row and column of everything that is wrong.
    """
    try:
        studies = read_conduction(Path(table).read_bytes())
    except OSError as error:
        raise Refused(f"{table}: {error.strerror}")
    except ConductionError as error:
        raise Refused("\n".join(f"{table}, {fault}" for fault in error.faults))
    rows = [
        {"code": one.code, "value": one.value, "unit": one.measure.unit, "date": study.on.isoformat(),
         "measured": study.words}
        for study in studies for one in study.values
    ]  # fmt: skip
    if form == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(f"{row['date']}  {row['code']:34}{row['value']:g} {row['unit']}  {row['measured']}")


def scorer_table() -> str:
    """Every scorer as one row of a Markdown table."""
    rows = ["| key | instrument | worked out | range | missing parts | not computed |", "| --- " * 6 + "|"]
    for one in scorers().values():
        how = _how(one) if one.parts else "total entered"
        how += "".join(f"; {scale.label.lower()}: {_how(scale)}" for scale in one.subscales)
        rules = [scale.missing.rule for scale in (one, *one.subscales) if scale.missing]
        span = f"{one.range[0]:g} to {one.range[1]:g}" if one.range else "not verified"
        gaps = "; ".join(f"{gap.what} ({gap.why})" for gap in one.unverified)
        rows.append(
            f"| `{one.key}` | {one.label} | {how} | {span} | {'; '.join(rules) or 'refused'} | {gaps} |"
        )
    return "\n".join(rows)


def _how(scale: Scale) -> str:
    return f"{scale.method.replace('_', ' ')} of {len(scale.counted)}"


def _answers(path: Path) -> dict[str, float | None]:
    """Part -> number, None for a missing one. Raises Refused naming the row or the key."""
    try:
        text = text_of(path.read_bytes(), str(path))
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}")
    except TableError as error:
        raise Refused(str(error))
    if not text.lstrip().startswith("{"):
        return _from_csv(path, text)
    try:
        raw = json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        raise Refused(f"{path}: {error}")
    found = {}
    for key, value in raw.items():
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value)
        ):
            raise Refused(f"{path}: {key}: {value!r} is not a number")
        found[key] = None if value is None else float(value)
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    keys = [key for key, _ in pairs]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} stands there twice")
    return dict(pairs)


def _from_csv(path: Path, text: str) -> dict[str, float | None]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if reader.fieldnames != ["item", "value"]:
        raise Refused(f"{path}: the first row must be item,value")
    found: dict[str, float | None] = {}
    for row in reader:
        key, value = (row["item"] or "").strip(), (row["value"] or "").strip()
        if None in row or not key:
            raise Refused(f"{path}, row {reader.line_num}: two cells, item and value")
        if key in found:
            raise Refused(f"{path}, row {reader.line_num}: {key} stands there twice")
        try:
            number = float(value) if value else None
        except ValueError:
            raise Refused(f"{path}, row {reader.line_num}, value: {value!r} is not a number")
        if number is not None and not math.isfinite(number):
            raise Refused(f"{path}, row {reader.line_num}, value: {value!r} is not a number")
        found[key] = number
    return found


def _text(found: Score) -> str:
    span = f" of {found.range[0]:g} to {found.range[1]:g}" if found.range else ""
    lines = [f"Total: {found.total:g}{span}" if found.total is not None else "Total: not computed"]
    if found.parts and found.answered < found.parts:
        lines.append(
            f"  {found.answered} of {found.parts} parts answered; the rest filled in by the published rule"
        )
    if found.meaning:
        lines.append(f"  {found.meaning}")
    for one in found.subscales.values():
        lines.append(
            f"{one.label}: {one.value:g}" if one.value is not None else f"{one.label}: {one.refused}"
        )
    lines += [f"Not computed: {gap.what} ({gap.why})" for gap in found.unverified]
    lines += [*found.cautions, *(f"Source: {source}" for source in found.sources)]
    return "\n".join(lines)
