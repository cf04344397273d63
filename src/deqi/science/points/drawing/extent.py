"""How far up the limbs symptoms reach, and whether the stocking or the glove is moving down.

Question answered: from the toes (fingers) upwards, up to which level is every stretch of the limb affected, and how
has that changed? The level is the upper end of the highest affected stretch that is joined without a gap to the toes
or the ball of the foot (the fingers or the hand), in cun from the tip. Cun are proportions of a drawn standard body:
the level compares one person with themselves, it is not a measurement in millimetres.

Example:
    >>> extent(["right_great_toe_top", "right_ball_of_foot", "right_arch"]).right_leg.level_cun
    9.0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deqi.science.points.drawing.regions import BandRow, region, regions_file


@dataclass(frozen=True)
class LimbExtent:
    """One limb. `level_cun`: 0 when nothing distal is affected; `apart`: affected regions above a gap."""

    level_cun: float
    words: str
    apart: tuple[str, ...]


@dataclass(frozen=True)
class Extent:
    """Stocking (legs) and glove (arms) of one symptom map; `elsewhere`: affected regions off the limbs."""

    right_leg: LimbExtent
    left_leg: LimbExtent
    right_arm: LimbExtent
    left_arm: LimbExtent
    elsewhere: tuple[str, ...]

    def levels_cun(self) -> dict[str, float]:
        """Level by limb, for plotting over time."""
        return {name: getattr(self, name).level_cun for name in LIMBS}


LIMBS: Mapping[str, tuple[str, str]] = {
    "right_leg": ("right", "leg"),
    "left_leg": ("left", "leg"),
    "right_arm": ("right", "arm"),
    "left_arm": ("left", "arm"),
}
_GARMENT = {"leg": "stocking", "arm": "glove"}


def extent(regions: Iterable[str] | Mapping[str, float]) -> Extent:
    """The extent of a symptom map: region ids, or region id -> level 0-10 (0 counts as not affected).

    Raises KeyError for an unknown region id.
    """
    ids = [one for one in regions if not isinstance(regions, Mapping) or regions[one] > 0]
    affected = [region(one) for one in ids]
    limbs = {}
    for name, (side, limb) in LIMBS.items():
        here = {one.id: one.band for one in affected if one.side == side and one.limb == limb and one.band}
        limbs[name] = _limb(here, getattr(regions_file().bands, limb), side, limb)
    elsewhere = tuple(one.id for one in affected if not one.band)
    return Extent(**limbs, elsewhere=elsewhere)


def _limb(here: Mapping[str, str], bands: tuple[BandRow, ...], side: str, limb: str) -> LimbExtent:
    covered = set(here.values())
    start = next((i for i in (0, 1) if bands[i].key in covered), None)
    if limb == "leg" and start is None and "midfoot" in covered:
        start = 2
    joined: list[BandRow] = []
    if start is not None:
        for band in bands[start:]:
            if band.key not in covered:
                break
            joined.append(band)
    keys = {band.key for band in joined}
    apart = tuple(one for one, band in here.items() if band not in keys)
    tip = {"leg": "foot", "arm": "hand"}[limb]
    if not joined:
        words = f"no {_GARMENT[limb]} on the {side}" if apart else f"{side} {tip} not affected"
        return LimbExtent(0.0, words, apart)
    return LimbExtent(joined[-1].to_cun, f"{side} {_GARMENT[limb]} up to {joined[-1].words}", apart)


def change(before: Extent, after: Extent) -> tuple[str, ...]:
    """In plain words, how each limb that is or was affected has changed; the words claim no cause.

    Example: ("The stocking on the right has moved down, from the ankle to the toes.",)
    """
    sentences = []
    for name, (side, limb) in LIMBS.items():
        was, now = getattr(before, name), getattr(after, name)
        if not was.level_cun and not now.level_cun:
            continue
        garment = _GARMENT[limb]
        old, new = (level.words.partition(" up to ")[2] for level in (was, now))
        if not was.level_cun:
            sentences.append(f"A {garment} is new on the {side}: it reaches {new}.")
        elif not now.level_cun:
            sentences.append(f"The {garment} on the {side} is gone; it reached {old}.")
        elif now.level_cun == was.level_cun:
            sentences.append(
                f"The {garment} on the {side} still reaches {now.words.partition(' up to ')[2]}."
            )
        else:
            way = "down" if now.level_cun < was.level_cun else "up"
            sentences.append(f"The {garment} on the {side} has moved {way}, from {old} to {new}.")
    return tuple(sentences)
