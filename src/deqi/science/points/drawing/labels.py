"""Places the names of points so that they cover neither one another nor another point.

Each name in turn tries the places around its dot, nearest first, and takes the one that covers least; then all try
again beside the others, until none moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

Box = tuple[float, float, float, float]
LETTER, HEIGHT = 7.4, 11.0  # as bold letters of the page are wide
ROUNDS = 3
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
    around = [(dot.x - half, dot.y - half, dot.x + half, dot.y + half) for dot in dots]
    order = sorted(named, key=lambda one: (one.y, one.x))
    near = {id(dot): [box for box in around if _reaches(dot, box, size)] for dot in order}
    boxes: dict[int, Box] = {}
    spots: dict[int, tuple[float, float, str]] = {}
    for _ in range(ROUNDS):
        before = dict(spots)
        for dot in order:
            own = (dot.x - half, dot.y - half, dot.x + half, dot.y + half)
            others = [box for key, box in boxes.items() if key != id(dot) and _reaches(dot, box, size)]
            taken = [box for box in near[id(dot)] if box != own] + others
            spots[id(dot)], boxes[id(dot)] = _best(dot, taken, frame, size)
        if spots == before:
            break
    return spots


def _reaches(dot: Dot, box: Box, size: float) -> bool:
    """Whether a name beside the dot could touch the box at all."""
    across, down = (LETTER * len(dot.label) + 12) * size, 24 * size
    return (
        box[0] < dot.x + across
        and box[2] > dot.x - across
        and box[1] < dot.y + down
        and box[3] > dot.y - down
    )


def _best(dot: Dot, taken: Sequence[Box], frame: Box, size: float) -> tuple[tuple[float, float, str], Box]:
    """The place around a dot that covers least, with the box its name then fills."""
    length = LETTER * size * len(dot.label)
    choices = []
    for order, (dx, dy, anchor) in enumerate(SPOTS):
        x, y = dot.x + dx * size, dot.y + dy * size
        box = _box(x, y, anchor, length, size)
        covered = sum(_overlap(box, other) for other in taken)
        covered += 4 * (_size(box) - _overlap(box, frame))
        choices.append((covered + order * 0.5, x, y, anchor, box))
    _, x, y, anchor, box = min(choices)
    return (x, y, anchor), box


def _box(x: float, y: float, anchor: str, length: float, size: float) -> Box:
    left = {"start": x, "end": x - length, "middle": x - length / 2}[anchor]
    return (left, y - (HEIGHT - 2) * size, left + length, y + 2 * size)


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


def _size(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
