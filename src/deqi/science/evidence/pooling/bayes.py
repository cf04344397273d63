"""Random effects with a prior on how much studies differ, for pools too small to tell by themselves.

Half-normal prior on tau, flat prior on the mean. Given tau the mean is normal, so that the posterior is a
mixture over tau and needs one numerical integral, no sampling. Source: Roever, J Stat Softw 2020;93(6)
(bayesmeta), section 2; scale 0.5 for SMD and log ratios as in Roever et al, Res Synth Methods 2021;12:448.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr

from deqi.science.evidence.pooling.model import CannotPool, Coefficient, Fit, Range
from deqi.science.evidence.pooling.moments import Vector, fit_at

NODES = 400


@dataclass(frozen=True, slots=True)
class BayesFit:
    """Posterior of the mean effect and of tau. Intervals hold 95 % of the posterior, cut equally."""

    k: int
    prior_scale: float
    estimate: float
    sd: float
    ci95: Range
    pi95: Range
    tau_median: float
    tau_ci95: Range
    probability_below_zero: float


def fit_bayes(y: Vector, v: Vector, *, prior_scale: float = 0.5) -> BayesFit:
    """Posterior under tau ~ half-normal(`prior_scale`), mean flat. Works from one study up.

    Example: one study of 0.3 (SE 0.2) gives 0.3 with an interval wider than the study's own.
    """
    y, v = np.asarray(y, dtype=float), np.asarray(v, dtype=float)
    if len(y) == 0:
        raise CannotPool("there is no study to pool")
    if not (v > 0).all() or prior_scale <= 0:
        raise CannotPool("variances and the scale of the prior must be above 0")
    # Gauss-Legendre nodes on tau = s t / (1 - t): fine near 0, reaching far beyond the prior's tail.
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    t = 0.5 * (nodes + 1.0)
    tau = prior_scale * t / (1.0 - t)
    jacobian = 0.5 * weights * prior_scale / (1.0 - t) ** 2
    mean, sd, log_weight = np.empty_like(tau), np.empty_like(tau), np.empty_like(tau)
    for i, value in enumerate(tau):
        m = fit_at(y, v + value**2, None)
        mean[i], sd[i] = m.beta[0], math.sqrt(m.inverse[0, 0])
        log_weight[i] = (
            -0.5 * float(np.log(v + value**2).sum()) - 0.5 * math.log(m.sum_w) - 0.5 * m.q
            - 0.5 * (value / prior_scale) ** 2
        )  # fmt: skip
    density = np.exp(log_weight - log_weight.max()) * jacobian
    density /= density.sum()
    estimate = float(density @ mean)
    variance = float(density @ (sd**2 + (mean - estimate) ** 2))
    spread = np.sqrt(sd**2 + tau**2)
    below = np.cumsum(density) - 0.5 * density
    return BayesFit(
        k=len(y), prior_scale=prior_scale, estimate=estimate, sd=math.sqrt(variance),
        ci95=(_quantile(0.025, density, mean, sd), _quantile(0.975, density, mean, sd)),
        pi95=(_quantile(0.025, density, mean, spread), _quantile(0.975, density, mean, spread)),
        tau_median=float(np.interp(0.5, below, tau)),
        tau_ci95=(float(np.interp(0.025, below, tau)), float(np.interp(0.975, below, tau))),
        probability_below_zero=float(density @ ndtr(-mean / sd)),
    )  # fmt: skip


def _quantile(level: float, density: Vector, mean: Vector, sd: Vector) -> float:
    """Quantile of the mixture of normals."""
    low = float((mean - 12.0 * sd)[density > 1e-12].min())
    high = float((mean + 12.0 * sd)[density > 1e-12].max())
    from scipy.optimize import brentq  # here, so that a server does not wait for it to start

    return float(brentq(lambda x: float(density @ ndtr((x - mean) / sd)) - level, low, high, xtol=1e-10))


def bayes_as_fit(y: Vector, v: Vector, *, prior_scale: float = 0.5) -> Fit:
    """The posterior in the form of any other fit: tau2 is the squared median of tau, se the posterior SD.

    p is twice the smaller posterior probability of either sign. It is not a p value of a test.
    """
    b = fit_bayes(y, v, prior_scale=prior_scale)
    base = fit_at(np.asarray(y, dtype=float), np.asarray(v, dtype=float), None)
    tau2 = b.tau_median**2
    w = 1.0 / (np.asarray(v, dtype=float) + tau2)
    df = b.k - 1
    typical = df / base.trace_p if df else None
    p = 2.0 * min(b.probability_below_zero, 1.0 - b.probability_below_zero)
    return Fit(
        estimator="Bayes", test="posterior", k=b.k,
        coefficients=(Coefficient("intercept", b.estimate, b.sd, b.ci95, b.estimate / b.sd, p),),
        covariance=((b.sd**2,),), df=None, tau2=tau2, tau2_se=None,
        tau2_ci95=(b.tau_ci95[0] ** 2, b.tau_ci95[1] ** 2),
        i2=100.0 * tau2 / (typical + tau2) if typical else None, h2=tau2 / typical + 1.0 if typical else None,
        q=base.q, q_df=df, q_p=float(chdtrc(df, base.q)) if df else 1.0, pi95=b.pi95, scale=1.0,
        moderator_test=None, moderator_df=None, moderator_p=None,
        weights_pct=tuple((100.0 * w / w.sum()).tolist()),
        warnings=(
            f"half-normal prior of scale {prior_scale:g} on tau: intervals hold 95 % of the posterior, and with "
            "few studies the prior speaks loudly",
        ),
    )  # fmt: skip
