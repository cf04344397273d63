"""Which points lie where: areas, places a person can name, groups that rules speak of, and the plan itself.

Example:
    >>> area_of()["LI4"], sorted(codes_of_place("left_foot"))[0]
    ('hand', ('BL60', 'left'))
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Self, get_args

from pydantic import model_validator

from deqi.science.knowledge import Strict, data_path, load_yaml

Method = Literal[
    "manual",
    "electro",
    "auricular",
    "retained",
    "deep",
    "perpendicular",
    "moxa",
    "heat",
    "cupping",
    "bleeding",
    "tens",
    "point_finder",
    "scalp_lines",
    "medicine_advice",
]
"""Ways of treating that rules speak of. The first three are a case's modality; the others are added to it.
`retained` is a needle that stays after the visit (press tack, intradermal); `scalp_lines` are the motor and
sensory lines of scalp acupuncture, which are not points of the atlas. `medicine_advice` is never planned:
it names what a rule forbids besides needling."""

METHODS: tuple[str, ...] = get_args(Method)
PLANNABLE = tuple(method for method in METHODS if method != "medicine_advice")

Spot = tuple[str, str | None]
"""A point's code and its side: left, right or None (either side, both, or midline)."""


class UnknownPlan(ValueError):
    """A point code or way of treating that does not exist. `suggestions` are near ones."""

    def __init__(self, what: str, given: str, suggestions: Sequence[str], allowed: str):
        self.suggestions = tuple(suggestions)
        near = f"; did you mean {', '.join(suggestions)}?" if suggestions else ""
        super().__init__(
            f"{given!r} is not {what}{near} Allowed: {allowed}"
            if near
            else f"{given!r} is not {what}; allowed: {allowed}"
        )


class PointGroup(Strict):
    """Points that a rule names together. `note` says whose list it is."""

    points: tuple[str, ...]
    note: str


class _Areas(Strict):
    schema_version: Literal[1]
    areas: Mapping[str, tuple[str, ...]]
    places: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, PointGroup]

    @model_validator(mode="after")
    def codes_exist(self) -> Self:
        codes = [code for held in self.areas.values() for code in held]
        twice = {code for code in codes if codes.count(code) > 1}
        if twice:
            raise ValueError(f"in two areas: {', '.join(sorted(twice))}")
        for name, group in self.groups.items():
            lost = set(group.points) - set(codes)
            if lost:
                raise ValueError(f"{name}: no such point: {', '.join(sorted(lost))}")
        for name, areas in self.places.items():
            lost = set(areas) - set(self.areas) - {"ear"}
            if lost:
                raise ValueError(f"{name}: no such area: {', '.join(sorted(lost))}")
        return self


@lru_cache(maxsize=1)
def file() -> _Areas:
    """The file of areas, checked."""
    return load_yaml(data_path("deqi.science.safety", "areas.yaml"), _Areas)  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def area_of() -> Mapping[str, str]:
    """The area of each of the 409 points, e.g. `ST36` -> `lower_leg`."""
    return {code: area for area, codes in file().areas.items() for code in codes}


@lru_cache(maxsize=256)
def codes_of_place(place: str) -> frozenset[Spot]:
    """The points in a place that a person can name, with the side it is on, e.g. `left_foot`, `chest`."""
    side, _, name = place.partition("_")
    if side not in ("left", "right"):
        side, name = "", place
    areas = file().places[name]
    return frozenset((code, side or None) for area in areas for code in file().areas.get(area, ()))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is about to be done: spots (empty while nothing is typed yet) and ways of treating."""

    spots: tuple[Spot, ...] = ()
    methods: frozenset[str] = frozenset({"manual"})
    pairs: tuple[tuple[Spot, Spot], ...] = ()

    def currents(self) -> frozenset[str]:
        """What an electrical current of this plan may pass through: `heart`, `brain` or nothing.

        With pairs, each path is read; without them, any point on the head or chest is taken to be part of one.
        The reading (which ends make which path) is this project's.
        """
        if self.methods.isdisjoint({"electro", "tens"}):
            return frozenset()
        if not self.pairs:
            segments = {_segment(code) for code, _ in self.spots}
            return frozenset(
                risk for segment, risk in (("head", "brain"), ("thorax", "heart")) if segment in segments
            )
        return frozenset(risk for pair in self.pairs for risk in _path(*pair))


_SEGMENTS = {
    "head": ("head",),
    "face": ("face", "neck"),
    "thorax": ("chest", "axilla", "upper_back", "scapula"),
    "arm": ("shoulder", "upper_arm", "elbow", "forearm", "wrist", "hand", "finger"),
}


@lru_cache(maxsize=512)
def _segment(code: str) -> str:
    """Part of the body for reading an electrical path: head, face, thorax, arm or lower body."""
    area = area_of()[code]
    return next((name for name, areas in _SEGMENTS.items() if area in areas), "lower body")


def _path(first: Spot, second: Spot) -> tuple[str, ...]:
    """What lies between two electrodes. Pairs within one arm, the face, or the legs and lower trunk are clear."""
    ends = {_segment(first[0]), _segment(second[0])}
    brain = ("brain",) if "head" in ends else ()
    same_arm = (
        ends == {"arm"} and first != second and (first[1] == second[1] or None in (first[1], second[1]))
    )
    clear = same_arm or ends in ({"face"}, {"lower body"}, {"head"}, {"head", "face"})
    return brain if clear else (*brain, "heart")


def spot(text: str) -> Spot:
    """Reads `LI4`, `li4:left` or `LI4 r`. Raises UnknownPlan for a code that is not in the atlas.

    Example:
        >>> spot("li4:left")
        ('LI4', 'left')
    """
    code, _, side = text.strip().replace(" ", ":").partition(":")
    code, side = code.upper(), side.strip(": ").lower()
    if code not in area_of():
        near = difflib.get_close_matches(code, area_of(), n=3)
        raise UnknownPlan(
            "a point of the atlas", text, near, "codes such as ST36, LI4, EX-LE10, with :left or :right"
        )
    sides = {"": None, "l": "left", "left": "left", "r": "right", "right": "right"}
    sides |= {"b": None, "both": None, "midline": None}
    if side not in sides:
        raise UnknownPlan("a side", side, (), "left, right, both, midline")
    return code, sides[side]


def plan_of(points: Iterable[str], methods: Iterable[str], pairs: Iterable[tuple[str, str]] = ()) -> Plan:
    """Reads a plan from text. Raises UnknownPlan naming the first word that cannot be read."""
    chosen = frozenset(methods)
    for method in chosen:
        if method not in PLANNABLE:
            raise UnknownPlan("a way of treating", method, (), ", ".join(PLANNABLE))
    return Plan(
        tuple(dict.fromkeys(spot(text) for text in points)),
        chosen,
        tuple((spot(first), spot(second)) for first, second in pairs),
    )


class Target(Strict):
    """What an effect is about: points (by code, group, area or place) and ways of treating. Both given: both meant.

    `places_of` names a fact that holds places or limbs; `side_of` one that holds left, right or both.
    `quadrant` adds the part of the trunk next to a limb.
    """

    points: tuple[str, ...] = ()
    group: str | None = None
    areas: tuple[str, ...] = ()
    places_of: str | None = None
    side_of: str | None = None
    quadrant: bool = False
    methods: tuple[Method, ...] = ()

    @model_validator(mode="after")
    def names_exist(self) -> Self:
        if not (self.points or self.group or self.areas or self.places_of or self.methods):
            raise ValueError("a target names points, a group, areas, places_of or methods")
        lost = set(self.points) - area_of().keys()
        if lost:
            raise ValueError(f"no such point: {', '.join(sorted(lost))}")
        if self.group and self.group not in file().groups:
            raise ValueError(f"no such group: {self.group}")
        lost = set(self.areas) - file().areas.keys()
        if lost:
            raise ValueError(f"no such area: {', '.join(sorted(lost))}")
        return self

    @property
    def is_place(self) -> bool:
        """Whether the target names somewhere on the body (and not only a way of treating)."""
        return bool(self.points or self.group or self.areas or self.places_of)

    def spots(self, known: Mapping[str, Any]) -> frozenset[Spot]:
        """The spots meant for this person. Empty when the place itself is not known."""
        if self.places_of:
            return frozenset().union(
                *(_with_quadrant(place, self.quadrant) for place in known.get(self.places_of, ()))
            )
        side = known.get(self.side_of) if self.side_of else None
        return _fixed(self.points, self.group, self.areas, side if side in ("left", "right") else None)


@lru_cache(maxsize=512)
def _fixed(
    points: tuple[str, ...], group: str | None, areas: tuple[str, ...], side: str | None
) -> frozenset[Spot]:
    codes = [*points, *(file().groups[group].points if group else ())]
    codes += [code for area in areas for code in file().areas[area]]
    return frozenset((code, side) for code in codes)


@lru_cache(maxsize=256)
def _with_quadrant(place: str, quadrant: bool) -> frozenset[Spot]:
    spots = codes_of_place(place)
    if not quadrant:
        return spots
    side, _, limb = place.partition("_")
    trunk = {
        "arm": ("chest", "upper_back", "scapula"),
        "leg": ("abdomen", "groin", "low_back", "buttock"),
    }[limb]
    return spots | {(code, side) for area in trunk for code in file().areas[area]}


def touched(spots: Iterable[Spot], meant: frozenset[Spot]) -> tuple[Spot, ...]:
    """Those of the plan's `spots` that lie within what is `meant`. An unknown side counts as touching.

    Example: LR3 on the right foot does not touch a rule about the left foot.
        >>> touched([("LR3", "right")], frozenset({("LR3", "left")}))
        ()
    """
    return tuple(
        (code, side)
        for code, side in spots
        if (code, None) in meant
        or (code, side) in meant
        or (side is None and ((code, "left") in meant or (code, "right") in meant))
    )
