"""Opens the shelves: trials, reviews, guidelines, mechanisms and what was judged about them.

Each loader reads its files once. `problems()` reports everything wrong with file and line, and also checks
what no single record can know: names that point nowhere, figures that disagree with each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from deqi.science.evidence.schema import Trial
from deqi.science.evidence.shelf import (
    BiasJudgement,
    Guideline,
    Guidelines,
    Mechanism,
    Mechanisms,
    Overlap,
    Overlaps,
    Protocol,
    Protocols,
    Review,
    ReviewRows,
    Reviews,
    RiskOfBias,
)
from deqi.science.knowledge import KnowledgeError, Problem, data_path, load_yaml

_PACKAGE = "deqi.science.evidence"


def _trial_files() -> list[Path]:
    return sorted(data_path(_PACKAGE, "trials").glob("*.yaml"))


def _load_trial(path: Path) -> Trial:
    try:
        trial: Trial = load_yaml(path, Trial)
    except KnowledgeError as error:
        raise KnowledgeError(
            [Problem(f"trials/{p.file}", p.line, p.where, p.message) for p in error.problems]
        )
    if trial.id != path.stem:
        raise KnowledgeError(
            [Problem(f"trials/{path.name}", 1, "id", f"the file is named {path.stem}, the record {trial.id}")]
        )
    return trial


@cache
def trials() -> Mapping[str, Trial]:
    """Every trial by id, in order of year then id. Example: `trials()["chung-2016"].n_randomized` is 181.

    Raises KnowledgeError naming every file and line at fault.
    """
    found: list[Trial] = []
    faults: list[Problem] = []
    for path in _trial_files():
        try:
            found.append(_load_trial(path))
        except KnowledgeError as error:
            faults.extend(error.problems)
    if faults:
        raise KnowledgeError(faults)
    found.sort(key=lambda t: (t.year or 9999, t.id))
    return MappingProxyType({t.id: t for t in found})


@cache
def reviews() -> Mapping[str, Review]:
    """Systematic reviews by id. A record with `same_as` is a second reading of one publication."""
    loaded: Reviews = load_yaml(data_path(_PACKAGE, "reviews.yaml"), Reviews)
    return MappingProxyType({r.id: r for r in loaded.reviews})


@cache
def guidelines() -> Mapping[str, Guideline]:
    """Guideline positions by id. None read positively recommends acupuncture for painful diabetic neuropathy."""
    loaded: Guidelines = load_yaml(data_path(_PACKAGE, "guidelines.yaml"), Guidelines)
    return MappingProxyType({g.id: g for g in loaded.guidelines})


@cache
def mechanism_map() -> Mechanisms:
    """The six mechanisms with what cuts across them, the gaps, and the cautions that go with the map."""
    loaded: Mechanisms = load_yaml(data_path(_PACKAGE, "mechanisms.yaml"), Mechanisms)
    return loaded


@cache
def mechanisms() -> Mapping[str, Mechanism]:
    """The six mechanisms by id, in the order of the source article."""
    return MappingProxyType({m.id: m for m in mechanism_map().mechanisms})


@cache
def protocols() -> Mapping[str, Protocol]:
    """Registered trials whose results were not read."""
    loaded: Protocols = load_yaml(data_path(_PACKAGE, "protocols.yaml"), Protocols)
    return MappingProxyType({p.id: p for p in loaded.protocols})


@cache
def risk_of_bias() -> RiskOfBias:
    """Judgements of bias as reviews print them, by trial and for whole reviews."""
    loaded: RiskOfBias = load_yaml(data_path(_PACKAGE, "risk_of_bias.yaml"), RiskOfBias)
    return loaded


def bias_of(trial_id: str) -> tuple[BiasJudgement, ...]:
    """Every judgement of one trial; empty when none was read."""
    return tuple(j for j in risk_of_bias().judgements if j.trial == trial_id)


@cache
def review_rows() -> ReviewRows:
    """Numbers that reviews print trial by trial, with their own pooled result."""
    loaded: ReviewRows = load_yaml(data_path(_PACKAGE, "review_rows.yaml"), ReviewRows)
    return loaded


@cache
def overlaps() -> tuple[Overlap, ...]:
    """Groups of records that share participants."""
    loaded: Overlaps = load_yaml(data_path(_PACKAGE, "overlaps.yaml"), Overlaps)
    return loaded.overlaps


def overlap_of(trial_id: str) -> Overlap | None:
    """The group of shared participants that `trial_id` belongs to, if any."""
    return next((o for o in overlaps() if trial_id in o.trials), None)


def outside_default_pools(trial: Trial) -> tuple[str, ...]:
    """Why a trial stays out of the default pools, in plain words; empty when it is in.

    Example: `outside_default_pools(trials()["greenlee-2016"])` says that it asked about prevention.
    """
    reasons: list[str] = []
    if trial.status == "protocol":
        reasons.append("a protocol, no results")
    if not trial.randomized:
        reasons.append("not randomised")
    if trial.question == "prevention":
        reasons.append("asks about prevention during chemotherapy, not treatment afterwards")
    if trial.question == "mechanism":
        reasons.append("a single-session study of mechanism, not of treatment")
    if trial.question == "component":
        reasons.append("both sides were needled alike: asks about one component, not about needling")
    if trial.scope != "neuropathy":
        reasons.append(f"not peripheral neuropathy ({trial.scope.replace('_', ' ')})")
    if trial.randomized and not any(arm.is_control for arm in trial.arms):
        reasons.append("no randomised arm without needling: nothing to compare needling with")
    return tuple(reasons)


def problems() -> list[Problem]:
    """Everything wrong with the knowledge files: faults of shape first, then links and arithmetic."""
    loaders: tuple[Callable[[], Any], ...] = (
        trials, reviews, guidelines, mechanism_map, protocols, risk_of_bias, review_rows, overlaps,
    )  # fmt: skip
    faults: list[Problem] = []
    for loader in loaders:
        try:
            loader()
        except KnowledgeError as error:
            faults.extend(error.problems)
    return faults or [*_links(), *_disagreements()]


def _links() -> list[Problem]:
    """Names that point at no record."""
    faults: list[Problem] = []

    def need(file: str, where: str, name: str | None, shelf: Mapping[str, Any]) -> None:
        if name is not None and name not in shelf:
            faults.append(Problem(file, 0, where, f"there is no record {name!r}"))

    for judgement in risk_of_bias().judgements:
        need("risk_of_bias.yaml", judgement.review, judgement.trial, trials())
    for overlap in overlaps():
        for name in overlap.trials:
            need("overlaps.yaml", overlap.id, name, trials())
    for comparison in review_rows().comparisons:
        for row in comparison.rows:
            need("review_rows.yaml", comparison.review, row.trial, trials())
    for protocol in protocols().values():
        need("protocols.yaml", protocol.id, protocol.results_in, trials())
    for review in reviews().values():
        need("reviews.yaml", review.id, review.same_as, reviews())
        for estimate in review.pooled:
            need("reviews.yaml", review.id, estimate.trial, trials())
    return faults


def _disagreements() -> list[Problem]:
    """Printed differences that point away from the printed group means, beyond their own interval."""
    faults: list[Problem] = []
    for trial in trials().values():
        for number, outcome in enumerate(trial.outcomes, start=1):
            between = outcome.between
            if between.measure != "MD" or between.effect is None:
                continue
            if len(between.treatment) != 1 or len(between.control) != 1:
                continue
            one = outcome.arms.get(between.treatment[0])
            two = outcome.arms.get(between.control[0])
            if one is None or two is None:
                continue
            pairs = ((one.change_mean, two.change_mean), (one.mean, two.mean))
            first, second = next(((a, b) for a, b in pairs if a is not None and b is not None), (None, None))
            if first is None or second is None:
                continue
            low, high = between.ci95 or (-abs(between.effect), abs(between.effect))
            if not low <= first - second <= high and (first - second) * between.effect < 0:
                faults.append(
                    Problem(
                        f"trials/{trial.id}.yaml",
                        0,
                        f"outcomes.{number}.between.effect",
                        f"{between.effect} points the other way than the arms ({first} and {second})",
                    )
                )
    return faults
