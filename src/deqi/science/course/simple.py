"""A first look at one course: seven-day means before and now, with what day-to-day noise alone would do.

It knows nothing of priors, entry flares or outliers; the course model does. It is quick to explain and is the
rule the model has to beat.

Method: the mean of the ratings in the seven days before the first session against the mean of the seven days up to
the review. With fewer than four in the seven days before the start, the window is widened to fourteen. Noise: the
variance of the mean of n daily ratings with day-to-day SD s = 1.2 and lag-one correlation r = 0.35,
(s^2/n)(1 + 2 sum_j (1 - j/n) r^j); a difference of two means is beyond noise at 1.96 times its standard error. Both
s and r are assumptions of ours until a registry speaks.

Example: baseline 6, 6, 7, 6, 6, 7, 6 and now 4, 4, 3, 4, 4, 4, 5 -> change -2.29, beyond noise (1.71).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from deqi.science.course.ratings import Rating, Recall
from deqi.science.measures import symptom_file, symptoms

DAY_SD = 1.2
LAG_ONE = 0.35


@dataclass(frozen=True)
class SimpleReview:
    """Seven-day means of one symptom. Levels are 0-10; `change` is now minus baseline (negative is better)."""

    symptom: str
    recall: Recall
    baseline_mean: float | None
    n_baseline: int
    baseline_days: int
    current_mean: float | None
    n_current: int
    change: float | None
    noise_95: float | None
    enough: bool
    beyond_noise: bool | None
    words: str


def noise_of_difference(
    n_before: int, n_after: int, day_sd: float = DAY_SD, lag_one: float = LAG_ONE
) -> float:
    """Smallest difference of two means of daily ratings that noise alone passes in 5 % of cases.

    `noise_of_difference(7, 7)` is 1.71 and `noise_of_difference(1, 1)` is 3.33 points.
    """

    def variance(n: int) -> float:
        return day_sd**2 / n * (1 + 2 * sum((1 - j / n) * lag_one**j for j in range(1, n)))

    return 1.96 * sqrt(variance(n_before) + variance(n_after))


def review_simple(
    ratings: Iterable[Rating], sessions: Sequence[dt.date], on: dt.date
) -> Mapping[str, SimpleReview]:
    """Compares seven-day means for every symptom rated, in the order of the measures.

    `sessions` are the visits so far; without one there is no "now" to compare. Ratings after `on` are not used.
    """
    usable = [rating for rating in ratings if rating.channel != "clinic_after" and rating.date <= on]
    visits = sorted(day for day in sessions if day <= on)
    found: dict[str, SimpleReview] = {}
    for key in symptoms():
        own = [rating for rating in usable if rating.symptom == key]
        if own:
            found[key] = _one_symptom(key, own, visits[0] if visits else None, on)
    return found


def _one_symptom(key: str, ratings: list[Rating], first: dt.date | None, on: dt.date) -> SimpleReview:
    recall = _usual_recall(ratings)
    least = symptom_file().meta.minimum_ratings
    day_values = [(rating.date, rating.value) for rating in ratings if rating.recall == recall]
    end_of_baseline = first if first is not None else on
    baseline, baseline_days = _window(day_values, end_of_baseline, 7), 7
    if len(baseline) < least:
        baseline, baseline_days = _window(day_values, end_of_baseline, 14), 14
    current = _window([(day, v) for day, v in day_values if first is not None and day > first], on, 7)
    before = sum(baseline) / len(baseline) if baseline else None
    now = sum(current) / len(current) if current else None
    enough = len(baseline) >= least and len(current) >= least
    change = now - before if before is not None and now is not None else None
    noise = noise_of_difference(len(baseline), len(current)) if enough else None
    beyond = abs(change) > noise if change is not None and noise is not None else None
    return SimpleReview(
        symptom=key,
        recall=recall,
        baseline_mean=before,
        n_baseline=len(baseline),
        baseline_days=baseline_days,
        current_mean=now,
        n_current=len(current),
        change=change,
        noise_95=noise,
        enough=enough,
        beyond_noise=beyond,
        words=_words(key, first, before, now, change, beyond, len(baseline), len(current), least),
    )


def _usual_recall(ratings: list[Rating]) -> Recall:
    """The recall used most; daily ratings win a tie, since the two are different quantities and never mixed."""
    daily = sum(rating.recall == "24h" for rating in ratings)
    return "24h" if 2 * daily >= len(ratings) else "7d"


def _window(day_values: list[tuple[dt.date, float]], end: dt.date, days: int) -> list[float]:
    """Values of the `days` days up to and including `end`."""
    return [value for day, value in day_values if 0 <= (end - day).days < days]


def _words(
    key: str,
    first: dt.date | None,
    before: float | None,
    now: float | None,
    change: float | None,
    beyond: bool | None,
    n_before: int,
    n_now: int,
    least: int,
) -> str:
    label = symptoms()[key].label
    if first is None:
        return f"{label}: no session yet. {n_before} ratings so far in the days before the start."
    if beyond is None or change is None or before is None or now is None:
        missing = []
        if n_before < least:
            missing.append(f"{n_before} from before the start")
        if n_now < least:
            missing.append(f"{n_now} from the last seven days")
        return f"{label}: not enough ratings yet ({' and '.join(missing)}; {least} are needed)."
    if abs(change) < 0.05:
        moved = f"is where it was, at {now:.1f}"
    else:
        moved = f"is {'down' if change < 0 else 'up'} by about {abs(change):.1f} points, from {before:.1f} to {now:.1f}"
    noise = (
        "That is more than day-to-day ups and downs usually make."
        if beyond
        else "Day-to-day ups and downs alone could make that difference."
    )
    return f"{label} {moved}. {noise} We cannot tell how much is due to the needles."
