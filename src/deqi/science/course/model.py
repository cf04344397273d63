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
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from deqi.science.course import words
from deqi.science.course.answer import (
    UNKNOWN,
    Forecast,
    NextStep,
    Review,
    Sceptical,
    Verdict,
    next_step,
    verdict_of,
)
from deqi.science.course.kernel import LAM, OM, TAU, E, Q
from deqi.science.course.mixture import Form, Gaussians, Mixture, drop_at, drop_now, shape_over_week
from deqi.science.course.posterior import FitError, Posterior, fit, normal_scores
from deqi.science.course.priors import ChangePrior, change_prior, conditions, priors, theta_of
from deqi.science.course.ratings import MedicineChange, Rating, Row
from deqi.science.course.series import WINDOW_DAYS, Series, series_of
from deqi.science.measures import symptoms

MODEL_VERSION = f"1.4+priors{priors().version}"
MOSTLY_PRIOR = 0.7
LEAST_BASELINE, LEAST_SINCE, FLOOR_BASELINE = 4, 4, 3
WEEK_6, WEEK_12 = 42.0, 84.0


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
    """The review with the posterior behind it, which is None where there are too few ratings for any number.

    A series whose numbers cannot be worked out is answered too: verdict `not_computed`, every number None.
    """
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
    try:
        return _judge(about, symptom, series, change_prior(condition, symptom), (on - visits[0]).days, visits)
    except (FitError, np.linalg.LinAlgError):
        return _not_computed(about, symptom), None


def _too_few(about: dict[str, Any], symptom: str) -> Review:
    """The answer when nothing can be computed."""
    text = words.too_few(
        symptom, about["n_baseline"], about["n_ratings"] - about["n_baseline"], about["n_sessions"]
    )
    return _without_numbers(about, "too_few", text, "collect_ratings", ())


def _not_computed(about: dict[str, Any], symptom: str) -> Review:
    """The answer when the computation did not settle: said in words, never a number nobody can vouch for."""
    return _without_numbers(
        about, "not_computed", words.not_computed(symptom), "judge_by_means", (words.NOT_COMPUTED,)
    )


def _without_numbers(
    about: dict[str, Any], verdict: Verdict, text: str, step: NextStep, warnings: tuple[str, ...]
) -> Review:
    nothing: dict[str, Any] = dict.fromkeys(UNKNOWN)
    return Review(
        **about,
        **nothing,
        verdict=verdict,
        words=text,
        next_step=step,
        next_step_words=words.NEXT_STEPS[step],
        warnings=warnings,
    )


def _judge(
    about: dict[str, Any],
    symptom: str,
    series: Series,
    change: ChangePrior,
    day: int,
    visits: Sequence[dt.date],
) -> tuple[Review, Mixture]:
    """Fits the model and reads every number off it. Raises FitError when a number is not one."""
    posterior = fit(series, change)
    mixture = Mixture(posterior)
    now = drop_now(posterior)
    drop = mixture.fine(now)
    baseline = float((mixture.weight * mixture.baseline).sum())
    fall, fall_sd = drop.average(), drop.spread()
    if not (np.isfinite(fall) and np.isfinite(baseline) and fall_sd > 0):
        raise FitError("the posterior of the drop has no number")
    p_improved, p_worse = mixture.improved(drop), 1 - drop.above(-1.0)
    info = fall_sd / prior_spread(change, series)
    end = max(WEEK_12, day + 28.0)
    reach = {
        week: p_improved
        if week <= day
        else mixture.improved(mixture.fine(drop_at(posterior, week, go_on=True)))
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
    go_on, stop = mixture.rating_means(end)
    found = Review(
        **about,
        baseline=baseline,
        level=float(np.clip(baseline - fall, 0, 10)),
        change=-fall,
        change_sd=fall_sd,
        p_improved=p_improved,
        p_any=drop.above(0.0),
        p_worse=p_worse,
        p_reach_6=reach[WEEK_6],
        p_reach_12=reach[WEEK_12],
        forecast_day=int(end),
        forecast_continue=_forecast(go_on),
        forecast_stop=_forecast(stop),
        p_relapse=mixture.relapse(12),
        p_beyond=_beyond(posterior, drop, change),
        info=info,
        verdict=verdict,
        words=words.verdict_words(symptom, fall, fall_sd, p_improved, p_worse, verdict),
        next_step=step,
        next_step_words=words.NEXT_STEPS[step],
        sceptical=sceptical,
        warnings=_warnings(
            about, series, posterior.rough, baseline, verdict, sceptical.verdict, info, visits
        ),
    )
    return found, mixture


def _forecast(ratings: Gaussians) -> Forecast:
    mean, low, high = (
        min(max(float(value), 0.0), 10.0) for value in (ratings.average(), *ratings.quantiles((0.1, 0.9)))
    )
    return Forecast(mean=mean, lo80=low, hi80=high)


def _beyond(posterior: Posterior, drop: Gaussians, change: ChangePrior) -> float:
    """P(D_T > what an untreated person of this diagnosis would show), the untreated change taking the same shape."""
    shape = shape_over_week(posterior, posterior.series.clock.now)
    sd = np.sqrt(np.square(drop.sd) + np.square(change.untreated_sd * shape))
    return replace(drop, sd=sd).above(change.untreated_mean * shape)


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
    doubter = replace(posterior, change=change, weight=weight / weight.sum(), mean=mean, cov=cov)
    mixture = Mixture(doubter)
    drop = mixture.fine(now)
    return -drop.average(), mixture.improved(drop), drop.above(0.0)


@lru_cache(maxsize=4096)
def _prior_spread(change: ChangePrior, day: float, entry: float, end: float | None, dose: float) -> float:
    """Prior SD of D_T for a course of this length, over the prior of the non-linear parameters."""
    theta = theta_of(normal_scores(256), change.wander)
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
    rough: bool,
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
        (rough, words.ROUGH),
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
