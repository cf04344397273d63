"""From a ranking to a set that can be needled: budget, coverage, sides, one needle a place, safe current.

Rules, in order: no point that the safety screen keeps out; first one local (or, failing that, regional) point for
every region with symptoms; then by rank while the needles last; no place twice under two names; electrical pairs
only between two points of one limb on one side, so that no current crosses the chest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deqi.science.points.atlas import atlas
from deqi.science.points.line import ElectricalSetting, Placement, format_line, parse_line
from deqi.science.points.suggestions.tables import case_region_of, tables

LEVELS_A_SIDE = 3
"""EX-B2 is needled at the affected segments only; three levels a side are reckoned with."""

SAFE_PAIRS = "Pairs join points of one limb on one side: no current crosses the chest."
LEG = frozenset({"foot", "toe", "ankle", "lower leg", "knee", "thigh", "hip", "buttock"})
ARM = frozenset({"finger", "hand", "wrist", "forearm", "elbow", "upper arm", "shoulder"})


@dataclass(frozen=True)
class ChosenSet:
    """A set within the needle budget. `line`: as a treatment line; `notes`: what it leaves to the practitioner."""

    codes: tuple[str, ...]
    needles: int
    line: str
    pairs: tuple[tuple[str, str], ...]
    uncovered: tuple[str, ...]
    notes: tuple[str, ...]


def sides_for(
    condition: str, affected: str | None, kept_off: Mapping[str, set[str]], code: str
) -> str | None:
    """The side a point is needled on: midline, both, left or right; None if safety leaves no side."""
    if atlas()[code].midline:
        return "midline" if not kept_off.get(code) else None
    wanted = {"left", "right"}
    if condition in tables().focal and affected in ("left", "right"):
        wanted = {affected}
    allowed = wanted - kept_off.get(code, set())
    if not allowed:
        return None
    return "both" if len(allowed) == 2 else allowed.pop()


def needles_for(code: str, side: str) -> int:
    """Needles a point takes on a side."""
    point = atlas()[code]
    places = LEVELS_A_SIDE if code == "EX-B2" else point.needles_per_side
    return places * (2 if side == "both" else 1)


def choose(
    ranked: Sequence[tuple[str, str]],
    regions: Sequence[str],
    max_needles: int,
    electro: bool,
    no_current: frozenset[str],
    customary: int,
) -> ChosenSet:
    """The set from `ranked` (code, side), best first. `no_current`: codes that must not carry current.

    The first `customary` points may fill the set; the others serve only to cover a region.
    """
    chosen: dict[str, str] = {}
    left = max_needles
    for region in regions:
        pick = _first_for(region, ranked, chosen, left)
        if pick:
            chosen[pick[0]] = pick[1]
            left -= needles_for(*pick)
    for code, side in ranked[:customary]:
        if code not in chosen and needles_for(code, side) <= left and not _taken(code, chosen):
            chosen[code] = side
            left -= needles_for(code, side)
    order = {code: place for place, (code, _) in enumerate(ranked)}
    picked = dict(sorted(chosen.items(), key=lambda item: order[item[0]]))
    uncovered = tuple(r for r in regions if not any(_serves(code, r) for code in picked))
    pairs = _pairs(picked, no_current) if electro else ()
    return ChosenSet(
        codes=tuple(picked),
        needles=sum(needles_for(code, side) for code, side in picked.items()),
        line=_line(picked, pairs),
        pairs=pairs,
        uncovered=uncovered,
        notes=_notes(picked, pairs, electro),
    )


def without_current(chosen: ChosenSet, why: str) -> ChosenSet:
    """The same set without electrical pairs, and why."""
    bare = [replace(placement, electrical=None) for placement in parse_line(chosen.line)]
    notes = tuple(note for note in chosen.notes if note != SAFE_PAIRS)
    return replace(
        chosen, line=format_line(bare), pairs=(), notes=(*notes, f"No electrical pair is proposed. {why}")
    )


def _first_for(
    region: str, ranked: Sequence[tuple[str, str]], chosen: Mapping[str, str], left: int
) -> tuple[str, str] | None:
    if any(case_region_of(code) == region for code in chosen):
        return None
    fits = [
        (code, side)
        for code, side in ranked
        if code not in chosen and needles_for(code, side) <= left and not _taken(code, chosen)
    ]
    local = [pick for pick in fits if case_region_of(pick[0]) == region]
    near = [pick for pick in fits if _serves(pick[0], region)]
    return next(iter(local or near), None)


def _serves(code: str, region: str) -> bool:
    here = case_region_of(code)
    return here == region or here in tables().neighbours[region]  # type: ignore[index]


def _taken(code: str, chosen: Mapping[str, str]) -> bool:
    """Whether a chosen point names the same place."""
    others = {place.split(":")[0] for place in atlas()[code].same_place}
    return bool(others & set(chosen))


def limb_of(code: str) -> str | None:
    """leg, arm, or None for head and trunk."""
    region = atlas()[code].region
    return "leg" if region in LEG else "arm" if region in ARM else None


def _pairs(picked: Mapping[str, str], no_current: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Neighbours in rank on one limb and the same side, single-needle points only; at most two pairs a limb."""
    pairs = []
    for limb in ("leg", "arm"):
        for side in ("both", "left", "right"):
            fit = [
                code
                for code, where in picked.items()
                if limb_of(code) == limb
                and where == side
                and not atlas()[code].members
                and code not in no_current
            ]
            pairs += [(fit[i], fit[i + 1]) for i in range(0, min(len(fit), 4) - 1, 2)]
    return tuple(pairs)


def _line(picked: Mapping[str, str], pairs: Sequence[tuple[str, str]]) -> str:
    partner = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    placements = [
        Placement(
            code=code,
            side=side,  # type: ignore[arg-type]
            needles=needles_for(code, side),
            electrical=ElectricalSetting(partner[code]) if code in partner else None,
        )
        for code, side in picked.items()
        if code != "EX-B2"
    ]
    return format_line(placements)


def _notes(picked: Mapping[str, str], pairs: Sequence[tuple[str, str]], electro: bool) -> tuple[str, ...]:
    notes = []
    if "EX-B2" in picked:
        notes.append("EX-B2 stands outside the line: choose its levels, those of the affected segments.")
    if electro and pairs:
        notes.append(SAFE_PAIRS)
    if electro and not pairs:
        notes.append("No electrical pair is proposed: no two points of one limb and side may carry current.")
    return tuple(notes)
