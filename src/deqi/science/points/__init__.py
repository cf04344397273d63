"""Acupuncture points: atlas, treatment line, drawing, suggestions. See docs/points.md."""

from deqi.science.knowledge import Problem, gather
from deqi.science.points.atlas import Atlas, Point, atlas
from deqi.science.points.line import ElectricalSetting, Fault, LineError, Placement, format_line, parse_line
from deqi.science.points.names import UnknownPoint, find, names
from deqi.science.points.search import search

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
]


def problems() -> list[Problem]:
    """Every fault in this package's data files; empty if all is well."""
    return gather((atlas, names))
