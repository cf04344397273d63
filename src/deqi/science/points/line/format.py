"""Writes placements as one canonical treatment line; `parse_line` reads it back to the same placements.

Needles come first, in their order; neighbours that share every modifier stand in one group. A pair whose two
needles are neighbours with the same modifiers is written in place; any other pair follows at the end of the line.

Example:
    >>> from deqi.science.points.line.parse import parse_line
    >>> format_line(parse_line("zusanli lr3 25 mm both; li4 r; ea lr3+gb42 2hz"))
    'ST36 LR3 b 25mm; LI4 r; GB42 b; ea LR3+GB42 2hz'
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from deqi.science.points.line.words import ElectricalSetting, Placement

_SIDE = {"both": "b", "left": "l", "right": "r", "midline": ""}


def format_line(placements: Sequence[Placement]) -> str:
    """The canonical line. Raises ValueError if half of an electrical pair is missing."""
    pieces: list[tuple[bool, str, str]] = []
    wires: list[tuple[str, str]] = []
    place = 0
    while place < len(placements):
        first = placements[place]
        second = _partner(first, placements)
        neighbour = place + 1 < len(placements) and placements[place + 1] is second
        if first.electrical and (second is first or (neighbour and _same_needling(first, second))):
            modifiers = f"{_needling(first)} {_current(first.electrical)}".strip()
            pieces.append((True, modifiers, f"{first.label}+{first.electrical.pair_with}"))
            place += 1 if second is first else 2
            continue
        pieces.append((False, _needling(first), first.label))
        if first.electrical and second is not None and placements.index(second) > place:
            wires.append((_wire_words(first, second, placements), f"{first.label}+{second.label}"))
        place += 1
    lines = []
    for (wired, modifiers), group in groupby(pieces, key=lambda piece: piece[:2]):
        names = " ".join(name for _, _, name in group)
        lines.append(" ".join(part for part in ("ea" if wired else "", names, modifiers) if part))
    lines += [
        " ".join(part for part in ("ea", *(pair for _, pair in group), current) if part)
        for current, group in groupby(wires, key=lambda wire: wire[0])
    ]
    return "; ".join(lines)


def _partner(placement: Placement, placements: Sequence[Placement]) -> Placement | None:
    """The placement at the other end of the current; the placement itself for a left-to-right pair."""
    if placement.electrical is None:
        return None
    wanted = placement.electrical.pair_with
    for other in placements:
        sides = {placement.side, other.side} - {"midline"}
        back = other.electrical and other.electrical.pair_with == placement.label
        if other.label == wanted and back and len(sides) < 2:
            return other
    raise ValueError(f"{placement.label} is wired to {wanted}, which is not wired to it in this line")


def _wire_words(first: Placement, second: Placement, placements: Sequence[Placement]) -> str:
    """What follows a pair whose needles stand elsewhere; the side only where it would be in doubt."""
    labels = [placement.label for placement in placements]
    doubt = labels.count(first.label) > 1 or labels.count(second.label) > 1
    side = _SIDE[first.side] or _SIDE[second.side] if doubt else ""
    return f"{side} {_current(first.electrical)}".strip() if first.electrical else side


def _same_needling(first: Placement, second: Placement | None) -> bool:
    return second is not None and first.side == second.side and _needling(first) == _needling(second)


def _needling(placement: Placement) -> str:
    words = [_SIDE[placement.side]]
    if placement.depth_mm is not None:
        words.append(f"{placement.depth_mm:g}mm")
    if placement.retention_min is not None:
        words.append(f"{placement.retention_min}min")
    if placement.technique is not None:
        words.append(placement.technique)
    if placement.deqi is not None:
        words.append("deqi" if placement.deqi else "no-deqi")
    return " ".join(word for word in words if word)


def _current(setting: ElectricalSetting) -> str:
    words = []
    if setting.frequency_hz:
        words.append("/".join(f"{value:g}" for value in setting.frequency_hz) + "hz")
    if setting.current_ma is not None:
        words.append(f"{setting.current_ma:g}ma")
    if setting.waveform is not None:
        words.append(setting.waveform)
    return " ".join(words)
