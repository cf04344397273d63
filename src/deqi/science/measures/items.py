"""What is asked of the patient and what is found at the bedside, as data.

Every question is in our own words. A 0-10 rating of a symptom belongs to nobody; none of these carries the name
of an instrument or may be compared with an instrument's published norms.

Example:
    >>> symptoms()["burning"].question("24h", "average")
    'How strong was the burning, on average, over the last 24 hours?'
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal, Self, TypeVar

from pydantic import Field, model_validator

from deqi.science.knowledge import Strict, data_path, load_yaml

Recall = Literal["24h", "7d"]
Kind = Literal["average", "worst"]
Family = Literal["pain", "sensation", "numbness", "motor"]
Better = Literal["lower", "higher"]
SIDES = ("left", "right")
M = TypeVar("M", bound=Strict)


class Cited(Strict):
    """A statement and the page it was read on."""

    what: str
    url: str


class MeaningfulChange(Strict):
    """How large a fall matters to people: `points` on 0-10 and `percent` of the baseline."""

    points: float = Field(gt=0, le=10)
    percent: float | None = Field(default=None, gt=0, le=100)
    provisional: bool
    note: str
    source: str | None


class Questions(Strict):
    """The four forms of one rating question."""

    average_24h: str
    worst_24h: str
    average_7d: str
    worst_7d: str


class Symptom(Strict):
    """One symptom rated 0 (none) to 10. Symptoms of different families are never added or pooled."""

    key: str
    label: str
    family: Family
    explanation: str
    anchor_0: str
    anchor_10: str
    questions: Questions
    meaningful_change: MeaningfulChange
    loinc: str | None

    def question(self, recall: Recall = "24h", kind: Kind = "average") -> str:
        """The question in the patient's words for a recall of `24h` or `7d`, average or worst."""
        return str(getattr(self.questions, f"{kind}_{recall}"))


class SymptomMeta(Strict):
    range_0_10: tuple[int, int]
    better: Better
    window_days: int
    minimum_ratings: int
    sources: tuple[Cited, ...]


class SymptomFile(Strict):
    meta: SymptomMeta
    symptoms: tuple[Symptom, ...]

    @model_validator(mode="after")
    def _keys_once(self) -> Self:
        return _keys_are_unique(self, [symptom.key for symptom in self.symptoms])


class ImpactRating(Strict):
    """How much the neuropathy gets in the way of one part of life, 0 (not at all) to 10, over 7 days.

    `own_activity`: the patient names the activity once, at the start (`setup_question`), and is asked about it in
    the same words each time.
    """

    key: str
    label: str
    question: str
    anchor_0: str
    anchor_10: str
    own_activity: bool = False
    setup_question: str | None = None


class ImpactMeta(Strict):
    range_0_10: tuple[int, int]
    better: Better
    meaningful_change: MeaningfulChange


class ImpactFile(Strict):
    meta: ImpactMeta
    ratings: tuple[ImpactRating, ...]

    @model_validator(mode="after")
    def _keys_once(self) -> Self:
        return _keys_are_unique(self, [rating.key for rating in self.ratings])


class ChangeStep(Strict):
    """One of the seven steps of overall change, 1 (best) to 7 (worst)."""

    value: int = Field(ge=1, le=7)
    label: str
    direction: Literal["better", "same", "worse"]


class ChangeFile(Strict):
    question: str
    responder_steps: tuple[int, ...]
    caution: str
    sources: tuple[str, ...]
    steps: tuple[ChangeStep, ...]

    @model_validator(mode="after")
    def _seven_in_order(self) -> Self:
        if [step.value for step in self.steps] != list(range(1, 8)):
            raise ValueError("the steps must run from 1 to 7")
        return self


class ExaminationGroup(Strict):
    key: str
    label: str
    order: int


class ExaminationItem(Strict):
    """One raw finding, recorded for each side. `choices` maps the stored number to its words."""

    key: str
    label: str
    group: str
    kind: Literal["number", "count", "choice"]
    unit: str | None
    range: tuple[float, float]
    step: float = Field(gt=0)
    better: Better | None
    how: str
    choices: Mapping[int, str] | None = None
    caution_below: float | None = None

    @property
    def sides(self) -> tuple[str, str]:
        """Every examination item is recorded left and right."""
        return SIDES

    def check(self, value: float) -> float:
        """Gives `value` back when it lies in the range and on a choice; otherwise ValueError in plain words."""
        low, high = self.range
        if not low <= value <= high:
            raise ValueError(
                f"{self.label}: {value:g} is outside {low:g} to {high:g} {self.unit or ''}".rstrip()
            )
        if self.choices is not None and value not in self.choices:
            raise ValueError(f"{self.label}: {value:g} is not one of {sorted(self.choices)}")
        return value


class ExaminationMeta(Strict):
    use: str
    sources: tuple[Cited, ...]


class ExaminationFile(Strict):
    meta: ExaminationMeta
    groups: tuple[ExaminationGroup, ...]
    items: tuple[ExaminationItem, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        groups = {group.key for group in self.groups}
        for item in self.items:
            if item.group not in groups:
                raise ValueError(f"{item.key}: no group called {item.group}")
            if (item.kind == "choice") != (item.choices is not None):
                raise ValueError(f"{item.key}: a choice needs its choices, and nothing else has any")
        return _keys_are_unique(self, [item.key for item in self.items])


class ConductionMeasure(Strict):
    """An imported nerve conduction figure. `smallest_detectable_percent` is a low-high pair.

    `range` catches slips of unit and key; it is no norm.
    """

    key: str
    label: str
    nerve: str
    quantity: Literal["amplitude", "velocity", "latency"]
    unit: str
    range: tuple[float, float]
    better: Better
    smallest_detectable_percent: tuple[float, float]
    note: str
    sources: tuple[str, ...]


class ConductionFile(Strict):
    required_with_each: tuple[str, ...]
    wanted_with_each: tuple[str, ...]
    measures: tuple[ConductionMeasure, ...]

    @model_validator(mode="after")
    def _keys_once(self) -> Self:
        return _keys_are_unique(self, [measure.key for measure in self.measures])


@cache
def symptom_file() -> SymptomFile:
    """The seven symptom ratings with the rules of their collection (window, least number, sources)."""
    return load_yaml(data_path("deqi.science.measures", "symptoms.yaml"), SymptomFile)  # type: ignore[no-any-return]


@cache
def impact_file() -> ImpactFile:
    """The impact ratings with the change that matters."""
    return load_yaml(data_path("deqi.science.measures", "impact.yaml"), ImpactFile)  # type: ignore[no-any-return]


@cache
def change_file() -> ChangeFile:
    """The question of overall change with its seven steps."""
    return load_yaml(data_path("deqi.science.measures", "change.yaml"), ChangeFile)  # type: ignore[no-any-return]


@cache
def examination_file() -> ExaminationFile:
    """The bedside examination with its groups and sources."""
    return load_yaml(data_path("deqi.science.measures", "examination.yaml"), ExaminationFile)  # type: ignore[no-any-return]


@cache
def conduction_file() -> ConductionFile:
    """Nerve conduction figures that can be imported."""
    return load_yaml(data_path("deqi.science.measures", "conduction.yaml"), ConductionFile)  # type: ignore[no-any-return]


@cache
def symptoms() -> Mapping[str, Symptom]:
    """The seven symptom ratings by key: pain, burning, shooting, tingling, numbness, cramps, weakness."""
    return MappingProxyType({symptom.key: symptom for symptom in symptom_file().symptoms})


@cache
def impact_ratings() -> Mapping[str, ImpactRating]:
    """The impact ratings by key, the activity the patient chose among them."""
    return MappingProxyType({rating.key: rating for rating in impact_file().ratings})


@cache
def global_change_steps() -> tuple[ChangeStep, ...]:
    """The seven steps of overall change, best first. Steps 1 and 2 count as a response."""
    return change_file().steps


@cache
def examination_items() -> Mapping[str, ExaminationItem]:
    """The bedside examination by key, in the order it is done; every item has a left and a right value."""
    return MappingProxyType({item.key: item for item in examination_file().items})


@cache
def conduction_measures() -> Mapping[str, ConductionMeasure]:
    """Nerve conduction figures by key."""
    return MappingProxyType({measure.key: measure for measure in conduction_file().measures})


def _keys_are_unique(model: M, keys: list[str]) -> M:
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValueError(f"the same key twice: {', '.join(twice)}")
    return model
