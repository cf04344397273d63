"""Seven-day means: the arithmetic by hand, and when it says "not yet"."""

import datetime as dt

import pytest

from deqi.science.course import Rating, review_simple
from deqi.science.course.simple import noise_of_difference

START = dt.date(2026, 3, 9)


def ratings(first, values, symptom="burning", **more):
    return [
        Rating(date=first + dt.timedelta(days=i), symptom=symptom, value=v, **more)
        for i, v in enumerate(values)
    ]


BASELINE = ratings(START - dt.timedelta(days=6), [6, 6, 7, 6, 6, 7, 6])  # mean 44/7
REVIEW = START + dt.timedelta(days=42)
NOW = ratings(REVIEW - dt.timedelta(days=6), [4, 4, 3, 4, 4, 4, 5])  # mean 28/7 = 4


def test_means_and_change_are_those_worked_by_hand():
    found = review_simple(BASELINE + NOW, [START], REVIEW)["burning"]
    assert found.baseline_mean == pytest.approx(44 / 7)
    assert found.current_mean == pytest.approx(4.0)
    assert found.change == pytest.approx(-16 / 7)
    assert found.enough and found.beyond_noise
    assert "down by about 2.3 points" in found.words
    assert "cannot tell how much is due to the needles" in found.words


@pytest.mark.parametrize("n, points", [(1, 3.33), (2, 2.73), (4, 2.15), (7, 1.71), (14, 1.24)])
def test_noise_agrees_with_the_published_arithmetic(n, points):
    assert noise_of_difference(n, n) == pytest.approx(points, abs=0.01)


def test_three_ratings_are_not_enough_and_it_says_which_are_missing():
    found = review_simple(BASELINE + NOW[-3:], [START], REVIEW)["burning"]
    assert not found.enough and found.beyond_noise is None
    assert "3 from the last seven days" in found.words


def test_a_thin_last_week_widens_the_baseline_to_fourteen_days():
    early = ratings(START - dt.timedelta(days=13), [6, 6, 6, 6])
    found = review_simple(early + BASELINE[-2:] + NOW, [START], REVIEW)["burning"]
    assert (found.n_baseline, found.baseline_days, found.enough) == (6, 14, True)


def test_relief_just_after_a_session_is_not_counted():
    after = ratings(REVIEW - dt.timedelta(days=6), [0] * 7, channel="clinic_after")
    assert review_simple(BASELINE + NOW + after, [START], REVIEW) == review_simple(
        BASELINE + NOW, [START], REVIEW
    )


def test_weekly_and_daily_recall_are_never_mixed():
    weekly = ratings(REVIEW, [9], recall="7d")
    assert review_simple(BASELINE + NOW + weekly, [START], REVIEW)["burning"].current_mean == 4.0


def test_without_a_session_there_is_nothing_to_compare():
    found = review_simple(BASELINE, [], START)["burning"]
    assert not found.enough and "no session yet" in found.words


def test_ratings_after_the_review_date_are_not_used():
    later = ratings(REVIEW + dt.timedelta(days=1), [10] * 5)
    assert review_simple(BASELINE + NOW + later, [START], REVIEW)["burning"].current_mean == 4.0
