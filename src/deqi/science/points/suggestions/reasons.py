"""Why a point is suggested, in sentences a practitioner can check: trials, place, nerves.

Every reason names its source; none says that a point works.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from deqi.science.evidence import outside_default_pools, trials
from deqi.science.evidence.schema import CONDITIONS
from deqi.science.points.atlas import atlas
from deqi.science.points.suggestions.model import VARIOUS, condition_of, kindred, lists
from deqi.science.points.suggestions.tables import case_region_of, matched_nerves, relation, tables
from deqi.science.points.trial_use import TrialUse, counted

READ_WORDS = {
    "full_text": "full text read",
    "abstract": "abstract read",
    "secondary": "read in a review only",
    "record_only": "only its record read",
}
REGION_WORDS = {
    "feet": "the feet",
    "hands": "the hands",
    "lower_legs": "the lower legs",
    "forearms": "the forearms",
    "face": "the face",
    "trunk": "the trunk",
    "wrist": "the wrist",
}


@dataclass(frozen=True)
class Reason:
    """One reason. `trial`, `n`, `against`, `conclusion` and `read` are filled for reason kind "trial"."""

    kind: Literal["trials", "trial", "place", "nerve"]
    text: str
    trial: str | None = None
    n: int | None = None
    against: tuple[str, ...] = ()
    conclusion: str | None = None
    read: str | None = None
    source: str | None = None


def reasons(
    code: str, condition: str, regions: Sequence[str], exclude_trials: Collection[str] = ()
) -> tuple[Reason, ...]:
    """All reasons for a point, the sum over trials first, then trials in the person's condition, place and nerves."""
    found = [use for use in counted(code) if use.trial not in exclude_trials]
    near = [use for use in found if kindred(condition, condition_of(use.trial))]
    near.sort(key=lambda use: (use.condition != condition, -(use.n or 0)))
    return (
        _sum(found, condition, frozenset(exclude_trials)),
        *(_trial(use) for use in near[:5]),
        _place(code, regions),
        *_nerves(code, tuple(regions)),
    )


def _sum(found: Sequence[TrialUse], condition: str, excluded: frozenset[str]) -> Reason:
    here = sum(use.condition == condition for use in found)
    total, all_trials = _totals(condition, excluded)
    name = CONDITIONS.get(condition, "neuropathy of more than one cause")  # type: ignore[call-overload]
    if total:
        text = f"Used in {here} of {total} trials of {name} with a known point list, and in {len(found)} of {all_trials} trials in all."
    else:
        text = f"No trial of {name} has a known point list; used in {len(found)} of {all_trials} trials of other neuropathy."
    return Reason("trials", text, source="the evidence base")


@cache
def _totals(condition: str, excluded: frozenset[str]) -> tuple[int, int]:
    """Independent trials with a known list: in the condition, and in all."""
    table = lists()
    seen: set[str] = set()
    here = everywhere = 0
    for name, trial_condition in zip(table.ids, table.conditions, strict=True):
        if name in excluded or name in seen:
            continue
        seen |= shared_with(name)
        everywhere += 1
        here += trial_condition == condition
    return here, everywhere


def shared_with(name: str) -> frozenset[str]:
    """The trial and those that share its participants."""
    from deqi.science.evidence import overlaps

    return frozenset(
        {name, *(other for group in overlaps() if name in group.trials for other in group.trials)}
    )


def _trial(use: TrialUse) -> Reason:
    size = f"{use.n} people" if use.n else "size not shown"
    against = f" against {' and '.join(use.against)}" if use.against else ", no arm without needling"
    if use.status == "protocol":
        result = "a protocol, no results"
    elif use.conclusion == "not_reported":
        result = "conclusion not shown in what was read"
    else:
        result = f"its authors conclude: {use.conclusion.replace('_', ' ')}"
    aside = [text for text in outside_default_pools(trials()[use.trial]) if "protocol" not in text]
    caveat = f"; {aside[0]}" if aside and not use.against else ""
    text = f"{use.label}, {_of(use)}: {size}{against}; {result}; {READ_WORDS[use.read]}{caveat}."
    return Reason("trial", text, use.trial, use.n, use.against, use.conclusion, use.read, use.source_url)


def _of(use: TrialUse) -> str:
    """The condition of a trial as a reason prints it: its key, or words where the key says little."""
    return "neuropathy of several causes" if condition_of(use.trial) == VARIOUS else use.condition


def _place(code: str, regions: Sequence[str]) -> Reason:
    role = relation(code, regions)
    here, body = case_region_of(code), atlas()[code].region
    if role == "local":
        return Reason("place", f"Local: it lies on the {body}, where the symptoms are.")
    if role == "regional":
        near = [region for region in regions if here in tables().neighbours[region]]  # type: ignore[index]
        return Reason("place", f"Regional: it lies on the {body}, next to {_named(near)}.")
    return Reason("place", f"Distal: it lies on the {body}, away from {_named(regions)}.")


def _named(regions: Sequence[str]) -> str:
    return " and ".join(REGION_WORDS[region] for region in regions)


def _nerves(code: str, regions: tuple[str, ...]) -> list[Reason]:
    found = []
    for territory in matched_nerves(code, regions):
        row = atlas().territories[territory]
        text = f"Nerve: the {row.nerve} runs here; it supplies {row.region}."
        found.append(Reason("nerve", text, source=row.source))
    return found
