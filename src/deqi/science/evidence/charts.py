"""Pictures of the evidence as Vega-Lite specs: plain data, drawn by a browser or by vl-convert.

`forest_spec` draws one or more pools under each other, so that sham-controlled trials stand beside the rest.
Colours are those of the house (jade for what was found, amber for the range of true effects); every spec
carries its own data and a description for readers who cannot see it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from deqi.science.evidence.effects import RATIOS
from deqi.science.evidence.forest_layout import Section, Sheet, lay_out, limits_of
from deqi.science.evidence.result import PoolResult

Spec = dict[str, Any]
Theme = Literal["light", "dark", "page"]
FONT = "Atkinson Hyperlegible Next Variable, Atkinson Hyperlegible Next, system-ui, sans-serif"
PALETTE: dict[Theme, dict[str, str]] = {
    "light": {
        "paper": "#ffffff", "ink": "#1c2624", "quiet": "#52605c", "line": "#ddd8cb", "jade": "#0b6b5b",
        "jade_soft": "#dcefe9", "amber": "#8a5a00", "indigo": "#3b4f9b", "cinnabar": "#b3261e",
        "sunk": "#f1eee6",
    },
    "dark": {
        "paper": "#1b2223", "ink": "#e9ece7", "quiet": "#a9b6b0", "line": "#2f3a3a", "jade": "#5cc9b1",
        "jade_soft": "#17362f", "amber": "#f0c36b", "indigo": "#a9b8ff", "cinnabar": "#ff9d8f",
        "sunk": "#14191a",
    },
    "page": {  # colours of whatever theme the page has; the page's script puts them in
        "paper": "var(--card)", "ink": "var(--ink)", "quiet": "var(--ink-2)", "line": "var(--line)",
        "jade": "var(--jade)", "jade_soft": "var(--jade-soft)", "amber": "var(--amber)", "indigo": "var(--indigo)",
        "cinnabar": "var(--cinnabar)", "sunk": "var(--sunk)",
    },
}  # fmt: skip
ROW_PX = 26
COMPACT_ROW_PX = 44


def forest_spec(
    sections: Sequence[Section], *, title: str, theme: Theme = "light", subtitle: str = "", width: int = 400
) -> Spec:
    """Forest plot of the sections. Raises ValueError when none of them holds a study.

    `width` is the width of the middle panel in px; the text on both sides adds about 500.
    """
    drawn, sheet, limits, y = _prepared(sections)
    colour = PALETTE[theme]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": describe(drawn, title),
        "title": {
            "text": title, "subtitle": subtitle or _reading(drawn[0].result), "anchor": "start",
            "fontSize": 17, "fontWeight": 600, "subtitleFontSize": 12.5, "subtitleColor": colour["quiet"],
            "color": colour["ink"], "subtitlePadding": 6, "offset": 14,
        },
        "background": colour["paper"], "padding": 20, "spacing": 8,
        "config": {
            "font": FONT, "view": {"stroke": None},
            "text": {"color": colour["ink"], "fontSize": 13}, "concat": {"spacing": 8},
        },
        "hconcat": [
            _left(sheet, y, colour),
            {
                "width": width, "height": sheet.height * ROW_PX,
                "layer": _marks(sheet, y, colour, limits, drawn[0].result.measure in RATIOS),
            },
            _right(sheet, y, colour),
        ],
    }  # fmt: skip


def compact_forest_spec(
    sections: Sequence[Section], *, title: str, theme: Theme = "light", width: int = 300
) -> Spec:
    """The same plot for a narrow screen: names and numbers above each line, in one panel of `width` px."""
    drawn, sheet, limits, y = _prepared(sections, compact=True)
    colour = PALETTE[theme]

    def line(rows: list[dict[str, Any]], field: str, at_end: bool, **mark: Any) -> Spec:
        side = {"align": "right"} if at_end else {"align": "left"}
        return _text(rows, y, field, width if at_end else 0, dy=-15, fontSize=12.5, **side, **mark)

    marks = _marks(sheet, y, colour, limits, drawn[0].result.measure in RATIOS)
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": describe(drawn, title),
        "title": {
            "text": title, "anchor": "start", "fontSize": 15, "fontWeight": 600, "color": colour["ink"],
            "offset": 10, "limit": width,
        },
        "background": colour["paper"], "padding": 10, "width": width, "height": sheet.height * COMPACT_ROW_PX,
        "config": {"font": FONT, "view": {"stroke": None}, "text": {"fontSize": 13}},
        "layer": [
            *marks,
            _text(sheet.headings, y, "text", 0, align="left", fontWeight=600, color=colour["jade"]),
            _text(sheet.headings, y, "certainty", width, align="right", color=colour["indigo"], fontSize=12),
            _text(sheet.silent, y, "t", 0, align="left", color=colour["quiet"], fontStyle="italic"),
            line(sheet.studies, "study", False, color=colour["ink"], limit=140),
            line(sheet.studies, "numbers", True, color=colour["ink"]),
            line(sheet.pools, "study", False, color=colour["ink"], fontWeight=600),
            line(sheet.pools, "numbers", True, color=colour["ink"], fontWeight=600),
        ],
    }  # fmt: skip


def _prepared(
    sections: Sequence[Section], compact: bool = False
) -> tuple[list[Section], Sheet, tuple[float, float], Spec]:
    drawn = [s for s in sections if s.result.k]
    if not drawn:
        raise ValueError("no study to draw")
    limits = limits_of(drawn, drawn[0].result.measure in RATIOS)
    sheet = lay_out(sections, *limits, compact=compact)
    y: Spec = {
        "field": "y", "type": "quantitative", "axis": None,
        "scale": {"domain": [0, sheet.height], "reverse": True, "nice": False, "zero": False},
    }  # fmt: skip
    return drawn, sheet, limits, y


def describe(sections: Sequence[Section], title: str) -> str:
    """The plot in words, for a screen reader."""
    told = " ".join(f"{s.title}: {s.result.words}" for s in sections)
    return f"Forest plot. {title}. {told}"


def _reading(result: PoolResult) -> str:
    names = {
        "SMD": "Standardised mean difference", "MD": "Mean difference", "ROM": "Ratio of means",
        "RR": "Risk ratio", "OR": "Odds ratio", "RD": "Risk difference", "GEN": "Effect",
    }  # fmt: skip
    interval = {"knha": "Knapp-Hartung interval", "posterior": "95 % credible interval"}
    how = {"FE": "fixed effect", "MH": "Mantel-Haenszel", "Peto": "Peto", "Bayes": "random effects, Bayes"}
    model = how.get(result.estimator, f"random effects, {result.estimator}")
    return f"{names[result.measure]} with {interval.get(result.test, '95 % interval')}; {model}"


def _text(rows: list[dict[str, Any]], y: Spec, field: str, x: float, **mark: Any) -> Spec:
    return {
        "data": {"values": rows},
        "mark": {"type": "text", "baseline": "middle", "x": x, **mark},
        "encoding": {"y": y, "text": {"field": field, "type": "nominal"}},
    }


def _left(sheet: Sheet, y: Spec, colour: dict[str, str]) -> Spec:
    return {
        "width": 230, "height": sheet.height * ROW_PX,
        "layer": [
            _text(sheet.headings, y, "text", 0, align="left", fontWeight=600, color=colour["jade"]),
            _text(sheet.studies, y, "study", 10, align="left", limit=170, color=colour["ink"]),
            _text(sheet.silent, y, "t", 10, align="left", color=colour["quiet"], fontStyle="italic", limit=330),
            _text(sheet.studies, y, "people", 222, align="right", color=colour["quiet"]),
            _text(sheet.pools, y, "study", 10, align="left", fontWeight=600, color=colour["ink"]),
            _text(sheet.pools, y, "people", 222, align="right", fontWeight=600, color=colour["ink"]),
            _text([{"y": 0.5, "t": "people"}], y, "t", 222, align="right", color=colour["quiet"], fontSize=11.5),
        ],
    }  # fmt: skip


def _right(sheet: Sheet, y: Spec, colour: dict[str, str]) -> Spec:
    head = [{"y": 0.5, "t": "effect (95 % interval)", "w": "weight"}]
    return {
        "width": 235, "height": sheet.height * ROW_PX,
        "layer": [
            _text(sheet.studies, y, "numbers", 4, align="left", color=colour["ink"]),
            _text(sheet.studies, y, "weight", 232, align="right", color=colour["quiet"]),
            _text(sheet.pools, y, "numbers", 4, align="left", fontWeight=600, color=colour["ink"]),
            _text(sheet.pools, y, "weight", 232, align="right", color=colour["quiet"]),
            _text(sheet.headings, y, "certainty", 4, align="left", color=colour["indigo"], fontSize=12.5),
            _text(head, y, "t", 4, align="left", color=colour["quiet"], fontSize=11.5),
            _text(head, y, "w", 232, align="right", color=colour["quiet"], fontSize=11.5),
        ],
    }  # fmt: skip


def _axis(low: float, high: float, ratio: bool, colour: dict[str, str]) -> Spec:
    axis: Spec = {
        "title": None, "domain": False, "tickSize": 4, "tickColor": colour["line"], "gridColor": colour["line"],
        "gridOpacity": 0.55, "labelColor": colour["quiet"], "labelFontSize": 12, "orient": "bottom",
        "tickCount": 6, "labelPadding": 6,
    }  # fmt: skip
    if ratio:
        ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if low <= math.log(t) <= high]
        names = ", ".join(f"'{t:g}'" for t in ticks)
        axis["values"] = [math.log(t) for t in ticks]
        axis["labelExpr"] = (
            f"[{names}][indexof([{', '.join(repr(math.log(t)) for t in ticks)}], datum.value)]"
        )
    return axis


def _marks(
    sheet: Sheet, y: Spec, colour: dict[str, str], limits: tuple[float, float], ratio: bool
) -> list[Spec]:
    """Layers of the panel: the line of no difference, intervals, squares, diamonds, ranges."""
    low, high = limits
    scale = {"domain": [low, high], "nice": False, "zero": False}

    def x(field: str) -> Spec:
        return {
            "field": field, "type": "quantitative", "scale": scale, "axis": _axis(low, high, ratio, colour)
        }  # fmt: skip

    interval = {"y": y, "x": x("low"), "x2": {"field": "high"}}
    hover = [
        {"field": "study", "title": "Trial"}, {"field": "numbers", "title": "Effect"},
        {"field": "trail", "title": "From"}, {"field": "where", "title": "Read in"},
    ]  # fmt: skip
    return [
            {
                "data": {"values": [{"x": 0}]}, "mark": {"type": "rule", "color": colour["ink"], "opacity": 0.7},
                "encoding": {"x": x("x")},
            },
            {
                "data": {"values": sheet.studies},
                "mark": {"type": "rule", "color": colour["quiet"], "strokeWidth": 1.4}, "encoding": interval,
            },
            {
                "data": {"values": sheet.arrows},
                "mark": {"type": "point", "filled": True, "color": colour["quiet"], "size": 34, "opacity": 1},
                "encoding": {
                    "y": y, "x": x("x"),
                    "shape": {
                        "field": "way", "type": "nominal", "legend": None,
                        "scale": {
                            "domain": ["cut_low", "cut_high"], "range": ["triangle-left", "triangle-right"]
                        },
                    },
                },
            },
            {
                "data": {"values": sheet.studies},
                "mark": {"type": "point", "shape": "square", "filled": True, "color": colour["jade"], "opacity": 1},
                "encoding": {
                    "y": y, "x": x("x"), "tooltip": hover,
                    "size": {"field": "size", "type": "quantitative", "scale": None, "legend": None},
                },
            },
            {
                "data": {"values": sheet.ranges},
                "mark": {"type": "rule", "color": colour["amber"], "strokeWidth": 1.6, "strokeDash": [5, 3]},
                "encoding": interval,
            },
            *(
                {
                    "data": {"values": [r for r in sheet.ranges if r["side"] == end]},
                    "mark": {
                        "type": "text", "align": align, "baseline": "middle", "dx": dx, "fontSize": 11,
                        "color": colour["amber"],
                    },
                    "encoding": {"y": y, "x": x(end), "text": {"field": "t"}},
                }
                for end, align, dx in (("low", "right", -6), ("high", "left", 6))
            ),
            {
                "data": {"values": sheet.diamonds},
                "mark": {
                    "type": "line", "interpolate": "linear-closed", "fill": colour["jade"], "fillOpacity": 0.9,
                    "stroke": colour["jade"], "strokeWidth": 1, "strokeJoin": "round",
                },
                "encoding": {
                    "y": y, "x": x("x"), "order": {"field": "order", "type": "quantitative"},
                    "detail": {"field": "key"},
                },
            },
            *_sides(sheet, y, x, colour, limits),
    ]  # fmt: skip


def _sides(sheet: Sheet, y: Spec, x: Any, colour: dict[str, str], limits: tuple[float, float]) -> list[Spec]:
    """Which side is better, written at the top of the panel."""
    favours = next((h["favours"] for h in sheet.headings if h["favours"]), None)
    if favours is None:
        return []
    left = "acupuncture better" if favours == "negative" else "comparison better"
    right = "comparison better" if favours == "negative" else "acupuncture better"
    return [
        {
            "data": {"values": [{"y": 0.5, "x": 0, "t": text}]},
            "mark": {
                "type": "text", "align": align, "dx": dx, "fontSize": 11.5, "color": colour["quiet"],
                "baseline": "middle",
            },
            "encoding": {"y": y, "x": x("x"), "text": {"field": "t"}},
        }
        for text, align, dx in (("\u2190 " + left, "right", -8), (right + " \u2192", "left", 8))
    ]  # fmt: skip
