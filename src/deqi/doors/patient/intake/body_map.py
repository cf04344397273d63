"""The drawings on which a patient marks where they feel something, and the same places as a list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from deqi.science.points.drawing import MapRegion, regions, svg
from deqi.science.points.drawing.outlines import outline

EDGE = 6  # units of a drawing left free around it

#: Title of a group, then (view, side, caption) of each drawing; own feet and hands as their owner sees them.
GROUPS = (
    (
        "feet",
        _("Feet"),
        (
            ("foot_dorsum", "left", _("Left foot, top")),
            ("foot_dorsum", "right", _("Right foot, top")),
            ("foot_sole", "right", _("Right sole")),
            ("foot_sole", "left", _("Left sole")),
        ),
    ),
    (
        "hands",
        _("Hands"),
        (
            ("hand_dorsum", "left", _("Left hand, back")),
            ("hand_dorsum", "right", _("Right hand, back")),
            ("hand_palm", "left", _("Left palm")),
            ("hand_palm", "right", _("Right palm")),
        ),
    ),
    ("body", _("Body"), (("front", None, _("From the front")), ("back", None, _("From behind")))),
)
#: Quick choices: words, group, and the bands or areas they fill on both sides.
QUICK = (
    ("feet", _("All toes"), ("toes",)),
    ("feet", _("Front half of both feet"), ("toes", "forefoot")),
    ("feet", _("Both feet, whole"), ("toes", "forefoot", "midfoot", "ankle")),
    ("hands", _("All fingers"), ("fingers",)),
    ("hands", _("Both hands, whole"), ("fingers", "hand", "wrist")),
)


def map_page(marks: Mapping[str, int], level: int) -> dict[str, Any]:
    """What the page needs: groups of drawings with the marks on them, quick choices and the list of places."""
    groups, listed = [], set()
    for key, title, drawings in GROUPS:
        places: dict[str, MapRegion] = {}
        drawn = []
        for view, side, caption in drawings:
            here = regions(view, side)
            places |= {one.id: one for one in here if one.id not in listed}
            drawn.append({"caption": caption, "svg": _drawing(view, side, marks)})
        listed |= set(places)
        groups.append(
            {
                "key": key,
                "title": title,
                "drawings": drawn,
                "places": [
                    {"id": one.id, "name": one.name, "level": marks.get(one.id)} for one in places.values()
                ],
                "quick": [
                    {"words": words, "ids": " ".join(i for i, one in places.items() if one.band in bands)}
                    for group, words, bands in QUICK
                    if group == key
                ],
                "marked": sum(one in marks for one in places),
            }
        )
    return {"groups": groups, "level": level, "marked": len(marks)}


def _drawing(view: str, side: str | None, marks: Mapping[str, int]) -> str:
    """The SVG of a view. The list below it is what keyboards and screen readers use, so it is for the eye."""
    drawing = svg(
        view,
        side=side or "right",  # type: ignore[arg-type]
        layers=("regions",),
        symptoms=marks,
        prefix=f"map-{side or 'body'}",
    )
    drawing = re.sub(r'viewBox="[^"]*"', f'viewBox="{_box(view, side)}"', drawing, count=1)
    return mark_safe(drawing)  # noqa: S308 - drawn by us from the package's own data


@cache
def _box(view: str, side: str | None) -> str:
    """The part of the view that its regions fill, so that a foot is as large as its place on a phone allows."""
    row = outline(view)
    places = [place for one in regions(view, side) for place in one.polygon]
    xs = [x * row.width * row.scale for x, _y in places]
    ys = [y * row.height * row.scale for _x, y in places]
    left, top = min(xs) - EDGE, min(ys) - EDGE
    return f"{left:.0f} {top:.0f} {max(xs) - left + EDGE:.0f} {max(ys) - top + EDGE:.0f}"
