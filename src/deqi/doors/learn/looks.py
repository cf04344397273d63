"""Second looks at a pool, each as one small table or as the reason why it cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import get_args

from deqi.science.evidence import explore
from deqi.science.evidence.pooling import CannotPool
from deqi.science.evidence.result import PoolResult
from deqi.science.evidence.schema import COMPARATORS

GROUPINGS = {
    "comparator": "Comparison", "needling": "Needling", "risk_of_bias": "Risk of bias", "blinding": "Blinding",
    "read": "Reading depth",
}  # fmt: skip
NUMBERS = {
    "sessions": "sessions",
    "weeks": "weeks",
    "per_week": "sessions a week",
    "year": "year",
    "n": "people",
}
assert set(GROUPINGS) == set(get_args(explore.Grouping)) and set(NUMBERS) == set(get_args(explore.Number))
Table = tuple[tuple[str, ...], list[tuple[str, ...]], tuple[str, ...]]


@dataclass(frozen=True)
class Look:
    """One second look: a table with its notes, or `refusal`."""

    title: str
    why: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str = ""


def looks(result: PoolResult, *, truncate: bool) -> list[Look]:
    """Every second look at `result`; what the number of studies does not support says so."""
    asked: tuple[tuple[str, str, Callable[[PoolResult, bool], Table]], ...] = (
        ("Each study left out in turn", "Does one study carry the result?", _without_each),
        ("How hard each study pulls", "Which study moves the pool, and by how much?", _influence),
        ("As it grew over the years", "Did the answer change as trials came in?", _over_time),
        ("Groups of trials", "Do kinds of trial differ? Between trials, so it suggests and never shows a cause.", _groups),
        ("Against a number (meta-regression)", "Does the effect go with dose, year or size, between trials?", _numbers),
        ("Small-study effects", "Do small trials find more? Few trials can hardly tell.", _small_studies),
        ("Every estimator side by side", "Does the choice of method matter here?", _estimators),
    )  # fmt: skip
    return [_look(result, truncate, *one) for one in asked]


def _look(
    result: PoolResult, truncate: bool, title: str, why: str, make: Callable[[PoolResult, bool], Table]
) -> Look:
    if result.k < 2:
        studies = "one study" if result.k else "no study"
        return Look(title, why, refusal=f"There is {studies} in this pool: this needs two or more.")
    try:
        head, rows, notes = make(result, truncate)
    except CannotPool as refused:
        return Look(title, why, refusal=_said(str(refused)))
    return Look(title, why, head, tuple(rows), tuple(_said(note) for note in notes))


def _said(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def numbers(result: PoolResult, estimate: float, ci95: tuple[float, float]) -> str:
    """ "−0.45 (−0.90 to 0.01)" on the scale people read."""
    shown = [f"{result.on_reading_scale(x):.2f}".replace("-", "−") for x in (estimate, *ci95)]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"


def p_of(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.3f}"


def _without_each(result: PoolResult, truncate: bool) -> Table:
    rows = [
        (f"without {one.label}", str(one.refit.k), numbers(result, one.refit.estimate, one.refit.ci95),
         "none" if one.refit.i2 is None else f"{one.refit.i2:.0f} %")
        for one in explore.without_each(result, truncate=truncate)
    ]  # fmt: skip
    return ("Pool", "Trials", "Effect (95 % interval)", "I²"), rows, ()


def _influence(result: PoolResult, truncate: bool) -> Table:
    labels = {study.id: study.label for study in result.studies}
    rows = [
        (labels[key], f"{one.weight_pct:.0f} %", _signed(one.rstudent), f"{one.cook_d:.2f}", _signed(one.dffits),
         f"{one.cov_r:.2f}", f"{one.tau2_without:.3f}", "yes" if one.influential else "no")
        for key, one in explore.pull_of_each(result)
    ]  # fmt: skip
    head = ("Study", "Weight", "Studentised residual", "Cook's distance", "DFFITS", "Covariance ratio",
            "tau² without it", "Pulls hard")  # fmt: skip
    return (
        head,
        rows,
        ("Pulls hard: by metafor's cut-offs for DFFITS, Cook's distance, leverage and DFBETAS",),
    )


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _small_studies(result: PoolResult, truncate: bool) -> Table:
    slope, filled, notes = explore.small_study_effects(result)
    rows: list[tuple[str, ...]] = []
    if slope is not None:
        rows.append(("Egger's test", f"slope {_signed(slope.slope)}, p {p_of(slope.p)}"))
    if filled is not None:
        there = f"{filled.filled} mirror images on the {filled.side}"
        rows.append(("Trim and fill", there if filled.filled else "nothing to fill"))
        rows.append(("The pool with them", numbers(result, filled.fit.estimate, filled.fit.ci95)))
    return ("What", "Found") if rows else (), rows, notes


def _over_time(result: PoolResult, truncate: bool) -> Table:
    rows = [
        (str(one.year or "no year"), f"with {one.label}", str(one.refit.k),
         numbers(result, one.refit.estimate, one.refit.ci95))
        for one in explore.over_time(result, truncate=truncate)
    ]  # fmt: skip
    return ("Year", "Pool", "Trials", "Effect (95 % interval)"), rows, ()


def _groups(result: PoolResult, truncate: bool) -> Table:
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for grouping, name in GROUPINGS.items():
        split = explore.by_group(result, grouping, truncate=truncate)  # type: ignore[arg-type]
        if len(split.groups) < 2:
            only = _group_name(next(iter(split.groups)))
            notes.append(f"{name}: every trial is in one group ({only}), there is nothing to compare")
            continue
        for label, fitted in split.groups.items():
            rows.append(
                (name, _group_name(label), str(fitted.k), numbers(result, fitted.estimate, fitted.ci95))
            )
        if split.q_between is not None and split.q_p is not None:
            lonely = "; a group of one study" if any(f.k == 1 for f in split.groups.values()) else ""
            notes.append(
                f"{name}: groups differ with Q {split.q_between:.2f} on {split.q_df} df, p {p_of(split.q_p)}{lonely}"
            )
    return ("By", "Group", "Trials", "Effect (95 % interval)"), rows, tuple(notes)


def _group_name(label: str) -> str:
    return COMPARATORS.get(label, label.replace("_", " "))


def _numbers(result: PoolResult, truncate: bool) -> Table:
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for feature, name in NUMBERS.items():
        try:
            line = explore.by_number(result, [feature], truncate=truncate)  # type: ignore[list-item]
        except CannotPool as refused:
            notes.append(f"{name}: {refused}")
            continue
        slope = next(c for c in line.fit.coefficients if c.name == feature)
        low, high = slope.ci95
        told = f"{slope.estimate:.3f} ({low:.3f} to {high:.3f})".replace("-", "−")
        explained = "" if line.r2 is None else f"{line.r2:.0f} %"
        rows.append((name, str(line.fit.k), told, p_of(slope.p), explained))
        notes += [f"{name}: {warning}" for warning in line.warnings]
    head = ("Feature", "Trials", f"{result.measure} for one more (95 % interval)", "p", "Share of tau²")
    return head if rows else (), rows, tuple(notes)


def _estimators(result: PoolResult, truncate: bool) -> Table:
    def rows() -> Iterator[tuple[str, ...]]:
        for name, (estimate, ci95) in explore.with_other_estimators(result).items():
            yield name, numbers(result, estimate, ci95)

    return ("Estimator", "Effect (95 % normal interval)"), list(rows()), ()
