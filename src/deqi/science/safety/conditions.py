"""A small language in which a safety rule says when it is on, and what it answers when a fact is unknown.

A condition is YAML, one head each, and reads aloud:

    {fact: pacemaker}                                   the answer is yes
    {fact: inr, above: inr_target_upper}                a number against a number, a threshold or a fact
    {fact: platelets, at_least: 20, below: 50}
    {fact: anticoagulant_kind, is: warfarin}            also `in: [warfarin, heparin]`
    {not_known: inr}                                    no answer, or one too old to reassure
    {recorded: cardiology_agrees}                       a recorded yes; unknown counts as no
    {not_recorded: guardian_consent}                    anything but a recorded yes
    {condition: [dpn]}  {method: [moxa]}  {current: [heart, brain]}  {red_flag: any}  {always: true}
    {all: [...]}  {any: [...]}  {not: ...}

The answer has three values: yes, no and unknown (Kleene's logic), because a fact nobody has asked about is not
"no". An answer older than the fact's `max_age_days` counts only when it worries: an INR of 4.2 from two months
ago still fires "above 3.0"; an INR of 2.4 from two months ago is unknown. An undated result of a dated test is
treated as old. `half_met` says that something true stands beside the unknown (warfarin taken, INR unknown):
only then is the unknown worth a finding. "Always", "not known" and "not" are true, but meet nothing by halves.

Example:
    >>> rule = parse("{all: [{fact: anticoagulant}, {fact: inr, above: 3.0}]}")
    >>> rule.answer(Known({"anticoagulant": True}))
    Answer(value=None, half_met=True, unknown=('inr',))
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

Number = float | int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a condition says: yes, no or unknown (None), and which facts are missing."""

    value: bool | None
    half_met: bool = False
    unknown: tuple[str, ...] = ()


YES = Answer(True, half_met=True)
YES_BY_DEFAULT = Answer(True)
NO = Answer(False)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about a person and a plan at the moment a condition is asked.

    `stale` holds the facts whose answer is too old (or, for a dated test, undated) to reassure. `not_asked`
    holds facts that do not apply, such as the INR of someone without a blood thinner: they count as "no".
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    stale: Set[str] = frozenset()
    not_asked: Set[str] = frozenset()
    condition: str | None = None
    methods: frozenset[str] = frozenset()
    currents: frozenset[str] = frozenset()
    red_flag: bool = False
    thresholds: Mapping[str, Number] = field(default_factory=dict)

    def number(self, name: Number | str) -> Number | None:
        """The number a comparison names: itself, a threshold's value or a fact's value."""
        if not isinstance(name, str):
            return name
        value = self.thresholds.get(name, self.facts.get(name))
        return value if isinstance(value, int | float) else None


HEADS = (
    "fact",
    "not_known",
    "recorded",
    "not_recorded",
    "condition",
    "method",
    "current",
    "red_flag",
    "always",
    "all",
    "any",
    "not_",
)
COMPARISONS = ("is_", "in_", "above", "at_least", "below", "at_most")


class Condition(BaseModel):
    """One condition. See the module's docstring for the language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fact: str | None = None
    is_: str | bool | None = Field(None, alias="is")
    in_: tuple[str, ...] | None = Field(None, alias="in")
    above: Number | str | None = None
    at_least: Number | str | None = None
    below: Number | str | None = None
    at_most: Number | str | None = None
    not_known: str | None = None
    recorded: str | None = None
    not_recorded: str | None = None
    condition: tuple[str, ...] | None = None
    method: tuple[str, ...] | None = None
    current: tuple[str, ...] | None = None
    red_flag: str | None = None
    always: bool | None = None
    all: tuple[Condition, ...] | None = None
    any: tuple[Condition, ...] | None = None
    not_: Condition | None = Field(None, alias="not")

    @model_validator(mode="after")
    def one_head(self) -> Self:
        heads = [name for name in HEADS if getattr(self, name) is not None]
        if len(heads) != 1:
            raise ValueError(
                f"a condition has exactly one of {', '.join(h.rstrip('_') for h in HEADS)}; this has {heads}"
            )
        if heads != ["fact"] and any(getattr(self, name) is not None for name in COMPARISONS):
            raise ValueError("is, in, above, at_least, below and at_most belong to a fact")
        return self

    def leaves(self) -> Iterator[Condition]:
        """Every condition at the tips of this one."""
        children = (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ()))
        if not children:
            yield self
        for child in children:
            yield from child.leaves()

    def facts(self) -> set[str]:
        """Keys of the facts this condition looks at, without those it only compares with."""
        return {
            key
            for leaf in self.leaves()
            for key in (leaf.fact, leaf.not_known, leaf.recorded, leaf.not_recorded)
            if key
        }

    def compared_with(self) -> set[str]:
        """Names (of facts or thresholds) that numbers are compared with."""
        names = (
            value for leaf in self.leaves() for value in (leaf.above, leaf.at_least, leaf.below, leaf.at_most)
        )
        return {name for name in names if isinstance(name, str)}

    def answer(self, known: Known) -> Answer:
        """Yes, no or unknown for this person and plan."""
        return self.compiled(known)

    @cached_property
    def compiled(self) -> Callable[[Known], Answer]:
        """The condition as a plain function, made once: screening runs while points are being typed."""
        return _compile(self)


def parse(text: str) -> Condition:
    """Reads one condition from YAML text."""
    return Condition.model_validate(yaml.safe_load(text))


def _compile(condition: Condition) -> Callable[[Known], Answer]:
    if condition.all is not None:
        return _all([child.compiled for child in condition.all])
    if condition.any is not None:
        return _any([child.compiled for child in condition.any])
    if condition.not_ is not None:
        return _not(condition.not_.compiled)
    if condition.fact is not None:
        return _fact(condition)
    return _plain(condition)


def _all(children: Sequence[Callable[[Known], Answer]]) -> Callable[[Known], Answer]:
    def answer(known: Known) -> Answer:
        half = False
        unknown: tuple[str, ...] = ()
        for child in children:
            given = child(known)
            if given.value is False:
                return NO
            half = half or given.half_met
            unknown = (*unknown, *given.unknown) if given.value is None else unknown
        if unknown:
            return Answer(None, half, unknown)
        return YES if half else YES_BY_DEFAULT

    return answer


def _any(children: Sequence[Callable[[Known], Answer]]) -> Callable[[Known], Answer]:
    def answer(known: Known) -> Answer:
        half = False
        unknown: tuple[str, ...] = ()
        for child in children:
            given = child(known)
            if given.value is True:
                return given
            if given.value is None:
                half, unknown = half or given.half_met, (*unknown, *given.unknown)
        return Answer(None, half, unknown) if unknown else NO

    return answer


def _not(child: Callable[[Known], Answer]) -> Callable[[Known], Answer]:
    def answer(known: Known) -> Answer:
        given = child(known)
        if given.value is None:
            return Answer(None, False, given.unknown)
        return NO if given.value else YES_BY_DEFAULT

    return answer


def _plain(condition: Condition) -> Callable[[Known], Answer]:
    """Conditions that are never unknown: about the plan, or about what has been recorded."""
    if (dated := condition.not_known) is not None:
        return lambda known: (
            YES_BY_DEFAULT
            if dated not in known.not_asked and (dated not in known.facts or dated in known.stale)
            else NO
        )
    if (yes := condition.recorded) is not None:
        return lambda known: YES if known.facts.get(yes) is True else NO
    if (no := condition.not_recorded) is not None:
        return lambda known: NO if known.facts.get(no) is True else YES_BY_DEFAULT
    if (wanted := condition.condition) is not None:
        return lambda known: YES if known.condition in wanted else NO
    if condition.method is not None:
        methods = frozenset(condition.method)
        return lambda known: NO if methods.isdisjoint(known.methods) else YES
    if condition.current is not None:
        currents = frozenset(condition.current)
        return lambda known: NO if currents.isdisjoint(known.currents) else YES
    if condition.red_flag is not None:
        return lambda known: YES if known.red_flag else NO
    return lambda known: YES_BY_DEFAULT


def _fact(condition: Condition) -> Callable[[Known], Answer]:
    key = condition.fact or ""
    unknown = Answer(None, False, (key,))
    matches = _matcher(condition)

    def answer(known: Known) -> Answer:
        value = known.facts.get(key)
        if value is None:
            return NO if key in known.not_asked else unknown
        verdict = matches(value, known)
        if verdict is None:  # compared with something that is not known itself
            return Answer(None, False, tuple(condition.compared_with() - known.facts.keys()))
        if verdict:
            return YES
        return unknown if key in known.stale else NO

    return answer


def _matcher(condition: Condition) -> Callable[[Any, Known], bool | None]:
    if condition.is_ is not None or condition.in_ is not None:
        wanted = set(condition.in_ or ()) | ({condition.is_} if condition.is_ is not None else set())
        return lambda value, known: (
            not wanted.isdisjoint(value if isinstance(value, tuple | list) else (value,))
        )
    tests = [
        (bound, compare)
        for bound, compare in (
            (condition.above, operator.gt),
            (condition.at_least, operator.ge),
            (condition.below, operator.lt),
            (condition.at_most, operator.le),
        )
        if bound is not None
    ]
    if not tests:
        return lambda value, known: value is True

    def within(value: Any, known: Known) -> bool | None:
        answers = []
        for bound, compare in tests:
            limit = known.number(bound)
            answers.append(None if limit is None else bool(compare(value, limit)))
        return False if False in answers else None if None in answers else True

    return within
