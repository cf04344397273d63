"""The numerical heart of the course model: one patient's series at many values of the non-linear parameters.

Question answered: given the non-linear parameters, what is the Gaussian posterior of the linear ones (baseline,
effect, flare, medicine step, recall offset, wander now) and how probable are the ratings?

Given theta = (s, r, om, q, tau, lam) the level is linear in Gaussian unknowns; only the ratings are not Gaussian:
they are rounded, bounded and heavy-tailed. Each rating y_t in the interval (lo, hi] enters as one factor of the
scalar h_t of the level,

    f_t(h) = mean over +- of  F((hi - c - h +- rho v)/sigma) - F((lo - c - h +- rho v)/sigma),

F the distribution function of Student's t with 4 degrees of freedom scaled to unit variance, which is algebraic:
F(x) = 1/2 + (3a - a^3)/4 with a = x / sqrt(2 + x^2). rho_t = r^gap, sigma = s sqrt(1 - rho^2). The unrounded
previous rating z' lies somewhere in its own interval: given the ratings before it, it has centre m', mean xi', SD v
and slope kappa' = d xi'/d m', all in closed form from the t cut to the interval. Linear in the levels,

    m_t = L_t + rho (xi' - L_prev),   xi' = a' + kappa' m'   (a' fixed at the current estimates)

so that h_t is the part of m_t that is linear in the state and c the rest. A rating at 0 or 10 says little about its
own noise (kappa near 1), and then hardly leans on the next.
The factors are replaced by Gaussian ones found by expectation propagation (EP):
a Kalman filter forward, the adjoint (disturbance) smoother backward, and a nine-point Gauss-Hermite rule for each
tilted moment. EP's own estimate of the marginal likelihood weighs the nodes.

State: the p coefficients, then the wander now, the wander that the next daily rating subtracts, and sums of the
wander over marked days: slot 0 is the last seven days, further slots serve the chart. Times are days; nothing here reads or writes anything outside its arguments.

Reference: Minka, "Expectation propagation for approximate Bayesian inference" (2001); de Jong, "Smoothing and
interpolation with the state-space model", JASA 84 (1989). Tested against statsmodels, R nlme, and NUTS.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., Any])

try:
    import numba

    HAVE_NUMBA = True
except ImportError:  # the extra `fast` is not installed
    HAVE_NUMBA = False

# Kinds of event along the time line.
DAILY, WEEKLY, WINDOW = 0, 1, 2
# Places of the non-linear parameters in theta.
S, R, OM, Q, TAU, LAM = range(6)
# Places of the coefficients every series has; a medicine step and a recall offset may follow.
B, E, D = range(3)

GH_X, _gh_w = np.polynomial.hermite_e.hermegauss(9)
GH_W = _gh_w / _gh_w.sum()
WEEKLY_NOISE = 0.8  # SD of a weekly-recall rating's noise as a share of the daily s (assumption)
FLOOR = 0.05  # least 1 + tau V allowed in the filter, so that an outlier never makes a variance negative
LEAST_PRECISION = -0.5  # least precision of a site, as a share of what the filter knows before it
LEVEL_BEYOND = 4.0  # how far beyond 0-10 a level may lie where the slopes are taken
MISS = 1e-300


def _compiled(function: F, *, keep: bool) -> F:
    compiled: Any = numba.njit(
        cache=keep, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "arcp", "nsz"}
    )(function)
    return compiled  # type: ignore[no-any-return]


def jit(function: F) -> F:
    """Compiles a part of a program with Numba when it is there; the plain function otherwise.

    Nothing is kept: a part kept by itself would not notice a change in the parts it calls.
    """
    return _compiled(function, keep=False) if HAVE_NUMBA else function


def program(function: F) -> F:
    """As `jit`, but kept with all it calls, beside its file; its first argument is what `build_of` gives."""
    try:
        return _compiled(function, keep=True) if HAVE_NUMBA else function
    except RuntimeError:  # nowhere to keep compiled code
        return jit(function)


def build_of(*files: str) -> NDArray[Any]:
    """An array whose type is named after the text of `files` beside this one; compiled programs take it and ignore it.

    Numba keeps compiled programs by the file they stand in and the types they are given, and does not look at the
    files of the functions they call: without this a change there would go unnoticed.
    """
    text = b"".join((Path(__file__).parent / name).read_bytes() for name in files)
    return np.zeros(1, dtype=[(f"build_{crc32(text):08x}", "u1")])


@jit
def t4_cdf(x: float) -> float:
    """Distribution function of Student's t(4) scaled to unit variance. t4_cdf(0) = 0.5."""
    a = x / sqrt(2.0 + x * x)
    return 0.5 + 0.25 * a * (3.0 - a * a)


@jit
def mass_between(low: float, high: float, blur: float, inverse: float) -> float:
    """Mean over +-`blur` of the mass of a t(4) of SD 1 / `inverse` between `low` and `high`, both from its centre.

    Four values of `t4_cdf` with one division between them: divisions are what a sweep waits for.
    """
    a, b = (high + blur) * inverse, (high - blur) * inverse
    c, d = (low + blur) * inverse, (low - blur) * inverse
    va, vb, vc, vd = 2.0 + a * a, 2.0 + b * b, 2.0 + c * c, 2.0 + d * d
    ab, cd = va * vb, vc * vd
    each = 1.0 / (ab * cd)
    wa, wb, wc, wd = vb * cd * each, va * cd * each, vd * ab * each, vc * ab * each
    above = a * sqrt(wa) * (3.0 - a * a * wa) + b * sqrt(wb) * (3.0 - b * b * wb)
    below = c * sqrt(wc) * (3.0 - c * c * wc) + d * sqrt(wd) * (3.0 - d * d * wd)
    return 0.125 * (above - below)


@jit
def cut_t4(a: float, b: float) -> tuple[float, float, float]:
    """Mean, SD and slope of a unit-variance t(4) cut to (a, b); the slope is d(m + mean)/dm as the centre moves.

    cut_t4(-inf, 0) has mean -0.7071; an interval far narrower than 1 has slope near 0, a very wide one near 1.
    """
    k = 0.375 * sqrt(2.0)
    va, vb = 1.0 + 0.5 * a * a, 1.0 + 0.5 * b * b
    ra, rb = sqrt(va), sqrt(vb)
    mass = max(t4_cdf(b) - t4_cdf(a), 1e-12)
    first = -k * (2.0 / 3.0) * (1.0 / (vb * rb) - 1.0 / (va * ra))
    mean = min(max(first / mass, a), b)
    second = 2.0 * k * (b / rb - a / ra) / mass - 2.0
    fa, fb = k / (va * va * ra), k / (vb * vb * rb)
    slope = 1.0 - ((b * fb - a * fa) * mass - first * (fb - fa)) / (mass * mass)
    return mean, sqrt(max(second - mean * mean, 1e-6)), min(max(slope, 0.0), 1.0)


@jit
def correlate(theta: Floats, kind: Ints, gap_days: Floats, work: Floats) -> None:
    """Fills column 4 of `work` with rho, each daily rating's correlation with the one before it; 0 where there is none."""
    gap, rho = 0.0, 0.0
    for t in range(kind.shape[0]):
        if gap_days[t] != gap:
            gap = gap_days[t]
            rho = theta[R] ** gap if gap > 0.0 else 0.0
        work[t, 4] = rho if kind[t] == DAILY else 0.0


@jit
def impute(
    s: float, kind: Ints, gap_days: Floats, low: Floats, high: Floats, level: Floats, work: Floats, z: Floats
) -> None:
    """Fills `z` (n x 5): for each daily rating the mean, SD and slope of its unrounded value given those before it,
    the offset c of its own factor, and its centre m. `work` holds rho (column 4) and the one before (column 6)."""
    for t in range(kind.shape[0]):
        z[t, 3] = 0.0
        if kind[t] != DAILY:
            continue
        centre = level[t]
        scale = s
        if gap_days[t] > 0.0:
            u, rho = int(work[t, 6]), work[t, 4]
            z[t, 3] = rho * (z[u, 0] - z[u, 2] * (z[u, 4] - z[u, 3]))
            centre += rho * (z[u, 0] - level[u])
            scale = sqrt(s * s * (1.0 - rho * rho) + rho * rho * z[u, 1] * z[u, 1])
        mean, sd, slope = cut_t4((low[t] - centre) / scale, (high[t] - centre) / scale)
        z[t, 0], z[t, 1], z[t, 2] = centre + scale * mean, scale * sd, slope
        z[t, 4] = centre


@jit
def course_shape(weeks: float, since_end: float, om: float, lam: float) -> float:
    """Share of the course's total change that is present: W/(W + om) times exp(-weeks since the end / lam)."""
    if weeks <= 0.0:
        return 0.0
    share = weeks / (weeks + om)
    return share * exp(-since_end / lam) if since_end > 0.0 else share


@jit
def fill_design(
    theta: Floats, kind: Ints, entry: Floats, weeks: Floats, ended: Floats, extra: Floats, design: Floats
) -> None:
    """Fills `design` (n x p): baseline 1, effect -g k, flare exp(-days/tau), then the `extra` columns.

    `entry` (n x 7), `weeks` and `ended` hold the seven days a weekly rating speaks of; a daily one uses the first.
    """
    n = kind.shape[0]
    for t in range(n):
        days = 7 if kind[t] == WEEKLY else 1
        effect = 0.0
        flare = 0.0
        for j in range(days):
            effect += course_shape(weeks[t, j], ended[t, j], theta[OM], theta[LAM])
            flare += exp(-entry[t, j] / theta[TAU])
        design[t, B] = 1.0
        design[t, E] = -effect / days
        design[t, D] = flare / days
        for j in range(extra.shape[1]):
            design[t, 3 + j] = extra[t, j]


@jit
def forward(
    theta: Floats,
    kind: Ints,
    slot: Ints,
    step_days: Floats,
    design: Floats,
    prior_mean: Floats,
    prior_cov: Floats,
    nu: Floats,
    tau: Floats,
    z: Floats,
    mean: Floats,
    cov: Floats,
    work: Floats,
) -> None:
    """Kalman filter over the events with Gaussian sites.

    `nu`, `tau` (n) are the sites' natural parameters; `mean` (k) and `cov` (k x k) end as the state after the last
    event. `work` (n x (2k + 8)) holds rho (column 4) and keeps for `backward`: mean, variance, gain and shrink of each
    h (columns 0-3), its covariance with the state (8 to 8 + k) and its row.
    """
    p = design.shape[1]
    k = mean.shape[0]
    w, wp = p, p + 1
    mean[:] = 0.0
    cov[:, :] = 0.0
    mean[:p] = prior_mean
    cov[:p, :p] = prior_cov
    h = np.zeros(k)
    chain = np.zeros(p)
    for t in range(kind.shape[0]):
        cov[w, w] += theta[Q] * theta[Q] * step_days[t]
        if kind[t] == WINDOW:
            acc = wp + 1 + slot[t]
            mean[acc] += mean[w]
            for i in range(k):
                cov[acc, i] += cov[w, i]
            for i in range(k):
                cov[i, acc] += cov[i, w]
            continue
        rho = work[t, 4]
        h[w] = 1.0
        h[wp] = -rho
        for i in range(p):
            h[i] = design[t, i] - rho * chain[i]
        mu = 0.0
        var = 0.0
        for i in range(k):
            c = 0.0
            for j in range(k):
                c += cov[i, j] * h[j]
            work[t, 8 + i] = c
            work[t, 8 + k + i] = h[i]
            mu += mean[i] * h[i]
        for i in range(k):
            var += h[i] * work[t, 8 + i]
        tau[t] = max(tau[t], (FLOOR - 1.0) / var)
        scale = 1.0 / (1.0 + tau[t] * var)
        gain = (nu[t] - tau[t] * mu) * scale
        shrink = tau[t] * scale
        work[t, 0], work[t, 1], work[t, 2], work[t, 3] = mu, var, gain, shrink
        for i in range(k):
            mean[i] += work[t, 8 + i] * gain
            for j in range(k):
                cov[i, j] -= shrink * work[t, 8 + i] * work[t, 8 + j]
        if (
            kind[t] == DAILY
        ):  # what the next daily rating subtracts: L - kappa m, here and in the coefficients
            keep, old = 1.0 - z[t, 2], z[t, 2] * rho
            for i in range(p):
                chain[i] = design[t, i] - z[t, 2] * h[i]
            mean[wp] = keep * mean[w] + old * mean[wp]
            for i in range(k):
                cov[wp, i] = keep * cov[w, i] + old * cov[wp, i]
            for i in range(k):
                cov[i, wp] = keep * cov[i, w] + old * cov[i, wp]


@jit
def keep_noise(kind: Ints, design: Floats, z: Floats, work: Floats, noise: Floats) -> None:
    """What the last daily rating tells of its own noise, into `noise` (p + 2): the row on the coefficients that is
    subtracted beside the state's wander, the constant, and the SD that is left. All 0 without a daily rating.

    Noise = xi' - L_prev of the module's text, given the state after `forward`.
    """
    p = design.shape[1]
    k = (work.shape[1] - 8) // 2
    noise[:] = 0.0
    for t in range(kind.shape[0] - 1, -1, -1):
        if kind[t] == DAILY:
            for i in range(p):
                noise[i] = design[t, i] - z[t, 2] * work[t, 8 + k + i]
            noise[p] = z[t, 0] - z[t, 2] * (z[t, 4] - z[t, 3])
            noise[p + 1] = z[t, 1]
            return


@jit
def log_integral(kind: Ints, nu: Floats, tau: Floats, work: Floats) -> float:
    """Log of the integral of prior times sites, from what `forward` left in `work`."""
    logz = 0.0
    for t in range(kind.shape[0]):
        if kind[t] != WINDOW:
            logz += log_site(work[t, 0], work[t, 1], nu[t], tau[t])
    return logz


@jit
def log_site(mu: float, var: float, nu: float, tau: float) -> float:
    """Log of the integral of N(h; mu, var) exp(nu h - tau h^2 / 2). log_site(0, 1, 0, 0) = 0."""
    spread = 1.0 + tau * var
    return -0.5 * log(spread) + 0.5 * (2.0 * mu * nu + var * nu * nu - tau * mu * mu) / spread


@jit
def backward(kind: Ints, slot: Ints, z: Floats, p: int, k: int, work: Floats) -> None:
    """Adjoint smoother: smoothed mean and variance of every h into columns 5 and 7 of `work`."""
    w, wp = p, p + 1
    r = np.zeros(k)
    m = np.zeros((k, k))
    mc = np.zeros(k)
    for t in range(kind.shape[0] - 1, -1, -1):
        if kind[t] == WINDOW:
            acc = wp + 1 + slot[t]
            r[w] += r[acc]
            for i in range(k):
                m[w, i] += m[acc, i]
            for i in range(k):
                m[i, w] += m[i, acc]
            continue
        if kind[t] == DAILY:
            keep, old = 1.0 - z[t, 2], z[t, 2] * work[t, 4]
            r[w] += keep * r[wp]
            r[wp] *= old
            for i in range(k):
                m[w, i] += keep * m[wp, i]
                m[wp, i] *= old
            for i in range(k):
                m[i, w] += keep * m[i, wp]
                m[i, wp] *= old
        gain, shrink = work[t, 2], work[t, 3]
        cr = 0.0
        cmc = 0.0
        for i in range(k):
            cr += work[t, 8 + i] * r[i]
            mc[i] = 0.0
            for j in range(k):
                mc[i] += m[i, j] * work[t, 8 + j]
        for i in range(k):
            cmc += mc[i] * work[t, 8 + i]
        for i in range(k):
            r[i] += work[t, 8 + k + i] * (gain - shrink * cr)
            for j in range(k):
                hi, hj = work[t, 8 + k + i], work[t, 8 + k + j]
                m[i, j] += hi * hj * (shrink + shrink * shrink * cmc) - shrink * (hi * mc[j] + mc[i] * hj)
        var = work[t, 1]
        left = 1.0 - shrink * var  # c'r and c'Mc with the new r and M, as h'c = var
        work[t, 5] = work[t, 0] + cr * left + gain * var
        work[t, 7] = max(left * (var - left * cmc), 1e-10)


def gaussian_log_likelihood(
    theta: Floats,
    day: Floats,
    value: Floats,
    design: Floats,
    prior_mean: Floats,
    prior_cov: Floats,
) -> tuple[float, Floats, Floats]:
    """The same filter with plain Gaussian noise: log likelihood and the posterior of the coefficients and the wander.

    `day` (n, increasing), `value` (n, not rounded), `design` (n x p). This is what is held against statsmodels and R.
    """
    n, p = design.shape
    gap = np.diff(day, prepend=day[0])
    rho = np.where(gap > 0, theta[R] ** gap, 0.0)
    sigma2 = theta[S] ** 2 * (1 - rho**2)
    z = np.zeros((n, 5))
    z[1:, 3] = rho[1:] * value[:-1]
    tau = 1 / sigma2
    nu = tau * (value - z[:, 3])
    mean, cov, work = np.zeros(p + 3), np.zeros((p + 3, p + 3)), np.zeros((n, 2 * p + 14))
    work[:, 4] = rho
    places, sites = np.zeros(n, dtype=np.int64), tau.copy()
    forward(theta, places, places, gap, design, prior_mean, prior_cov, nu, sites, z, mean, cov, work)
    logz = log_integral(places, nu, sites, work)
    constant = 0.5 * np.log(tau / (2 * np.pi)) - 0.5 * tau * np.square(value - z[:, 3])
    return float(logz + constant.sum()), mean[: p + 1], cov[: p + 1, : p + 1]
