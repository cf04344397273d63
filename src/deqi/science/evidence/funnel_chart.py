"""The funnel plot as a Vega-Lite spec: effect against standard error, with what trim and fill would add."""

from __future__ import annotations

import math
from typing import Any

from deqi.science.evidence.charts import FONT, PALETTE, Spec, Theme
from deqi.science.evidence.effects import RATIOS
from deqi.science.evidence.explore import small_study_effects
from deqi.science.evidence.result import PoolResult


def funnel_spec(result: PoolResult, *, title: str, theme: Theme = "light", width: int = 460) -> Spec:
    """Funnel plot of a pool of three studies or more. Raises ValueError below that.

    Hollow points are mirror images put in by trim and fill: a question to the reader, not studies.
    """
    if result.k < 3 or result.estimate is None:
        raise ValueError("a funnel needs three studies or more")
    colour = PALETTE[theme]
    egger, filled, notes = small_study_effects(result)
    points: list[dict[str, Any]] = [
        {"x": s.estimate, "se": s.se, "study": s.label, "kind": "study"} for s in result.studies
    ]
    if filled is not None:
        points += [
            {"x": y, "se": math.sqrt(v), "study": "mirror image", "kind": "mirror image"}
            for y, v in zip(filled.effects[result.k :], filled.variances[result.k :], strict=True)
        ]
    deepest = 1.08 * max(p["se"] for p in points)
    sides: list[dict[str, Any]] = [
        {"x": result.estimate + sign * 1.96 * se, "se": se, "side": sign}
        for sign in (-1, 1)
        for se in (0.0, deepest)
    ]
    subtitle = "Lines: where 95 % of studies of one true effect would lie."
    if egger is not None:
        subtitle += f" Egger's test p {egger.p:.2f}" + ("; little power below ten studies." if notes else ".")
    x_title = f"log {result.measure}" if result.measure in RATIOS else result.measure
    axis = {"gridColor": colour["line"], "gridOpacity": 0.5, "domain": False, "tickColor": colour["line"],
            "labelColor": colour["quiet"], "titleColor": colour["quiet"], "titleFontWeight": 400}  # fmt: skip
    y = {"field": "se", "type": "quantitative", "title": "standard error (smaller studies below)",
         "scale": {"domain": [0, deepest], "reverse": True, "nice": False}, "axis": axis}  # fmt: skip
    x = {"field": "x", "type": "quantitative", "title": x_title, "axis": axis, "scale": {"zero": False}}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": f"Funnel plot. {title}. {result.words} {subtitle}",
        "title": {"text": title, "subtitle": subtitle, "anchor": "start", "fontSize": 17, "fontWeight": 600,
                  "color": colour["ink"], "subtitleColor": colour["quiet"], "subtitlePadding": 6, "offset": 12},
        "background": colour["paper"], "padding": 20, "width": width, "height": 300,
        "config": {"font": FONT, "view": {"stroke": None}},
        "layer": [
            {"data": {"values": sides},
             "mark": {"type": "line", "color": colour["quiet"], "strokeDash": [4, 4], "strokeWidth": 1.2},
             "encoding": {"x": x, "y": y, "detail": {"field": "side"}}},
            {"data": {"values": [{"x": result.estimate}]},
             "mark": {"type": "rule", "color": colour["jade"], "strokeWidth": 1.5}, "encoding": {"x": x}},
            {"data": {"values": points},
             "mark": {"type": "point", "size": 70, "strokeWidth": 1.6, "opacity": 1},
             "encoding": {
                 "x": x, "y": y, "tooltip": [{"field": "study"}, {"field": "x"}, {"field": "se"}],
                 "stroke": {"field": "kind", "scale": {"domain": ["study", "mirror image"],
                            "range": [colour["jade"], colour["amber"]]}, "legend": None},
                 "fill": {"field": "kind", "scale": {"domain": ["study", "mirror image"],
                          "range": [colour["jade"], colour["paper"]]}, "legend": None}}},
        ],
    }  # fmt: skip
