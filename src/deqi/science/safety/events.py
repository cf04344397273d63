"""Adverse events: what they are called, how they are graded, and how often others have found them.

Severity (CTCAE grade) is not seriousness, and neither is causality: three answers, kept apart.

Example:
    >>> adverse_event_types()[1].label, grades()[1].label
    ('Bruise or haematoma', 'moderate')
    >>> len(published_rates(of="treatments"))
    15
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, Self

from pydantic import model_validator

from deqi.science.knowledge import Strict, data_path, load_yaml
from deqi.science.safety.rates import Denominator, Rate, rate


class QuotedRate(Strict):
    """A rate as a paper prints it: `value` per `per`, e.g. 7.57 per 100, with its 95 % interval where given."""

    value: float
    per: int
    ci95: tuple[float, float] | None = None
    studies: int | None = None
    as_quoted: bool = False
    computed_here: bool = False


class OddsRatio(Strict):
    """An adjusted odds ratio with its 95 % interval."""

    odds_ratio: float
    ci95: tuple[float, float]


class MeanSd(Strict):
    """A mean and its standard deviation."""

    mean: float
    sd: float


class PublishedRate(Strict):
    """What one study found. `of` is the kind of denominator, `unit` its exact words; `read` how much was read."""

    id: str
    study: str
    design: str | None = None
    event: str
    unit: str | None = None
    of: Denominator | None = None
    numerator: int | None = None
    denominator: int | None = None
    denominator_is: str | None = None
    rate: QuotedRate | None = None
    result: str | None = None
    definition: str | None = None
    serious: bool | Literal["mixed"] | None = None
    mean_treatments_per_patient: MeanSd | None = None
    commonest: tuple[str, ...] = ()
    gravest: tuple[str, ...] = ()
    breakdown_percent: Mapping[str, float] | None = None
    shares_percent: Mapping[str, float] | None = None
    risk_factors_adjusted_or: Mapping[str, OddsRatio] | None = None
    notes: str | None = None
    caution: str | None = None
    disagreement: str | None = None
    unverified: str | None = None
    read: Literal["abstract", "opening", "secondary"]
    source: str | tuple[str, ...]
    source_note: str | None = None

    @property
    def counted(self) -> Rate | None:
        """The rate with our own intervals, where the page gave both counts and the counts are an exposure."""
        if self.numerator is None or self.denominator is None or self.of in (None, "reports"):
            return None
        return rate(self.numerator, self.denominator, self.of)


class EventType(Strict):
    """One kind of adverse event. `patient_words` where a patient can report it."""

    key: str
    label: str
    patient_words: str | None = None
    group: str = ""


class EventGroup(Strict):
    """Kinds of events that belong together."""

    group: str
    title: str
    types: tuple[EventType, ...]


class Grade(Strict):
    """A CTCAE v5.0 grade of severity, in own words."""

    grade: int
    label: str
    meaning: str


class ActivitiesOfDailyLiving(Strict):
    """The two lists that tell grade 2 from grade 3."""

    instrumental: tuple[str, ...]
    self_care: tuple[str, ...]
    source: str
    source_note: str


class Severity(Strict):
    """The grading system."""

    system: str
    source: str
    source_also: str
    grades: tuple[Grade, ...]
    adl: ActivitiesOfDailyLiving
    rule: str


class SeriousnessCriterion(Strict):
    """One reason to call an event serious. Any one is enough."""

    id: str
    text: str


class Seriousness(Strict):
    """What makes an event serious."""

    any_of: tuple[SeriousnessCriterion, ...]
    notes: str
    sources: tuple[str, ...]


class CausalityCategory(Strict):
    """A WHO-UMC category and what it needs."""

    id: str
    needs: tuple[str, ...]


class Causality(Strict):
    """How likely the treatment is as a cause."""

    system: str
    source: str
    categories: tuple[CausalityCategory, ...]
    rules: tuple[str, ...]


class ReportingDuty(Strict):
    """A duty to report that a page stated."""

    jurisdiction: str
    duty: str
    source: str
    strength: str


class ReportingDuties(Strict):
    """What was found about duties to report. A clinic must confirm its own law."""

    status: str
    items: tuple[ReportingDuty, ...]
    unverified: tuple[str, ...]


class Register(Strict):
    """How a clinic's register classifies an event."""

    severity: Severity
    seriousness_criteria: Seriousness
    causality: Causality
    event_types: tuple[EventGroup, ...]
    source_of_categories: str
    reporter_roles: tuple[str, ...]
    minimum_fields: tuple[str, ...]
    ask_the_patient: str
    reporting_duties: ReportingDuties


class Position(Strict):
    """What one study says on a matter where studies differ."""

    who: str
    figure: str


class Disagreement(Strict):
    """A matter on which studies differ, and what follows for the clinic."""

    topic: str
    positions: tuple[Position, ...]
    consequence: str


class _Events(Strict):
    schema_version: Literal[1]
    compiled: datetime.date
    how_to_use: str
    rates: tuple[PublishedRate, ...]
    gaps: tuple[str, ...]
    disagreements: tuple[Disagreement, ...]
    clinic_register: Register

    @model_validator(mode="after")
    def once_each(self) -> Self:
        ids = [one.id for one in self.rates]
        twice = {one for one in ids if ids.count(one) > 1}
        if twice:
            raise ValueError(f"written twice: {', '.join(sorted(twice))}")
        return self


@lru_cache(maxsize=1)
def adverse_event_file() -> _Events:
    """The whole file, checked."""
    return load_yaml(data_path("deqi.science.safety", "adverse_events.yaml"), _Events)  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def adverse_event_types() -> tuple[EventType, ...]:
    """Every kind of adverse event, each with its group."""
    return tuple(
        kind.model_copy(update={"group": group.group})
        for group in adverse_event_file().clinic_register.event_types
        for kind in group.types
    )


def event_groups() -> tuple[EventGroup, ...]:
    """The kinds of events by group, for a form."""
    return adverse_event_file().clinic_register.event_types


def grades() -> tuple[Grade, ...]:
    """The five CTCAE grades, 1 (mild) to 5 (death)."""
    return adverse_event_file().clinic_register.severity.grades


def seriousness_criteria() -> tuple[SeriousnessCriterion, ...]:
    """The reasons that make an event serious. None applies: not serious."""
    return adverse_event_file().clinic_register.seriousness_criteria.any_of


def causality_categories() -> tuple[CausalityCategory, ...]:
    """The six WHO-UMC categories, `certain` to `unassessable`."""
    return adverse_event_file().clinic_register.causality.categories


def published_rates(of: Denominator | None = None) -> tuple[PublishedRate, ...]:
    """What studies found; with `of`, only those counted in that denominator."""
    return tuple(one for one in adverse_event_file().rates if of in (None, one.of))


def missing_fields(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields that a complete register entry still lacks, in the order of the form.

    Example:
        >>> missing_fields({name: "x" for name in adverse_event_file().clinic_register.minimum_fields})
        ()
    """
    return tuple(
        name
        for name in adverse_event_file().clinic_register.minimum_fields
        if event.get(name) in (None, "", [])
    )


def contradictions(grade: int, criteria: Iterable[str]) -> tuple[str, ...]:
    """What does not fit between a grade and the seriousness criteria ticked.

    Raises ValueError for a grade or a criterion that does not exist.

    Example:
        >>> contradictions(5, ["hospital"])
        ('grade 5 is death, but death is not ticked',)
    """
    ticked = set(criteria)
    lost = ticked - {one.id for one in seriousness_criteria()}
    if lost or grade not in {one.grade for one in grades()}:
        raise ValueError(f"no such grade or criterion: {', '.join([str(grade), *sorted(lost)])}")
    found = []
    if grade == 5 and "death" not in ticked:
        found.append("grade 5 is death, but death is not ticked")
    if "death" in ticked and grade != 5:
        found.append(f"death is ticked, but the grade is {grade}")
    if grade == 4 and not ticked & {"life_threatening", "death"}:
        found.append("grade 4 is life-threatening, but that is not ticked")
    return tuple(found)
