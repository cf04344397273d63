"""Forecasts of ratings: against weeks simulated day by day, and against simulated courses weighed by their ratings."""

import numpy as np
import pytest
from scipy.special import stdtr, stdtrit

from deqi.science.course.kernel import LAM, OM, TAU, Q, R, S
from deqi.science.course.kernel_numpy import run_nodes_numpy
from deqi.science.course.mixture import Gaussians, Mixture, rating_mean_of, week_noise
from deqi.science.course.nodes import run
from deqi.science.course.posterior import Posterior, _Engine
from deqi.science.course.priors import change_prior, priors
from deqi.science.course.series import Clock, build_series

CHANGE = change_prior("dpn", "burning")
THETA = np.zeros((1, 6))
THETA[0, [S, R, OM, Q, TAU, LAM]] = 1.5, 0.75, 1.25, 1e-4, 10.0, 75.0


def t4(rng, n):
    return rng.standard_t(4, n) / np.sqrt(2)


@pytest.mark.parametrize(
    ("usual", "doubt", "day_sd"), [(0.4, 0.4, 1.5), (2.0, 0.6, 2.0), (5.0, 0.3, 1.1), (9.7, 0.5, 1.3)]
)
def test_a_forecast_of_ratings_is_what_rounded_bounded_heavy_tailed_days_give(usual, doubt, day_sd):
    rng, weeks, r = np.random.default_rng(4), 200_000, 0.35
    level = usual + doubt * rng.standard_normal(weeks)
    noise = t4(rng, weeks)
    total = np.zeros(weeks)
    for _ in range(7):
        total += np.clip(np.round(level + day_sd * noise), 0, 10)
        noise = r * noise + np.sqrt(1 - r * r) * t4(rng, weeks)
    means = total / 7 + rng.uniform(-1 / 14, 1 / 14, weeks)  # sevenths, spread over their steps
    one = Gaussians(np.ones((1, 1)), np.full((1, 1), usual), np.full((1, 1), doubt))
    said = rating_mean_of(one, week_noise(np.array([day_sd]), np.array([r])))
    assert said.average() == pytest.approx(means.mean(), abs=0.02)
    assert said.spread() == pytest.approx(means.std(), rel=0.025)
    ends = (0.1, 0.9)  # of the interval that is shown
    assert said.quantiles(ends) == pytest.approx(np.quantile(means, ends), abs=0.12)


def at_one_theta(rated):
    """The posterior of `rated` ((day, value), ...) when the non-linear parameters are known: reviewed on day 0."""
    series = build_series([(day, value, False) for day, value in rated], Clock(rated[0][0], 0.0, None))
    engine = _Engine(series, CHANGE, sweeps=8)
    engine.anchor_theta = THETA[0]
    _, mean, cov, noise = engine.run(THETA, 8)
    return Posterior(series, CHANGE, np.zeros((1, 6)), THETA, np.ones(1), mean, cov, noise, 0.0)


def next_week_by_simulation(rated, n):
    """Mean and SD of next week's mean in `n` simulated courses, each weighed by how probable it makes the ratings.

    Importance sampling with SciPy's t(4): no filter, no Gaussian in place of a rating. Third: what the weights are worth.
    """
    known, (s, r), rng = priors(), THETA[0, [S, R]], np.random.default_rng(5)
    baseline = rng.normal(known.baseline.mean, known.baseline.sd, n)
    weight = ((baseline > 0) & (baseline < 10)).astype(float)
    flare = np.abs(rng.normal(0, known.flare.half_normal_sd, n))
    effect = rng.normal(CHANGE.mean, CHANGE.sd, n)
    first = before = rated[0][0]
    noise, total = np.zeros(n), np.zeros(n)

    def usual(day):
        weeks = max(day, 0) / 7
        return (
            baseline
            + flare * np.exp(-(day - first) / THETA[0, TAU])
            - effect * weeks / (weeks + THETA[0, OM])
        )

    for day, value in rated:
        rho = r ** (day - before) if day > first else 0.0
        width, centre = np.sqrt(1 - rho * rho) * s / np.sqrt(2), usual(day) + rho * noise
        low = stdtr(4, (value - 0.5 - centre) / width) if value > 0 else 0.0
        high = stdtr(4, (value + 0.5 - centre) / width) if value < 10 else 1.0
        weight = weight * (high - low)
        noise = rho * noise + width * stdtrit(4, low + rng.random(n) * (high - low))
        before = day
    for day in range(1, 8):
        rho = r ** (day - before)
        noise = rho * noise + np.sqrt(1 - rho * rho) * s * t4(rng, n)
        before = day
        total += np.clip(np.round(usual(day) + noise), 0, 10)
    weight /= weight.sum()
    mean = weight @ total / 7
    return mean, np.sqrt(weight @ np.square(total / 7 - mean)), 1 / np.square(weight).sum()


@pytest.mark.parametrize(
    "rated",
    [
        ((-3, 5), (-2, 5), (-1, 4), (0, 8)),  # a bad day at the end: most of it is noise, which goes on
        ((-4, 6), (-3, 7), (-2, 6), (0, 3)),  # a good day at the end, after a day not rated
        ((-3, 2), (-2, 1), (-1, 1), (0, 0)),  # the floor
    ],
)
def test_next_week_leans_on_the_last_rating_as_it_does_in_simulated_courses(rated):
    mean, spread, worth = next_week_by_simulation(rated, 400_000)
    assert worth > 5_000
    posterior = at_one_theta(rated)
    said, _ = Mixture(posterior).rating_means(7.0)
    assert said.average() == pytest.approx(mean, abs=0.1)
    assert said.spread() == pytest.approx(spread, rel=0.05)
    deaf = Posterior(**{**vars(posterior), "noise": np.zeros_like(posterior.noise)})
    assert abs(Mixture(deaf).rating_means(7.0)[0].average() - mean) > 0.2


def test_a_forecast_of_four_weeks_ahead_no_longer_leans_on_the_last_rating():
    r = np.array([0.35])
    near, far, never = (week_noise(np.ones(1), r, ahead) for ahead in (1, 22, np.inf))
    assert near.lean[0] == pytest.approx(np.mean(0.35 ** np.arange(1, 8)))
    assert near.sd < far.sd and far.sd == pytest.approx(never.sd, abs=1e-9) and far.lean < 1e-9


def test_the_two_ways_of_computing_hand_out_the_same_noise():
    rated = [(-9.0, 4.0, False), (-8.0, 7.0, False), (-7.0, 6.0, True), (-3.0, 5.0, False), (0.0, 10.0, True)]
    engine = _Engine(build_series(rated, Clock(-9.0, 0.0, None)), CHANGE)
    theta = np.repeat(THETA, 2, axis=0)
    theta[1, R] = 0.2
    found = []
    for compute in (run, run_nodes_numpy):
        p, k = len(engine.prior_mean), len(engine.prior_mean) + 3
        out = np.zeros(2), np.zeros((2, k)), np.zeros((2, k, k)), np.zeros((2, p + 2))
        compute(
            theta, *engine._anchor(), *engine._events(), engine.prior_mean, engine.prior_cov, 3, 1.0, *out
        )
        found.append(out)
    for one, other in zip(*found, strict=True):
        assert one == pytest.approx(other, abs=1e-9)
    assert (found[0][3][:, -1] > 0).all()


def test_without_a_daily_rating_nothing_is_leant_on():
    rated = [(-14.0, 5.0, True), (-7.0, 6.0, True), (0.0, 5.0, True)]
    engine = _Engine(build_series(rated, Clock(-14.0, 0.0, None)), CHANGE)
    assert (engine.run(THETA, 3)[3] == 0).all()


def test_a_quantile_is_where_its_share_lies_below_even_between_two_far_heaps():
    heaps = Gaussians(np.array([0.5, 0.5]), np.array([0.0, 10.0]), np.array([0.1, 0.01]))
    shares = (0.001, 0.1, 0.499, 0.501, 0.9)
    for share, value in zip(shares, heaps.quantiles(shares), strict=True):
        assert 1 - heaps.above(value) == pytest.approx(share, abs=1e-9)
