"""The posterior of one series: a weighted set of Gaussians, one for each value of the non-linear parameters.

Question answered: which baselines, effects and levels are compatible with the ratings, and how strongly?

Method. The six non-linear parameters are written as normal scores, standard normal a priori. (1) the day-to-day SD
is located by a parabola through five values; (2) 32 points of a Sobol sequence weigh the posterior roughly; (3) 128
points from a normal fitted to it, widened by 1.3, carry weights prior x EP likelihood / proposal; while the weights
are worth fewer than 40 points, the normal is fitted anew, up to four times, and then carries 512; so it does where the
points leave the mean drop uncertain (a wide posterior: few ratings). At each point the
linear unknowns are Gaussian, cut to 0-10 (baseline) and to >= 0 (flare); the cuts are integrated exactly by
quadrature over flare and baseline. (4) Paths drawn from the points put back what EP misses (`correction.py`). No
chance enters: the same data give the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, cached_property
from math import log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from deqi.science.course import exact
from deqi.science.course import nodes as ep
from deqi.science.course.correction import (
    CLOSE,
    DEEP_CUT,
    ENOUGH,
    FEW_TURNS,
    FEWEST,
    MOST_TURNS,
    NO_BETTER,
    PICKS,
    Paths,
    Tilt,
    fit_tilt,
    normals,
    picks_of,
    terms_of,
    tilted,
)
from deqi.science.course.exact import PATHS
from deqi.science.course.kernel import DAILY, WINDOW, B, D, Floats, R, S
from deqi.science.course.priors import ChangePrior, coefficient_prior, priors, theta_of
from deqi.science.course.series import Series
from deqi.science.course.shapes import drop_row
from deqi.science.knowledge import data_path

FIRST_NODES, NODES, MOST_NODES = 32, 128, 512
SWEEPS, SWEEPS_AT_ENDS = 2, 4
DAMP_AT_ENDS = 0.7
SMALL_STEPS, SMALL_DAMP = 12, 0.4
ROUNDS, WORTH = 4, 40  # the nodes are placed anew until the weights are worth this many of 128
COARSE = 0.05  # standard error in points from which on 512 nodes are used
LEAST_WORTH = 30  # weights worth fewer are those of an approximation that has not settled
LEAST_KEPT = 0.5  # a correction that leaves the weights worth less than this share is not believed
WIDEN = 1.3


class FitError(ArithmeticError):
    """The computation did not settle for this series."""


@dataclass(frozen=True)
class Posterior:
    """`weight` (G) sums to 1 before the cuts; `theta` (G x 6); `mean` (G x k) and `cov` (G x k x k) of the state.

    `noise` (G x (p + 2)) is what the last daily rating tells of its own noise: see `kernel.keep_noise`. `rough` where
    EP's answer could not be corrected: the mean drop is then known to 0.2 points, not to 0.02.
    """

    series: Series
    change: ChangePrior
    scores: Floats
    theta: Floats
    weight: Floats
    mean: Floats
    cov: Floats
    noise: Floats
    log_evidence: float
    rough: bool = False

    @cached_property
    def drop(self) -> Floats:
        """D_T, the baseline less the mean level of the last seven days, as a row on the state (G x k)."""
        return drop_row(self.series, self.theta, self.mean.shape[1])

    @property
    def effective_nodes(self) -> float:
        """How many equally weighted nodes the weights are worth."""
        return float(1 / np.square(self.weight).sum())

    @property
    def coarse(self) -> float:
        """Standard error of the mean drop, in points, if the nodes had been drawn by chance; evenly spread ones do better."""
        drop = (self.drop * self.mean).sum(axis=1)
        spread = np.square(drop - self.weight @ drop)
        return float(np.sqrt(self.weight @ spread / self.effective_nodes))


@cache
def normal_scores(count: int) -> Floats:
    """`count` x 6 standard normal scores, evenly spread; always the same.

    Points of a scrambled Sobol sequence, centred and scaled. Those in use are kept in `data/nodes.csv`, so that the
    numbers do not hang on a library's version; other counts are made on the spot.
    """
    kept = _kept_scores()
    return kept[count] if count in kept else sobol_scores(count)


def sobol_scores(count: int) -> Floats:
    """How `data/nodes.csv` was made (SciPy's scrambled Sobol sequence, seed 20261123)."""
    from scipy.stats import qmc  # slow to import

    scores = ndtri(qmc.Sobol(6, scramble=True, seed=20261123).random(count))
    scores -= scores.mean(axis=0)
    return np.asarray(scores / scores.std(axis=0))


@cache
def _kept_scores() -> dict[int, Floats]:
    table = np.loadtxt(data_path("deqi.science.course", "nodes.csv"), delimiter=",", skiprows=1)
    return {int(count): table[table[:, 0] == count, 1:] for count in np.unique(table[:, 0])}


def fit(
    series: Series, change: ChangePrior, nodes: int = NODES, sweeps: int | None = None, picks: int = PICKS
) -> Posterior:
    """Fits one series. `nodes` is a power of two; 128 is what is served, more is for checking.

    `sweeps` defaults to 2, and to 4 where more than a tenth of the ratings are 0 or 10. `picks` is the number of nodes
    whose paths correct the rest; 0 leaves EP's answer. Where nothing settles, or the paths cannot tell, it begins
    again in small steps with four times the nodes and twice the picks before the answer is called rough. Raises
    FitError when nothing settles then: a node without numbers, or weights worth fewer than 30 nodes of 128.
    """
    crowded = series.n_at_ends > 0.1 * series.n_ratings
    sweeps = sweeps or (SWEEPS_AT_ENDS if crowded else SWEEPS)
    found: Posterior | None = None
    try:
        found = _fit(_Engine(series, change, sweeps, DAMP_AT_ENDS if crowded else 1.0), nodes, picks)
        if not found.rough:
            return found
    except FitError:
        pass
    try:  # outliers about a very steady level, or hardly a rating to hold on to
        return _fit(_Engine(series, change, SMALL_STEPS, SMALL_DAMP), 4 * nodes, 2 * picks)
    except FitError:
        if found is None:
            raise
        return found


def _fit(engine: _Engine, nodes: int, picks: int) -> Posterior:
    """See `fit`."""
    centre, spread = engine.locate_noise()
    middle, root = np.zeros(6), np.eye(6)
    middle[S], root[S, S] = centre, 1.25 * spread
    cloud = engine.weigh(normal_scores(FIRST_NODES), middle, root)
    best: _Cloud | None = None
    for turn in range(ROUNDS):
        middle, root = _refine(cloud, centre, spread, together=turn > 0)
        cloud = engine.weigh(normal_scores(nodes), middle, root)
        if best is None or cloud.effective > best.effective:
            best = cloud
        if cloud.effective >= WORTH * nodes / NODES:
            break
    assert best is not None
    found = _posterior(engine, best)
    more = min(4 * nodes, MOST_NODES)
    uneven, wide = best.effective < WORTH * nodes / NODES, nodes >= NODES and found.coarse > COARSE
    if more > nodes and (uneven or wide):
        best = engine.weigh(normal_scores(more), *_refine(best, centre, spread, together=True))
        found = _posterior(engine, best)
    if best.effective < LEAST_WORTH * nodes / NODES:
        raise FitError("too few values of the non-linear parameters carry the posterior")
    if not picks:
        return found
    corrected = _corrected(engine, found, best.chance[_kept(best)], picks)
    if corrected is None or corrected.effective_nodes < LEAST_KEPT * found.effective_nodes:
        return replace(found, rough=True)
    return corrected


def _kept(cloud: _Cloud) -> NDArray[np.bool_]:
    """The nodes with any weight to speak of."""
    return np.asarray(cloud.weight > 1e-4 * cloud.weight.max())


def _posterior(engine: _Engine, cloud: _Cloud) -> Posterior:
    """What the weighted nodes say by EP."""
    keep = _kept(cloud)
    return Posterior(
        series=engine.series,
        change=engine.change,
        scores=cloud.scores[keep],
        theta=engine.theta_of(cloud.scores[keep]),
        weight=cloud.weight[keep] / cloud.weight[keep].sum(),
        mean=cloud.mean[keep],
        cov=cloud.cov[keep],
        noise=cloud.noise[keep],
        log_evidence=cloud.log_evidence,
    )


def _corrected(engine: _Engine, found: Posterior, chance: Floats, picks: int) -> Posterior | None:
    """The nodes under the exact likelihood (see `correction.py`); None where the paths cannot tell it. `chance` (G) is
    that of each node to lie within the cuts."""
    rows = terms_of(found.drop)
    inside = _within(found.weight, chance)
    deep = float(found.weight @ chance) < DEEP_CUT
    paths: Paths | None = None
    tilt: Tilt | None = None
    for turn in range(MOST_TURNS):
        few = not deep and turn < FEW_TURNS
        at = picks_of(inside, picks, (turn + 0.5) / (FEW_TURNS if few else MOST_TURNS))
        log_weight, control, states = engine.draw(found.theta[at], turn)
        y = (rows[at] @ states).transpose(1, 0, 2).reshape(rows.shape[1], -1)
        scores = np.repeat(found.scores[at].T, PATHS, axis=1)
        drawn = Paths(y, scores, log_weight.ravel(), control.ravel(), np.ones(y.shape[1]))
        drawn = drawn.within(np.repeat(chance[at], PATHS)) if deep else drawn
        paths = drawn if paths is None else paths.joined(drawn)
        if len(paths.count) < FEWEST:
            continue
        tilt = fit_tilt(paths)
        if tilt.error <= (CLOSE if deep or turn + 1 < FEW_TURNS else ENOUGH):
            break
    if tilt is None or tilt.error > NO_BETTER:  # hardly a path within the cuts, or they scatter too much
        return None
    more, mean, cov = tilted(tilt, rows, found.scores, found.mean, found.cov)
    weight = found.weight * np.exp(more - more.max())
    # without a daily rating nothing is kept for the next one: that variance is 0
    if not (
        np.isfinite(weight).all() and weight.sum() > 0 and (np.diagonal(cov, axis1=1, axis2=2) >= 0).all()
    ):
        raise FitError("the exact likelihood of the ratings could not be followed")
    return replace(found, weight=weight / weight.sum(), mean=mean, cov=cov)


@dataclass(frozen=True)
class _Cloud:
    """Weighted nodes: `weight` leaves the cuts of flare and baseline out, `inside` takes them in (each sums to 1);
    `chance` is that of a node to lie within the cuts."""

    scores: Floats
    weight: Floats
    chance: Floats
    inside: Floats
    mean: Floats
    cov: Floats
    noise: Floats
    log_evidence: float

    @property
    def effective(self) -> float:
        """How many equally weighted nodes it is worth, with the cuts or without, whichever is less."""
        return float(1 / max(np.square(self.inside).sum(), np.square(self.weight).sum()))


def _refine(cloud: _Cloud, centre: float, spread: float, *, together: bool) -> tuple[Floats, Floats]:
    """Centre and root covariance of the next proposal, drawn towards the prior as far as the weights are few.

    `together`: with the correlations, which the first few nodes cannot tell.
    """
    share = cloud.effective / (cloud.effective + 8)
    mean = cloud.inside @ cloud.scores
    apart = cloud.scores - mean
    cov = share * (apart * cloud.inside[:, None]).T @ apart
    if not together:
        cov *= np.eye(6)
    prior_mean, prior_var = np.zeros(6), np.ones(6)
    prior_mean[S], prior_var[S] = centre, spread**2
    # few weights say where the posterior is better than how wide it is: trust the mean sooner
    trust = cloud.effective / (cloud.effective + 2)
    middle = trust * mean + (1 - trust) * prior_mean
    cov += np.diag((1 - share) * prior_var + 0.02)
    return middle, np.asarray(np.linalg.cholesky(WIDEN * cov), dtype=np.float64)


class _Engine:
    """Holds one series' arrays and the sites of its anchor, and runs the kernel at many thetas."""

    def __init__(self, series: Series, change: ChangePrior, sweeps: int = SWEEPS, damp: float = 1.0):
        self.series = series
        self.change = change
        self.sweeps = sweeps
        self.damp = damp
        self.prior_mean, self.prior_cov = coefficient_prior(
            change, has_dose=series.has_dose, has_offset=series.has_offset
        )
        self.anchor_theta = self.theta_of(np.zeros((1, 6)))[0]
        y = np.clip(0.5 * (np.maximum(series.low, -0.5) + np.minimum(series.high, 10.5)), 0, 10)
        rated = series.kind != WINDOW
        rho = np.where(
            (series.kind == DAILY) & (series.gap_days > 0),
            self.anchor_theta[R] ** np.maximum(series.gap_days, 0.1),
            0.0,
        )
        self.tau = np.where(rated, 1 / self.anchor_theta[S] ** 2, 0.0)
        self.offset = rho * y[series.previous]
        self.nu = self.tau * (y - self.offset)
        self.level = y.copy()

    def theta_of(self, scores: Floats) -> Floats:
        """Non-linear parameters at normal scores, with this diagnosis' wander."""
        return theta_of(scores, self.change.wander)

    def run(self, theta: Floats, sweeps: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Log likelihood (G), mean and covariance of the final state, and `noise`, at each theta (G x 6)."""
        a = self.series
        g, p = len(theta), len(self.prior_mean)
        k = p + 2 + a.slots
        out = np.zeros(g), np.zeros((g, k)), np.zeros((g, k, k)), np.zeros((g, p + 2))
        ep.run(
            theta, *self._anchor(), *self._events(), self.prior_mean, self.prior_cov, sweeps, self.damp, *out
        )
        return out

    def draw(self, theta: Floats, turn: int) -> tuple[Floats, Floats, Floats]:
        """Log weights and controls (G x paths), final states (G x k x paths) of paths drawn at each theta (G x 6).

        `turn` 0, 1, ... gives other paths each time.
        """
        a, p = self.series, len(self.prior_mean)
        n = len(a.kind)
        weights, controls = np.zeros((len(theta), PATHS)), np.zeros((len(theta), PATHS))
        states = np.zeros((len(theta), p + 2 + a.slots, PATHS))
        drawn = normals(turn, len(theta), p + n)
        exact.draw(
            theta, *self._anchor(), *self._events(), self.prior_mean, self.prior_cov, self.sweeps, self.damp,
            drawn[:, :p], drawn[:, p:], weights, controls, states,
        )  # fmt: skip
        return weights, controls, states

    def _anchor(self) -> tuple[Floats, ...]:
        return self.anchor_theta, self.nu, self.tau, self.level, self.offset

    def _events(self) -> tuple[NDArray[Any], ...]:
        """The series' arrays in the order the kernels take them."""
        a = self.series
        return (
            a.kind, a.slot, a.step_days, a.gap_days, a.previous, a.low, a.high, a.entry, a.weeks, a.ended, a.extra,
        )  # fmt: skip

    def _move_anchor(self, score: float, sweeps: int) -> None:
        """Settles the anchor's sites at day-to-day SD `score`, the other parameters in the middle."""
        scores = np.zeros((1, 6))
        scores[0, S] = score
        theta = self.theta_of(scores)
        ratio = (self.anchor_theta[S] / theta[0, S]) ** 2
        self.nu *= ratio
        self.tau *= np.where(self.tau > 0, ratio, min(ratio, 1.0))
        self.anchor_theta = theta[0]
        self.run(theta, sweeps)

    def locate_noise(self) -> tuple[float, float]:
        """Most probable score of the day-to-day SD, and the spread about it."""
        prior = priors().day_sd
        start = min(max(log(self.series.rough_sd / prior.log_median) / prior.log_sd, -2.0), 2.0)
        self._move_anchor(0.5 * start, self.sweeps + 2)
        self._move_anchor(start, self.sweeps + 2)
        offsets = np.array([-1.2, -0.6, 0.0, 0.6, 1.2])
        for _ in range(3):
            scores = np.zeros((5, 6))
            scores[:, S] = start + offsets
            height = self.run(self.theta_of(scores), self.sweeps)[0] - 0.5 * scores[:, S] ** 2
            best = int(np.argmax(height))
            if 0 < best < 4:
                break
            start = float(scores[best, S])
            self._move_anchor(start, self.sweeps)
        middle = min(max(best, 1), 3)
        left, top, right = height[middle - 1 : middle + 2].tolist()
        bend = max(2 * top - left - right, 0.02)
        step = 0.6
        centre = float(scores[middle, S]) + min(max(0.5 * step * (right - left) / bend, -step), step)
        self._move_anchor(centre, self.sweeps + 1)
        return centre, min(max(step / sqrt(bend), 0.1), 1.0)

    def weigh(self, standard: Floats, middle: Floats, root: Floats) -> _Cloud:
        """Weighs nodes at `middle` + `root` x `standard`: prior x EP likelihood / proposal."""
        scores = middle + standard @ root.T
        logz, mean, cov, noise = self.run(self.theta_of(scores), self.sweeps)
        log_weight = logz + 0.5 * (np.square(standard) - np.square(scores)).sum(axis=1)
        log_weight += np.log(root.diagonal()).sum()
        sound = self._sound(logz, mean, cov)
        if not sound.any():
            raise FitError("the ratings could not be fitted")
        log_weight = np.where(sound, log_weight, -np.inf)
        top = log_weight.max()
        weight = np.exp(log_weight - top)
        evidence = float(top + np.log(weight.mean()))
        weight /= weight.sum()
        with np.errstate(invalid="ignore", divide="ignore"):
            chance = np.where(sound, _inside(mean, cov), 0.0)
        return _Cloud(scores, weight, chance, _within(weight, chance), mean, cov, noise, evidence)

    def _sound(self, logz: Floats, mean: Floats, cov: Floats) -> NDArray[np.bool_]:
        """Nodes where EP has settled. The likelihood of whole numbers is at most one, and ratings never widen the
        coefficients' prior much; a node beyond that, or without a number, has failed and gets no weight."""
        p = len(self.prior_mean)
        var, before = cov.diagonal(axis1=1, axis2=2)[:, :p], self.prior_cov.diagonal()
        far = np.square(mean[:, :p] - self.prior_mean) > 36 * before
        return np.asarray((logz <= 1e-6) & ((var > 0) & (var < 1.2 * before) & ~far).all(axis=1))


def _inside(mean: Floats, cov: Floats) -> Floats:
    """Roughly the probability that flare >= 0 and baseline within 0-10, used only to place the nodes.

    The joint cut itself is taken by quadrature in `mixture.py`.
    """
    flare = ndtr(mean[:, D] / np.sqrt(cov[:, D, D]))
    baseline, sd = mean[:, B], np.sqrt(cov[:, B, B])
    return np.asarray(flare * (ndtr((10 - baseline) / sd) - ndtr(-baseline / sd)))


def _within(weight: Floats, chance: Floats) -> Floats:
    """Weights within the cuts, summing to 1; the weights themselves where nothing is within."""
    inside = weight * chance
    total = inside.sum()
    return inside / total if total > 0 else weight
