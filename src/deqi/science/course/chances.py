"""Chances in words, the number on demand: the same seven words everywhere a probability is shown.

The cut-offs are ours. 0.8 and 0.2 are the verdict's own (`model.LIKELY`, `model.UNLIKELY`), so that the word "likely"
never stands beside the verdict "unclear".

Example:
    >>> chance_words(0.86), chance_words(0.5), chance_words(0.03)
    ('likely', 'about even', 'very unlikely')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: From this probability on the word holds.
WORDS: Sequence[tuple[float, str]] = (
    (0.95, "very likely"),
    (0.8, "likely"),
    (0.6, "more likely than not"),
    (0.4, "about even"),
    (0.2, "less likely than not"),
    (0.05, "unlikely"),
    (0.0, "very unlikely"),
)


@dataclass(frozen=True)
class Chance:
    """One question with its answer: words for reading, `percent` (0-100) for whoever asks."""

    question: str
    words: str
    percent: int


def chance_words(p: float) -> str:
    """The word for a probability 0-1. ValueError outside."""
    if not 0 <= p <= 1:
        raise ValueError(f"{p} is not a probability")
    if p == 0.2:  # the verdict says "likely no" up to and including 0.2
        return "unlikely"
    return next(word for least, word in WORDS if p >= least)


def chances_of(model: Mapping[str, Any]) -> list[Chance]:
    """The chances of a kept review (`Review.as_dict()`), those that were computed, in the order of reading."""
    doubted = (model.get("sceptical") or {}).get("p_improved")
    asked = (
        ("Better by an amount that matters", model.get("p_improved")),
        ("The same, for a reader who doubts that needles add anything", doubted),
        ("Lower at all", model.get("p_any")),
        ("Worse by a point or more", model.get("p_worse")),
        ("More change than people usually have without treatment (not proof)", model.get("p_beyond")),
        ("Better by an amount that matters at week 6, if we go on", model.get("p_reach_6")),
        ("Better by an amount that matters at week 12, if we go on", model.get("p_reach_12")),
        ("Coming back within twelve weeks of stopping", model.get("p_relapse")),
    )
    return [Chance(question, chance_words(p), round(100 * p)) for question, p in asked if p is not None]


def forecasts_of(model: Mapping[str, Any]) -> list[str]:
    """Where the ratings would lie around the course's end, going on and stopping, one sentence each.

    `["If we go on: about 3.9 around week 12; 8 times in 10 between 2.1 and 5.7.", ...]`; one sentence when treatment
    has ended already, none when nothing was computed.
    """
    said = []
    going, stopping = model.get("forecast_continue"), model.get("forecast_stop")
    if not going or not stopping or model.get("forecast_day") is None:
        return []
    week = round(model["forecast_day"] / 7)
    pairs = (
        [("If we go on", going), ("If we stop now", stopping)]
        if going != stopping
        else [("Without further sessions", going)]
    )
    for start, one in pairs:
        said.append(
            f"{start}: about {one['mean']:.1f} around week {week}; 8 times in 10 between {one['lo80']:.1f} "
            f"and {one['hi80']:.1f}."
        )
    return said
