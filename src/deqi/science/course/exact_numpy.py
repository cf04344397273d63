"""The same draws and exact weights as `exact.py`, in NumPy for all nodes at once: the fallback without Numba.

Arrays carry the nodes first and the paths last. The steps stand in the same order as there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from deqi.science.course.exact import (
    ENDS_W,
    ENDS_X,
    INSIDE_W,
    INSIDE_X,
    MOST,
    NO_MASS,
    PATHS,
    ROOT2,
    T4_TOP,
)
from deqi.science.course.kernel import (
    DAILY,
    OFFSET,
    SD,
    SLOPE,
    WEEKLY,
    WEEKLY_NOISE,
    WINDOW,
    Floats,
    Ints,
    Q,
    S,
)
from deqi.science.course.kernel_numpy import Settled, settle_nodes, t4_cdf_array


def draw_nodes_numpy(
    thetas: Floats,
    anchor_theta: Floats,
    anchor_nu: Floats,
    anchor_tau: Floats,
    anchor_level: Floats,
    anchor_offset: Floats,
    *rest: Any,
) -> None:
    """`exact.draw_nodes` for all nodes at once; same arguments, same results to rounding."""
    *events, prior_mean, prior_cov, sweeps, damp, normal_start, normal_step, log_weight, controls, states = (
        rest
    )
    anchor = anchor_theta, anchor_nu, anchor_tau, anchor_level, anchor_offset
    g, k = states.shape[:2]
    mean, cov = np.zeros((g, k)), np.zeros((g, k, k))
    found = settle_nodes(thetas, anchor, tuple(events), prior_mean, prior_cov, sweeps, damp, 0.0, mean, cov)
    kind, slot, step_days, _, previous, low, high = events[:7]
    with np.errstate(all="ignore"):
        steps, coefficients = _drawn(
            thetas, kind, step_days, prior_mean, prior_cov, found, normal_start, normal_step
        )
        level, sites = _walked(
            thetas, kind, slot, previous, low, high, found, coefficients, steps, states, controls
        )
        log_weight[:] = _chain(thetas, kind, previous, low, high, found.rho, events[3] > 0, level) - sites


def _drawn(
    thetas: Floats,
    kind: Ints,
    step_days: Floats,
    prior_mean: Floats,
    prior_cov: Floats,
    found: Settled,
    normal_start: Floats,
    normal_step: Floats,
) -> tuple[Floats, Floats]:
    """The wander's steps (G x n x paths) and the coefficients (G x p x paths)."""
    swept, rho, z = found.swept, found.rho, found.z
    n, g = swept.gain.shape
    p = len(prior_mean)
    w, wp, k = p, p + 1, p + 2
    m, pull = np.zeros((g, k, k)), np.zeros((g, k, PATHS))
    steps = np.zeros((g, n, PATHS))
    for t in range(n - 1, -1, -1):
        if kind[t] != WINDOW:
            c, h = swept.c[t, :, :k], swept.h[t, :, :k]
            gain, shrink = swept.gain[t][:, None], swept.shrink[t]
            if kind[t] == DAILY:
                keep, old = 1.0 - z[:, t, SLOPE, None], (z[:, t, SLOPE] * rho[:, t])[:, None]
                m[:, w, :] += keep * m[:, wp, :]
                m[:, wp, :] *= old
                m[:, :, w] += keep * m[:, :, wp]
                m[:, :, wp] *= old
                pull[:, w] += keep * pull[:, wp]
                pull[:, wp] *= old
            mc = np.einsum("gij,gj->gi", m, c)
            cmc = (c * mc).sum(axis=1)
            hh, hm = h[:, :, None] * h[:, None, :], h[:, :, None] * mc[:, None, :]
            m += hh * (shrink + shrink * shrink * cmc)[:, None, None]
            m -= shrink[:, None, None] * (hm + hm.transpose(0, 2, 1))
            a = gain - shrink[:, None] * np.einsum("gi,gij->gj", c, pull)
            pull += h[:, :, None] * a[:, None, :]
        if step_days[t] > 0:
            step = np.square(thetas[:, Q]) * step_days[t]
            left = np.maximum(step - step * step * m[:, w, w], 1e-12 * step)
            lean, root = step[:, None] * m[:, w, :], np.sqrt(left)
            m += lean[:, :, None] * lean[:, None, :] / left[:, None, None]
            steps[:, t] = step[:, None] * pull[:, w] + root[:, None] * normal_step[:, t]
            pull -= (lean / root[:, None])[:, :, None] * normal_step[:, t][:, None, :]
    prior = np.diag(prior_cov)
    spread = prior_cov - prior[:, None] * m[:, :p, :p] * prior
    coefficients = prior_mean[:, None] + prior[:, None] * pull[:, :p]
    return steps, coefficients + np.einsum("gij,gjk->gik", _root_of(spread), normal_start)


def _root_of(matrix: Floats) -> Floats:
    """`exact.root_of` for every node."""
    p = matrix.shape[1]
    root = np.zeros_like(matrix)
    for i in range(p):
        for j in range(i + 1):
            rest = matrix[:, i, j] - (root[:, i, :j] * root[:, j, :j]).sum(axis=1)
            if i == j:
                root[:, i, i] = np.sqrt(np.maximum(rest, 0.0))
            else:
                root[:, i, j] = np.where(root[:, j, j] > 0, rest / root[:, j, j], 0.0)
    return root


def _walked(
    thetas: Floats,
    kind: Ints,
    slot: Ints,
    previous: Ints,
    low: Floats,
    high: Floats,
    found: Settled,
    coefficients: Floats,
    steps: Floats,
    states: Floats,
    controls: Floats,
) -> tuple[Floats, Floats]:
    """Levels (G x n x paths) and the log of the scaled sites (G x paths); fills `states` and `controls`."""
    g, n, p = found.design.shape
    s = thetas[:, S, None]
    level, sites = np.zeros((g, n, PATHS)), np.zeros((g, PATHS))
    chain, scale = np.zeros((g, PATHS)), found.swept.scale
    states[:] = 0.0
    states[:, :p] = coefficients
    controls[:] = 0.0
    for t in range(n):
        states[:, p] += steps[:, t]
        if kind[t] == WINDOW:
            states[:, p + 2 + slot[t]] += states[:, p]
            continue
        rho = found.rho[:, t, None]
        level[:, t] = states[:, p] + np.einsum("gi,gij->gj", found.design[:, t], coefficients)
        h = level[:, t] - rho * chain
        site = found.nu[:, t, None] * h - 0.5 * found.tau[:, t, None] * h * h + scale[:, t, 0, None]
        sites += site
        centre = h + found.z[:, t, OFFSET, None]
        sigma = WEEKLY_NOISE * s if kind[t] == WEEKLY else s * np.sqrt(1.0 - rho * rho)
        blur = rho * found.z[:, previous[t], SD, None]
        inside = np.zeros_like(centre)
        for side in (blur, -blur):
            inside += t4_cdf_array((high[t] - centre + side) / sigma)
            inside -= t4_cdf_array((low[t] - centre + side) / sigma)
        x = (h - found.swept.smoothed[t][:, None]) / np.sqrt(found.swept.spread[t][:, None])
        controls += 0.5 * inside * np.exp(np.minimum(-site, MOST))
        controls -= 1.0 + scale[:, t, 1, None] * x + scale[:, t, 2, None] * (x * x - 1.0)
        if kind[t] == DAILY:
            chain = level[:, t] - found.z[:, t, SLOPE, None] * h
    return level, sites


def _points(low: float, high: float, s: Floats, level: Floats) -> tuple[Floats, Floats]:
    """`exact.spread_points`: points and weights, G x points x paths."""
    if low > -50.0 and high < 50.0:
        half, middle = 0.5 * (high - low), 0.5 * (high + low)
        shape = (len(level), len(INSIDE_X), PATHS)
        return (
            np.broadcast_to((middle + half * INSIDE_X)[:, None], shape),
            np.broadcast_to((half * INSIDE_W)[:, None], shape),
        )
    side, cut = (1.0, high) if low <= -50.0 else (-1.0, low)
    x = side * (cut - level) / s
    share = (0.5 * (x / np.sqrt(2.0 + x * x) + 1.0))[:, None, :]
    a = share * (ENDS_X[:, None] + 1.0) - 1.0
    rest = 1.0 - a * a
    width = ROOT2 * s[:, :, None]
    return (
        level[:, None, :] + side * width * a / np.sqrt(rest),
        share * ENDS_W[:, None] * width / (rest * np.sqrt(rest)),
    )


def _chain(
    thetas: Floats,
    kind: Ints,
    previous: Ints,
    low: Floats,
    high: Floats,
    rho: Floats,
    follows: Any,
    level: Floats,
) -> Floats:
    """`exact.chain_log_likelihood` for every node: G x paths."""
    s = thetas[:, S, None]
    total = np.zeros((len(thetas), PATHS))
    z: dict[int, Floats] = {}
    mass: dict[int, Floats] = {}
    for t in np.flatnonzero(kind != WINDOW).tolist():
        at = level[:, t]
        if kind[t] == WEEKLY:
            sigma = WEEKLY_NOISE * s
            inside = t4_cdf_array((high[t] - at) / sigma) - t4_cdf_array((low[t] - at) / sigma)
            total += np.log(np.maximum(inside, NO_MASS))
            continue
        z[t], weight = _points(float(low[t]), float(high[t]), s, at)
        back = rho[:, t, None, None]
        inverse = 1.0 / (s[:, :, None] * np.sqrt(1.0 - back * back))
        away = z[t] - at[:, None, :]
        if follows[t]:
            u = int(previous[t])
            before = back * (z[u] - level[:, u, None, :])
            v = 1.0 + 0.5 * np.square((away[:, :, None, :] - before[:, None]) * inverse[:, None])
            reached = (mass[u][:, None] / (v * v * np.sqrt(v))).sum(axis=2)
        else:
            v = 1.0 + 0.5 * np.square(away * inverse)
            reached = 1.0 / (v * v * np.sqrt(v))
        reached = weight * (T4_TOP * inverse * reached)
        whole = np.maximum(reached.sum(axis=1), NO_MASS)
        total += np.log(whole)
        mass[t] = reached / whole[:, None, :]
    return total
