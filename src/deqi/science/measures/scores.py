"""Scores of instruments whose wording the clinic imports itself: range, missing parts, thresholds. Facts only.

What was not read on a page is refused with its reason, never guessed: a missing part is filled in only where a
published rule says how, and where the parts themselves were not verified, the total is entered as the clinic worked
it out and is only checked and explained.

Example:
    >>> score("nss", total=6).meaning
    '5-6 moderate'
    >>> score("bpi-sf", parts={f"interference_{n}": 4 for n in range(1, 6)}).subscales["interference"].value
    4.0
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Literal, Self

from pydantic import Field, model_validator

from deqi.science.knowledge import Strict, data_path, load_yaml

Method = Literal["sum", "mean", "mean_rounded_up", "entry"]


class ScoreError(ValueError):
    """A score that cannot be given; the message names the part."""


class Part(Strict):
    """One answer that counts. `counts`: as given, turned round within its range, or not at all."""

    key: str
    label: str
    range: tuple[float, float]
    counts: Literal["as_given", "turned", "not"] = "as_given"
    whole: bool = True

    def check(self, value: float, scorer: str) -> float:
        """What `value` adds. Raises ScoreError when it is out of range or not whole where only whole ones exist."""
        low, high = self.range
        if not math.isfinite(value) or not low <= value <= high:
            raise ScoreError(f"{scorer}: {self.label}: {value:g} is outside {low:g} to {high:g}")
        if self.whole and value != int(value):
            raise ScoreError(f"{scorer}: {self.label}: {value:g} is not a whole number")
        return low + high - value if self.counts == "turned" else value


class Missing(Strict):
    """The published rule for missing parts: from `at_least` answered on, the mean of the answered stands for all."""

    at_least: int = Field(ge=1)
    rule: str
    source: str


class Threshold(Strict):
    """What a total `above` a value, or `at_least` one, means, as read on the page named."""

    above: float | None = None
    at_least: float | None = None
    meaning: str
    source: str

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.above is None) == (self.at_least is None):
            raise ValueError("either above or at_least")
        return self

    def passed(self, total: float) -> bool:
        """Whether `total` lies beyond the bound."""
        return total > self.above if self.above is not None else total >= float(self.at_least or 0)


class Change(Strict):
    """How far two scores of one person differ by themselves in 95 % of cases."""

    noise_95: float
    note: str
    source: str


class Meaningful(Strict):
    """A difference that was found to matter to people: `low` to `high` points, among whom and how it was found."""

    low: float
    high: float
    note: str
    source: str


class Scale(Strict):
    """A number made from parts (`sum`, `mean`, the mean rounded up), or entered as worked out elsewhere."""

    key: str
    label: str
    method: Method
    parts: tuple[Part, ...] = ()
    range: tuple[float, float] | None
    missing: Missing | None = None
    thresholds: tuple[Threshold, ...] = ()
    meaningful: tuple[Meaningful, ...] = ()

    @property
    def counted(self) -> tuple[Part, ...]:
        """The parts that add to the number."""
        return tuple(part for part in self.parts if part.counts != "not")

    @model_validator(mode="after")
    def _range_is_that_of_the_parts(self) -> Self:
        if (self.method != "entry") != bool(self.parts):
            raise ValueError(f"{self.key}: a score needs its parts, and an entry has none")
        if self.missing and self.missing.at_least > len(self.counted):
            raise ValueError(f"{self.key}: more answers asked for than there are parts")
        if not self.parts:
            return self
        low = sum(part.range[0] for part in self.counted)
        high = sum(part.range[1] for part in self.counted)
        n = 1 if self.method == "sum" else len(self.counted)
        if self.range != (low / n, high / n):
            raise ValueError(f"{self.key}: the range is not that of its parts, {low / n:g} to {high / n:g}")
        return self


class Unverified(Strict):
    """What is commonly stated of an instrument and was not seen on a page: not computed, and why."""

    what: str
    why: str


class Scorer(Scale):
    """Scoring facts of one instrument. `None` means the page did not show it."""

    respondent: Literal["clinician", "patient"]
    licence: Literal["SHIP", "SHIP_SCORER", "IMPORT", "DECIDE"]
    better: Literal["lower", "higher"]
    whole_total: bool = False
    subscales: tuple[Scale, ...] = ()
    range_note: str | None
    change: Change | None
    unverified: tuple[Unverified, ...] = ()
    cautions: tuple[str, ...]
    sources: tuple[str, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        keys = [part.key for part in self.all_parts]
        if len(keys) != len(set(keys)):
            raise ValueError(f"{self.key}: the same part twice")
        if not self.sources:
            raise ValueError(f"{self.key}: no source")
        return self

    @property
    def all_parts(self) -> tuple[Part, ...]:
        """Every part, those of the subscales among them, in order."""
        return (*self.parts, *(part for scale in self.subscales for part in scale.parts))


class ScoreFile(Strict):
    scores: tuple[Scorer, ...]

    @model_validator(mode="after")
    def _keys_once(self) -> Self:
        keys = [scorer.key for scorer in self.scores]
        if len(keys) != len(set(keys)):
            raise ValueError("the same instrument twice")
        return self


@dataclass(frozen=True)
class Subscore:
    """One number of a score. `value` is None where it is refused; `refused` says why, `answered` of `parts` were."""

    key: str
    label: str
    value: float | None
    range: tuple[float, float] | None
    answered: int
    parts: int
    refused: str = ""
    meaning: str | None = None

    @property
    def filled_in(self) -> bool:
        """Whether missing parts were filled in by the published rule."""
        return self.value is not None and self.answered < self.parts


@dataclass(frozen=True)
class Score:
    """A total with what it means. `meaning` is None where no threshold is passed or none was verified.

    `total` is None for an instrument of which only subscales could be verified.
    """

    key: str
    total: float | None
    range: tuple[float, float] | None
    meaning: str | None
    cautions: tuple[str, ...]
    sources: tuple[str, ...]
    subscales: Mapping[str, Subscore] = field(default_factory=dict)
    answered: int = 0
    parts: int = 0
    unverified: tuple[Unverified, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Plain JSON values, as `deqi measures score --format json` prints them."""
        return {
            "instrument": self.key,
            "total": self.total,
            "range": list(self.range) if self.range else None,
            "answered": self.answered,
            "parts": self.parts,
            "meaning": self.meaning,
            "subscales": {
                key: {
                    "label": one.label,
                    "value": one.value,
                    "range": list(one.range) if one.range else None,
                    "answered": one.answered,
                    "parts": one.parts,
                    "filled_in": one.filled_in,
                    "meaning": one.meaning,
                    "refused": one.refused or None,
                }
                for key, one in self.subscales.items()
            },
            "unverified": [one.model_dump() for one in self.unverified],
            "cautions": list(self.cautions),
            "sources": list(self.sources),
        }


@cache
def scorers() -> Mapping[str, Scorer]:
    """Every scorer by key. Raises KnowledgeError when the data file is wrong."""
    held: ScoreFile = load_yaml(data_path("deqi.science.measures", "scores.yaml"), ScoreFile)
    return MappingProxyType({scorer.key: scorer for scorer in held.scores})


def score(key: str, *, parts: Mapping[str, float | None] | None = None, total: float | None = None) -> Score:
    """Scores an instrument from its `parts`, or takes its `total` where the parts were not verified.

    Raises ScoreError for an unknown instrument, an unknown part, a value out of range, and a missing part when no
    published rule fills it in (or too few are answered for the rule).
    """
    if key not in scorers():
        raise ScoreError(f"{key!r} is not one of {', '.join(scorers())}")
    scorer = scorers()[key]
    given = {name: value for name, value in (parts or {}).items() if value is not None}
    unknown = sorted(set(parts or ()) - {part.key for part in scorer.all_parts})
    if unknown and scorer.all_parts:
        hint = "; its other parts were not verified, enter the total" if scorer.method == "entry" else ""
        raise ScoreError(f"{scorer.label}: no part called {', '.join(unknown)}{hint}")
    if parts and not scorer.all_parts:
        raise ScoreError(f"{scorer.label}: its parts were not verified; enter the total")
    if scorer.method != "entry":
        if total is not None:
            raise ScoreError(f"{scorer.label}: its total is worked out from the parts, not entered")
        total = _value(scorer, given, scorer.label)
    elif total is None and not given:
        wanted = "the parts of a subscale or the total" if scorer.all_parts else "the total"
        raise TooFew(f"{scorer.label}: its parts were not verified; enter {wanted}")
    if total is not None:
        _in_range(scorer, total)
    return Score(
        key,
        total,
        scorer.range,
        _meaning(scorer, total),
        scorer.cautions,
        scorer.sources,
        MappingProxyType({scale.key: _subscore(scorer, scale, given) for scale in scorer.subscales}),
        sum(part.key in given for part in scorer.counted),
        len(scorer.counted),
        scorer.unverified,
    )


def _in_range(scorer: Scorer, total: float) -> None:
    if not math.isfinite(total):
        raise ScoreError(f"{scorer.label}: {total} is not a number")
    if scorer.range is not None and not scorer.range[0] <= total <= scorer.range[1]:
        raise ScoreError(f"{scorer.label}: {total:g} is outside {scorer.range[0]:g} to {scorer.range[1]:g}")
    if scorer.whole_total and total != int(total):
        raise ScoreError(f"{scorer.label}: {total:g} is not a whole number")


def _subscore(scorer: Scorer, scale: Scale, given: Mapping[str, float]) -> Subscore:
    answered = sum(part.key in given for part in scale.counted)
    value, refused = None, ""
    try:
        value = _value(scale, given, f"{scorer.label}, {scale.label}")
    except TooFew as few:
        refused = str(few)
    return Subscore(
        scale.key,
        scale.label,
        value,
        scale.range,
        answered,
        len(scale.counted),
        refused,
        _meaning(scale, value),
    )


class TooFew(ScoreError):
    """Too many parts are missing: the one fault that refuses a subscale alone."""


def _value(scale: Scale, given: Mapping[str, float], label: str) -> float:
    """The number that the parts make. Raises ScoreError for a bad part, `TooFew` for missing ones."""
    checked = {part.key: part.check(given[part.key], label) for part in scale.parts if part.key in given}
    values = [checked[part.key] for part in scale.counted if part.key in checked]
    lacking = [part.label for part in scale.counted if part.key not in checked]
    n = len(scale.counted)
    if lacking and scale.missing is None:
        raise TooFew(f"{label}: {lacking[0]} is missing, and no rule for missing parts is known")
    if lacking and scale.missing and len(values) < scale.missing.at_least:
        raise TooFew(
            f"{label}: {len(values)} of {n} answered; at least {scale.missing.at_least} are needed "
            f"({lacking[0]} is missing)"
        )
    mean = math.fsum(values) / len(values)
    if scale.method == "sum":
        return math.fsum(values) if not lacking else mean * n
    return float(math.ceil(mean)) if scale.method == "mean_rounded_up" else mean


def _meaning(scale: Scale, value: float | None) -> str | None:
    passed = [one.meaning for one in scale.thresholds if value is not None and one.passed(value)]
    return passed[-1] if passed else None
