"""The 21 presentations that need a doctor before, or instead of, needling, and the ordinary work-up.

Example:
    >>> red_flags()[0].urgency, red_flags()[0].question
    ('emergency_now', 'In the last 4 weeks, have both your legs or both your arms been getting weaker?')
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any, Literal, Self

from pydantic import model_validator

from deqi.science.knowledge import Strict, data_path, load_yaml
from deqi.science.safety.conditions import Condition
from deqi.science.safety.facts import facts
from deqi.science.safety.places import Target

Urgency = Literal["emergency_now", "same_day", "within_2_weeks", "routine"]


class Source(Strict):
    """Where a statement was read, and how much that source weighs."""

    url: str
    strength: str
    note: str | None = None


class RedFlag(Strict):
    """One presentation. `needle` is the advice in words, `effect` and `target` the same for the screen.

    `fact` is the yes/no fact that sets it, whose question the patient is asked.
    """

    id: str
    title: str
    fact: str
    effect: Literal["stop", "avoid", "modify"]
    every_visit: bool = False
    when: Condition | None = None
    unless: Condition | None = None
    target: Target | None = None
    presentation: str
    suspect: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    urgency: Urgency
    to: str
    needle: str
    figures: Mapping[str, Any] | None = None
    notes: str | None = None
    urgency_source: str | None = None
    disagreement: str | None = None
    sources: tuple[Source, ...]

    @model_validator(mode="after")
    def fact_exists(self) -> Self:
        named = {self.fact} | (self.when.facts() if self.when else set())
        lost = named - facts().keys()
        if lost:
            raise ValueError(f"{self.id}: no such fact: {', '.join(sorted(lost))}")
        return self

    @cached_property
    def condition(self) -> Condition:
        """When the flag is up: its own answer is yes, unless the knowledge file says more."""
        return self.when or Condition.model_validate({"fact": self.fact})

    @property
    def question(self) -> str:
        """The yes/no question in plain words. Yes sets the flag."""
        return facts()[self.fact].question or facts()[self.fact].label


class _Flags(Strict):
    schema_version: Literal[1]
    compiled: datetime.date
    urgency_levels: Mapping[Urgency, str]
    urgency_note: str
    screen_when: tuple[str, ...]
    flags: tuple[RedFlag, ...]
    gaps: tuple[str, ...]


@lru_cache(maxsize=1)
def _flags() -> _Flags:
    return load_yaml(data_path("deqi.science.safety", "red_flags.yaml"), _Flags)  # type: ignore[no-any-return]


def red_flags() -> tuple[RedFlag, ...]:
    """All 21 red flags, in the order of the knowledge file."""
    return _flags().flags


@lru_cache(maxsize=1)
def every_visit_flags() -> tuple[RedFlag, ...]:
    """The starred ones, asked at every visit before a needle is touched."""
    return tuple(flag for flag in red_flags() if flag.every_visit)


def urgency_levels() -> Mapping[Urgency, str]:
    """What each level of urgency means, e.g. `same_day`."""
    return _flags().urgency_levels


class WorkupTest(Strict):
    """One ordinary test for the cause of a neuropathy. `key` names it in forms (known or missing)."""

    key: str
    test: str
    loinc: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    also: str | None = None
    when: str | None = None


class WorkupExamination(Strict):
    """One ordinary part of the examination."""

    key: str
    item: str
    source: str
    strength: str
    note: str | None = None


class WorkupSource(Strict):
    """A text that lists the ordinary work-up."""

    url: str
    what: str
    strength: str | None = None


class Workup(Strict):
    """The ordinary work-up of neuropathy: what should be known, and what a letter asks for when it is missing."""

    schema_version: Literal[1]
    compiled: datetime.date
    purpose: str
    examination: tuple[WorkupExamination, ...]
    tests: tuple[WorkupTest, ...]
    evidence: str
    asymmetric_extra: tuple[str, ...]
    sources: tuple[WorkupSource, ...]
    disagreements: tuple[str, ...]


@lru_cache(maxsize=1)
def workup() -> Workup:
    """The ordinary work-up. `workup().tests` are the items of the form "known or missing"."""
    return load_yaml(data_path("deqi.science.safety", "workup.yaml"), Workup)  # type: ignore[no-any-return]
