"""The atlas: 361 channel points and 48 extra points, each with what is known about it and where that came from.

Question answered: what is this point, where is it, what lies beneath, how deep, and what calls for care?
Read strictly from CSV inside the package; a wrong cell is reported with file, line and column. Depths are
textbook ranges in cun; the millimetres beside them are the same ranges at 22 mm a cun and only approximate.
Positions serve choosing and showing a point on a drawing, never locating it on a person.

Example:
    >>> point = atlas()["ST36"]
    >>> point.pinyin, point.anatomy.depth_min_cun, point.anatomy.depth_max_cun
    ('Zúsānlǐ', 1.0, 2.0)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pydantic import Field, model_validator

from deqi.science.knowledge import KnowledgeError, Problem, Strict, data_path, load_csv

PACKAGE = "deqi.science.points"
MM_PER_CUN = 22.0
"""Approximate and person-dependent; see docs/points.md for the source of the figure."""

MERIDIANS: Mapping[str, tuple[str, int]] = {
    "LU": ("Lung", 11),
    "LI": ("Large Intestine", 20),
    "ST": ("Stomach", 45),
    "SP": ("Spleen", 21),
    "HT": ("Heart", 9),
    "SI": ("Small Intestine", 19),
    "BL": ("Bladder", 67),
    "KI": ("Kidney", 27),
    "PC": ("Pericardium", 9),
    "TE": ("Triple Energizer", 23),
    "GB": ("Gallbladder", 44),
    "LR": ("Liver", 14),
    "GV": ("Governor Vessel", 28),
    "CV": ("Conception Vessel", 24),
    "EX-HN": ("Extra: head and neck", 15),
    "EX-CA": ("Extra: chest and abdomen", 1),
    "EX-B": ("Extra: back", 9),
    "EX-UE": ("Extra: upper limb", 11),
    "EX-LE": ("Extra: lower limb", 12),
}
"""Code prefix -> (name, number of points), in channel order. Source of the counts: WHO 2008 and the extra-point list."""

MEMBERS: Mapping[str, tuple[str, ...]] = {
    "EX-HN1": ("front", "back", "left", "right"),
    "EX-B2": tuple(f"T{n}" for n in range(1, 13)) + tuple(f"L{n}" for n in range(1, 6)),
    "EX-LE5": ("medial", "lateral"),
}
"""Names of the places of a point that is several places; the others are numbered from the thumb or great toe."""

SAME_PLACE: Mapping[str, str] = {
    "EX-LE10:1": "LR2",
    "EX-LE10:2": "ST44",
    "EX-LE10:4": "GB43",
    "EX-LE5:lateral": "ST35",
    "EX-LE5:medial": "EX-LE4",
}
"""One place, several names: place of a multi-point -> the code that names the same place."""

Region = Literal[
    "abdomen", "ankle", "axilla", "buttock", "chest", "elbow", "face", "finger", "foot", "forearm", "groin", "hand",
    "head", "hip", "knee", "low back", "lower leg", "neck", "perineum", "sacrum", "scapula", "shoulder", "thigh",
    "toe", "upper arm", "upper back", "wrist",
]  # fmt: skip
Aspect = Literal["anterior", "dorsal", "lateral", "medial", "palmar", "plantar", "posterior", "superior"]
CautionKind = Literal[
    "pneumothorax", "pregnancy", "peritoneum", "artery", "spinal cord", "organ", "bladder", "nerve", "technique",
    "eye", "infant fontanelle", "vein", "joint", "bleeding", "forbidden", "rectum", "skin", "sensory loss",
]  # fmt: skip
View = Literal[
    "front", "back", "right_lateral", "left_lateral", "hand_dorsum", "hand_palm", "foot_dorsum", "foot_sole",
    "foot_medial", "foot_lateral", "leg_medial", "face", "head_lateral",
]  # fmt: skip


class PointRow(Strict):
    """One line of points.csv: names and location of a point."""

    code: str = Field(pattern=r"^(EX-)?[A-Z]{1,2}\d{1,2}$")
    meridian: str
    number: int = Field(ge=1, le=67)
    pinyin: str
    pinyin_plain: str
    hanzi: str
    english: str | None
    body_region: Region
    aspect: Aspect
    bilateral: bool
    landmark: str
    offset_cun: float | None = Field(gt=0, le=19)
    offset_direction: str | None
    special: str | None
    source: str
    hanzi_trad: str
    alias: str | None
    offset2_cun: float | None = Field(gt=0, le=19)
    offset2_direction: str | None
    offset_unit: Literal["B-cun", "F-cun", "fingerbreadth"] | None
    points_per_side: int | None = Field(ge=1, le=17)
    alt_location: str | None
    pinyin_status: Literal["ok", "check"]
    english_status: str | None

    @model_validator(mode="after")
    def _whole(self) -> PointRow:
        if self.meridian != MERIDIANS.get(self.prefix, ("", 0))[0]:
            raise ValueError(f"{self.code} does not belong to {self.meridian}")
        if (self.offset_cun is None) != (self.offset_direction is None):
            raise ValueError("an offset needs both a distance and a direction")
        return self

    @property
    def prefix(self) -> str:
        return self.code.rstrip("0123456789")


class AnatomyRow(Strict):
    """One line of anatomy.csv: what lies under a point and how deep textbooks needle it."""

    point: str
    dermatome: str | None
    dermatome_basis: str | None
    peripheral_nerve_sensory: str | None
    nerve_deep: str | None
    muscle: str | None
    myotome: str | None
    structures_at_risk: str | None
    depth_min_mm: float | None = Field(ge=1, le=60)
    depth_max_mm: float | None = Field(ge=1, le=60)
    depth_min_cun: float | None = Field(ge=0.05, le=3)
    depth_max_cun: float | None = Field(ge=0.05, le=3)
    angle: str | None
    depth_source: str | None
    depth_second_cun: str | None
    depth_second_source: str | None
    depth_trial_cun: str | None
    caution: str | None
    anatomy_source: str | None

    @model_validator(mode="after")
    def _depth(self) -> AnatomyRow:
        if self.depth_min_mm is not None and (
            self.depth_max_mm is None or self.depth_min_mm > self.depth_max_mm
        ):
            raise ValueError("the smaller depth stands first")
        if self.depth_min_mm is not None and not self.depth_source:
            raise ValueError("a depth needs its source")
        return self


class CautionRow(Strict):
    """One line of cautions.csv. `point` is a code or ALL."""

    point: str
    kind: CautionKind
    advice: str
    source: str


class PositionRow(Strict):
    """One line of positions.csv: where a point is drawn, as shares of the view's width and height."""

    code: str
    sub: str | None
    view: View
    side: Literal["right", "left", "midline"]
    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)
    basis: str


class TerritoryRow(Strict):
    """One line of territories.csv: what a nerve or a dermatome supplies, in words."""

    id: str
    kind: Literal["nerve", "dermatome"]
    nerve: str | None
    roots: str | None
    region: str
    source: str
    note: str | None


@dataclass(frozen=True)
class Offset:
    """A distance from the landmark, e.g. 3 B-cun "inferior of ST35"."""

    cun: float
    direction: str
    unit: str


@dataclass(frozen=True)
class Point:
    """One acupuncture point. None means that the sources read did not show it."""

    code: str
    meridian_code: str
    meridian: str
    number: int
    pinyin: str
    pinyin_plain: str
    hanzi: str
    hanzi_traditional: str
    english: str | None
    other_names: tuple[str, ...]
    region: str
    aspect: str
    midline: bool
    members: tuple[str, ...]
    landmark: str
    offsets: tuple[Offset, ...]
    other_location: str | None
    special: tuple[str, ...]
    names_to_check: bool
    source: str
    anatomy: AnatomyRow | None
    cautions: tuple[CautionRow, ...]
    positions: tuple[PositionRow, ...]
    same_place: tuple[str, ...]

    @property
    def needles_per_side(self) -> int:
        """Needles the whole point takes on one side (on the midline: in all). EX-LE10: 4."""
        return max(1, len(self.members))

    @property
    def name(self) -> str:
        """Code and pinyin as staff read them: "ST36 Zúsānlǐ"."""
        return f"{self.code} {self.pinyin}"


class Atlas(Mapping[str, Point]):
    """All points by code, in channel order; `general` holds the cautions that concern every point."""

    def __init__(
        self,
        points: tuple[Point, ...],
        general: tuple[CautionRow, ...],
        territories: tuple[TerritoryRow, ...],
    ):
        self._points = {point.code: point for point in points}
        self.general = general
        self.territories = {territory.id: territory for territory in territories}

    def __getitem__(self, code: str) -> Point:
        return self._points[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(";") if part.strip())


def _members(row: PointRow) -> tuple[str, ...]:
    if row.code in MEMBERS:
        return MEMBERS[row.code]
    count = row.points_per_side or 1
    return tuple(str(n) for n in range(1, count + 1)) if count > 1 else ()


def same_place(code: str) -> tuple[str, ...]:
    """Other names of a code's place or places: LR2 -> ("EX-LE10:1",); EX-LE10 -> ("LR2", "ST44", "GB43")."""
    if any(place.split(":")[0] == code for place in SAME_PLACE):
        return tuple(other for place, other in SAME_PLACE.items() if place.split(":")[0] == code)
    return tuple(place for place, other in SAME_PLACE.items() if other == code)


def _rows() -> tuple[
    tuple[PointRow, ...],
    tuple[AnatomyRow, ...],
    tuple[CautionRow, ...],
    tuple[PositionRow, ...],
    tuple[TerritoryRow, ...],
]:
    return (
        load_csv(data_path(PACKAGE, "points.csv"), PointRow),
        load_csv(data_path(PACKAGE, "anatomy.csv"), AnatomyRow),
        load_csv(data_path(PACKAGE, "cautions.csv"), CautionRow),
        load_csv(data_path(PACKAGE, "positions.csv"), PositionRow),
        load_csv(data_path(PACKAGE, "territories.csv"), TerritoryRow),
    )


def _check(
    rows: tuple[PointRow, ...],
    anatomy: tuple[AnatomyRow, ...],
    cautions: tuple[CautionRow, ...],
    positions: tuple[PositionRow, ...],
) -> list[Problem]:
    """What one line cannot show: complete channels, no repeated code, no reference to an unknown point."""
    found: list[Problem] = []
    codes = [row.code for row in rows]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        found.append(Problem("points.csv", codes.index(code) + 2, "code", f"{code} stands twice"))
    for prefix, (name, count) in MERIDIANS.items():
        numbers = sorted(row.number for row in rows if row.prefix == prefix)
        if numbers != list(range(1, count + 1)):
            found.append(Problem("points.csv", 0, prefix, f"{name} needs points 1 to {count}"))
    known = set(codes) | {"ALL"}
    references = (
        ("anatomy.csv", [row.point for row in anatomy]),
        ("cautions.csv", [row.point for row in cautions]),
        ("positions.csv", [row.code for row in positions]),
    )
    for file, named in references:
        for line, code in enumerate(named, start=2):
            if code not in known:
                found.append(Problem(file, line, "point", f"{code} is not in points.csv"))
    return found


@cache
def atlas() -> Atlas:
    """The whole atlas, read once. Raises KnowledgeError naming file and line of every fault."""
    rows, anatomy, cautions, positions, territories = _rows()
    if faults := _check(rows, anatomy, cautions, positions):
        raise KnowledgeError(faults)
    beneath = {row.point: row for row in anatomy}
    order = {prefix: place for place, prefix in enumerate(MERIDIANS)}
    points = tuple(
        _point(
            row,
            beneath.get(row.code),
            tuple(caution for caution in cautions if caution.point == row.code),
            tuple(place for place in positions if place.code == row.code),
        )
        for row in sorted(rows, key=lambda row: (order[row.prefix], row.number))
    )
    return Atlas(points, tuple(row for row in cautions if row.point == "ALL"), territories)


def _point(
    row: PointRow,
    anatomy: AnatomyRow | None,
    cautions: tuple[CautionRow, ...],
    positions: tuple[PositionRow, ...],
) -> Point:
    pairs = ((row.offset_cun, row.offset_direction), (row.offset2_cun, row.offset2_direction))
    return Point(
        code=row.code,
        meridian_code=row.prefix,
        meridian=row.meridian,
        number=row.number,
        pinyin=row.pinyin,
        pinyin_plain=row.pinyin_plain,
        hanzi=row.hanzi,
        hanzi_traditional=row.hanzi_trad,
        english=row.english,
        other_names=_split(row.alias),
        region=row.body_region,
        aspect=row.aspect,
        midline=not row.bilateral,
        members=_members(row),
        landmark=row.landmark,
        offsets=tuple(Offset(cun, way, row.offset_unit or "B-cun") for cun, way in pairs if cun and way),
        other_location=row.alt_location,
        special=_split(row.special),
        names_to_check=row.pinyin_status == "check",
        source=row.source,
        anatomy=anatomy,
        cautions=cautions,
        positions=positions,
        same_place=same_place(row.code),
    )


def natural_key(code: str) -> tuple[int, int]:
    """Sorts codes in channel order: LU1 first, EX-LE12 last."""
    match = re.fullmatch(r"((?:EX-)?[A-Z]+)(\d+)", code)
    prefix = match[1] if match else ""
    return (list(MERIDIANS).index(prefix) if prefix in MERIDIANS else 99, int(match[2]) if match else 0)
