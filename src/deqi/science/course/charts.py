"""Vega-Lite specs as data: the course chart. No drawing here, so the same spec serves the page and the letter.

Colours are the look's CSS variables (`var(--jade)`); `printed` puts the light palette's values in their place for
paper and for renderers without CSS. Colour never stands alone: every band and mark is named in a legend of words or
in the description, and `table` gives the same values as rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from deqi.science.course.fan import Band, Fan, level_at
from deqi.science.measures import symptoms

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
FONT = "Atkinson Hyperlegible Next Variable, Atkinson Hyperlegible Next, system-ui, sans-serif"
# The light values of the look's tokens, for paper.
PRINTED = {
    "--paper": "#faf8f3",
    "--card": "#ffffff",
    "--line": "#ddd8cb",
    "--ink": "#1c2624",
    "--ink-2": "#52605c",
    "--jade": "#0b6b5b",
    "--cinnabar": "#b3261e",
    "--amber": "#8a5a00",
    "--indigo": "#3b4f9b",
}
Spec = dict[str, Any]


def fan_chart(fan: Fan, *, width: int | str = "container", height: int = 280) -> Spec:
    """The course of one symptom: dots, level with its 80 % band, both forecasts, visits, medicines, the review day.

    `width` in pixels or "container". The description says in words what is seen, for screen readers.
    """
    ends = [band.week for band in (*fan.go_on, *fan.untreated)]
    weeks = [fan.now, *ends, *(dot[0] for dot in fan.dots)]
    domain = [min([0.0, *weeks]), max([1.0, *weeks])]
    layers = [
        *_band_layers(fan),
        _dots(fan),
        _visits(fan),
        *_medicine(fan),
        *_review_line(fan, domain[1]),
    ]
    return {
        "$schema": SCHEMA,
        "description": describe(fan),
        "width": width,
        "height": height,
        "background": None,
        "config": chart_config(),
        "encoding": {
            "x": {
                "field": "week",
                "type": "quantitative",
                "scale": {"domain": domain, "nice": False},
                "axis": {
                    "title": None,
                    "grid": False,
                    "values": _ticks(domain),
                    "labelExpr": "datum.value == 0 ? 'start' : 'week ' + datum.value",
                },
            }
        },
        "layer": layers,
    }


def describe(fan: Fan) -> str:
    """The chart in a sentence or two."""
    label = symptoms()[fan.symptom].label
    text = (
        f"{label}, 0 to 10: {len(fan.dots)} ratings and {len(fan.sessions)} visits up to {fan.on:%-d %B %Y}."
    )
    if fan.level:
        first, last = fan.level[0], fan.level[-1]
        text += (
            f" The usual level went from about {first.mean:.1f} to about {last.mean:.1f} "
            f"(80 % between {last.lo80:.1f} and {last.hi80:.1f})."
        )
    return text


def table(fan: Fan) -> tuple[dict[str, Any], ...]:
    """The values behind the chart, one row a whole week: level so far, then both forecasts and the untreated band."""
    bands = (*fan.level, *fan.go_on[1:])
    if not bands:
        return ()
    rows = []
    for week in range(int(bands[0].week), int(bands[-1].week) + 1):
        row: dict[str, Any] = {"week": week, "ratings": sum(week - 1 < dot[0] <= week for dot in fan.dots)}
        for name in ("level", "go_on", "stop", "untreated"):
            found = level_at(getattr(fan, name), week)
            row[name] = [round(value, 1) for value in (found.mean, found.lo80, found.hi80)] if found else None
        rows.append(row)
    return tuple(rows)


def printed(spec: Any, palette: dict[str, str] = PRINTED) -> Any:
    """The spec with every `var(--name)` replaced by its colour."""
    if isinstance(spec, str):
        return re.sub(r"var\((--[a-z0-9-]+)\)", lambda match: palette[match[1]], spec)
    if isinstance(spec, dict):
        return {key: printed(value, palette) for key, value in spec.items()}
    if isinstance(spec, list):
        return [printed(value, palette) for value in spec]
    return spec


def chart_config() -> Spec:
    quiet = {"labelColor": "var(--ink-2)", "titleColor": "var(--ink-2)", "labelFontSize": 12}
    return {
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            **quiet,
            "domainColor": "var(--line)",
            "tickColor": "var(--line)",
            "gridColor": "var(--line)",
        },
    }


def _ticks(domain: Sequence[float]) -> list[int]:
    """Whole weeks for the axis: every third, every sixth when the course is long."""
    step = 3 if domain[1] <= 15 else 6 if domain[1] <= 40 else 12
    return [week for week in range(0, int(domain[1]) + 1, step)]


def _y(field: str = "mean") -> Spec:
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": [0, 10]},
        "axis": {"title": None, "values": [0, 2, 4, 6, 8, 10], "ticks": False, "domain": False},
    }


def _rows(bands: Sequence[Band]) -> Spec:
    return {
        "values": [
            {
                "week": round(b.week, 3),
                "mean": round(b.mean, 3),
                "lo80": round(b.lo80, 3),
                "hi80": round(b.hi80, 3),
            }
            for b in bands
        ]
    }


def _area(name: str, bands: Sequence[Band], colour: str, opacity: float) -> Spec:
    return {
        "name": name,
        "data": _rows(bands),
        "mark": {
            "type": "area",
            "color": colour,
            "opacity": opacity,
            "interpolate": "monotone",
            "aria": False,
        },
        "encoding": {"y": _y("lo80"), "y2": {"field": "hi80"}},
    }


def _line(name: str, bands: Sequence[Band], colour: str, width: float, dash: list[int] | None = None) -> Spec:
    mark: Spec = {
        "type": "line",
        "color": colour,
        "strokeWidth": width,
        "interpolate": "monotone",
        "aria": False,
    }
    if dash:
        mark["strokeDash"] = dash
    return {"name": name, "data": _rows(bands), "mark": mark, "encoding": {"y": _y()}}


def _band_layers(fan: Fan) -> list[Spec]:
    if not fan.level:
        return []
    layers = [
        _area("untreated", fan.untreated, "var(--ink-2)", 0.1),
        _area("go_on_band", fan.go_on, "var(--jade)", 0.1),
        _area("level_band", fan.level, "var(--jade)", 0.2),
        _line("go_on", fan.go_on, "var(--jade)", 2, [2, 4]),
        _line("stop", fan.stop, "var(--amber)", 2, [8, 4]),
        _line("level", fan.level, "var(--jade)", 3),
        _words(
            "untreated_words",
            fan.untreated[-4],
            "hi80",
            "usual without treatment",
            "var(--ink-2)",
            -6,
            "right",
        ),
    ]
    if fan.go_on[-1].mean != fan.stop[-1].mean:
        apart = abs(fan.stop[-1].mean - fan.go_on[-1].mean) > 0.35
        layers.append(_words("go_on_words", fan.go_on[-1], "mean", "if we go on", "var(--jade)", 14, "right"))
        if apart:
            layers.append(
                _words("stop_words", fan.stop[-1], "mean", "if we stop", "var(--amber)", -8, "right")
            )
    return layers


def _words(name: str, band: Band, field: str, text: str, colour: str, dy: int, align: str) -> Spec:
    return {
        "name": name,
        "data": _rows([band]),
        "mark": {"type": "text", "text": text, "color": colour, "fontSize": 12, "dy": dy, "align": align},
        "encoding": {"y": _y(field)},
    }


def _dots(fan: Fan) -> Spec:
    return {
        "name": "ratings",
        "data": {"values": [{"week": round(week, 3), "value": value} for week, value, _ in fan.dots]},
        "mark": {"type": "circle", "color": "var(--ink-2)", "opacity": 0.55, "size": 32},
        "encoding": {"y": _y("value")},
    }


def _visits(fan: Fan) -> Spec:
    return {
        "name": "visits",
        "data": {"values": [{"week": round(week, 3), "from": 0, "to": 0.45} for week in fan.sessions]},
        "mark": {"type": "rule", "color": "var(--jade)", "strokeWidth": 3, "strokeCap": "round"},
        "encoding": {"y": _y("from"), "y2": {"field": "to"}},
    }


def _medicine(fan: Fan) -> list[Spec]:
    if not fan.medicine:
        return []
    data = {"values": [{"week": round(week, 3), "at": 9.6, "label": label} for week, label in fan.medicine]}
    return [
        {
            "name": "medicine",
            "data": data,
            "mark": {
                "type": "point",
                "shape": "triangle-down",
                "filled": True,
                "color": "var(--amber)",
                "size": 80,
            },
            "encoding": {"y": _y("at")},
        },
        {
            "name": "medicine_words",
            "data": data,
            "mark": {"type": "text", "align": "left", "dx": 9, "color": "var(--amber)", "fontSize": 12},
            "encoding": {"y": _y("at"), "text": {"field": "label"}},
        },
    ]


def _review_line(fan: Fan, last: float) -> list[Spec]:
    left = fan.now > 0.75 * last
    data = {"values": [{"week": round(fan.now, 3), "from": 0, "to": 10}]}
    return [
        {
            "name": "review",
            "data": data,
            "mark": {"type": "rule", "color": "var(--ink)", "strokeDash": [3, 5]},
            "encoding": {"y": _y("from"), "y2": {"field": "to"}},
        },
        {
            "name": "review_words",
            "data": data,
            "mark": {
                "type": "text",
                "text": "review",
                "align": "right" if left else "left",
                "dx": -6 if left else 6,
                "dy": 8,
                "fontSize": 12,
                "fontWeight": 600,
                "color": "var(--ink)",
            },
            "encoding": {"y": _y("to")},
        },
    ]
