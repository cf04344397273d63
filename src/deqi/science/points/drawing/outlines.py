"""The views and their outlines. Landmark heights are kept; see docs/points.md for the frame.

Example:
    >>> outline("front").height
    75.0
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import get_args

from pydantic import Field, field_validator

from deqi.science.knowledge import Strict, data_path, load_yaml
from deqi.science.points.atlas import PACKAGE, View
from deqi.science.points.drawing.geometry import (
    Anchor,
    Place,
    closed_half,
    mirror,
    parse_stroke,
    sample,
)

VIEW_NAMES: Mapping[str, str] = {
    "front": "Body, front",
    "back": "Body, back",
    "right_lateral": "Body, right side",
    "left_lateral": "Body, left side",
    "face": "Face",
    "head_lateral": "Head, side",
    "hand_dorsum": "Hand, back",
    "hand_palm": "Hand, palm",
    "foot_dorsum": "Foot, top",
    "foot_sole": "Foot, sole",
    "foot_medial": "Foot, inner side",
    "foot_lateral": "Foot, outer side",
    "leg_medial": "Lower leg, inner side",
}
BODY_VIEWS = ("front", "back", "right_lateral", "left_lateral")


class OutlineRow(Strict):
    """One view of outlines.yaml."""

    width: float = Field(gt=0)
    height: float = Field(gt=0)
    unit: str
    scale: float = Field(gt=0)
    mirrored: bool = False
    flipped: bool = False
    outline: str
    over: str | None = None
    details: tuple[str, ...]

    @field_validator("outline", "over")
    @classmethod
    def _readable(cls, text: str | None) -> str | None:
        if text:
            parse_stroke(text)
        return text

    @field_validator("details")
    @classmethod
    def _all_readable(cls, strokes: tuple[str, ...]) -> tuple[str, ...]:
        for stroke in strokes:
            parse_stroke(stroke)
        return strokes

    def _turned(self, anchors: tuple[Anchor, ...]) -> tuple[Anchor, ...]:
        return mirror(anchors, self.width) if self.flipped else anchors

    @cached_property
    def silhouette(self) -> tuple[Anchor, ...]:
        """The outer line, closed."""
        half = parse_stroke(self.outline)
        return closed_half(half, self.width) if self.mirrored else self._turned(half)

    @cached_property
    def overlay(self) -> tuple[Anchor, ...]:
        """The arm drawn over the body in side views; empty elsewhere."""
        return self._turned(parse_stroke(self.over)) if self.over else ()

    @cached_property
    def lines(self) -> tuple[tuple[Anchor, ...], ...]:
        """Inner lines: creases, nails, knee caps."""
        strokes = [parse_stroke(stroke) for stroke in self.details]
        if self.mirrored:
            return tuple(line for stroke in strokes for line in (stroke, mirror(stroke, self.width)))
        return tuple(self._turned(stroke) for stroke in strokes)

    @cached_property
    def sampled(self) -> tuple[Place, ...]:
        """The outer line as a fine polygon."""
        return sample(self.silhouette)

    @cached_property
    def sampled_overlay(self) -> tuple[Place, ...]:
        return sample(self.overlay) if self.overlay else ()


class Outlines(Strict):
    """outlines.yaml: one entry a view."""

    front: OutlineRow
    back: OutlineRow
    right_lateral: OutlineRow
    left_lateral: OutlineRow
    hand_dorsum: OutlineRow
    hand_palm: OutlineRow
    foot_dorsum: OutlineRow
    foot_sole: OutlineRow
    foot_medial: OutlineRow
    foot_lateral: OutlineRow
    leg_medial: OutlineRow
    face: OutlineRow
    head_lateral: OutlineRow


@cache
def outlines() -> Outlines:
    """All outlines, read once."""
    read: Outlines = load_yaml(data_path(PACKAGE, "outlines.yaml"), Outlines)
    return read


def outline(view: str) -> OutlineRow:
    """One view's outline. Raises ValueError for a view that does not exist."""
    if view not in get_args(View):
        raise ValueError(f'there is no view "{view}"; choose from {", ".join(views())}')
    found: OutlineRow = getattr(outlines(), view)
    return found


def views() -> tuple[str, ...]:
    """Every view, body first."""
    return tuple(VIEW_NAMES)


def one_sided(view: str) -> bool:
    """Whether a view shows one side only, so that the other side is its mirror image (a hand, not a face)."""
    return view not in BODY_VIEWS and not outline(view).mirrored
