"""One made-up course: plan, sessions with their needles, ratings, side effects, reviews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from deqi.record.canonical import sha256_of
from deqi.record.care.codes import GLOBAL_CHANGE, examination_code, impact_code, rating_code
from deqi.record.care.judging import judge
from deqi.record.care.models import (
    AdverseEvent,
    Course,
    CourseRevision,
    ElectricalPair,
    EventAssessment,
    Examination,
    NeedlePlacement,
    Observation,
    Review,
    SafetyScreen,
    Session,
)
from deqi.record.patients.models import Condition, Patient
from deqi.record.synthetic.asked import write_requests
from deqi.record.synthetic.profiles import Profile
from deqi.record.synthetic.ratings import levels, rating_days
from deqi.science.course import Rating
from deqi.science.points import Placement, parse_line

DECISION_RULE = (
    "Likely better: consolidate, plan the taper. Unclear: go on with one change. "
    "Unlikely: stop, write to the doctor."
)

if TYPE_CHECKING:
    from deqi.record.synthetic.clinic import Rows


@dataclass(frozen=True)
class Told:
    """What every row of one course needs."""

    rows: Rows
    person: Patient
    profile: Profile
    course: Course
    first: date
    days: list[date]
    daily: tuple[str, date, date] | None


@cache
def prescription(line: str) -> tuple[Placement, ...]:
    return parse_line(line)


def write_course(
    rows: Rows,
    person: Patient,
    profile: Profile,
    first: date,
    *,
    sessions: int,
    per_week: Decimal,
    going_on: bool,
    falls: Mapping[str, float] | None = None,
    opened: date | None = None,
    daily: tuple[str, date, date] | None = None,
) -> Course:
    """Adds a course that began on `first`. It runs on when its last session would lie in the future.

    `falls`: how far the usual level of each symptom comes down; without it that is drawn. `opened`: the day of the plan,
    else a fortnight before. `daily`: a symptom that is rated nearly every day, from when until when.
    """
    gap = float(7 / per_week)
    planned = [first + timedelta(days=round(gap * n)) for n in range(sessions)]
    planned = [day - timedelta(days=1) if day.weekday() == 6 else day for day in planned]
    given = [day for day in planned if day < rows.today]
    ended = len(given) == sessions and not going_on
    course = _course(rows, person, opened or first - timedelta(days=14), given, ended)
    told = Told(rows, person, profile, course, first, given, daily)
    _plan(told, sessions, per_week, profile, going_on)
    for number, day in enumerate(given, 1):
        _session(told, number, day)
    mark = len(rows.tables["Observation"])
    ratings = _ratings(told, ended, falls or {})
    every = 12 if going_on else 4
    missed = write_requests(
        told, mark, _rated_from(told, ended), ended, sessions, every, faithful=bool(falls or daily)
    )
    ratings = [rating for rating in ratings if rating.date not in missed]
    _reviews(told, ratings, len(given), sessions)
    _examinations(told)
    return course


def _course(rows: Rows, person: Patient, opened: date, given: list[date], ended: bool) -> Course:
    from deqi.record.synthetic.clinic import moment

    team = rows.practice.practitioners[person.home_site]
    team = [p for p in team if rows.practice.licences[p].expires >= rows.today] or team
    (condition,) = [c for c in rows.tables["Condition"][-3:] if c.patient is person] or [None]
    course = rows.add(
        Course(
            id=rows.new_id(),
            patient=person,
            site=person.home_site,
            practitioner=team[int(rows.random.integers(len(team)))],
            condition=condition if isinstance(condition, Condition) else None,
            status=Course.Status.ENDED if ended else Course.Status.ACTIVE,
            opened_at=moment(opened, 9),
            ended_at=moment(given[-1], 17) if ended else None,
            end_reason="Course completed" if ended else "",
        )
    )
    rows.log(course.opened_at, course.practitioner.user, "course.plan", person, course)
    return course


def _plan(told: Told, sessions: int, per_week: Decimal, profile: Profile, going_on: bool) -> None:
    every = 12 if going_on else 4
    points = list(range(every, sessions + 1, every)) or [sessions]
    if points[-1] != sessions:
        points.append(sessions)
    if going_on:  # the plan reaches past what was given, so that a next review exists
        points.append(sessions + every)
        sessions += every
    told.rows.add(
        CourseRevision(
            course=told.course,
            number=1,
            goals=profile.goal,
            sessions_per_week=per_week,
            weeks=min(104, max(1, round(sessions / float(per_week)))),
            planned_sessions=sessions,
            review_sessions=points,
            retention_min=25,
            modality="manual",
            maintenance="Every four weeks after a clear gain, reviewed every third visit",
            decision_rule=DECISION_RULE,
            why="Made-up plan of the synthetic clinic",
            decided_by=told.course.practitioner.user,
            decided_at=told.course.opened_at,
        )
    )


def _session(told: Told, number: int, day: date) -> None:
    from deqi.record.synthetic.clinic import moment, text_hash

    rows, course, person = told.rows, told.course, told.person
    opened = moment(day, 8 + int(rows.random.integers(0, 9)), int(rows.random.integers(0, 60)))
    placements = prescription(told.profile.line)
    needles = sum(p.needles for p in placements)
    retained = int(rows.random.integers(20, 31))
    session = rows.add(
        Session(
            id=rows.new_id(),
            course=course,
            patient=person,
            site=course.site,
            room=rows.practice.rooms[course.site][number % len(rows.practice.rooms[course.site])],
            practitioner=course.practitioner,
            licence=rows.practice.licences[course.practitioner],
            needle_lot=rows.practice.lots[course.site],
            number=number,
            state=Session.State.ABANDONED,  # until signed last: nobody can add needles to a signed one
            opened_at=opened,
            anything_new_asked=True,
            treatment_line=told.profile.line,
            retention_planned_min=25,
            needled_at=opened + timedelta(minutes=9),
            removed_at=opened + timedelta(minutes=9 + retained),
            needles_in=needles,
            needles_out=needles,
            comfort_0_10=int(rows.random.integers(6, 11)),
            side_effects_asked=True,
            signed_at=opened + timedelta(minutes=15 + retained),
            signed_by=course.practitioner.user,
            content_sha256=text_hash(f"{course.id} {number}"),
        )
    )
    rows.add(
        SafetyScreen(
            id=rows.new_id(),
            patient=person,
            session=session,
            at=opened + timedelta(minutes=5),
            by=course.practitioner.user,
            verdict="modify" if told.profile.facts.get("anticoagulant") else "go",
            findings=[],
            inputs={"synthetic": True},
        )
    )
    _needles(rows, session, placements)
    _maybe_event(told, session, opened)
    rows.log(session.signed_at, course.practitioner.user, "session.sign", person, session)


def _needles(rows: Rows, session: Session, placements: tuple[Placement, ...]) -> None:
    for position, placed in enumerate(placements):
        rows.add(
            NeedlePlacement(
                id=rows.new_id(),
                session=session,
                position=position,
                code=placed.code,
                side=placed.side,
                needles=placed.needles,
                depth_mm=placed.depth_mm and Decimal(str(placed.depth_mm)),
                technique=placed.technique or "",
                deqi=bool(rows.random.random() < 0.8),
                carried=session.number > 1,
                confirmed_at=session.needled_at,
            )
        )
    for first, second in ((p, p.electrical.pair_with) for p in placements if p.electrical):
        if first.code < second:
            rows.add(
                ElectricalPair(
                    id=rows.new_id(),
                    session=session,
                    first_code=first.code,
                    second_code=second,
                    side=first.side,
                    frequency_hz=list(first.electrical.frequency_hz),
                )
            )


def _maybe_event(told: Told, session: Session, opened: datetime) -> None:
    if told.rows.random.random() > 0.04:
        return
    kind = str(
        told.rows.random.choice(["bruise_or_haematoma", "needle_site_pain_lasting", "drowsiness_or_fatigue"])
    )
    event = told.rows.add(
        AdverseEvent(
            id=told.rows.new_id(),
            patient=told.person,
            session=session,
            event_type=kind,
            description="Made up",
            onset_at=opened + timedelta(minutes=50),
            reporter_role="patient",
            reported_at=opened + timedelta(minutes=55),
            reported_by=session.practitioner.user,
        )
    )
    told.rows.add(
        EventAssessment(
            event=event,
            grade=1,
            seriousness=[],
            causality="probable",
            expected=True,
            outcome="gone",
            assessed_by=told.rows.practice.senior,
            assessed_at=opened + timedelta(days=1),
        )
    )


def _rated_until(told: Told, ended: bool) -> date:
    yesterday = told.rows.today - timedelta(days=1)
    return min(yesterday, told.days[-1] + timedelta(days=28)) if ended else yesterday


def _rated_from(told: Told, ended: bool) -> date:
    """Five hundred visits do not need ten years of ratings."""
    return max(told.first, _rated_until(told, ended) - timedelta(days=400))


def _ratings(told: Told, ended: bool, falls: Mapping[str, float]) -> list[Rating]:
    """Adds ratings at home and in the chair, and returns those of symptoms for the reviews."""
    from deqi.record.synthetic.clinic import moment

    rows, random = told.rows, told.rows.random
    end = told.days[-1] if ended else None
    last, begin = _rated_until(told, ended), _rated_from(told, ended)
    reviewed = [*told.days[3::4], rows.today]
    kept: list[Rating] = []
    for symptom, base in told.profile.symptoms.items():
        days = rating_days(begin, last, told.days, reviewed, random)
        if told.daily and told.daily[0] == symptom:
            days = _nearly_every_day(told.daily, days, random)
        fall = max(-1.0, float(random.normal(told.profile.improvement, 1.2)))
        fall = falls.get(symptom, fall)
        start = base + float(random.normal(0, 0.8))
        days = [day for day in days if day < rows.today]
        for day, value in zip(days, levels(start, fall, told.first, end, days, random), strict=True):
            _observe(told, rating_code(symptom), value, moment(day, 19), "24h", "home")
            kept.append(Rating(date=day, symptom=symptom, value=value))
        chair = [day for day in told.days if day >= begin]
        for day, value in zip(chair, levels(start, fall, told.first, end, chair, random), strict=True):
            _observe(told, rating_code(symptom), value, moment(day, 8), "24h", "chair")
    for number, day in enumerate(day for day in told.days[:: max(1, len(told.days) // 3)] if day >= begin):
        for key in ("sleep", "walking"):
            _observe(told, impact_code(key), max(0, 6 - number), moment(day, 8), "7d", "chair")
    return kept


def _observe(told: Told, code: str, value: Any, at: datetime, recall: str, channel: str, **more: Any) -> None:
    told.rows.add(
        Observation(
            id=told.rows.new_id(),
            patient=told.person,
            course=told.course,
            code=code,
            value=Decimal(str(value)),
            recall=recall,
            channel=channel,
            effective_at=at,
            recorded_by=told.person.user,
            **more,
        )
    )


def _nearly_every_day(
    daily: tuple[str, date, date], days: list[date], random: np.random.Generator
) -> list[date]:
    _, since, until = daily
    every = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    return sorted({*days, *(day for day in every if random.random() < 0.92)})


def _reviews(told: Told, ratings: list[Rating], given: int, planned: int) -> None:
    """The last reviews at planned points that lie behind; one in five running courses has one due now."""
    from deqi.record.synthetic.clinic import moment

    every = 12 if planned > 60 else 4
    points = [n for n in range(every, given + 1, every)]
    if points and told.course.status != Course.Status.ENDED and told.rows.random.random() < 0.2:
        points = points[:-1]
    for point in points[-2:]:
        day = told.days[point - 1]
        inputs = _inputs(told, ratings, day)
        judged = judge(inputs)
        change = int(told.rows.random.choice([2, 3, 3, 4]))
        told.rows.add(
            Review(
                id=told.rows.new_id(),
                course=told.course,
                after_session=point,
                at=moment(day, 18),
                model_version=judged["model_version"],
                inputs_sha256=sha256_of(inputs),
                result={
                    "inputs": inputs,
                    "judged": judged,
                    "beside": {
                        "given": point,
                        "planned": planned,
                        "rule": DECISION_RULE,
                        "goals": told.profile.goal,
                        "impact": {},
                        "examination": {},
                        "events": [],
                    },
                },
                global_change=change,
                decision="go_on" if point < planned else "taper",
                reason="Made-up decision",
                decided_by=told.course.practitioner.user,
            )
        )
        _observe(told, GLOBAL_CHANGE, change, moment(day, 18), "start", "chair")


def _inputs(told: Told, ratings: list[Rating], day: date) -> dict[str, Any]:
    """What the judgement of that day reads: the ratings and visits of the last half year."""
    since = day - timedelta(days=180)
    return {
        "on": day.isoformat(),
        "condition": told.profile.condition,
        "ratings": [r.model_dump(mode="json") for r in ratings if since < r.date <= day],
        "sessions": [d.isoformat() for d in told.days if since < d <= day],
        "medicine": [],
    }


def _examinations(told: Told) -> None:
    """The bedside findings at the start, and again at the end of what was given."""
    from deqi.record.synthetic.clinic import moment

    ends = sorted({told.days[0], told.days[-1]})[-2:] if told.days else []
    for turn, day in enumerate(ends):
        examination = told.rows.add(
            Examination(
                id=told.rows.new_id(),
                patient=told.person,
                course=told.course,
                at=moment(day, 9),
                by=told.course.practitioner.user,
            )
        )
        for side in ("left", "right"):
            for item, value in (
                ("filament_great_toe", 1 + turn),
                ("vibration_great_toe_8", 4),
                ("skin_temperature_c", 29.5),
            ):
                _observe(
                    told,
                    examination_code(item, side),
                    value,
                    moment(day, 9),
                    "",
                    "exam",
                    examination=examination,
                )
