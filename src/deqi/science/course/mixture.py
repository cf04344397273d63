"""From the posterior to numbers: changes, probabilities and forecasts, with the cuts taken exactly.

Within a node the state is Gaussian. Flare d is cut to >= 0 and baseline b to 0-10 by quadrature: seven nodes over d,
then five (or eleven near the cut) over b given d; given both, every quantity asked for is Gaussian. A quantity is a
linear form of the state plus independent Gaussian noise (the wander and the day-to-day noise still to come).

The drop of the level is D_T = b - mean(L over the last 7 days): positive is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import ndtr, ndtri

from deqi.science.course.kernel import DAILY, B, D, E, Floats, Q, R, S
from deqi.science.course.kernel_numpy import t4_cdf_array
from deqi.science.course.posterior import Posterior
from deqi.science.course.series import WINDOW_DAYS
from deqi.science.course.shapes import drop_row, flare_over, last_week, share_over

MCID_POINTS, MCID_SHARE, LOW_BASELINE = 2.0, 0.3, 4.0
# Variance of the mean of seven days of a random walk, counted from its first day, in steps: 91/49.
WALK_WEEK = 91 / 49
_SEVEN = np.polynomial.legendre.leggauss(7)
_ELEVEN = np.polynomial.legendre.leggauss(11)
_HERMITE = np.polynomial.hermite_e.hermegauss(5)
_HERMITE_3 = np.polynomial.hermite_e.hermegauss(3)


@dataclass(frozen=True)
class Form:
    """A linear form of the state at every node: `row` (G x k), `const` (G), `noise` variance still to come (G)."""

    row: Floats
    const: Floats
    noise: Floats


@dataclass(frozen=True)
class Gaussians:
    """A quantity as a weighted set of Gaussians: arrays of one shape; `weight` sums to 1."""

    weight: Floats
    mean: Floats
    sd: Floats

    def average(self) -> float:
        return float((self.weight * self.mean).sum())

    def spread(self) -> float:
        """Standard deviation."""
        centre = self.average()
        return sqrt(float((self.weight * (np.square(self.sd) + np.square(self.mean - centre))).sum()))

    def above(self, threshold: Floats | float) -> float:
        """Probability of lying above `threshold` (a number, or one for each Gaussian)."""
        return float((self.weight * ndtr((self.mean - threshold) / self.sd)).sum())

    def quantile(self, share: float) -> float:
        """The value below which `share` of the probability lies, to 1e-6 points."""
        weight, mean, sd = self.weight.ravel(), self.mean.ravel(), self.sd.ravel()
        low, high = float((mean - 9 * sd).min()), float((mean + 9 * sd).max())
        guess = self.average() + float(ndtri(share)) * self.spread()
        for _ in range(60):
            z = (guess - mean) / sd
            miss = float(weight @ ndtr(z)) - share
            low, high = (low, guess) if miss > 0 else (guess, high)
            slope = float(weight @ (np.exp(-0.5 * z * z) / sd)) / 2.5066282746310002
            step = guess - miss / slope if slope > 1e-9 else low - 1
            following = step if low < step < high else 0.5 * (low + high)
            if abs(following - guess) < 1e-6:
                return following
            guess = following
        return guess


def shape_over_week(posterior: Posterior, day: float, *, stop: float | None) -> Floats:
    """Mean of g(t)k(t) over the seven days up to `day` at each node (G); `stop` is the day treatment ended."""
    return share_over(posterior.theta, last_week(day), stop)


def shape_on_day(posterior: Posterior, day: float, *, stop: float | None) -> Floats:
    """g(t)k(t) on one day at each node (G)."""
    return share_over(posterior.theta, np.array([day]), stop)


def flare_over_week(posterior: Posterior, day: float) -> Floats:
    """Mean of exp(-days since entry / tau) over the seven days up to `day` at each node (G)."""
    return flare_over(posterior.theta, last_week(day), posterior.series.clock.entry)


def drop_now(posterior: Posterior) -> Form:
    """D_T: the baseline less the mean level of the last seven days."""
    g, k = posterior.mean.shape
    return Form(drop_row(posterior.series, posterior.theta, k), np.zeros(g), np.full(g, 1e-12))


def drop_at(posterior: Posterior, day: float, *, go_on: bool) -> Form:
    """D at a later `day`, its seven-day mean, when treatment goes on or stops now. A day gone by gives D_T."""
    series = posterior.series
    if day <= series.clock.now:
        return drop_now(posterior)
    g, k = len(posterior.weight), posterior.mean.shape[1]
    stop = series.clock.end if series.clock.end is not None else (None if go_on else series.clock.now)
    row = np.zeros((g, k))
    row[:, E] = shape_over_week(posterior, day, stop=stop)
    row[:, D] = -flare_over_week(posterior, day)
    if series.has_dose:
        row[:, 3] = -series.dose_now
    row[:, series.coefficients] = -1
    ahead = max(day - (WINDOW_DAYS - 1) - series.clock.now, 0.0)
    return Form(row, np.zeros(g), np.square(posterior.theta[:, Q]) * (ahead + WALK_WEEK))


def level_at(posterior: Posterior, day: float, *, go_on: bool) -> Form:
    """The mean level of the seven days up to a later `day`, not yet bounded to 0-10."""
    drop = drop_at(posterior, day, go_on=go_on)
    row = -drop.row
    row[:, B] += 1
    return Form(row, -drop.const, drop.noise)


@dataclass(frozen=True)
class WeekNoise:
    """The noise still to come in a week's mean, at every node (G x 1): SD of one day, and variance of the mean as a
    share of a day's; `lean` is the share of the last rating's noise that is still there, on average over the week."""

    sd: Floats
    share: Floats
    lean: Floats


def week_noise(s: Floats, r: Floats, ahead: float = np.inf, spread: Floats | float = 0.0) -> WeekNoise:
    """Noise of the seven days of which the first is `ahead` days after the last rating (inf: there was none).

    `s` and `r` (G) are each node's day-to-day SD and correlation of neighbouring days, `spread` (G) the SD of the last
    rating's noise. Far ahead one day has SD s, and seven have (1 + 2 sum (1 - j/7) r^j) / 7 of its variance.
    """
    left = r[:, None] ** (ahead + np.arange(7.0))
    lean, square = left.mean(axis=1), np.square(left).mean(axis=1)
    week = (1 + 2 * sum((1 - j / 7) * r**j for j in range(1, 7))) / 7
    day = np.square(s) * (1 - square) + np.square(spread) * square
    mean = np.square(s) * (week - np.square(lean)) + np.square(spread * lean)
    return WeekNoise(np.sqrt(day)[:, None], (mean / day)[:, None], lean[:, None])


def rating_mean_of(level: Gaussians, noise: WeekNoise) -> Gaussians:
    """The mean of seven daily ratings about a `level` (G x 7), with their noise, rounding and bounds.

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
    density = 0.375 * sqrt(2.0)
    a, b = -centre / sd, (10 - centre) / sd
    below, above = t4_cdf_array(a), t4_cdf_array(-b)
    within = 1 - below - above
    va, vb = 1 + 0.5 * a * a, 1 + 0.5 * b * b
    first = density * (2 / 3) * (va**-1.5 - vb**-1.5)
    second = 2 * density * (b / np.sqrt(vb) - a / np.sqrt(va)) - 2 * within
    mean = 10 * above + centre * within + sd * first
    square = 100 * above + np.square(centre) * within + 2 * centre * sd * first + np.square(sd) * second
    return mean, np.maximum(square - np.square(mean), 1e-9), within


class Mixture:
    """The posterior after the cuts, on a grid of flare (and baseline) nodes. Build once, ask many."""

    def __init__(self, posterior: Posterior):
        self.posterior = posterior
        mean, cov = posterior.mean, posterior.cov
        m_d, s_d = mean[:, D], np.sqrt(cov[:, D, D])
        z_d, w_d = _cut_nodes(-m_d / s_d, np.full_like(m_d, 4.5), _SEVEN)
        to_d = cov[:, :, D] / s_d[:, None]  # k-vector: change of the state's mean for one SD of d
        self._state = mean[:, None, :] + z_d[:, :, None] * to_d[:, None, :]  # G x 7 x k
        self._cov = cov - to_d[:, :, None] * to_d[:, None, :]
        s_b = np.sqrt(np.maximum(self._cov[:, B, B], 1e-12))
        low = (0 - self._state[:, :, B]) / s_b[:, None]
        high = (10 - self._state[:, :, B]) / s_b[:, None]
        if (low > -4.2).any() or (high < 4.2).any():
            z_b, w_b = _cut_nodes(np.maximum(low, -4.5), np.minimum(high, 4.5), _ELEVEN)
        else:
            z_b = np.broadcast_to(_HERMITE[0], (*low.shape, 5))
            w_b = np.broadcast_to(_HERMITE[1] / _HERMITE[1].sum(), (*low.shape, 5))
        weight = posterior.weight[:, None, None] * w_d[:, :, None] * w_b
        self.log_mass = float(np.log(weight.sum()))
        self.weight = weight / weight.sum()
        self._z_b = z_b
        self._to_b = self._cov[:, :, B] / s_b[:, None]
        self._cov_b = self._cov - self._to_b[:, :, None] * self._to_b[:, None, :]
        self.baseline = self._state[:, :, B, None] + z_b * s_b[:, None, None]
        self.weight_d = self.weight.sum(axis=2)

    def fine(self, form: Form) -> Gaussians:
        """The form given flare and baseline: arrays G x 7 x 5 (or 11), beside `self.baseline`."""
        column = form.row[:, :, None]
        mean = (self._state @ column)[:, :, 0] + form.const[:, None]
        slope = (self._to_b * form.row).sum(axis=1)
        var = ((self._cov_b @ column)[:, :, 0] * form.row).sum(axis=1) + form.noise
        sd = np.sqrt(np.maximum(var, 1e-12))
        return Gaussians(
            self.weight,
            mean[:, :, None] + slope[:, None, None] * self._z_b,
            np.broadcast_to(sd[:, None, None], self.weight.shape),
        )

    def coarse(self, form: Form) -> Gaussians:
        """The form given flare only (baseline averaged, its cut kept in the first two moments): arrays G x 7."""
        fine = self.fine(form)
        mean = (fine.weight * fine.mean).sum(axis=2) / np.maximum(self.weight_d, 1e-300)
        spread = (fine.weight * np.square(fine.mean - mean[:, :, None])).sum(axis=2)
        var = spread / np.maximum(self.weight_d, 1e-300) + np.square(fine.sd[:, :, 0])
        return Gaussians(self.weight_d, mean, np.sqrt(var))

    def rating_mean(self, day: float, *, go_on: bool) -> Gaussians:
        """The mean of seven daily ratings up to a later `day`: arrays G x 7.

        Days soon after the last rating lean on its noise: the rating less the level of its day.
        """
        posterior, series = self.posterior, self.posterior.series
        theta, p = posterior.theta, series.coefficients
        daily = series.day[series.kind == DAILY]
        ahead = day - (WINDOW_DAYS - 1) - daily[-1] if len(daily) else np.inf
        noise = week_noise(theta[:, S], theta[:, R], ahead, posterior.noise[:, p + 1])
        level = level_at(posterior, day, go_on=go_on)
        row = level.row.copy()
        row[:, :p] -= noise.lean * posterior.noise[:, :p]
        row[:, p + 1] -= noise.lean[:, 0]
        const = level.const + noise.lean[:, 0] * posterior.noise[:, p]
        return rating_mean_of(self.coarse(Form(row, const, level.noise)), noise)

    def improved(self, drop: Gaussians) -> float:
        """P(the drop matters): at least 30 % of the baseline, and 2 points too when the baseline is 4 or more."""
        return drop.above(matters(self.baseline))

    def relapse(self, weeks: float) -> float:
        """P(within `weeks` of stopping now the level is up by >= 1 point and by >= half the gain)."""
        posterior = self.posterior
        now, later = (
            drop_now(posterior),
            drop_at(posterior, posterior.series.clock.now + 7 * weeks, go_on=False),
        )
        gain = self.coarse(now)
        # rise = D now - D later; its part that hangs together with D now is taken along three nodes of D now.
        rise = Form(now.row - later.row, now.const - later.const, now.noise + later.noise)
        rises = self.coarse(rise)
        shared = (now.row * (self._cov @ rise.row[:, :, None])[:, :, 0]).sum(axis=1)
        slope = shared[:, None] / gain.sd
        rest = np.sqrt(np.maximum(np.square(rises.sd) - np.square(slope), 1e-8))
        chance = 0.0
        for z, w in zip(_HERMITE_3[0], _HERMITE_3[1] / _HERMITE_3[1].sum(), strict=True):
            least = np.maximum(1.0, 0.5 * (gain.mean + z * gain.sd))
            chance += w * float((gain.weight * ndtr((rises.mean + slope * z - least) / rest)).sum())
        return chance


def matters(baseline: Floats) -> Floats:
    """Smallest drop that matters at a baseline: 30 %, and at least 2 points from a baseline of 4 on."""
    return np.asarray(
        np.where(
            baseline >= LOW_BASELINE, np.maximum(MCID_POINTS, MCID_SHARE * baseline), MCID_SHARE * baseline
        )
    )


def _cut_nodes(low: Floats, high: Floats, rule: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Gauss-Legendre nodes of a standard normal cut to (low, high), and weights that keep the mass of the cut."""
    low = np.minimum(np.maximum(low, -4.5), 4.0)
    high = np.maximum(high, low + 0.2)
    half = 0.5 * (high - low)
    z = (low + half)[..., None] + half[..., None] * rule[0]
    weight = half[..., None] * rule[1] * np.exp(-0.5 * z * z) / 2.5066282746310002
    return z, weight
