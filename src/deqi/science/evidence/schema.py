"""The shape of a trial record: one YAML file a study in `data/trials/`.

A key that is absent (or null) means the page that was read did not show it, never zero. The checks here
are arithmetic a record must satisfy whatever it says: responders within n, a positive SD, an interval that
holds its estimate, arms that exist. `read` says how deeply the study itself was read.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from deqi.science.knowledge import Strict

ConditionKey = Literal["cipn", "dpn", "cts", "hiv_sn", "phn", "radiculopathy", "idiopathic", "other"]
Domain = Literal[
    "pain",
    "numbness_tingling",
    "sensory_symptoms",
    "nerve_conduction",
    "function",
    "motor",
    "quality_of_life",
    "global_response",
    "sleep",
    "mood",
    "other",
]
ArmKind = Literal[
    "manual_acupuncture",
    "electroacupuncture",
    "auricular",
    "sham",
    "usual_care",
    "waitlist",
    "drug",
    "placebo_pill",
    "other",
]
Comparator = Literal["sham", "usual_care", "waitlist", "drug", "any"]
ReadDepth = Literal["full_text", "abstract", "secondary", "record_only"]

CONDITIONS: dict[str, str] = {
    "cipn": "neuropathy after chemotherapy",
    "dpn": "diabetic neuropathy",
    "cts": "carpal tunnel syndrome",
    "hiv_sn": "HIV sensory neuropathy",
    "phn": "pain after shingles",
    "radiculopathy": "sciatica and other root pain",
    "idiopathic": "neuropathy of unknown cause",
    "other": "other nerve conditions",
}
# What a question may be asked of: one condition, or all of them taken together.
AnyCondition = ConditionKey | Literal["any"]
ANY_CONDITION = "any nerve condition"
DOMAINS: dict[str, str] = {
    "pain": "pain",
    "numbness_tingling": "numbness and tingling",
    "sensory_symptoms": "sensory symptoms",
    "nerve_conduction": "nerve conduction",
    "function": "daily function",
    "motor": "strength and movement",
    "quality_of_life": "quality of life",
    "global_response": "overall response",
    "sleep": "sleep",
    "mood": "mood",
    "other": "other outcomes",
}
COMPARATORS: dict[str, str] = {
    "sham": "sham acupuncture",
    "usual_care": "usual care",
    "waitlist": "a waiting list",
    "drug": "a drug or vitamin",
    "any": "any comparator",
}
NEEDLING: frozenset[str] = frozenset({"manual_acupuncture", "electroacupuncture", "auricular"})
CONTROLS: frozenset[str] = frozenset({"sham", "usual_care", "waitlist", "drug", "placebo_pill"})


def _pair(value: Any) -> Any:
    """A single figure stands for a range whose ends are equal."""
    return [value, value] if isinstance(value, int | float) else value


def _holds(value: float | None, interval: Interval | None, name: str) -> None:
    if interval is None:
        return
    low, high = interval
    if low > high:
        raise ValueError(f"{name} runs from {low} down to {high}")
    if value is not None and not low <= value <= high:
        raise ValueError(f"{name} {low} to {high} does not hold {value}")


def condition_name(condition: str) -> str:
    """Plain name of a condition key or of "any". Example: "dpn" is "diabetic neuropathy"."""
    return CONDITIONS.get(condition, ANY_CONDITION)


def condition_for_case(code: str) -> AnyCondition:
    """The condition to ask the library about for a case's code: its own where we hold it, else all of them.

    Example: "dpn" stays "dpn"; "mixed" becomes "any".
    """
    return code if code in CONDITIONS else "any"  # type: ignore[return-value]


Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Span = Annotated[tuple[NonNegative, NonNegative], BeforeValidator(_pair)]
Interval = tuple[float, float]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
ArmId = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]


class PointUse(Strict):
    """One point of a trial's prescription. `doubt` keeps a doubtful code out of point counts."""

    code: str
    side: Literal["bilateral", "affected", "midline"] | None = None
    role: Literal["core", "individual"]
    note: str | None = None
    doubt: str | None = None


class Electrical(Strict):
    """Current through the needles: frequencies in Hz, current in mA."""

    hz: tuple[Positive, ...] | None = None
    ma: Span | None = None
    pulse: str | None = None
    pairs: str | None = None


class Needle(Strict):
    diameter_mm: Positive | None = None
    length_mm: Positive | None = None
    brand: str | None = None


class Stricta(Strict):
    """What was done in a needling arm, in the items of STRICTA 2010."""

    rationale: str | None = None
    points: tuple[PointUse, ...] | None = None
    individualized: bool | None = None
    needles_per_session: Span | None = None
    depth_mm: Span | None = None
    deqi: bool | None = None
    stimulation: Literal["none", "manual", "electrical"] | None = None
    electrical: Electrical = Electrical()
    retention_min: Span | None = None
    needle: Needle = Needle()
    sessions: Positive | None = None
    weeks: Positive | None = None
    frequency_per_week: Positive | None = None
    co_interventions: str | None = None
    practitioner: str | None = None


class Arm(Strict):
    """One group of a trial. `randomized: false` marks a group that patients chose themselves."""

    id: ArmId
    kind: ArmKind
    n: Count | None = None
    description: str | None = None
    randomized: bool = True
    stricta: Stricta | None = None

    @property
    def needled(self) -> bool:
        return self.kind in NEEDLING

    @property
    def is_control(self) -> bool:
        """Whether a pool may compare needling with this arm."""
        return self.kind in CONTROLS and self.randomized


class ArmResult(Strict):
    """What one arm scored on one outcome. Spread may be given as SD, SE or 95 % interval."""

    n: Count | None = None
    baseline_mean: float | None = None
    baseline_sd: Positive | None = None
    mean: float | None = None
    sd: Positive | None = None
    se: Positive | None = None
    ci95: Interval | None = None
    change_mean: float | None = None
    change_sd: Positive | None = None
    change_se: Positive | None = None
    change_ci95: Interval | None = None
    responders: Count | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> ArmResult:
        if self.responders is not None and self.n is not None and self.responders > self.n:
            raise ValueError(f"{self.responders} responders of {self.n} patients")
        _holds(self.mean, self.ci95, "ci95")
        _holds(self.change_mean, self.change_ci95, "change_ci95")
        return self


class Between(Strict):
    """The comparison as the source prints it: `effect` is treatment minus control (or their ratio)."""

    comparison: str | None = None
    treatment: tuple[ArmId, ...] = ()
    control: tuple[ArmId, ...] = ()
    effect: float | None = None
    measure: Literal["MD", "RR", "OR", "D", "F"] | None = None
    scale: Literal["change", "adjusted"] | None = None
    ci95: Interval | None = None
    p: Annotated[float, Field(ge=0, le=1)] | None = None
    p_text: str | None = None
    favours: Literal["treatment", "control"] | None = None
    result_text: str | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> Between:
        _holds(self.effect, self.ci95, "ci95")
        if self.effect is not None and self.ci95 is not None and self.measure is None:
            raise ValueError("an effect with an interval needs its measure")
        return self


class Outcome(Strict):
    """One outcome at one time. `where` says where the figures stand."""

    instrument: str
    domain: Domain
    unit: str | None = None
    better: Literal["lower", "higher"] | None = None
    time_weeks: NonNegative | None = None
    primary: bool = False
    arms: dict[str, ArmResult] = {}
    between: Between = Between()
    where: str
    note: str | None = None


class AdverseEventReport(Strict):
    event: str
    arm: str
    patients: Count | None = None
    n: Count | None = None
    serious: bool | None = None

    @model_validator(mode="after")
    def _adds_up(self) -> AdverseEventReport:
        if self.patients is not None and self.n is not None and self.patients > self.n:
            raise ValueError(f"{self.patients} patients of {self.n}")
        return self


class Trial(Strict):
    """One study. `question` and `scope` say what it asked of whom; they decide the default pools."""

    id: Identifier
    title: str | None = None
    authors: str | None = None
    year: Annotated[int, Field(ge=1970, le=2100)] | None = None
    journal: str | None = None
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    pmid: Annotated[str, Field(pattern=r"^\d+$")] | None = None
    pmcid: Annotated[str, Field(pattern=r"^PMC\d+$")] | None = None
    source_url: str
    other_sources: tuple[str, ...] = ()
    read: ReadDepth
    tables_read: tuple[str, ...] = ()
    design: Literal["rct", "crossover_rct", "single_arm", "cohort"]
    blinding: Literal["none", "patient", "assessor", "double"] | None = None
    registration: str | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    condition: ConditionKey
    condition_detail: str | None = None
    icd10: str | None = None
    question: Literal["treatment", "prevention", "mechanism", "component"]
    scope: Literal["neuropathy", "cancer_pain", "facial_palsy", "nerve_injury", "acute_zoster"]
    status: Literal["reported", "protocol"]
    n_randomized: Count | None = None
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    outcomes: tuple[Outcome, ...] = ()
    adverse_events: tuple[AdverseEventReport, ...] = ()
    withdrawals: dict[str, Count] = {}
    follow_up_weeks: NonNegative | None = None
    conclusion: Literal["positive", "negative", "mixed", "no_difference", "not_reported"]
    notes: str | None = None
    corrections: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_existing_arms(self) -> Trial:
        ids = [arm.id for arm in self.arms]
        if len(ids) != len(set(ids)):
            raise ValueError("two arms carry one id")
        known = {*ids, "all"}
        for index, outcome in enumerate(self.outcomes):
            named = {*outcome.arms, *outcome.between.treatment, *outcome.between.control}
            if named - known:
                raise ValueError(f"outcome {index + 1} names unknown arm {min(named - known)!r}")
        strays = ({*self.withdrawals} | {event.arm for event in self.adverse_events}) - known
        if strays:
            raise ValueError(f"withdrawals or adverse events name unknown arm {min(strays)!r}")
        return self

    @property
    def randomized(self) -> bool:
        return self.design in ("rct", "crossover_rct")

    @property
    def label(self) -> str:
        """Short name for tables and plots, e.g. "Chung 2016"."""
        author = re.sub(r"\(.*?\)| et al\.?", "", self.authors or "").split(",")[0]
        words = author.split()
        name = " ".join(w for w in words if not (w.isupper() and len(w) <= 3)) if words else ""
        if not name:
            return self.id.replace("-", " ").capitalize()
        return f"{name} {self.year}" if self.year else name

    def arm(self, arm_id: str) -> Arm:
        """The arm called `arm_id`. Raises KeyError when there is none."""
        for arm in self.arms:
            if arm.id == arm_id:
                return arm
        raise KeyError(arm_id)
