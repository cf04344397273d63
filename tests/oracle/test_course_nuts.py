"""The posterior of the change against NUTS (NumPyro) of the exact model; course_nuts/generate.py makes the values.

Each of the fifty courses is held to 0.02 points in the mean and 3 % in the SD. NUTS is a sampler and has an error of its
own, stored beside each value and computed from its effective draws; no allowance is made for it.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from deqi.science.course.mixture import Mixture, drop_now
from deqi.science.course.posterior import fit
from deqi.science.course.priors import change_prior, priors
from deqi.science.course.series import Clock, build_series

HERE = Path(__file__).parent / "course_nuts"
STORED = json.loads((HERE / "expected.json").read_text())


@pytest.fixture(scope="module")
def compared():
    """For every stored course: NUTS's values, and mean, SD and p_improved as served."""
    courses = json.loads((HERE / "inputs.json").read_text())
    found = []
    for index, nuts in STORED["courses"].items():
        course = courses[int(index)]
        rows = [
            (float(day), float(value), False)
            for day, value in zip(course["days"], course["values"], strict=True)
        ]
        series = build_series(rows, Clock(course["days"][0], course["now"], None))
        mixture = Mixture(fit(series, change_prior(course["condition"], "burning")))
        now = drop_now(mixture.posterior)
        drop = mixture.fine(now)
        found.append((index, nuts, drop.average(), drop.spread(), mixture.improved(now)))
    return found


def test_nuts_was_run_under_the_priors_that_are_served():
    assert STORED["priors"] == priors().version


def test_nuts_itself_is_known_well_enough(compared):
    assert len(compared) == 50
    assert all(nuts["drop_mean_error"] < 0.01 for _, nuts, *_ in compared)
    assert all(nuts["drop_rhat"] < 1.01 for _, nuts, *_ in compared)


def test_the_mean_change_agrees_within_two_hundredths_of_a_point(compared):
    off = {
        index: mean - nuts["drop_mean"]
        for index, nuts, mean, *_ in compared
        if abs(mean - nuts["drop_mean"]) > 0.02
    }
    assert off == {}
    apart = np.array([mean - nuts["drop_mean"] for _, nuts, mean, *_ in compared])
    assert np.sqrt(np.mean(apart**2)) < 0.015


def test_the_spread_agrees_within_three_per_cent(compared):
    off = {
        index: sd / nuts["drop_sd"] - 1
        for index, nuts, _, sd, _ in compared
        if abs(sd - nuts["drop_sd"]) > 0.03 * nuts["drop_sd"]
    }
    assert off == {}


def test_the_probability_of_having_improved_agrees(compared):
    assert max(abs(p - nuts["p_improved"]) for _, nuts, _, _, p in compared) < 0.03
