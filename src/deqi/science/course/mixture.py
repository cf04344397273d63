"""From the posterior to numbers: changes, probabilities and forecasts, with the cuts taken exactly.

Within a node the state is Gaussian. Flare d is cut to >= 0 and baseline b to 0-10 by quadrature: seven nodes over d,
then five (or eleven near the cut) over b given d; given both, every quantity asked for is Gaussian. A quantity is a
linear form of the state plus independent Gaussian noise (the wander and the day-to-day noise still to come). Arrays
over the quadrature have the posterior's nodes (G) last, so that what each node has but once needs no axis more.

The drop of the level is D_T = b - mean(L over the last 7 days): positive is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, sqrt

import numpy as np
from scipy.special import ndtri

from deqi.science.course.kernel import DAILY, B, D, E, Floats, Q, R, S
from deqi.science.course.normal import ROOT_2_PI, below, below_and_bell
from deqi.science.course.posterior import Posterior
from deqi.science.course.series import WINDOW_DAYS
from deqi.science.course.shapes import flare_over, last_week, share_over

MCID_POINTS, MCID_SHARE, LOW_BASELINE = 2.0, 0.3, 4.0
# Variance of the mean of seven days of a random walk, counted from its first day, in steps: 91/49.
WALK_WEEK = 91 / 49
_SEVEN = np.polynomial.legendre.leggauss(7)
_ELEVEN = np.polynomial.legendre.leggauss(11)


def _normal_rule(count: int) -> tuple[Floats, Floats]:
    """Nodes of a standard normal, and weights that sum to 1."""
    z, weight = np.polynomial.hermite_e.hermegauss(count)
    return z, weight / weight.sum()


_HERMITE_5, _HERMITE_3 = _normal_rule(5), _normal_rule(3)


@dataclass(frozen=True)
class Form:
    """A linear form of the state at every node: `row` (G x k), `const` (G), `noise` variance still to come (G).

    Several forms at once have one axis more, before these.
    """

    row: Floats
    const: Floats
    noise: Floats


@dataclass(frozen=True)
class Gaussians:
    """A quantity as a weighted set of Gaussians: `weight` (summing to 1) and `mean` of one shape, `sd` broadcast to it."""

    weight: Floats
    mean: Floats
    sd: Floats

    def average(self) -> float:
        return float(np.vdot(self.weight, self.mean))

    def spread(self) -> float:
        """Standard deviation."""
        square = np.square(self.sd) + np.square(self.mean - self.average())
        return sqrt(float(np.vdot(self.weight, square)))

    def above(self, threshold: Floats | float) -> float:
        """Probability of lying above `threshold` (a number, or one for each Gaussian)."""
        return float(np.vdot(self.weight, below((self.mean - threshold) / self.sd)))

    def quantiles(self, shares: Sequence[float]) -> Floats:
        """The values below which `shares` of the probability lie, to 1e-6 points: Halley's steps, or half of what is left
        where one would leave the bounds."""
        share, mean, weight = np.array(shares), self.mean.ravel(), self.weight.ravel()
        per_sd = np.broadcast_to(1 / self.sd, self.mean.shape).ravel()
        low, high = (mean - 9 / per_sd).min(), (mean + 9 / per_sd).max()
        guess = self.average() + ndtri(share) * self.spread()
        for _ in range(60):
            z = (guess[:, None] - mean) * per_sd
            reached, bell = below_and_bell(z)
            bell *= weight * per_sd
            miss, slope = reached @ weight - share, np.maximum(bell.sum(axis=1) / ROOT_2_PI, 1e-9)
            bend = (bell * z) @ per_sd / (2 * ROOT_2_PI * slope)
            step = miss / slope / np.maximum(1 + miss * bend / slope, 0.5)
            if np.abs(step).max() < 1e-4:  # what is left is of the order of its cube
                return np.asarray(guess - step)
            low, high = np.where(miss > 0, low, guess), np.where(miss > 0, guess, high)
            step = guess - step
            guess = np.where((low < step) & (step < high), step, 0.5 * (low + high))
        return np.asarray(guess)


def shape_over_week(posterior: Posterior, day: float, *, stop: float = inf) -> Floats:
    """Mean of g(t)k(t) over the seven days up to `day` at each node (G); `stop` is the day treatment ended."""
    return share_over(posterior.theta, last_week(day), stop)


def shape_on_day(posterior: Posterior, day: float, *, stop: float = inf) -> Floats:
    """g(t)k(t) on one day at each node (G)."""
    return share_over(posterior.theta, np.array([day]), stop)


def flare_over_week(posterior: Posterior, day: float) -> Floats:
    """Mean of exp(-days since entry / tau) over the seven days up to `day` at each node (G)."""
    return flare_over(posterior.theta, last_week(day), posterior.series.clock.entry)


def drop_now(posterior: Posterior) -> Form:
    """D_T: the baseline less the mean level of the last seven days."""
    nothing = np.zeros(len(posterior.weight))
    return Form(posterior.drop, nothing, nothing + 1e-12)


def drop_at(posterior: Posterior, day: float, *, go_on: bool) -> Form:
    """D at a later `day`, its seven-day mean, when treatment goes on or stops now. A day gone by gives D_T."""
    series = posterior.series
    if day <= series.clock.now:
        return drop_now(posterior)
    g, k = len(posterior.weight), posterior.mean.shape[1]
    stop = series.clock.stop if go_on else min(series.clock.stop, series.clock.now)
    row = np.zeros((g, k))
    row[:, E] = shape_over_week(posterior, day, stop=stop)
    row[:, D] = -flare_over_week(posterior, day)
    if series.has_dose:
        row[:, 3] = -series.dose_now
    row[:, series.coefficients] = -1
    ahead = max(day - (WINDOW_DAYS - 1) - series.clock.now, 0.0)
    return Form(row, np.zeros(g), np.square(posterior.theta[:, Q]) * (ahead + WALK_WEEK))


@dataclass(frozen=True)
class WeekNoise:
    """The noise still to come in a week's mean, at every node (G): SD of one day, and variance of the mean as a
    share of a day's; `lean` is the share of the last rating's noise that is still there, on average over the week."""

    sd: Floats
    share: Floats
    lean: Floats


def week_noise(s: Floats, r: Floats, ahead: float = inf, spread: Floats | float = 0.0) -> WeekNoise:
    """Noise of the seven days of which the first is `ahead` days after the last rating (inf: there was none).

    `s` and `r` (G) are each node's day-to-day SD and correlation of neighbouring days, `spread` (G) the SD of the last
    rating's noise. Far ahead one day has SD s, and seven have (1 + 2 sum (1 - j/7) r^j) / 7 of its variance.
    """
    day = np.arange(7.0)
    power, first = r ** day[:, None], r**ahead
    lean, square = first * power.mean(axis=0), np.square(first) * np.square(power).mean(axis=0)
    week = (2 * ((1 - day / 7) @ power) - 1) / 7
    var = np.square(s) * (1 - square) + np.square(spread) * square
    mean = np.square(s) * (week - np.square(lean)) + np.square(spread * lean)
    return WeekNoise(np.sqrt(var), mean / var, lean)


def rating_mean_of(level: Gaussians, noise: WeekNoise) -> Gaussians:
    """The mean of seven daily ratings about a `level` (7 x G), with their noise, rounding and bounds.

    A rating is never under 0 or over 10: that moves the mean towards the middle, and takes a good part of the noise's
    variance, for t(4) has long tails.
    """
    mean = bounded_t4(level.mean, np.sqrt(np.square(noise.sd) + np.square(level.sd)))[0]
    _, day, within = bounded_t4(level.mean, noise.sd)
    variance = np.square(within * level.sd) + day * noise.share + within / 84
    return Gaussians(level.weight, mean, np.sqrt(variance))


def bounded_t4(centre: Floats, sd: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean and variance of a t(4) about `centre`, cut off at 0 and 10 (what lies beyond counts as 0 or 10), and the
    probability of lying between. In closed form, as `kernel.cut_t4`. bounded_t4(5, 1) is about (5, 0.9, 0.997)."""
    low, high = -centre / sd, (10 - centre) / sd
    under, over = 1 / np.sqrt(2 + low * low), 1 / np.sqrt(2 + high * high)
    a, b = low * under, high * over
    to_0, to_10 = 0.5 + 0.25 * a * (3 - a * a), 0.5 + 0.25 * b * (3 - b * b)
    within = to_10 - to_0
    first = under * under * under - over * over * over
    second = 1.5 * (b - a) - 2 * within
    mean = 10 * (1 - to_10) + centre * within + sd * first
    square = 100 * (1 - to_10) + centre * (centre * within + 2 * sd * first) + sd * sd * second
    return mean, np.maximum(square - mean * mean, 1e-9), within


class Mixture:
    """The posterior after the cuts, on a grid of flare (and baseline) nodes. Build once, ask many."""

    def __init__(self, posterior: Posterior):
        self.posterior = posterior
        mean, cov = posterior.mean, posterior.cov
        self._s_d = np.sqrt(cov[:, D, D])
        low = -mean[:, D] / self._s_d
        self._z_d, w_d = _cut_nodes(low, np.full_like(low, 4.5), _SEVEN)  # 7 x G
        self._b_by_d = cov[:, D, B] / self._s_d  # how far the baseline moves with one SD of flare
        self._s_b = np.sqrt(np.maximum(cov[:, B, B] - np.square(self._b_by_d), 1e-12))
        given_d = mean[:, B] + self._b_by_d * self._z_d
        low, high = -given_d / self._s_b, (10 - given_d) / self._s_b
        if (low > -4.2).any() or (high < 4.2).any():
            self._z_b, w_b = _cut_nodes(np.maximum(low, -4.5), np.minimum(high, 4.5), _ELEVEN)
        else:
            self._z_b, w_b = (column[:, None, None] for column in _HERMITE_5)
        weight = posterior.weight * w_d * w_b
        self.weight = weight / weight.sum()
        self.baseline = given_d + self._s_b * self._z_b

    def fine(self, form: Form) -> Gaussians:
        """The form given flare and baseline: arrays 5 (or 11) x 7 x G, beside `self.baseline`."""
        mean, by_b, var = self._given_flare(form)
        return Gaussians(self.weight, mean + by_b * self._z_b, np.sqrt(var))

    def coarse(self, form: Form) -> Gaussians:
        """The form given flare only (baseline averaged, its cut kept in the first two moments): arrays 7 x G."""
        weight, z, z_var = self._cut_moments
        mean, by_b, var = self._given_flare(form)
        return Gaussians(weight, mean + by_b * z, np.sqrt(np.square(by_b) * z_var + var))

    def _given_flare(self, form: Form) -> tuple[Floats, Floats, Floats]:
        """Of the form given flare: mean with the baseline in its middle (7 x G), what one SD of baseline adds, and the
        variance that is then left (1 x G)."""
        to, by_d, by_b = self._leanings(form)
        mean = np.einsum("...k,...k", form.row, self.posterior.mean) + form.const
        var = np.einsum("...k,...k", form.row, to) + form.noise - by_d * by_d - by_b * by_b
        mean, by_d, by_b, var = (each[..., None, :] for each in (mean, by_d, by_b, np.maximum(var, 1e-12)))
        return mean + by_d * self._z_d, by_b, var

    def _leanings(self, form: Form) -> tuple[Floats, Floats, Floats]:
        """The form's covariance with the state (G x k), and what one SD of flare, and one SD of baseline given flare, add
        to it (G)."""
        to = (self.posterior.cov @ form.row[..., None])[..., 0]
        by_d = to[..., D] / self._s_d
        return to, by_d, (to[..., B] - self._b_by_d * by_d) / self._s_b

    @cached_property
    def _cut_moments(self) -> tuple[Floats, Floats, Floats]:
        """Weight of each flare node, and given it mean and variance of the cut baseline in its SDs (7 x G)."""
        weight = self.weight.sum(axis=0)
        share = self.weight / np.maximum(weight, 1e-300)
        z = (share * self._z_b).sum(axis=0)
        return weight, z, (share * np.square(self._z_b)).sum(axis=0) - np.square(z)

    def rating_means(self, day: float) -> tuple[Gaussians, Gaussians]:
        """The mean of seven daily ratings up to a later `day`, when treatment goes on and when it stops now: arrays 7 x G.

        Days soon after the last rating lean on its noise: the rating less the level of its day.
        """
        posterior, series = self.posterior, self.posterior.series
        theta, p = posterior.theta, series.coefficients
        daily = series.day[series.kind == DAILY]
        ahead = day - (WINDOW_DAYS - 1) - daily[-1] if len(daily) else np.inf
        noise = week_noise(theta[:, S], theta[:, R], ahead, posterior.noise[:, p + 1])
        drops = [drop_at(posterior, day, go_on=go_on) for go_on in (True, False)]
        row = -np.stack([drop.row for drop in drops])
        row[..., B] += 1
        row[..., :p] -= noise.lean[:, None] * posterior.noise[:, :p]
        row[..., p + 1] -= noise.lean
        const = noise.lean * posterior.noise[:, p]
        both = rating_mean_of(self.coarse(Form(row, const, drops[0].noise)), noise)
        go_on, stop = (Gaussians(both.weight, mean, sd) for mean, sd in zip(both.mean, both.sd, strict=True))
        return go_on, stop

    def improved(self, drop: Gaussians) -> float:
        """P(the drop matters): at least 30 % of the baseline, and 2 points too when the baseline is 4 or more."""
        return drop.above(self._matters)

    @cached_property
    def _matters(self) -> Floats:
        return matters(self.baseline)

    def relapse(self, weeks: float) -> float:
        """P(within `weeks` of stopping now the level is up by >= 1 point and by >= half the gain)."""
        posterior = self.posterior
        now = drop_now(posterior)
        later = drop_at(posterior, posterior.series.clock.now + 7 * weeks, go_on=False)
        gain = self.coarse(now)
        # rise = D now - D later; its part that hangs together with D now is taken along three nodes of D now.
        rise = Form(now.row - later.row, now.const - later.const, now.noise + later.noise)
        rises = self.coarse(rise)
        to, by_d, _ = self._leanings(rise)
        shared = np.einsum("gk,gk->g", now.row, to) - by_d * self._leanings(now)[1]
        slope = shared / gain.sd
        rest = np.sqrt(np.maximum(np.square(rises.sd) - np.square(slope), 1e-8))
        z, share = (column[:, None, None] for column in _HERMITE_3)
        least = np.maximum(1.0, 0.5 * (gain.mean + z * gain.sd))
        return float(np.vdot(share * gain.weight, below((rises.mean + slope * z - least) / rest)))


def matters(baseline: Floats) -> Floats:
    """Smallest drop that matters at a baseline: 30 %, and at least 2 points from a baseline of 4 on."""
    return np.maximum(MCID_SHARE * baseline, np.where(baseline >= LOW_BASELINE, MCID_POINTS, 0.0))


def _cut_nodes(low: Floats, high: Floats, rule: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes of a standard normal cut to (low, high), and weights that keep the mass of the cut: one axis
    more, before those of `low`."""
    low = np.minimum(np.maximum(low, -4.5), 4.0)
    half = 0.5 * (np.maximum(high, low + 0.2) - low)
    z = np.multiply.outer(rule[0], half) + (low + half)
    return z, np.multiply.outer(rule[1] / ROOT_2_PI, half) * np.exp(-0.5 * z * z)
