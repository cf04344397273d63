"""Draws a view: outline, symptom map, territories, meridians and points, as one SVG string.

No inline styles: colours are presentation attributes that read the page's theme variables (--jade, --ink, ...) and
fall back to print colours, so the drawing follows light and dark inside a page and stands alone in a letter.
Every point and region can be reached by keyboard and has a name; `points_in` lists the same points for a page.

Example:
    >>> svg("foot_dorsum", placed=["LR3"]).startswith("<svg")
    True
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Literal

from deqi.science.points.atlas import Point, PositionRow, atlas
from deqi.science.points.drawing import meridians
from deqi.science.points.drawing import territories as territory_map
from deqi.science.points.drawing.geometry import Place, path, polygon_path
from deqi.science.points.drawing.labels import place_labels
from deqi.science.points.drawing.outlines import BODY_VIEWS, VIEW_NAMES, OutlineRow, one_sided, outline
from deqi.science.points.drawing.regions import MapRegion, regions

LAYERS = ("points", "meridians", "nerves", "dermatomes", "regions")
Labels = Literal["auto", "all", "none"]
PAD = 14
SKIN = "var(--skin, #f3ede0)"
EDGE = "var(--skin-edge, #8d8676)"
CREASE = "var(--skin-line, #b5aa92)"
INK = "var(--ink, #1c2624)"
PAPER = "var(--card, #ffffff)"
JADE = "var(--jade, #0b6b5b)"
INDIGO = "var(--indigo, #3b4f9b)"
CINNABAR = "var(--cinnabar, #b3261e)"


@dataclass(frozen=True)
class Marker:
    """One place of a point in one view; x and y in the drawing's units."""

    code: str
    sub: str | None
    side: str
    x: float
    y: float
    state: str

    @property
    def label(self) -> str:
        """What stands beside it: a point of several places is named once, by its code."""
        return self.code

    @property
    def place(self) -> str:
        """The code with the place: "EX-LE10:2"."""
        return self.code + (f":{self.sub}" if self.sub else "")


def points_in(view: str, side: str | None = None) -> tuple[tuple[Point, PositionRow], ...]:
    """Every point drawn in a view, with its place, in channel order: the list that mirrors the drawing."""
    outline(view)
    return tuple(
        (point, place)
        for point in atlas().values()
        for place in point.positions
        if place.view == view and (side is None or place.side in (side, "midline"))
    )


def svg(
    view: str,
    *,
    side: Literal["right", "left"] = "right",
    layers: Sequence[str] = ("points",),
    points: Iterable[str] | None = None,
    placed: Iterable[str] = (),
    suggested: Iterable[str] = (),
    symptoms: Mapping[str, float] | None = None,
    labels: Labels = "auto",
    link: Callable[[str], str] | None = None,
    interactive: bool = True,
    title: str | None = None,
    prefix: str = "map",
    size: float = 1.0,
) -> str:
    """One view as SVG.

    side: which hand, foot or leg a detail view shows (the left one is the mirror image); whole-body views ignore it.
    layers: any of points, meridians, nerves or dermatomes (never both: the two maps disagree), regions.
    points: codes to draw (None: all of the view). placed, suggested: codes, or "LR3:left" for one side; they are
    drawn filled and ringed. symptoms: region id -> 0-10, shaded. labels: "auto" names placed and suggested points
    and, in detail views, all. link: code -> address (default "#point-CODE"). interactive: False makes one picture
    with one name. size: how many times larger than usual points and their names are drawn, for small pictures. prefix: makes ids unique when a page holds several drawings.
    Raises ValueError for an unknown view or layer, or nerves together with dermatomes.
    """
    if unknown := [layer for layer in layers if layer not in LAYERS]:
        raise ValueError(f"there is no layer {unknown[0]!r}; choose from {', '.join(LAYERS)}")
    if "nerves" in layers and "dermatomes" in layers:
        raise ValueError("nerve territories and dermatomes are two maps: draw one at a time")
    row = outline(view)
    name = title or _title(view, side)
    parts = [_open(row, view, name, interactive, prefix)]
    parts.append(_body(row, _mirrored(view, side)))
    if symptoms or "regions" in layers:
        parts.append(_regions(row, view, side, symptoms or {}, interactive and "regions" in layers, prefix))
    for kind in ("nerves", "dermatomes"):
        if kind in layers:
            parts.append(territory_map.layer(view, kind, side, prefix))
    if "meridians" in layers:
        parts.append(meridians.layer(view, side, prefix))
    if "points" in layers:
        wanted = None if points is None else set(points)
        markers = _markers(row, view, side, wanted, _chosen(placed), _chosen(suggested))
        parts.append(
            _points(markers, view, labels, link or (lambda code: f"#point-{code}"), interactive, size)
        )
    return "".join((*parts, "</svg>"))


def _title(view: str, side: str) -> str:
    if not one_sided(view):
        return VIEW_NAMES[view]
    return f"{side.capitalize()} {VIEW_NAMES[view][0].lower()}{VIEW_NAMES[view][1:]}"


def _mirrored(view: str, side: str) -> bool:
    return side == "left" and one_sided(view)


def _open(row: OutlineRow, view: str, name: str, interactive: bool, prefix: str) -> str:
    box = f"{-PAD} {-PAD} {row.width * row.scale + 2 * PAD:g} {row.height * row.scale + 2 * PAD:g}"
    role = "group" if interactive else "img"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" class="bodymap bodymap-{view}" role="{role}" '
        f'aria-label="{escape(name)}" id="{prefix}-{view}" data-view="{view}" font-family="var(--font, system-ui, sans-serif)">'
    )


def _body(row: OutlineRow, mirrored: bool) -> str:
    turn = f' transform="matrix(-1 0 0 1 {row.width * row.scale:g} 0)"' if mirrored else ""
    skin = f'fill="{SKIN}" stroke="{EDGE}" stroke-width="1.4" stroke-linejoin="round"'
    crease = f'fill="none" stroke="{CREASE}" stroke-width="1.2" stroke-linecap="round"'
    lines = "".join(f'<path d="{path(line, row.scale, False)}"/>' for line in row.lines)
    over = f'<path class="skin" d="{path(row.overlay, row.scale, True)}" {skin}/>' if row.overlay else ""
    body = f'<path class="skin" d="{path(row.silhouette, row.scale, True)}" {skin}/>'
    return (
        f'<g class="outline" aria-hidden="true"{turn}>{body}{over}<g class="crease" {crease}>{lines}</g></g>'
    )


def _regions(
    row: OutlineRow, view: str, side: str, symptoms: Mapping[str, float], tappable: bool, prefix: str
) -> str:
    shown = regions(view, side) if one_sided(view) else regions(view)
    drawn = [_region(one, row, symptoms.get(one.id, 0), tappable, prefix) for one in shown]
    return f'<g class="regions">{"".join(drawn)}</g>'


def _region(one: MapRegion, row: OutlineRow, level: float, tappable: bool, prefix: str) -> str:
    if not level and not tappable:
        return ""
    shade = f"{0.14 + 0.06 * min(level, 10):.2f}" if level else "0"
    said = f"{one.name}, {level:g} of 10" if level else one.name
    reach = (
        f'role="button" tabindex="0" aria-pressed="{str(bool(level)).lower()}" aria-label="{escape(said)}" '
        f'data-region="{one.id}" id="{prefix}-{view_id(one)}"'
        if tappable
        else f'data-region="{one.id}"'
    )
    opens = f' data-opens="{one.opens}"' if one.opens and tappable else ""
    edge = f'stroke="{CREASE}" stroke-width="0.8" stroke-dasharray="2 3"' if tappable else 'stroke="none"'
    return (
        f'<path class="region{" is-on" if level else ""}" {reach}{opens} data-level="{level:g}" '
        f'd="{_edge(one.polygon, row.width, row.height, row.scale)}" fill="{CINNABAR}" fill-opacity="{shade}" {edge}>'
        f"<title>{escape(said)}</title></path>"
    )


@lru_cache(maxsize=1024)
def _edge(polygon: tuple[Place, ...], width: float, height: float, scale: float) -> str:
    """The edge of a region, the same on every page: ten drawings of a symptom map have 10,000 corners."""
    return polygon_path([(x * width, y * height) for x, y in polygon], scale)


def view_id(one: MapRegion) -> str:
    """Unique within a page that shows several views: the same region may be drawn in two."""
    return f"{one.view}-{one.id}"


def _chosen(codes: Iterable[str]) -> dict[str, set[str]]:
    """ "LR3" -> both sides; "LR3:left" -> one."""
    found: dict[str, set[str]] = {}
    for text in codes:
        code, _, side = text.partition(":")
        found.setdefault(code, set()).update({side} if side in ("left", "right") else {"left", "right"})
    return found


def _markers(
    row: OutlineRow,
    view: str,
    side: str,
    wanted: set[str] | None,
    placed: dict[str, set[str]],
    suggested: dict[str, set[str]],
) -> list[Marker]:
    markers = []
    for point, place in points_in(view):
        if (
            wanted is not None
            and point.code not in wanted
            and point.code not in placed
            and point.code not in suggested
        ):
            continue
        for where, x in _sides(view, side, place):
            state = "plain"
            if where in placed.get(point.code, ()) or (where == "midline" and point.code in placed):
                state = "placed"
            elif where in suggested.get(point.code, ()) or (where == "midline" and point.code in suggested):
                state = "suggested"
            markers.append(
                Marker(
                    point.code,
                    place.sub,
                    where,
                    x * row.width * row.scale,
                    place.y * row.height * row.scale,
                    state,
                )
            )
    return markers


def _sides(view: str, side: str, place: PositionRow) -> list[tuple[str, float]]:
    """Where a stored place is drawn: on both halves of a whole body, once in a detail view."""
    if place.side == "midline":
        return [("midline", place.x)]
    if outline(view).mirrored:
        return [("right", place.x), ("left", 1 - place.x)]
    if view in BODY_VIEWS:
        return [(place.side, place.x)]
    return [(side, 1 - place.x if side == "left" else place.x)]


def _points(
    markers: list[Marker],
    view: str,
    labels: Labels,
    link: Callable[[str], str],
    interactive: bool,
    size: float,
) -> str:
    row = outline(view)
    detail = view not in BODY_VIEWS
    named = _named(markers, labels, detail, row.mirrored)
    frame = (-PAD, -PAD, row.width * row.scale + PAD, row.height * row.scale + PAD)
    spots = place_labels(markers, named, frame, size)
    drawn = [
        _marker(marker, spots.get(id(marker)), link, interactive, (4.6 if detail else 3.2) * size, size)
        for marker in sorted(markers, key=lambda one: one.state != "plain")
    ]
    return f'<g class="points" font-size="{11 * size:g}" font-weight="600">{"".join(drawn)}</g>'


def _named(markers: list[Marker], labels: Labels, detail: bool, mirrored: bool) -> list[Marker]:
    """The markers that carry a name: each point once a side; in a face the left half repeats the right."""
    if labels == "none":
        return []
    seen: set[tuple[str, str, str]] = set()
    named = []
    for marker in markers:
        plain = marker.state == "plain"
        if labels == "auto" and plain and (not detail or (mirrored and marker.side == "left")):
            continue
        key = (marker.code, marker.side, marker.state)
        if key not in seen:
            seen.add(key)
            named.append(marker)
    return named


def _marker(
    marker: Marker,
    spot: tuple[float, float, str] | None,
    link: Callable[[str], str],
    interactive: bool,
    radius: float,
    size: float,
) -> str:
    point = atlas()[marker.code]
    others = (
        f", the same place as {' and '.join(point.same_place)}" if point.same_place and not marker.sub else ""
    )
    said = f"{marker.place} {point.pinyin}, {'midline' if marker.side == 'midline' else marker.side}{others}"
    if marker.state != "plain":
        said += ", needled" if marker.state == "placed" else ", suggested"
    looks = {
        "plain": f'r="{radius * 0.78:.3g}" fill="{PAPER}" stroke="{JADE}" stroke-width="1.4"',
        "placed": f'r="{radius * 1.17:.3g}" fill="{JADE}" stroke="{PAPER}" stroke-width="1.4"',
        "suggested": f'r="{radius * 1.09:.3g}" fill="{PAPER}" stroke="{INDIGO}" stroke-width="{2.2 * size:g}" stroke-dasharray="{3 * size:g} {1.6 * size:g}"',
    }
    at = f'cx="{marker.x:.1f}" cy="{marker.y:.1f}"'
    text = ""
    if spot:
        x, y, anchor = spot
        text = (
            f'<text class="code" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}" stroke="{PAPER}" '
            f'stroke-width="{3 * size:g}" stroke-linejoin="round" paint-order="stroke" aria-hidden="true">{escape(marker.label)}</text>'
        )
    inner = (
        f"<title>{escape(said)}</title>"
        f'<circle class="hit" {at} r="{radius * 2.6 if radius > 4 else radius * 2.2:.3g}" fill="transparent"/>'
        f'<circle class="dot" {at} {looks[marker.state]}/>{text}'
    )
    if not interactive:
        return f'<g class="pt is-{marker.state}">{inner}</g>'
    return (
        f'<a class="pt is-{marker.state}" href="{escape(link(marker.code))}" aria-label="{escape(said)}" '
        f'data-code="{marker.code}" data-side="{marker.side}">{inner}</a>'
    )
