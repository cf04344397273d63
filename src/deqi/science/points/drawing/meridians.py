"""The channels as soft lines through their points, where a view shows neighbours on one channel."""

from __future__ import annotations

from collections.abc import Iterator

from deqi.science.points.atlas import Point, PositionRow, atlas
from deqi.science.points.drawing.geometry import Anchor, mirror, path
from deqi.science.points.drawing.outlines import BODY_VIEWS, one_sided, outline

LONGEST_STEP_CUN = 11.0
"""In whole-body views a longer step between neighbours is not drawn: the channel runs elsewhere or deep."""
BREAKS = frozenset({("BL", 40), ("BL", 10), ("ST", 8), ("LI", 18)})
"""After these the channel starts again elsewhere: the outer line of the back, the neck after the forehead."""


def layer(view: str, side: str, prefix: str) -> str:
    """The SVG of the channels in a view; whole-body views show both sides."""
    row = outline(view)
    turned = side == "left" and one_sided(view)
    drawn = []
    for meridian, run in _runs(view):
        anchors = tuple(Anchor(place.x * row.width, place.y * row.height, False) for place in run)
        lines = [mirror(anchors, row.width)] if turned else [anchors]
        if row.mirrored and run[0].side != "midline":
            lines.append(mirror(anchors, row.width))
        drawn += [f'<path class="meridian-{meridian}" d="{path(line, row.scale, False)}"/>' for line in lines]
    silhouette = mirror(row.silhouette, row.width) if turned else row.silhouette
    clip = f"{prefix}-{view}-meridians-cut"
    return (
        f'<g class="meridians" aria-hidden="true"><clipPath id="{clip}"><path d="{path(silhouette, row.scale, True)}"/>'
        f'</clipPath><g clip-path="url(#{clip})" fill="none" stroke="var(--indigo, #3b4f9b)" stroke-opacity="0.45" '
        f'stroke-width="1.3" stroke-linecap="round">{"".join(drawn)}</g></g>'
    )


def _runs(view: str) -> Iterator[tuple[str, list[PositionRow]]]:
    """Unbroken runs of neighbouring points on one channel, at least two long."""
    run: list[PositionRow] = []
    before: Point | None = None
    for point, place in _channel_places(view):
        if before is None or not _follows(before, point, run[-1], place, view):
            if len(run) > 1 and before:
                yield before.meridian_code, run
            run = []
        run.append(place)
        before = point
    if len(run) > 1 and before:
        yield before.meridian_code, run


def _channel_places(view: str) -> list[tuple[Point, PositionRow]]:
    return [
        (point, place)
        for point in atlas().values()
        if not point.code.startswith("EX-")
        for place in point.positions
        if place.view == view
    ]


def _follows(before: Point, point: Point, last: PositionRow, place: PositionRow, view: str) -> bool:
    if point.meridian_code != before.meridian_code or not 0 < point.number - before.number <= 2:
        return False
    if (before.meridian_code, before.number) in BREAKS or last.side != place.side:
        return False
    if view not in BODY_VIEWS:
        return True
    row = outline(view)
    step = ((place.x - last.x) * row.width) ** 2 + ((place.y - last.y) * row.height) ** 2
    return bool(step <= LONGEST_STEP_CUN**2)
