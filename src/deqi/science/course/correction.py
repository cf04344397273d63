"""What expectation propagation missed, put back: the nodes tilted by the exact likelihood of paths drawn from them.

Question answered: which weights, means and covariances would the nodes have under the exact likelihood?

512 paths are drawn, sixteen at each of 32 nodes taken in proportion to their weight, and weighed exactly (`exact.py`); twice
as many where the mean drop would otherwise be uncertain by more than 0.004 points, up to eight times as many where it
would be by more than 0.01. Above 0.02 nothing is put back: EP's own error is no larger (ratings that hardly move).
The weight is then written as exp of a quadratic in what matters: baseline, level now, flare, effect, and the scores of
s, r, om, q and tau. The coefficients match moments: the sums of weight x term agree between paths and fit, by Newton's
steps from a least-squares start. A Gaussian times exp(quadratic) is a Gaussian, so the nodes stay what they were. The
log weights spread by only 0.05 to 0.3, which is why so few paths are enough. The paths are the same for every course:
the same data give the same answer.

Where nearly all of a node's probability lies outside the cuts (a flare that the ratings deny), what matters is its tail:
there the fit looks at the paths within the cuts alone.

Example: half of the ratings at 0: the mean drop moves by 0.02 to 0.03 points, elsewhere by about 0.01.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deqi.science.course.exact import PATHS
from deqi.science.course.kernel import OM, TAU, B, D, E, Floats, Ints, Q, R, S, program

PICKS = 32
SEED = 20261128
TERMS = 4  # baseline, level now, flare, effect
NEWTON_STEPS = 2
MOST = 3.0  # no path counts more than e^3 times another
# Standard errors of the mean drop, in points: close enough at once, enough after two draws, no better than EP itself.
CLOSE, ENOUGH, NO_BETTER = 0.004, 0.01, 0.02
FEW_TURNS, MOST_TURNS = 2, 8
# Under this share of the nodes' probability within the cuts the fit looks at the paths within alone.
DEEP_CUT, FEWEST = 0.1, 60
LEAST_LEFT = 0.4  # least share of a precision that the fitted quadratic may leave


@lru_cache(maxsize=64)
def normals(turn: int, rows: int, columns: int) -> Floats:
    """Standard normals, rows x columns x paths, the second half of the paths mirroring the first; always the same."""
    drawn = np.random.RandomState([SEED, turn, columns]).standard_normal((rows, columns, PATHS // 2))
    return np.concatenate([drawn, -drawn], axis=2)


def picks_of(weight: Floats, count: int = PICKS, start: float = 0.5) -> Ints:
    """`count` places taken evenly along the summed weights, so that each stands for the same weight."""
    ends = np.cumsum(weight)
    at = (np.arange(count) + start) / count * ends[-1]
    return np.asarray(np.minimum(np.searchsorted(ends, at), len(weight) - 1), dtype=np.int64)


@dataclass(frozen=True)
class Paths:
    """Paths drawn: terms `y` (4 x N), scores (6 x N), log weights and controls (N), and how many each stands for."""

    y: Floats
    scores: Floats
    log_weight: Floats
    control: Floats
    count: Floats

    def joined(self, more: Paths) -> Paths:
        """These and `more`."""
        pairs = zip(vars(self).values(), vars(more).values(), strict=True)
        return Paths(*(np.concatenate(pair, axis=-1) for pair in pairs))

    def within(self, chance: Floats) -> Paths:
        """Those within the cuts, flare >= 0 and baseline 0-10. `chance` (N) is that of each path's node to be within.

        Nodes are picked by their weight within the cuts, so each stands for 1 / chance. The control is left out: its mean
        is 0 over all paths alone.
        """
        baseline, _, flare, _ = self.y
        keep = (flare >= 0) & (baseline >= 0) & (baseline <= 10)
        count = 1 / chance[keep]
        count = count / count.mean() if len(count) else count
        y, scores = (
            np.compress(keep, self.y, axis=1),
            np.compress(keep, self.scores, axis=1),
        )  # C order: as compiled
        return Paths(y, scores, self.log_weight[keep], np.zeros(len(count)), count)


@dataclass(frozen=True)
class Tilt:
    """exp(linear . y + y' quadratic y / 2 + by_score . u): y the four terms in units of `scale` about `centre`.

    `error` is the standard error in points that the paths leave in the mean drop.
    """

    centre: Floats
    scale: Floats
    linear: Floats
    quadratic: Floats
    by_score: Floats
    score_centre: Floats
    error: float


_UPPER = np.triu_indices(TERMS)
_SCORES = np.array([S, R, OM, Q, TAU])
_RIDGE = np.diag([0.0] + [1e-3] * (TERMS + len(_UPPER[0]) + len(_SCORES) + 1))


def fit_tilt(paths: Paths) -> Tilt:
    """Fits the tilt to paths.

    The target is weight less control: the control's mean is 0 whatever it is multiplied with up to the square of y, and
    it takes most of the weight's scatter along.
    """
    centre, scale, score_centre, beta, error = _fit_terms(
        paths.y, paths.scores, paths.log_weight, paths.control, paths.count, _SCORES, _RIDGE
    )
    quadratic: Floats = np.zeros((TERMS, TERMS))
    quadratic[_UPPER] = quadratic.T[_UPPER] = beta[1 + TERMS : -len(_SCORES) - 1]
    return Tilt(centre, scale, beta[1 : 1 + TERMS], quadratic, beta[-len(_SCORES) - 1 :], score_centre, error)


@program
def _fit_terms(
    y: Floats,
    scores: Floats,
    log_weight: Floats,
    control: Floats,
    count: Floats,
    places: Ints,
    ridge: Floats,
) -> tuple[Floats, Floats, Floats, Floats, float]:
    """Centre and scale of y, centre of the scores, coefficients of the terms of the fit (one, y, products of y, the
    scores, the square of that of s), and the standard error that is left in the mean drop."""
    n = y.shape[1]
    centre, score_centre = y.sum(axis=1) / n, scores.sum(axis=1) / n
    apart, u = y - centre[:, None], scores - score_centre[:, None]
    scale = np.maximum(np.sqrt((apart * apart).sum(axis=1) / n), 1e-6)
    x = np.ones((ridge.shape[0], n))
    x[1 : 1 + TERMS] = apart / scale[:, None]
    at = 1 + TERMS
    for i in range(TERMS):
        for j in range(i, TERMS):
            x[at] = x[1 + i] * x[1 + j] * (0.5 if i == j else 1.0)
            at += 1
    x[at:-1] = u[places]
    x[-1] = u[S] * u[S]
    counted, held = x * count, ridge * n
    weight = np.exp(np.minimum(np.maximum(log_weight, -MOST), MOST))
    weight = weight - np.minimum(np.maximum(control, -MOST), MOST)
    gram = counted @ x.T + held
    beta = np.linalg.solve(gram, counted @ (weight - 1.0))
    along = np.linalg.solve(gram, counted @ (apart[0] - apart[1]))  # the drop in the terms of the fit
    for _ in range(NEWTON_STEPS):
        said = np.exp(np.minimum(np.maximum(beta @ x, -MOST), MOST))
        step = counted @ (weight - said) - held @ beta
        beta = beta + np.linalg.solve((counted * said) @ x.T + held, step)
    missed = weight - np.exp(np.minimum(np.maximum(beta @ x, -MOST), MOST))
    error = np.sqrt((((along @ counted) * missed) ** 2).sum()) / n
    return centre, scale, score_centre, beta, error


def terms_of(drop_row: Floats) -> Floats:
    """The four terms as rows on the state: G x 4 x k, from the row of the drop at each node (G x k)."""
    rows = np.zeros((len(drop_row), TERMS, drop_row.shape[1]))
    rows[:, 0, B] = 1.0
    rows[:, 1] = -drop_row
    rows[:, 1, B] += 1.0
    rows[:, 2, D] = 1.0
    rows[:, 3, E] = 1.0
    return rows


def _leaves_enough(taken: Floats) -> bool:
    """Whether I - `taken` (G x 4 x 4) keeps `LEAST_LEFT` of every precision. No eigenvalue is larger than the norm,
    which is enough for nearly every course; NaN is left to whoever checks the result."""
    if np.square(taken).sum(axis=(1, 2)).max() < (1 - LEAST_LEFT) ** 2 or not np.isfinite(taken).all():
        return True
    return bool(np.linalg.eigvals(taken).real.max() < 1 - LEAST_LEFT)


def tilted(
    tilt: Tilt, rows: Floats, scores: Floats, mean: Floats, cov: Floats
) -> tuple[Floats, Floats, Floats]:
    """Log weights to add (G), and the new means and covariances of the nodes' states."""
    rows = rows / tilt.scale[:, None]
    mu = (rows @ mean[:, :, None])[:, :, 0] - tilt.centre / tilt.scale
    to_y = cov @ rows.transpose(0, 2, 1)  # covariance of state and terms
    spread = rows @ to_y
    quadratic = tilt.quadratic
    while not _leaves_enough(taken := quadratic @ spread):
        quadratic = 0.5 * quadratic
    left = np.eye(TERMS) - taken
    inverse = np.linalg.inv(left)
    half = mu @ quadratic
    pull = tilt.linear + half
    moved = (inverse @ pull[:, :, None])[:, :, 0]  # (I - QS)^-1 (l + Q mu)
    new_mean = mean + (to_y @ moved[:, :, None])[:, :, 0]
    new_cov = cov + to_y @ (inverse @ quadratic) @ to_y.transpose(0, 2, 1)
    log_weight = np.einsum("gi,gi->g", mu, tilt.linear + 0.5 * half)
    log_weight += 0.5 * np.einsum("gi,gij,gj->g", pull, spread, moved) - 0.5 * np.linalg.slogdet(left)[1]
    u = scores - tilt.score_centre
    log_weight += u[:, _SCORES] @ tilt.by_score[:-1] + u[:, S] ** 2 * tilt.by_score[-1]
    return log_weight, new_mean, new_cov
