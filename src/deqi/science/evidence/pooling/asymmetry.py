"""Are small studies telling a different story? Egger's test, trim and fill.

Sources: Egger et al, BMJ 1997;315:629 (regression of effect on its standard error); Duval and Tweedie,
Biometrics 2000;56:455 and J Am Stat Assoc 2000;95:89 (trim and fill, estimators L0, R0 and Q0).
Neither proves that studies are missing: different studies may differ for better reasons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtr

from deqi.science.evidence.pooling.heterogeneity import Estimator
from deqi.science.evidence.pooling.model import CannotPool, Fit, Test, fit
from deqi.science.evidence.pooling.moments import Vector

FilledBy = Literal["L0", "R0", "Q0"]


@dataclass(frozen=True, slots=True)
class Egger:
    """Slope of effect on standard error. `limit` is the effect a study with no error would have."""

    model: Literal["classic", "mixed"]
    slope: float
    slope_se: float
    statistic: float
    df: int | None
    p: float
    limit: float
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrimFill:
    """The pool after mirrored studies were put where the funnel looks empty."""

    estimator: FilledBy
    side: Literal["left", "right"]
    filled: int
    filled_se: float
    fit: Fit
    effects: tuple[float, ...]
    variances: tuple[float, ...]


def egger(
    y: Vector,
    v: Vector,
    *,
    model: Literal["classic", "mixed"] = "classic",
    estimator: Estimator = "REML",
    test: Test = "z",
) -> Egger:
    """Regression of effect on standard error: `classic` weighs by 1/v with a free scale, `mixed` adds tau2.

    Raises CannotPool below three studies or when all standard errors are equal; warns below ten.
    """
    k = len(y)
    if k < 3:
        raise CannotPool("the funnel of fewer than three studies has no shape to test")
    se = np.sqrt(v)
    notes = (f"{k} studies: below ten the test has little power",) if k < 10 else ()
    if model == "mixed":
        f = fit(y, v, se[:, None], names=("standard error",), estimator=estimator, test=test, intervals=False)
        limit, slope = f.coefficients
        return Egger("mixed", slope.estimate, slope.se, slope.statistic, f.df, slope.p, limit.estimate, notes)
    f = fit(y, v, se[:, None], estimator="FE", intervals=False)
    limit, slope = f.coefficients
    scale = math.sqrt(f.q / (k - 2))
    slope_se = slope.se * scale
    statistic = slope.estimate / slope_se
    p = 2.0 * float(stdtr(k - 2, -abs(statistic)))
    return Egger("classic", slope.estimate, slope_se, statistic, k - 2, p, limit.estimate, notes)


def trim_and_fill(
    y: Vector,
    v: Vector,
    *,
    side: Literal["left", "right"] | None = None,
    filled_by: FilledBy = "L0",
    estimator: Estimator = "REML",
    test: Test = "z",
    truncate: bool = False,
) -> TrimFill:
    """Trims the studies that make the funnel lopsided, finds its centre, puts them back with mirror images.

    `side` is where studies are thought missing; None lets Egger's mixed regression choose. Needs k of 3.
    """
    k = len(y)
    if k < 3:
        raise CannotPool("trim and fill needs at least three studies")
    if side is None:
        slope = egger(y, v, model="mixed", estimator=estimator).slope
        side = "right" if slope < 0 else "left"
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * y, kind="stable")
    mirrored, spread = (sign * y)[order], v[order]
    missing, previous, centre = 0, -1, 0.0
    missing_se = 0.0
    for _ in range(100):
        if missing == previous:
            break
        previous = missing
        kept = slice(0, k - missing)
        centre = fit(mirrored[kept], spread[kept], estimator=estimator, intervals=False).estimate
        missing, missing_se = _missing(mirrored - centre, filled_by)
    else:
        raise CannotPool("trim and fill went round in circles")
    if missing == 0:
        whole = fit(y, v, estimator=estimator, test=test, truncate=truncate)
        return TrimFill(filled_by, side, 0, missing_se, whole, tuple(y.tolist()), tuple(v.tolist()))
    images = sign * (2.0 * centre - mirrored[k - missing :])
    all_y = np.concatenate([y, images])
    all_v = np.concatenate([v, spread[k - missing :]])
    return TrimFill(
        filled_by, side, missing, missing_se,
        fit(all_y, all_v, estimator=estimator, test=test, truncate=truncate),
        tuple(all_y.tolist()), tuple(all_v.tolist()),
    )  # fmt: skip


def _missing(centred: Vector, filled_by: FilledBy) -> tuple[int, float]:
    """How many studies are missing on the left, from the signed ranks of the centred effects."""
    k = len(centred)
    ranks = np.empty(k)
    ranks[np.argsort(np.abs(centred), kind="stable")] = np.arange(1, k + 1)
    signed = np.sign(centred) * ranks
    if filled_by == "R0":
        lowest = signed[signed < 0]
        count = k - float(np.max(-lowest, initial=0.0)) - 1.0
        return max(0, round(count)), math.sqrt(2.0 * max(0.0, count) + 2.0)
    rank_sum = float(signed[signed > 0].sum())
    if filled_by == "L0":
        count = (4.0 * rank_sum - k * (k + 1)) / (2.0 * k - 1.0)
    else:
        count = k - 0.5 - math.sqrt(max(0.0, 2.0 * k * k - 4.0 * rank_sum + 0.25))
    variance = (
        k * (k + 1) * (2 * k + 1)
        + 10 * count**3 + 27 * count**2 + 17 * count
        - 18 * k * count**2 - 18 * k * count + 6 * k**2 * count
    ) / 24.0  # fmt: skip
    root = math.sqrt(max(0.0, variance))
    if filled_by == "L0":
        se = 4.0 * root / (2 * k - 1)
    else:
        se = 2.0 * root / math.sqrt((k - 0.5) ** 2 - count * (2 * k - count - 1))
    return max(0, round(count)), max(0.0, se)
