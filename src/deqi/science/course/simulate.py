"""Made-up courses with a known truth, to find out when the model is right and when it is not.

Every world draws patients from the model's own priors and then breaks one assumption; `matched` breaks none. All of
it is synthetic.

Example: `simulate("no_change", 100, seed=1)` gives 100 people whose usual level never moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deqi.science.course.kernel import LAM, OM, TAU, Floats, Q, R, S
from deqi.science.course.mixture import matters
from deqi.science.course.priors import change_prior, priors, theta_of

WORLDS: Mapping[str, str] = MappingProxyType(
    {
        "matched": "Everything as the model assumes.",
        "flare": "People come at a bad moment: a flare of about 1.6 points at entry for everyone.",
        "wander": "The level wanders about twice as much as assumed (0.15 points a square-root day).",
        "no_change": "The usual level never moves.",
        "missing_bad_days": "On bad days people tend not to rate.",
        "digit_preference": "Half of the 4s and 6s become 5, half of the 7s and 9s become 8.",
        "coasting": "Symptoms build up for weeks after chemotherapy, by about 1.5 points, under the treatment's change.",
        "drop_out": "People who see no change stop rating after week 3.",
        "medicine_change": "A medicine is reduced at week 3, raising the level by one point, and nobody records it.",
        "after_session": "Once a week the rating comes just after the session and is a point lower.",
        "low_scale": "Baselines about 3, near the floor of the scale.",
    }
)
START = np.datetime64("2026-01-05")
BASELINE_DAYS = 14
ADHERENCE = 0.85


@dataclass(frozen=True)
class Simulated:
    """Columns of three tables: ratings, sessions, and the truth (one row a patient)."""

    ratings: Mapping[str, NDArray[Any]]
    sessions: Mapping[str, NDArray[Any]]
    truth: Mapping[str, NDArray[Any]]


def simulate(
    world: str,
    patients: int,
    seed: int,
    *,
    weeks: int = 6,
    condition: str | None = None,
    symptom: str = "burning",
    adherence: float = ADHERENCE,
    end_week: int | None = None,
) -> Simulated:
    """Makes `patients` courses of weekly sessions, reviewed `weeks` after the first, with about 85 % of daily ratings.

    `end_week`: the week of the last session, after which the effect fades; None goes on to the review. `condition` defaults to dpn, and to cipn in the coasting world. Raises ValueError for an unknown world.
    """
    if world not in WORLDS:
        raise ValueError(f"world {world!r} is not one of {', '.join(WORLDS)}")
    condition = condition or ("cipn" if world == "coasting" else "dpn")
    rng = np.random.default_rng([seed, list(WORLDS).index(world)])
    now = 7 * weeks
    days = np.arange(-BASELINE_DAYS, max(84, now) + 8)
    drawn = _draw_people(rng, patients, world, condition, symptom)
    end = None if end_week is None else 7 * end_week
    level = _level(rng, drawn, days, world, end)
    seen, values = _rate(rng, drawn, level, days, now, world, adherence)
    last = now - 1 if end is None else end
    return _tables(drawn, level, seen, values, days, now, last, condition, symptom)


def _draw_people(
    rng: np.random.Generator, n: int, world: str, condition: str, symptom: str
) -> dict[str, Floats]:
    """Each person's parameters from the prior, with the world's twist."""
    known, change = priors(), change_prior(condition, symptom)
    theta = theta_of(rng.standard_normal((n, 6)), change.wander)
    people = {"day_sd": theta[:, S], "lag_one": theta[:, R], "half_weeks": theta[:, OM]}
    people |= {"wander": theta[:, Q], "flare_days": theta[:, TAU], "fading_weeks": theta[:, LAM]}
    baseline = np.full(n, -1.0)
    while (outside := (baseline < known.baseline.low) | (baseline > known.baseline.high)).any():
        mean, sd = (3.0, 1.0) if world == "low_scale" else (known.baseline.mean, known.baseline.sd)
        baseline[outside] = rng.normal(mean, sd, int(outside.sum()))
    people["baseline"] = baseline
    people["effect"] = rng.normal(change.mean, change.sd, n)
    people["flare"] = np.abs(rng.normal(0, known.flare.half_normal_sd, n))
    if world == "no_change":
        for key in ("effect", "flare", "wander"):
            people[key] = np.zeros(n)
    if world == "flare":
        people["flare"] = np.maximum(rng.normal(1.6, 0.3, n), 0)
    if world == "wander":
        people["wander"] = np.full(n, 0.15)
    return people


def _level(
    rng: np.random.Generator, people: dict[str, Floats], days: NDArray[Any], world: str, end: int | None
) -> Floats:
    """The usual level on every day: patients x days."""
    column = {key: value[:, None] for key, value in people.items()}
    weeks = np.maximum(days if end is None else np.minimum(days, end), 0) / 7
    since = np.zeros(len(days)) if end is None else np.maximum(days - end, 0) / 7
    steps = column["wander"] * rng.standard_normal((len(people["wander"]), len(days)))
    steps[:, 0] = 0
    share = weeks / (weeks + column["half_weeks"]) * np.exp(-since / column["fading_weeks"])
    level = column["baseline"] + steps.cumsum(axis=1) - column["effect"] * share
    level += column["flare"] * np.exp(-(days - days[0]) / column["flare_days"])
    if world == "coasting":
        rise = np.maximum(rng.normal(1.5, 0.5, (len(level), 1)), 0)
        level += rise * (1 - np.exp(-(days - days[0]) / 30))
    if world == "medicine_change":
        level += (days >= 21) * 1.0
    return np.asarray(level)


def _rate(
    rng: np.random.Generator,
    people: dict[str, Floats],
    level: Floats,
    days: NDArray[Any],
    now: int,
    world: str,
    adherence: float,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Which days were rated up to now, and the value on every day (those after now are all there)."""
    n, t = level.shape
    seen = rng.random((n, t)) < adherence
    future = days > now
    chain = np.ones((n, t), dtype=bool) if world == "missing_bad_days" else seen | future
    noise = np.zeros((n, t))
    before, last = np.full(n, -1), np.zeros(n)
    for j in range(t):
        gap = j - before
        rho = np.where(before >= 0, people["lag_one"] ** gap, 0.0)
        fresh = rng.standard_t(4, n) / np.sqrt(2) * people["day_sd"] * np.sqrt(1 - rho**2)
        noise[:, j] = rho * last + fresh
        last = np.where(chain[:, j], noise[:, j], last)
        before = np.where(chain[:, j], j, before)
    if world == "missing_bad_days":
        seen &= rng.random((n, t)) < 1 / (1 + np.exp(1.5 * noise / people["day_sd"][:, None] - 1))
    if world == "drop_out":
        stuck = people["effect"] < 0.75
        seen &= ~(stuck[:, None] & (days > 21) & (rng.random((n, t)) < 0.85))
    if world == "after_session":
        noise = noise - ((days >= 0) & (days % 7 == 0) & (days <= now))
    values = np.clip(np.round(level + noise), 0, 10)
    if world == "digit_preference":
        heaped = rng.random((n, t)) < 0.5
        values = np.where(heaped & np.isin(values, (4, 6)), 5, values)
        values = np.where(heaped & np.isin(values, (7, 9)), 8, values)
    return seen & ~future, values


def _tables(
    people: dict[str, Floats],
    level: Floats,
    seen: NDArray[Any],
    values: NDArray[Any],
    days: NDArray[Any],
    now: int,
    last: int,
    condition: str,
    symptom: str,
) -> Simulated:
    n = len(level)
    names = np.array([f"synthetic-{i:06d}" for i in range(n)])
    who, when = np.nonzero(seen)
    ratings = {
        "patient_id": names[who],
        "date": START + days[when],
        "symptom": np.full(len(who), symptom),
        "value": values[who, when].astype(int),
        "recall": np.full(len(who), "24h"),
        "condition": np.full(len(who), condition),
        "on": np.full(len(who), START + now),
    }
    visits = np.arange(0, last + 1, 7)
    sessions = {"patient_id": np.repeat(names, len(visits)), "date": np.tile(START + visits, n)}

    def drop(day: int) -> Floats:
        """Baseline less the mean level of the seven days up to `day`."""
        window = (days > day - 7) & (days <= day)
        return np.asarray(people["baseline"] - level[:, window].mean(axis=1))

    following = (days > now) & (days <= now + 7)
    truth = {
        "patient_id": names,
        "condition": np.full(n, condition),
        "symptom": np.full(n, symptom),
        **people,
        "drop_now": drop(now),
        "drop_6": drop(42),
        "drop_12": drop(84),
        "improved": drop(now) >= matters(people["baseline"]),
        "next_week_mean": values[:, following].mean(axis=1),
    }
    return Simulated(ratings, sessions, truth)
