"""The review of one person's course: is the usual level really lower, and what should happen next?

Example: fourteen baseline ratings about 7 and thirty about 4 after six weekly sessions give p_improved near 0.9,
verdict `likely_yes`, next step `consolidate`.

What it never says: that the needles caused the change. p_improved is about the level, p_beyond about being unusual.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from deqi.science.course import words
from deqi.science.course.kernel import LAM, OM, TAU, E, Q
from deqi.science.course.mixture import Form, Mixture, drop_at, drop_now, rating_mean_at, shape_over_week
from deqi.science.course.posterior import Posterior, fit, normal_scores
from deqi.science.course.priors import ChangePrior, change_prior, conditions, priors, theta_of
from deqi.science.course.ratings import MedicineChange, Rating, Row
from deqi.science.course.series import WINDOW_DAYS, Series, series_of
from deqi.science.measures import symptoms

MODEL_VERSION = f"1.0+priors{priors().version}"
LIKELY, UNLIKELY = 0.8, 0.2
MOSTLY_PRIOR = 0.7
LEAST_BASELINE, LEAST_SINCE, FLOOR_BASELINE = 4, 4, 3
WEEK_6, WEEK_12 = 42.0, 84.0

# What stays empty when nothing can be computed.
UNKNOWN = (
    "baseline",
    "level",
    "change",
    "change_sd",
    "p_improved",
    "p_any",
    "p_worse",
    "p_reach_6",
    "p_reach_12",
    "forecast_day",
    "forecast_continue",
    "forecast_stop",
    "p_relapse",
    "p_beyond",
    "info",
    "sceptical",
)

Verdict = Literal["likely_yes", "unclear", "likely_no", "too_few"]
NextStep = Literal[
    "collect_ratings",
    "go_on",
    "change_plan",
    "consolidate",
    "go_on_with_one_change",
    "stop",
    "taper",
    "undecided",
]


@dataclass(frozen=True)
class Forecast:
    """The mean of seven daily ratings at the course's end, 0-10, with the interval that holds 80 %."""

    mean: float
    lo80: float
    hi80: float


@dataclass(frozen=True)
class Sceptical:
    """The same, for a reader who expects needling to add nothing (prior N(0, 0.9^2) instead of N(0.7, 0.9^2))."""

    change: float
    p_improved: float
    p_any: float
    verdict: Verdict


@dataclass(frozen=True)
class Review:
    """One symptom at one date. Levels 0-10, `change` = level - baseline (negative is better), p's 0-1.

    `info` is the posterior SD of the drop over its prior SD; above 0.7 the answer is mostly what was assumed
    beforehand. None where there are too few ratings to compute anything.
    """

    symptom: str
    condition: str
    on: str
    n_ratings: int
    n_baseline: int
    n_sessions: int
    baseline: float | None
    level: float | None
    change: float | None
    change_sd: float | None
    p_improved: float | None
    p_any: float | None
    p_worse: float | None
    p_reach_6: float | None
    p_reach_12: float | None
    forecast_day: int | None
    forecast_continue: Forecast | None
    forecast_stop: Forecast | None
    p_relapse: float | None
    p_beyond: float | None
    info: float | None
    verdict: Verdict
    words: str
    next_step: NextStep
    next_step_words: str
    sceptical: Sceptical | None
    warnings: tuple[str, ...]
    model_version: str
    input_hash: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "warnings": list(self.warnings)}


def known_condition(condition: str) -> str:
    """The prior's name for a diagnosis: its own where there is one, otherwise `other`."""
    return condition if condition in conditions() else "other"


def review(
    ratings: Sequence[Rating],
    sessions: Sequence[dt.date],
    condition: str,
    on: dt.date,
    medicine: Sequence[MedicineChange] = (),
) -> Mapping[str, Review]:
    """Reviews every symptom rated, each by itself, in the order of the measures.

    Ratings and sessions after `on` are not used. `condition` is dpn, cipn, phn, cts or other; a diagnosis without a
    prior of its own is read as other.
    """
    found: dict[str, Review] = {}
    for key in symptoms():
        rows = rows_of(ratings, key, on)
        if rows:
            found[key] = review_rows(key, rows, sessions, condition, on, medicine)
    return found


def rows_of(ratings: Sequence[Rating], symptom: str, on: dt.date) -> list[Row]:
    """The rows of one symptom the model uses: up to `on`, without those given just after a session."""
    return [
        (rating.date, rating.value, rating.recall)
        for rating in ratings
        if rating.symptom == symptom and rating.date <= on and rating.channel != "clinic_after"
    ]


def review_rows(
    symptom: str,
    rows: Sequence[Row],
    sessions: Sequence[dt.date],
    condition: str,
    on: dt.date,
    medicine: Sequence[MedicineChange] = (),
) -> Review:
    """Reviews one symptom from its rows (see `rows_of`): the inner door, without checks, for many courses."""
    return fitted(symptom, rows, sessions, condition, on, medicine)[0]


def fitted(
    symptom: str,
    rows: Sequence[Row],
    sessions: Sequence[dt.date],
    condition: str,
    on: dt.date,
    medicine: Sequence[MedicineChange] = (),
) -> tuple[Review, Mixture | None]:
    """The review with the posterior behind it, which is None where there are too few ratings for any number."""
    condition = known_condition(condition)
    visits = sorted(day for day in sessions if day <= on)
    doses = [change for change in medicine if change.date <= on]
    n_before = sum(not visits or day <= visits[0] for day, _, _ in rows)
    about: dict[str, Any] = {
        "symptom": symptom,
        "condition": condition,
        "on": on.isoformat(),
        "n_ratings": len(rows),
        "n_baseline": n_before,
        "n_sessions": len(visits),
        "model_version": MODEL_VERSION,
        "input_hash": input_hash(symptom, rows, visits, condition, on, doses),
    }
    if not visits or n_before < FLOOR_BASELINE or len(rows) == n_before:
        return _too_few(about, symptom), None
    series = series_of(rows, visits, on, doses)
    return _judge(about, symptom, series, change_prior(condition, symptom), (on - visits[0]).days, visits)


def _too_few(about: dict[str, Any], symptom: str) -> Review:
    """The answer when nothing can be computed."""
    text = words.too_few(
        symptom, about["n_baseline"], about["n_ratings"] - about["n_baseline"], about["n_sessions"]
    )
    nothing: dict[str, Any] = dict.fromkeys(UNKNOWN)
    return Review(
        **about,
        **nothing,
        verdict="too_few",
        words=text,
        next_step="collect_ratings",
        next_step_words=words.NEXT_STEPS["collect_ratings"],
        warnings=(),
    )


def _judge(
    about: dict[str, Any],
    symptom: str,
    series: Series,
    change: ChangePrior,
    day: int,
    visits: Sequence[dt.date],
) -> tuple[Review, Mixture]:
    """Fits the model and reads every number off it."""
    posterior = fit(series, change)
    mixture = Mixture(posterior)
    now = drop_now(posterior)
    drop = mixture.fine(now)
    baseline = float((mixture.weight * mixture.baseline).sum())
    fall = drop.average()
    p_improved, p_worse = mixture.improved(now), 1 - drop.above(-1.0)
    info = drop.spread() / prior_spread(change, series)
    end = max(WEEK_12, day + 28.0)
    reach = {
        week: p_improved if week <= day else mixture.improved(drop_at(posterior, week, go_on=True))
        for week in (WEEK_6, WEEK_12)
    }
    doubt = _sceptical(posterior, change, now)
    thin = series.n_baseline < LEAST_BASELINE or series.n_since < LEAST_SINCE or info > MOSTLY_PRIOR
    verdict = "too_few" if thin else verdict_of(p_improved)
    sceptical = Sceptical(
        change=doubt[0],
        p_improved=doubt[1],
        p_any=doubt[2],
        verdict="too_few" if thin else verdict_of(doubt[1]),
    )
    step = next_step(verdict, sceptical.verdict, day, p_improved, p_worse, reach[WEEK_6], reach[WEEK_12])
    found = Review(
        **about,
        baseline=baseline,
        level=float(np.clip(baseline - fall, 0, 10)),
        change=-fall,
        change_sd=drop.spread(),
        p_improved=p_improved,
        p_any=drop.above(0.0),
        p_worse=p_worse,
        p_reach_6=reach[WEEK_6],
        p_reach_12=reach[WEEK_12],
        forecast_day=int(end),
        forecast_continue=_forecast(mixture, rating_mean_at(posterior, end, go_on=True)),
        forecast_stop=_forecast(mixture, rating_mean_at(posterior, end, go_on=False)),
        p_relapse=mixture.relapse(12),
        p_beyond=_beyond(mixture, now, change),
        info=info,
        verdict=verdict,
        words=words.verdict_words(symptom, fall, drop.spread(), p_improved, p_worse, verdict),
        next_step=step,
        next_step_words=words.NEXT_STEPS[step],
        sceptical=sceptical,
        warnings=_warnings(about, series, posterior, baseline, verdict, sceptical.verdict, info, visits),
    )
    return found, mixture


def verdict_of(p_improved: float) -> Verdict:
    """Likely yes from 0.8, likely no to 0.2, unclear between."""
    return "likely_yes" if p_improved >= LIKELY else "likely_no" if p_improved <= UNLIKELY else "unclear"


def next_step(
    verdict: Verdict,
    doubted: Verdict,
    day: int,
    p_improved: float,
    p_worse: float,
    reach_6: float,
    reach_12: float,
) -> NextStep:
    """The rule of the course, agreed beforehand (version 0). `day` counts from the first session.

    Before week 5: change the plan if week 6 is out of reach (< 0.10) or it is likely worse; success is never announced.
    Week 5 to 10: consolidate, stop when week 12 is out of reach (< 0.15), else go on with one change. Then: taper or
    stop. A yes that the sceptical reader does not share is undecided.
    """
    if verdict == "too_few":
        return "collect_ratings"
    if day < 35:
        return "change_plan" if reach_6 < 0.10 or p_worse > 0.5 else "go_on"
    if "likely_yes" in (verdict, doubted) and verdict != doubted:
        return "undecided"
    if p_improved >= LIKELY:
        return "consolidate" if day < 77 else "taper"
    if day < 77:
        return "stop" if reach_12 < 0.15 else "go_on_with_one_change"
    return "stop" if p_improved <= UNLIKELY else "taper"


def _forecast(mixture: Mixture, form: Form) -> Forecast:
    coarse = mixture.coarse(form)
    low, high = (float(np.clip(coarse.quantile(share), 0, 10)) for share in (0.1, 0.9))
    return Forecast(mean=float(np.clip(coarse.average(), 0, 10)), lo80=low, hi80=high)


def _beyond(mixture: Mixture, now: Form, change: ChangePrior) -> float:
    """P(D_T > what an untreated person of this diagnosis would show), the untreated change taking the same shape."""
    posterior = mixture.posterior
    shape = shape_over_week(posterior, posterior.series.clock.now, stop=None)
    untreated = Form(
        now.row, now.const - change.untreated_mean * shape, now.noise + (change.untreated_sd * shape) ** 2
    )
    return mixture.fine(untreated).above(0.0)


def _sceptical(posterior: Posterior, change: ChangePrior, now: Form) -> tuple[float, float, float]:
    """Change, p_improved and p_any after swapping the prior of E: an exact Gaussian update at every node."""
    e = posterior.mean[:, E]
    v = posterior.cov[:, E, E]
    # divide the posterior by N(m, s^2), multiply by N(m', s'^2): natural parameters move by
    precision = 1 / change.sceptical_sd**2 - 1 / change.sd**2
    pull = change.sceptical_mean / change.sceptical_sd**2 - change.mean / change.sd**2
    grow = 1 + precision * v
    column = posterior.cov[:, :, E]
    mean = posterior.mean + column * ((pull - precision * e) / grow)[:, None]
    cov = posterior.cov - (precision / grow)[:, None, None] * column[:, :, None] * column[:, None, :]
    log_weight = -0.5 * np.log(grow) + 0.5 * (2 * e * pull + v * pull**2 - precision * e**2) / grow
    weight = posterior.weight * np.exp(log_weight - log_weight.max())
    doubter = Posterior(
        posterior.series, change, posterior.scores, posterior.theta, weight / weight.sum(), mean, cov, 0.0
    )
    mixture = Mixture(doubter)
    drop = mixture.fine(now)
    return -drop.average(), mixture.improved(now), drop.above(0.0)


@lru_cache(maxsize=4096)
def _prior_spread(change: ChangePrior, day: float, entry: float, end: float | None, dose: float) -> float:
    """Prior SD of D_T for a course of this length, over the prior of the non-linear parameters."""
    theta = theta_of(normal_scores(256))
    days = day - np.arange(7.0)
    weeks = np.maximum(np.minimum(days, end) if end is not None else days, 0) / 7
    since = np.maximum(days - end, 0) / 7 if end is not None else np.zeros(7)
    shape = (weeks / (weeks + theta[:, OM, None]) * np.exp(-since / theta[:, LAM, None])).mean(axis=1)
    flare = np.exp(-np.maximum(days - entry, 0) / theta[:, TAU, None]).mean(axis=1)
    sd = priors().flare.half_normal_sd
    mean = change.mean * shape - sd * 0.7978845608 * flare
    walk = np.square(theta[:, Q]) * max(day - WINDOW_DAYS - entry, 0)
    var = np.square(change.sd * shape) + (1 - 2 / np.pi) * np.square(sd * flare) + walk
    var = var + (priors().medicine_step.sd * dose) ** 2
    return float(np.sqrt(var.mean() + mean.var()))


def prior_spread(change: ChangePrior, series: Series) -> float:
    """Prior SD of the drop for this course; about 1.4 points at week 6 of a diabetic neuropathy."""
    clock = series.clock
    return _prior_spread(change, clock.now, clock.entry, clock.end, series.dose_now)


def _warnings(
    about: dict[str, Any],
    series: Series,
    posterior: Posterior,
    baseline: float,
    verdict: Verdict,
    doubted: Verdict,
    info: float,
    visits: Sequence[dt.date],
) -> tuple[str, ...]:
    """What the reader must know to trust or doubt the numbers."""
    given = [
        (series.n_baseline < 7, words.FEW_BASELINE.format(n=series.n_baseline)),
        (info > MOSTLY_PRIOR, words.MOSTLY_PRIOR),
        (baseline < 3, words.LOW_BASELINE),
        (3 <= baseline < 4, words.MILD_BASELINE),
        ("likely_yes" in (verdict, doubted) and verdict != doubted, words.FLIPS),
        (series.n_at_ends > 0.3 * series.n_ratings, words.AT_ENDS),
        (series.has_offset, words.MIXED_RECALL),
        (series.has_dose, words.MEDICINE),
        (series.clock.end is not None, words.ENDED),
        (symptoms()[about["symptom"]].family == "numbness", words.NUMBNESS),
        (about["condition"] == "cipn", words.CIPN),
        (posterior.effective_nodes < 20, words.ROUGH),
        (any((b - a).days > 28 for a, b in pairwise(visits)), words.GAP),
    ]
    return tuple(text for applies, text in given if applies)


def input_hash(
    symptom: str,
    rows: Sequence[Row],
    sessions: Sequence[dt.date],
    condition: str,
    on: dt.date,
    medicine: Sequence[MedicineChange] = (),
) -> str:
    """SHA-256 of everything the numbers depend on, so that a shown number can be computed again."""
    text = json.dumps(
        {
            "model": MODEL_VERSION,
            "symptom": symptom,
            "condition": condition,
            "on": on.isoformat(),
            "ratings": sorted((day.isoformat(), float(value), recall) for day, value, recall in rows),
            "sessions": sorted(day.isoformat() for day in sessions),
            "medicine": sorted((m.date.isoformat(), m.steps) for m in medicine),
        },
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode()).hexdigest()


__all__ = ["MODEL_VERSION", "Forecast", "Review", "Sceptical", "next_step", "review", "verdict_of"]
