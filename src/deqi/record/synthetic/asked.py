"""What the made-up people were asked, and what they answered: the real plan of asks, walked day by day."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid5

import numpy as np

from deqi.record.care.actions.collecting import MOST_QUESTIONS, request_id
from deqi.record.care.codes import rating_code
from deqi.record.care.models import Observation, RatingRequest
from deqi.science.course.asking import (
    AFTER_OPEN_DAYS,
    AFTER_WEEKS,
    Agreed,
    Ask,
    CourseDays,
    ask_on,
    design_ask_on,
)

if TYPE_CHECKING:
    from deqi.record.synthetic.courses import Told

#: Shares of made-up answers: by the link rather than on the own page; after the end of a course.
BY_LINK, AFTER_THE_END = 0.85, 0.62


def write_requests(
    told: Told, mark: int, begin: date, ended: bool, planned: int, every: int, *, faithful: bool = False
) -> set[date]:
    """Adds the requests of one course from `begin` on, and files its ratings (those after `mark`) under them.

    Each person leaves out a share of the days of their own (none, when `faithful`); the ratings made up for those days
    are taken out, and the days given back. Answers of the baseline go to a list of their own: they are written before
    the sessions, which lock it.
    """
    ended_on = told.days[-1] if ended else None
    rows, random = told.rows, np.random.default_rng(list(told.course.id.bytes))
    ratings = rows.tables["Observation"][mark:]
    del rows.tables["Observation"][mark:]
    given: dict[tuple[date, str], list[Any]] = {}
    for one in ratings:
        place = "chair" if one.channel == "chair" else "home"
        if one.code.endswith("_average"):
            given.setdefault((one.effective_at.date(), place), []).append(one)
    leaves_out, missed, late = float(random.beta(2, 6)), set(), []
    for ask in _asks(told, begin, ended_on, planned, every):
        request = rows.add(_request(told, ask))
        found = given.get((ask.day, "chair" if ask.kind == "visit" else "home"), [])
        found = [one for one in found if one.code in request.codes]
        if ask.kind == "after":
            found = list(_late(told, ratings, ask, random)) if random.random() < AFTER_THE_END else []
            late += found
        elif ask.kind != "visit" and not faithful and random.random() < leaves_out:
            missed.add(ask.day)
            continue
        by_link = ask.kind != "visit" and random.random() < BY_LINK
        _answer(request, found, "link" if by_link else "")
    for one in [*ratings, *late]:
        if one.channel == "home" and one.effective_at.date() in missed:
            continue
        kind = one.request.kind if one.request else ""
        rows.tables["Baseline" if kind == "baseline" else "Observation"].append(one)
    return missed


def _answer(request: RatingRequest, found: list[Any], channel: str) -> None:
    """Files what was found under its request."""
    for one in found:
        one.request, one.channel = request, channel or one.channel
    if found:
        request.answered_at = max(one.effective_at for one in found)
        request.channel = found[0].channel


def _asks(told: Told, begin: date, ended_on: date | None, planned: int, every: int) -> Iterator[Ask]:
    """Each ask of the course that lies behind us, once."""
    days, first = told.days, told.first
    booked_on = first - timedelta(days=14)
    agreed = (Agreed(*told.daily),) if told.daily else ()
    since = min([begin - timedelta(days=14), *(one.since for one in agreed)])
    day, seen = since if begin == first or agreed else begin, set()
    after = timedelta(weeks=max(AFTER_WEEKS), days=AFTER_OPEN_DAYS)
    last = min(told.rows.today - timedelta(days=1), ended_on + after if ended_on else told.rows.today)
    while day <= last:
        so_far = bisect_left(days, day)
        ended = ended_on is not None and day > ended_on
        state = CourseDays(
            booked_on=booked_on,
            first_needle=first if so_far else None,
            visits=() if ended else tuple(days[so_far : so_far + every + 1]),
            given=so_far,
            last_given=days[so_far - 1] if so_far else None,
            review_after=min((so_far // every + 1) * every, max(planned, so_far + 1)),
            ended_on=ended_on if ended else None,
            agreed=agreed,
        )
        ask = design_ask_on(state, day) or ask_on(state, day)
        if ask and ask.day not in seen and ask.day >= since:
            seen.add(ask.day)
            yield ask
        day += timedelta(days=1)


def _request(told: Told, ask: Ask) -> RatingRequest:
    from deqi.record.synthetic.clinic import moment

    course, mailed = told.course, bool(told.person.email)
    asked = [told.daily[0]] if told.daily and ask.kind == "design" else list(told.profile.symptoms)
    return RatingRequest(
        id=request_id(course.id, ask.day),
        course=course,
        patient=told.person,
        site=course.site,
        practitioner=course.practitioner,
        kind=ask.kind,
        point=min(ask.point, 32_000),
        day=ask.day,
        until=ask.until,
        codes=[rating_code(key) for key in asked[:MOST_QUESTIONS]],
        made_at=moment(ask.day, 0, 5),
        sent_on=ask.day if mailed else None,
        sent_count=int(mailed),
    )


def _late(told: Told, ratings: list[Any], ask: Ask, random: np.random.Generator) -> Iterator[Observation]:
    """Ratings long after the end: about where the person was, give or take."""
    from deqi.record.synthetic.clinic import moment

    day = min(ask.day + timedelta(days=int(random.integers(0, 8))), told.rows.today - timedelta(days=1))
    for symptom in list(told.profile.symptoms)[:MOST_QUESTIONS]:
        code = rating_code(symptom)
        last = [float(one.value) for one in ratings if one.code == code and one.channel != "chair"][-6:]
        usual = sum(last) / len(last) if last else told.profile.symptoms[symptom]
        yield Observation(
            id=uuid5(request_id(told.course.id, ask.day), code),
            patient=told.person,
            course=told.course,
            code=code,
            value=Decimal(int(np.clip(round(usual + float(random.normal(0, 1))), 0, 10))),
            unit="0-10",
            recall="24h",
            channel="home",
            effective_at=moment(day, 18),
            recorded_by=told.person.user,
        )
