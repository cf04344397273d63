"""A questionnaire as it is asked: its items in order, what each takes, when it is shown, how it is scored.

`reading.read_questionnaire` makes one from a FHIR R4 Questionnaire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NUMERIC = ("integer", "decimal")


@dataclass(frozen=True)
class Option:
    """One answer of a choice. `weight` is its number for scoring, None when it has none; `value` its FHIR value."""

    label: str
    weight: float | None
    value: Mapping[str, Any]


@dataclass(frozen=True)
class Condition:
    """One enableWhen: the answer to `question` compared by `operator` with `answer` (an option's place for codes)."""

    question: str
    operator: str
    answer: Any


@dataclass(frozen=True)
class Item:
    """One item. `parents` are the link ids above it, nearest last; `path` its place in the JSON."""

    link_id: str
    path: str
    type: str
    text: str
    prefix: str
    required: bool
    repeats: bool
    hidden: bool
    calculated: str | None
    enabled_by: str | None
    conditions: tuple[Condition, ...]
    any_condition: bool
    options: tuple[Option, ...]
    variables: tuple[tuple[str, str], ...]
    least: float | None
    most: float | None
    longest: int
    unit: str
    code: Mapping[str, Any] | None
    parents: tuple[str, ...]

    @property
    def asked(self) -> bool:
        """Whether a person answers it (not a heading, not hidden, not worked out)."""
        return self.type not in ("group", "display") and not self.hidden and self.calculated is None

    @property
    def numeric(self) -> bool:
        """Whether an answer is a number, as such or by its weight; yes and no count 1 and 0."""
        return self.type in (*NUMERIC, "boolean") or any(o.weight is not None for o in self.options)


@dataclass(frozen=True)
class Form:
    """A questionnaire that was taken. `items` in document order; `resource` the JSON as given."""

    url: str
    version: str
    title: str
    name: str
    copyright: str
    variables: tuple[tuple[str, str], ...]
    items: Mapping[str, Item]
    resource: Mapping[str, Any]
    ignored: tuple[str, ...] = ()
    headings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def canonical(self) -> str:
        """How a response names it: url|version."""
        return f"{self.url}|{self.version}"

    @property
    def questions(self) -> list[Item]:
        """What a person answers, in order."""
        return [item for item in self.items.values() if item.asked]

    @property
    def calculated(self) -> list[Item]:
        """What is worked out by FHIRPath, in order."""
        return [item for item in self.items.values() if item.calculated is not None]

    def children(self, link_id: str | None) -> list[Item]:
        """The items directly under one, or at the top."""
        above = link_id if link_id is not None else ""
        return [item for item in self.items.values() if (item.parents[-1] if item.parents else "") == above]
