"""From what a paper prints to an effect with its variance, and the trail that leads back.

Every function returns an `Effect` whose `steps` a reader can redo by hand. Ratios (ROM, OR, RR) are on the
log scale. Effects are group 1 (needled) minus or over group 2 (control).

Sources: Hedges, J Educ Stat 1981;6:107 (g and its exact correction); Hedges and Olkin 1985 (its variance);
Hedges, Gurevitch and Curtis, Ecology 1999;80:1150 (log ratio of means); Cochrane Handbook 6.5 chapters 6 and
23 (SD from SE, interval and p; combining arms; shared comparators; crossover); Hasselblad and Hedges, Psychol
Bull 1995;117:167 (odds ratio to SMD).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import gammaln, ndtri, stdtrit

Measure = Literal["SMD", "MD", "ROM", "OR", "RR", "RD", "GEN"]
RATIOS: frozenset[str] = frozenset({"ROM", "OR", "RR"})
BINARY: frozenset[str] = frozenset({"OR", "RR", "RD"})


class NotUsable(ValueError):
    """The figures given cannot make this effect; the message says which one is missing or impossible."""


@dataclass(frozen=True, slots=True)
class Group:
    """One arm's mean, SD and n (values after treatment, or changes)."""

    n: float
    mean: float
    sd: float
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.n < 2:
            raise NotUsable(f"a group of {self.n:g} has no spread: n must be 2 or more")
        if not self.sd > 0:
            raise NotUsable(f"SD {self.sd:g} is not above 0")


@dataclass(frozen=True, slots=True)
class Counts:
    """Events and totals of two arms."""

    events1: float
    n1: float
    events2: float
    n2: float

    def __post_init__(self) -> None:
        for events, n in ((self.events1, self.n1), (self.events2, self.n2)):
            if n <= 0:
                raise NotUsable(f"a group of {n:g} is empty")
            if not 0 <= events <= n:
                raise NotUsable(f"{events:g} events of {n:g} patients")

    @property
    def uninformative(self) -> bool:
        """No events at all, or nothing but events: the arms cannot differ."""
        return self.events1 + self.events2 == 0 or self.events1 + self.events2 == self.n1 + self.n2


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect, its sampling variance, the sizes of the two groups, and how it came about."""

    measure: Measure
    estimate: float
    variance: float
    n1: float | None = None
    n2: float | None = None
    steps: tuple[str, ...] = ()

    @property
    def se(self) -> float:
        return math.sqrt(self.variance)

    @property
    def n(self) -> float | None:
        return None if self.n1 is None or self.n2 is None else self.n1 + self.n2

    def ci95(self) -> tuple[float, float]:
        half = float(ndtri(0.975)) * self.se
        return self.estimate - half, self.estimate + half

    def turned(self, why: str) -> Effect:
        """The same effect with its sign turned."""
        return replace(self, estimate=-self.estimate, steps=(*self.steps, f"sign turned: {why}"))

    def after(self, *steps: str) -> Effect:
        """The same effect with `steps` put before its own."""
        return replace(self, steps=(*steps, *self.steps))


def hedges_correction(df: float) -> float:
    """Exact small-sample correction of a standardised difference. Example: df 10 gives 0.9227."""
    return math.exp(gammaln(df / 2) - 0.5 * math.log(df / 2) - gammaln((df - 1) / 2))


def sd_from_se(se: float, n: float) -> tuple[float, str]:
    """SD of single values from the standard error of their mean."""
    sd = se * math.sqrt(n)
    return sd, f"SD {sd:.4g} = SE {se:g} x root of {n:g}"


def sd_from_ci(low: float, high: float, n: float) -> tuple[float, str]:
    """SD of single values from a 95 % interval of their mean (t with n - 1 degrees of freedom)."""
    t = float(stdtrit(n - 1, 0.975))
    sd = math.sqrt(n) * (high - low) / (2 * t)
    return sd, f"SD {sd:.4g} = root of {n:g} x ({high:g} - {low:g}) / (2 x {t:.4g})"


def combined(groups: list[Group]) -> Group:
    """Several arms as one group: exact mean and SD of the patients taken together."""
    if not groups:
        raise NotUsable("no figures for the arm")
    if len(groups) == 1:
        return groups[0]
    n = sum(g.n for g in groups)
    mean = sum(g.n * g.mean for g in groups) / n
    squares = sum((g.n - 1) * g.sd**2 + g.n * (g.mean - mean) ** 2 for g in groups)
    sd = math.sqrt(squares / (n - 1))
    return Group(n, mean, sd, (f"{len(groups)} arms combined: n {n:g}, mean {mean:.4g}, SD {sd:.4g}",))


def from_means(one: Group, two: Group, measure: Literal["SMD", "MD", "ROM"]) -> Effect:
    """Effect of two groups' means. Example: SMD of 10 (SD 2, n 20) and 9 (SD 2, n 20) is 0.4901."""
    prior = (*one.steps, *two.steps)
    if measure == "MD":
        estimate = one.mean - two.mean
        variance = one.sd**2 / one.n + two.sd**2 / two.n
        step = f"MD {estimate:.4g} = {one.mean:g} - {two.mean:g}"
    elif measure == "ROM":
        if one.mean * two.mean <= 0:
            raise NotUsable("a ratio of means needs two means of one sign")
        estimate = math.log(one.mean / two.mean)
        variance = one.sd**2 / (one.n * one.mean**2) + two.sd**2 / (two.n * two.mean**2)
        step = f"log ratio of means {estimate:.4g} = ln({one.mean:g} / {two.mean:g})"
    else:
        df = one.n + two.n - 2
        pooled = math.sqrt(((one.n - 1) * one.sd**2 + (two.n - 1) * two.sd**2) / df)
        return _smd((one.mean - two.mean) / pooled, one.n, two.n, *prior, f"pooled SD {pooled:.4g}")
    return Effect(measure, estimate, variance, one.n, two.n, (*prior, step))


def _smd(d: float, n1: float, n2: float, *prior: str) -> Effect:
    j = hedges_correction(n1 + n2 - 2)
    g = j * d
    variance = 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))
    return Effect("SMD", g, variance, n1, n2, (*prior, f"d {d:.4g}", f"Hedges g {g:.4g} = {j:.4f} x {d:.4g}"))


def binary_effect(counts: Counts, measure: Literal["OR", "RR", "RD"]) -> Effect:
    """Effect of two groups' event counts; half a case goes into every cell when one is empty."""
    a, c = counts.events1, counts.events2
    b, d = counts.n1 - a, counts.n2 - c
    steps: list[str] = []
    if 0 in (a, b, c, d):
        a, b, c, d = a + 0.5, b + 0.5, c + 0.5, d + 0.5
        steps.append("an empty cell: 0.5 added to each of the four")
    n1, n2 = a + b, c + d
    if measure == "OR":
        estimate, variance = math.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
        steps.append(f"log odds ratio {estimate:.4g} = ln(({a:g}/{b:g}) / ({c:g}/{d:g}))")
    elif measure == "RR":
        estimate, variance = math.log((a / n1) / (c / n2)), 1 / a - 1 / n1 + 1 / c - 1 / n2
        steps.append(f"log risk ratio {estimate:.4g} = ln(({a:g}/{n1:g}) / ({c:g}/{n2:g}))")
    else:
        estimate = a / n1 - c / n2
        variance = a * b / n1**3 + c * d / n2**3
        steps.append(f"risk difference {estimate:.4g} = {a:g}/{n1:g} - {c:g}/{n2:g}")
    return Effect(measure, estimate, variance, counts.n1, counts.n2, tuple(steps))


def from_interval(
    measure: Measure, effect: float, low: float, high: float, n1: float | None, n2: float | None
) -> Effect:
    """Effect printed with its 95 % interval. Ratios are taken to the log scale; MD uses t when n is known."""
    if measure in RATIOS:
        if min(effect, low) <= 0:
            raise NotUsable("a ratio and its limits must be above 0")
        effect, low, high = math.log(effect), math.log(low), math.log(high)
    known = n1 is not None and n2 is not None and measure in ("MD", "SMD")
    critical = float(stdtrit((n1 or 0) + (n2 or 0) - 2, 0.975)) if known else float(ndtri(0.975))
    se = (high - low) / (2 * critical)
    if not se > 0:
        raise NotUsable(f"the interval {low:g} to {high:g} has no width")
    step = f"SE {se:.4g} = ({high:.4g} - {low:.4g}) / (2 x {critical:.4g})"
    scale = " (log scale)" if measure in RATIOS else ""
    return Effect(measure, effect, se**2, n1, n2, (f"{measure} {effect:.4g}{scale}", step))


def smd_from_difference(difference: Effect) -> Effect:
    """SMD from a mean difference and its standard error: the SD the two imply stands in for the pooled SD."""
    if difference.n1 is None or difference.n2 is None:
        raise NotUsable("a mean difference becomes an SMD only when both group sizes are known")
    n1, n2 = difference.n1, difference.n2
    sd = difference.se / math.sqrt(1 / n1 + 1 / n2)
    step = f"implied SD {sd:.4g} = SE / root(1/{n1:g} + 1/{n2:g})"
    return _smd(difference.estimate / sd, n1, n2, *difference.steps, step)


def smd_from_p(p: float, n1: float, n2: float, sign: Literal[-1, 1]) -> Effect:
    """SMD from an exact two-sided p of a t test between two groups. Raises NotUsable for p of 0 or 1."""
    if not 0 < p < 1:
        raise NotUsable(f"p = {p:g} does not fix the size of a difference")
    t = sign * float(stdtrit(n1 + n2 - 2, 1 - p / 2))
    d = t * math.sqrt(1 / n1 + 1 / n2)
    return _smd(d, n1, n2, f"t {t:.4g} from exact p {p:g}, {n1:g} and {n2:g} patients")


def difference_from_p(difference: float, p: float, n1: float, n2: float) -> Effect:
    """MD from a difference of means and the exact p of its t test."""
    if not 0 < p < 1 or difference == 0:
        raise NotUsable("a difference of 0, or a p of 0 or 1, does not fix a standard error")
    t = float(stdtrit(n1 + n2 - 2, 1 - p / 2))
    se = abs(difference) / t
    step = f"SE {se:.4g} = {abs(difference):.4g} / t {t:.4g} from exact p {p:g}"
    return Effect("MD", difference, se**2, n1, n2, (f"MD {difference:.4g}", step))


def smd_from_odds(odds: Effect) -> Effect:
    """SMD from a log odds ratio: times root 3 over pi, taking the response as a cut through a logistic scale."""
    factor = math.sqrt(3) / math.pi
    step = f"SMD {odds.estimate * factor:.4g} = log odds ratio x root 3 / pi"
    return Effect(
        "SMD", odds.estimate * factor, odds.variance * factor**2, odds.n1, odds.n2, (*odds.steps, step)
    )


def crossover(one: Group, two: Group, correlation: float, measure: Literal["SMD", "MD"]) -> Effect:
    """Effect of a crossover trial: the same n people under both treatments, `correlation` between periods.

    The SMD is standardised by the SD between people, so that it can stand beside parallel trials; its
    variance is that of Borenstein et al, Introduction to Meta-Analysis, 2009, chapter 4.
    """
    if not -1 < correlation < 1:
        raise NotUsable(f"a correlation of {correlation:g} is impossible")
    n = min(one.n, two.n)
    paired = one.sd**2 + two.sd**2 - 2 * correlation * one.sd * two.sd
    steps = (
        *one.steps,
        *two.steps,
        f"crossover of {n:g} people, correlation {correlation:g} between periods (assumed)",
    )
    difference = one.mean - two.mean
    if measure == "MD":
        return Effect("MD", difference, paired / n, n, n, (*steps, f"MD {difference:.4g}"))
    sd = math.sqrt((one.sd**2 + two.sd**2) / 2)
    d = difference / sd
    j = hedges_correction(n - 1)
    g = j * d
    variance = j**2 * (1 / n + d**2 / (2 * n)) * 2 * (1 - correlation)
    return Effect("SMD", g, variance, n, n, (*steps, f"SD between people {sd:.4g}", f"Hedges g {g:.4g}"))


def shared_control_weights(n_control: float, arms: int) -> tuple[float, str]:
    """Patients of a comparator that `arms` treatment arms share, split so that none is counted twice."""
    part = n_control / arms
    return part, f"{n_control:g} control patients shared by {arms} arms: {part:.4g} each"


def correlated(effects: list[Effect], n_control: float, control_variance: float | None = None) -> Effect:
    """One effect from arms that share a comparator: generalised least squares with their covariance.

    The covariance of two SMDs is 1/n_control + d1 d2 / (2N); of two other effects it is the variance that
    the comparator itself contributes (`control_variance`: sd^2/n for MD, 1/c + 1/d for a log odds ratio).
    Source: Gleser and Olkin, Handbook of Research Synthesis and Meta-Analysis, 2nd ed. 2009, chapter 19.
    """
    k = len(effects)
    if k == 1:
        return effects[0]
    total = sum(e.n1 or 0.0 for e in effects) + n_control
    cov = np.diag([e.variance for e in effects])
    for i, j in ((i, j) for i in range(k) for j in range(k) if i != j):
        if effects[i].measure == "SMD":
            cov[i, j] = 1 / n_control + effects[i].estimate * effects[j].estimate / (2 * total)
        elif control_variance is None:
            raise NotUsable("the comparator's own variance is needed to link arms that share it")
        else:
            cov[i, j] = control_variance
    precision = np.linalg.inv(cov)
    weights = precision.sum(axis=0)
    estimate = float(weights @ np.array([e.estimate for e in effects]) / weights.sum())
    steps = (
        *(f"arm {i + 1}: {step}" for i, e in enumerate(effects) for step in e.steps[-1:]),
        f"{k} arms share {n_control:g} controls: combined with their covariance, {estimate:.4g}",
    )
    return Effect(effects[0].measure, estimate, 1 / float(weights.sum()), total - n_control, n_control, steps)
