"""The same sweeps as `kernel.py` and `nodes.py`, written in NumPy for all nodes at once: the fallback
without Numba, and its check.

Nothing here is a new method; the steps stand in the same order so that the two can be read side by side. Arrays
carry the nodes first: a state mean is G x k, a covariance G x k x k.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deqi.science.course.kernel import (
    CENTRE,
    DAILY,
    FLOOR,
    GH_W,
    GH_X,
    LAM,
    LEAST_PRECISION,
    LEVEL_BEYOND,
    MEAN,
    MISS,
    OFFSET,
    OM,
    SD,
    SLOPE,
    TAU,
    WEEKLY,
    WEEKLY_NOISE,
    WINDOW,
    B,
    D,
    E,
    Floats,
    Ints,
    Q,
    R,
    S,
)


@dataclass(frozen=True)
class Swept:
    """One sweep at every node: log likelihood (G), and of each event its covariance with the state `c` and row `h`
    (n x G x k), `gain` and `shrink` (n x G), the sites' `scale` (G x n x 3), smoothed mean and `spread` of each h (n x G)."""

    logz: Floats
    c: Floats
    h: Floats
    gain: Floats
    shrink: Floats
    scale: Floats
    smoothed: Floats
    spread: Floats


def t4_cdf_array(x: Floats) -> Floats:
    """`kernel.t4_cdf` for arrays."""
    a = x / np.sqrt(2.0 + x * x)
    return np.asarray(0.5 + 0.25 * a * (3.0 - a * a))


def cut_t4_array(a: Floats, b: Floats) -> tuple[Floats, Floats, Floats]:
    """`kernel.cut_t4` for arrays."""
    k = 0.375 * np.sqrt(2.0)
    pa, pb = 1.0 / np.sqrt(1.0 + 0.5 * a * a), 1.0 / np.sqrt(1.0 + 0.5 * b * b)
    fa, fb = k * pa**5, k * pb**5
    mass = np.maximum(t4_cdf_array(b) - t4_cdf_array(a), 1e-12)
    first = k * (2.0 / 3.0) * (pa**3 - pb**3)
    mean = np.minimum(np.maximum(first / mass, a), b)
    second = 2.0 * k * (b * pb - a * pa) / mass - 2.0
    slope = 1.0 - ((b * fb - a * fa) * mass - first * (fb - fa)) / (mass * mass)
    return mean, np.sqrt(np.maximum(second - mean * mean, 1e-6)), np.clip(slope, 0.0, 1.0)


def impute_array(
    s: Floats, rho: Floats, kind: Ints, previous: Ints, low: Floats, high: Floats, level: Floats, z: Floats
) -> None:
    """`kernel.impute` for all nodes: fills `z` (G x n x 5)."""
    for t in range(len(kind)):
        if kind[t] != DAILY:
            continue
        u, back = previous[t], rho[:, t]
        z[:, t, OFFSET] = back * (z[:, u, MEAN] - z[:, u, SLOPE] * (z[:, u, CENTRE] - z[:, u, OFFSET]))
        centre = level[:, t] + back * (z[:, u, MEAN] - level[:, u])
        scale = np.sqrt(s * s * (1.0 - back * back) + back * back * z[:, u, SD] ** 2)
        mean, sd, slope = cut_t4_array((low[t] - centre) / scale, (high[t] - centre) / scale)
        z[:, t, MEAN], z[:, t, SD], z[:, t, SLOPE] = centre + scale * mean, scale * sd, slope
        z[:, t, CENTRE] = centre


def design_of(
    theta: Floats, kind: Ints, entry: Floats, weeks: Floats, ended: Floats, extra: Floats
) -> Floats:
    """The design of every node: G x n x p."""
    g, n = len(theta), len(kind)
    om, lam, tau = theta[:, OM, None, None], theta[:, LAM, None, None], theta[:, TAU, None, None]
    share = np.where(weeks > 0, weeks / (weeks + om), 0.0) * np.exp(-ended / lam)
    flare = np.exp(-entry / tau)
    weekly = kind == WEEKLY
    out = np.empty((g, n, 3 + extra.shape[1]))
    out[:, :, B] = 1.0
    out[:, :, E] = -np.where(weekly, share.mean(axis=2), share[:, :, 0])
    out[:, :, D] = np.where(weekly, flare.mean(axis=2), flare[:, :, 0])
    out[:, :, 3:] = extra
    return out


@dataclass(frozen=True)
class Settled:
    """What EP leaves at every node: sites, rating estimates `z`, and the last sweep's filter (n x G ...)."""

    design: Floats
    rho: Floats
    nu: Floats
    tau: Floats
    level: Floats
    offset: Floats
    z: Floats
    swept: Swept


def settle_nodes(
    thetas: Floats,
    anchor: tuple[Floats, ...],
    events: tuple[Any, ...],
    prior_mean: Floats,
    prior_cov: Floats,
    sweeps: int,
    damp: float,
    last_damp: float,
    means: Floats,
    covs: Floats,
) -> Settled:
    """`nodes.sweep_node` for all nodes at once; `anchor` and `events` are its arguments of those kinds, in order."""
    anchor_theta, anchor_nu, anchor_tau, anchor_level, anchor_offset = anchor
    kind, slot, step_days, gap_days, previous, low, high, entry, weeks, ended, extra = events
    g, n = len(thetas), len(kind)
    design = design_of(thetas, kind, entry, weeks, ended, extra)
    daily = (kind == DAILY) & (gap_days > 0)
    rho = np.where(daily, thetas[:, R, None] ** np.where(daily, gap_days, 1.0), 0.0)
    ratio = ((anchor_theta[S] / thetas[:, S]) ** 2)[:, None]
    tau = anchor_tau * np.where(anchor_tau > 0, ratio, np.minimum(ratio, 1.0))
    nu = anchor_nu * ratio
    level, offset = np.tile(anchor_level, (g, 1)), np.tile(anchor_offset, (g, 1))
    z = np.zeros((g, n, 5))
    with np.errstate(all="ignore"):  # a node that fails is told by its numbers, as in the compiled program
        for i in range(sweeps):
            impute_array(thetas[:, S], rho, kind, previous, low, high, level, z)
            nu -= tau * (z[:, :, OFFSET] - offset)
            offset[:] = z[:, :, OFFSET]
            swept = _sweep(
                thetas, kind, slot, step_days, previous, low, high, design, rho, prior_mean, prior_cov,
                nu, tau, level, z, means, covs, damp if i < sweeps - 1 else last_damp,
            )  # fmt: skip
    return Settled(design, rho, nu, tau, level, offset, z, swept)


def run_nodes_numpy(
    thetas: Floats,
    anchor_theta: Floats,
    anchor_nu: Floats,
    anchor_tau: Floats,
    anchor_level: Floats,
    anchor_offset: Floats,
    *rest: Any,
) -> None:
    """`nodes.run_nodes` for all nodes at once; same arguments, same results to rounding."""
    *events, prior_mean, prior_cov, sweeps, damp, logz, means, covs, noises = rest
    anchor = anchor_theta, anchor_nu, anchor_tau, anchor_level, anchor_offset
    in_place = len(thetas) == 1
    last = damp if in_place else 0.0
    found = settle_nodes(
        thetas, anchor, tuple(events), prior_mean, prior_cov, sweeps, damp, last, means, covs
    )
    logz[:] = found.swept.logz
    _keep_noise(events[0], found, noises)
    if in_place:
        anchor_nu[:], anchor_tau[:] = found.nu[0], found.tau[0]
        anchor_level[:], anchor_offset[:] = found.level[0], found.offset[0]


def _keep_noise(kind: Ints, found: Settled, noises: Floats) -> None:
    """`kernel.keep_noise` for all nodes: fills `noises` (G x (p + 2))."""
    p = found.design.shape[2]
    noises[:] = 0.0
    if (kind == DAILY).any():
        t = int(np.flatnonzero(kind == DAILY)[-1])
        value, sd, slope, offset, centre = np.moveaxis(found.z[:, t], 1, 0)
        noises[:, :p] = found.design[:, t] - slope[:, None] * found.swept.h[t, :, :p]
        noises[:, p] = value - slope * (centre - offset)
        noises[:, p + 1] = sd


def _sweep(
    thetas: Floats,
    kind: Ints,
    slot: Ints,
    step_days: Floats,
    previous: Ints,
    low: Floats,
    high: Floats,
    design: Floats,
    rho: Floats,
    prior_mean: Floats,
    prior_cov: Floats,
    nu: Floats,
    tau: Floats,
    level: Floats,
    z: Floats,
    mean: Floats,
    cov: Floats,
    damp: float,
) -> Swept:
    """One EP sweep at every node; changes `nu`, `tau`, `level`, `mean` and `cov` in place."""
    g, n, p = design.shape
    k = mean.shape[1]
    w, wp = p, p + 1
    q2 = np.square(thetas[:, Q])
    mean[:] = 0.0
    cov[:] = 0.0
    mean[:, :p] = prior_mean
    cov[:, :p, :p] = prior_cov
    logz = np.zeros(g)
    c = np.zeros((n, g, k))
    h = np.zeros((n, g, k))
    chain = np.zeros((g, p))
    mu, var, gain, shrink = (np.zeros((n, g)) for _ in range(4))
    for t in range(n):
        cov[:, w, w] += q2 * step_days[t]
        if kind[t] == WINDOW:
            acc = wp + 1 + slot[t]
            mean[:, acc] += mean[:, w]
            cov[:, acc, :] += cov[:, w, :]
            cov[:, :, acc] += cov[:, :, w]
            continue
        h[t, :, :p] = design[:, t] - rho[:, t, None] * chain
        h[t, :, w], h[t, :, wp] = 1.0, -rho[:, t]
        c[t] = np.einsum("gij,gj->gi", cov, h[t])
        mu[t] = (mean * h[t]).sum(axis=1)
        var[t] = (c[t] * h[t]).sum(axis=1)
        tau[:, t] = np.maximum(tau[:, t], (FLOOR - 1.0) / var[t])
        scale = 1.0 / (1.0 + tau[:, t] * var[t])
        gain[t] = (nu[:, t] - tau[:, t] * mu[t]) * scale
        shrink[t] = tau[:, t] * scale
        logz += _log_site(mu[t], var[t], nu[:, t], tau[:, t])
        mean += c[t] * gain[t][:, None]
        cov -= shrink[t][:, None, None] * c[t][:, :, None] * c[t][:, None, :]
        if kind[t] == DAILY:
            slope = z[:, t, SLOPE]
            keep, old = 1.0 - slope, slope * rho[:, t]
            chain = design[:, t] - slope[:, None] * h[t, :, :p]
            mean[:, wp] = keep * mean[:, w] + old * mean[:, wp]
            cov[:, wp, :] = keep[:, None] * cov[:, w, :] + old[:, None] * cov[:, wp, :]
            cov[:, :, wp] = keep[:, None] * cov[:, :, w] + old[:, None] * cov[:, :, wp]
    smoothed, spread = _backward(p, kind, rho, z, c, h, mu, var, gain, shrink)
    scale = _tilt(thetas, kind, previous, low, high, rho, nu, tau, z, var, smoothed, spread, damp)
    centre = np.zeros((n, g))
    for t in range(n):
        if kind[t] == DAILY:
            centre[t] = smoothed[t] + z[:, t, OFFSET]
            u = previous[t]
            before = z[:, u, MEAN] + z[:, u, SLOPE] * (centre[u] - z[:, u, CENTRE]) - level[:, u]
            level[:, t] = np.clip(centre[t] - rho[:, t] * before, -LEVEL_BEYOND, 10.0 + LEVEL_BEYOND)
    return Swept(logz + scale[:, :, 0].sum(axis=1), c, h, gain, shrink, scale, smoothed, spread)


def _log_site(mu: Floats, var: Floats, nu: Floats, tau: Floats) -> Floats:
    """Log of the integral of N(h; mu, var) exp(nu h - tau h^2 / 2)."""
    top = 2.0 * mu * nu + var * nu * nu - tau * mu * mu
    return np.asarray(-0.5 * np.log(1.0 + tau * var) + 0.5 * top / (1.0 + tau * var))


def _backward(
    p: int,
    kind: Ints,
    rho: Floats,
    z: Floats,
    c: Floats,
    h: Floats,
    mu: Floats,
    var: Floats,
    gain: Floats,
    shrink: Floats,
) -> tuple[Floats, Floats]:
    """Smoothed mean and variance of every h: n x G. No rating speaks of the sums, so they are left out."""
    w, wp, k = p, p + 1, p + 2
    c, h = c[:, :, :k], h[:, :, :k]
    n, g = gain.shape
    r = np.zeros((g, k))
    m = np.zeros((g, k, k))
    smoothed, spread = np.zeros((n, g)), np.ones((n, g))
    for t in range(n - 1, -1, -1):
        if kind[t] == WINDOW:
            continue
        if kind[t] == DAILY:
            keep, old = 1.0 - z[:, t, SLOPE], z[:, t, SLOPE] * rho[:, t]
            r[:, w] += keep * r[:, wp]
            r[:, wp] *= old
            m[:, w, :] += keep[:, None] * m[:, wp, :]
            m[:, wp, :] *= old[:, None]
            m[:, :, w] += keep[:, None] * m[:, :, wp]
            m[:, :, wp] *= old[:, None]
        mc = np.einsum("gij,gj->gi", m, c[t])
        cr, cmc = (c[t] * r).sum(axis=1), (c[t] * mc).sum(axis=1)
        d = shrink[t]
        r += h[t] * (gain[t] - d * cr)[:, None]
        hh = h[t][:, :, None] * h[t][:, None, :]
        hm = h[t][:, :, None] * mc[:, None, :]
        m += hh * (d + d * d * cmc)[:, None, None] - d[:, None, None] * (hm + hm.transpose(0, 2, 1))
        smoothed[t] = mu[t] + (c[t] * r).sum(axis=1)
        spread[t] = np.maximum(var[t] - np.einsum("gi,gij,gj->g", c[t], m, c[t]), 1e-10)
    return smoothed, spread


def _tilt(
    thetas: Floats,
    kind: Ints,
    previous: Ints,
    low: Floats,
    high: Floats,
    rho: Floats,
    nu: Floats,
    tau: Floats,
    z: Floats,
    var: Floats,
    smoothed: Floats,
    spread: Floats,
    damp: float,
) -> Floats:
    """Moments of every rating's tilted distribution: the new sites, and `scale` (G x n x 3)."""
    rated = np.flatnonzero(kind != WINDOW)
    s = thetas[:, S, None]
    v, m = spread[rated].T, smoothed[rated].T
    rho, nu_t, tau_t = rho[:, rated], nu[:, rated], tau[:, rated]
    var_c = 1.0 / np.maximum(1.0 / v - tau_t, 1e-8)
    mu_c = var_c * (m / v - nu_t)
    sigma = np.where(kind[rated] == WEEKLY, WEEKLY_NOISE * s, s * np.sqrt(1.0 - rho * rho))
    blur = (rho * z[:, previous[rated], SD])[..., None]
    x = mu_c[..., None] + np.sqrt(var_c)[..., None] * GH_X + z[:, rated, OFFSET][..., None]
    f = np.zeros_like(x)
    for side in (-1.0, 1.0):
        shift, width = x + side * blur, sigma[..., None]
        f += 0.5 * (
            t4_cdf_array((high[rated][:, None] - shift) / width)
            - t4_cdf_array((low[rated][:, None] - shift) / width)
        )
    f = GH_W * np.maximum(f, MISS)
    x = x - z[:, rated, OFFSET][..., None]
    z0 = f.sum(axis=-1)
    t_mean = (f * x).sum(axis=-1) / z0
    t_var = np.maximum((f * x * x).sum(axis=-1) / z0 - t_mean * t_mean, 1e-8)
    scale = np.zeros((*nu.shape, 3))
    scale[:, rated, 0] = np.log(z0) - _log_site(mu_c, var_c, nu_t, tau_t)
    scale[:, rated, 1] = (t_mean - m) / np.sqrt(v)
    scale[:, rated, 2] = 0.5 * ((t_var + np.square(t_mean - m)) / v - 1.0)
    if damp > 0.0:
        new = np.maximum(1.0 / t_var - 1.0 / var_c, LEAST_PRECISION / var[rated].T)
        tau[:, rated] += damp * (new - tau_t)
        nu[:, rated] += damp * (t_mean * (new + 1.0 / var_c) - mu_c / var_c - nu_t)
    return scale
