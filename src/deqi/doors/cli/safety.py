"""`deqi safety`: screen a case, list the rules, list the facts a case may hold."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence

import click

from deqi.doors.cli.main import Refused
from deqi.science import points as atlas
from deqi.science import safety
from deqi.science.case import CaseError, load_case
from deqi.science.days import day_of

WORDS = {"stop": "STOP", "avoid": "AVOID", "modify": "CHANGE", "inform": "TELL"}


@click.group()
def command() -> None:
    """Screen a case against the safety rules. A licensed practitioner decides."""


@command.command()
@click.option("--case", "case_file", required=True, type=click.Path(), help="The case, as JSON.")
@click.option("--points", default="", help="Planned points, e.g. 'LI4,SP6:left'. None: the plan is open.")
@click.option(
    "--modality",
    default=None,
    help=f"How, instead of the case's: {', '.join(safety.PLANNABLE)}; several by comma.",
)
@click.option(
    "--pair", "pairs", multiple=True, help="An electrical pair, e.g. LR3:left+GB42:left. May be repeated."
)
@click.option(
    "--on", "day", default=None, help="The day of the session, as 2026-11-23. Default: today (UTC)."
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def screen(
    case_file: str, points: str, modality: str | None, pairs: Sequence[str], day: str | None, form: str
) -> None:
    """What the rules say about the case in FILE: go, modify, avoid or stop, with every reason.

    Exit code 0 whatever the verdict; 2 when the case or the plan cannot be read.
    """
    try:
        result = safety.screen(
            load_case(case_file),
            [_point(word) for word in _words(points)],
            _words(modality) if modality is not None else None,
            _day(day) if day else None,
            pairs=[_pair(pair) for pair in pairs],
        )
    except CaseError as error:
        raise Refused(f"{case_file}: {error}")
    except ValueError as error:
        raise Refused(str(error))
    click.echo(
        json.dumps(result.as_dict(), ensure_ascii=False, indent=2) if form == "json" else _text(result)
    )


@command.command()
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
def rules(form: str) -> None:
    """All rules and red flags. `--format markdown` is the table in docs/safety.md."""
    if form == "json":
        held = [
            rule.model_dump(mode="json", by_alias=True, exclude_none=True) for rule in safety.precautions()
        ]
        click.echo(json.dumps(held, ensure_ascii=False, indent=2))
    else:
        click.echo(safety.rule_table(markdown=form == "markdown"))


@command.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def facts(form: str) -> None:
    """The facts a case may hold, with what each may be."""
    held = safety.facts().values()
    if form == "json":
        rows = [
            {**fact.model_dump(mode="json", by_alias=True, exclude_none=True), "allowed": fact.allowed}
            for fact in held
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for fact in held:
        click.echo(f"{fact.key:32}{fact.label}\n{'':32}{fact.allowed}")


def _day(text: str) -> datetime.date:
    try:
        return day_of(text)
    except ValueError:
        raise Refused(f"--on: {text!r} is not a day, e.g. 2026-11-23")


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.split(",")) if word]


def _point(word: str) -> str:
    """A point by any of its names (`lv3:left`) as the code the rules use (`LR3:left`)."""
    name, _, side = word.strip().partition(":")
    try:
        code = atlas.find(name.strip()).code
    except atlas.UnknownPoint as error:
        raise Refused(f"--points: {error}")
    return f"{code}:{side}" if side else code


def _pair(text: str) -> tuple[str, str]:
    ends = text.split("+")
    if len(ends) != 2:
        raise Refused(f"--pair: {text!r} is not two points joined by +, e.g. LR3:left+GB42:left")
    return _point(ends[0]), _point(ends[1])


def _text(result: safety.Screen) -> str:
    lines = [f"Verdict: {result.verdict}"]
    for finding in result.findings:
        where = (
            f" [{', '.join(finding.points[:12])}{', ...' if len(finding.points) > 12 else ''}]"
            if finding.points
            else ""
        )
        side = f" ({finding.side} side)" if finding.side else ""
        lines += [
            "",
            f"{WORDS[finding.effect]}{' (unknown)' if finding.missing else ''}: {finding.text}{where}{side}",
        ]
        if finding.threshold_from_source is not None:
            lines.append(
                "  The threshold is the source's."
                if finding.threshold_from_source
                else "  The threshold is this project's proposal."
            )
        if finding.what_would_lift:
            lines.append(f"  Lifted by: {finding.what_would_lift}")
        lines.append(f"  {finding.id}; strength {finding.strength}; {finding.source}")
    if result.standing:
        lines += ["", "Not planned, and not to be added while these rules are on:"]
        lines += [f"  {WORDS[finding.effect]}: {finding.text}" for finding in result.standing]
    return "\n".join(lines)
