"""Charts as Vega-Lite specifications built as data. One grammar for the page and for letters.

A colour is written as a CSS variable of the theme ("var(--jade)"): `chart.js` puts the page's own colour in its
place, so that a chart is right in light and in dark; `for_print` puts the light theme's.

In a page: `{{ spec|json_script:"burning" }}`, then
`<figure class="chart" data-spec-id="burning"><figcaption>what the picture says</figcaption><details>table</details></figure>`
and `{% include "deqi/chart_scripts.html" %}` in the block `scripts`. The picture itself is hidden from screen
readers; the caption and the table say the same.

Example:
    >>> figure([ratings_line([{"at": "2026-03-01", "value": 6}])], height=200)["layer"][0]["mark"]["type"]
    'line'
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Spec = dict[str, Any]
Row = Mapping[str, Any]

#: The light theme's colours, for paper. The names are those of deqi.css.
PRINT = {
    "--ink": "#1c2624",
    "--ink-2": "#52605c",
    "--line": "#ddd8cb",
    "--card": "#ffffff",
    "--jade": "#0b6b5b",
    "--jade-soft": "#dcefe9",
    "--cinnabar": "#b3261e",
    "--cinnabar-soft": "#fbe6e2",
    "--amber": "#855600",
    "--amber-soft": "#fbeed0",
    "--indigo": "#3b4f9b",
    "--indigo-soft": "#e5e9f8",
}
FONT = "Atkinson Hyperlegible Next, system-ui, sans-serif"
CONFIG: Spec = {
    "background": None,
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "var(--ink-2)",
        "titleColor": "var(--ink-2)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "gridColor": "var(--line)",
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "labelPadding": 6,
    },
    "legend": {"labelColor": "var(--ink)", "titleColor": "var(--ink-2)", "labelFontSize": 13},
    "text": {"color": "var(--ink)", "fontSize": 13},
    "title": {"color": "var(--ink)", "anchor": "start", "fontSize": 15},
}
MANY = 60
DAYS: Spec = {"field": "at", "type": "temporal", "title": None}
DAY_AXIS: Spec = {
    "grid": False,
    "format": "%-d %b",
    "tickCount": {"expr": "max(2, floor(width / 90))"},
    "labelOverlap": True,
}
LEVEL: Spec = {
    "field": "value",
    "type": "quantitative",
    "title": None,
    "scale": {"domain": [0, 10]},
    "axis": {"values": [0, 2, 4, 6, 8, 10], "domain": False, "ticks": False},
}


def figure(layers: Sequence[Spec], *, height: int = 240, **more: Any) -> Spec:
    """Layers on one pair of axes, as wide as their place in the page."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "layer": list(layers),
        "config": CONFIG,
        **more,
    }


def ratings_line(rows: Iterable[Row], colour: str = "var(--jade)", *, worst: bool = False) -> Spec:
    """Ratings 0-10 over time: rows of `at` (ISO date or time) and `value`. `worst` is drawn thin and dashed.

    More than sixty ratings are drawn finer, so that the line stays readable on a phone.
    """
    values = list(rows)
    fine = worst or len(values) > MANY
    return {
        "data": {"values": values},
        "mark": {
            "type": "line",
            "color": colour,
            "strokeWidth": 1.25 if fine else 2.5,
            "strokeDash": [4, 3] if worst else [1, 0],
            "point": {"filled": True, "size": 16 if fine else 55, "color": colour},
        },
        "encoding": {"x": {**DAYS, "axis": DAY_AXIS}, "y": LEVEL},
    }


def session_ticks(days: Iterable[str], colour: str = "var(--ink-2)") -> Spec:
    """A short tick on the lower edge for each session."""
    return {
        "data": {"values": [{"at": day, "value": 0} for day in days]},
        "mark": {
            "type": "tick",
            "orient": "vertical",
            "size": 12,
            "thickness": 3,
            "color": colour,
            "yOffset": -7,
        },
        "encoding": {"x": {**DAYS, "axis": DAY_AXIS}, "y": LEVEL},
    }


def marks(rows: Iterable[Row], colour: str = "var(--amber)") -> Spec:
    """A dashed upright line with a word on top for each row of `at` and `label`: a change of medicine, say.

    A row with `late` true has its word to the left of the line, so that it is not cut at the right edge.
    """
    x = {**DAYS, "axis": DAY_AXIS}
    rule = {
        "mark": {"type": "rule", "color": colour, "strokeDash": [3, 4], "strokeWidth": 1.5},
        "encoding": {"x": x},
    }
    return {
        "data": {"values": list(rows)},
        "layer": [rule, _labels(x, colour, False), _labels(x, colour, True)],
    }


def _labels(x: Spec, colour: str, late: bool) -> Spec:
    return {
        "transform": [{"filter": "datum.late === true" if late else "datum.late !== true"}],
        "mark": {
            "type": "text",
            "align": "right" if late else "left",
            "baseline": "top",
            "dx": -5 if late else 5,
            "color": colour,
            "fontSize": 12,
            "limit": 160,
        },
        "encoding": {"x": x, "y": {"value": 0}, "text": {"field": "label"}},
    }


def for_print(spec: Spec) -> Spec:
    """The same chart with the light theme's colours written out, for a letter or a report."""
    text = json.dumps(spec)
    for name, colour in PRINT.items():
        text = text.replace(f"var({name})", colour)
    printed: Spec = json.loads(text)
    return printed
