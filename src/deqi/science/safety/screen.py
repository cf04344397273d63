"""The screen: what the rules say about this person and this plan.

Every rule and red flag is asked, in the order stop, avoid, modify, inform. Three things keep it honest and
short:

- a finding concerns *this* plan; what is forbidden but not planned stands apart in `standing`;
- a fact nobody has asked about is a finding (`missing`), but only where something else that is known makes it
  matter, or where it belongs to the core that everybody is asked; the core makes one finding, not twelve;
- every finding says whether its figure is the source's or this project's proposal.

Example:
    >>> from deqi.science.case import case_from
    >>> case = case_from({"condition": "dpn", "facts": {"pregnant": True}})
    >>> [f.points for f in screen(case, ["LI4", "ST36"]).findings if f.effect == "avoid"]
    [('LI4',)]
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from deqi.science.safety.conditions import Answer, Known
from deqi.science.safety.facts import facts, is_asked, not_asked, stale
from deqi.science.safety.places import Plan, Spot, Target, area_of, plan_of, touched
from deqi.science.safety.red_flags import RedFlag, Source, every_visit_flags, red_flags
from deqi.science.safety.rules import EFFECTS, Effect, Rule, RuleEffect, precautions, thresholds

if TYPE_CHECKING:
    from deqi.science.case import Case

Verdict = Literal["go", "modify", "avoid", "stop"]
PROJECT = "this project's policy on unanswered questions (docs/safety.md)"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a rule says about this plan.

    `points` are those of the plan it concerns, or all it would concern while no points are typed; `side` says
    when only one side is meant; `regions` are the areas those points lie in. `steps` are to be ticked one by one
    and `text` reads them as a line. `threshold_from_source` is None when no threshold is involved. `missing`
    findings name the `unknown` facts. `in_plan` is False for what is forbidden but not planned.
    """

    id: str
    kind: Literal["precaution", "red_flag", "unanswered"]
    effect: Effect
    title: str
    text: str
    steps: tuple[str, ...]
    points: tuple[str, ...]
    side: str | None
    regions: tuple[str, ...]
    methods: tuple[str, ...]
    threshold_from_source: bool | None
    sources: tuple[Source, ...]
    strength: str
    disagreement: str | None
    what_would_lift: str | None
    missing: bool = False
    unknown: tuple[str, ...] = ()
    urgency: str | None = None
    tell: str | None = None
    in_plan: bool = True

    @property
    def source(self) -> str:
        """Address of the first source, the one that states the precaution; our policy where there is none."""
        return self.sources[0].url if self.sources else PROJECT

    def as_dict(self) -> dict[str, Any]:
        """The finding as the command prints it."""
        held = {name: getattr(self, name) for name in self.__slots__ if name not in ("sources", "in_plan")}
        sources = [source.model_dump(exclude_none=True) for source in self.sources]
        return {**held, "source": self.source, "sources": sources}


@dataclass(frozen=True, slots=True)
class Screen:
    """The verdict and its reasons. `unanswered` are the core and red-flag facts nobody has answered yet."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    standing: tuple[Finding, ...]
    unanswered: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The screen as the command prints it."""
        return {
            "verdict": self.verdict,
            "findings": [finding.as_dict() for finding in self.findings],
            "standing": [finding.as_dict() for finding in self.standing],
            "unanswered": list(self.unanswered),
        }


def screen(
    case: Case,
    points: Sequence[str] = (),
    modality: str | Iterable[str] | None = None,
    on: datetime.date | None = None,
    *,
    pairs: Sequence[tuple[str, str]] = (),
    clinic_thresholds: Mapping[str, float] | None = None,
) -> Screen:
    """What the rules say about `case` and a plan of `points` (codes, `LI4:left` for one side; none = open plan).

    `modality` replaces the case's; several ways may be given (`["electro", "moxa"]`). `on` is the day, today in
    UTC by default. `pairs` are the electrical pairs, so that the path of the current can be read.
    `clinic_thresholds` changes this project's proposals (see `thresholds()`), never a source's figure.

    Raises UnknownPlan for a code or way of treating that does not exist, ValueError for a threshold that is
    unknown or the source's.
    """
    ways = [modality or case.modality] if modality is None or isinstance(modality, str) else [*modality]
    plan = plan_of(points, ways or [case.modality], pairs)
    known = _known(case, plan, on or datetime.datetime.now(datetime.UTC).date(), clinic_thresholds or {})
    flags = [(flag, flag.condition.answer(known)) for flag in red_flags()]
    up = [flag for flag, answer in flags if answer.value]
    known = replace(known, red_flag=any(flag.id != "no-diagnosis" for flag in up))

    found = [finding for flag in up if (finding := _flag_finding(flag, known, plan))]
    for rule in precautions():
        found += _rule_findings(rule, known, plan)
    unanswered = tuple(
        key
        for key, fact in facts().items()
        if (fact.core or key in _FLAG_FACTS) and key not in known.facts and is_asked(key, known.facts)
    )
    found += _unanswered(unanswered)

    rank = {effect: number for number, effect in enumerate(EFFECTS)}
    found.sort(key=lambda finding: (rank[finding.effect], finding.kind != "red_flag"))
    here = tuple(finding for finding in found if finding.in_plan)
    return Screen(_verdict(here), here, tuple(f for f in found if not f.in_plan), unanswered)


_FLAG_FACTS = frozenset(flag.fact for flag in every_visit_flags())


def _known(case: Case, plan: Plan, on: datetime.date, changed: Mapping[str, float]) -> Known:
    figures = {key: value.value for key, value in thresholds().items()}
    for key, value in changed.items():
        if key not in figures or thresholds()[key].from_source:
            ours = ", ".join(name for name, held in thresholds().items() if not held.from_source)
            raise ValueError(f"{key} is not a threshold of this project; those are {ours}")
        figures[key] = value
    known = case.known_facts()
    return Known(
        facts=known,
        stale=stale(known, on, figures),
        not_asked=not_asked(known),
        condition=case.condition,
        methods=plan.methods,
        currents=plan.currents(),
        thresholds=figures,
    )


def _verdict(findings: Iterable[Finding]) -> Verdict:
    effects = {finding.effect for finding in findings}
    return next((effect for effect in ("stop", "avoid", "modify") if effect in effects), "go")  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class _Reach:
    """How far an effect reaches into the plan. `explicit`: what is typed or chosen is what it is about."""

    in_plan: bool
    explicit: bool = False
    spots: tuple[Spot, ...] = ()
    place_unknown: bool = False


def _reach(target: Target | None, only_when_planned: bool, known: Known, plan: Plan) -> _Reach:
    if target is None:
        return _Reach(True)
    methods_met = not target.methods or not plan.methods.isdisjoint(target.methods)
    if not target.is_place:
        return _Reach(methods_met, explicit=methods_met)
    meant = target.spots(known.facts)
    if not meant and target.places_of and not known.facts.get(target.places_of):
        return _Reach(True, place_unknown=True)
    if not plan.spots:
        in_plan = methods_met and not only_when_planned
        return _Reach(in_plan, explicit=False, spots=tuple(sorted(meant)))
    hit = touched(plan.spots, meant)
    if hit and methods_met:
        return _Reach(True, True, hit)
    return _Reach(False, spots=tuple(sorted(meant)))


def _rule_findings(rule: Rule, known: Known, plan: Plan) -> list[Finding]:
    found: list[Finding] = []
    unknown: dict[str, None] = {}
    would: list[Effect] = []
    places: list[Spot] = []
    for effect, condition in zip(rule.effects, rule.conditions, strict=True):
        answer = condition.answer(known)
        if answer.value is False or (effect.unless and effect.unless.answer(known).value):
            continue
        reach = _reach(effect.target, effect.only_when_planned, known, plan)
        if answer.value:
            found += _finding(rule, effect, reach)
        elif open_ones := _worth_asking(rule, answer, reach, known):
            unknown.update(dict.fromkeys(open_ones))
            would.append(effect.effect)
            places += reach.spots if reach.explicit else ()
    if unknown:
        found.append(_missing(rule, tuple(unknown), would, places, known))
    return found


def _worth_asking(rule: Rule, answer: Answer, reach: _Reach, known: Known) -> tuple[str, ...]:
    """The unknown facts that deserve a finding of the rule's own; the core is asked for in one finding."""
    open_ones = tuple(key for key in answer.unknown if key in known.stale or is_asked(key, known.facts))
    if rule.ask_when_touched and reach.explicit:
        return open_ones
    asked_anyway = all(facts()[key].core for key in open_ones)
    return open_ones if answer.half_met and reach.in_plan and not asked_anyway else ()


def _finding(rule: Rule, effect: RuleEffect, reach: _Reach) -> list[Finding]:
    """The finding of one effect, or none where a change or a message does not concern this plan."""
    if not reach.in_plan and effect.effect not in ("stop", "avoid"):
        return []
    steps, missing, unknown, does = effect.text, bool(effect.missing), effect.missing, effect.effect
    if reach.place_unknown and effect.target and effect.target.places_of:
        if effect.effect not in ("stop", "avoid"):
            return []
        # Somewhere must be left alone, and nobody has said where.
        steps = (*steps, "where is not recorded: ask and look before needling")
        missing, unknown, does = True, (effect.target.places_of,), "modify"
    return [
        Finding(
            id=rule.id,
            kind="precaution",
            effect=does,
            title=rule.title,
            text=_line(rule.title, steps),
            steps=steps,
            **_where(reach.spots),
            methods=effect.target.methods if effect.target else (),
            threshold_from_source=rule.whose_threshold(effect),
            sources=rule.sources,
            strength=rule.strength,
            disagreement=rule.disagreement,
            what_would_lift=rule.what_would_lift if does in ("stop", "avoid") else None,
            missing=missing,
            unknown=unknown,
            in_plan=reach.in_plan,
        )
    ]


def _missing(
    rule: Rule, unknown: tuple[str, ...], would: Sequence[Effect], places: Sequence[Spot], known: Known
) -> Finding:
    """What to do until the facts are known: what the rule says, else care (or a message, where that is all)."""
    labels = "; ".join(
        facts()[key].label + (" (too old or undated)" if key in known.stale else "") for key in unknown
    )
    held = rule.if_unknown
    steps = (
        f"ask first: {labels}",
        held.text if held else "until answered, take the careful side",
    )
    return Finding(
        id=rule.id,
        kind="precaution",
        effect=held.effect if held else "inform" if set(would) == {"inform"} else "modify",
        title=rule.title,
        text=_line(rule.title, steps),
        steps=steps,
        **_where(places),
        methods=(),
        threshold_from_source=rule.whose_threshold(held),
        sources=rule.sources,
        strength=rule.strength,
        disagreement=rule.disagreement,
        what_would_lift=f"an answer: {labels}",
        missing=True,
        unknown=unknown,
    )


def _flag_finding(flag: RedFlag, known: Known, plan: Plan) -> Finding | None:
    if flag.unless and flag.unless.answer(known).value:
        return None
    reach = _reach(flag.target, False, known, plan)
    steps = (flag.presentation, f"to: {flag.to}", f"needle: {flag.needle}")
    return Finding(
        id=flag.id,
        kind="red_flag",
        effect=flag.effect,
        title=flag.title,
        text=_line(flag.title, steps),
        steps=steps,
        **_where(reach.spots),
        methods=(),
        threshold_from_source=None,
        sources=flag.sources,
        strength=flag.sources[0].strength,
        disagreement=flag.disagreement,
        what_would_lift=f"seen by {flag.to.split(';')[0]}, who agree to needling",
        urgency=flag.urgency,
        tell=flag.to,
        in_plan=reach.in_plan,
    )


def _unanswered(keys: Sequence[str]) -> list[Finding]:
    """At most two findings: the core questions and the red flags that nobody has answered."""
    flags = tuple(key for key in keys if key in _FLAG_FACTS)
    core = tuple(key for key in keys if key not in _FLAG_FACTS)
    return [
        Finding(
            id=name,
            kind="unanswered",
            effect="modify",
            title=title,
            text=_line(title, steps),
            steps=steps,
            **_where(()),
            methods=(),
            threshold_from_source=None,
            sources=(),
            strength="E",
            disagreement=None,
            what_would_lift="answers, before the first needle",
            missing=True,
            unknown=asked,
        )
        for name, title, asked in (
            ("red-flags-unanswered", "Red flags not asked yet", flags),
            ("core-unanswered", "Safety questions not asked yet", core),
        )
        if (steps := tuple(facts()[key].label for key in asked))
    ]


def _where(spots: Iterable[Spot]) -> dict[str, Any]:
    """Points in the plan's order, the side when all share one, and the areas they lie in."""
    held = tuple(spots)
    codes = tuple(dict.fromkeys(code for code, _ in held))
    sides = {side for _, side in held}
    regions = tuple(dict.fromkeys(area_of()[code] for code in codes))
    return {"points": codes, "side": sides.pop() if len(sides) == 1 else None, "regions": regions}


def _line(title: str, steps: Sequence[str]) -> str:
    return f"{title}: " + "; ".join(step.rstrip(". ") for step in steps) + "."
