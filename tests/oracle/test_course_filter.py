"""The filter with plain Gaussian noise against two programs we did not write, at fixed variances."""

import csv
from pathlib import Path

import numpy as np
import pytest
from statsmodels.tsa.statespace.structural import UnobservedComponents

from deqi.science.course.kernel import gaussian_log_likelihood

HERE = Path(__file__).parent


def theta(s, r, q=0.0):
    return np.array([s, r, 1.25, q, 10.0, 75.0])


def table(name):
    with (HERE / "course_nlme" / name).open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.parametrize("expected", table("expected.csv"), ids=lambda row: f"r-case-{row['case']:.0f}")
def test_log_likelihood_and_coefficients_agree_with_nlme(expected):
    """R nlme, gls with corCAR1 at fixed correlation (irregular gaps); course_nlme/generate.R makes the values."""
    rows = [row for row in table("data.csv") if row["case"] == expected["case"]]
    day, y = np.array([row["day"] for row in rows]), np.array([row["y"] for row in rows])
    design = np.array([[1.0, row["effect"], row["flare"]] for row in rows])
    at = theta(expected["sigma"], rows[0]["r"])
    best = np.array([expected["b0"], expected["b1"], expected["b2"]])
    loglik, _, _ = gaussian_log_likelihood(at, day, y, design, best, np.zeros((3, 3)))
    assert loglik == pytest.approx(expected["loglik"], abs=1e-6)
    # With a prior as wide as numbers allow, the posterior is generalised least squares.
    _, mean, cov = gaussian_log_likelihood(at, day, y, design, np.zeros(3), np.eye(3) * 1e8)
    assert mean[:3] == pytest.approx(best, abs=1e-6)
    for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)):
        assert cov[i, j] == pytest.approx(expected[f"v{i}{j}"], abs=1e-6)


@pytest.mark.parametrize("seed, s, r, q", [(1, 1.1, 0.35, 0.08), (2, 0.6, 0.7, 0.2), (3, 2.0, 0.1, 0.02)])
def test_wander_noise_and_missing_days_agree_with_statsmodels(seed, s, r, q):
    """statsmodels UnobservedComponents: random walk + AR(1), missing days as NaN, known start, fixed variances."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.choice(np.arange(60), 40, replace=False)).astype(float)
    day -= day[0]
    y = 6 + rng.normal(0, 1, 40).cumsum() * 0.2 + rng.normal(0, s, 40)
    regular = np.full(int(day[-1]) + 1, np.nan)
    regular[day.astype(int)] = y
    model = UnobservedComponents(regular, "rwalk", autoregressive=1)
    model.ssm.initialize_known(np.array([6.1, 0.0]), np.diag([1.7**2, s**2]))
    model.ssm.loglikelihood_burn = 0
    values = {"sigma2.level": q**2, "sigma2.ar": s**2 * (1 - r**2), "ar.L1": r}
    params = [values[name] for name in model.param_names]
    reference = model.smooth(params)
    loglik, mean, cov = gaussian_log_likelihood(
        theta(s, r, q), day, y, np.ones((40, 1)), np.array([6.1]), np.array([[1.7**2]])
    )
    assert loglik == pytest.approx(reference.llf, abs=1e-6)
    # the level at the last rating: baseline plus wander
    both = np.array([1.0, 1.0])
    assert both @ mean == pytest.approx(reference.filtered_state[0, -1], abs=1e-6)
    assert both @ cov @ both == pytest.approx(reference.filtered_state_cov[0, 0, -1], abs=1e-6)
