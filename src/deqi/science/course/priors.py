"""The priors of the course model, by diagnosis and symptom, and the map from normal scores to parameters.

Example: diabetic neuropathy, burning: total change E ~ N(1.9, 1.5^2), which is N(1.2, 1.2^2) of untreated change plus
N(0.7, 0.9^2) added. The sceptical reader's E ~ N(1.2, 1.5^2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import hypot

import numpy as np
from pydantic import Field
from scipy.special import betaincinv, ndtr

from deqi.science.course.kernel import LAM, OM, TAU, Floats, Q, R, S
from deqi.science.knowledge import Strict, data_path, load_yaml
from deqi.science.measures import symptoms


class _Cited(Strict):
    assumption: bool
    from_: str = Field(alias="from")
    source: str | None


class Normal(_Cited):
    mean: float
    sd: float = Field(gt=0)


class CutNormal(Normal):
    low: float
    high: float


class LogNormal(_Cited):
    log_median: float = Field(gt=0)
    log_sd: float = Field(gt=0)


class HalfNormal(_Cited):
    half_normal_sd: float = Field(gt=0)


class Beta(_Cited):
    alpha: float = Field(gt=0)
    beta: float = Field(gt=0)


class Widened(_Cited):
    mean_factor: float
    sd_factor: float


class Factor(_Cited):
    factor: float = Field(gt=0)


class Priors(Strict):
    """Every prior of the model with what it rests on. Points 0-10, days or weeks as named."""

    version: str
    baseline: CutNormal
    day_sd: LogNormal
    lag_one: Beta
    time_to_half_weeks: LogNormal
    fading_weeks: LogNormal
    flare: HalfNormal
    flare_days: LogNormal
    wander_per_sqrt_day: LogNormal
    recall_offset: Normal
    medicine_step: Normal
    added: Normal
    sceptical_added: Normal
    untreated: Mapping[str, Normal]
    numbness: Widened
    wander_factor: Mapping[str, Factor]


@dataclass(frozen=True)
class ChangePrior:
    """Prior of the total change E of a course and of the untreated part N alone: mean and SD in points.

    `wander` multiplies the prior of the wander: 1, and more for a diagnosis whose symptoms move by themselves.
    """

    mean: float
    sd: float
    sceptical_mean: float
    sceptical_sd: float
    untreated_mean: float
    untreated_sd: float
    wander: float = 1.0


@cache
def priors() -> Priors:
    """The priors in force. Raises KnowledgeError when the data file is wrong."""
    return load_yaml(data_path("deqi.science.course", "priors.yaml"), Priors)  # type: ignore[no-any-return]


def conditions() -> tuple[str, ...]:
    """The diagnoses that have a prior: dpn, cipn, phn, cts, other."""
    return tuple(priors().untreated)


@cache
def change_prior(condition: str, symptom: str) -> ChangePrior:
    """Prior of the change for a diagnosis and a symptom; numbness gets half the mean and twice the SD."""
    known = priors()
    if condition not in known.untreated:
        raise ValueError(f"condition {condition!r} is not one of {', '.join(known.untreated)}")
    untreated, added, doubt = known.untreated[condition], known.added, known.sceptical_added
    mean = wide = 1.0
    if symptoms()[symptom].family == "numbness":
        mean, wide = known.numbness.mean_factor, known.numbness.sd_factor
    return ChangePrior(
        mean=mean * (untreated.mean + added.mean),
        sd=wide * hypot(untreated.sd, added.sd),
        sceptical_mean=mean * (untreated.mean + doubt.mean),
        sceptical_sd=wide * hypot(untreated.sd, doubt.sd),
        untreated_mean=mean * untreated.mean,
        untreated_sd=wide * untreated.sd,
        wander=known.wander_factor[condition].factor if condition in known.wander_factor else 1.0,
    )


@cache
def _lag_table() -> tuple[Floats, Floats]:
    """Normal scores from -6 to 6 with the lag-one correlation at each, for quick interpolation."""
    known = priors()
    u = np.linspace(-6, 6, 4801)
    return u, betaincinv(known.lag_one.alpha, known.lag_one.beta, ndtr(u))


@cache
def _log_normals() -> tuple[Floats, Floats]:
    """Median and SD of the logarithm of each non-linear parameter (6); those of r, which has none, are left at 0."""
    known = priors()
    median, log_sd = np.zeros(6), np.zeros(6)
    for place, prior in (
        (S, known.day_sd),
        (OM, known.time_to_half_weeks),
        (TAU, known.flare_days),
        (LAM, known.fading_weeks),
        (Q, known.wander_per_sqrt_day),
    ):
        median[place], log_sd[place] = prior.log_median, prior.log_sd
    return median, log_sd


def theta_of(u: Floats, wander: float = 1.0) -> Floats:
    """Non-linear parameters (G x 6: s, r, om, q, tau, lam) at normal scores `u` (G x 6), standard normal a priori.

    `wander` multiplies q (`ChangePrior.wander`).
    """
    grid, lag = _lag_table()
    median, log_sd = _log_normals()
    theta: Floats = median * np.exp(log_sd * u)
    theta[:, R] = np.interp(u[:, R], grid, lag)
    theta[:, Q] *= wander
    return theta


def coefficient_prior(change: ChangePrior, *, has_dose: bool, has_offset: bool) -> tuple[Floats, Floats]:
    """Mean (p) and covariance (p x p) of baseline, effect, flare and the optional columns, before their limits."""
    known = priors()
    mean = [known.baseline.mean, change.mean, 0.0]
    sd = [known.baseline.sd, change.sd, known.flare.half_normal_sd]
    if has_dose:
        mean, sd = [*mean, known.medicine_step.mean], [*sd, known.medicine_step.sd]
    if has_offset:
        mean, sd = [*mean, known.recall_offset.mean], [*sd, known.recall_offset.sd]
    return np.array(mean), np.diag(np.square(sd))
