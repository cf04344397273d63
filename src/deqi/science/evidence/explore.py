"""Questions asked of a pool after it stands: does one study carry it, did it change with time, for whom?

Each function takes a `PoolResult` and gives labelled rows. Comparisons between kinds of trial are between
trials, not within them: they suggest, they never show a cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from deqi.science.evidence.library import bias_of, trials
from deqi.science.evidence.pooling import ESTIMATORS, CannotPool, Estimator, Test, fit
from deqi.science.evidence.pooling.asymmetry import Egger, FilledBy, TrimFill, egger, trim_and_fill
from deqi.science.evidence.pooling.influence import (
    Influence,
    Refit,
    cumulative,
    influence,
    leave_one_out,
)
from deqi.science.evidence.pooling.moderators import MetaRegression, Subgroups, meta_regression, subgroups
from deqi.science.evidence.result import PoolResult

Grouping = Literal["comparator", "needling", "risk_of_bias", "blinding", "read"]
Number = Literal["sessions", "weeks", "per_week", "year", "n"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A refit with the study that was left out, or that came last."""

    id: str
    label: str
    year: int | None
    refit: Refit


def _how(result: PoolResult) -> tuple[Estimator, Test]:
    if result.estimator not in ESTIMATORS:
        raise CannotPool(f"this question needs one of {', '.join(ESTIMATORS)}, not {result.estimator}")
    return result.estimator, result.test  # type: ignore[return-value]


def without_each(result: PoolResult, *, truncate: bool = False) -> tuple[Labelled, ...]:
    """The pool refitted without each study in turn."""
    estimator, test = _how(result)
    y, v = result.vectors()
    rows = leave_one_out(y, v, estimator=estimator, test=test, truncate=truncate)
    return tuple(_labelled(result, row) for row in rows)


def over_time(result: PoolResult, *, truncate: bool = False) -> tuple[Labelled, ...]:
    """The pool as it grew year by year; studies without a year come last."""
    estimator, test = _how(result)
    y, v = result.vectors()
    order = sorted(range(len(y)), key=lambda i: (result.studies[i].year or 9999, result.studies[i].id))
    rows = cumulative(y, v, order, estimator=estimator, test=test, truncate=truncate)
    return tuple(_labelled(result, row) for row in rows)


def _labelled(result: PoolResult, row: Refit) -> Labelled:
    study = result.studies[row.study]
    return Labelled(study.id, study.label, study.year, row)


def pull_of_each(result: PoolResult) -> tuple[tuple[str, Influence], ...]:
    """Influence diagnostics of each study, by id."""
    estimator, test = _how(result)
    y, v = result.vectors()
    rows = influence(y, v, estimator=estimator, test=test)
    return tuple((result.studies[row.study].id, row) for row in rows)


def small_study_effects(
    result: PoolResult, filled_by: FilledBy = "L0"
) -> tuple[Egger | None, TrimFill | None, tuple[str, ...]]:
    """Egger's test and trim and fill; what cannot be computed is None, with the reason."""
    estimator, _ = _how(result)
    y, v = result.vectors()
    notes: list[str] = []
    slope = filled = None
    try:
        slope = egger(y, v)
        notes += slope.warnings
        filled = trim_and_fill(y, v, filled_by=filled_by, estimator=estimator)
    except CannotPool as why:
        notes.append(str(why))
    return slope, filled, tuple(notes)


def group_of(trial_id: str, grouping: Grouping, comparator: str | None = None) -> str:
    """The group a trial falls in. Risk of bias is "not judged" unless a review's judgement was read."""
    trial = trials()[trial_id.split("/")[0]]
    if grouping == "comparator":
        return comparator or "unknown"
    if grouping == "needling":
        electrical = any(a.kind == "electroacupuncture" for a in trial.arms if a.needled)
        return "electrical" if electrical else "manual"
    if grouping == "blinding":
        return trial.blinding or "not stated"
    if grouping == "read":
        return trial.read
    judged = bias_of(trial.id)
    if not judged:
        return "not judged"
    worst = {value for judgement in judged for value in judgement.domains.values()}
    return "high" if "high" in worst else "unclear" if "unclear" in worst else "low"


def by_group(result: PoolResult, grouping: Grouping, *, truncate: bool = False) -> Subgroups:
    """The pool in groups of trials, and whether the groups differ."""
    estimator, test = _how(result)
    labels = [group_of(s.id, grouping, s.comparator) for s in result.studies]
    y, v = result.vectors()
    return subgroups(y, v, labels, estimator=estimator, test=test, truncate=truncate)


def number_of(trial_id: str, feature: Number) -> float | None:
    """A number of a trial's first needled arm, its year or its size; None when it was not printed."""
    trial = trials()[trial_id.split("/")[0]]
    if feature == "year":
        return None if trial.year is None else float(trial.year)
    if feature == "n":
        return None if trial.n_randomized is None else float(trial.n_randomized)
    dose = next((a.stricta for a in trial.arms if a.needled and a.stricta), None)
    if dose is None:
        return None
    if feature == "per_week":
        printed = dose.frequency_per_week
        return printed if printed else (dose.sessions / dose.weeks if dose.sessions and dose.weeks else None)
    return dose.sessions if feature == "sessions" else dose.weeks


def by_number(result: PoolResult, features: Sequence[Number], *, truncate: bool = False) -> MetaRegression:
    """Effects regressed on features of the trials; trials that did not print one are left out.

    Raises CannotPool when too few remain.
    """
    estimator, test = _how(result)
    rows = [
        (s, values)
        for s in result.studies
        if None not in (values := [number_of(s.id, feature) for feature in features])
    ]
    if not rows:
        raise CannotPool(f"no trial printed {', '.join(features)}")
    columns: dict[str, Sequence[float]] = {
        name: [float(values[i] or 0.0) for _, values in rows] for i, name in enumerate(features)
    }
    y = np.array([s.estimate for s, _ in rows])
    v = np.array([s.se**2 for s, _ in rows])
    return meta_regression(y, v, columns, estimator=estimator, test=test, truncate=truncate)


def with_other_estimators(result: PoolResult) -> dict[str, tuple[float, tuple[float, float]]]:
    """The estimate and interval under every estimator: does the choice of method matter here?"""
    y, v = result.vectors()
    fits = {name: fit(y, v, estimator=name, intervals=False) for name in ESTIMATORS}
    return {name: (f.estimate, f.ci95) for name, f in fits.items()}
