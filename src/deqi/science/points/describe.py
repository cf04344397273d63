"""Everything the atlas and the trials say about a point, as plain data for the command, the API and the pages.

Example:
    >>> described("ST36")["location"]["landmark"] is not None
    True
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from deqi.science.points.atlas import Point, atlas
from deqi.science.points.trial_use import NOT_PROOF, counted, summary, uses


def located(point: Point) -> str:
    """Where the point is, in words: landmark, then distances in cun."""
    steps = [f"{offset.cun:g} {_unit(offset.unit)} {offset.direction}" for offset in point.offsets]
    return "; ".join((point.landmark, *steps))


def _unit(unit: str) -> str:
    return {"B-cun": "cun", "F-cun": "finger cun", "fingerbreadth": "fingerbreadth"}[unit]


def depth_words(point: Point) -> str | None:
    """The textbook depth, cun first: "1-2 cun (about 22-44 mm), perpendicular"; None if the sources show none."""
    beneath = point.anatomy
    if beneath is None or beneath.depth_min_cun is None or beneath.depth_max_cun is None:
        return None
    cun = f"{beneath.depth_min_cun:g}-{beneath.depth_max_cun:g} cun"
    mm = f"about {beneath.depth_min_mm:g}-{beneath.depth_max_mm:g} mm"
    return f"{cun} ({mm})" + (f", {beneath.angle}" if beneath.angle else "")


def described(code: str) -> dict[str, Any]:
    """All that is known of one point. Raises KeyError for a code that is not in the atlas."""
    point = atlas()[code]
    return {
        "code": point.code,
        "pinyin": point.pinyin,
        "pinyin_plain": point.pinyin_plain,
        "hanzi": point.hanzi,
        "hanzi_traditional": point.hanzi_traditional,
        "english": point.english,
        "other_names": list(point.other_names),
        "names_to_check": point.names_to_check,
        "meridian": point.meridian,
        "number": point.number,
        "midline": point.midline,
        "places": list(point.members),
        "same_place": list(point.same_place),
        "location": {
            "region": point.region,
            "aspect": point.aspect,
            "landmark": point.landmark,
            "offsets": [asdict(offset) for offset in point.offsets],
            "words": located(point),
            "other_location": point.other_location,
        },
        "special": list(point.special),
        "depth": depth_words(point),
        "anatomy": point.anatomy.model_dump(exclude={"point"}) if point.anatomy else None,
        "cautions": [caution.model_dump(exclude={"point"}) for caution in point.cautions],
        "trials": {
            "summary": summary(code),
            "counted": len(counted(code)),
            "uses": [asdict(use) for use in uses(code)],
            "not_proof": NOT_PROOF,
        },
        "source": point.source,
    }


def brief(point: Point) -> dict[str, Any]:
    """What a list of points needs: names, region, nerve, how many trials used it."""
    return {
        "code": point.code,
        "pinyin": point.pinyin,
        "hanzi": point.hanzi,
        "english": point.english,
        "meridian": point.meridian,
        "region": point.region,
        "aspect": point.aspect,
        "nerve": point.anatomy.peripheral_nerve_sensory if point.anatomy else None,
        "trials": len(counted(point.code)),
    }
