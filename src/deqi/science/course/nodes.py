"""Expectation propagation at many values of the non-linear parameters: the sweeps built on `kernel.py`.

Question answered: at each of these thetas, which Gaussian comes closest to the posterior of the linear unknowns, and
how probable are the ratings? `run` is the door; `kernel_numpy.py` holds the same steps for all nodes at once, for a
machine without Numba.
"""

from __future__ import annotations

from math import log, sqrt
from typing import Any

import numpy as np

from deqi.science.course.kernel import (
    CENTRE,
    DAILY,
    GH_W,
    GH_X,
    HAVE_NUMBA,
    HEAD,
    LEAST_PRECISION,
    LEVEL_BEYOND,
    MEAN,
    MISS,
    OFFSET,
    RHO,
    SD,
    SLOPE,
    SMOOTH,
    SPREAD,
    VAR,
    WEEKLY,
    WEEKLY_NOISE,
    WINDOW,
    Floats,
    Ints,
    S,
    backward,
    build_of,
    correlate,
    fill_design,
    forward,
    impute,
    jit,
    keep_noise,
    log_integral,
    mass_between,
    program,
    site_exponent,
)

BLOCK = 32  # nodes taken side by side
BUILD = build_of("kernel.py")


@jit
def tilt(
    theta: Floats,
    kind: Ints,
    previous: Ints,
    low: Floats,
    high: Floats,
    z: Floats,
    nu: Floats,
    tau: Floats,
    work: Floats,
    scale: Floats,
    damp: float,
    weigh: bool,
) -> None:
    """Moments of every rating's tilted distribution.

    If asked to `weigh`, `scale` (n x 3 x G) gets each site's log scale, which sum to the sites' part of the log
    likelihood, and how far the tilted mean and spread are from the smoothed ones: the parts of factor over site along
    the first two Hermite polynomials of h.

    The sites move the share `damp` of the way to matching the moments (0 leaves them). A site may have negative precision (an outlier) down to the
    point where the filter stays sound.
    """
    nodes = theta.shape[1]
    mu_c, sd_c, inverse, blur = np.zeros(nodes), np.zeros(nodes), np.zeros(nodes), np.zeros(nodes)
    z0, z1, z2 = np.zeros(nodes), np.zeros(nodes), np.zeros(nodes)
    for t in range(kind.shape[0]):
        if kind[t] == WINDOW:
            continue
        u = previous[t]
        noise = WEEKLY_NOISE if kind[t] == WEEKLY else 1.0
        for g in range(nodes):
            rho = work[t, RHO, g]
            var_c = 1.0 / max(1.0 / work[t, SPREAD, g] - tau[t, g], 1e-8)
            mu_c[g] = var_c * (work[t, SMOOTH, g] / work[t, SPREAD, g] - nu[t, g])
            sd_c[g] = sqrt(var_c)
            inverse[g] = 1.0 / (noise * theta[S, g] * sqrt(1.0 - rho * rho))
            blur[g] = rho * z[u, SD, g]
            z0[g], z1[g], z2[g] = 0.0, 0.0, 0.0
        for i in range(GH_X.shape[0]):
            for g in range(nodes):
                x = sd_c[g] * GH_X[i]
                centre = mu_c[g] + x + z[t, OFFSET, g]
                f = GH_W[i] * max(mass_between(low[t] - centre, high[t] - centre, blur[g], inverse[g]), MISS)
                z0[g] += f
                z1[g] += f * x
                z2[g] += f * x * x
        for g in range(nodes):
            z1[g] /= z0[g]  # now the tilted mean, from mu_c, and variance
            z2[g] = max(z2[g] / z0[g] - z1[g] * z1[g], 1e-8)
            z1[g] += mu_c[g]
        if weigh:
            for g in range(nodes):
                var_c = sd_c[g] * sd_c[g]
                away = z1[g] - work[t, SMOOTH, g]
                scale[t, 0, g] = log(z0[g] * sqrt(1.0 + tau[t, g] * var_c))
                scale[t, 0, g] -= site_exponent(mu_c[g], var_c, nu[t, g], tau[t, g])
                scale[t, 1, g] = away / sqrt(work[t, SPREAD, g])
                scale[t, 2, g] = 0.5 * ((z2[g] + away * away) / work[t, SPREAD, g] - 1.0)
        if damp > 0.0:
            for g in range(nodes):
                precision = 1.0 / (sd_c[g] * sd_c[g])
                new_tau = max(1.0 / z2[g] - precision, LEAST_PRECISION / work[t, VAR, g])
                new_nu = z1[g] * (new_tau + precision) - mu_c[g] * precision
                tau[t, g] += damp * (new_tau - tau[t, g])
                nu[t, g] += damp * (new_nu - nu[t, g])


@jit
def settle_levels(kind: Ints, previous: Ints, z: Floats, level: Floats, work: Floats) -> None:
    """Levels of the daily ratings from the smoothed h, one after the other: L = m - rho (xi' - L')."""
    for t in range(kind.shape[0]):
        if kind[t] == DAILY:
            u = previous[t]
            for g in range(level.shape[1]):
                work[t, SMOOTH, g] += z[t, OFFSET, g]  # now the smoothed centre m
                before = z[u, MEAN, g] + z[u, SLOPE, g] * (work[u, SMOOTH, g] - z[u, CENTRE, g]) - level[u, g]
                here = work[t, SMOOTH, g] - work[t, RHO, g] * before
                level[t, g] = min(max(here, -LEVEL_BEYOND), 10.0 + LEVEL_BEYOND)


@jit
def sweep_nodes(
    theta: Floats,
    anchor_theta: Floats,
    anchor_nu: Floats,
    anchor_tau: Floats,
    anchor_level: Floats,
    anchor_offset: Floats,
    kind: Ints,
    slot: Ints,
    step_days: Floats,
    gap_days: Floats,
    previous: Ints,
    low: Floats,
    high: Floats,
    design: Floats,
    prior_mean: Floats,
    prior_cov: Floats,
    sweeps: int,
    damp: float,
    last_damp: float,
    nu: Floats,
    tau: Floats,
    level: Floats,
    offset: Floats,
    z: Floats,
    mean: Floats,
    cov: Floats,
    work: Floats,
    scale: Floats,
    logz: Floats,
) -> None:
    """EP at some thetas (6 x G) side by side, from the anchor's sites scaled to each one's s: fills `nu` to `scale`, and
    `logz` (G) with the log integral of prior times sites; with the sum of the log `scale` that is the log likelihood.

    The last sweep moves the sites by `last_damp`: 0 leaves them as the filter saw them.
    """
    nodes = theta.shape[1]
    for t in range(kind.shape[0]):
        for g in range(nodes):
            ratio = (anchor_theta[S] / theta[S, g]) ** 2
            level[t, g] = anchor_level[t]
            tau[t, g] = anchor_tau[t] * (ratio if anchor_tau[t] > 0.0 else min(ratio, 1.0))
            nu[t, g] = anchor_nu[t] * ratio
            offset[t, g] = anchor_offset[t]
    correlate(theta, kind, gap_days, previous, work)
    for i in range(sweeps):
        last = i == sweeps - 1
        impute(theta, kind, gap_days, previous, low, high, level, work, z)
        for t in range(kind.shape[0]):  # a site looks at z - c: move it with c
            for g in range(nodes):
                nu[t, g] -= tau[t, g] * (z[t, OFFSET, g] - offset[t, g])
                offset[t, g] = z[t, OFFSET, g]
        forward(theta, kind, slot, step_days, design, prior_mean, prior_cov, nu, tau, z, mean, cov, work)
        if last:
            log_integral(kind, nu, tau, work, logz)
        backward(kind, z, design.shape[1], work)
        tilt(
            theta, kind, previous, low, high, z, nu, tau, work, scale, last_damp if last else damp, last,
        )  # fmt: skip
        if not last or last_damp > 0.0:
            settle_levels(kind, previous, z, level, work)


@program
def run_nodes(
    build: Any,
    thetas: Floats,
    anchor_theta: Floats,
    anchor_nu: Floats,
    anchor_tau: Floats,
    anchor_level: Floats,
    anchor_offset: Floats,
    kind: Ints,
    slot: Ints,
    step_days: Floats,
    gap_days: Floats,
    previous: Ints,
    low: Floats,
    high: Floats,
    entry: Floats,
    weeks: Floats,
    ended: Floats,
    extra: Floats,
    prior_mean: Floats,
    prior_cov: Floats,
    sweeps: int,
    damp: float,
    logz: Floats,
    means: Floats,
    covs: Floats,
    noises: Floats,
) -> None:
    """Runs `sweeps` EP sweeps at every theta (G x 6), starting from the anchor's sites scaled to the node's s.

    Fills `logz` (G), `means` (G x k), `covs` (G x k x k) and `noises` (G x (p + 2), see `keep_noise`). With one theta
    equal to the anchor the anchor's own sites and levels are improved in place.
    """
    n = kind.shape[0]
    p, k = prior_mean.shape[0], means.shape[1]
    nodes = min(thetas.shape[0], BLOCK)
    work, design = np.zeros((n, HEAD + 2 * k, nodes)), np.zeros((n, p, nodes))
    nu, tau, level, offset = (
        np.zeros((n, nodes)), np.zeros((n, nodes)), np.zeros((n, nodes)), np.zeros((n, nodes)),
    )  # fmt: skip
    z, scale = np.zeros((n, 5, nodes)), np.zeros((n, 3, nodes))
    mean, cov, integral = np.zeros((k, nodes)), np.zeros((k, k, nodes)), np.zeros(nodes)
    in_place = thetas.shape[0] == 1
    for block in range(0, thetas.shape[0], nodes):
        start = min(block, thetas.shape[0] - nodes)  # the last block may overlap the one before
        theta = thetas[start : start + nodes].T.copy()
        fill_design(theta, kind, entry, weeks, ended, extra, design)
        sweep_nodes(
            theta, anchor_theta, anchor_nu, anchor_tau, anchor_level, anchor_offset, kind, slot, step_days, gap_days,
            previous, low, high, design, prior_mean, prior_cov, sweeps, damp, damp if in_place else 0.0, nu, tau, level,
            offset, z, mean, cov, work, scale, integral,
        )  # fmt: skip
        for g in range(nodes):
            logz[start + g] = integral[g] + scale[:, 0, g].sum()
            means[start + g] = mean[:, g]
            covs[start + g] = cov[:, :, g]
            keep_noise(kind, design, z, work, g, noises[start + g])
    if in_place:
        anchor_nu[:], anchor_tau[:] = nu[:, 0], tau[:, 0]
        anchor_level[:], anchor_offset[:] = level[:, 0], offset[:, 0]


def run(*arguments: Any) -> None:
    """`run_nodes`, compiled when Numba is there, otherwise vectorised over the nodes in NumPy."""
    if HAVE_NUMBA:
        run_nodes(BUILD, *arguments)
    else:
        from deqi.science.course.kernel_numpy import run_nodes_numpy

        run_nodes_numpy(*arguments)
