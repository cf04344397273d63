"""Scores of instruments whose wording the clinic imports itself: range, missing parts, thresholds. Facts only.

No published rule for missing parts was read for any of them, so a missing part is never filled in: the score is
refused and the part named. Where the parts themselves were not verified, the total is entered as the clinic worked
it out and is only checked and explained.

Example:
    >>> score("nss", total=6).meaning
    '5-6 moderate'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, Self

from pydantic import model_validator

from deqi.science.knowledge import Strict, data_path, load_yaml


class ScoreError(ValueError):
    """A score that cannot be given; the message names the part."""


class Part(Strict):
    key: str
    label: str
    range: tuple[float, float]


class Threshold(Strict):
    """What a total `above` a value means, as read on the page named."""

    above: float
    meaning: str
    source: str


class Change(Strict):
    """How far two scores of one person differ by themselves in 95 % of cases."""

    noise_95: float
    note: str
    source: str


class Scorer(Strict):
    """Scoring facts of one instrument. `None` means the page did not show it."""

    key: str
    label: str
    respondent: Literal["clinician", "patient"]
    method: Literal["sum", "entry"]
    better: Literal["lower", "higher"]
    parts: tuple[Part, ...]
    range: tuple[float, float] | None
    range_note: str | None
    missing_rule: str | None
    thresholds: tuple[Threshold, ...]
    change: Change | None
    cautions: tuple[str, ...]
    sources: tuple[str, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.method == "sum") != bool(self.parts):
            raise ValueError(f"{self.key}: a sum needs its parts, and an entry has none")
        if self.parts and self.range != (
            sum(part.range[0] for part in self.parts),
            sum(part.range[1] for part in self.parts),
        ):
            raise ValueError(f"{self.key}: the range is not that of its parts")
        if not self.sources:
            raise ValueError(f"{self.key}: no source")
        return self


class ScoreFile(Strict):
    scores: tuple[Scorer, ...]


@dataclass(frozen=True)
class Score:
    """A total with what it means. `meaning` is None where no threshold is passed or none was verified."""

    key: str
    total: float
    range: tuple[float, float] | None
    meaning: str | None
    cautions: tuple[str, ...]
    sources: tuple[str, ...]


@cache
def scorers() -> Mapping[str, Scorer]:
    """Every scorer by key. Raises KnowledgeError when the data file is wrong."""
    held: ScoreFile = load_yaml(data_path("deqi.science.measures", "scores.yaml"), ScoreFile)
    return MappingProxyType({scorer.key: scorer for scorer in held.scores})


def score(key: str, *, parts: Mapping[str, float | None] | None = None, total: float | None = None) -> Score:
    """Scores an instrument from its `parts`, or takes its `total` where the parts were not verified.

    Raises ScoreError for an unknown instrument, a missing or unknown part, and a value out of range.
    """
    if key not in scorers():
        raise ScoreError(f"{key!r} is not one of {', '.join(scorers())}")
    scorer = scorers()[key]
    if scorer.method == "sum":
        total = _sum(scorer, parts or {})
    elif parts is not None or total is None:
        raise ScoreError(f"{scorer.label}: its parts were not verified; enter the total")
    if scorer.range is not None and not scorer.range[0] <= total <= scorer.range[1]:
        raise ScoreError(f"{scorer.label}: {total:g} is outside {scorer.range[0]:g} to {scorer.range[1]:g}")
    passed = [threshold.meaning for threshold in scorer.thresholds if total > threshold.above]
    return Score(key, total, scorer.range, passed[-1] if passed else None, scorer.cautions, scorer.sources)


def _sum(scorer: Scorer, parts: Mapping[str, float | None]) -> float:
    unknown = sorted(set(parts) - {part.key for part in scorer.parts})
    if unknown:
        raise ScoreError(f"{scorer.label}: no part called {', '.join(unknown)}")
    total = 0.0
    for part in scorer.parts:
        value = parts.get(part.key)
        if value is None:
            raise ScoreError(
                f"{scorer.label}: {part.label} is missing, and no rule for missing parts is known"
            )
        if not part.range[0] <= value <= part.range[1]:
            raise ScoreError(
                f"{scorer.label}: {part.label}: {value:g} is outside {part.range[0]:g} to {part.range[1]:g}"
            )
        total += value
    return total
