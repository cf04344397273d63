"""The exact tests of single-case designs against R, where every possible draw is written out (single_case/make_expected.R)."""

import csv
import datetime as dt
from pathlib import Path

import pytest

from deqi.science.course import Rating
from deqi.science.course.single_case import (
    StartProtocol,
    TaperOutcome,
    edgington,
    pooled_tapers,
    rank_sum_p,
    start_test,
)

FOLDER = Path(__file__).parent / "single_case"
BEGUN = dt.date(2026, 1, 1)


def rows(name):
    with (FOLDER / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


SERIES: dict[str, list[dict[str, str]]] = {}
for row in rows("series"):
    SERIES.setdefault(row["id"], []).append(row)


@pytest.mark.parametrize("expected", rows("starts"), ids=lambda row: f"patient {row['id']}")
def test_a_randomised_start_agrees_with_r(expected):
    own = SERIES[expected["id"]]
    ratings = [
        Rating(date=BEGUN + dt.timedelta(days=int(row["day"])), symptom="pain", value=float(row["value"]))
        for row in own
    ]
    drawn = BEGUN + dt.timedelta(days=int(own[0]["drawn"]))
    found = start_test(StartProtocol(symptom="pain", enrolled_on=BEGUN), ratings, drawn)
    assert (found.rank, found.p) == (int(expected["rank"]), float(expected["p"]))
    assert found.change == pytest.approx(float(expected["change"]), abs=1e-9)


@pytest.mark.parametrize("expected", rows("pooled"), ids=lambda row: row["ranks"])
def test_pooling_agrees_with_r(expected):
    ranks = [int(rank) for rank in expected["ranks"].split()]
    assert rank_sum_p([(rank, 8) for rank in ranks]) == pytest.approx(float(expected["p"]), abs=1e-12)
    assert edgington([rank / 8 for rank in ranks]) == pytest.approx(float(expected["edgington"]), abs=1e-9)


@pytest.mark.parametrize("expected", rows("tapers"), ids=lambda row: f"clinic {row['id']}")
def test_a_randomised_taper_agrees_with_r(expected):
    rises = [float(value) for value in expected["rise"].split()]
    stopped = [value == "1" for value in expected["stopped"].split()]
    found = pooled_tapers(
        [TaperOutcome("pain", arm, 4.0, 4.0 + rise, 40) for rise, arm in zip(rises, stopped, strict=True)]
    )
    assert found.p == pytest.approx(float(expected["p"]), abs=1e-12)
    assert found.estimate == pytest.approx(float(expected["difference"]), abs=1e-9)
