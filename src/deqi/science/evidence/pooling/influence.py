"""Which study carries the answer? Leave-one-out, influence diagnostics and accumulation over time.

Source: Viechtbauer and Cheung, Res Synth Methods 2010;1:112 (outlier and influence diagnostics).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtr

from deqi.science.evidence.pooling.heterogeneity import Estimator
from deqi.science.evidence.pooling.model import CannotPool, Fit, Range, Test, fit
from deqi.science.evidence.pooling.moments import Vector


@dataclass(frozen=True, slots=True)
class Refit:
    """The pool without one study, or with the studies up to one: `study` is its position from 0."""

    study: int
    k: int
    estimate: float
    se: float
    ci95: Range
    p: float
    q: float
    tau2: float | None
    i2: float | None
    h2: float | None


@dataclass(frozen=True, slots=True)
class Influence:
    """How much one study pulls the pool. `influential` follows the cut-offs of the source."""

    study: int
    rstudent: float
    dffits: float
    cook_d: float
    cov_r: float
    tau2_without: float
    q_without: float
    hat: float
    weight_pct: float
    dfbetas: float
    influential: bool


def _refit(study: int, f: Fit) -> Refit:
    return Refit(study, f.k, f.estimate, f.se, f.ci95, f.p, f.q, f.tau2, f.i2, f.h2)


def leave_one_out(
    y: Vector, v: Vector, *, estimator: Estimator = "REML", test: Test = "z", truncate: bool = False
) -> tuple[Refit, ...]:
    """The pool refitted k times, each time without one study. Needs k of 2 or more."""
    if len(y) < 2:
        raise CannotPool("leaving one study out needs at least two")
    rows = []
    for i in range(len(y)):
        f = fit(
            np.delete(y, i),
            np.delete(v, i),
            estimator=estimator,
            test=test,
            truncate=truncate,
            intervals=False,
        )
        rows.append(_refit(i, f))
    return tuple(rows)


def cumulative(
    y: Vector,
    v: Vector,
    order: list[int],
    *,
    estimator: Estimator = "REML",
    test: Test = "z",
    truncate: bool = False,
) -> tuple[Refit, ...]:
    """The pool as it grew: after the first study of `order`, after the first two, and so on."""
    rows = []
    for count in range(1, len(order) + 1):
        taken = order[:count]
        f = fit(y[taken], v[taken], estimator=estimator, test=test, truncate=truncate, intervals=False)
        rows.append(_refit(order[count - 1], f))
    return tuple(rows)


def influence(
    y: Vector, v: Vector, *, estimator: Estimator = "REML", test: Test = "z", truncate: bool = False
) -> tuple[Influence, ...]:
    """Diagnostics of each study of a pool without moderators. Needs k of 3 or more."""
    k = len(y)
    if k < 3:
        raise CannotPool("influence diagnostics need at least three studies")
    whole = fit(y, v, estimator=estimator, test=test, truncate=truncate, intervals=False)
    w = 1.0 / (v + (whole.tau2 or 0.0))
    hats = w / w.sum()
    rows = []
    for i in range(k):
        rest_y, rest_v = np.delete(y, i), np.delete(v, i)
        f = fit(rest_y, rest_v, estimator=estimator, test=test, truncate=truncate, intervals=False)
        tau2, hat = f.tau2 or 0.0, float(hats[i])
        scale = f.scale
        shift = whole.estimate - f.estimate
        residual = float(y[i]) - f.estimate
        rstudent = residual / math.sqrt(v[i] * scale + f.se**2 + tau2 * scale)
        dffits = shift / math.sqrt(scale * hat * (tau2 + v[i]))
        all_weights = 1.0 / (v + tau2)
        dfbetas = shift / math.sqrt(scale / float(all_weights.sum()))
        cook = shift**2 / whole.se**2
        rows.append(
            Influence(
                study=i,
                rstudent=rstudent,
                dffits=dffits,
                cook_d=cook,
                cov_r=f.se**2 / whole.se**2,
                tau2_without=tau2,
                q_without=f.q,
                hat=hat,
                weight_pct=100.0 * hat,
                dfbetas=dfbetas,
                influential=bool(
                    abs(dffits) > 3.0 * math.sqrt(1.0 / (k - 1))
                    or chdtr(1, cook) > 0.5
                    or hat > 3.0 / k
                    or abs(dfbetas) > 1.0
                ),
            )
        )
    return tuple(rows)
