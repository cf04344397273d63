"""Cuts a treatment line into groups and words, and says what each word is.

A word is a point, an electrical pair, or a modifier (side, depth, retention, technique, deqi, frequency, current,
waveform). Blanks inside names and before units are forgiven: "zu san li", "st 36", "25 mm", "lr3 + gb42".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from deqi.science.points.atlas import MM_PER_CUN, atlas
from deqi.science.points.line.words import (
    CURRENT_MA,
    DEPTH_MM,
    DEQI,
    ELECTRO,
    FREQUENCY_HZ,
    RETENTION_MIN,
    SIDES,
    TECHNIQUES,
    UNITS,
    WAVEFORMS,
    WHOLE_LINE,
    Fault,
    format_members,
)
from deqi.science.points.names import UnknownPoint, find, fold, lookup, nearest

_ATOM = r"(?:[^\s;,+]|(?<=\d),(?=\d))+"
_WORD = re.compile(rf"{_ATOM}(?:\s*\+\s*{_ATOM})*|\+")
_NUMBER = r"\d+(?:[.,]\d+)?"
_AMOUNT = re.compile(rf"(-?{_NUMBER})([a-z寸']*)$")
_FREQUENCY = re.compile(rf"({_NUMBER})(?:[/-]({_NUMBER}))?hz$")
_RANGE = re.compile(rf"({_NUMBER})-({_NUMBER})(mm|cm|cun|寸|min|mins|minutes|ma)$")
_LONGEST_NAME = 4


@dataclass(frozen=True)
class Span:
    """A piece of the line: `text[start:end]`."""

    start: int
    end: int
    word: str

    def fault(self, message: str, *suggestions: str) -> Fault:
        return Fault(self.start, self.end, self.word, message, suggestions)


@dataclass(frozen=True)
class PointRef:
    """A point as named on the line, with the places and the depth tied to it."""

    code: str
    members: tuple[str, ...]
    depth_mm: float | None

    @property
    def label(self) -> str:
        return self.code + format_members(self.code, self.members)


@dataclass(frozen=True)
class Token:
    """One word read. kind: point | pair | side | depth | retention | technique | deqi | frequency | current |
    waveform | electro | all; `value` is a PointRef, two of them, or the modifier's value."""

    span: Span
    kind: str
    value: Any


class Unreadable(Exception):
    """Carries the fault of one word."""

    def __init__(self, fault: Fault):
        self.fault = fault


def groups(text: str) -> Iterator[list[Span]]:
    """The line's groups, each as its raw words. Groups end at ";" or at the end of a text line."""
    same_length = text.translate({0xFF1B: ";", 0xFF0C: ",", 0x3001: ",", 0x3000: " ", 0xFF0B: "+"})
    for match in re.finditer(r"[^;\n\r]+", same_length):
        spans = [
            Span(match.start() + word.start(), match.start() + word.end(), word[0])
            for word in _WORD.finditer(match[0])
        ]
        if spans:
            yield spans


def read_group(text: str, spans: list[Span], faults: list[Fault]) -> list[Token]:
    """The tokens of one group. Unreadable words are appended to `faults` and left out."""
    tokens: list[Token] = []
    place = 0
    while place < len(spans):
        taken, span = _joined(text, spans, place)
        try:
            tokens.append(_read(span))
        except Unreadable as error:
            faults.append(error.fault)
        place += taken
    return tokens


def _joined(text: str, spans: list[Span], place: int) -> tuple[int, Span]:
    """The longest run of words from `place` that together make one known word; else the word alone."""
    for count in range(min(_LONGEST_NAME, len(spans) - place), 1, -1):
        run = spans[place : place + count]
        span = Span(run[0].start, run[-1].end, text[run[0].start : run[-1].end])
        words = [part.word for part in run]
        if all(re.fullmatch(r"[^\W\d_]+", word) for word in words):
            whole = fold("".join(words))
            if lookup(whole) or whole in DEQI or whole in TECHNIQUES or whole in WAVEFORMS:
                return count, span
        if count == 2 and _belongs(*words):
            return 2, span
    return 1, spans[place]


def _belongs(first: str, second: str) -> bool:
    """A number and its unit ("25 mm"), or a meridian's letters and a number ("st 36"; one letter is a side)."""
    if re.fullmatch(rf"{_NUMBER}(?:[/-]{_NUMBER})?", first):
        return second.lower() in UNITS and len(second) > 1
    return len(first) > 1 and first.isalpha() and second.isdecimal() and bool(lookup(first + second))


def _read(span: Span) -> Token:
    plain = span.word.lower()
    word = fold(span.word)
    if "+" in plain:
        return Token(span, "pair", _pair(span))
    for kind, table in (("side", SIDES), ("technique", TECHNIQUES), ("deqi", DEQI), ("waveform", WAVEFORMS)):
        if word in table:
            return Token(span, kind, table[word])
    if word in ELECTRO or word in WHOLE_LINE:
        return Token(span, "electro" if word in ELECTRO else "all", True)
    squeezed = plain.replace(" ", "")
    if match := _FREQUENCY.match(squeezed):
        return Token(span, "frequency", _frequency(span, match))
    if match := _RANGE.match(squeezed):
        low, high, unit = match.groups()
        raise Unreadable(
            span.fault("One figure, not a range: what was done today.", f"{low}{unit}", f"{high}{unit}")
        )
    if (match := _AMOUNT.match(squeezed)) and not lookup(span.word):
        return _amount(span, match)
    return Token(span, "point", _point(span, span.word))


def _pair(span: Span) -> tuple[PointRef, PointRef]:
    parts = [part.strip() for part in span.word.split("+")]
    if len(parts) != 2 or not all(parts):
        raise Unreadable(span.fault("An electrical pair joins exactly two points.", "ST36+SP6"))
    first, second = (_point(span, part) for part in parts)
    return first, second


def _point(span: Span, text: str) -> PointRef:
    """Reads "EX-LE10:2-3@8mm": the point, its places, the depth tied to it."""
    named, _, deep = text.partition("@")
    name, _, places = named.partition(":")
    try:
        point = find(name)
    except UnknownPoint as error:
        offers = error.suggestions or tuple(dict.fromkeys((*nearest(name), *_near_words(name))))
        raise Unreadable(span.fault(str(error), *offers[:3]))
    depth = None
    if "@" in text:
        match = re.fullmatch(rf"({_NUMBER})(mm|cm|cun|寸|)", deep.strip().lower())
        if not match:
            raise Unreadable(span.fault("After @ comes a depth.", f"{name}@20mm"))
        depth = _depth(span, float(match[1].replace(",", ".")), match[2] or "mm")
    return PointRef(point.code, _members(span, point.code, places), depth)


def _members(span: Span, code: str, places: str) -> tuple[str, ...]:
    if not places:
        return ()
    known = atlas()[code].members
    if not known:
        raise Unreadable(span.fault(f"{code} is a single place.", code))
    chosen: set[str] = set()
    by_name = {name.lower(): name for name in known}
    for part in re.split(r"[/,]", places.lower()):
        first, _, last = part.partition("-")
        if first[:1].isalpha() and last.isdecimal():
            last = first[0] + last
        if first not in by_name or (last and last not in by_name):
            offers = (
                f"{code}:{known[0]}",
                f"{code}:{known[0]}-{known[-1]}" if code not in ("EX-HN1",) else "",
            )
            raise Unreadable(span.fault(f"{code} has the places {', '.join(known)}.", *filter(None, offers)))
        start, end = known.index(by_name[first]), known.index(by_name[last or first])
        if start > end:
            raise Unreadable(span.fault(f"Write the places of {code} in order.", f"{code}:{last}-{first}"))
        chosen.update(known[start : end + 1])
    return () if len(chosen) == len(known) else tuple(name for name in known if name in chosen)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _depth(span: Span, amount: float, unit: str) -> float:
    depth = round(amount * {"mm": 1.0, "cm": 10.0, "cun": MM_PER_CUN, "寸": MM_PER_CUN}[unit], 1)
    if not DEPTH_MM[0] <= depth <= DEPTH_MM[1]:
        said = f"{amount:g} {unit}" + ("" if unit == "mm" else f" (about {depth:g} mm)")
        raise Unreadable(
            span.fault(f"A depth of {said} is not possible: {DEPTH_MM[0]:g} to {DEPTH_MM[1]:g} mm.", "25mm")
        )
    return depth


def _frequency(span: Span, match: re.Match[str]) -> tuple[float, ...]:
    values = tuple(round(_number(part), 2) for part in match.groups() if part)
    if any(not FREQUENCY_HZ[0] <= value <= FREQUENCY_HZ[1] for value in values):
        raise Unreadable(
            span.fault(
                f"A frequency lies between {FREQUENCY_HZ[0]:g} and {FREQUENCY_HZ[1]:g} Hz.", "2hz", "2/100hz"
            )
        )
    return values


def _amount(span: Span, match: re.Match[str]) -> Token:
    amount, unit = _number(match[1]), UNITS.get(match[2])
    said = match[1]
    if unit is None:
        offers = (
            (f"{said}mm", f"{said}min")
            if not match[2]
            else tuple(f"{said}{u}" for u in _near_units(match[2]))
        )
        reason = "A number needs its unit" if not match[2] else f'"{match[2]}" is not a unit'
        raise Unreadable(span.fault(f"{reason}: mm or cun for depth, min for retention, hz, ma.", *offers))
    if unit in ("mm", "cm", "cun"):
        return Token(span, "depth", _depth(span, amount, unit))
    if unit == "min":
        if amount != int(amount) or not RETENTION_MIN[0] <= amount <= RETENTION_MIN[1]:
            message = f"Needles stay {RETENTION_MIN[0]} to {RETENTION_MIN[1]} whole minutes, not {amount:g}."
            raise Unreadable(span.fault(message, "25min"))
        return Token(span, "retention", int(amount))
    if unit == "hz":
        raise Unreadable(span.fault("A frequency is a positive number.", "2hz"))
    current = round(amount, 2)
    if not CURRENT_MA[0] <= current <= CURRENT_MA[1]:
        raise Unreadable(
            span.fault(f"A current lies between {CURRENT_MA[0]:g} and {CURRENT_MA[1]:g} mA.", "1.5ma")
        )
    return Token(span, "current", current)


def _near_units(unit: str) -> list[str]:
    return get_close_matches(unit, ("mm", "cun", "min", "hz", "ma"), n=2, cutoff=0.5) or ["mm", "min"]


@cache
def _vocabulary() -> tuple[str, ...]:
    tables = (SIDES, TECHNIQUES, DEQI, WAVEFORMS)
    return tuple(word for table in tables for word in table if len(word) > 2)


def _near_words(text: str) -> list[str]:
    return get_close_matches(fold(text), _vocabulary(), n=2, cutoff=0.7)
