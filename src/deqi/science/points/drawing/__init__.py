"""Drawings of body, hands and feet: points, symptom map, territories; and how far symptoms reach.

Positions serve choosing and showing a point, never locating it on a person.
"""

from deqi.science.points.drawing.extent import Extent, LimbExtent, change, extent
from deqi.science.points.drawing.outlines import VIEW_NAMES, views
from deqi.science.points.drawing.paper import on_paper
from deqi.science.points.drawing.regions import (
    MapRegion,
    case_regions,
    region,
    region_at,
    region_ids,
    regions,
)
from deqi.science.points.drawing.svg import points_in, svg
from deqi.science.points.drawing.territories import Territory, territories

__all__ = [
    "VIEW_NAMES",
    "Extent",
    "LimbExtent",
    "MapRegion",
    "Territory",
    "case_regions",
    "change",
    "extent",
    "on_paper",
    "points_in",
    "region",
    "region_at",
    "region_ids",
    "regions",
    "svg",
    "territories",
    "views",
]
