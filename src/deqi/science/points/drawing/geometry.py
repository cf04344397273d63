"""Curves and cuts for the drawings: smooths a stroke, samples it, clips it with a convex shape.

A stroke is a run of "x,y" in a view's own units; "!" after a place marks a corner. Between corners the curve
is a Catmull-Rom spline through every place, written as cubic Béziers.

Example:
    >>> parse_stroke("0,0! 4,2 8,0!")
    ((0.0, 0.0, True), (4.0, 2.0, False), (8.0, 0.0, True))
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

Place = tuple[float, float]
_PLACE = re.compile(r"(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)(!?)")


class Anchor(NamedTuple):
    """A place the curve goes through; at a corner it may turn sharply."""

    x: float
    y: float
    corner: bool


def parse_stroke(text: str) -> tuple[Anchor, ...]:
    """The anchors of a stroke. Raises ValueError naming the piece that is not a place."""
    anchors = []
    for piece in text.split():
        match = _PLACE.fullmatch(piece)
        if not match:
            raise ValueError(f'"{piece}" is not a place; write x,y with "!" for a corner')
        anchors.append(Anchor(float(match[1]), float(match[2]), bool(match[3])))
    return tuple(anchors)


def mirror(anchors: Sequence[Anchor], width: float) -> tuple[Anchor, ...]:
    """The same anchors about the middle of a view `width` wide."""
    return tuple(Anchor(round(width - a.x, 4), a.y, a.corner) for a in anchors)


def closed_half(anchors: Sequence[Anchor], width: float) -> tuple[Anchor, ...]:
    """A whole outline from its half, whose first and last anchors lie on the middle line."""
    other = mirror(anchors, width)
    return (*anchors, *reversed(other[1:-1]))


Bezier = tuple[Place, Place, Place, Place]


def beziers(anchors: Sequence[Anchor], closed: bool) -> list[Bezier]:
    """The curve's pieces: start, two handles, end. A corner ends both its handles at the corner."""
    count = len(anchors)
    pieces: list[Bezier] = []
    for i in range(count if closed else count - 1):
        a, b = anchors[i], anchors[(i + 1) % count]
        before = anchors[i - 1] if (closed or i > 0) and not a.corner else a
        after_index = i + 2
        after = anchors[after_index % count] if (closed or after_index < count) and not b.corner else b
        first = (a.x + (b.x - before.x) / 6, a.y + (b.y - before.y) / 6)
        second = (b.x - (after.x - a.x) / 6, b.y - (after.y - a.y) / 6)
        pieces.append(((a.x, a.y), first, second, (b.x, b.y)))
    return pieces


def path(anchors: Sequence[Anchor], scale: float, closed: bool) -> str:
    """The `d` of an SVG path, in units times `scale`, one decimal."""
    pieces = beziers(anchors, closed)
    words = [f"M{_xy(pieces[0][0], scale)}"]
    words += [f"C{' '.join(_xy(place, scale) for place in piece[1:])}" for piece in pieces]
    return "".join(words) + ("Z" if closed else "")


def polygon_path(places: Sequence[Place], scale: float) -> str:
    """The `d` of a polygon."""
    return "M" + "L".join(_xy(place, scale) for place in places) + "Z"


def _xy(place: Place, scale: float) -> str:
    return f"{round(place[0] * scale, 1):g},{round(place[1] * scale, 1):g}"


def sample(anchors: Sequence[Anchor], steps: int = 6, closed: bool = True) -> tuple[Place, ...]:
    """Places along the curve, `steps` to a piece."""
    places = []
    for a, b, c, d in beziers(anchors, closed):
        for step in range(steps):
            t = step / steps
            s = 1 - t
            weights = (s**3, 3 * s * s * t, 3 * s * t * t, t**3)
            x, y = (sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1))
            places.append((x, y))
    if not closed:
        places.append((anchors[-1].x, anchors[-1].y))
    return tuple(places)


def clip(subject: Sequence[Place], convex: Sequence[Place]) -> tuple[Place, ...]:
    """`subject` cut to the inside of the convex polygon `convex` (Sutherland and Hodgman's method)."""
    if area(convex) < 0:
        convex = tuple(reversed(convex))
    output = list(subject)
    for index, start in enumerate(convex):
        end = convex[(index + 1) % len(convex)]
        source, output = output, []
        for i, place in enumerate(source):
            before = source[i - 1]
            inside, was_inside = _left(start, end, place) >= 0, _left(start, end, before) >= 0
            if inside != was_inside:
                output.append(_cross(start, end, before, place))
            if inside:
                output.append(place)
        if not output:
            return ()
    return without_spikes(output)


def without_spikes(places: Sequence[Place]) -> tuple[Place, ...]:
    """The polygon without edges that run out and straight back, which clipping leaves between separate parts."""
    kept = list(places)
    changed = True
    while changed and len(kept) > 3:
        changed = False
        for i in range(len(kept)):
            a, b, c = kept[i - 1], kept[i], kept[(i + 1) % len(kept)]
            there, back = (b[0] - a[0], b[1] - a[1]), (c[0] - b[0], c[1] - b[1])
            flat = abs(there[0] * back[1] - there[1] * back[0]) < 1e-9
            if flat and there[0] * back[0] + there[1] * back[1] <= 1e-12:
                del kept[i]
                changed = True
                break
    return tuple(kept)


def area(places: Sequence[Place]) -> float:
    """Signed area; positive when the places run so that the inside lies to the left (y downwards)."""
    return (
        sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(places, (*places[1:], places[0]), strict=True))
        / 2
    )


def convex(places: Sequence[Place]) -> bool:
    """Whether a polygon turns the same way at every corner."""
    count = len(places)
    turns = [_left(places[i - 2], places[i - 1], places[i]) for i in range(count)]
    return all(turn >= -1e-9 for turn in turns) or all(turn <= 1e-9 for turn in turns)


def _left(start: Place, end: Place, place: Place) -> float:
    return (end[0] - start[0]) * (place[1] - start[1]) - (end[1] - start[1]) * (place[0] - start[0])


def _cross(start: Place, end: Place, a: Place, b: Place) -> Place:
    da, db = _left(start, end, a), _left(start, end, b)
    share = da / (da - db)
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)


def inside(place: Place, polygon: Sequence[Place]) -> bool:
    """Whether `place` lies within `polygon` (ray casting)."""
    x, y = place
    within = False
    for (x1, y1), (x2, y2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            within = not within
    return within
