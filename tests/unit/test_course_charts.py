"""The course chart: what it draws, what it says in words, and that it prints without CSS."""

import datetime as dt
import json

import pytest
from tests.unit.test_course_model import ON, SESSIONS, START, ratings

from deqi.science.course import MedicineChange, charts, fan, review

MEDICINE = [MedicineChange(date=START + dt.timedelta(days=20), steps=-1, label="pregabalin halved")]


@pytest.fixture(scope="module")
def drawn():
    return fan.fan("burning", ratings(7, 4), SESSIONS, "dpn", ON, MEDICINE)


def layers(spec):
    return {layer["name"]: layer for layer in spec["layer"]}


def test_every_rating_visit_and_medicine_change_is_drawn(drawn):
    parts = layers(charts.fan_chart(drawn))
    assert len(parts["ratings"]["data"]["values"]) == 56
    assert len(parts["visits"]["data"]["values"]) == 6
    assert parts["medicine"]["data"]["values"][0]["label"] == "pregabalin halved"
    assert {"untreated", "level_band", "level", "go_on", "stop", "review"} <= set(parts)


def test_the_bands_are_those_of_the_review(drawn):
    found = review(ratings(7, 4), SESSIONS, "dpn", ON, MEDICINE)["burning"]
    now = drawn.level[-1]
    assert now.week == 6.0
    assert now.mean == pytest.approx(
        found.level, abs=0.15
    )  # the level today against its mean over the last week
    assert now.lo80 < now.mean < now.hi80 and now.hi80 - now.lo80 < 1.5
    assert drawn.go_on[-1].mean == pytest.approx(found.forecast_continue.mean, abs=0.1)
    assert drawn.stop[-1].mean == pytest.approx(found.forecast_stop.mean, abs=0.1)


def test_the_band_at_the_first_rating_is_not_wider_than_what_is_known(drawn):
    assert all(band.hi80 - band.lo80 < 2 for band in drawn.level)


def test_too_few_ratings_draw_dots_and_no_band():
    few = fan.fan("burning", ratings(7, 4, n_before=2), SESSIONS, "dpn", ON)
    parts = layers(charts.fan_chart(few))
    assert "level" not in parts and len(parts["ratings"]["data"]["values"]) == 44
    assert charts.table(few) == ()


def test_before_the_first_session_the_ratings_are_drawn_alone():
    none = fan.fan("burning", ratings(7, 4), [], "dpn", START)
    assert none.level == () and "0 visits" in charts.describe(none)


def test_the_table_has_a_row_a_week_with_the_values_of_the_bands(drawn):
    rows = charts.table(drawn)
    assert [row["week"] for row in rows] == list(range(-2, 13))
    assert rows[8]["level"][0] == pytest.approx(drawn.level[-1].mean, abs=0.06)
    assert rows[-1]["go_on"][0] == pytest.approx(drawn.go_on[-1].mean, abs=0.06)
    assert sum(row["ratings"] for row in rows) == 56


def test_colours_are_the_looks_and_print_without_them(drawn):
    spec = charts.fan_chart(drawn)
    assert "#" not in json.dumps(spec)
    assert "var(" not in json.dumps(charts.printed(spec))


def test_a_screen_reader_hears_the_level(drawn):
    assert "went from about" in charts.describe(drawn) and "56 ratings and 6 visits" in charts.describe(drawn)
