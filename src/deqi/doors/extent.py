"""Small pictures of how far symptoms reach up each limb over time, drawn on the server. No script needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deqi.record.care.queries.extent import LIMB_WORDS, ExtentOverTime

WIDTH, HEIGHT, PAD = 240, 64, 6


@dataclass(frozen=True)
class Reach:
    """One limb: its line and dots in a 240 x 64 box; the top is the highest level of any map."""

    label: str
    line: str
    dots: list[tuple[float, float]]
    first: float
    last: float


def reaches(seen: ExtentOverTime) -> list[Reach]:
    """One small plot a limb, on the same days and the same scale in cun; none for fewer than two maps."""
    if len(seen.maps) < 2:
        return []
    start = seen.maps[0].on
    days = max(1, (seen.maps[-1].on - start).days)
    top = max((one.levels_cun[name] for one in seen.maps for name in seen.limbs), default=0) or 1
    found = []
    for name in seen.limbs:
        levels = [one.levels_cun[name] for one in seen.maps]
        dots = [
            (
                round(PAD + (one.on - start).days / days * (WIDTH - 2 * PAD), 1),
                round(PAD + (top - level) / top * (HEIGHT - 2 * PAD), 1),
            )
            for one, level in zip(seen.maps, levels, strict=True)
        ]
        line = " ".join(f"{x},{y}" for x, y in dots)
        found.append(Reach(LIMB_WORDS[name], line, dots, levels[0], levels[-1]))
    return found


def extent_context(seen: ExtentOverTime) -> dict[str, Any]:
    """What `deqi/extent.html` needs."""
    return {
        "extent": seen,
        "reaches": reaches(seen),
        "limb_words": [LIMB_WORDS[name] for name in seen.limbs],
    }
