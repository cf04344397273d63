"""How often, for how long, and when to look: a proposed course for one person, with the reason for each part.

It proposes; the practitioner and the patient decide. Figures and rules stand in `data/planner.yaml`, each with the
page it was read on or marked as an assumption of ours.

Example: diabetic neuropathy, severity 6, for 30 months -> once a week for 12 weeks, reviews at session 4 and at
weeks 6 and 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import ceil
from types import MappingProxyType
from typing import Generic, Literal, TypeVar

from pydantic import Field

from deqi.science.case import Case
from deqi.science.knowledge import Strict, data_path, load_yaml

V = TypeVar("V")
FREQUENCIES = (0.5, 1.0, 2.0, 3.0)
FREQUENCY_WORDS = {0.5: "every two weeks", 1.0: "once a week", 2.0: "twice a week", 3.0: "three times a week"}
FAR_TRAVEL_MIN = 90


class Reason(Strict):
    """Why a part of the plan is as it is. `assumption` marks a rule of ours rather than a published figure."""

    text: str
    source: str | None
    assumption: bool


class ReasonFile(Strict):
    reasons: Mapping[str, Reason]


class Proposed(Strict, Generic[V]):
    """One part of the plan: its value, the same in words, and why."""

    value: V
    words: str
    reasons: tuple[Reason, ...]


class ReviewPoint(Strict):
    """A moment agreed beforehand to look at the course and decide. `session` or `week` says when it is due."""

    key: Literal["early", "week_6", "week_12", "end"]
    session: int | None
    week: int
    words: str
    decision: str
    reasons: tuple[Reason, ...]


class PlanProposal(Strict):
    """A proposed course. `sessions` is how many visits it makes in all."""

    condition: str
    sessions_per_week: Proposed[float]
    weeks: Proposed[int]
    sessions: Proposed[int]
    review_points: tuple[ReviewPoint, ...]
    maintenance: Proposed[str]
    taper: Proposed[str]
    warnings: tuple[str, ...] = Field(default=())


@cache
def reasons() -> Mapping[str, Reason]:
    """The planner's reasons by key. Raises KnowledgeError when the data file is wrong."""
    return MappingProxyType(
        dict(load_yaml(data_path("deqi.science.course", "planner.yaml"), ReasonFile).reasons)
    )


def plan(case: Case) -> PlanProposal:
    """Proposes a course for `case`.

    Read of it: condition, symptoms, `severity_0_10`, `months`, `on_chemotherapy`, the facts `frail` and
    `insensate_feet`, `travel_min` (the way to the clinic, one way) and `wish_sessions_per_week`.
    """
    facts = case.known_facts()
    frail, insensate = bool(facts.get("frail")), bool(facts.get("insensate_feet"))
    chemo = bool(facts.get("on_chemotherapy"))
    frequency, why_frequency = _frequency(case, frail, insensate, chemo)
    weeks, why_weeks = _weeks(case, chemo, frequency)
    sessions = max(4, ceil(frequency * weeks))
    return PlanProposal(
        condition=case.condition,
        sessions_per_week=Proposed[float](
            value=frequency, words=FREQUENCY_WORDS[frequency].capitalize(), reasons=_reasons(why_frequency)
        ),
        weeks=Proposed[int](value=weeks, words=f"{weeks} weeks", reasons=_reasons(why_weeks)),
        sessions=Proposed[int](
            value=sessions,
            words=f"{sessions} sessions in {weeks} weeks",
            reasons=_reasons(
                [*_trial_dose(case, chemo), "stopping_cms", "stopping_gerac", "dose_little_known"]
            ),
        ),
        review_points=_review_points(frequency, weeks, frail or insensate or chemo),
        maintenance=_maintenance(case),
        taper=_taper(frequency),
        warnings=_warnings(case, insensate, chemo),
    )


def _reasons(keys: list[str]) -> tuple[Reason, ...]:
    known = reasons()
    return tuple(known[key] for key in dict.fromkeys(keys))


def _frequency(case: Case, frail: bool, insensate: bool, chemo: bool) -> tuple[float, list[str]]:
    """Starts from severity and duration, then bends to what the person can bear, reach and wants."""
    severity, months = case.severity_0_10, case.months
    value, why = 1.0, ["chronic_weekly"]
    if severity is not None and severity >= 7:
        recent = months is not None and months < 3
        value, why = (3.0 if recent else 2.0), ["severe_more", "twice_a_week", "severity_moderates"]
    elif severity is not None and severity <= 3:
        value, why = 0.5, ["mild_fewer"]
    wish = case.wish_sessions_per_week
    if wish is not None:
        value, why = min(FREQUENCIES, key=lambda frequency: abs(frequency - wish)), [*why, "wish"]
    far = (case.travel_min or 0) >= FAR_TRAVEL_MIN
    for applies, ceiling, key in (
        (chemo, 1.0, "chemo_once"),
        (frail, 1.0, "frail"),
        (insensate, 2.0, "insensate_pace"),
        (far, 0.5, "distance"),
    ):
        if applies:
            value, why = min(value, ceiling), [*why, key]
    return value, why


def _weeks(case: Case, chemo: bool, frequency: float) -> tuple[int, list[str]]:
    """Six to twelve weeks, by how long it has lasted and whether numbness is what is hoped to change."""
    months = case.months
    weeks, why = 8, ["response_time"]
    if months is not None and months < 6:
        weeks, why = 6, ["recent_shorter", "response_time"]
    elif months is not None and months > 24:
        weeks, why = 12, ["long_standing", "response_time"]
    if "numbness" in case.symptoms and weeks < 12:
        weeks, why = 12, [*why, "numbness_slow"]
    if chemo:
        weeks, why = min(weeks, 8), [*why, "coasting"]
    if frequency == 0.5 and weeks < 12:
        weeks, why = 12, [*why, "early_look"]
    return weeks, why


def _trial_dose(case: Case, chemo: bool) -> list[str]:
    if case.condition == "cipn":
        return ["trial_cipn", "trial_cipn_during"] if chemo else ["trial_cipn"]
    key = f"trial_{case.condition}"
    return [key] if key in reasons() else []


def _review_points(frequency: float, weeks: int, careful: bool) -> tuple[ReviewPoint, ...]:
    """Session 4 to 6 (the one nearest week 3 to 4), week 6, week 12 and the end of the course."""
    early = 4 if careful else max(4, min(6, round(frequency * 3)))
    early_week = ceil((early - 1) / frequency)  # the first session is at week 0
    points = [
        ReviewPoint(
            key="early",
            session=early,
            week=early_week,
            words=f"At session {early}, about week {early_week}",
            decision="Change the plan if reaching a change that matters by week 6 is very unlikely, or if it is getting worse. Never announce success here.",
            reasons=_reasons(["early_look"]),
        ),
        ReviewPoint(
            key="week_6",
            session=None,
            week=6,
            words="At week 6",
            decision="Likely yes: consolidate and plan the taper. Unclear: go on to week 12 with one stated change. Very unlikely to get there: recommend stopping, and write to the doctor.",
            reasons=_reasons(["response_time"]),
        ),
    ]
    if 6 < weeks < 12:
        points.append(
            ReviewPoint(
                key="end",
                session=None,
                week=weeks,
                words=f"At the end of the course, week {weeks}",
                decision="Sum up with the patient. Taper, go on to week 12 with one stated change, or stop.",
                reasons=_reasons(["stopping_gerac"]),
            )
        )
    points.append(
        ReviewPoint(
            key="week_12",
            session=None,
            week=12,
            words="At week 12" if weeks >= 12 else "At week 12, from home if the course has ended",
            decision="Final statement. Taper or stop; how likely a relapse is sets how closely to follow.",
            reasons=_reasons(["response_time", "stopping_cms"]),
        )
    )
    return tuple(sorted(points, key=lambda point: point.week))


def _maintenance(case: Case) -> Proposed[str]:
    return Proposed[str](
        value="after_likely_yes",
        words="Only after a likely yes at the end: every four weeks at first, longer apart while the ratings hold, and "
        "none when they hold without it. Ratings for a week at 4, 12 and 26 weeks after the last session either way.",
        reasons=_reasons(["maintenance_own", "persistence", "relapse_window"]),
    )


def _taper(frequency: float) -> Proposed[str]:
    steps = [FREQUENCY_WORDS[step] for step in reversed(FREQUENCIES) if step < frequency]
    ladder = ", then ".join([*steps, "every four weeks", "stop"])
    return Proposed[str](
        value="halving", words=f"Two visits each: {ladder}.", reasons=_reasons(["taper_own"])
    )


def _warnings(case: Case, insensate: bool, chemo: bool) -> tuple[str, ...]:
    found = []
    if chemo:
        found.append(
            "Chemotherapy is going on: agree the days with the oncology team, see the latest blood count first, and "
            "note when chemotherapy ends. " + reasons()["coasting"].text
        )
        found.append(reasons()["trial_cipn_during"].text)
        found.append(
            "Neuropathy may still be building up: a steady rating can be a good result, and is not shown as one."
        )
    if insensate:
        found.append(reasons()["insensate"].text)
    if case.severity_0_10 is None:
        found.append("Severity is not known; the plan assumes it is moderate.")
    elif case.severity_0_10 < 3:
        found.append("At a baseline under 3 a change can hardly be told from day-to-day ups and downs.")
    if case.months is None:
        found.append("How long it has lasted is not known; the plan assumes six months to two years.")
    return tuple(found)
