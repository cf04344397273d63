"""A chart is data: the same spec is drawn in the page's colours and, with the light ones, on paper."""

import json
import re

import pytest

from deqi.doors.charts import PRINT, figure, for_print, marks, ratings_line, session_ticks

ROWS = [{"at": "2026-03-01", "value": 6}, {"at": "2026-03-02", "value": 5}]


@pytest.fixture(scope="module")
def spec():
    return figure(
        [
            session_ticks(["2026-03-01"]),
            marks([{"at": "2026-03-02", "label": "Gabapentin 600 mg", "late": True}]),
            ratings_line(ROWS),
        ]
    )


def test_every_colour_is_one_of_the_theme_and_on_paper_none_is_left_open(spec):
    named = set(re.findall(r"var\((--[a-z0-9-]+)\)", json.dumps(spec)))
    assert named and named <= set(PRINT)
    assert "var(" not in json.dumps(for_print(spec))


def test_it_is_valid_vega_lite(spec):
    vl_convert = pytest.importorskip("vl_convert")
    drawn = vl_convert.vegalite_to_svg(json.dumps({**for_print(spec), "width": 300}))
    assert drawn.startswith("<svg") and "Gabapentin 600 mg" in drawn
