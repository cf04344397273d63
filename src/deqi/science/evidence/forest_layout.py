"""Where everything on a forest plot stands: rows from the top down, on one numeric axis.

Rows are plain dictionaries, ready to be the data of a Vega-Lite layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deqi.science.evidence.result import PoolResult, StudyLine

SMALLER_SIDE = 0.36  # share of the axis that the emptier side keeps at least
WIDEST = 3.0  # standardised effects beyond this are drawn as an arrow at the edge


@dataclass(frozen=True, slots=True)
class Section:
    """One pool of a forest plot under its own heading."""

    title: str
    result: PoolResult


@dataclass(slots=True)
class Sheet:
    """Rows of a forest plot, from the top down, and the marks that go with them."""

    studies: list[dict[str, Any]]
    headings: list[dict[str, Any]]
    pools: list[dict[str, Any]]
    diamonds: list[dict[str, Any]]
    ranges: list[dict[str, Any]]
    arrows: list[dict[str, Any]]
    silent: list[dict[str, Any]]
    height: float


def limits_of(sections: Sequence[Section], ratio: bool) -> tuple[float, float]:
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


def lay_out(sections: Sequence[Section], low: float, high: float, *, compact: bool = False) -> Sheet:
    """Places the sections; `compact` draws those without figures closer together."""
    sheet = Sheet([], [], [], [], [], [], [], 0.0)
    row = 1.2 if compact else 1.7
    for number, section in enumerate(sections):
        if number:
            row += 0.3 if compact else 0.6
        level = section.result.certainty.level
        sheet.headings.append(
            {
                "y": row, "text": section.title, "favours": section.result.favours,
                "certainty": f"certainty {level}" if level and section.result.k else "",
            }
        )  # fmt: skip
        row += 0.5 if compact and not section.result.k else 1.0
        if not section.result.k:
            sheet.silent.append({"y": row, "t": _silence(section.result)})
            row += 0.5 if compact else 1.0
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
    result: PoolResult, s: StudyLine, row: float, low: float, high: float, heaviest: float
) -> dict[str, Any]:
    a, b = s.ci95
    return {
        "y": row, "study": s.label, "id": s.id, "people": "" if s.n is None else f"{s.n:.0f}",
        "x": s.estimate, "low": max(a, low), "high": min(b, high),
        "size": 30 + 130 * s.weight_pct / heaviest, "numbers": _numbers(s.estimate, s.ci95, result),
        "weight": f"{s.weight_pct:.0f} %" if result.k > 1 else "",
        "trail": "; ".join(s.computed_from[2:5]), "where": s.source.get("where", ""),
    }  # fmt: skip


def _pool_row(sheet: Sheet, result: PoolResult, row: float, low: float, high: float) -> None:
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
        roomier = "low" if left - low > high - right else "high"
        sheet.ranges.append(
            {"y": row + 0.55, "low": left, "high": right, "t": "range of true effects", "side": roomier}
        )


def _arrows(ci95: tuple[float, float], row: float, low: float, high: float) -> list[dict[str, Any]]:
    """Marks where an interval runs on beyond the axis."""
    ends = ((low, "cut_low", ci95[0] < low), (high, "cut_high", ci95[1] > high))
    return [{"y": row, "x": x, "way": way} for x, way, cut in ends if cut]
