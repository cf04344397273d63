"""`deqi points`: show a point, search, read a treatment line, suggest points, evaluate the suggestions."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from deqi.doors.cli.main import Refused
from deqi.science.case import CaseError, load_case
from deqi.science.points import LineError, Placement, UnknownPoint, find, format_line, parse_line
from deqi.science.points import search as search_points
from deqi.science.points import suggest as suggest_points
from deqi.science.points.describe import brief, described

if TYPE_CHECKING:
    from deqi.science.points.suggestions import Suggestion
    from deqi.science.points.suggestions.evaluate import Lead, Row

FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group()
def command() -> None:
    """The atlas, the treatment line and suggestions."""


def put(data: Any) -> None:
    """Prints JSON as people can read it."""
    click.echo(json.dumps(data, indent=1, ensure_ascii=False))


@command.command()
@click.argument("code")
@FORMAT
def show(code: str, form: str) -> None:
    """Everything known about one point, by any of its names."""
    try:
        facts = described(find(code).code)
    except UnknownPoint as error:
        raise Refused(_with_offers(str(error), error.suggestions))
    if form == "json":
        put(facts)
        return
    for line in _shown(facts):
        click.echo(line)


def _with_offers(message: str, offers: tuple[str, ...]) -> str:
    return f"{message} Did you mean {', '.join(offers)}?" if offers else message


def _shown(facts: dict[str, Any]) -> list[str]:
    beneath = facts["anatomy"] or {}
    rows = [
        ("", f"{facts['code']}  {facts['pinyin']}  {facts['hanzi']}" + (f"  {facts['english']}" if facts["english"] else "")),
        ("meridian", f"{facts['meridian']} {facts['number']}"),
        ("where", f"{facts['location']['region']}, {facts['location']['aspect']}: {facts['location']['words']}"),
        ("also read", facts["location"]["other_location"]),
        ("same place", ", ".join(facts["same_place"])),
        ("places", ", ".join(facts["places"])),
        ("class", ", ".join(facts["special"])),
        ("nerve", beneath.get("peripheral_nerve_sensory")),
        ("deep nerve", beneath.get("nerve_deep")),
        ("dermatome", beneath.get("dermatome")),
        ("muscle", beneath.get("muscle")),
        ("at risk", beneath.get("structures_at_risk")),
        ("depth", facts["depth"]),
        ("depth source", beneath.get("depth_source") if facts["depth"] else None),
        *(("caution", f"{caution['kind']}: {caution['advice']}") for caution in facts["cautions"]),
        ("trials", facts["trials"]["summary"]),
        *(("", "  " + _used(use)) for use in facts["trials"]["uses"]),
        ("", facts["trials"]["not_proof"] if facts["trials"]["uses"] else None),
        ("source", facts["source"]),
    ]  # fmt: skip
    return [f"{name + ':':<13} {text}" if name else str(text) for name, text in rows if text]


def _used(use: dict[str, Any]) -> str:
    size = f"n {use['n']}" if use["n"] else "n not shown"
    against = f" against {', '.join(use['against'])}" if use["against"] else ", no control arm"
    doubt = f"; not counted: {use['doubt']}" if use["doubt"] else ""
    conclusion = (
        "protocol, no results"
        if use["status"] == "protocol"
        else f"authors conclude {use['conclusion'].replace('_', ' ')}"
    )
    return f"{use['label']} ({use['condition']}, {size}{against}): {conclusion}; read: {use['read'].replace('_', ' ')}{doubt}"


@command.command()
@click.argument("text")
@click.option("--limit", type=click.IntRange(1, 409), default=20, show_default=True)
@FORMAT
def search(text: str, limit: int, form: str) -> None:
    """Find points by name, old code, region, nerve, muscle, class or the condition of trials."""
    found = [brief(point) for point in search_points(text, limit=limit)]
    if form == "json":
        put(found)
        return
    for row in found:
        nerve = row["nerve"] or ""
        click.echo(
            f"{row['code']:<8} {row['pinyin']:<16} {row['region']:<11} trials {row['trials']:>2}  {nerve}".rstrip()
        )
    if not found:
        click.echo(f'no point fits "{text}"')


@command.command()
@click.argument("line")
@click.option("--affected", type=click.Choice(["left", "right"]), help='The side meant by "affected".')
@click.option("--retention", type=click.IntRange(1, 120), help="Minutes for points whose line says none.")
@FORMAT
def parse(line: str, affected: str | None, retention: int | None, form: str) -> None:
    """Read a treatment line into placements; text format prints its canonical form."""
    try:
        placements = parse_line(line, affected=affected, default_retention_min=retention)  # type: ignore[arg-type]
    except LineError as error:
        raise Refused("\n".join(_pointed(error)))
    if form == "json":
        put([placed(placement) for placement in placements])
        return
    click.echo(format_line(placements))
    click.echo(f"{sum(placement.needles for placement in placements)} needles")


def placed(placement: Placement) -> dict[str, Any]:
    """One placement as plain data."""
    return {
        "code": placement.code,
        "side": placement.side,
        "depth_mm": placement.depth_mm,
        "technique": placement.technique,
        "deqi": placement.deqi,
        "retention_min": placement.retention_min,
        "electrical": asdict(placement.electrical) if placement.electrical else None,
        "needles": placement.needles,
        "places": list(placement.members),
    }


def _pointed(error: LineError) -> list[str]:
    """The line, and under each unreadable word a mark, what is wrong and what to type instead."""
    lines = ["the treatment line cannot be read."]
    for fault in error.errors:
        offers = f" Try: {', '.join(fault.suggestions)}." if fault.suggestions else ""
        where = f"column {fault.start + 1}"
        shown = error.text.replace("\n", " ")
        lines += [
            f"  {shown}",
            f"  {' ' * fault.start}{'^' * max(1, fault.end - fault.start)}",
            f"{where}: {fault.message}{offers}",
        ]
    return lines


@command.command()
@click.option("--case", "path", required=True, type=click.Path(dir_okay=False), help="A case as JSON.")
@click.option("--limit", type=click.IntRange(1, 60), default=15, show_default=True)
@click.option(
    "--exclude-trial", "excluded", multiple=True, help="Leave this trial out of the count; repeatable."
)
@FORMAT
def suggest(path: str, limit: int, excluded: tuple[str, ...], form: str) -> None:
    """Suggest points for a case, each with its reasons, and say what was left out and why."""
    from deqi.science.points.suggestions import UnknownTrial

    try:
        found = suggest_points(load_case(path), limit, excluded)
    except (CaseError, UnknownTrial) as error:
        raise Refused(str(error))
    if form == "json":
        put(asdict(found))
        return
    for line in _suggested(found):
        click.echo(line)


def _suggested(found: Suggestion) -> list[str]:
    lines = []
    for number, one in enumerate(found.points, start=1):
        mark = "*" if one.in_set else " "
        lines.append(
            f"{mark}{number:>3}. {one.code:<8} {one.score:.3f}  {one.role}, {one.side}, {one.needles} needles"
        )
        lines += [f"        {reason.text}" for reason in one.reasons]
        lines += [f"        take care, {caution.kind}: {caution.text}" for caution in one.cautions]
    lines.append(f"* in the set: {found.chosen.line or 'none'}  ({found.chosen.needles} needles)")
    lines += [f"  {note}" for note in found.chosen.notes]
    if found.chosen.uncovered:
        lines.append(f"  no point of the set serves: {', '.join(found.chosen.uncovered)}")
    if found.also_used:
        said = ", ".join(f"{name} ({count})" for name, count in found.also_used.items())
        lines.append(f"trials of this condition also needled what is no point of the atlas: {said}")
    for left in found.left_out:
        side = f" on the {left.side}" if left.side else ""
        instead = f" Instead: {', '.join(left.instead)}." if left.instead else ""
        lines.append(f"left out: {left.code}{side}. {left.why}{instead}")
    lines.append(f"safety screen of the set: {found.verdict}")
    lines += [f"  {caution.text}" for caution in found.safety]
    lines.append(found.not_proof)
    return lines


@command.command()
@FORMAT
def evaluate(form: str) -> None:
    """How well the ranking finds a trial's points when it has not seen that trial; two baselines beside it."""
    from deqi.science.points.suggestions.evaluate import evaluate as evaluate_model

    found = evaluate_model()
    if form == "json":
        put(asdict(found))
        return
    click.echo(
        f"{found.trials} trials with a known point list, {found.points} point uses; leave one trial out. "
        f"{found.taught} more, of several causes at once, only teaches."
    )
    for title, rows, leads in (
        ("Each trial left out alone:", found.plain, found.plain_leads),
        (
            "Each trial left out with its twins (shared participants, or the same list in the same condition):",
            found.strict,
            found.strict_leads,
        ),
    ):
        click.echo(f"\n{title}")
        for line in (*table_lines(rows), "", *lead_lines(leads)):
            click.echo(line)
    stored, chosen = found.stored, found.chosen
    click.echo(
        f"\nStored parameters: prior {stored.prior:g}, other {stored.other:g}. "
        f"Fitted now: prior {chosen.prior:g}, other {chosen.other:g}."
    )
    click.echo("These figures say how well custom is predicted. Use in trials is not proof of effect.")


def table_lines(rows: tuple[Row, ...]) -> list[str]:
    """The evaluation as a Markdown table: recall at 10, recall at 15, average precision."""
    conditions = list(rows[0].by_condition)
    counts = [f"{name} ({rows[0].by_condition[name].trials})" for name in conditions]
    lines = [
        f"| recall@10 / recall@15 / average precision | all ({rows[0].overall.trials}) | {' | '.join(counts)} |",
        "|" + " --- |" * (len(conditions) + 2),
    ]
    for row in rows:
        cells = [row.overall, *(row.by_condition[name] for name in conditions)]
        figures = (
            f"{one.recall_at_10:.3f} / {one.recall_at_15:.3f} / {one.average_precision:.3f}" for one in cells
        )
        lines.append(f"| {row.method} | {' | '.join(figures)} |")
    return lines


def lead_lines(leads: tuple[Lead, ...]) -> list[str]:
    """The nested model's lead over each baseline as a Markdown table, with bootstrap intervals."""
    names = ("recall@10", "recall@15", "average precision")
    conditions = list(leads[0].by_condition)
    lines = [
        f"| lead of the model (95 % interval; trials better, worse) | all | {' | '.join(conditions)} |",
        "|" + " --- |" * (len(conditions) + 2),
    ]
    for lead in leads:
        for place, name in enumerate(names):
            cells = (lead.overall[place], *(lead.by_condition[key][place] for key in conditions))
            told = (
                f"{one.mean:+.3f} ({one.ci95[0]:+.3f} to {one.ci95[1]:+.3f}; {one.better}, {one.worse})"
                for one in cells
            )
            lines.append(f"| {name} over {lead.over.split(': ')[1]} | {' | '.join(told)} |")
    return lines
