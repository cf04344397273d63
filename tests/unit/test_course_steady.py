"""People whose ratings hardly move, or move once: hard for expectation propagation, and common in a clinic.

An answer must not hang on how the computation got there; where none is to be had there must be none.
"""

import datetime as dt

import pytest

from deqi.science.course.mixture import Mixture, drop_now
from deqi.science.course.posterior import LEAST_WORTH, FitError, _Engine, _fit, fit
from deqi.science.course.priors import change_prior
from deqi.science.course.series import series_of

START = dt.date(2026, 3, 2)
CHANGE = change_prior("dpn", "burning")


def series(days):
    """`days`: a digit a day (x is 10, - not rated) from 14 days before the first of six weekly sessions on."""
    rows = [
        (START + dt.timedelta(days=at - 14), 10.0 if value == "x" else float(value), "24h")
        for at, value in enumerate(days)
        if value != "-"
    ]
    sessions = [START + dt.timedelta(days=7 * week) for week in range(6)]
    return series_of(rows, sessions, START + dt.timedelta(days=42))


def drop(posterior):
    found = Mixture(posterior).fine(drop_now(posterior))
    return found.average(), found.spread()


def in_small_steps(days):
    """The same posterior by thirty small steps at four times the points."""
    return drop(_fit(_Engine(series(days), CHANGE, 30, 0.25), 512, 64))


@pytest.mark.parametrize(
    "days",
    [
        "855788886655-5585555555--5545545553555655535555-5555556-5",
        "55555555555555555" + "3" * 40,
        "66666666666666866666666666" + "6" * 31,
        "2x666666666-x66xx6" + "3" * 29,
        "77777777777777" + "7777777" + "5" * 36,
    ],
)
def test_a_steady_person_gets_the_answer_that_small_steps_give(days):
    mean, spread = drop(fit(series(days), CHANGE))
    wanted, doubt = in_small_steps(days)
    assert mean == pytest.approx(wanted, abs=0.1)
    assert spread == pytest.approx(doubt, rel=0.08)


@pytest.mark.parametrize("days", ["x" * 18 + "6" * 23, "3" * 21 + "0" * 23, "5" * 30 + "1" * 27])
def test_one_sharp_step_is_answered_from_enough_points_or_not_at_all(days):
    try:
        found = fit(series(days), CHANGE)
    except FitError:
        return
    assert found.effective_nodes >= LEAST_WORTH
