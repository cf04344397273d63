"""Finds a point by whatever name a practitioner types: code, old code, pinyin without tones, characters.

Example:
    >>> find("zu san li").code, find("SJ5").code, find("M-LE-8").code
    ('ST36', 'TE5', 'EX-LE10')
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache

from pydantic import Field

from deqi.science.knowledge import Strict, data_path, load_csv
from deqi.science.points.atlas import MERIDIANS, PACKAGE, Point, atlas


class PrefixRow(Strict):
    """One line of prefixes.csv: another tradition's letters for a meridian."""

    prefix: str = Field(pattern=r"^[0-9]?[A-Z]{1,3}$")
    meridian_code: str
    tradition: str


class OtherNameRow(Strict):
    """One line of other_names.csv: an older code or an everyday spelling of a point."""

    name: str
    code: str
    source: str


class UnknownPoint(LookupError):
    """No point, or more than one, goes by that name. `suggestions` are codes worth offering, nearest first."""

    def __init__(self, text: str, message: str, suggestions: tuple[str, ...]):
        self.text = text
        self.suggestions = suggestions
        super().__init__(message)


def fold(text: str) -> str:
    """The form in which names are compared: no tones, no case, no blanks or hyphens. "Zú sān lǐ" -> "zusanli"."""
    plain = unicodedata.normalize("NFD", text.replace("ü", "u").replace("Ü", "u"))
    return "".join(char for char in plain if char.isalnum()).lower()


@cache
def prefixes() -> Mapping[str, str]:
    """Other traditions' letters -> our meridian code: {"ub": "BL", "sj": "TE", ...}."""
    rows = load_csv(data_path(PACKAGE, "prefixes.csv"), PrefixRow)
    return {row.prefix.lower(): row.meridian_code for row in rows}


@cache
def other_names() -> tuple[OtherNameRow, ...]:
    """Older codes of the extra points and everyday spellings."""
    return load_csv(data_path(PACKAGE, "other_names.csv"), OtherNameRow)


@cache
def names() -> Mapping[str, tuple[str, ...]]:
    """Every folded name -> the codes that carry it. Two codes for one name mean that the name is not enough."""
    found: dict[str, list[str]] = {}

    def add(name: str, code: str) -> None:
        codes = found.setdefault(fold(name), [])
        if code not in codes:
            codes.append(code)

    for code, point in atlas().items():
        for name in (
            code,
            point.pinyin_plain,
            point.pinyin,
            point.hanzi,
            point.hanzi_traditional,
            *point.other_names,
        ):
            add(name, code)
        if point.english:
            add(point.english, code)
    for row in other_names():
        add(row.name, row.code)
    for prefix, meridian in prefixes().items():
        for number in range(1, MERIDIANS[meridian][1] + 1):
            if f"{prefix}{number}" not in found:
                add(f"{prefix}{number}", f"{meridian}{number}")
    return {name: tuple(codes) for name, codes in found.items()}


def lookup(text: str) -> tuple[str, ...]:
    """Codes that go by exactly this name; empty if none does. Leading zeros do not matter ("ST 036")."""
    folded = fold(text)
    if codes := names().get(folded):
        return codes
    return names().get(re.sub(r"(?<=[a-z])0+(?=\d)", "", folded), ())


def find(text: str) -> Point:
    """The one point called `text`. Raises UnknownPoint, whose `suggestions` are the nearest codes.

    Example: find("taichong").code == "LR3"; find("futu") raises, because LI18 and ST32 are both called so.
    """
    codes = lookup(text)
    if len(codes) == 1:
        return atlas()[codes[0]]
    if codes:
        both = " and ".join(atlas()[code].name for code in codes)
        raise UnknownPoint(text, f'"{text}" names more than one point: {both}. Type the code.', codes)
    raise UnknownPoint(text, _unknown(text), nearest(text))


def nearest(text: str, limit: int = 3) -> tuple[str, ...]:
    """Codes whose names look most like `text`, nearest first."""
    folded = fold(text)
    if match := _code_like(folded):
        meridian, number = match
        last = MERIDIANS[meridian][1]
        digits = str(number)
        tries = [int(digits[:-1] or 0), int(digits[:2] or 0), int(digits[0]), last]
        return tuple(dict.fromkeys(f"{meridian}{n}" for n in tries if 1 <= n <= last))[:limit]
    close = get_close_matches(folded, names().keys(), n=limit * 3, cutoff=0.6)
    return tuple(dict.fromkeys(code for name in close for code in names()[name]))[:limit]


def _code_like(folded: str) -> tuple[str, int] | None:
    """("ST", 99) for "st99": the letters are a meridian's, the number is not one of its points."""
    match = re.fullmatch(r"([a-z]+)(\d{1,4})", folded)
    if not match:
        return None
    known = {fold(prefix): prefix for prefix in MERIDIANS} | dict(prefixes())
    return (known[match[1]], int(match[2])) if match[1] in known else None


def _unknown(text: str) -> str:
    if match := _code_like(fold(text)):
        name, count = MERIDIANS[match[0]]
        return f"{match[0]}{match[1]} does not exist: {name} has points {match[0]}1 to {match[0]}{count}."
    return f'"{text}" is not a point or a word of the treatment line.'
