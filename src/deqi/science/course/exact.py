"""The exact likelihood of a course along paths drawn from the Gaussian that expectation propagation found.

Question answered: by how much is EP's answer off, at this theta and near this level? For a path of levels L the
ratings' probability has no approximation left but quadrature: the unrounded ratings are a Markov chain,

    p(z_t | z_t') = t4((z_t - L_t - rho_t (z_t' - L_t')) / sigma_t) / sigma_t,   z_t in its interval,

integrated forward over a few Gauss-Legendre points in each interval: four where the rating is between the ends, eight
in a = x / sqrt(2 + x^2) (in which t4 is a polynomial) where it is 0 or 10. The log weight of a path is this log
likelihood less what EP made of it, log sum of sites; the mean weight at a theta is exact evidence over EP evidence.

Paths are drawn by the simulation smoother of de Jong and Shephard (Biometrika 82, 1995): one backward pass of a node
for the variances, then the paths side by side. `correction.py` uses them.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any

import numpy as np

from deqi.science.course.kernel import (
    DAILY,
    GAIN,
    HAVE_NUMBA,
    HEAD,
    LOG_EVERY,
    OFFSET,
    RHO,
    SD,
    SHRINK,
    SLOPE,
    SMOOTH,
    SPREAD,
    WEEKLY,
    WEEKLY_NOISE,
    WINDOW,
    Floats,
    Ints,
    Q,
    S,
    build_of,
    fill_design,
    inverse_root,
    jit,
    mass_between,
    program,
    t4_cdf,
)
from deqi.science.course.nodes import BLOCK, sweep_nodes

PATHS = 16  # drawn at each node, side by side
INSIDE_X, INSIDE_W = np.polynomial.legendre.leggauss(4)
ENDS_X, ENDS_W = np.polynomial.legendre.leggauss(8)
BUILD = build_of("kernel.py", "nodes.py")
ROOT2 = sqrt(2.0)
T4_TOP = 0.375 * sqrt(2.0)  # density of the unit-variance t(4) at 0
NO_MASS = 1e-36  # least probability of a rating: eight of them can be multiplied
MOST = 60.0  # no factor counts more than e^60 times its site


@jit
def spread_points(
    low: float, high: float, s: float, level: Floats, t: int, away: Floats, weight: Floats
) -> int:
    """Quadrature points of the interval of rating `t`, from its level (n x paths), into `away` and `weight`
    (points x paths); returns how many."""
    if low > -50.0 and high < 50.0:
        half, middle = 0.5 * (high - low), 0.5 * (high + low)
        for i in range(INSIDE_X.shape[0]):
            at, share = middle + half * INSIDE_X[i], half * INSIDE_W[i]
            for j in range(PATHS):
                away[i, j] = at - level[t, j]
            for j in range(PATHS):
                weight[i, j] = share
        return INSIDE_X.shape[0]
    side, cut = (1.0, high) if low <= -50.0 else (-1.0, low)
    for i in range(ENDS_X.shape[0]):
        for j in range(PATHS):
            x = side * (cut - level[t, j]) / s
            half = 0.5 * (x * inverse_root(2.0 + x * x) + 1.0)
            a = half * (ENDS_X[i] + 1.0) - 1.0
            root = inverse_root(1.0 - a * a)
            away[i, j] = side * s * ROOT2 * a * root
            weight[i, j] = half * ENDS_W[i] * s * ROOT2 * root * root * root
    return ENDS_X.shape[0]


@jit
def chain_log_likelihood(
    s: float, kind: Ints, low: Floats, high: Floats, rho: Floats, level: Floats, total: Floats
) -> None:
    """Log probability of the ratings given the levels (n x paths), into `total` (paths); `rho` (n) as `correlate`'s."""
    points = ENDS_X.shape[0]
    away, mass = np.zeros((points, PATHS)), np.zeros((points, PATHS))  # of this daily rating
    before, held = np.zeros((points, PATHS)), np.zeros((points, PATHS))  # of the one before
    reached, whole, product = np.zeros(PATHS), np.zeros(PATHS), np.ones(PATHS)
    used = 0
    for j in range(PATHS):
        total[j] = 0.0
    for t in range(kind.shape[0]):
        if kind[t] == WEEKLY:
            inverse = 1.0 / (WEEKLY_NOISE * s)
            for j in range(PATHS):
                inside = t4_cdf((high[t] - level[t, j]) * inverse) - t4_cdf((low[t] - level[t, j]) * inverse)
                product[j] *= max(inside, NO_MASS)
        elif kind[t] == DAILY:
            from_there, used = used, spread_points(low[t], high[t], s, level, t, away, mass)
            inverse = 1.0 / (s * sqrt(1.0 - rho[t] * rho[t]))
            for i in range(used):
                for j in range(PATHS):
                    reached[j] = 0.0
                if rho[t] > 0.0:
                    for h in range(from_there):
                        for j in range(PATHS):
                            x = (away[i, j] - rho[t] * before[h, j]) * inverse
                            root = inverse_root(1.0 + 0.5 * x * x)
                            reached[j] += held[h, j] * (root * root) * (root * root) * root
                else:
                    for j in range(PATHS):
                        x = away[i, j] * inverse
                        root = inverse_root(1.0 + 0.5 * x * x)
                        reached[j] += (root * root) * (root * root) * root
                for j in range(PATHS):
                    mass[i, j] *= T4_TOP * inverse * reached[j]
            for j in range(PATHS):
                whole[j] = NO_MASS
            for i in range(used):
                for j in range(PATHS):
                    whole[j] += mass[i, j]
            for j in range(PATHS):
                product[j] *= whole[j]
                whole[j] = 1.0 / whole[j]
            for i in range(used):
                for j in range(PATHS):
                    mass[i, j] *= whole[j]
            away, before = before, away
            mass, held = held, mass
        if t % LOG_EVERY == 0 or t == kind.shape[0] - 1:
            for j in range(PATHS):
                total[j] += log(product[j])
                product[j] = 1.0


@jit
def prepare_steps(
    theta: Floats,
    kind: Ints,
    step_days: Floats,
    z: Floats,
    p: int,
    work: Floats,
    lean: Floats,
    left: Floats,
    future: Floats,
) -> None:
    """Backward pass for the draws: each wander step's variance given later data (`left`, n) and how it leans on the
    state after it (`lean`, n x (p + 2): no rating speaks of the sums). `future` ((p + 2) x (p + 2)) ends as the precision of the data about the start."""
    w, wp, k = p, p + 1, p + 2
    row = (work.shape[1] + HEAD) // 2
    m = future
    m[:, :] = 0.0
    mc = np.zeros(k)
    for t in range(kind.shape[0] - 1, -1, -1):
        if kind[t] != WINDOW:
            if kind[t] == DAILY:
                keep, old = 1.0 - z[t, SLOPE], z[t, SLOPE] * work[t, RHO]
                for i in range(k):
                    m[w, i] += keep * m[wp, i]
                    m[wp, i] *= old
                for i in range(k):
                    m[i, w] += keep * m[i, wp]
                    m[i, wp] *= old
            shrink = work[t, SHRINK]
            cmc = 0.0
            for i in range(k):
                mc[i] = 0.0
                for j in range(k):
                    mc[i] += m[i, j] * work[t, HEAD + j]
            for i in range(k):
                cmc += mc[i] * work[t, HEAD + i]
            for i in range(k):
                for j in range(k):
                    hi, hj = work[t, row + i], work[t, row + j]
                    m[i, j] += hi * hj * (shrink + shrink * shrink * cmc) - shrink * (hi * mc[j] + mc[i] * hj)
        step = theta[Q] * theta[Q] * step_days[t]
        left[t] = 0.0
        if step > 0.0:
            left[t] = max(step - step * step * m[w, w], 1e-12 * step)
            for i in range(k):
                lean[t, i] = step * m[w, i]
            for i in range(k):
                for j in range(k):
                    m[i, j] += lean[t, i] * lean[t, j] / left[t]


@jit
def draw_steps(
    theta: Floats,
    kind: Ints,
    step_days: Floats,
    z: Floats,
    p: int,
    work: Floats,
    lean: Floats,
    left: Floats,
    normal: Floats,
    steps: Floats,
    pull: Floats,
) -> None:
    """Draws the wander's steps (`steps`, n x paths) from standard normals (`normal`, n x paths); `pull` ((p + 2) x paths) ends
    as what the data and the draws say about the coefficients."""
    w, wp, k = p, p + 1, p + 2
    row = (work.shape[1] + HEAD) // 2
    pull[:] = 0.0
    a = np.zeros(PATHS)
    for t in range(kind.shape[0] - 1, -1, -1):
        if kind[t] != WINDOW:
            if kind[t] == DAILY:
                keep, old = 1.0 - z[t, SLOPE], z[t, SLOPE] * work[t, RHO]
                for j in range(PATHS):
                    pull[w, j] += keep * pull[wp, j]
                    pull[wp, j] *= old
            a[:] = 0.0
            for i in range(k):
                for j in range(PATHS):
                    a[j] += work[t, HEAD + i] * pull[i, j]
            for j in range(PATHS):
                a[j] = work[t, GAIN] - work[t, SHRINK] * a[j]
            for i in range(k):
                for j in range(PATHS):
                    pull[i, j] += work[t, row + i] * a[j]
        if left[t] > 0.0:
            step, root = theta[Q] * theta[Q] * step_days[t], sqrt(left[t])
            for j in range(PATHS):
                steps[t, j] = step * pull[w, j] + root * normal[t, j]
            for i in range(k):
                share = lean[t, i] / root
                for j in range(PATHS):
                    pull[i, j] -= share * normal[t, j]
        else:
            steps[t, :] = 0.0


@jit
def root_of(matrix: Floats) -> Floats:
    """Lower triangular root of a covariance; a direction without spread gets none."""
    p = matrix.shape[0]
    root = np.zeros((p, p))
    for i in range(p):
        for j in range(i + 1):
            rest = matrix[i, j]
            for h in range(j):
                rest -= root[i, h] * root[j, h]
            if i == j:
                root[i, i] = sqrt(max(rest, 0.0))
            elif root[j, j] > 0.0:
                root[i, j] = rest / root[j, j]
    return root


@jit
def walk(
    kind: Ints,
    slot: Ints,
    previous: Ints,
    design: Floats,
    z: Floats,
    work: Floats,
    low: Floats,
    high: Floats,
    s: float,
    nu: Floats,
    tau: Floats,
    scale: Floats,
    coefficients: Floats,
    steps: Floats,
    level: Floats,
    state: Floats,
    sites: Floats,
    control: Floats,
) -> None:
    """Follows the drawn paths: levels (n x paths), the state at the end (k x paths), the log of the scaled
    sites, and `control`: the sum over ratings of EP factor over scaled site, less its part up to the square of h."""
    p = design.shape[1]
    w = p
    state[:, :] = 0.0
    sites[:] = 0.0
    control[:] = 0.0
    chain, h, mass, times = np.zeros(PATHS), np.zeros(PATHS), np.zeros(PATHS), np.zeros(PATHS)
    for i in range(p):
        for j in range(PATHS):
            state[i, j] = coefficients[i, j]
    for t in range(kind.shape[0]):
        for j in range(PATHS):
            state[w, j] += steps[t, j]
        if kind[t] == WINDOW:
            for j in range(PATHS):
                state[w + 2 + slot[t], j] += state[w, j]
            continue
        for j in range(PATHS):
            level[t, j] = state[w, j]
        for i in range(p):
            for j in range(PATHS):
                level[t, j] += design[t, i] * coefficients[i, j]
        rho = work[t, RHO]
        inverse = 1.0 / (WEEKLY_NOISE * s if kind[t] == WEEKLY else s * sqrt(1.0 - rho * rho))
        blur = rho * z[previous[t], SD]
        per_sd = 1.0 / sqrt(work[t, SPREAD])
        low_h, high_h = low[t] - z[t, OFFSET], high[t] - z[t, OFFSET]
        for j in range(PATHS):
            h[j] = level[t, j] - rho * chain[j]
        for j in range(PATHS):
            mass[j] = mass_between(low_h - h[j], high_h - h[j], blur, inverse)
        for j in range(PATHS):
            site = nu[t] * h[j] - 0.5 * tau[t] * h[j] * h[j] + scale[t, 0]
            sites[j] += site
            times[j] = min(-site, MOST)
        for j in range(PATHS):
            times[j] = exp(times[j])
        for j in range(PATHS):
            x = (h[j] - work[t, SMOOTH]) * per_sd
            control[j] += mass[j] * times[j] - 1.0 - scale[t, 1] * x - scale[t, 2] * (x * x - 1.0)
        if kind[t] == DAILY:
            for j in range(PATHS):
                chain[j] = level[t, j] - z[t, SLOPE] * h[j]


@program
def draw_nodes(
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
    normal_start: Floats,
    normal_step: Floats,
    log_weight: Floats,
    controls: Floats,
    states: Floats,
) -> None:
    """EP at every theta as in `run_nodes`, then paths: `log_weight` and `controls` (G x paths), `states` (G x k x paths).

    `normal_start` (G x p x paths) and `normal_step` (G x n x paths) are standard normals.
    """
    n, p, k = kind.shape[0], prior_mean.shape[0], states.shape[1]
    nodes = min(thetas.shape[0], BLOCK)
    works, designs = np.zeros((n, HEAD + 2 * k, nodes)), np.zeros((n, p, nodes))
    nus, taus, levels, offsets = (
        np.zeros((n, nodes)), np.zeros((n, nodes)), np.zeros((n, nodes)), np.zeros((n, nodes)),
    )  # fmt: skip
    zs, scales = np.zeros((n, 5, nodes)), np.zeros((n, 3, nodes))
    means, covs, integrals = np.zeros((k, nodes)), np.zeros((k, k, nodes)), np.zeros(nodes)
    lean, left, future = np.zeros((n, p + 2)), np.zeros(n), np.zeros((p + 2, p + 2))
    steps, path, pull = np.zeros((n, PATHS)), np.zeros((n, PATHS)), np.zeros((p + 2, PATHS))
    coefficients, sites = np.zeros((p, PATHS)), np.zeros(PATHS)
    for block in range(0, thetas.shape[0], nodes):
        start = min(block, thetas.shape[0] - nodes)  # the last block may overlap the one before
        side_by_side = thetas[start : start + nodes].T.copy()
        fill_design(side_by_side, kind, entry, weeks, ended, extra, designs)
        sweep_nodes(
            side_by_side, anchor_theta, anchor_nu, anchor_tau, anchor_level, anchor_offset, kind, slot, step_days, gap_days,
            previous, low, high, designs, prior_mean, prior_cov, sweeps, damp, 0.0, nus, taus, levels, offsets, zs, means,
            covs, works, scales, integrals,
        )  # fmt: skip
        for node in range(nodes):
            g = start + node
            theta, design = thetas[g], designs[:, :, node].copy()
            work, z, scale = works[:, :, node].copy(), zs[:, :, node].copy(), scales[:, :, node].copy()
            nu, tau = nus[:, node].copy(), taus[:, node].copy()
            prepare_steps(theta, kind, step_days, z, p, work, lean, left, future)
            draw_steps(theta, kind, step_days, z, p, work, lean, left, normal_step[g], steps, pull)
            spread = prior_cov.copy()
            for i in range(p):  # the prior is diagonal
                for j in range(p):
                    spread[i, j] -= prior_cov[i, i] * future[i, j] * prior_cov[j, j]
            root = root_of(spread)
            for i in range(p):
                for j in range(PATHS):
                    coefficients[i, j] = prior_mean[i] + prior_cov[i, i] * pull[i, j]
                    for h in range(i + 1):
                        coefficients[i, j] += root[i, h] * normal_start[g, h, j]
            walk(
                kind, slot, previous, design, z, work, low, high, theta[S], nu, tau, scale, coefficients, steps, path,
                states[g], sites, controls[g],
            )  # fmt: skip
            chain_log_likelihood(theta[S], kind, low, high, work[:, RHO].copy(), path, log_weight[g])
            for j in range(PATHS):
                log_weight[g, j] -= sites[j]


def draw(*arguments: Any) -> None:
    """`draw_nodes`, compiled when Numba is there, otherwise vectorised over the nodes in NumPy."""
    if HAVE_NUMBA:
        draw_nodes(BUILD, *arguments)
    else:
        from deqi.science.course.exact_numpy import draw_nodes_numpy

        draw_nodes_numpy(*arguments)
