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

Arrays carry the nodes (G values of theta, `theta` is 6 x G) last and side by side, so that the processor takes four or
eight of them at once.

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
# Columns of `work`, the room of a sweep, for each rating's h: filtered mean and variance, gain and shrink of the update,
# correlation with the daily rating before, smoothed mean and variance; then covariance with the state, and row.
MU, VAR, GAIN, SHRINK, RHO, SMOOTH, SPREAD, HEAD = range(8)
# Columns of `z`, what a sweep holds of each daily rating: mean, SD and slope of its unrounded value given those before it,
# the offset c of its own factor, and its centre m.
MEAN, SD, SLOPE, OFFSET, CENTRE = range(5)
LOG_EVERY = 8  # events between two logarithms of a product


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
def inverse_root(v: float) -> float:
    """1 / sqrt(v) to 1e-13, for v from 1e-30 to 1e30: in single precision, where it is quick, and one step of Newton's."""
    rough = np.float64(np.float32(1.0) / sqrt(np.float32(v)))
    return rough * (1.5 - 0.5 * v * rough * rough)


@jit
def t4_cdf(x: float) -> float:
    """Distribution function of Student's t(4) scaled to unit variance. t4_cdf(0) = 0.5."""
    a = x / sqrt(2.0 + x * x)
    return 0.5 + 0.25 * a * (3.0 - a * a)


@jit
def mass_between(low: float, high: float, blur: float, inverse: float) -> float:
    """Mean over +-`blur` of the mass of a t(4) of SD 1 / `inverse` between `low` and `high`, both from its centre.

    Four values of `t4_cdf`: mass_between(-0.5, 0.5, 0.0, 1.0) is 0.481.
    """
    a, b = (high + blur) * inverse, (high - blur) * inverse
    c, d = (low + blur) * inverse, (low - blur) * inverse
    a, b = a * inverse_root(2.0 + a * a), b * inverse_root(2.0 + b * b)
    c, d = c * inverse_root(2.0 + c * c), d * inverse_root(2.0 + d * d)
    return 0.125 * (a * (3.0 - a * a) + b * (3.0 - b * b) - c * (3.0 - c * c) - d * (3.0 - d * d))


@jit
def cut_t4(a: float, b: float) -> tuple[float, float, float]:
    """Mean, SD and slope of a unit-variance t(4) cut to (a, b); the slope is d(m + mean)/dm as the centre moves.

    cut_t4(-inf, 0) has mean -0.7071; an interval far narrower than 1 has slope near 0, a very wide one near 1.
    """
    k = 0.375 * sqrt(2.0)
    pa, pb = 1.0 / sqrt(1.0 + 0.5 * a * a), 1.0 / sqrt(1.0 + 0.5 * b * b)
    pa2, pb2 = pa * pa, pb * pb
    fa, fb = k * pa2 * pa2 * pa, k * pb2 * pb2 * pb  # the density at both ends
    mass = max(k * (b * pb * (1.0 - b * b * pb2 / 6.0) - a * pa * (1.0 - a * a * pa2 / 6.0)), 1e-12)
    per_mass = 1.0 / mass
    first = k * (2.0 / 3.0) * (pa * pa2 - pb * pb2)
    mean = min(max(first * per_mass, a), b)
    second = 2.0 * k * (b * pb - a * pa) * per_mass - 2.0
    slope = 1.0 - ((b * fb - a * fa) - first * (fb - fa) * per_mass) * per_mass
    return mean, sqrt(max(second - mean * mean, 1e-6)), min(max(slope, 0.0), 1.0)


@jit
def correlate(theta: Floats, kind: Ints, gap_days: Floats, previous: Ints, work: Floats) -> None:
    """Fills RHO of `work`, each daily rating's correlation with the one before it; 0 where there is none."""
    for t in range(kind.shape[0]):
        u = previous[t]
        if kind[t] != DAILY or gap_days[t] <= 0.0:
            for g in range(theta.shape[1]):
                work[t, RHO, g] = 0.0
        elif gap_days[t] == gap_days[u]:
            for g in range(theta.shape[1]):
                work[t, RHO, g] = work[u, RHO, g]
        else:
            for g in range(theta.shape[1]):
                work[t, RHO, g] = theta[R, g] ** gap_days[t]


@jit
def impute(
    theta: Floats,
    kind: Ints,
    gap_days: Floats,
    previous: Ints,
    low: Floats,
    high: Floats,
    level: Floats,
    work: Floats,
    z: Floats,
) -> None:
    """Fills `z` (n x 5 x G) of the daily ratings; of the others only OFFSET, with 0. `work` holds RHO."""
    nodes = theta.shape[1]
    for t in range(kind.shape[0]):
        if kind[t] != DAILY:
            for g in range(nodes):
                z[t, OFFSET, g] = 0.0
            continue
        if gap_days[t] > 0.0:
            u = previous[t]
            for g in range(nodes):
                s, rho = theta[S, g], work[t, RHO, g]
                z[t, OFFSET, g] = rho * (z[u, MEAN, g] - z[u, SLOPE, g] * (z[u, CENTRE, g] - z[u, OFFSET, g]))
                z[t, CENTRE, g] = level[t, g] + rho * (z[u, MEAN, g] - level[u, g])
                z[t, SD, g] = sqrt(s * s * (1.0 - rho * rho) + rho * rho * z[u, SD, g] * z[u, SD, g])
        else:
            for g in range(nodes):
                z[t, OFFSET, g] = 0.0
                z[t, CENTRE, g] = level[t, g]
                z[t, SD, g] = theta[S, g]
        for g in range(nodes):
            centre, scale = z[t, CENTRE, g], z[t, SD, g]
            inverse = 1.0 / scale
            mean, sd, slope = cut_t4((low[t] - centre) * inverse, (high[t] - centre) * inverse)
            z[t, MEAN, g] = centre + scale * mean
            z[t, SD, g] = scale * sd
            z[t, SLOPE, g] = slope


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
    """Fills `design` (n x p x G) of the ratings: baseline 1, effect -g k, flare exp(-days/tau), then the `extra` columns.

    `entry` (n x 7), `weeks` and `ended` hold the seven days a weekly rating speaks of; a daily one uses the first.
    """
    for t in range(kind.shape[0]):
        if kind[t] == WINDOW:
            continue
        days = 7 if kind[t] == WEEKLY else 1
        for g in range(theta.shape[1]):
            effect = 0.0
            flare = 0.0
            for j in range(days):
                effect += course_shape(weeks[t, j], ended[t, j], theta[OM, g], theta[LAM, g])
                flare += exp(-entry[t, j] / theta[TAU, g])
            design[t, B, g] = 1.0
            design[t, E, g] = -effect / days
            design[t, D, g] = flare / days
            for j in range(extra.shape[1]):
                design[t, 3 + j, g] = extra[t, j]


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

    `nu`, `tau` (n x G) are the sites' natural parameters; `mean` (k x G) and `cov` (k x k x G) end as the state after the
    last event. `work` (n x (HEAD + 2k) x G) holds RHO and keeps for `backward`: MU, VAR, GAIN and SHRINK of each h, from
    HEAD on its covariance with the state and its row.
    """
    p = design.shape[1]
    k, nodes = mean.shape
    w, wp = p, p + 1
    mean[:] = 0.0
    cov[:] = 0.0
    for i in range(p):
        mean[i, :] = prior_mean[i]
        for j in range(p):
            cov[i, j, :] = prior_cov[i, j]
    chain = np.zeros((p, nodes))
    keep, old = np.zeros(nodes), np.zeros(nodes)
    row = HEAD + k
    begun = wp + 1  # the sums are 0 until the first marked day, and no rating speaks of them
    for t in range(kind.shape[0]):
        for g in range(nodes):
            cov[w, w, g] += theta[Q, g] * theta[Q, g] * step_days[t]
        if kind[t] == WINDOW:
            begun = k
            acc = wp + 1 + slot[t]
            for g in range(nodes):
                mean[acc, g] += mean[w, g]
            for i in range(k):
                for g in range(nodes):
                    cov[acc, i, g] += cov[w, i, g]
            for i in range(k):
                for g in range(nodes):
                    cov[i, acc, g] += cov[i, w, g]
            continue
        for i in range(p):
            for g in range(nodes):
                work[t, row + i, g] = design[t, i, g] - work[t, RHO, g] * chain[i, g]
        for g in range(nodes):
            work[t, row + w, g] = 1.0
            work[t, row + wp, g] = -work[t, RHO, g]
        for i in range(begun):
            for g in range(nodes):
                work[t, HEAD + i, g] = (
                    cov[i, B, g] * work[t, row + B, g]
                    + cov[i, E, g] * work[t, row + E, g]
                    + cov[i, D, g] * work[t, row + D, g]
                    + cov[i, w, g]
                    - cov[i, wp, g] * work[t, RHO, g]
                )
            for j in range(3, p):
                for g in range(nodes):
                    work[t, HEAD + i, g] += cov[i, j, g] * work[t, row + j, g]
        for g in range(nodes):
            work[t, MU, g] = (
                mean[B, g] * work[t, row + B, g]
                + mean[E, g] * work[t, row + E, g]
                + mean[D, g] * work[t, row + D, g]
                + mean[w, g]
                - mean[wp, g] * work[t, RHO, g]
            )
        for g in range(nodes):
            work[t, VAR, g] = (
                work[t, HEAD + B, g] * work[t, row + B, g]
                + work[t, HEAD + E, g] * work[t, row + E, g]
                + work[t, HEAD + D, g] * work[t, row + D, g]
                + work[t, HEAD + w, g]
                - work[t, HEAD + wp, g] * work[t, RHO, g]
            )
        for j in range(3, p):
            for g in range(nodes):
                work[t, MU, g] += mean[j, g] * work[t, row + j, g]
                work[t, VAR, g] += work[t, HEAD + j, g] * work[t, row + j, g]
        for g in range(nodes):
            tau[t, g] = max(tau[t, g], (FLOOR - 1.0) / work[t, VAR, g])
            scale = 1.0 / (1.0 + tau[t, g] * work[t, VAR, g])
            work[t, GAIN, g] = (nu[t, g] - tau[t, g] * work[t, MU, g]) * scale
            work[t, SHRINK, g] = tau[t, g] * scale
        for i in range(begun):
            for g in range(nodes):
                mean[i, g] += work[t, HEAD + i, g] * work[t, GAIN, g]
                keep[g] = work[t, HEAD + i, g] * work[t, SHRINK, g]
            for j in range(begun):
                for g in range(nodes):
                    cov[i, j, g] -= keep[g] * work[t, HEAD + j, g]
        if kind[t] == DAILY:
            # what the next daily rating subtracts: L - kappa m, here and in the coefficients
            for i in range(p):
                for g in range(nodes):
                    chain[i, g] = design[t, i, g] - z[t, SLOPE, g] * work[t, row + i, g]
            for g in range(nodes):
                keep[g], old[g] = 1.0 - z[t, SLOPE, g], z[t, SLOPE, g] * work[t, RHO, g]
                mean[wp, g] = keep[g] * mean[w, g] + old[g] * mean[wp, g]
            for i in range(begun):
                for g in range(nodes):
                    cov[wp, i, g] = keep[g] * cov[w, i, g] + old[g] * cov[wp, i, g]
            for i in range(begun):
                for g in range(nodes):
                    cov[i, wp, g] = keep[g] * cov[i, w, g] + old[g] * cov[i, wp, g]


@jit
def keep_noise(kind: Ints, design: Floats, z: Floats, work: Floats, g: int, noise: Floats) -> None:
    """What the last daily rating tells of its own noise at node `g`, into `noise` (p + 2): the row on the coefficients
    that is subtracted beside the state's wander, the constant, and the SD that is left. All 0 without a daily rating.

    Noise = xi' - L_prev of the module's text, given the state after `forward`.
    """
    p = design.shape[1]
    row = (work.shape[1] + HEAD) // 2
    noise[:] = 0.0
    for t in range(kind.shape[0] - 1, -1, -1):
        if kind[t] == DAILY:
            for i in range(p):
                noise[i] = design[t, i, g] - z[t, SLOPE, g] * work[t, row + i, g]
            noise[p] = z[t, MEAN, g] - z[t, SLOPE, g] * (z[t, CENTRE, g] - z[t, OFFSET, g])
            noise[p + 1] = z[t, SD, g]
            return


@jit
def log_integral(kind: Ints, nu: Floats, tau: Floats, work: Floats, logz: Floats) -> None:
    """Log of the integral of prior times sites, from what `forward` left in `work`, into `logz` (G)."""
    spread = np.ones(logz.shape[0])
    logz[:] = 0.0
    for t in range(kind.shape[0]):
        if kind[t] == WINDOW:
            continue
        for g in range(logz.shape[0]):
            mu, var = work[t, MU, g], work[t, VAR, g]
            logz[g] += site_exponent(mu, var, nu[t, g], tau[t, g])
            spread[g] *= 1.0 + tau[t, g] * var
        if t % LOG_EVERY == 0:
            for g in range(logz.shape[0]):
                logz[g] -= 0.5 * log(spread[g])
                spread[g] = 1.0
    for g in range(logz.shape[0]):
        logz[g] -= 0.5 * log(spread[g])


@jit
def site_exponent(mu: float, var: float, nu: float, tau: float) -> float:
    """Log of the integral of N(h; mu, var) exp(nu h - tau h^2 / 2), without its -log(1 + tau var) / 2."""
    return 0.5 * (2.0 * mu * nu + var * nu * nu - tau * mu * mu) / (1.0 + tau * var)


@jit
def backward(kind: Ints, z: Floats, p: int, work: Floats) -> None:
    """Adjoint smoother: smoothed mean and variance of every h into SMOOTH and SPREAD of `work`. No rating speaks of the sums, so
    they are left out."""
    w, wp, k = p, p + 1, p + 2
    row = (work.shape[1] + HEAD) // 2
    nodes = work.shape[2]
    r = np.zeros((k, nodes))
    m = np.zeros((k, k, nodes))
    mc = np.zeros((k, nodes))
    cr, cmc = np.zeros(nodes), np.zeros(nodes)
    keep, old = np.zeros(nodes), np.zeros(nodes)
    for t in range(kind.shape[0] - 1, -1, -1):
        if kind[t] == WINDOW:
            continue
        if kind[t] == DAILY:
            for g in range(nodes):
                keep[g], old[g] = 1.0 - z[t, SLOPE, g], z[t, SLOPE, g] * work[t, RHO, g]
                r[w, g] += keep[g] * r[wp, g]
                r[wp, g] *= old[g]
            for i in range(k):
                for g in range(nodes):
                    m[w, i, g] += keep[g] * m[wp, i, g]
                    m[wp, i, g] *= old[g]
            for i in range(k):
                for g in range(nodes):
                    m[i, w, g] += keep[g] * m[i, wp, g]
                    m[i, wp, g] *= old[g]
        cr[:] = 0.0
        cmc[:] = 0.0
        for i in range(k):
            for g in range(nodes):
                mc[i, g] = (
                    m[i, B, g] * work[t, HEAD + B, g]
                    + m[i, E, g] * work[t, HEAD + E, g]
                    + m[i, D, g] * work[t, HEAD + D, g]
                    + m[i, w, g] * work[t, HEAD + w, g]
                    + m[i, wp, g] * work[t, HEAD + wp, g]
                )
            for j in range(3, p):
                for g in range(nodes):
                    mc[i, g] += m[i, j, g] * work[t, HEAD + j, g]
            for g in range(nodes):
                cr[g] += work[t, HEAD + i, g] * r[i, g]
                cmc[g] += work[t, HEAD + i, g] * mc[i, g]
        for g in range(nodes):
            shrink, var = work[t, SHRINK, g], work[t, VAR, g]
            left = 1.0 - shrink * var  # c'r and c'Mc with the new r and M, as h'c = var
            work[t, SMOOTH, g] = work[t, MU, g] + cr[g] * left + work[t, GAIN, g] * var
            work[t, SPREAD, g] = max(left * (var - left * cmc[g]), 1e-10)
            cr[g] = work[t, GAIN, g] - shrink * cr[g]
            cmc[g] = shrink + shrink * shrink * cmc[g]
        # M += hh' (shrink + shrink^2 c'Mc) - shrink (h mc' + mc h'), as h a' + b h'
        for i in range(k):
            for g in range(nodes):
                r[i, g] += work[t, row + i, g] * cr[g]
                keep[g] = work[t, row + i, g] * cmc[g] - work[t, SHRINK, g] * mc[i, g]
                old[g] = -work[t, SHRINK, g] * work[t, row + i, g]
            for j in range(k):
                for g in range(nodes):
                    m[i, j, g] += keep[g] * work[t, row + j, g] + old[g] * mc[j, g]


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
    short = max(
        3 - p, 0
    )  # the filter knows baseline, effect and flare: those that are not asked for are fixed at 0
    columns = np.pad(design, ((0, 0), (0, short)))[:, :, None]
    prior_mean, prior_cov = np.pad(prior_mean, (0, short)), np.pad(prior_cov, (0, short))
    k = p + short + 3
    gap = np.diff(day, prepend=day[0])
    rho = np.where(gap > 0, theta[R] ** gap, 0.0)[:, None]
    sigma2 = theta[S] ** 2 * (1 - rho**2)
    z = np.zeros((n, 5, 1))
    z[1:, OFFSET] = rho[1:] * value[:-1, None]
    tau = 1 / sigma2
    nu = tau * (value[:, None] - z[:, OFFSET])
    mean, cov, work, logz = np.zeros((k, 1)), np.zeros((k, k, 1)), np.zeros((n, HEAD + 2 * k, 1)), np.zeros(1)
    work[:, RHO] = rho
    places, sites = np.zeros(n, dtype=np.int64), tau.copy()
    forward(
        theta[:, None], places, places, gap, columns, prior_mean, prior_cov, nu, sites, z, mean, cov, work
    )
    log_integral(places, nu, sites, work, logz)
    constant = 0.5 * np.log(tau / (2 * np.pi)) - 0.5 * tau * np.square(value[:, None] - z[:, OFFSET])
    asked = [*range(p), p + short]
    return float(logz[0] + constant.sum()), mean[asked, 0], cov[np.ix_(asked, asked)][:, :, 0]
