"""`deqi evidence`: check the knowledge files, list trials, pool them, draw the forest plot."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from deqi.doors.cli.main import Refused
from deqi.science import evidence
from deqi.science.evidence.pooling import ESTIMATORS, CannotPool
from deqi.science.evidence.result import PoolResult
from deqi.science.evidence.schema import COMPARATORS, CONDITIONS, DOMAINS
from deqi.science.knowledge import KnowledgeError
from deqi.science.text import TableError, text_of

FORMATS = click.Choice(["text", "json", "csv"])


@click.group()
def command() -> None:
    """What trials found: check, list, pool, draw."""


@command.command()
def check() -> None:
    """Check every knowledge file; exit 1 and name file and line when one is wrong."""
    faults = evidence.problems()
    for fault in faults:
        click.echo(str(fault), err=True)
    if faults:
        click.echo(f"{len(faults)} problem(s)", err=True)
        sys.exit(1)
    findings = sum(len(m.findings) for m in evidence.mechanisms().values())
    click.echo(
        f"evidence: {len(evidence.trials())} trials, {len(evidence.reviews())} reviews, "
        f"{len(evidence.guidelines())} guideline positions, {len(evidence.mechanisms())} mechanisms with "
        f"{findings} findings: no problems"
    )


@command.command(name="trials")
@click.option("--condition", type=click.Choice(sorted(CONDITIONS)), help="Only this condition.")
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
def list_trials(condition: str | None, form: str) -> None:
    """List the trials, those outside the default pools too, with the reason."""
    chosen = [t for t in evidence.trials().values() if condition in (None, t.condition)]
    rows = [evidence.trial_row(t) for t in chosen]
    if form == "json":
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    elif form == "csv":
        click.echo(evidence.trials_csv(chosen), nl=False)
    else:
        for row in rows:
            mark = " " if row["in_default_pools"] else "-"
            size = row["n_randomized"] or "?"
            click.echo(
                f"{mark} {row['id']:<22} {row['condition']:<13} n {size!s:<5} {row['conclusion']:<14} {row['arms']}"
            )
        outside = sum(not row["in_default_pools"] for row in rows)
        click.echo(f"{len(rows)} studies; {outside} marked '-' stay outside the default pools")


F = TypeVar("F", bound=Callable[..., Any])
MEASURES = click.Choice(["SMD", "MD", "ROM", "OR", "RR", "RD", "GEN"])
POOL_OPTIONS = (
    click.option("--condition", type=click.Choice([*CONDITIONS, "any"]), help="Pool trials of this condition."),
    click.option("--domain", type=click.Choice(list(DOMAINS)), help="What was measured."),
    click.option("--comparator", type=click.Choice(list(COMPARATORS)), default="any", show_default=True),
    click.option("--exclude", multiple=True, metavar="ID", help="Leave a trial out; may be repeated."),
    click.option("--include-outside", is_flag=True, help="Admit trials outside the default pools."),
    click.option(
        "--shared", type=click.Choice(["correlated", "split", "combine"]), default="correlated",
        show_default=True, help="Arms that share a comparator.",
    ),
    click.option("--data", type=click.Path(path_type=Path), help="Pool a CSV table of studies instead."),
    click.option("--measure", type=MEASURES, help="Effect; GEN: effects with standard errors."),
    click.option(
        "--estimator", type=click.Choice([*ESTIMATORS, "MH", "Peto", "Bayes"]), default="REML", show_default=True
    ),
    click.option("--test", type=click.Choice(["z", "knha"]), default="z", show_default=True),
    click.option(
        "--prior-scale", type=click.FloatRange(min=0, min_open=True), default=0.5, show_default=True,
        help="With Bayes: scale of the half-normal prior on tau.",
    ),
    click.option("--truncate", is_flag=True, help="Never let Knapp-Hartung narrow an interval."),
)  # fmt: skip


def pool_options(function: F) -> F:
    """The options that choose and pool studies, shared by `pool` and `forest`."""
    for option in reversed(POOL_OPTIONS):
        function = option(function)
    return function


@command.command()
@pool_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def pool(form: str, **choice: Any) -> None:
    """Pool trials of a condition, or the studies of a table."""
    result = pooled(**choice)
    if form == "json":
        click.echo(json.dumps(result.to_json(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(as_text(result))


def pooled(
    *,
    condition: str | None,
    domain: str | None,
    comparator: str,
    exclude: tuple[str, ...],
    include_outside: bool,
    shared: str,
    data: Path | None,
    measure: str | None,
    estimator: str,
    test: str,
    truncate: bool,
    prior_scale: float,
) -> PoolResult:
    """The pool that the options ask for. Raises Refused with the place of the fault."""
    try:
        if data is not None:
            if condition or domain or exclude:
                raise Refused("--data pools a table; --condition, --domain and --exclude choose trials")
            if measure is None:
                raise Refused("--data needs --measure")
            rows = evidence.read_table(_read(data), measure, file=data.name)  # type: ignore[arg-type]
            return evidence.pool_table(
                rows,
                measure,
                estimator=estimator,
                test=test,
                truncate=truncate,
                prior_scale=prior_scale,
                file=data.name,  # type: ignore[arg-type]
            )
        if condition is None or domain is None:
            raise Refused("name a --condition and a --domain, or a table with --data")
        if estimator in ("MH", "Peto"):
            raise Refused(f"--estimator {estimator} pools tables of events: give one with --data")
        return evidence.pool(
            condition, domain, comparator, measure=measure, estimator=estimator, test=test,  # type: ignore[arg-type]
            truncate=truncate, prior_scale=prior_scale, exclude=exclude, include_outside=include_outside, shared=shared,  # type: ignore[arg-type]
        )  # fmt: skip
    except KnowledgeError as error:
        raise Refused(str(error))
    except CannotPool as error:
        raise Refused(str(error))
    except KeyError as error:
        raise Refused(f"--exclude {error.args[0]}: there is no such trial; see deqi evidence trials")


@command.command()
@pool_options
@click.option("--output", type=click.Path(path_type=Path), required=True, help="FILE.svg, .png or .pdf")
@click.option("--title", help="Title of the plot.")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
def forest(output: Path, title: str | None, theme: str, **choice: Any) -> None:
    """Draw a forest plot; with --comparator any, one section for each comparator."""
    kind = output.suffix.lower().lstrip(".")
    if kind not in ("svg", "png", "pdf"):
        raise Refused(f"{output.name}: the name must end in .svg, .png or .pdf")
    from deqi.science.evidence.charts import Section, forest_spec

    condition, domain, comparator = choice["condition"], choice["domain"], choice["comparator"]
    if choice["data"] is None and comparator == "any" and condition and domain:
        names = [name for name in COMPARATORS if name != "any"]
        sections = [
            Section(f"Against {COMPARATORS[name]}", pooled(**{**choice, "comparator": name}))
            for name in names
        ]
    else:
        heading = f"Against {COMPARATORS[comparator]}" if choice["data"] is None else "Studies"
        sections = [Section(heading, pooled(**choice))]
    if title is None:
        title = (
            choice["data"].stem
            if choice["data"]
            else f"{DOMAINS[domain]}: {CONDITIONS.get(condition, condition)}"
        )
    try:
        spec = forest_spec(sections, title=title[0].upper() + title[1:], theme=theme)  # type: ignore[arg-type]
    except ValueError as error:
        raise Refused(str(error))
    _draw(spec, output, kind)
    click.echo(f"{output}: {sum(s.result.k for s in sections)} studies")


def _draw(spec: dict[str, Any], output: Path, kind: str) -> None:
    """Renders a Vega-Lite spec. The renderer is large: it is imported here, never by the web server."""
    import vl_convert

    if kind == "svg":
        content = vl_convert.vegalite_to_svg(spec).encode()
    elif kind == "png":
        content = vl_convert.vegalite_to_png(spec, scale=2)
    else:
        content = vl_convert.vegalite_to_pdf(spec)
    try:
        output.write_bytes(content)
    except OSError as error:
        raise Refused(f"{output}: {error.strerror}")


def _read(path: Path) -> str:
    try:
        return text_of(path.read_bytes(), path.name)
    except OSError as error:
        raise Refused(f"{path.name}: {error.strerror}")
    except TableError as error:
        raise Refused(str(error))


def as_text(result: PoolResult) -> str:
    """A pool for reading: the sentence, the studies, the uncertainty and what was not found."""
    back = result.on_reading_scale
    lines = [result.words]
    if result.studies:
        lines.append("")
    for s in result.studies:
        low, high = s.ci95
        lines.append(
            f"  {s.label:<28} {back(s.estimate):8.2f}  ({back(low):.2f} to {back(high):.2f})  {s.weight_pct:5.1f} %"
        )
    if result.pi95:
        lines.append(f"  range of true effects: {back(result.pi95[0]):.2f} to {back(result.pi95[1]):.2f}")
    if result.i2 is not None and result.q_p is not None:
        said = "below 0.001" if result.q_p < 0.001 else f"{result.q_p:.3f}"
        lines.append(f"  I2 {result.i2:.0f} %, Q {result.q:.2f} on {result.q_df} df, p {said}")
    if result.certainty.level:
        lines.append(f"  certainty: {result.certainty.level}")
    lines += [f"    {reason}" for reason in result.certainty.reasons]
    lines += [f"  note: {warning}" for warning in result.warnings]
    if result.silent:
        lines.append(f"  measured it, without figures that could be used: {len(result.silent)}")
        lines += [
            f"    {x.label} ({x.id}; its conclusion: {x.conclusion.replace('_', ' ')}): {x.reason}"
            for x in result.silent
        ]
    return "\n".join(lines)
