"""Finds points by anything the atlas knows: names, codes, region, nerve, muscle, class, trials' condition.

Example:
    >>> [point.code for point in search("bafeng")]
    ['EX-LE10']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from deqi.science.evidence.schema import CONDITIONS
from deqi.science.points.atlas import Point, atlas
from deqi.science.points.names import fold, lookup, names
from deqi.science.points.trial_use import uses

SAME_WORDS: Mapping[str, tuple[str, ...]] = {
    "fibular": ("peroneal",),
    "calf": ("lower leg",),
    "shin": ("lower leg",),
    "leg": ("lower leg",),
    "sole": ("plantar",),
    "top of foot": ("foot dorsal",),
    "source": ("yuan-source",),
    "pregnant": ("pregnancy",),
}
"""Words people type for words the atlas uses."""


def search(text: str, limit: int = 20) -> tuple[Point, ...]:
    """Points that fit `text`, best first, at most `limit`.

    Ranking: the exact name; names beginning with the text; names containing it; then points whose facts
    (region, nerve, dermatome, muscle, special class, cautions, conditions of trials) hold every word.
    An empty text finds nothing. Ties keep channel order.
    """
    wanted = fold(text)
    words = tuple(word for word in text.lower().replace(",", " ").split() if word)
    if not wanted or limit < 1:
        return ()
    exact = set(lookup(text))
    starts: set[str] = set()
    contains: set[str] = set()
    for name, codes in names().items():
        if name.startswith(wanted):
            starts.update(codes)
        elif wanted in name and len(wanted) > 2:
            contains.update(codes)
    tests: tuple[Callable[[str], bool], ...] = (
        exact.__contains__,
        starts.__contains__,
        contains.__contains__,
        lambda code: _holds(code, words),
    )
    ranked: dict[str, None] = {}
    for test in tests:
        ranked.update(dict.fromkeys(code for code in atlas() if code not in ranked and test(code)))
        if len(ranked) >= limit:
            break
    return tuple(atlas()[code] for code in list(ranked)[:limit])


def _holds(code: str, words: tuple[str, ...]) -> bool:
    facts = _facts()[code]
    return all(any(word in facts for word in (word, *SAME_WORDS.get(word, ()))) for word in words)


@cache
def _facts() -> Mapping[str, str]:
    """Code -> all its searchable facts in one lower-case string."""
    return {
        code: " | ".join((*_described(point), *_trial_words(code))).lower() for code, point in atlas().items()
    }


def _trial_words(code: str) -> tuple[str, ...]:
    """Conditions whose trials used the point: short key and plain words, so that "cipn" finds them."""
    found = dict.fromkeys(use.condition for use in uses(code))
    return tuple(f"{key} {CONDITIONS[key]}" for key in found)


def _described(point: Point) -> tuple[str, ...]:
    parts = [
        point.meridian,
        f"{point.region} {point.aspect}",
        point.landmark,
        *point.special,
        point.english or "",
    ]
    parts += [offset.direction for offset in point.offsets]
    parts += [f"{caution.kind} {caution.advice}" for caution in point.cautions]
    if beneath := point.anatomy:
        facts = (
            beneath.dermatome,
            beneath.peripheral_nerve_sensory,
            beneath.nerve_deep,
            beneath.muscle,
            beneath.myotome,
            beneath.structures_at_risk,
        )
        parts += [fact or "" for fact in facts]
    return tuple(parts)
