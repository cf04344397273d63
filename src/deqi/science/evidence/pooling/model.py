"""What do the studies say together? Fixed effect, random effects and meta-regression in one fit.

Sources: Hedges and Olkin 1985; Knapp and Hartung, Stat Med 2003;22:2693 (test "knha"; with `truncate` the
scale is never below 1, as Knapp and Hartung's ad hoc variant); Higgins and Thompson, Stat Med 2002;21:1539
(I2, H2); Higgins, Thompson and Spiegelhalter, J R Stat Soc A 2009;172:137 (prediction interval).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtrc, fdtrc, ndtr, ndtri, stdtr, stdtrit

from deqi.science.evidence.pooling.heterogeneity import Estimator, estimate_tau2, q_profile
from deqi.science.evidence.pooling.moments import Matrix, Vector, fit_at

Test = Literal["z", "knha"]
Range = tuple[float, float]


class CannotPool(ValueError):
    """The numbers do not allow the answer that was asked for; the message says why."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient of a fit. `statistic` is z, or t when the test is Knapp-Hartung."""

    name: str
    estimate: float
    se: float
    ci95: Range
    statistic: float
    p: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted pool. Fields that the number of studies does not support are None, never a guess."""

    estimator: Estimator | Literal["Bayes"]
    test: Test | Literal["posterior"]
    k: int
    coefficients: tuple[Coefficient, ...]
    covariance: tuple[tuple[float, ...], ...]
    df: int | None
    tau2: float | None
    tau2_se: float | None
    tau2_ci95: Range | None
    i2: float | None
    h2: float | None
    q: float
    q_df: int
    q_p: float
    pi95: Range | None
    scale: float
    moderator_test: float | None
    moderator_df: tuple[int, int | None] | None
    moderator_p: float | None
    weights_pct: tuple[float, ...]
    warnings: tuple[str, ...]

    @property
    def estimate(self) -> float:
        return self.coefficients[0].estimate

    @property
    def se(self) -> float:
        return self.coefficients[0].se

    @property
    def ci95(self) -> Range:
        return self.coefficients[0].ci95

    @property
    def p(self) -> float:
        return self.coefficients[0].p


def fit(
    effects: Vector | list[float],
    variances: Vector | list[float],
    moderators: Matrix | None = None,
    *,
    names: tuple[str, ...] = (),
    estimator: Estimator = "REML",
    test: Test = "z",
    truncate: bool = False,
    intervals: bool = True,
) -> Fit:
    """Pools `effects` with their sampling `variances` (both length k).

    `moderators` is a k x m matrix without the intercept, `names` its m column names. `truncate` keeps the
    Knapp-Hartung scale at 1 or more. `intervals=False` skips the Q-profile interval (for refits).
    Raises CannotPool for no study, a variance that is not positive, or fewer studies than coefficients.

    Example: `fit([0.2, 0.4], [0.01, 0.01], estimator="FE").estimate` is 0.3.
    """
    y, v, x, back = _checked(effects, variances, moderators)
    k, p = len(y), 1 if x is None else x.shape[1]
    if x is not None and k <= p:
        raise CannotPool(f"{k} studies cannot carry {p} coefficients")
    notes: list[str] = []
    if test == "knha" and estimator == "FE":
        notes.append(
            "Knapp-Hartung was made for random effects; with FE it scales one common effect's error by the spread"
        )
    if k == 1:
        return _single(y, v, estimator, test)
    spread = estimate_tau2(y, v, x, estimator)
    if spread.warning:
        notes.append(spread.warning)
    random = estimator != "FE"
    tau2 = spread.tau2
    m = fit_at(y, v + tau2, x) if random else fit_at(y, v, x)
    scale = _knapp_hartung_scale(m.q, k - p, truncate, notes) if test == "knha" else 1.0
    beta, covariance = back @ m.beta, back @ m.inverse @ back.T * scale
    df = k - p if test == "knha" else None
    base = fit_at(y, v, x)
    q_df = k - p
    i2, h2 = _inconsistency(base.q, q_df, base.trace_p, tau2, random)
    tau2_ci = q_profile(y, v, x) if random and intervals else None
    if tau2_ci == (0.0, 0.0):
        notes.append(
            "the effects are more alike than chance alone would make them: the interval of tau2 is empty"
        )
    pi95 = None
    if random and x is None:
        if k >= 3:
            half = _critical(df) * math.sqrt(covariance[0, 0] + tau2)
            pi95 = (float(beta[0]) - half, float(beta[0]) + half)
        else:
            notes.append("two studies cannot show the range of true effects: no prediction interval")
    q_mod, df_mod, p_mod = _moderator_test(beta, covariance, df)
    labels = ("intercept", *(names or tuple(f"x{i + 1}" for i in range(p - 1))))
    return Fit(
        estimator=estimator, test=test, k=k,
        coefficients=tuple(
            _coefficient(labels[i], float(beta[i]), math.sqrt(covariance[i, i]), df) for i in range(p)
        ),
        covariance=tuple(tuple(float(c) for c in row) for row in covariance), df=df,
        tau2=tau2 if random else None, tau2_se=spread.se if random else None, tau2_ci95=tau2_ci,
        i2=i2, h2=h2, q=base.q, q_df=q_df, q_p=float(chdtrc(q_df, base.q)), pi95=pi95, scale=scale,
        moderator_test=q_mod, moderator_df=df_mod, moderator_p=p_mod,
        weights_pct=tuple((100.0 * m.weights / m.sum_w).tolist()), warnings=tuple(notes),
    )  # fmt: skip


def _checked(
    effects: Vector | list[float], variances: Vector | list[float], moderators: Matrix | None
) -> tuple[Vector, Vector, Matrix | None, Matrix]:
    """Effects, variances, design matrix with centred moderators, and what turns its coefficients back."""
    y = np.asarray(effects, dtype=float)
    v = np.asarray(variances, dtype=float)
    if len(y) == 0:
        raise CannotPool("there is no study to pool")
    if y.shape != v.shape or y.ndim != 1:
        raise CannotPool(f"{len(y)} effects but {len(v)} variances")
    if not (np.isfinite(y).all() and np.isfinite(v).all()):
        raise CannotPool("an effect or a variance is not a finite number")
    if not (v > 0).all():
        raise CannotPool(f"study {int(np.argmin(v)) + 1} has a variance that is not positive")
    if np.abs(y).max() > 1e12 or v.max() > 1e24 or v.min() < 1e-18:
        raise CannotPool("an effect or a variance is too large or too small to compute with")
    if moderators is None:
        return y, v, None, np.ones((1, 1))
    x, back = _centred(np.asarray(moderators, dtype=float))
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise CannotPool("the moderators repeat each other or do not vary: the fit is not determined")
    return y, v, x, back


def _centred(moderators: Matrix) -> tuple[Matrix, Matrix]:
    """Intercept and moderators with mean 0 and SD 1, so that calendar years cost no digits; and the way back.

    Coefficients of the columns as given are `back @ coefficients`.
    """
    mean, sd = moderators.mean(axis=0), moderators.std(axis=0)
    flat = sd <= 1e-12 * np.abs(moderators).max(axis=0, initial=0.0)
    sd = np.where(flat, 1.0, sd)
    x = np.where(flat, 0.0, (moderators - mean) / sd)
    back = np.eye(x.shape[1] + 1)
    back[0, 1:] = -mean / sd
    back[1:, 1:] = np.diag(1.0 / sd)
    return np.column_stack([np.ones(len(x)), x]), back


def _single(y: Vector, v: Vector, estimator: Estimator, test: Test) -> Fit:
    """One study is its own estimate: no spread between studies can be known, so those fields stay None."""
    notes = ["one study: nothing is pooled, and how far results differ between studies is unknown"]
    if test == "knha":
        notes.append("one study leaves no degrees of freedom for Knapp-Hartung: the z interval is shown")
    return Fit(
        estimator=estimator, test="z", k=1,
        coefficients=(_coefficient("intercept", float(y[0]), math.sqrt(v[0]), None),),
        covariance=((float(v[0]),),), df=None, tau2=None, tau2_se=None, tau2_ci95=None, i2=None, h2=None,
        q=0.0, q_df=0, q_p=1.0, pi95=None, scale=1.0, moderator_test=None, moderator_df=None,
        moderator_p=None, weights_pct=(100.0,), warnings=tuple(notes),
    )  # fmt: skip


def _knapp_hartung_scale(q: float, df: int, truncate: bool, notes: list[str]) -> float:
    scale = q / df
    if scale < 1.0:
        if truncate:
            return 1.0
        notes.append(
            "the Knapp-Hartung scale is below 1: it makes the standard error smaller than the plain one; see truncate"
        )
    return scale


def _inconsistency(q: float, df: int, trace_p: float, tau2: float, random: bool) -> tuple[float, float]:
    """I2 in percent and H2. With random effects both follow from tau2 and the typical sampling variance."""
    if not random:
        return (max(0.0, 100.0 * (q - df) / q) if q > 0 else 0.0), q / df
    typical = df / trace_p
    return 100.0 * tau2 / (typical + tau2), tau2 / typical + 1.0


def _critical(df: int | None, level: float = 0.95) -> float:
    tail = (1.0 + level) / 2.0
    return float(ndtri(tail)) if df is None else float(stdtrit(df, tail))


def _coefficient(name: str, estimate: float, se: float, df: int | None) -> Coefficient:
    half = _critical(df) * se
    if se == 0.0:
        statistic = math.nan if estimate == 0.0 else math.copysign(math.inf, estimate)
    else:
        statistic = estimate / se
    tail = ndtr(-abs(statistic)) if df is None else stdtr(df, -abs(statistic))
    return Coefficient(name, estimate, se, (estimate - half, estimate + half), statistic, 2.0 * float(tail))


def _moderator_test(
    beta: Vector, covariance: Matrix, df: int | None
) -> tuple[float | None, tuple[int, int | None] | None, float | None]:
    """Do the moderators matter at all? Wald chi-squared, or F when the test is Knapp-Hartung."""
    m = len(beta) - 1
    if m == 0:
        return None, None, None
    tail = beta[1:]
    q = float(tail @ np.linalg.solve(covariance[1:, 1:], tail))
    if df is None:
        return q, (m, None), float(chdtrc(m, q))
    return q / m, (m, df), float(fdtrc(m, df, q / m))
