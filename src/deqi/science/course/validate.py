"""Is the model right about made-up courses whose truth is known? Every figure of the validation report.

Question answered: are the probabilities what they say, in a world like the assumptions and in worlds that break them,
and which mistakes would the agreed rule make over a whole course?

- Simulation-based calibration (Talts and others 2018): over draws from the prior, the posterior's distribution
  function at the truth must be uniform.
- Coverage of the drop and of next week's mean rating; calibration and Brier score of p_improved against simple rules.
- Errors of the decision rule over the whole schedule (weeks 3, 6 and 12).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy.special import logit, ndtr
from scipy.stats import chisquare, kstest

from deqi.science.course.kernel import LAM, OM, B, E, Floats, Q, R, S
from deqi.science.course.many import Task, one_thread_each, tasks
from deqi.science.course.mixture import Form, Gaussians, Mixture, drop_now, matters
from deqi.science.course.model import MODEL_VERSION, fitted, review_rows
from deqi.science.course.ratings import Row
from deqi.science.course.simple import noise_of_difference
from deqi.science.course.simulate import WORLDS, simulate

LEVELS = (0.5, 0.8, 0.9, 0.95)
MATCHED_TIMES = 4  # as many courses as in another world: there the target is the share itself, not a floor
RANKED = {"day_sd": S, "lag_one": R, "half_weeks": OM, "wander": Q, "fading_weeks": LAM}
Truth = dict[str, float]
# How a function is run over many arguments: `map`, or a pool's.
Each = Callable[..., Iterable[Any]]


@dataclass(frozen=True)
class Judged:
    """What one fitted course says beside its truth. `place` is the posterior's distribution function at the truth."""

    place: dict[str, float]
    change: float
    p_improved: float
    verdict: str
    improved: bool
    simple: dict[str, bool]


def judge(task: Task, truth: Truth) -> Judged | None:
    """Fits one course and looks where the truth lies; None where there are too few ratings for any number."""
    _, symptom, condition, on, rows, sessions = task
    found, mixture = fitted(symptom, rows, sessions, condition, on)
    if mixture is None or found.change is None or found.p_improved is None:
        return None
    posterior = mixture.posterior
    drop = mixture.fine(drop_now(posterior))
    week = mixture.rating_means(posterior.series.clock.now + 7)[0]
    effect = np.zeros_like(posterior.mean)
    effect[:, E] = 1
    nothing = np.zeros(len(effect))
    node = mixture.weight.sum(axis=(0, 1))
    place = {
        "drop": _below(drop, truth["drop_now"]),
        "next_week": _below(week, truth["next_week_mean"]),
        "effect": _below(mixture.fine(Form(effect, nothing, nothing + 1e-12)), truth["effect"]),
        "baseline": _baseline_place(mixture, truth["baseline"]),
    }
    for name, column in RANKED.items():
        scale = logit if column == R else np.log  # on which the prior is normal, or nearly so
        with np.errstate(divide="ignore"):  # a world without wander: below every node
            place[name] = _smoothed_rank(scale(posterior.theta[:, column]), node, float(scale(truth[name])))
    rules = simple_rules(rows, sessions[0])
    return Judged(place, found.change, found.p_improved, found.verdict, bool(truth["improved"]), rules)


def _below(quantity: Gaussians, value: float) -> float:
    return 1 - quantity.above(value)


def _baseline_place(mixture: Mixture, value: float) -> float:
    """Distribution function of the baseline: Gaussian given flare, cut to 0-10."""
    b = np.zeros_like(mixture.posterior.mean)
    b[:, B] = 1
    coarse = mixture.coarse(Form(b, np.zeros(len(b)), np.full(len(b), 1e-12)))
    low, high = ndtr((0 - coarse.mean) / coarse.sd), ndtr((10 - coarse.mean) / coarse.sd)
    here = np.clip((ndtr((value - coarse.mean) / coarse.sd) - low) / np.maximum(high - low, 1e-12), 0, 1)
    return float((coarse.weight * here).sum())


def _smoothed_rank(values: Floats, weight: Floats, truth: float) -> float:
    """Weighted share of nodes below the truth, each node a small normal that together keep mean and variance.

    Shares of 128 single nodes are too coarse for twenty bins. Width by Silverman's rule for as many points as the
    weights are worth; nodes drawn together so that the smoothing adds nothing to the spread.
    """
    mean = float(weight @ values)
    spread = max(float(np.sqrt(weight @ np.square(values - mean))), 1e-9)
    width = min(1.06 * float(1 / np.square(weight).sum()) ** -0.2, 0.9)
    centre = mean + np.sqrt(1 - width**2) * (values - mean)
    return float(weight @ ndtr((truth - centre) / (width * spread)))


def simple_rules(rows: Sequence[Row], start: dt.date) -> dict[str, bool]:
    """What the rules in use would call improved: single ratings and seven-day means."""
    before = [value for day, value, _ in rows if day <= start]
    since = [value for day, value, _ in rows if day > start]
    first, last = before[-1], since[-1]
    mean_before, mean_now = float(np.mean(before[-7:])), float(np.mean(since[-7:]))
    return {
        "one rating, 30 %": first > 0 and (first - last) / first >= 0.3,
        "one rating, 2 points": first - last >= 2,
        "one rating, reliable change": first - last >= noise_of_difference(1, 1),
        "7-day means, 30 %": mean_before > 0 and (mean_before - mean_now) / mean_before >= 0.3,
        "7-day means, 2 points": mean_before - mean_now >= 2,
    }


def run_world(world: str, patients: int, seed: int, each: Each = map, **more: Any) -> list[Judged]:
    """Simulates and judges one world. People with too few ratings for any number are left out."""
    made = simulate(world, patients, seed, **more)
    truth = _truths(made.truth)
    work = tasks(made.ratings, made.sessions)
    return [one for one in each(judge, work, [truth[task[0]] for task in work]) if one is not None]


def _truths(columns: Any) -> dict[str, Truth]:
    names = [name for name in columns if name not in ("patient_id", "condition", "symptom")]
    return {
        str(patient): {name: float(columns[name][i]) for name in names}
        for i, patient in enumerate(columns["patient_id"])
    }


def calibration_of_ranks(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """For each unknown: chi-square p over 20 bins, Kolmogorov-Smirnov distance and p of the places' uniformity."""
    found = {}
    for name in judged[0].place:
        places = np.clip([one.place[name] for one in judged], 0, 1)
        counts = np.histogram(places, bins=20, range=(0, 1))[0]
        test = kstest(places, "uniform")
        found[name] = {
            "chi2_p": float(chisquare(counts).pvalue),
            "ks": float(test.statistic),
            "ks_p": float(test.pvalue),
        }
    return found


def coverage(judged: Sequence[Judged], name: str) -> dict[str, float]:
    """Share of truths inside the central intervals of 50, 80, 90 and 95 %."""
    places = np.array([one.place[name] for one in judged])
    return {f"{level:g}": float((np.abs(2 * places - 1) <= level).mean()) for level in LEVELS}


def scores(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """Brier score, false yes, found and predictive value of every rule for "improved by an amount that matters"."""
    truth = np.array([one.improved for one in judged])
    p = np.array([one.p_improved for one in judged])
    rules = {"model, probability": p, "model, p >= 0.8": p >= 0.8, "model, p >= 0.5": p >= 0.5}
    for name in judged[0].simple:
        rules[name] = np.array([one.simple[name] for one in judged])
    found = {}
    for name, said in rules.items():
        yes = said >= 0.5 if name == "model, probability" else said.astype(bool)
        found[name] = {
            "brier": float(np.square(said.astype(float) - truth).mean()),
            "false_yes": _share(yes, ~truth),
            "found": _share(yes, truth),
            "of_yes_true": _share(truth, yes),
        }
    return found


def _share(what: Any, among: Any) -> float:
    return float(what[among].mean()) if among.any() else float("nan")


def reliability(judged: Sequence[Judged]) -> list[dict[str, float]]:
    """Ten bins of p_improved: how many, what was said, what was true."""
    p = np.array([one.p_improved for one in judged])
    truth = np.array([one.improved for one in judged])
    rows = []
    for start in np.arange(10) / 10:
        here = (p >= start) & ((p < start + 0.1) | (start == 0.9))
        if here.any():
            rows.append(
                {"n": int(here.sum()), "said": float(p[here].mean()), "true": float(truth[here].mean())}
            )
    return rows


# ---------------------------------------------------------------- the whole schedule


def schedule_errors(world: str, patients: int, seed: int, each: Each = map) -> dict[str, dict[str, float]]:
    """Follows people through weeks 3, 6 and 12 under several rules.

    Sessions are weekly; a rule that stops at week 6 saves six. `needless` are sessions after week 6 given to people who
    are not improved at week 12 (mean a person); `stopped_late_responder` is the share of those who would be improved at
    week 12 and were stopped at week 6; `false_yes` the share called a success at the end who are not.
    """
    made = simulate(world, patients, seed, weeks=12)
    truth = _truths(made.truth)
    work = tasks(made.ratings, made.sessions)
    people = list(each(_follow, work, [truth[task[0]] for task in work]))
    true = np.array([one["true"] for one in people], dtype=bool)
    found = {}
    for rule in ("model", "7-day means, 2 points", "always to week 12"):
        stopped = np.array([one[rule]["stopped"] for one in people], dtype=bool)
        yes = np.array([one[rule]["yes"] for one in people], dtype=bool)
        found[rule] = {
            "stopped_at_6": float(stopped.mean()),
            "needless": float(6 * (~true & ~stopped).mean()),
            "stopped_late_responder": _share(stopped, true),
            "said_yes": float(yes.mean()),
            "false_yes": _share(yes, ~true),
            "found": _share(yes, true),
            "early_alarm": float(np.mean([one["early_alarm"] for one in people]))
            if rule == "model"
            else float("nan"),
        }
    return found


def _follow(task: Task, truth: Truth) -> dict[str, Any]:
    _, symptom, condition, _, rows, sessions = task
    start = sessions[0]
    seen = {}
    for week in (3, 6, 12):
        day = start + dt.timedelta(days=7 * week)
        upto = [row for row in rows if row[0] <= day]
        seen[week] = review_rows(symptom, upto, [visit for visit in sessions if visit <= day], condition, day)
    at_6 = simple_rules([row for row in rows if row[0] <= start + dt.timedelta(days=42)], start)
    at_12 = simple_rules(rows, start)
    stopped = seen[6].next_step == "stop"
    name = "7-day means, 2 points"
    return {
        "true": truth["drop_12"] >= float(matters(np.array(truth["baseline"]))),
        "model": {"stopped": stopped, "yes": not stopped and seen[12].verdict == "likely_yes"},
        name: {"stopped": not at_6[name], "yes": at_6[name] and at_12[name]},
        "always to week 12": {"stopped": False, "yes": at_12[name]},
        "early_alarm": seen[3].next_step == "change_plan",
    }


def validate(
    *,
    prior_draws: int = 4000,
    patients: int = 1600,
    seed: int = 1,
    workers: int = 1,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Everything the report shows, as plain values. About 10 ms of one processor a course.

    Half of the prior draws are reviewed at week 6 under treatment, half at week 12 with the last session in week 5.
    """
    if workers == 1:
        return _validate(prior_draws, patients, seed, map, say)
    one_thread_each()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return _validate(prior_draws, patients, seed, partial(pool.map, chunksize=25), say)


def _validate(
    prior_draws: int, patients: int, seed: int, each: Each, say: Callable[[str], None]
) -> dict[str, Any]:
    half = prior_draws // 2
    say(f"calibration over {prior_draws} prior draws")
    going = run_world("matched", half, seed, each)
    ended = run_world("matched", prior_draws - half, seed + 1, each, weeks=12, end_week=5)
    found: dict[str, Any] = {
        "seed": seed,
        "model_version": MODEL_VERSION,
        "prior_draws": len(going) + len(ended),
        "ranks": {"going_on": calibration_of_ranks(going), "ended": calibration_of_ranks(ended)},
        "worlds": {},
        "schedule": {},
    }
    for world in WORLDS:
        say(f"world {world}")
        times = MATCHED_TIMES if world == "matched" else 1
        judged = run_world(world, times * patients, seed + 2, each)
        found["worlds"][world] = {
            "n": len(judged),
            "drop": coverage(judged, "drop"),
            "next_week": coverage(judged, "next_week"),
            "scores": scores(judged),
            "reliability": reliability(judged),
            "likely_yes": float(np.mean([one.verdict == "likely_yes" for one in judged])),
            "too_few": float(np.mean([one.verdict == "too_few" for one in judged])),
        }
    for world in ("matched", "no_change"):
        say(f"whole schedule, {world}")
        found["schedule"][world] = schedule_errors(world, patients, seed + 3, each)
    return found
