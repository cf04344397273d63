"""Nerve territories and dermatomes as drawn shapes: two maps that disagree in places and are never merged.

Shapes are our own, after the words of territories.csv; borders vary between people, so they are drawn soft.

Example:
    >>> [one.id for one in territories("foot_sole", "nerves")]
    ['medial_plantar', 'lateral_plantar', 'medial_calcaneal', 'lateral_calcaneal']
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from math import hypot, inf
from textwrap import wrap
from typing import Literal

from pydantic import field_validator

from deqi.science.knowledge import KnowledgeError, Problem, Strict, data_path, load_yaml
from deqi.science.points.atlas import PACKAGE, View, atlas
from deqi.science.points.drawing.geometry import (
    Anchor,
    Place,
    inside,
    mirror,
    parse_stroke,
    path,
    sample,
)
from deqi.science.points.drawing.outlines import BODY_VIEWS, OutlineRow, one_sided, outline

Kind = Literal["nerves", "dermatomes"]
COLOURS = (
    "--t1, #3b6fb5",
    "--t2, #b5803b",
    "--t3, #4f9a62",
    "--t4, #a5527f",
    "--t5, #6c63b8",
    "--t6, #3d9a9a",
)


class ShapeRow(Strict):
    """One territory in one view."""

    id: str
    shape: str

    @field_validator("shape")
    @classmethod
    def _readable(cls, text: str) -> str:
        parse_stroke(text)
        return text


class TerritoryShapes(Strict):
    """territory_shapes.yaml."""

    nerves: Mapping[View, tuple[ShapeRow, ...]]
    dermatomes: Mapping[View, tuple[ShapeRow, ...]]


@dataclass(frozen=True)
class Territory:
    """One territory of a view. `name` for people, `note` where sources disagree."""

    id: str
    name: str
    short: str
    roots: str | None
    region: str
    source: str
    note: str | None


@cache
def shapes() -> TerritoryShapes:
    """territory_shapes.yaml, read once and checked against territories.csv."""
    read: TerritoryShapes = load_yaml(data_path(PACKAGE, "territory_shapes.yaml"), TerritoryShapes)
    faults = [
        Problem("territory_shapes.yaml", 0, f"{kind}.{view}", f"there is no {kind[:-1]} {row.id!r}")
        for kind in ("nerves", "dermatomes")
        for view, rows in getattr(read, kind).items()
        for row in rows
        if row.id not in atlas().territories or atlas().territories[row.id].kind != kind[:-1]
    ]
    if faults:
        raise KnowledgeError(faults)
    return read


def territories(view: str, kind: Kind) -> tuple[Territory, ...]:
    """The territories drawn in a view, in drawing order: the list that mirrors the layer."""
    outline(view)
    return tuple(_territory(row.id) for row in getattr(shapes(), kind).get(view, ()))


def _territory(key: str) -> Territory:
    row = atlas().territories[key]
    if row.kind == "dermatome":
        name, short = f"dermatome {row.roots}", row.roots or ""
    else:
        name = row.nerve or key
        short = key.replace("_", " ")
    return Territory(key, name, short, row.roots, row.region, row.source, row.note)


GRID = 26
LETTERS_A_LINE = 13
LINE_HEIGHT = 10.5
WIDE = 2.0
Dots = tuple[Place, ...]


@cache
def layer(view: str, kind: Kind, side: str, prefix: str) -> str:
    """The SVG of one map, cut to the outline; a name on each shape, once."""
    rows = getattr(shapes(), kind).get(view, ())
    if not rows:
        return ""
    row = outline(view)
    width = row.width
    turned = side == "left" and one_sided(view)
    clip = f"{prefix}-{view}-{kind}-cut"
    silhouette = mirror(row.silhouette, width) if turned else row.silhouette
    drawn, names = [], []
    for number, shape in enumerate(rows):
        anchors = parse_stroke(shape.shape)
        copies = [mirror(anchors, width)] if turned else [anchors]
        if outline(view).mirrored:
            copies.append(mirror(anchors, width))
        colour = COLOURS[number % len(COLOURS)]
        said = escape(f"{_territory(shape.id).name}: {_territory(shape.id).region}")
        body = "".join(f'<path d="{path(copy, row.scale, True)}"/>' for copy in copies)
        drawn.append(
            f'<g class="territory" data-territory="{shape.id}" fill="var({colour})" fill-opacity="0.3" '
            f'stroke="var({colour})" stroke-opacity="0.55" stroke-width="1"><title>{said}</title>{body}</g>'
        )
        if view not in BODY_VIEWS or kind == "dermatomes":
            names.append(
                _name(
                    _territory(shape.id).short,
                    copies[0],
                    row,
                    sample(silhouette, 2),
                    _dots(view, turned, row),
                )
            )
    return (
        f'<g class="territories {kind}"><clipPath id="{clip}"><path d="{path(silhouette, row.scale, True)}"/></clipPath>'
        f'<g clip-path="url(#{clip})">{"".join(drawn)}</g>'
        f'<g class="names" aria-hidden="true" font-size="9.5" font-weight="600" text-anchor="middle" '
        f'fill="var(--ink, #1c2624)" stroke="var(--card, #ffffff)" stroke-width="2.6" paint-order="stroke">{"".join(names)}</g></g>'
    )


def _name(
    text: str, anchors: tuple[Anchor, ...], row: OutlineRow, silhouette: tuple[Place, ...], dots: Dots
) -> str:
    """The territory's name where it has most room, a word or two a line."""
    shape = sample(anchors, 3)
    grid = [
        (row.width * (i + 0.5) / GRID, row.height * (j + 0.5) / GRID)
        for i in range(-1, GRID + 1)
        for j in range(-1, GRID + 1)
    ]
    held = {spot for spot in grid if inside(spot, shape) and inside(spot, silhouette)}
    if not held:
        return ""
    walls = [spot for spot in grid if spot not in held]
    lines = wrap(text, LETTERS_A_LINE)
    x, y = max(sorted(held), key=lambda spot: min(_room(spot, walls), 1.4 * _room(spot, dots)))
    x, y = x * row.scale, y * row.scale
    first = y - (len(lines) - 1) * LINE_HEIGHT / 2 + 3.5
    spans = (
        f'<tspan x="{x:.1f}" y="{first + number * LINE_HEIGHT:.1f}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return f"<text>{''.join(spans)}</text>"


def _room(spot: Place, others: Collection[Place]) -> float:
    """Distance to the nearest of the others; a line of text is wide, so across counts less than down."""
    return min((hypot((spot[0] - x) / WIDE, spot[1] - y) for x, y in others), default=inf)


def _dots(view: str, turned: bool, row: OutlineRow) -> Dots:
    """Where points are drawn in this view, in its units."""
    at = [place for point in atlas().values() for place in point.positions if place.view == view]
    return tuple(((1 - place.x if turned else place.x) * row.width, place.y * row.height) for place in at)
