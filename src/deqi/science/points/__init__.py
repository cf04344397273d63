"""Acupuncture points: atlas, treatment line, drawing, suggestions. See docs/points.md."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from deqi.science.knowledge import Problem, gather
from deqi.science.points.atlas import Atlas, Point, atlas
from deqi.science.points.line import ElectricalSetting, Fault, LineError, Placement, format_line, parse_line
from deqi.science.points.names import UnknownPoint, find, names
from deqi.science.points.search import search

if TYPE_CHECKING:
    from deqi.science.case import Case
    from deqi.science.points.suggestions import Suggestion

__all__ = [
    "Atlas",
    "ElectricalSetting",
    "Fault",
    "LineError",
    "Placement",
    "Point",
    "UnknownPoint",
    "atlas",
    "find",
    "format_line",
    "parse_line",
    "problems",
    "search",
    "suggest",
]


def suggest(case: Case, limit: int = 15, exclude_trials: Collection[str] = ()) -> Suggestion:
    """Suggests points for a case, with reasons; see `deqi.science.points.suggestions.suggest`."""
    # Imported here because the safety screen, which suggestions ask, itself reads the atlas.
    from deqi.science.points.suggestions import suggest as suggest_points

    return suggest_points(case, limit, exclude_trials)


def problems() -> list[Problem]:
    """Every fault in this package's data files; empty if all is well."""
    from deqi.science.points.drawing.outlines import outlines
    from deqi.science.points.drawing.regions import regions_file
    from deqi.science.points.drawing.territories import shapes
    from deqi.science.points.suggestions.tables import tables

    return gather((atlas, names, outlines, regions_file)) or gather((shapes, tables))
