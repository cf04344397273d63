"""The treatment line of a visit: what is typed is added to what stands, and what each word of it changes.

- A point that is typed again takes what was typed over and keeps the rest: "st36 30mm" makes ST36 deeper.
- The same point on the other side is a second needle; on an overlapping side it replaces the first.
- "-st36 -lr3" takes points away. "all deqi" fills what is still open.

Example:
    >>> from deqi.science.points import format_line, parse_line
    >>> format_line(merged(parse_line("st36 lr3 b 25mm"), "st36 30mm; li4 r"))
    'ST36 b 30mm; LR3 b 25mm; LI4 r'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from deqi.record.care.models import RETENTION_MIN
from deqi.record.errors import Refusal
from deqi.science.points import (
    Fault,
    LineError,
    Placement,
    UnknownPoint,
    atlas,
    find,
    format_line,
    parse_line,
)

Affected = Literal["left", "right"] | None


class LineRefused(Refusal):
    """Words of the line that cannot be read. `faults` hold where they stand in `text` and what to type instead."""

    def __init__(self, text: str, faults: Sequence[Fault]):
        self.text, self.faults = text, tuple(faults)
        super().__init__(" ".join(fault.message for fault in faults), field="line", code="line")

    @property
    def pieces(self) -> list[tuple[str, Fault | None]]:
        """The text cut into runs, each with the fault that stands on it."""
        found: list[tuple[str, Fault | None]] = []
        at = 0
        for fault in sorted(self.faults, key=lambda f: (f.start, f.end)):
            if fault.start < at:
                continue
            if fault.start > at:
                found.append((self.text[at : fault.start], None))
            found.append((self.text[fault.start : fault.end], fault))
            at = fault.end
        if self.text[at:]:
            found.append((self.text[at:], None))
        return found


def merged(standing: Sequence[Placement], typed: str, affected: Affected = None) -> tuple[Placement, ...]:
    """What stands after `typed` is added to it. Raises LineRefused with every word that cannot be read."""
    if typed.lstrip().startswith("-"):
        return _taken_away(standing, typed)
    try:
        added = parse_line(typed, affected)
        if not added and typed.strip():
            return _for_all(standing, typed, affected)
    except LineError as error:
        raise LineRefused(typed, error.errors)
    held = list(standing)
    for new in added:
        over = [old for old in held if old.label == new.label and _overlap(old.side, new.side)]
        if over:
            place = held.index(over[0])
            held = [old for old in held if old not in over]
            held.insert(place, _over(over[0], new))
        else:
            held.append(new)
    return checked(_wires_kept(held), typed)


def read(text: str, affected: Affected = None) -> tuple[Placement, ...]:
    """A whole line. Raises LineRefused."""
    try:
        return checked(parse_line(text, affected), text)
    except LineError as error:
        raise LineRefused(text, error.errors)


def named(typed: str, affected: Affected = None) -> set[str]:
    """Codes of the points that `typed` names; none for a line about all points."""
    try:
        return {placement.code for placement in parse_line(typed, affected)}
    except LineError:
        return set()


def checked(placements: Sequence[Placement], typed: str) -> tuple[Placement, ...]:
    """The placements, if together they make a line that can be read again and recorded. Raises LineRefused."""
    for placement in placements:
        minutes = placement.retention_min
        if minutes is not None and not RETENTION_MIN[0] <= minutes <= RETENTION_MIN[1]:
            message = f"{placement.label}: {minutes} minutes is not possible: {RETENTION_MIN[0]} to {RETENTION_MIN[1]}."
            raise LineRefused(typed, [Fault(0, len(typed), typed, message, ())])
    try:
        return parse_line(format_line(placements))
    except LineError as error:
        raise LineRefused(
            typed, [replace(fault, start=0, end=len(typed), word=typed) for fault in error.errors]
        )


def _overlap(first: str, second: str) -> bool:
    return first == second or "both" in (first, second)


def _over(old: Placement, new: Placement) -> Placement:
    """`new` with what it leaves open taken from `old`."""
    fill = ("depth_mm", "technique", "deqi", "retention_min", "electrical")
    values: Mapping[str, Any] = {
        name: getattr(new, name) or getattr(old, name) for name in fill if name != "deqi"
    }
    return replace(new, **values, deqi=new.deqi if new.deqi is not None else old.deqi)


def _wires_kept(placements: Sequence[Placement]) -> list[Placement]:
    """Drops half of a pair whose other half is gone, on another side, or wired to something else."""

    def has_partner(one: Placement) -> bool:
        wire = one.electrical
        return wire is None or any(
            other.label == wire.pair_with
            and other.electrical is not None
            and other.electrical.pair_with == one.label
            and len({one.side, other.side} - {"midline"}) < 2
            for other in placements
        )

    return [one if has_partner(one) else replace(one, electrical=None) for one in placements]


def _taken_away(standing: Sequence[Placement], typed: str) -> tuple[Placement, ...]:
    left = list(standing)
    at = 0
    faults: list[Fault] = []
    for word in typed.replace(";", " ").replace(",", " ").split():
        start = typed.index(word, at)
        at = start + len(word)
        try:
            code = find(word.lstrip("-")).code
        except UnknownPoint as error:
            faults.append(
                Fault(start, at, word, f'"{word}" is not a point.', tuple(f"-{s}" for s in error.suggestions))
            )
            continue
        if not any(placement.code == code for placement in left):
            faults.append(Fault(start, at, word, f"{code} is not among today's points.", ()))
        left = [placement for placement in left if placement.code != code]
    if faults:
        raise LineRefused(typed, faults)
    return checked(_wires_kept(left), typed)


def _for_all(standing: Sequence[Placement], typed: str, affected: Affected) -> tuple[Placement, ...]:
    """A line that names no point ("all deqi") speaks of all points that stand."""
    if not standing:
        raise LineRefused(
            typed, [Fault(0, len(typed), typed, "There is no point yet for this to hold for.", ())]
        )
    return read(f"{typed.rstrip(' ;')}; {format_line(standing)}", affected)


def is_deep(placement: Placement) -> bool:
    """Whether the planned depth goes past the textbook range of the point: what rules call deep needling here.

    That reading of "deep" is ours. A depth or a range that is not known says no.
    """
    deepest = atlas()[placement.code].anatomy.depth_max_mm
    return bool(placement.depth_mm and deepest and placement.depth_mm > deepest)
