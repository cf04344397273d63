"""The 41 precautions as data: each rule's words and sources, and the conditions under which it acts.

Example:
    >>> rule = precautions()[1]
    >>> rule.id, rule.effects[0].effect, rule.threshold.values[0].value
    ('bleed-inr-range', 'stop', 3.0)
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
from deqi.science.safety.red_flags import Source

Effect = Literal["stop", "avoid", "modify", "inform"]
Strength = Literal["A", "B", "C", "D", "E", "F"]
EFFECTS: tuple[Effect, ...] = ("stop", "avoid", "modify", "inform")


class ThresholdValue(Strict):
    """A figure that a rule acts on. One that is not the source's may be changed by the clinic's adviser."""

    key: str
    value: float
    unit: str
    from_source: bool


class Threshold(Strict):
    """Where a rule's figures come from. `partly`: some are the source's, some this project's."""

    from_source: bool | Literal["partly"]
    note: str | None = None
    values: tuple[ThresholdValue, ...] = ()


class Codes(Strict):
    """Codes by which a record may know the condition."""

    icd10cm: tuple[str, ...] = ()
    loinc: tuple[str, ...] = ()


class RuleEffect(Strict):
    """One thing a rule does. It acts when the rule is on, its own `when` holds and `unless` does not.

    `target` limits it to points or ways of treating. `only_when_planned`: it says nothing before points are
    typed. `missing` names facts whose absence is the reason.
    """

    effect: Effect
    text: tuple[str, ...]
    when: Condition | None = None
    unless: Condition | None = None
    target: Target | None = None
    only_when_planned: bool = False
    missing: tuple[str, ...] = ()
    threshold_from_source: bool | None = None


class IfUnknown(Strict):
    """What a rule asks for while a fact that decides it is unknown."""

    effect: Effect = "modify"
    text: str
    threshold_from_source: bool | None = None


class Rule(Strict):
    """One precaution. Everything but `title`, `when`, `effects` and `if_unknown` is the knowledge as compiled."""

    id: str
    condition: str
    title: str
    when: Condition
    effects: tuple[RuleEffect, ...]
    ask_when_touched: bool = False
    if_unknown: IfUnknown | None = None
    what_would_lift: str | None = None
    threshold: Threshold | None = None
    codes: Codes = Codes()
    ask: tuple[str, ...] = ()
    exception: str | None = None
    figures: tuple[str, ...] = ()
    strength: Strength
    sources: tuple[Source, ...]
    disagreement: str | None = None
    note: str | None = None
    neuropathy_note: str | None = None
    point_list_note: str | None = None
    max_depth: Mapping[str, Any] | None = None
    risk_factors: tuple[str, ...] = ()
    risk_factor_effect: str | None = None
    warning_signs: tuple[str, ...] = ()

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """For each effect, the whole condition: the rule's and its own."""
        return tuple(
            self.when if effect.when is None else Condition.model_validate({"all": (self.when, effect.when)})
            for effect in self.effects
        )

    def whose_threshold(self, effect: RuleEffect | IfUnknown | None) -> bool | None:
        """True: the source's; False: this project's proposal; None: none is involved. An effect may differ."""
        if effect is not None and effect.threshold_from_source is not None:
            return effect.threshold_from_source
        held = self.threshold.from_source if self.threshold else None
        return held if isinstance(held, bool) else None

    def facts(self) -> set[str]:
        """Keys of every fact the rule looks at."""
        held = {key for condition in self.conditions for key in condition.facts()}
        for effect in self.effects:
            held |= effect.unless.facts() if effect.unless else set()
            held |= {effect.target.places_of, effect.target.side_of} - {None} if effect.target else set()  # type: ignore[arg-type]
        return held

    @model_validator(mode="after")
    def names_exist(self) -> Self:
        keys = {value.key for value in self.threshold.values} if self.threshold else set()
        compared = {name for condition in self.conditions for name in condition.compared_with()}
        lost = (self.facts() - facts().keys()) | (compared - facts().keys() - keys)
        lost |= {fact for effect in self.effects for fact in effect.missing} - facts().keys()
        if lost:
            raise ValueError(f"{self.id}: no such fact or threshold: {', '.join(sorted(lost))}")
        return self


class _Precautions(Strict):
    schema_version: Literal[1]
    compiled: datetime.date
    effects: Mapping[Effect, str]
    strength_scale: Mapping[Strength, str]
    threshold_policy: str
    how_to_read_modify: str
    machine_written_pages: str
    evaluation_order: tuple[Effect, ...]
    every_rule_records: tuple[str, ...]
    rules: tuple[Rule, ...]
    gaps: tuple[str, ...]


@lru_cache(maxsize=1)
def table() -> _Precautions:
    """The whole file: the rules and how to read them."""
    return load_yaml(data_path("deqi.science.safety", "precautions.yaml"), _Precautions)  # type: ignore[no-any-return]


def precautions() -> tuple[Rule, ...]:
    """The 41 rules, in the order of the knowledge file."""
    return table().rules


@lru_cache(maxsize=1)
def thresholds() -> Mapping[str, ThresholdValue]:
    """Every figure the rules act on, by key. Those with `from_source` False are this project's proposals."""
    return {value.key: value for rule in precautions() if rule.threshold for value in rule.threshold.values}
