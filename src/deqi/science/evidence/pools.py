"""What do the trials say together about one condition, one domain, one comparison?

`pool` gathers contrasts from the trials, pools them and rates how sure we can be; `pool_table` does the same
for a table of numbers. Both give a `PoolResult`, whose `to_json()` is the form the commands print.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from deqi.science.evidence.certainty import NOT_RATED, Certainty, grade, nothing_found
from deqi.science.evidence.contrasts import (
    DOMAIN_BETTER,
    Contrast,
    Options,
    Shared,
    contrasts,
)
from deqi.science.evidence.effects import BINARY, RATIOS, Measure, NotUsable
from deqi.science.evidence.library import outside_default_pools, overlap_of, trials
from deqi.science.evidence.pooling import CannotPool, Estimator, Fit, Test, fit
from deqi.science.evidence.pooling.asymmetry import Egger, egger
from deqi.science.evidence.pooling.bayes import bayes_as_fit
from deqi.science.evidence.pooling.moments import Vector
from deqi.science.evidence.pooling.sparse import SparseFit, mantel_haenszel, peto
from deqi.science.evidence.result import Favours, LeftOut, PoolResult, StudyLine, in_words
from deqi.science.evidence.schema import (
    COMPARATORS,
    DOMAINS,
    AnyCondition,
    Comparator,
    Domain,
    Trial,
)
from deqi.science.evidence.tables import Row

TrialEstimator = Estimator | Literal["Bayes"]
PoolEstimator = TrialEstimator | Literal["MH", "Peto"]
Needling = Literal["electrical", "manual"]


@dataclass(frozen=True, slots=True)
class _Method:
    """How studies are pooled."""

    estimator: TrialEstimator
    test: Test
    truncate: bool
    prior_scale: float

    def fit(self, y: Vector, v: Vector) -> Fit:
        if self.estimator == "Bayes":
            return bayes_as_fit(y, v, prior_scale=self.prior_scale)
        return fit(y, v, estimator=self.estimator, test=self.test, truncate=self.truncate)


def default_measure(domain: Domain) -> Measure:
    """Risk ratio where patients are counted, standardised mean difference where scores are compared."""
    return "RR" if domain == "global_response" else "SMD"


def pool(
    condition: AnyCondition,
    domain: Domain,
    comparator: Comparator = "any",
    *,
    measure: Measure | None = None,
    estimator: TrialEstimator = "REML",
    test: Test = "z",
    truncate: bool = False,
    prior_scale: float = 0.5,
    exclude: Collection[str] = (),
    include_outside: bool = False,
    needling: Needling | None = None,
    years: tuple[int | None, int | None] = (None, None),
    shared: Shared = "correlated",
    crossover_r: float = 0.0,
    responders_as_smd: bool = False,
) -> PoolResult:
    """Pools the trials of a condition in a domain against a comparator. No usable trial: k is 0, not an error.

    `estimator` "Bayes" puts a half-normal prior of `prior_scale` on tau. `include_outside` admits trials outside the default pools (see `outside_default_pools`). Raises KeyError
    for an unknown name in `exclude`, CannotPool when the measure cannot carry the trials found.

    Example: `pool("cts", "pain", "usual_care").k` counts the trials with usable figures.
    """
    for name in exclude:
        if name not in trials():
            raise KeyError(name)
    measure = measure or default_measure(domain)
    options = Options(measure, shared, crossover_r, responders_as_smd)
    found: list[Contrast] = []
    left: list[LeftOut] = []
    for trial in trials().values():
        if condition not in ("any", trial.condition) or not _fits(trial, needling, years):
            continue
        measured = any(o.domain == domain for o in trial.outcomes)
        reasons = () if include_outside else outside_default_pools(trial)
        if trial.id in exclude:
            reasons = ("excluded on request",)
        if not reasons:
            twin = _twin_in(trial, found)
            reasons = (f"shares participants with {twin}",) if twin else ()
        if reasons:
            left.append(LeftOut(trial.id, trial.label, "; ".join(reasons), trial.conclusion, measured))
            continue
        try:
            found.extend(contrasts(trial, domain, comparator, options))
        except NotUsable as why:
            silent = measured and any(a.is_control and comparator in ("any", a.kind) for a in trial.arms)
            left.append(LeftOut(trial.id, trial.label, str(why), trial.conclusion, measured, silent))
    method = _Method(estimator, test, truncate, prior_scale)
    return _from_contrasts(found, left, domain, comparator, measure, method)


def _fits(trial: Trial, needling: Needling | None, years: tuple[int | None, int | None]) -> bool:
    first, last = years
    if first is not None and (trial.year is None or trial.year < first):
        return False
    if last is not None and (trial.year is None or trial.year > last):
        return False
    if needling is None:
        return True
    kinds = {arm.kind for arm in trial.arms if arm.needled}
    return ("electroacupuncture" in kinds) == (needling == "electrical")


def _twin_in(trial: Trial, found: Sequence[Contrast]) -> str | None:
    group = overlap_of(trial.id)
    if group is None:
        return None
    return next((c.trial.id for c in found if c.trial.id in group.trials and c.trial.id != trial.id), None)


def _from_contrasts(
    found: list[Contrast],
    left: list[LeftOut],
    domain: Domain,
    comparator: Comparator,
    measure: Measure,
    method: _Method,
) -> PoolResult:
    favours: Favours = "positive" if measure in BINARY or DOMAIN_BETTER[domain] == "higher" else "negative"
    unusable = [x for x in left if x.silent]
    if not found:
        said = f"no trial gave usable figures on {DOMAINS[domain]} against {COMPARATORS[comparator]}"
        return _empty(measure, method, left, favours, said)
    if measure in ("MD", "ROM"):
        _same_unit(found)
    y = np.array([c.effect.estimate for c in found])
    v = np.array([c.effect.variance for c in found])
    fitted = method.fit(y, v)
    notes = [*fitted.warnings, *_cautions(found, measure)]
    skew = egger(y, v) if len(found) >= 10 and len(set(v.tolist())) > 1 else None
    certainty = grade(found, fitted, unusable=len(unusable), any_comparator=comparator == "any", egger=skew)
    lines = tuple(
        StudyLine(
            c.id,
            c.source.label,
            c.effect.estimate,
            c.effect.se,
            c.effect.ci95(),
            weight,
            c.effect.n,
            c.effect.steps,
            {"trial": c.source.trial, "where": c.source.where, "url": c.source.url, "read": c.source.read},
            c.comparator,
            c.trial.year,
        )
        for c, weight in zip(found, fitted.weights_pct, strict=True)
    )
    people = sum((c.effect.n1 or 0.0) + (c.effect.n2 or 0.0) for c in found)
    words = in_words(measure, fitted, favours, round(people), DOMAINS[domain])
    return _result(measure, fitted, people, certainty, lines, notes, tuple(left), favours, skew, words)


def _same_unit(found: Sequence[Contrast]) -> None:
    units = sorted({str(c.outcome.unit) for c in found})
    if len(units) > 1:
        raise CannotPool(
            f"a mean difference needs one unit, these trials use {', '.join(units)}; use SMD or leave trials out"
        )


def _cautions(found: Sequence[Contrast], measure: Measure) -> list[str]:
    notes: list[str] = []
    if measure == "SMD" and {c.basis for c in found} >= {"final", "change"}:
        notes.append(
            "values after treatment and changes stand side by side: their SDs are not the same thing"
        )
    if any(c.outcome.better == "lower" for c in found) and any(c.outcome.better == "higher" for c in found):
        notes.append("instruments of opposite direction: signs were turned to one reading")
    if {c.source.read for c in found} <= {"abstract", "secondary"}:
        notes.append("every trial was read as an abstract or at second hand, none in full")
    if measure in BINARY:
        notes.append("who counts as a responder is each trial's own rule")
    if measure in RATIOS:
        notes.append(f"{measure}: estimate, se and intervals are natural logarithms")
    return notes


def pool_table(
    rows: Sequence[Row],
    measure: Measure,
    *,
    estimator: PoolEstimator = "REML",
    test: Test = "z",
    truncate: bool = False,
    prior_scale: float = 0.5,
    file: str = "table",
) -> PoolResult:
    """Pools the studies of a table read by `read_table`. `estimator` MH or Peto pools events directly."""
    effects = [row.effect for row in rows]
    people = [e.n for e in effects]
    n = sum(x for x in people if x is not None) if None not in people else None
    notes: list[str] = []
    names = [row.study for row in rows]
    if len(set(names)) < len(names):
        notes.append("a study name stands twice: rows of one study are counted as if they were separate")
    if measure in RATIOS:
        notes.append(f"{measure}: estimate, se and intervals are natural logarithms")
    if estimator == "MH" or estimator == "Peto":
        sparse = _sparse(rows, measure, estimator)
        lines = _table_lines(rows, sparse.weights_pct, file)
        return _from_sparse(sparse, measure, estimator, n, lines, notes)
    method = _Method(estimator, test, truncate, prior_scale)
    fitted = method.fit(np.array([e.estimate for e in effects]), np.array([e.variance for e in effects]))
    lines = _table_lines(rows, fitted.weights_pct, file)
    notes = [*fitted.warnings, *notes]
    return _result(
        measure, fitted, n, NOT_RATED, lines, notes, (), None, None,
        in_words(measure, fitted, None, None if n is None else round(n), "the outcome"),
    )  # fmt: skip


def _sparse(rows: Sequence[Row], measure: Measure, estimator: str) -> SparseFit:
    counts = [row.counts for row in rows if row.counts is not None]
    if len(counts) < len(rows) or measure not in ("OR", "RR", "RD"):
        raise CannotPool(f"{estimator} needs events and totals (study,a,n1,c,n2) and OR, RR or RD")
    if estimator == "Peto":
        if measure != "OR":
            raise CannotPool("Peto's method gives odds ratios only")
        return peto(counts)
    return mantel_haenszel(counts, measure)  # type: ignore[arg-type]


def _table_lines(rows: Sequence[Row], weights: Sequence[float], file: str) -> tuple[StudyLine, ...]:
    return tuple(
        StudyLine(
            row.study,
            row.study,
            row.effect.estimate,
            row.effect.se,
            row.effect.ci95(),
            weight,
            row.effect.n,
            row.effect.steps,
            {"file": file, "line": str(row.line)},
        )
        for row, weight in zip(rows, weights, strict=True)
    )


def _result(
    measure: Measure,
    fitted: Fit,
    n: float | None,
    certainty: Certainty,
    lines: tuple[StudyLine, ...],
    notes: list[str],
    left: tuple[LeftOut, ...],
    favours: Favours | None,
    skew: Egger | None,
    words: str,
) -> PoolResult:
    return PoolResult(
        measure=measure, estimator=fitted.estimator, test=fitted.test, k=fitted.k, n=n,
        estimate=fitted.estimate, se=fitted.se, ci95=fitted.ci95, pi95=fitted.pi95, tau2=fitted.tau2,
        tau2_ci95=fitted.tau2_ci95, i2=fitted.i2, h2=fitted.h2, q=fitted.q, q_df=fitted.q_df,
        q_p=fitted.q_p, p=fitted.p, certainty=certainty, studies=lines, warnings=tuple(notes),
        left_out=left, favours=favours, egger=skew, words=words,
    )  # fmt: skip


def _from_sparse(
    s: SparseFit,
    measure: Measure,
    estimator: str,
    n: float | None,
    lines: tuple[StudyLine, ...],
    notes: list[str],
) -> PoolResult:
    return PoolResult(
        measure=measure, estimator=estimator, test="z", k=s.k, n=n, estimate=s.estimate, se=s.se, ci95=s.ci95,
        pi95=None, tau2=None, tau2_ci95=None, i2=s.i2, h2=s.h2, q=s.q, q_df=s.q_df, q_p=s.q_p, p=s.p,
        certainty=NOT_RATED, studies=lines, warnings=(*s.warnings, *notes),
    )  # fmt: skip


def _empty(
    measure: Measure,
    method: _Method,
    left: list[LeftOut],
    favours: Favours,
    said: str,
) -> PoolResult:
    return PoolResult(
        measure=measure, estimator=method.estimator, test=method.test, k=0, n=0, estimate=None, se=None, ci95=None,
        pi95=None, tau2=None, tau2_ci95=None, i2=None, h2=None, q=None, q_df=None, q_p=None, p=None,
        certainty=nothing_found(), studies=(), warnings=(said,), left_out=tuple(left), favours=favours,
        words=said[0].upper() + said[1:] + ".",
    )  # fmt: skip
