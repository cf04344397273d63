"""Clean-needle technique: the steps, the card of a session, and what the patient is told.

Example:
    >>> [tick.label for tick in session_card() if tick.phase == "before"][0]
    'Hands cleaned'
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, Self

from pydantic import Field, model_validator

from deqi.science.knowledge import Strict, data_path, load_yaml

Phase = Literal["before", "inserting", "resting", "removing", "after"]


class GoverningText(Strict):
    """A text that governs the technique, and how much of it was read."""

    id: str
    title: str
    url: str
    read: str


class CleanNeedleStep(Strict):
    """One thing that is done or checked: the fact, and what the software does about it."""

    id: str
    fact: str
    software: str
    figures: Mapping[str, float] | None = None
    basis: str | None = None
    sources: tuple[str, ...]
    strength: str
    disagreement: str | None = None
    notes: str | None = None
    unverified: str | None = None


class Tick(Strict):
    """One tick of the session's card. `step` says where it comes from. `when` limits it to some sessions."""

    phase: Phase
    label: str
    step: str
    when: str | None = None


class SessionRecordFields(Strict):
    """What a session's record holds."""

    basis: str
    fields: tuple[str, ...]


class TellItem(Strict):
    """One thing the patient is told before agreeing."""

    item: str
    detail: str | None = None


class ConsentFigures(Strict):
    """Figures on a consent form that was seen, in percent."""

    source: str
    percent: Mapping[str, float]
    note: str


class ConsentNeeds(Strict):
    """What a consent to care holds."""

    fields: tuple[str, ...]
    separate_ticks: tuple[str, ...]
    patient_is_told: tuple[TellItem, ...]
    patient_must_tell: tuple[str, ...]
    figures_seen_on_consent_forms: tuple[ConsentFigures, ...]
    sources: tuple[str, ...]
    strength: str
    notes: str
    candour: str


class _CleanNeedle(Strict):
    schema_version: Literal[1]
    compiled: datetime.date
    texts_that_govern: tuple[GoverningText, ...]
    items: tuple[CleanNeedleStep, ...]
    card: tuple[Tick, ...]
    session_record_fields: SessionRecordFields
    consent: ConsentNeeds
    gaps: tuple[str, ...] = Field(default=())

    @model_validator(mode="after")
    def ticks_have_a_step(self) -> Self:
        lost = {tick.step for tick in self.card} - {item.id for item in self.items}
        if lost:
            raise ValueError(f"card: no such step: {', '.join(sorted(lost))}")
        return self


@lru_cache(maxsize=1)
def clean_needle_file() -> _CleanNeedle:
    """The whole file, checked."""
    return load_yaml(data_path("deqi.science.safety", "clean_needle.yaml"), _CleanNeedle)  # type: ignore[no-any-return]


def clean_needle_steps() -> tuple[CleanNeedleStep, ...]:
    """Every step, with its source and what the software does about it."""
    return clean_needle_file().items


def session_card() -> tuple[Tick, ...]:
    """What is ticked in a session, in order: before, inserting, resting, removing, after."""
    return clean_needle_file().card


def consent_needs() -> ConsentNeeds:
    """What a consent to care holds: fields, separate ticks, what the patient is told and must tell."""
    return clean_needle_file().consent


def shaft_warning(depth_mm: float, needle_length_mm: float) -> str | None:
    """A warning when too little of the shaft stays above the skin, else None.

    WHO 1999 leaves a quarter to a third of the shaft outside, because needles break at the handle; the warning
    takes the careful end, two thirds of the length. Raises ValueError unless both are above 0 mm.

    Example:
        >>> shaft_warning(25, 30)
        '25 mm is more than two thirds of a 30 mm needle: use a longer one'
    """
    if depth_mm <= 0 or needle_length_mm <= 0:
        raise ValueError(f"depth and length must be above 0 mm, not {depth_mm} and {needle_length_mm}")
    if depth_mm <= needle_length_mm * 2 / 3:
        return None
    return f"{depth_mm:g} mm is more than two thirds of a {needle_length_mm:g} mm needle: use a longer one"
