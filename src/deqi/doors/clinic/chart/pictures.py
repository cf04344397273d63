"""Small pictures of the chart page, drawn on the server: rating lines and the body map. No script needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from deqi.record.care.codes import GLOBAL_CHANGE, symptom_of
from deqi.record.care.queries.case import map_levels
from deqi.science.measures import impact_ratings, symptoms
from deqi.science.points.drawing import VIEW_NAMES, regions, svg

WIDTH, HEIGHT, PAD = 240, 64, 5


@dataclass(frozen=True)
class Small:
    """One small multiple: its label, the line and dots in a 240 x 64 box, first and last value."""

    label: str
    line: str
    dots: list[tuple[float, float]]
    first: float
    last: float
    count: int
    since: date
    until: date

    @property
    def change(self) -> float:
        return self.last - self.first


def small_multiples(series: Mapping[str, Sequence[tuple[date, float]]]) -> list[Small]:
    """One small plot for each symptom and impact rating, on the same days and the same 0-10 scale."""
    wanted = {code: values for code, values in series.items() if code != GLOBAL_CHANGE}
    if not wanted:
        return []
    start = min(values[0][0] for values in wanted.values())
    end = max(values[-1][0] for values in wanted.values())
    return [_small(_label(code), values, start, end) for code, values in wanted.items()]


def _label(code: str) -> str:
    symptom = symptom_of(code)
    if symptom:
        return symptoms()[symptom].label
    key = code.removeprefix("impact_")
    return impact_ratings()[key].label if key in impact_ratings() else code.replace("_", " ").capitalize()


def _small(label: str, values: Sequence[tuple[date, float]], start: date, end: date) -> Small:
    span = max(1, (end - start).days)
    dots = [
        (
            round(PAD + (day - start).days / span * (WIDTH - 2 * PAD), 1),
            round(PAD + (10 - value) / 10 * (HEIGHT - 2 * PAD), 1),
        )
        for day, value in values
    ]
    return Small(
        label=label,
        line=" ".join(f"{x},{y}" for x, y in dots),
        dots=dots[-1:],
        first=values[0][1],
        last=values[-1][1],
        count=len(values),
        since=values[0][0],
        until=values[-1][0],
    )


#: What can be laid over the map, one at a time: nerves and dermatomes are two maps that disagree.
LAYERS = {
    "": "map alone",
    "nerves": "nerve territories",
    "dermatomes": "dermatomes",
    "meridians": "meridians",
}


def body_pictures(marks: Sequence[Mapping[str, Any]], layer: str = "") -> list[tuple[str, SafeString]]:
    """The newest symptom map: each view of body, hands and feet that shows a mark, at most six."""
    levels = map_levels(marks)
    pictures = []
    for view in ("front", "back", "foot_sole", "foot_dorsum", "hand_palm", "hand_dorsum"):
        whole = view in ("front", "back")
        for side in ("right",) if whole else ("right", "left"):
            shown = {one.id for one in regions(view, None if whole else side)}
            if shown & levels.keys():
                name = VIEW_NAMES[view] if whole else f"{side.capitalize()} {VIEW_NAMES[view].lower()}"
                pictures.append((name, _drawn(view, side, levels, layer)))
    return pictures[:6]


def _drawn(view: str, side: Any, levels: Mapping[str, float], layer: str) -> SafeString:
    layers = (layer,) if layer and layer in LAYERS else ()
    drawing = svg(view, side=side, layers=layers, symptoms=levels, interactive=False, prefix=f"{side}-map")
    return mark_safe(drawing)  # noqa: S308 - our own drawing of numbers and fixed names


def marks_in_words(marks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The map for those who cannot see it: `left heel: burning 6`."""
    said = []
    for mark in marks:
        place = mark["region"].replace("_", " ")
        side = "" if place.startswith(("left", "right")) else f"{mark['side']} "
        said.append(f"{side}{place}: {mark['sensation']} {mark['level_0_10']} of 10")
    return said
