"""The shapes of everything but trials: reviews, guidelines, mechanisms, protocols, judgements of bias.

An absent key means that the page read did not show it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from deqi.science.evidence.schema import (
    ConditionKey,
    Count,
    Domain,
    Identifier,
    Interval,
    ReadDepth,
)
from deqi.science.knowledge import Strict

Measure = Literal["MD", "SMD", "RR", "OR"]
Certainty = Literal["high", "moderate", "low", "very low"]
Topic = ConditionKey | Literal["mixed", "not_neuropathy"]


class PooledEstimate(Strict):
    """One pooled result as a review prints it."""

    outcome: str
    domain: Domain
    comparison: str | None = None
    comparator: Literal["sham", "usual_care", "waitlist", "drug", "any", "other"] | None = None
    measure: Measure | None = None
    unit: str | None = None
    effect: float | None = None
    ci95: Interval | None = None
    p: Annotated[float, Field(ge=0, le=1)] | None = None
    p_text: str | None = None
    i2_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    trials: Count | None = None
    patients: Count | None = None
    model: Literal["random", "fixed"] | None = None
    certainty: Certainty | None = None
    direction: str | None = None
    trial: str | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _interval_holds(self) -> PooledEstimate:
        if self.ci95 and self.effect is not None and not self.ci95[0] <= self.effect <= self.ci95[1]:
            raise ValueError(f"ci95 {self.ci95} does not hold {self.effect}")
        return self


class StudyRow(Strict):
    """A row about one trial in a review's table; `as_printed` keeps what has no field of its own."""

    study: str
    n1: Count | None = None
    n2: Count | None = None
    control: str | None = None
    instrument: str | None = None
    condition: str | None = None
    points: tuple[str, ...] | None = None
    as_printed: str | None = None
    note: str | None = None


class NamedPoint(Strict):
    code: str
    rank: str | None = None
    note: str | None = None


class Review(Strict):
    """A systematic review. `same_as` names the record of the same publication that counts."""

    id: Identifier
    same_as: Identifier | None = None
    kind: Literal[
        "systematic_review",
        "overview_of_reviews",
        "network_meta_analysis",
        "narrative_review",
        "data_mining",
        "protocol",
    ]
    title: str | None = None
    authors: str | None = None
    citation: str | None = None
    year: int | None = None
    journal: str | None = None
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    pmid: Annotated[str, Field(pattern=r"^\d+$")] | None = None
    pmcid: Annotated[str, Field(pattern=r"^PMC\d+$")] | None = None
    registration: str | None = None
    source_url: str
    other_sources: tuple[str, ...] = ()
    read: ReadDepth
    read_detail: str | None = None
    condition: Topic
    condition_detail: str | None = None
    searched_to: str | None = None
    trials: Count | None = None
    trials_text: str | None = None
    patients: Count | None = None
    pooled: tuple[PooledEstimate, ...] = ()
    pooled_note: str | None = None
    study_rows: tuple[StudyRow, ...] = ()
    study_rows_source: str | None = None
    points: tuple[NamedPoint, ...] = ()
    quality: str | None = None
    risk_of_bias: str | None = None
    adverse_events: str | None = None
    conclusion: str | None = None
    notes: str | None = None

    @property
    def label(self) -> str:
        """How a reader finds it: title or citation, whichever the page showed."""
        return (
            self.citation or ", ".join(str(x) for x in (self.authors, self.title, self.year) if x) or self.id
        )


class Reviews(Strict):
    about: str
    reviews: tuple[Review, ...]


class Statement(Strict):
    """One position. `about` not_neuropathy: it speaks of another pain and must not be borrowed."""

    use: str
    about: Literal["neuropathy", "not_neuropathy"]
    stance: Literal["for", "against", "no_recommendation", "not_addressed", "unverified"]
    number: str | None = None
    recommendation: str | None = None
    strength: str | None = None
    evidence_quality: str | None = None
    source_url: str | None = None
    note: str | None = None


class Guideline(Strict):
    id: Identifier
    kind: Literal[
        "guideline", "evidence_summary", "coverage_policy", "review_of_guidelines", "expert_consensus"
    ]
    body: str
    title: str
    citation: str | None = None
    year: int | None = None
    doi: str | None = None
    pmid: str | None = None
    pmcid: str | None = None
    conditions: tuple[Topic, ...]
    read: ReadDepth
    read_detail: str | None = None
    source_url: str | None = None
    other_sources: tuple[str, ...] = ()
    statements: Annotated[tuple[Statement, ...], Field(min_length=1)]
    context: str | None = None
    reference_effects: str | None = None
    notes: str | None = None


class Guidelines(Strict):
    about: str
    guidelines: tuple[Guideline, ...]


class Citation(Strict):
    authors: str | None = None
    year: int | None = None
    title: str | None = None
    journal: str | None = None
    doi: str | None = None
    pmid: str | None = None
    url: str


class Finding(Strict):
    """One study's result that speaks for or against a mechanism."""

    id: Identifier
    claim: str
    model: Literal["human", "rat", "mouse", "review"]
    condition_detail: str
    in_neuropathy: bool
    intervention: str
    measured: str
    result: str
    direction: Literal["supports", "mixed", "against"]
    read: ReadDepth
    note: str | None = None
    citation: Citation


class ClinicMeasure(Strict):
    """What a clinic can measure that speaks to a mechanism, and how strongly it is linked."""

    measure: str
    how: str
    link: Literal["weak", "moderate", "strong"]
    why: str
    feasibility: str


class Mechanism(Strict):
    """One of the six: what is claimed, what was found, how sure we are in people."""

    id: Identifier
    name: str
    article_claim: str
    summary: str
    findings: tuple[Finding, ...]
    clinic_measures: tuple[ClinicMeasure, ...]
    certainty_humans: Certainty
    certainty_reason: str

    def ordered_findings(self) -> tuple[Finding, ...]:
        """Human findings first, in neuropathy before elsewhere, then animals, then reviews."""
        rank = {"human": 0, "rat": 1, "mouse": 1, "review": 2}
        return tuple(sorted(self.findings, key=lambda f: (rank[f.model], not f.in_neuropathy)))

    def tally(self, model: Literal["human", "animal"]) -> dict[str, int]:
        """How many findings support, are mixed or speak against, in people or in animals."""
        wanted = ("human",) if model == "human" else ("rat", "mouse")
        counts = {"supports": 0, "mixed": 0, "against": 0}
        for finding in self.findings:
            if finding.model in wanted:
                counts[finding.direction] += 1
        return counts


class MechanismsMeta(Strict):
    title: str
    compiled: str
    how_read: str
    judgement: str
    caution: str
    fields: str


class Mechanisms(Strict):
    meta: MechanismsMeta
    mechanisms: tuple[Mechanism, ...]
    cross_cutting: tuple[str, ...]
    gaps: tuple[str, ...]


class Protocol(Strict):
    id: Identifier
    condition: ConditionKey
    registration: str | None = None
    what: str
    arms: str | None = None
    n_planned: Count | None = None
    status: str
    results_in: Identifier | None = None
    source_url: str


class Protocols(Strict):
    about: str
    protocols: tuple[Protocol, ...]


BiasDomain = Literal[
    "sequence_generation",
    "allocation_concealment",
    "blinding_participants",
    "blinding_assessors",
    "blinding_participants_and_assessors",
    "blinding_treatment_provider",
    "incomplete_outcome_data",
    "selective_reporting",
    "other",
]


class BiasJudgement(Strict):
    """A review's judgement of one trial, domain by domain."""

    trial: Identifier | None = None
    trial_as_printed: str | None = None
    review: str
    review_title: str
    doi: str
    url: str
    other_url: str | None = None
    instrument: str
    domains: dict[BiasDomain, Literal["low", "unclear", "high"]]
    reasons: str | None = None
    doubt: str | None = None


class WholeReviewBias(Strict):
    review: str
    condition: str
    doi: str
    url: str
    instrument: str | None = None
    trials: Count
    low: Count | None = None
    some_concerns: Count | None = None
    unclear: Count | None = None
    high: Count | None = None
    note: str | None = None


class RiskOfBias(Strict):
    about: str
    judgements: tuple[BiasJudgement, ...]
    whole_reviews: tuple[WholeReviewBias, ...]


class ReviewRow(Strict):
    """The numbers a review prints for one trial in one comparison."""

    trial: Identifier | None = None
    arm: str | None = None
    n1: Count | None = None
    mean1: float | None = None
    sd1: Annotated[float, Field(gt=0)] | None = None
    n2: Count | None = None
    mean2: float | None = None
    sd2: Annotated[float, Field(gt=0)] | None = None
    events1: Count | None = None
    events2: Count | None = None
    n_total: Count | None = None
    effect: float | None = None
    ci95: Interval | None = None
    note: str | None = None


class PrintedPool(Strict):
    effect: float
    ci95: Interval
    participants: Count | None = None
    studies: Count | None = None
    certainty: Certainty | None = None


class ReviewComparison(Strict):
    review: str
    doi: str
    url: str
    condition: ConditionKey
    comparison: str
    outcome: str
    measure: Measure
    positive_favours: Literal["acupuncture"] | None = None
    rows: tuple[ReviewRow, ...]
    pooled: PrintedPool | None = None
    note: str | None = None


class LonePool(Strict):
    """A pooled estimate whose trials are not listed on the page read."""

    review: str
    doi: str | None = None
    pmid: str | None = None
    url: str
    condition: ConditionKey | Literal["mixed"]
    comparison: str
    outcome: str
    measure: Measure
    effect: float
    ci95: Interval
    studies: Count | None = None
    participants: Count | None = None
    i2_percent: float | None = None
    note: str | None = None


class ReviewRows(Strict):
    about: str
    comparisons: tuple[ReviewComparison, ...]
    pooled_without_rows: tuple[LonePool, ...]


class Overlap(Strict):
    """Records that share participants; no pool holds two of them. The first named is preferred."""

    id: Identifier
    kind: Literal["same_participants", "likely_overlap"]
    trials: Annotated[tuple[Identifier, ...], Field(min_length=2)]
    reason: str


class Overlaps(Strict):
    about: str
    overlaps: tuple[Overlap, ...]
