"""Places the names of points so that they cover neither one another nor another point.

Greedy: each name tries the places around its dot, nearest first, and takes the one that covers least.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

Box = tuple[float, float, float, float]
LETTER, HEIGHT = 6.6, 11.0
SPOTS = (
    (8, 4, "start"), (-8, 4, "end"), (0, -8, "middle"), (0, 16, "middle"),
    (7, -5, "start"), (-7, -5, "end"), (7, 13, "start"), (-7, 13, "end"),
    (12, 18, "start"), (-12, 18, "end"), (12, -12, "start"), (-12, -12, "end"),
)  # fmt: skip


class Dot(Protocol):
    """What a label needs to know of a marker."""

    @property
    def label(self) -> str: ...
    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...


def place_labels(
    dots: Sequence[Dot], named: Sequence[Dot], frame: Box, size: float = 1.0
) -> dict[int, tuple[float, float, str]]:
    """id(dot) -> (x, y, text-anchor) for every dot in `named`. `frame`: what a name must not leave.

    `size` is how many times larger than usual dots and names are drawn.
    """
    half = 5 * size
    taken: list[Box] = [(dot.x - half, dot.y - half, dot.x + half, dot.y + half) for dot in dots]
    spots: dict[int, tuple[float, float, str]] = {}
    for dot in sorted(named, key=lambda one: (one.y, one.x)):
        length = LETTER * size * len(dot.label)
        own = (dot.x - half, dot.y - half, dot.x + half, dot.y + half)
        choices = []
        for order, (dx, dy, anchor) in enumerate(SPOTS):
            x, y = dot.x + dx * size, dot.y + dy * size
            box = _box(x, y, anchor, length, size)
            covered = sum(_overlap(box, other) for other in taken if other != own)
            covered += 4 * (_size(box) - _overlap(box, frame))
            choices.append((covered + order * 0.5, x, y, anchor, box))
        _, x, y, anchor, box = min(choices)
        taken.append(box)
        spots[id(dot)] = (x, y, anchor)
    return spots


def _box(x: float, y: float, anchor: str, length: float, size: float) -> Box:
    left = {"start": x, "end": x - length, "middle": x - length / 2}[anchor]
    return (left, y - (HEIGHT - 2) * size, left + length, y + 2 * size)


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


def _size(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
