"""One question answered with everything beside it that a fair reader would ask for.

An answer is condition x domain x comparator: our pool, the same domain against every other comparator, what
reviews published, what guidelines say, what studies without a comparison group saw, and what was not found.
The gap between sham-controlled results and the rest is the message, so they always travel together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from deqi.science.evidence.contrasts import DOMAIN_BETTER
from deqi.science.evidence.effects import RATIOS
from deqi.science.evidence.library import (
    guidelines,
    outside_default_pools,
    review_rows,
    reviews,
    trials,
)
from deqi.science.evidence.pools import pool
from deqi.science.evidence.result import LeftOut, PoolResult
from deqi.science.evidence.schema import (
    COMPARATORS,
    DOMAINS,
    AnyCondition,
    Comparator,
    Domain,
    condition_name,
)
from deqi.science.evidence.shelf import Guideline, Statement

SEPARATE: tuple[Comparator, ...] = tuple(c for c in get_args(Comparator) if c != "any")


@dataclass(frozen=True, slots=True)
class PublishedEstimate:
    """A review's own pooled estimate, on the scale it printed."""

    review: str
    label: str
    condition: str
    outcome: str
    comparison: str | None
    same_comparison: bool
    measure: str | None
    unit: str | None
    effect: float | None
    ci95: tuple[float, float] | None
    p_text: str | None
    trials: int | None
    patients: int | None
    certainty: str | None
    note: str | None
    url: str


@dataclass(frozen=True, slots=True)
class Position:
    """What one body says about acupuncture for this condition. `borrowed`: it speaks of another pain."""

    id: str
    body: str
    year: int | None
    kind: str
    use: str
    stance: str
    recommendation: str | None
    strength: str | None
    read: str
    url: str | None
    borrowed: bool


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """A group without a comparison: its change mixes treatment, time, attention and chance."""

    trial: str
    label: str
    instrument: str
    n: int
    before: float
    after: float
    baseline_sd: float | None
    better: Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Tally:
    """How trials that measured the domain against one comparator concluded as a whole, figures or not."""

    comparator: Comparator
    positive: tuple[str, ...]
    no_difference: tuple[str, ...]
    negative: tuple[str, ...]
    mixed: tuple[str, ...]
    not_reported: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Our pool with its company. `sentences` is the answer in plain words, the gap last."""

    condition: AnyCondition
    domain: Domain
    comparator: Comparator
    result: PoolResult
    beside: Mapping[Comparator, PoolResult]
    tallies: tuple[Tally, ...]
    published: tuple[PublishedEstimate, ...]
    positions: tuple[Position, ...]
    before_after: tuple[BeforeAfter, ...]
    without_figures: tuple[LeftOut, ...]
    outside: tuple[LeftOut, ...]
    sentences: tuple[str, ...]


@cache
def answer(condition: AnyCondition, domain: Domain, comparator: Comparator = "sham") -> Answer:
    """Everything the library holds on one question. Knapp-Hartung intervals, never narrower than plain ones.

    Example: `answer("dpn", "pain").result.certainty.level` is "very low".
    """
    results = {c: pool(condition, domain, c, test="knha", truncate=True) for c in get_args(Comparator)}
    result = results[comparator]
    measured = [x for x in result.left_out if x.measured]
    outside = tuple(x for x in measured if outside_default_pools(trials()[x.id]))
    silent = result.silent
    tallies = tuple(t for t in (_tally(condition, domain, c) for c in SEPARATE) if t)
    return Answer(
        condition=condition, domain=domain, comparator=comparator, result=result,
        beside={c: results[c] for c in SEPARATE if c != comparator}, tallies=tallies,
        published=published(condition, domain, comparator), positions=positions(condition),
        before_after=before_after(condition, domain), without_figures=silent, outside=outside,
        sentences=_sentences(condition, domain, comparator, results, silent),
    )  # fmt: skip


def _tally(condition: AnyCondition, domain: Domain, comparator: Comparator) -> Tally | None:
    groups: dict[str, list[str]] = {
        "positive": [], "no_difference": [], "negative": [], "mixed": [], "not_reported": []
    }  # fmt: skip
    for trial in trials().values():
        if condition not in ("any", trial.condition) or outside_default_pools(trial):
            continue
        if not any(a.is_control and a.kind == comparator for a in trial.arms):
            continue
        if any(o.domain == domain for o in trial.outcomes):
            groups[trial.conclusion].append(trial.id)
    if not any(groups.values()):
        return None
    return Tally(comparator, **{name: tuple(ids) for name, ids in groups.items()})


def published(
    condition: AnyCondition, domain: Domain, comparator: Comparator = "any"
) -> tuple[PublishedEstimate, ...]:
    """Pooled estimates that reviews printed in this domain: this condition, then the same comparison, first."""
    found: list[PublishedEstimate] = []
    for review in reviews().values():
        if review.same_as or review.condition not in (condition, "mixed"):
            continue
        for e in review.pooled:
            if e.domain != domain:
                continue
            found.append(
                PublishedEstimate(
                    review.id,
                    review.label,
                    review.condition,
                    e.outcome,
                    e.comparison,
                    e.comparator == comparator,
                    e.measure,
                    e.unit,
                    e.effect,
                    e.ci95,
                    e.p_text or (None if e.p is None else f"{e.p:g}"),
                    e.trials,
                    e.patients,
                    e.certainty,
                    e.note or e.direction,
                    review.source_url,
                )
            )
    for lone in review_rows().pooled_without_rows:
        fits = lone.condition == condition and lone.review not in reviews()
        if fits and (domain == "global_response") == (lone.outcome in ("responders", "effective rate")):
            found.append(
                PublishedEstimate(
                    lone.review,
                    lone.review,
                    lone.condition,
                    lone.outcome,
                    lone.comparison,
                    False,
                    lone.measure,
                    None,
                    lone.effect,
                    lone.ci95,
                    None,
                    lone.studies,
                    lone.participants,
                    None,
                    lone.note,
                    lone.url,
                )
            )
    return tuple(sorted(found, key=lambda e: (e.condition != condition, not e.same_comparison)))


def positions(condition: AnyCondition) -> tuple[Position, ...]:
    """Guideline positions on this condition; those about another pain come last and are marked borrowed."""
    found = [
        _position(g, s)
        for g in guidelines().values()
        if condition in g.conditions or "mixed" in g.conditions
        for s in g.statements
    ]
    return tuple(sorted(found, key=lambda p: (p.borrowed, p.stance == "unverified", -(p.year or 0))))


def _position(g: Guideline, s: Statement) -> Position:
    return Position(
        g.id, g.body, g.year, g.kind, s.use, s.stance, s.recommendation, s.strength, g.read,
        s.source_url or g.source_url, s.about == "not_neuropathy",
    )  # fmt: skip


def before_after(condition: AnyCondition, domain: Domain) -> tuple[BeforeAfter, ...]:
    """Groups treated without a comparison, with their means before and after."""
    found: list[BeforeAfter] = []
    for trial in trials().values():
        if (
            condition not in ("any", trial.condition)
            or trial.design != "single_arm"
            or trial.scope != "neuropathy"
        ):
            continue
        for outcome in trial.outcomes:
            if outcome.domain != domain or outcome.better is None:
                continue
            for result in outcome.arms.values():
                before, after, n = result.baseline_mean, result.mean, result.n
                if before is None or after is None or n is None:
                    continue
                found.append(
                    BeforeAfter(
                        trial.id,
                        trial.label,
                        outcome.instrument,
                        n,
                        before,
                        after,
                        result.baseline_sd,
                        outcome.better,
                    )
                )
    return tuple(found)


def _sentences(
    condition: AnyCondition,
    domain: Domain,
    comparator: Comparator,
    results: dict[Comparator, PoolResult],
    silent: tuple[LeftOut, ...],
) -> tuple[str, ...]:
    result = results[comparator]
    level = result.certainty.level
    said = [f"For {condition_name(condition)}, against {COMPARATORS[comparator]}: {_plain(result)}"]
    if result.k:
        said.append(f"Certainty is {level}.")
    if result.k > 1 and (result.i2 or 0.0) >= 75:
        each = ", ".join(f"{s.label} {result.on_reading_scale(s.estimate):.2f}" for s in result.studies)
        said.append(f"The trials disagree strongly ({each}): an average says little.")
    if silent:
        count = len(silent)
        said.append(
            f"{count} more trial{'s' if count > 1 else ''} measured {DOMAINS[domain]} against it, without "
            "figures that could be read."
        )
    return (*said, gap(domain, results))


def _plain(result: PoolResult) -> str:
    return result.words[0].lower() + result.words[1:] if result.words[:2] in ("No",) else result.words


def gap(domain: Domain, results: dict[Comparator, PoolResult]) -> str:
    """How the sham-controlled result stands against the others, in one sentence."""
    sham = results["sham"]
    others: dict[Comparator, PoolResult] = {c: results[c] for c in SEPARATE if c != "sham" and results[c].k}
    if not sham.k and not others:
        return "No comparison gave usable figures."
    if not sham.k:
        names = ", ".join(COMPARATORS[c] for c in others)
        return (
            f"There are figures against {names}, none against sham: how much is needling itself is unknown."
        )
    if not others:
        return "There are figures against sham only."
    side_by_side: dict[Comparator, PoolResult] = {"sham": sham, **others}
    parts = [f"{COMPARATORS[c]} {_figure(r)}" for c, r in side_by_side.items()]
    reading = "lower" if DOMAIN_BETTER[domain] == "lower" else "higher"
    scale = "" if sham.measure in RATIOS else f" ({reading} is better)"
    return f"Side by side{scale}: " + "; ".join(parts) + "."


def _figure(result: PoolResult) -> str:
    if result.estimate is None or result.ci95 is None:
        return "none"
    back = result.on_reading_scale
    low, high = (back(x) for x in result.ci95)
    return f"{result.measure} {back(result.estimate):.2f} ({low:.2f} to {high:.2f}, {result.k} trial{'s' if result.k > 1 else ''})"


@cache
def answer_table(condition: AnyCondition) -> tuple[Mapping[str, Any], ...]:
    """Every domain x comparator of a condition as flat rows: for a table, a download or a heat map."""
    rows: list[Mapping[str, Any]] = []
    for domain in DOMAINS:
        for comparator in SEPARATE:
            r = pool(condition, domain, comparator, test="knha", truncate=True)  # type: ignore[arg-type]
            low, high = r.ci95 or (None, None)
            rows.append(
                {
                    "condition": condition,
                    "domain": domain,
                    "comparator": comparator,
                    "k": r.k,
                    "n": None if r.n is None else round(r.n),
                    "measure": r.measure,
                    "estimate": r.estimate,
                    "ci95_low": low,
                    "ci95_high": high,
                    "i2": r.i2,
                    "certainty": r.certainty.level,
                    "favours": r.favours,
                    "words": r.words,
                }
            )
    return tuple(rows)
