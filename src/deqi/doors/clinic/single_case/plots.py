"""The figures of the people together: ranks of drawn starts as dots, rises after a taper by arm."""

from __future__ import annotations

from typing import Any

from deqi.doors.charts import Spec, figure
from deqi.record.care.queries.pooled import Series
from deqi.science.course.single_case import StartTest

ARMS = ("stopped", "went on")


def series_plot(one: Series) -> dict[str, Any]:
    """Spec and words of one series with people in it."""
    return _ranks(one) if one.is_start else _rises(one)


def _ranks(one: Series) -> dict[str, Any]:
    results = [result for result in one.results if isinstance(result, StartTest)]
    k = max(len(result.starts) for result in results)
    fewer = sum(len(result.starts) < k for result in results)
    seen = [0] * (k + 1)
    rows = []
    for result in results:
        place = -(-result.rank * k // len(result.starts))  # among k, where fewer days were possible
        seen[place] += 1
        rows.append({"rank": place, "n": seen[place] - 0.5})
    most = max(seen)
    x: Spec = {
        "field": "rank",
        "type": "quantitative",
        "title": "place of the drawn day among the possible ones",
        "scale": {"domain": [0.5, k + 0.5]},
        "axis": {"values": list(range(1, k + 1)), "grid": False, "format": "d"},
    }
    y: Spec = {
        "field": "n",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [0, max(most, 4)]},
        "axis": None,
    }
    dots: Spec = {
        "data": {"values": rows},
        "mark": {"type": "point", "filled": True, "size": 110 if most <= 8 else 24, "color": "var(--jade)", "opacity": 1},
        "encoding": {"x": x, "y": y},
    }  # fmt: skip
    even: Spec = {
        "data": {"values": [{"n": len(results) / k}]},
        "mark": {"type": "rule", "color": "var(--ink-2)", "strokeDash": [3, 4]},
        "encoding": {"y": y},
    }
    words = (
        f"One dot a person: at 1 the drawn day shows the largest fall of the {k} possible days, at {k} the smallest. "
        f"{sum(result.rank == 1 for result in results)} of {len(results)} at 1. If the day made no difference the dots "
        "would lie evenly, about as high as the dashed line."
    )
    if fewer:
        words += f" {fewer} had fewer possible days; their place is drawn as if among {k}."
    return {"spec": figure([even, dots], height=max(140, min(260, 20 * max(most, 4)))), "words": words}


def _rises(one: Series) -> dict[str, Any]:
    rows = [{"arm": ARMS[person.drawn], "rise": round(person.result.rise, 3)} for person in one.counted]  # type: ignore[union-attr]
    x: Spec = {
        "field": "rise",
        "type": "quantitative",
        "title": "rise of the ratings after the draw, points",
        "axis": {"grid": True, "tickCount": 7},
    }
    y: Spec = {"field": "arm", "type": "nominal", "title": None, "scale": {"domain": list(ARMS)}}
    dots: Spec = {
        "data": {"values": rows},
        "mark": {"type": "point", "filled": True, "size": 90, "color": "var(--jade)", "opacity": 0.75},
        "encoding": {"x": x, "y": y},
    }
    means: Spec = {
        "data": {"values": rows},
        "mark": {"type": "tick", "thickness": 3, "size": 30, "color": "var(--ink)"},
        "encoding": {"x": {**x, "aggregate": "mean"}, "y": y},
    }
    words = "One dot a person, by what was drawn; the bar is the mean. To the right: the ratings rose."
    return {"spec": figure([dots, means], height=150), "words": words}
