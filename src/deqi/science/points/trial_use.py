"""How often and in which trials a point was used, and what those trials' authors concluded.

Counted: needling arms of trials of neuropathy (facial palsy, nerve injury and cancer pain are not neuropathy and stay
out). A code that the compilers doubt (a likely misprint) is shown with its doubt and not counted. Use in a trial is
not proof of effect: a point is one of many needled together, and most trials cannot tell them apart.

Example:
    >>> [use.trial for use in uses("PC7")][:1]
    ['yang-2009']
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from deqi.science.evidence import overlaps, trials
from deqi.science.evidence.schema import COMPARATORS, CONDITIONS, Arm, PointUse, Trial
from deqi.science.points.atlas import atlas

NOT_PROOF = (
    "Use in trials is not proof of effect: points were needled together, and no trial tested this one alone."
)
NOT_NEEDLED = frozenset({"sham", "usual_care", "waitlist", "drug", "placebo_pill", "auricular"})
CONTROL_WORDS: Mapping[str, str] = {**COMPARATORS, "placebo_pill": "a placebo pill"}


@dataclass(frozen=True)
class TrialUse:
    """One trial that used the point. `n`: people randomised (None: not shown); `against`: comparators in words."""

    trial: str
    label: str
    condition: str
    year: int | None
    n: int | None
    against: tuple[str, ...]
    status: str
    conclusion: str
    read: str
    design: str
    side: str | None
    role: str
    note: str | None
    doubt: str | None
    source_url: str


def needled_arms(trial: Trial) -> tuple[Arm, ...]:
    """Arms whose body points are known, shams and ear points aside."""
    return tuple(
        arm for arm in trial.arms if arm.kind not in NOT_NEEDLED and arm.stricta and arm.stricta.points
    )


def points_of(trial: Trial) -> dict[str, PointUse]:
    """Code -> how the trial used it, over all its needled arms; only codes of the atlas."""
    found: dict[str, PointUse] = {}
    for arm in needled_arms(trial):
        for use in arm.stricta.points or () if arm.stricta else ():
            if use.code in atlas() and (use.code not in found or found[use.code].doubt):
                found[use.code] = use
    return found


@cache
def point_lists() -> Mapping[str, frozenset[str]]:
    """Trial id -> its known point list without doubtful codes; trials of neuropathy only."""
    lists = {}
    for trial in trials().values():
        codes = frozenset(code for code, use in points_of(trial).items() if not use.doubt)
        if trial.scope == "neuropathy" and codes:
            lists[trial.id] = codes
    return lists


def core_points(trial_id: str) -> frozenset[str]:
    """The points of a known list that everybody in the trial got; all of it when none was fixed."""
    known = point_lists()[trial_id]
    fixed = {code for code, use in points_of(trials()[trial_id]).items() if use.role == "core"}
    return frozenset(known & fixed) or known


@cache
def _all_uses() -> Mapping[str, tuple[TrialUse, ...]]:
    found: dict[str, list[TrialUse]] = {}
    for trial in trials().values():
        if trial.scope != "neuropathy":
            continue
        controls = dict.fromkeys(arm.kind for arm in trial.arms if arm.is_control)
        against = tuple(CONTROL_WORDS.get(kind, kind) for kind in controls)
        for code, use in points_of(trial).items():
            found.setdefault(code, []).append(
                TrialUse(
                    trial=trial.id,
                    label=trial.label,
                    condition=trial.condition,
                    year=trial.year,
                    n=trial.n_randomized,
                    against=against,
                    status=trial.status,
                    conclusion=trial.conclusion,
                    read=trial.read,
                    design=trial.design,
                    side=use.side,
                    role=use.role,
                    note=use.note,
                    doubt=use.doubt,
                    source_url=trial.source_url,
                )
            )
    return {code: tuple(uses) for code, uses in found.items()}


def uses(code: str) -> tuple[TrialUse, ...]:
    """Trials that used the point, oldest first; empty if none is known."""
    return _all_uses().get(code, ())


def counted(code: str) -> tuple[TrialUse, ...]:
    """The uses that count: without doubtful codes, one for records that share participants."""
    kept: list[TrialUse] = []
    shared = {name: group.id for group in overlaps() for name in group.trials}
    seen: set[str] = set()
    for use in uses(code):
        group = shared.get(use.trial, use.trial)
        if not use.doubt and group not in seen:
            seen.add(group)
            kept.append(use)
    return tuple(kept)


def summary(code: str) -> str:
    """One sentence: in how many of the trials with a known point list it was used, and for what."""
    found = counted(code)
    total = len({_group(name) for name in point_lists()})
    if not found:
        return f"Not used in any of the {total} trials of neuropathy whose point lists are known."
    parts = []
    for condition in dict.fromkeys(use.condition for use in found):
        here = sum(use.condition == condition for use in found)
        parts.append(f"{here} of {CONDITIONS[condition]}")
    return f"Used in {len(found)} of {total} trials of neuropathy whose point lists are known: {', '.join(parts)}."


def _group(trial_id: str) -> str:
    return next((group.id for group in overlaps() if trial_id in group.trials), trial_id)


def beyond_the_atlas(condition: str, exclude_trials: Collection[str] = ()) -> Mapping[str, int]:
    """What else trials of a condition needled that is no point of the atlas: name -> number of trials.

    Tender points ("ashi"), ear points ("AURI: shenmen") and wrist-ankle areas, as the records name them.
    Example: `beyond_the_atlas("phn")["ashi"]` counts trials that needled the painful places themselves.
    """
    found: dict[str, set[str]] = {}
    for trial in trials().values():
        if trial.condition != condition or trial.scope != "neuropathy" or trial.id in exclude_trials:
            continue
        for arm in trial.arms:
            if arm.stricta is None or not (arm.needled or arm.kind == "other"):
                continue
            for use in arm.stricta.points or ():
                if use.code not in atlas():
                    found.setdefault(use.code, set()).add(_group(trial.id))
    return {name: len(groups) for name, groups in sorted(found.items(), key=lambda item: -len(item[1]))}
