"""Every fact the safety rules look at: its words for the patient, its unit, its range and how long it holds.

One registry feeds the intake pages, the case format, the rules and the red flags, so that a question is worded
once and a rule cannot look at a fact that nobody is asked for.

Example:
    >>> facts()["inr"].unit, facts()["inr"].max_age_days
    ('ratio', 28)
    >>> checked("platelets", 38)
    38
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from deqi.science.days import day_of
from deqi.science.knowledge import Strict, data_path, load_yaml
from deqi.science.safety.conditions import Condition, Known

Kind = Literal["yes_no", "number", "date", "choice", "text"]


class Choice(Strict):
    """One answer that may be chosen: what is stored and what is shown."""

    value: str
    label: str


class FactGroup(Strict):
    """A group of facts, in the order in which pages show them."""

    key: str
    title: str
    patient_title: str


class FactDefinition(Strict):
    """One fact: how it is asked, what it may be, how long an answer holds.

    `question` is the patient's question, reading grade 8 or lower; None where only the practitioner or the
    record can say. `range` is inclusive, in `unit`. `multiple` choices are a list. A fact `dated_by` another is
    a test result whose day that other fact holds. `core` facts are asked of everybody before a first needle.
    """

    key: str
    label: str
    kind: Kind
    group: str
    order: int = 0
    question: str | None = None
    unit: str | None = None
    choices: tuple[Choice, ...] = ()
    choices_from: Literal["places", "limbs", "sides"] | None = None
    multiple: bool = False
    range: tuple[float, float] | None = None
    max_age_days: int | None = Field(None, ge=0)
    dated_by: str | None = None
    asked_of: Literal["patient", "practitioner"] = "patient"
    asked_if: Condition | None = None
    core: bool = False
    every_visit: bool = False
    yes_reassures: bool = False

    @model_validator(mode="after")
    def consistent(self) -> Self:
        if (self.kind == "number") != (self.unit is not None and self.range is not None):
            raise ValueError(f"{self.key}: a number has a unit and a range, and nothing else has")
        if (self.kind == "choice") != bool(self.choices or self.choices_from):
            raise ValueError(f"{self.key}: a choice has choices, and nothing else has")
        if self.multiple and self.kind != "choice":
            raise ValueError(f"{self.key}: only a choice can be multiple")
        if self.asked_of == "patient" and not self.question:
            raise ValueError(f"{self.key}: asked of the patient, but without a question")
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """The values a choice may have."""
        return tuple(choice.value for choice in self.choices)

    @property
    def allowed(self) -> str:
        """What may stand here, in words, e.g. `a number from 0.5 to 15 (ratio)`."""
        if self.kind == "number" and self.range:
            return f"a number from {self.range[0]:g} to {self.range[1]:g} ({self.unit})"
        if self.kind == "choice":
            return ("a list of " if self.multiple else "one of ") + ", ".join(self.values)
        return {"yes_no": "true or false", "date": "a date as 2026-11-23", "text": "text"}[self.kind]


class _File(Strict):
    schema_version: Literal[1]
    groups: tuple[FactGroup, ...]
    places: tuple[Choice, ...]
    limbs: tuple[Choice, ...]
    sides: tuple[Choice, ...]
    facts: tuple[FactDefinition, ...]

    @model_validator(mode="after")
    def keys_exist(self) -> Self:
        keys = [fact.key for fact in self.facts]
        groups = {group.key for group in self.groups}
        for fact in self.facts:
            if keys.count(fact.key) > 1:
                raise ValueError(f"{fact.key}: written twice")
            if fact.group not in groups:
                raise ValueError(f"{fact.key}: there is no group {fact.group}")
            for other in ({fact.dated_by} if fact.dated_by else set()) | (
                fact.asked_if.facts() if fact.asked_if else set()
            ):
                if other not in keys:
                    raise ValueError(f"{fact.key}: there is no fact {other}")
        return self


@lru_cache(maxsize=1)
def _file() -> _File:
    return load_yaml(data_path("deqi.science.safety", "facts.yaml"), _File)  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def facts() -> Mapping[str, FactDefinition]:
    """Every fact by its key, in the order in which pages ask for them."""
    file = _file()
    named = {"places": file.places, "limbs": file.limbs, "sides": file.sides}
    rank = {group.key: number for number, group in enumerate(file.groups)}
    ordered = sorted(file.facts, key=lambda fact: rank[fact.group])
    return MappingProxyType(
        {
            fact.key: fact.model_copy(
                update={
                    "order": order,
                    "choices": named[fact.choices_from] if fact.choices_from else fact.choices,
                }
            )
            for order, fact in enumerate(ordered)
        }
    )


def fact_groups() -> tuple[FactGroup, ...]:
    """The groups of facts in page order, red flags first."""
    return _file().groups


def checked(key: str, value: object) -> Any:
    """`value` as the fact `key` holds it: dates as `date`, multiple choices as a tuple of strings.

    Raises KeyError for an unknown fact, ValueError (with what is allowed) for a wrong value.
    """
    fact = facts()[key]
    refusal = ValueError(f"must be {fact.allowed}, not {textwrap.shorten(repr(value), 60)}")
    if fact.kind == "yes_no" and isinstance(value, bool):
        return value
    if fact.kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        if fact.range and fact.range[0] <= value <= fact.range[1]:
            return value
        raise refusal
    if fact.kind == "date":
        return _as_date(value, refusal)
    if fact.kind == "text" and isinstance(value, str):
        return value
    if fact.kind == "choice":
        given = value if fact.multiple else (value,)
        if isinstance(given, list | tuple) and all(
            isinstance(one, str) and one in fact.values for one in given
        ):
            return tuple(given) if fact.multiple else value
    raise refusal


def _as_date(value: object, refusal: ValueError) -> date:
    if isinstance(value, date):
        return value
    try:
        return day_of(str(value))
    except ValueError:
        raise refusal from None


def not_asked(known: Mapping[str, Any]) -> frozenset[str]:
    """Facts that do not apply to this person, such as weeks of pregnancy when not pregnant. They count as "no"."""
    left_out: set[str] = set()
    so_far = Known(known, not_asked=left_out)
    for key, condition in _follow_ups():
        if key not in known and condition.compiled(so_far).value is False:
            left_out.add(key)
    return frozenset(left_out)


@lru_cache(maxsize=1)
def _follow_ups() -> tuple[tuple[str, Condition], ...]:
    """Facts with an `asked_if`, each after the facts that it follows."""
    left = {key: fact.asked_if for key, fact in facts().items() if fact.asked_if}
    ordered: list[tuple[str, Condition]] = []
    while left:
        ready = [key for key, condition in left.items() if not condition.facts() & left.keys()]
        ordered += [(key, left.pop(key)) for key in ready]
    return tuple(ordered)


def is_asked(key: str, known: Mapping[str, Any]) -> bool:
    """Whether the question for `key` belongs on the page, given what is known so far.

    A follow-up appears only once what it follows is answered yes: the INR after "warfarin".

    Example:
        >>> is_asked("anticoagulant_kind", {}), is_asked("anticoagulant_kind", {"anticoagulant": True})
        (False, True)
        >>> is_asked("pregnant", {}), is_asked("pregnant", {"sex": "male"})
        (True, False)
    """
    condition = facts()[key].asked_if
    if condition is None:
        return True
    value = condition.answer(Known(known)).value
    # A question that is left out by an exception ("unless male") is asked while that exception is not known.
    return value is not False if condition.not_ is not None else value is True


def stale(known: Mapping[str, Any], on: date, limits: Mapping[str, float] | None = None) -> frozenset[str]:
    """Dated test results in `known` that are too old on the day `on`, or undated, to reassure anyone.

    `limits` may hold another age in days, as `inr_max_age_days`.
    """
    old: set[str] = set()
    for key in known:
        fact = facts()[key]
        if fact.dated_by and fact.max_age_days is not None:
            measured = known.get(fact.dated_by)
            days = (limits or {}).get(f"{key}_max_age_days", fact.max_age_days)
            if not isinstance(measured, date) or not 0 <= (on - measured).days <= days:
                old.add(key)
    return frozenset(old)


def in_date(answers: Mapping[str, tuple[Any, date]], on: date) -> dict[str, Any]:
    """The facts among `answers` (key -> value and the day it was answered) that still hold on the day `on`.

    A worrying answer holds until a newer one replaces it: a pregnancy does not end because nobody asked again.
    A reassuring one holds `max_age_days`. What is asked for the day only (`max_age_days` 0) holds that day. Test
    results are kept whatever their age, with their own date, and the rules judge them. Future answers are
    refused with ValueError.

    Example: "not pregnant" holds 28 days.
        >>> from datetime import date
        >>> in_date({"pregnant": (False, date(2026, 1, 1))}, date(2026, 3, 1))
        {}
        >>> in_date({"pregnant": (True, date(2026, 1, 1))}, date(2026, 3, 1))
        {'pregnant': True}
    """
    kept: dict[str, Any] = {}
    for key, (value, answered) in answers.items():
        if answered > on:
            raise ValueError(f"{key}: answered on {answered}, which is after {on}")
        fact = facts()[key]
        young = fact.max_age_days is None or (on - answered).days <= fact.max_age_days
        if young or fact.dated_by or (fact.max_age_days and _worries(fact, value)):
            kept[key] = value
    return kept


def _worries(fact: FactDefinition, value: object) -> bool:
    """Whether an answer is one that a rule acts on, rather than one that calms it."""
    return fact.kind == "choice" or (value is True and not fact.yes_reassures)
