"""Pictures of the evidence as Vega-Lite specs: plain data, drawn by a browser or by vl-convert.

`forest_spec` draws one or more pools under each other, so that sham-controlled trials stand beside the rest.
Colours are those of the house (jade for what was found, amber for the range of true effects); every spec
carries its own data and a description for readers who cannot see it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from deqi.science.evidence.effects import RATIOS
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
SMALLER_SIDE = 0.36  # share of the axis that the emptier side keeps at least
WIDEST = 3.0  # standardised effects beyond this are drawn as an arrow at the edge


@dataclass(frozen=True, slots=True)
class Section:
    """One pool of a forest plot under its own heading."""

    title: str
    result: PoolResult


@dataclass(slots=True)
class _Sheet:
    """Rows of a forest plot, from the top down, and the marks that go with them."""

    studies: list[dict[str, Any]]
    headings: list[dict[str, Any]]
    pools: list[dict[str, Any]]
    diamonds: list[dict[str, Any]]
    ranges: list[dict[str, Any]]
    arrows: list[dict[str, Any]]
    silent: list[dict[str, Any]]
    height: float


def forest_spec(
    sections: Sequence[Section], *, title: str, theme: Theme = "light", subtitle: str = "", width: int = 400
) -> Spec:
    """Forest plot of the sections. Raises ValueError when none of them holds a study.

    `width` is the width of the middle panel in px; the text on both sides adds about 420.
    """
    drawn = [s for s in sections if s.result.k]
    if not drawn:
        raise ValueError("no study to draw")
    ratio = drawn[0].result.measure in RATIOS
    low, high = _limits(drawn, ratio)
    sheet = _lay_out(sections, low, high)
    colour = PALETTE[theme]
    y = {
        "field": "y", "type": "quantitative", "axis": None,
        "scale": {"domain": [0, sheet.height], "reverse": True, "nice": False, "zero": False},
    }  # fmt: skip
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
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
            _left(sheet, y, colour), _middle(sheet, y, colour, (low, high), ratio, width),
            _right(sheet, y, colour),
        ],
    }  # fmt: skip


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


def _limits(sections: Sequence[Section], ratio: bool) -> tuple[float, float]:
    """Range of the axis: every estimate, intervals as far as is useful, always the line of no difference."""
    cap = math.log(20) if ratio else WIDEST
    points = [s.estimate for section in sections for s in section.result.studies]
    ends = [x for section in sections for s in section.result.studies for x in s.ci95]
    edge = (
        max(cap, 1.15 * max(abs(p) for p in points))
        if sections[0].result.measure == "SMD" or ratio
        else math.inf
    )
    low = max(min([*ends, 0.0]), -edge)
    high = min(max([*ends, 0.0]), edge)
    room = 0.06 * (high - low or 1.0)
    low, high = low - room, high + room
    # Both sides need space for the words that say which side is better.
    span = max(high, -low) / (1.0 - SMALLER_SIDE)
    return min(low, -SMALLER_SIDE * span), max(high, SMALLER_SIDE * span)


def _lay_out(sections: Sequence[Section], low: float, high: float) -> _Sheet:
    sheet = _Sheet([], [], [], [], [], [], [], 0.0)
    row = 1.7
    for number, section in enumerate(sections):
        if number:
            row += 0.6
        level = section.result.certainty.level
        sheet.headings.append(
            {
                "y": row, "text": section.title, "favours": section.result.favours,
                "certainty": f"certainty {level}" if level and section.result.k else "",
            }
        )  # fmt: skip
        row += 1.0
        if not section.result.k:
            sheet.silent.append({"y": row, "t": _silence(section.result)})
            row += 1.0
            continue
        heaviest = max(s.weight_pct for s in section.result.studies)
        for s in section.result.studies:
            sheet.studies.append(_study_row(section.result, s, row, low, high, heaviest))
            sheet.arrows += _arrows(s.ci95, row, low, high)
            row += 1.0
        if section.result.k > 1:
            _pool_row(sheet, section.result, row + 0.1, low, high)
            row += 1.5 if section.result.pi95 else 1.2
    sheet.height = row
    return sheet


def _silence(result: PoolResult) -> str:
    more = f"; {len(result.silent)} measured it" if result.silent else ""
    return f"no trial with usable figures{more}"


def _shown(value: float, result: PoolResult) -> str:
    return f"{result.on_reading_scale(value):.2f}".replace("-", "\u2212")


def _numbers(estimate: float, ci95: tuple[float, float], result: PoolResult) -> str:
    return f"{_shown(estimate, result)}  ({_shown(ci95[0], result)} to {_shown(ci95[1], result)})"


def _study_row(
    result: PoolResult, s: Any, row: float, low: float, high: float, heaviest: float
) -> dict[str, Any]:
    a, b = s.ci95
    return {
        "y": row, "study": s.label, "id": s.id, "people": "" if s.n is None else f"{s.n:.0f}",
        "x": s.estimate, "low": max(a, low), "high": min(b, high),
        "size": 30 + 130 * s.weight_pct / heaviest, "numbers": _numbers(s.estimate, s.ci95, result),
        "weight": f"{s.weight_pct:.0f} %" if result.k > 1 else "",
        "trail": "; ".join(s.computed_from[2:5]), "where": s.source.get("where", ""),
    }  # fmt: skip


def _pool_row(sheet: _Sheet, result: PoolResult, row: float, low: float, high: float) -> None:
    assert result.estimate is not None and result.ci95 is not None
    a, b = (min(max(x, low), high) for x in result.ci95)
    sheet.arrows += _arrows(result.ci95, row, low, high)
    sheet.pools.append(
        {
            "y": row, "study": f"Together, {result.k} trials",
            "people": "" if result.n is None else f"{result.n:.0f}",
            "numbers": _numbers(result.estimate, result.ci95, result),
            "weight": "" if result.i2 is None else f"I\u00b2 {result.i2:.0f} %", "x": result.estimate,
        }
    )  # fmt: skip
    key = f"pool{len(sheet.pools)}"
    corners = [(a, 0.0), (result.estimate, -0.32), (b, 0.0), (result.estimate, 0.32)]
    sheet.diamonds += [
        {"x": min(max(x, low), high), "y": row + dy, "order": i, "key": key}
        for i, (x, dy) in enumerate(corners)
    ]
    if result.pi95:
        left, right = (min(max(x, low), high) for x in result.pi95)
        sheet.ranges.append({"y": row + 0.55, "low": left, "high": right, "t": "range of true effects"})


def _arrows(ci95: tuple[float, float], row: float, low: float, high: float) -> list[dict[str, Any]]:
    """Marks where an interval runs on beyond the axis."""
    ends = ((low, "cut_low", ci95[0] < low), (high, "cut_high", ci95[1] > high))
    return [{"y": row, "x": x, "way": way} for x, way, cut in ends if cut]


def _text(rows: list[dict[str, Any]], y: Spec, field: str, x: float, **mark: Any) -> Spec:
    return {
        "data": {"values": rows},
        "mark": {"type": "text", "baseline": "middle", "x": x, **mark},
        "encoding": {"y": y, "text": {"field": field, "type": "nominal"}},
    }


def _left(sheet: _Sheet, y: Spec, colour: dict[str, str]) -> Spec:
    return {
        "width": 230, "height": sheet.height * ROW_PX,
        "layer": [
            _text(sheet.headings, y, "text", 0, align="left", fontWeight=600, color=colour["jade"]),
            _text(sheet.studies, y, "study", 10, align="left", limit=170, color=colour["ink"]),
            _text(sheet.silent, y, "t", 10, align="left", color=colour["quiet"], fontStyle="italic", limit=240),
            _text(sheet.studies, y, "people", 222, align="right", color=colour["quiet"]),
            _text(sheet.pools, y, "study", 10, align="left", fontWeight=600, color=colour["ink"]),
            _text(sheet.pools, y, "people", 222, align="right", fontWeight=600, color=colour["ink"]),
            _text([{"y": 0.5, "t": "people"}], y, "t", 222, align="right", color=colour["quiet"], fontSize=11.5),
        ],
    }  # fmt: skip


def _right(sheet: _Sheet, y: Spec, colour: dict[str, str]) -> Spec:
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


def _middle(
    sheet: _Sheet, y: Spec, colour: dict[str, str], limits: tuple[float, float], ratio: bool, width: int
) -> Spec:
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
    return {
        "width": width, "height": sheet.height * ROW_PX,
        "layer": [
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
            {
                "data": {"values": sheet.ranges},
                "mark": {
                    "type": "text", "align": "left", "baseline": "middle", "dx": 6, "fontSize": 11,
                    "color": colour["amber"],
                },
                "encoding": {"y": y, "x": x("high"), "text": {"field": "t"}},
            },
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
        ],
    }  # fmt: skip


def _sides(sheet: _Sheet, y: Spec, x: Any, colour: dict[str, str], limits: tuple[float, float]) -> list[Spec]:
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
