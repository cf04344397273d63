"""One trial's answer in one domain against one comparator: which outcome, which arms, which figures.

The choices are fixed beforehand and written into the trail of each effect: the primary outcome first; for
pain a rating of intensity before a part of a questionnaire; then the time nearest the end of treatment; then
the order of the record. Figures are taken in this order: values after treatment in both arms, changes in both
arms, a printed difference with its interval, a difference of means with an exact p, an exact p alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from deqi.science.evidence.effects import (
    BINARY,
    Counts,
    Effect,
    Group,
    Measure,
    NotUsable,
    binary_effect,
    combined,
    correlated,
    crossover,
    difference_from_p,
    from_interval,
    from_means,
    sd_from_ci,
    sd_from_se,
    shared_control_weights,
    smd_from_difference,
    smd_from_odds,
    smd_from_p,
)
from deqi.science.evidence.schema import Arm, ArmResult, Comparator, Domain, Outcome, Trial

Shared = Literal["correlated", "split", "combine"]
# The direction in which each domain's pooled effect is read; an instrument scored the other way is turned.
DOMAIN_BETTER: dict[str, Literal["lower", "higher"]] = {
    "pain": "lower",
    "numbness_tingling": "lower",
    "sensory_symptoms": "lower",
    "sleep": "lower",
    "mood": "lower",
    "function": "higher",
    "motor": "higher",
    "nerve_conduction": "higher",
    "quality_of_life": "higher",
    "global_response": "higher",
    "other": "higher",
}
# When any comparator will do, the one that hides most from the patient is taken.
STRICTEST_FIRST = ("sham", "placebo_pill", "drug", "usual_care", "waitlist")
_INTENSITY = re.compile(r"\b(VAS|NRS|PI-NRS)\b|intensity|severity", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """Where an effect's figures stand."""

    trial: str
    label: str
    where: str
    url: str
    read: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """An effect ready to be pooled, with the outcome and arms it came from."""

    id: str
    trial: Trial
    outcome: Outcome
    comparator: str
    basis: Literal["final", "change", "difference", "p", "counts", "odds"]
    effect: Effect
    source: Source


@dataclass(frozen=True, slots=True)
class Options:
    """How figures become effects. `crossover_r` is the assumed correlation between periods."""

    measure: Measure = "SMD"
    shared: Shared = "correlated"
    crossover_r: float = 0.0
    responders_as_smd: bool = False


def contrasts(
    trial: Trial, domain: Domain, comparator: Comparator, options: Options | None = None
) -> tuple[Contrast, ...]:
    """The trial's contrasts in a domain: one, or one per treatment arm when arms are split.

    Raises NotUsable with the reason when there is none.
    """
    chosen = options or Options()
    kinds = [k for k in STRICTEST_FIRST if comparator in ("any", k)]
    controls = {k: [a for a in trial.arms if a.is_control and a.kind == k] for k in kinds}
    if not any(controls.values()):
        raise NotUsable(f"no randomised {comparator.replace('_', ' ')} arm")
    needled = [a for a in trial.arms if a.needled and a.randomized]
    if not needled:
        raise NotUsable("no needled arm")
    outcomes = _ordered(trial, domain)
    if not outcomes:
        raise NotUsable(f"nothing measured in this domain ({domain.replace('_', ' ')})")
    reasons: list[str] = []
    for kind in kinds:
        if not controls[kind]:
            continue
        for outcome in outcomes:
            try:
                return _from_outcome(trial, outcome, needled, controls[kind], chosen)
            except NotUsable as reason:
                reasons.append(f"{outcome.instrument}: {reason}")
    raise NotUsable("; ".join(dict.fromkeys(reasons)))


def _ordered(trial: Trial, domain: Domain) -> list[Outcome]:
    treated_for = max((a.stricta.weeks for a in trial.arms if a.stricta and a.stricta.weeks), default=None)

    def rank(item: tuple[int, Outcome]) -> tuple[bool, bool, float, int]:
        index, outcome = item
        off = 1e9 if outcome.time_weeks is None else abs(outcome.time_weeks - (treated_for or 0.0))
        partial = domain == "pain" and not _INTENSITY.search(outcome.instrument)
        return (not outcome.primary, partial, off, index)

    found = [(i, o) for i, o in enumerate(trial.outcomes) if o.domain == domain]
    return [outcome for _, outcome in sorted(found, key=rank)]


def _from_outcome(
    trial: Trial, outcome: Outcome, needled: list[Arm], controls: list[Arm], options: Options
) -> tuple[Contrast, ...]:
    if not _has_figures(outcome):
        raise NotUsable("no figures on the page read")
    if outcome.better is None:
        raise NotUsable("the record does not say which direction is better")
    if options.measure in BINARY:
        builders: tuple[_Builder, ...] = (_by_counts, _by_printed_ratio)
    elif options.responders_as_smd and options.measure == "SMD":
        builders = (_by_groups, _by_difference, _by_p, _by_odds)
    elif options.measure == "ROM":
        builders = (_by_groups,)
    else:
        builders = (_by_groups, _by_difference, _by_p)
    reasons = []
    for build in builders:
        try:
            made = build(trial, outcome, needled, controls, options)
        except NotUsable as reason:
            reasons.append(str(reason))
            continue
        source = Source(
            trial.id, trial.label, outcome.where,
            f"https://doi.org/{trial.doi}" if trial.doi else trial.source_url, trial.read,
        )  # fmt: skip
        return tuple(
            Contrast(
                trial.id if len(made) == 1 else f"{trial.id}/{arm}", trial, outcome, controls[0].kind, basis,
                _traced(effect, outcome, controls), source,
            )
            for arm, basis, effect in made
        )  # fmt: skip
    raise NotUsable(reasons[-1] if len(set(reasons)) == 1 else "; ".join(dict.fromkeys(reasons)))


def _has_figures(outcome: Outcome) -> bool:
    """Whether anything numeric about the result was printed, beyond sizes and baseline."""
    between = outcome.between
    if between.effect is not None or between.p is not None:
        return True
    return any(
        value is not None
        for result in outcome.arms.values()
        for value in (result.mean, result.change_mean, result.responders)
    )


def _what(outcome: Outcome) -> str:
    time = "" if outcome.time_weeks is None else f" at week {outcome.time_weeks:g}"
    primary = ", primary outcome" if outcome.primary else ""
    return f"{outcome.instrument}{time}{primary} (read in: {outcome.where})"


def _traced(effect: Effect, outcome: Outcome, controls: list[Arm]) -> Effect:
    """The effect in its domain's reading, with what was taken before it and the paper's own words after."""
    made = _oriented(effect, outcome).after(_what(outcome), f"comparator: {_names(controls)}")
    between = outcome.between
    told = [
        f"{between.measure} {between.effect:g}" if between.measure and between.effect is not None else "",
        f"95% interval {between.ci95[0]:g} to {between.ci95[1]:g}" if between.ci95 else "",
        f"p {between.p:g}" if between.p is not None else between.p_text or "",
        between.result_text or "",
    ]
    said = ", ".join(part for part in told if part)
    return replace(made, steps=(*made.steps, f"the source's own comparison: {said}")) if said else made


def _names(arms: Iterable[Arm]) -> str:
    return " + ".join(arm.description or arm.id for arm in arms)


def _oriented(effect: Effect, outcome: Outcome) -> Effect:
    wanted = DOMAIN_BETTER[outcome.domain]
    if effect.measure in BINARY or effect.measure == "GEN" or outcome.better == wanted:
        return effect
    return effect.turned(f"on {outcome.instrument} {outcome.better} is better, this domain is read {wanted}")


Made = list[tuple[str, Literal["final", "change", "difference", "p", "counts", "odds"], Effect]]
_Builder = Callable[[Trial, Outcome, list[Arm], list[Arm], Options], Made]


def _size(arm: Arm, result: ArmResult | None) -> tuple[int, tuple[str, ...]]:
    if result is not None and result.n is not None:
        return result.n, ()
    if arm.n is not None:
        return arm.n, (f"{arm.id}: n {arm.n} is the size of the arm; how many were analysed is not printed",)
    raise NotUsable(f"n of {arm.id} is not printed")


def _group(arm: Arm, result: ArmResult, basis: Literal["final", "change"]) -> Group:
    n, steps = _size(arm, result)
    if basis == "final":
        mean, sd, se, interval = result.mean, result.sd, result.se, result.ci95
    else:
        mean, sd, se, interval = result.change_mean, result.change_sd, result.change_se, result.change_ci95
    if mean is None:
        raise NotUsable("means are not printed for both arms")
    if sd is None and se is not None:
        sd, step = sd_from_se(se, n)
        steps = (*steps, step)
    elif sd is None and interval is not None:
        sd, step = sd_from_ci(*interval, n)
        steps = (*steps, step)
    if sd is None:
        raise NotUsable("means without any spread (SD, SE or interval)")
    word = "mean" if basis == "final" else "change"
    return Group(n, mean, sd, (*steps, f"{arm.id}: n {n}, {word} {mean:g} (SD {sd:.4g})"))


def _by_groups(
    trial: Trial, outcome: Outcome, needled: list[Arm], controls: list[Arm], options: Options
) -> Made:
    reason = NotUsable("means are not printed for both arms")
    for basis in ("final", "change"):
        try:
            two = combined([_group(a, outcome.arms[a.id], basis) for a in controls if a.id in outcome.arms])
            ones = [(a.id, _group(a, outcome.arms[a.id], basis)) for a in needled if a.id in outcome.arms]
        except NotUsable as why:
            if "spread" in str(why):
                reason = why
            continue
        if not ones:
            raise NotUsable("no figures for a needled arm")
        return [(arm, basis, effect) for arm, effect in _together(trial, ones, two, options)]
    raise reason


def _together(
    trial: Trial, ones: list[tuple[str, Group]], two: Group, options: Options
) -> list[tuple[str, Effect]]:
    measure = options.measure
    assert measure in ("SMD", "MD", "ROM")
    if trial.design == "crossover_rct" and measure in ("SMD", "MD"):
        return [(arm, crossover(g, two, options.crossover_r, measure)) for arm, g in ones[:1]]
    if len(ones) == 1 or options.shared == "combine":
        one = combined([g for _, g in ones])
        return [(ones[0][0], from_means(one, two, measure))]
    if options.shared == "split":
        part, step = shared_control_weights(two.n, len(ones))
        share = Group(part, two.mean, two.sd, (*two.steps, step))
        return [(arm, from_means(g, share, measure)) for arm, g in ones]
    own = {"MD": two.sd**2 / two.n, "ROM": two.sd**2 / (two.n * two.mean**2), "SMD": None}[measure]
    effects = [from_means(g, two, measure) for _, g in ones]
    return [(ones[0][0], correlated(effects, two.n, own))]


def _printed_sizes(
    outcome: Outcome, needled: list[Arm], controls: list[Arm]
) -> tuple[int, int, tuple[str, ...]]:
    """Sizes of the two sides of a printed comparison, if it is the comparison we are after."""
    between = outcome.between
    if not between.treatment or not between.control:
        raise NotUsable("no printed comparison of these arms")
    if not set(between.treatment) <= {a.id for a in needled}:
        raise NotUsable("the printed comparison is between other arms")
    if not set(between.control) <= {a.id for a in controls}:
        raise NotUsable("the printed comparison is with another comparator")
    sides: list[int] = []
    steps: tuple[str, ...] = ()
    for ids, arms in ((between.treatment, needled), (between.control, controls)):
        total = 0
        for arm in arms:
            if arm.id in ids:
                n, more = _size(arm, outcome.arms.get(arm.id))
                total, steps = total + n, (*steps, *more)
        sides.append(total)
    return sides[0], sides[1], steps


def _by_difference(
    trial: Trial, outcome: Outcome, needled: list[Arm], controls: list[Arm], options: Options
) -> Made:
    between = outcome.between
    if between.measure != "MD" or between.effect is None or between.ci95 is None:
        raise NotUsable("no printed difference with its interval")
    n1, n2, steps = _printed_sizes(outcome, needled, controls)
    effect = from_interval("MD", between.effect, *between.ci95, n1, n2).after(
        f"printed difference {between.effect:g} (95% interval {between.ci95[0]:g} to {between.ci95[1]:g})",
        *steps,
    )
    return [("", "difference", smd_from_difference(effect) if options.measure == "SMD" else effect)]


def _by_p(trial: Trial, outcome: Outcome, needled: list[Arm], controls: list[Arm], options: Options) -> Made:
    between = outcome.between
    if between.p is None:
        raise NotUsable("no exact p of the comparison")
    n1, n2, steps = _printed_sizes(outcome, needled, controls)
    means: list[float | None] = []
    for name in ("mean", "change_mean"):
        pair = [getattr(outcome.arms.get(ids[0]), name, None) for ids in (between.treatment, between.control)]
        if len(between.treatment) == len(between.control) == 1 and None not in pair:
            means = pair
            break
    if means:
        gap = float(means[0] or 0.0) - float(means[1] or 0.0)
        effect = difference_from_p(gap, between.p, n1, n2).after(
            *steps, f"means {means[0]:g} and {means[1]:g}"
        )
        return [("", "p", smd_from_difference(effect) if options.measure == "SMD" else effect)]
    if options.measure != "SMD" or between.favours is None:
        raise NotUsable("an exact p, but neither means nor the direction of the difference")
    better = (between.favours == "treatment") == (outcome.better == "higher")
    effect = smd_from_p(between.p, n1, n2, 1 if better else -1).after(*steps)
    return [("", "p", effect)]


def _counts(outcome: Outcome, arms: list[Arm]) -> tuple[int, int, tuple[str, ...]]:
    events, total = 0, 0
    steps: tuple[str, ...] = ()
    for arm in arms:
        result = outcome.arms.get(arm.id)
        if result is None or result.responders is None:
            raise NotUsable("responders are not printed for both arms")
        n, more = _size(arm, result)
        events, total = events + result.responders, total + n
        steps = (*steps, *more, f"{arm.id}: {result.responders} of {n}")
    return events, total, steps


def _by_counts(
    trial: Trial, outcome: Outcome, needled: list[Arm], controls: list[Arm], options: Options
) -> Made:
    measure = options.measure
    assert measure in ("OR", "RR", "RD")
    if outcome.better != "higher":
        raise NotUsable("counts a bad outcome")
    if trial.design == "crossover_rct":
        raise NotUsable("counts of a crossover trial need the pairs, which are not printed")
    told = [a for a in needled if a.id in outcome.arms]
    events, total, steps = _counts(outcome, told or needled)
    c, n2, more = _counts(outcome, [a for a in controls if a.id in outcome.arms] or controls)
    if len(told) > 1:
        steps = (*steps, f"{len(told)} needled arms taken together")
    effect = binary_effect(Counts(events, total, c, n2), measure).after(*steps, *more)
    return [("", "counts", effect)]


def _by_printed_ratio(
    trial: Trial, outcome: Outcome, needled: list[Arm], controls: list[Arm], options: Options
) -> Made:
    between = outcome.between
    if between.measure != options.measure or between.effect is None or between.ci95 is None:
        raise NotUsable("responders are not printed for both arms")
    n1, n2, steps = _printed_sizes(outcome, needled, controls)
    adjusted = " (adjusted)" if between.scale == "adjusted" else ""
    effect = from_interval(options.measure, between.effect, *between.ci95, n1, n2)
    said = f"printed ratio{adjusted} {between.effect:g} (95% interval {between.ci95[0]:g} to {between.ci95[1]:g})"
    return [("", "counts", effect.after(said, *steps))]


def _by_odds(
    trial: Trial, outcome: Outcome, needled: list[Arm], controls: list[Arm], options: Options
) -> Made:
    odds = Options("OR", options.shared, options.crossover_r)
    [(arm, _, effect)] = _by_counts(trial, outcome, needled, controls, odds)
    return [(arm, "odds", smd_from_odds(effect))]
