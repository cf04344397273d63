"""Does the answer differ between kinds of study? Subgroups and meta-regression.

Such comparisons are between studies, not within them: they suggest, they do not show a cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from deqi.science.evidence.pooling.heterogeneity import Estimator
from deqi.science.evidence.pooling.model import CannotPool, Fit, Test, fit
from deqi.science.evidence.pooling.moments import Vector


@dataclass(frozen=True, slots=True)
class Subgroups:
    """A pool for each group, each with its own tau2, and whether they differ (fixed comparison)."""

    groups: dict[str, Fit]
    q_between: float | None
    q_df: int
    q_p: float | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetaRegression:
    """A fit with moderators; `r2` is the share of tau2 they account for, in percent."""

    fit: Fit
    tau2_without: float
    r2: float | None
    warnings: tuple[str, ...]


def subgroups(
    y: Vector,
    v: Vector,
    labels: Sequence[str],
    *,
    estimator: Estimator = "REML",
    test: Test = "z",
    truncate: bool = False,
) -> Subgroups:
    """Pools each group on its own and compares the pooled values: Q between = sum of w(estimate - mean)^2."""
    if len(labels) != len(y):
        raise CannotPool(f"{len(y)} studies but {len(labels)} group labels")
    groups: dict[str, Fit] = {}
    for label in dict.fromkeys(labels):
        chosen = np.array([given == label for given in labels])
        groups[label] = fit(y[chosen], v[chosen], estimator=estimator, test=test, truncate=truncate)
    lonely = [label for label, f in groups.items() if f.k == 1]
    notes = tuple(f"group {label} holds one study" for label in lonely)
    if len(groups) < 2:
        return Subgroups(groups, None, 0, None, (*notes, "one group only: there is nothing to compare"))
    estimates = np.array([f.estimate for f in groups.values()])
    weights = np.array([1.0 / f.se**2 for f in groups.values()])
    mean = float(weights @ estimates) / float(weights.sum())
    q = float(weights @ (estimates - mean) ** 2)
    df = len(groups) - 1
    return Subgroups(groups, q, df, float(chdtrc(df, q)), notes)


def meta_regression(
    y: Vector,
    v: Vector,
    columns: dict[str, Sequence[float]],
    *,
    estimator: Estimator = "REML",
    test: Test = "z",
    truncate: bool = False,
) -> MetaRegression:
    """Effects regressed on study features. Example: `columns={"sessions": [8, 12, 16, 10]}`.

    Raises CannotPool when there are not more studies than coefficients. Warns below ten per moderator.
    """
    x = np.column_stack([np.asarray(values, dtype=float) for values in columns.values()])
    fitted = fit(y, v, x, names=tuple(columns), estimator=estimator, test=test, truncate=truncate)
    plain = fit(y, v, estimator=estimator, intervals=False)
    before, after = plain.tau2 or 0.0, fitted.tau2 or 0.0
    r2 = max(0.0, 100.0 * (before - after) / before) if before > 0 else None
    notes: tuple[str, ...] = ()
    if len(y) < 10 * len(columns):
        notes = (f"{len(y)} studies for {len(columns)} moderator(s): ten or more each are advised",)
    return MetaRegression(fitted, before, r2, notes)
