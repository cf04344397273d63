"""Suggests points for one person: a ranking with reasons, a set that can be needled, and what was left out and why.

It suggests; the practitioner decides. A rank says how customary a point is in trials of such conditions, never that
it works.

Example:
    >>> from deqi.science.case import case_from
    >>> found = suggest(case_from({"condition": "cipn", "facts": {"pregnant": True}}))
    >>> [one.code for one in found.left_out][:2]
    ['LR3', 'LI4']
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from deqi.science.case import Case
from deqi.science.evidence import trials
from deqi.science.points.atlas import atlas
from deqi.science.points.suggestions.choose import (
    ChosenSet,
    choose,
    limb_of,
    needles_for,
    sides_for,
    without_current,
)
from deqi.science.points.suggestions.look import LookedAt, about_current, looked_at
from deqi.science.points.suggestions.model import rank
from deqi.science.points.suggestions.reasons import Reason, reasons
from deqi.science.points.suggestions.tables import Relation, matched_nerves, relation, tables
from deqi.science.points.trial_use import NOT_PROOF, beyond_the_atlas
from deqi.science.safety import Finding, Screen, screen

LOOK_AT = 45
"""So many points from the top of the ranking are screened; the rest never reach a list of 15."""
LEAST = 0.15
"""A set is not filled up with points whose score is below this share of the best one."""


@dataclass(frozen=True)
class Caution:
    """Something to mind at this point. `kind`: the atlas's kind of caution, or the safety rule's id."""

    kind: str
    text: str
    source: str


@dataclass(frozen=True)
class SuggestedPoint:
    """One point of the ranking. `in_set`: it is in the proposed set; `side` and `needles` as proposed."""

    code: str
    score: float
    role: Relation
    reasons: tuple[Reason, ...]
    cautions: tuple[Caution, ...]
    side: str
    needles: int
    in_set: bool


@dataclass(frozen=True)
class LeftOut:
    """A point that ranks high enough and is kept out. `instead`: points that may take its part."""

    code: str
    score: float
    rule: str
    why: str
    source: str
    instead: tuple[str, ...]
    side: str | None = None


@dataclass(frozen=True)
class Suggestion:
    """The whole answer. `alternatives`: left-out code -> points offered instead. `verdict`: of the safety screen.

    `also_used`: what trials of the condition needled beside points of the atlas (tender points, ear points), with
    the number of trials.
    """

    points: tuple[SuggestedPoint, ...]
    chosen: ChosenSet
    left_out: tuple[LeftOut, ...]
    alternatives: dict[str, tuple[str, ...]]
    verdict: Literal["go", "modify", "avoid", "stop"]
    safety: tuple[Caution, ...]
    also_used: Mapping[str, int]
    regions: tuple[str, ...]
    model_version: int
    not_proof: str


class UnknownTrial(ValueError):
    """A trial to be excluded does not exist."""


def suggest(case: Case, limit: int = 15, exclude_trials: Collection[str] = ()) -> Suggestion:
    """Suggests at most `limit` points for `case`. `exclude_trials`: trial ids to leave out of the count.

    Raises UnknownTrial naming an id that does not exist, ValueError for a limit below 1.
    """
    if limit < 1:
        raise ValueError("limit must be 1 or more")
    if unknown := [name for name in exclude_trials if name not in trials()]:
        raise UnknownTrial(f"there is no trial {unknown[0]!r}")
    regions = case.regions or tables().usual_regions[case.condition]
    ranked = rank(case.condition, case.regions, exclude_trials)[: max(LOOK_AT, limit * 2)]
    safety = looked_at(case, [code for code, _ in ranked])
    allowed = [
        (code, score, side)
        for code, score in ranked
        if (side := sides_for(case.condition, case.affected_side, safety.kept_off, code))
    ]
    offered = allowed[:limit]
    open_now = [(code, score, side) for code, score, side in offered if code not in safety.trained_only]
    chosen = choose(
        [(code, side) for code, _, side in open_now],
        regions,
        case.max_needles,
        case.modality == "electro",
        safety.no_current,
        customary=sum(score > LEAST * ranked[0][1] for _, score, _ in open_now),
    )
    left_out = _left_out(ranked[:limit], safety, [code for code, _ in ranked], regions)
    chosen, final = _screened(case, chosen)
    return Suggestion(
        points=tuple(
            SuggestedPoint(
                code=code,
                score=round(score, 4),
                role=relation(code, regions),
                reasons=reasons(code, case.condition, regions, exclude_trials),
                cautions=_cautions(code, safety),
                side=side,
                needles=needles_for(code, side),
                in_set=code in chosen.codes,
            )
            for code, score, side in offered
        ),
        chosen=chosen,
        left_out=left_out,
        alternatives={one.code: one.instead for one in left_out if one.instead},
        verdict=final.verdict,
        safety=tuple(
            Caution(one.id, f"{one.effect}: {one.text}", one.source)
            for one in final.findings
            if not one.points
        ),
        also_used=beyond_the_atlas(case.condition, exclude_trials),
        regions=tuple(regions),
        model_version=tables().version,
        not_proof=NOT_PROOF,
    )


def _screened(case: Case, chosen: ChosenSet) -> tuple[ChosenSet, Screen]:
    """The set as the screen leaves it: its electrical pairs are dropped when the screen bars their current."""
    final = screen(case, chosen.codes, case.modality, pairs=chosen.pairs)
    wired = {code for pair in chosen.pairs for code in pair}
    for finding in final.findings:
        if wired and about_current(finding) and (not finding.points or wired & set(finding.points)):
            return without_current(chosen, f"{finding.title}: {_plain(finding)}"), final
    return chosen, final


def _left_out(
    ranked: list[tuple[str, float]], safety: LookedAt, candidates: list[str], regions: tuple[str, ...]
) -> tuple[LeftOut, ...]:
    """The points among the first of the ranking that are kept off a side, and what may take their part there."""

    def free(sides: set[str]) -> list[str]:
        return [
            code
            for code in candidates
            if code not in safety.trained_only and not sides & safety.kept_off.get(code, set())
        ]

    return tuple(
        LeftOut(
            code=code,
            score=round(score, 4),
            rule=safety.because[code].id,
            why=f"{safety.because[code].title}: {_plain(safety.because[code])}",
            source=safety.because[code].source,
            instead=instead_of(code, free(sides), regions),
            side=None if len(sides) == 2 else next(iter(sides)),
        )
        for code, score in ranked
        if (sides := safety.kept_off.get(code))
    )


def _plain(finding: Finding) -> str:
    """The finding's words without its title, which some texts repeat."""
    return finding.text.removeprefix(f"{finding.title}: ")


def instead_of(code: str, allowed: list[str], regions: tuple[str, ...], count: int = 2) -> tuple[str, ...]:
    """Allowed points that may take a left-out point's part: same limb, then same role and shared nerve, then rank."""
    nerves = set(matched_nerves(code, regions))
    place = {other: number for number, other in enumerate(allowed)}
    near = [other for other in allowed if limb_of(other) == limb_of(code) and other != code]
    near.sort(
        key=lambda other: (
            relation(other, regions) != relation(code, regions),
            not nerves & set(matched_nerves(other, regions)),
            place[other],
        )
    )
    return tuple(near[:count])


def _cautions(code: str, safety: LookedAt) -> tuple[Caution, ...]:
    """The atlas's cautions for the point, then what the safety screen says about it without keeping it out."""
    found = [Caution(row.kind, row.advice, row.source) for row in atlas()[code].cautions]
    if code in safety.trained_only:
        one = safety.trained_only[code]
        found.append(Caution(one.id, f"{one.effect}: {_plain(one)}", one.source))
    found += [
        Caution(one.id, f"{one.effect}: {_plain(one)}", one.source) for one in safety.said.get(code, ())
    ]
    if sides := safety.kept_off.get(code):
        found.append(
            Caution(
                "side", f"Not on the {' or '.join(sorted(sides))}: see what was left out.", "safety screen"
            )
        )
    return tuple(found)
