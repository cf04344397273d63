"""The atlas for everyone: search, drawings one can point at, and one page a point."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from deqi.doors.access import public
from deqi.doors.learn.frame import show
from deqi.science.points import UnknownPoint, atlas, find, search
from deqi.science.points.atlas import MERIDIANS
from deqi.science.points.describe import brief, described
from deqi.science.points.drawing import VIEW_NAMES, points_in, svg, territories

FIRST_VIEW = "foot_dorsum"
LAYERS = {"": "Points", "meridians": "Channels", "nerves": "Skin nerves", "dermatomes": "Dermatomes"}
BODY_VIEWS = frozenset({"front", "back", "right_lateral", "left_lateral"})


@public
@require_safe
def atlas_page(request: HttpRequest) -> HttpResponse:
    """`?q=` searches, `?view=` draws one view, `?layer=` lays one map over it, `?meridian=` lists one channel."""
    asked = request.GET.get("q", "").strip()[:60]
    view = request.GET.get("view", FIRST_VIEW)
    view = view if view in VIEW_NAMES else FIRST_VIEW
    layer = request.GET.get("layer", "")
    layer = layer if layer in LAYERS else ""
    meridian = request.GET.get("meridian", "")
    meridian = meridian if meridian in MERIDIANS else ""
    if asked:
        found = list(search(asked, limit=40))
    elif meridian:
        found = [point for point in atlas().values() if point.code.rstrip("0123456789") == meridian]
    else:
        found = list(dict.fromkeys(point for point, _ in points_in(view)))
    part = "learn/points_found.html" if request.headers.get("HX-Request") else "learn/points.html"
    return show(
        request,
        part,
        "points",
        asked=asked,
        view=view,
        meridian=meridian,
        found=[brief(point) for point in found],
        views=VIEW_NAMES,
        meridians=MERIDIANS,
        drawing=_drawing(view, layer),
        layer=layer,
        layers=LAYERS,
        territories=territories(view, layer) if layer in ("nerves", "dermatomes") else (),
    )


def _drawing(view: str, layer: str) -> str:
    """The view with its points; over a map of territories their names give way to the map's."""
    layers = (layer, "points") if layer else ("points",)
    return svg(
        view, layers=layers, labels="none" if layer in ("nerves", "dermatomes") else "auto", link=_link
    )


@public
@require_safe
def point_page(request: HttpRequest, code: str) -> HttpResponse:
    """One point; an old code or a name leads to the page of today's code."""
    try:
        point = find(code)
    except UnknownPoint as unknown:
        raise Http404(str(unknown))
    if point.code != code:
        return redirect("learn:point", code=point.code)
    views = list(dict.fromkeys(place.view for place in point.positions))
    close = [view for view in views if view not in BODY_VIEWS] or views[:1]
    drawings = [
        svg(view, points=[point.code], placed=[point.code], interactive=False, labels="all") for view in close
    ]
    return show(
        request, "learn/point.html", "points", point=point, told=described(point.code), drawings=drawings
    )


def _link(code: str) -> str:
    return reverse("learn:point", args=[code])
