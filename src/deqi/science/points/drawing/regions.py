"""The tappable areas of the symptom map: where on the body a patient can say that something is felt.

A region is one area on one side, drawn in one or more views; its id ("right_great_toe_top") is the same in every
view and every version of the drawings. `case_region` is the word a case file uses for it.

Example:
    >>> region("right_great_toe_top").name
    'right great toe, top'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import Field, field_validator

from deqi.science.knowledge import Strict, data_path, load_yaml
from deqi.science.points.atlas import PACKAGE, View
from deqi.science.points.drawing.geometry import Place, clip, convex, inside, parse_stroke
from deqi.science.points.drawing.outlines import VIEW_NAMES, outline

Limb = Literal["leg", "arm"]
SIDES = ("right", "left")


class BandRow(Strict):
    """A stretch of a limb. `to_cun`: its upper end, in cun from the tip of the toes or fingers."""

    key: str
    to_cun: float = Field(gt=0)
    words: str


class Bands(Strict):
    leg: tuple[BandRow, ...]
    arm: tuple[BandRow, ...]


class AreaRow(Strict):
    """One area of one view."""

    area: str = Field(pattern=r"^[a-z_]+$")
    name: str
    limb: Limb | None = None
    band: str | None = None
    case: Literal["feet", "hands", "lower_legs", "forearms", "face", "trunk", "wrist"] | None
    opens: View | None = None
    shape: str

    @field_validator("shape")
    @classmethod
    def _readable(cls, text: str) -> str:
        places = [(a.x, a.y) for a in parse_stroke(text)]
        if len(places) < 3:
            raise ValueError("a shape has at least three places")
        if not convex(places):
            raise ValueError("the shape is not convex: its part of the outline would be cut wrongly")
        return text


class ViewAreas(Strict):
    half_is: Literal["right", "left"] | None = None
    areas: tuple[AreaRow, ...]


class RegionsFile(Strict):
    """regions.yaml."""

    bands: Bands
    views: Mapping[View, ViewAreas]


@dataclass(frozen=True)
class MapRegion:
    """One area on one side in one view. `polygon`: places as shares of the view's width and height, as drawn."""

    id: str
    area: str
    side: str
    view: str
    name: str
    limb: str | None
    band: str | None
    case_region: str | None
    opens: str | None
    polygon: tuple[Place, ...]


@cache
def regions_file() -> RegionsFile:
    """regions.yaml, read once."""
    read: RegionsFile = load_yaml(data_path(PACKAGE, "regions.yaml"), RegionsFile)
    return read


@cache
def regions(view: str, side: str | None = None) -> tuple[MapRegion, ...]:
    """The tappable regions of a view, in reading order.

    Whole-body views hold both sides. Views of a hand or foot are drawn for the right; `side="left"` gives the
    mirror image (default: right). Views without a symptom map give an empty tuple.
    Raises ValueError for a view or side that does not exist.
    """
    row = outline(view)
    if side not in (None, *SIDES):
        raise ValueError(f'side is "right" or "left", not {side!r}')
    found = regions_file().views.get(view)  # type: ignore[call-overload]
    if found is None:
        return ()
    made = []
    for area in found.areas:
        cut = clip(row.sampled, [(a.x, a.y) for a in parse_stroke(area.shape)])
        shares = tuple((round(x / row.width, 4), round(y / row.height, 4)) for x, y in cut)
        mirrored = tuple((round(1 - x, 4), y) for x, y in shares)
        if found.half_is:
            other = "left" if found.half_is == "right" else "right"
            made += [_made(area, view, found.half_is, shares), _made(area, view, other, mirrored)]
        else:
            made.append(_made(area, view, side or "right", mirrored if side == "left" else shares))
    if found.half_is and side:
        return tuple(one for one in made if one.side == side)
    return tuple(made)


def _made(area: AreaRow, view: str, side: str, polygon: tuple[Place, ...]) -> MapRegion:
    return MapRegion(
        id=f"{side}_{area.area}",
        area=area.area,
        side=side,
        view=view,
        name=_named(area.name, side),
        limb=area.limb,
        band=area.band,
        case_region=area.case,
        opens=area.opens,
        polygon=polygon,
    )


def _named(name: str, side: str) -> str:
    """The area's name with its side: "front of the right ankle", "right great toe, top", "back of the head, left side"."""
    if name.endswith(("the head", "the neck")):
        return f"{name}, {side} side"
    return name.replace(" of the ", f" of the {side} ", 1) if " of the " in name else f"{side} {name}"


@cache
def _by_id() -> Mapping[str, MapRegion]:
    found: dict[str, MapRegion] = {}
    for view in VIEW_NAMES:
        for side in SIDES:
            for one in regions(view, side):
                found.setdefault(one.id, one)
    return found


def region(region_id: str) -> MapRegion:
    """One region by id, as first drawn. Raises KeyError naming the id."""
    if region_id not in _by_id():
        raise KeyError(f"there is no region {region_id!r}")
    return _by_id()[region_id]


def region_ids() -> tuple[str, ...]:
    """Every region id there is."""
    return tuple(_by_id())


def case_regions(region_ids: Iterable[str]) -> tuple[str, ...]:
    """The case-file words for a set of regions: right_arch, left_heel -> ("feet",)."""
    return tuple(dict.fromkeys(case for one in region_ids if (case := region(one).case_region)))


def region_at(view: str, x: float, y: float, side: str | None = None) -> MapRegion | None:
    """The region at a place given as shares of the view, or None outside the body."""
    return next((one for one in regions(view, side) if inside((x, y), one.polygon)), None)
