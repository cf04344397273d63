"""How much do true effects differ between studies? Seven estimators of tau2 and its Q-profile interval.

Sources: DerSimonian and Laird, Control Clin Trials 1986;7:177; Hedges and Olkin, Statistical Methods for
Meta-Analysis, 1985 (HE); Sidik and Jonkman, Appl Stat 2005;54:367 (SJ); Paule and Mandel, J Res Natl Bur
Stand 1982;87:377 (PM); Morris, J Am Stat Assoc 1983;78:47 (EB); Viechtbauer, J Educ Behav Stat 2005;30:261
(ML, REML by Fisher scoring); Viechtbauer, Stat Med 2007;26:37 (Q-profile interval and standard errors).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.special import chdtri

from deqi.science.evidence.pooling.moments import (
    Matrix,
    Moments,
    Vector,
    fit_at,
    trace_pp,
    trace_ppv,
    trace_pv,
    trace_pvpv,
)

Estimator = Literal["FE", "DL", "HE", "SJ", "PM", "EB", "ML", "REML"]
ESTIMATORS: tuple[Estimator, ...] = get_args(Estimator)

MAX_STEPS = 2_000
NEAR = 1e-2  # steps this small, in units of tau2 plus the mean sampling variance, are near the end
# A log-likelihood this much higher at tau2 = 0 means that scoring stopped at a lesser peak.
LESSER_PEAK = 1e-10


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """tau2 and its standard error; `warning` says when the search needed care."""

    tau2: float
    se: float
    warning: str | None = None


def estimate_tau2(y: Vector, v: Vector, x: Matrix | None, estimator: Estimator) -> Heterogeneity:
    """Between-study variance of effects `y` with sampling variances `v` given moderators `x`.

    Example: for y = (0, 1, 2) and v = (1, 1, 1) the DerSimonian-Laird value is 0: Q = 2 is not above 2.
    """
    p = 1 if x is None else x.shape[1]
    return _METHODS[estimator](y, v, x, len(y) - p)


def _dl(y: Vector, v: Vector, x: Matrix | None, df: int) -> Heterogeneity:
    m = fit_at(y, v, x)
    tau2 = max(0.0, (m.q - df) / m.trace_p)
    spread = 2 * df + 4 * tau2 * m.trace_p + 2 * tau2 * tau2 * trace_pp(m, x)
    return Heterogeneity(tau2, math.sqrt(spread) / m.trace_p)


def _he_raw(y: Vector, v: Vector, x: Matrix | None, df: int) -> tuple[float, Moments, float]:
    m = fit_at(y, np.ones_like(v), x)
    expected = trace_pv(m, v, x)
    return (m.q - expected) / df, m, expected


def _he(y: Vector, v: Vector, x: Matrix | None, df: int) -> Heterogeneity:
    raw, m, expected = _he_raw(y, v, x, df)
    tau2 = max(0.0, raw)
    spread = 2 * trace_pvpv(m, v, x) + 4 * tau2 * expected + 2 * tau2 * tau2 * df
    return Heterogeneity(tau2, math.sqrt(spread) / df)


def _sj(y: Vector, v: Vector, x: Matrix | None, df: int) -> Heterogeneity:
    start = float(y.var())
    if start == 0.0:
        return Heterogeneity(0.0, math.nan, "all effects are equal: the SJ estimator has no starting value")
    m = fit_at(y, v + start, x)
    tau2 = start * m.q / df
    spread = 2 * trace_pvpv(m, v, x) + 4 * tau2 * trace_ppv(m, v, x) + 2 * tau2 * tau2 * trace_pp(m, x)
    return Heterogeneity(tau2, start * math.sqrt(spread) / df)


def _pm(y: Vector, v: Vector, x: Matrix | None, df: int) -> Heterogeneity:
    tau2 = solve_q(y, v, x, float(df))
    k = len(y)
    sum_w = float((1.0 / (v + tau2)).sum())
    return Heterogeneity(tau2, math.sqrt(2 * k * k / df) / sum_w)


def _likelihood(y: Vector, v: Vector, x: Matrix | None, df: int, restricted: bool) -> Heterogeneity:
    """Fisher scoring from the Hedges-Olkin value, then a check that the peak found is the higher one."""
    scale = float(v.mean())
    tau2, settled = _score(y, v, x, max(0.0, _he_raw(y, v, x, df)[0]), scale, restricted)
    warning = None if settled else f"the search for tau2 had not settled after {MAX_STEPS} steps"
    if tau2 > 0.0 and _log_likelihood(y, v, x, 0.0, restricted) > LESSER_PEAK + _log_likelihood(
        y, v, x, tau2, restricted
    ):
        tau2, warning = 0.0, "the likelihood has two peaks; the higher one, at tau2 = 0, is taken"
    m = fit_at(y, v + tau2, x)
    information = trace_pp(m, x) if restricted else m.sum_w2
    return Heterogeneity(tau2, math.sqrt(2.0 / information), warning)


def _score(
    y: Vector, v: Vector, x: Matrix | None, start: float, scale: float, restricted: bool
) -> tuple[float, bool]:
    """Scoring steps to a stationary tau2, halved where they would leave it negative.

    Scoring alone can creep or swing: once steps are small, a secant through the last two finds where they
    vanish; once they change sign, Brent's method does. Returns tau2 and whether it settled.
    """

    def scoring_step(at: float) -> float:
        m = fit_at(y, v + at, x)
        if restricted:
            return (m.y_pp_y() - m.trace_p) / trace_pp(m, x)
        return (m.y_pp_y() - m.sum_w) / m.sum_w2

    tau2, before, step_before = start, math.nan, math.nan
    for _ in range(MAX_STEPS):
        step = scoring_step(tau2)
        if step == 0.0 or (tau2 == 0.0 and step < 0.0):
            return tau2, True
        if step * step_before < 0.0:
            low, high = sorted((before, tau2))
            from scipy.optimize import brentq  # here, so that a server does not wait for it to start

            return float(brentq(scoring_step, low, high, xtol=1e-14 * (scale + high), rtol=1e-14)), True
        move = step
        if abs(step) <= NEAR * (tau2 + scale) and not math.isnan(before) and step_before != step:
            secant = step * (tau2 - before) / (step_before - step)
            if secant * step > 0.0 and abs(secant) <= 1e4 * abs(step):
                move = secant
        while tau2 + move < 0.0:
            move /= 2.0
        before, step_before = tau2, step
        tau2 += move
        if abs(move) <= 1e-12 * (tau2 + scale):
            return (tau2 if tau2 > 1e-11 * scale else 0.0), True
    return tau2, False


def _log_likelihood(y: Vector, v: Vector, x: Matrix | None, tau2: float, restricted: bool) -> float:
    m = fit_at(y, v + tau2, x)
    value = -0.5 * float(np.log(v + tau2).sum()) - 0.5 * m.q
    if restricted:
        value += 0.5 * float(np.linalg.slogdet(m.inverse)[1])
    return value


def solve_q(y: Vector, v: Vector, x: Matrix | None, target: float) -> float:
    """The tau2 at which the generalised Q statistic equals `target`; 0 when Q is below it already.

    Q falls as tau2 grows, much as 1/(v + tau2) does: its reciprocal is nearly a straight line, and Newton's
    steps on it reach the root in a few.
    """
    tau2 = 0.0
    for _ in range(MAX_STEPS):
        m = fit_at(y, v + tau2, x)
        slope = m.y_pp_y()
        if slope == 0.0 or (tau2 == 0.0 and m.q <= target):
            return tau2
        step = (m.q - target) * m.q / (target * slope)
        step = max(step, -tau2 / 2.0)
        tau2 += step
        if abs(step) <= 1e-14 * tau2:
            return tau2
    return tau2


def q_profile(y: Vector, v: Vector, x: Matrix | None, level: float = 0.95) -> tuple[float, float]:
    """Confidence interval of tau2: the values whose Q lies between the chi-squared limits.

    (0, 0) means that even tau2 = 0 leaves the effects more alike than chance would: the set is empty.
    """
    df = len(y) - (1 if x is None else x.shape[1])
    tail = (1.0 - level) / 2.0
    upper = solve_q(y, v, x, float(chdtri(df, 1.0 - tail)))
    lower = solve_q(y, v, x, float(chdtri(df, tail)))
    return lower, upper


def _fe(y: Vector, v: Vector, x: Matrix | None, df: int) -> Heterogeneity:
    return Heterogeneity(0.0, math.nan)


def _ml(y: Vector, v: Vector, x: Matrix | None, df: int) -> Heterogeneity:
    return _likelihood(y, v, x, df, restricted=False)


def _reml(y: Vector, v: Vector, x: Matrix | None, df: int) -> Heterogeneity:
    return _likelihood(y, v, x, df, restricted=True)


_Method = Callable[[Vector, Vector, Matrix | None, int], Heterogeneity]
# The empirical Bayes estimator solves the same equation as Paule and Mandel's.
_METHODS: dict[Estimator, _Method] = {
    "FE": _fe, "DL": _dl, "HE": _he, "SJ": _sj, "PM": _pm, "EB": _pm, "ML": _ml, "REML": _reml,
}  # fmt: skip
