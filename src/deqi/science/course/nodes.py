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
    DAILY,
    GH_W,
    GH_X,
    HAVE_NUMBA,
    LEAST_PRECISION,
    LEVEL_BEYOND,
    MISS,
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
    log_site,
    mass_between,
    program,
)

BUILD = build_of("kernel.py")


@jit
def tilt(
    s: float,
    kind: Ints,
    low: Floats,
    high: Floats,
    z: Floats,
    nu: Floats,
    tau: Floats,
    work: Floats,
    scale: Floats,
    damp: float,
    weigh: bool,
) -> float:
    """Moments of every rating's tilted distribution. Returns the sites' part of the log likelihood if asked to `weigh`.

    `scale` (n x 3) gets each site's log scale, and how far the tilted mean and spread are from the smoothed ones: the
    parts of factor over site along the first two Hermite polynomials of h.

    The sites move the share `damp` of the way to matching the moments (0 leaves them). A site may have negative precision (an outlier) down to the
    point where the filter stays sound.
    """
    logz = 0.0
    for t in range(kind.shape[0]):
        scale[t, 0] = 0.0
        if kind[t] == WINDOW:
            continue
        rho = work[t, 4]
        var_c = 1.0 / max(1.0 / work[t, 7] - tau[t], 1e-8)
        mu_c = var_c * (work[t, 5] / work[t, 7] - nu[t])
        sigma = WEEKLY_NOISE * s if kind[t] == WEEKLY else s * sqrt(1.0 - rho * rho)
        blur = rho * z[int(work[t, 6]), 1]
        sd_c = sqrt(var_c)
        z0 = 0.0
        z1 = 0.0
        z2 = 0.0
        inverse = 1.0 / sigma
        for g in range(GH_X.shape[0]):
            x = mu_c + sd_c * GH_X[g]
            centre = x + z[t, 3]
            f = GH_W[g] * max(mass_between(low[t] - centre, high[t] - centre, blur, inverse), MISS)
            z0 += f
            z1 += f * x
            z2 += f * x * x
        t_mean = z1 / z0
        t_var = max(z2 / z0 - t_mean * t_mean, 1e-8)
        if weigh:
            scale[t, 0] = log(z0) - log_site(mu_c, var_c, nu[t], tau[t])
            scale[t, 1] = (t_mean - work[t, 5]) / sqrt(work[t, 7])
            scale[t, 2] = 0.5 * ((t_var + (t_mean - work[t, 5]) ** 2) / work[t, 7] - 1.0)
            logz += scale[t, 0]
        if damp > 0.0:
            new_tau = max(1.0 / t_var - 1.0 / var_c, LEAST_PRECISION / work[t, 1])
            new_nu = t_mean * (new_tau + 1.0 / var_c) - mu_c / var_c
            tau[t] += damp * (new_tau - tau[t])
            nu[t] += damp * (new_nu - nu[t])
    return logz


@jit
def settle_levels(kind: Ints, z: Floats, level: Floats, work: Floats) -> None:
    """Levels of the daily ratings from the smoothed h, one after the other: L = m - rho (xi' - L')."""
    for t in range(kind.shape[0]):
        if kind[t] == DAILY:
            work[t, 5] += z[t, 3]  # now the smoothed centre m
            level[t] = work[t, 5]
            if work[t, 4] > 0.0:
                u = int(work[t, 6])
                level[t] -= work[t, 4] * (z[u, 0] + z[u, 2] * (work[u, 5] - z[u, 4]) - level[u])
            level[t] = min(max(level[t], -LEVEL_BEYOND), 10.0 + LEVEL_BEYOND)


@jit
def sweep_node(
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
) -> tuple[float, float]:
    """EP at one theta from the anchor's sites scaled to its s: fills `nu` to `scale`.

    Returns the log integral of prior times sites, and the sum of the sites' log `scale`; together the log likelihood.
    The last sweep moves the sites by `last_damp`: 0 leaves them as the filter saw them.
    """
    p, k = design.shape[1], mean.shape[0]
    ratio = (anchor_theta[S] / theta[S]) ** 2
    for t in range(kind.shape[0]):
        level[t] = anchor_level[t]
        tau[t] = anchor_tau[t] * (ratio if anchor_tau[t] > 0.0 else min(ratio, 1.0))
        nu[t] = anchor_nu[t] * ratio
        offset[t] = anchor_offset[t]
    correlate(theta, kind, gap_days, work)
    integral, scales = 0.0, 0.0
    for i in range(sweeps):
        last = i == sweeps - 1
        impute(theta[S], kind, gap_days, low, high, level, work, z)
        for t in range(kind.shape[0]):  # a site looks at z - c: move it with c
            nu[t] -= tau[t] * (z[t, 3] - offset[t])
            offset[t] = z[t, 3]
        forward(theta, kind, slot, step_days, design, prior_mean, prior_cov, nu, tau, z, mean, cov, work)
        if last:
            integral = log_integral(kind, nu, tau, work)
        backward(kind, slot, z, p, k, work)
        scales = tilt(theta[S], kind, low, high, z, nu, tau, work, scale, last_damp if last else damp, last)
        if not last or last_damp > 0.0:
            settle_levels(kind, z, level, work)
    return integral, scales


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
    work = np.zeros((n, 2 * k + 8))
    work[:, 6] = previous
    design = np.zeros((n, p))
    nu, tau, level, offset = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    z, scale = np.zeros((n, 5)), np.zeros((n, 3))
    in_place = thetas.shape[0] == 1
    for g in range(thetas.shape[0]):
        fill_design(thetas[g], kind, entry, weeks, ended, extra, design)
        integral, scales = sweep_node(
            thetas[g],
            anchor_theta,
            anchor_nu,
            anchor_tau,
            anchor_level,
            anchor_offset,
            kind,
            slot,
            step_days,
            gap_days,
            low,
            high,
            design,
            prior_mean,
            prior_cov,
            sweeps,
            damp,
            damp if in_place else 0.0,
            nu,
            tau,
            level,
            offset,
            z,
            means[g],
            covs[g],
            work,
            scale,
        )
        logz[g] = integral + scales
        keep_noise(kind, design, z, work, noises[g])
        if in_place:
            for t in range(n):
                anchor_nu[t], anchor_tau[t], anchor_level[t], anchor_offset[t] = (
                    nu[t],
                    tau[t],
                    level[t],
                    offset[t],
                )


def run(*arguments: Any) -> None:
    """`run_nodes`, compiled when Numba is there, otherwise vectorised over the nodes in NumPy."""
    if HAVE_NUMBA:
        run_nodes(BUILD, *arguments)
    else:
        from deqi.science.course.kernel_numpy import run_nodes_numpy

        run_nodes_numpy(*arguments)
