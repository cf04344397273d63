"""On which day which rating is asked of a person, over one course.

| when | asked | why |
| --- | --- | --- |
| 14 days from booking on, until the first needle | every day | a baseline of one day is mostly noise; a fortnight halves it and shows the flare in which people come |
| the day of a visit | once, before the needles | relief just after needling is an effect of its own |
| the seven days before a review | every day | the review compares seven-day means |
| 4, 12 and 26 weeks after the end | once, for two weeks | whether it lasts; asked of those who stopped coming too |
| from the first to the last day that an agreed single-case design compares | every day on which nothing else is asked | its windows need daily ratings, whatever was drawn (`single_case.designs`) |

The lengths are those of the measured course (`measures/course_model.md`); that a fortnight is enough is our proposal.
One ask a day at most. After the first needle no baseline rating is ever asked.

Some asks carry more than ratings (`also_on`): how it limits life, and how it is all in all. These look back over seven
days or to the start, so once is enough for each point of comparison:

| when | also asked |
| --- | --- |
| in the baseline | the chosen activity and daily life |
| from the third day before a review on, while it is due and not held | the same, and the overall change |
| 4, 12 and 26 weeks after the end | the same, and the overall change |

These are the windows in which a questionnaire chosen for the course is asked as well, once in each.

Example:
    >>> from datetime import date
    >>> ask_on(CourseDays(booked_on=date(2026, 3, 2)), date(2026, 3, 4))
    Ask(day=datetime.date(2026, 3, 4), until=datetime.date(2026, 3, 4), kind='baseline', point=3)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Kind = Literal["baseline", "visit", "review", "after", "design"]
Part = Literal["activity", "impact", "change"]
Window = Literal["baseline", "review", "after"]

BASELINE_DAYS = 14
REVIEW_DAYS = 7
#: Weeks after the end of a course, and for how many days each of these asks stays open.
AFTER_WEEKS = (4, 12, 26)
AFTER_OPEN_DAYS = 14
#: From so many days before a review on the questions that look back are asked, so that they meet its seven-day means.
LOOK_BACK_DAYS = 3
#: An answer to one of these questions stands for so many days, whichever way it came: they speak of seven.
STANDS_DAYS = 7
#: On these days of an ask that stays open it is mailed (again).
REMIND_ON_DAYS = (0, 3, 7)


@dataclass(frozen=True, slots=True)
class Agreed:
    """A single-case design that was agreed to: its symptom, and the first and last day on which ratings are needed."""

    symptom: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class CourseDays:
    """What the plan of asks needs to know of one course. All days are those of the clinic's site.

    `booked_on`: the day on which the first baseline rating was asked, or may be (today, when a visit is booked).
    `visits`: days of booked visits not yet over, rising. `given` sessions so far, the last on `last_given`; the
    next review falls after session `review_after` (None: none planned). `agreed`: designs that the person agreed to.
    """

    booked_on: date | None = None
    first_needle: date | None = None
    visits: tuple[date, ...] = ()
    given: int = 0
    last_given: date | None = None
    review_after: int | None = None
    sessions_per_week: float = 1.0
    ended_on: date | None = None
    agreed: tuple[Agreed, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for ratings, to be answered from `day` to `until` (both included).

    `point`: day 1 to 14 of the baseline, the number of the visit, the session a review follows, weeks after the
    end, or the day of the design, its first being 1.
    """

    day: date
    until: date
    kind: Kind
    point: int


@dataclass(frozen=True, slots=True)
class Also:
    """What an ask carries besides ratings. Once an ask from `since` on was answered, it is not asked again.

    `window` and `point` name what is compared: the baseline (0), the review after a session, weeks after the end. It
    lasts from `since` to `until` (both included).
    """

    parts: tuple[Part, ...]
    since: date
    until: date
    window: Window
    point: int


def ask_on(course: CourseDays, day: date) -> Ask | None:
    """What is asked on `day`, or None. An ask that stays open is the same ask on each of its days.

    What an agreed design needs besides is `design_ask_on`.
    """
    if course.ended_on is not None:
        return _after_the_end(course, course.ended_on, day)
    if day in course.visits and day != course.last_given:
        return Ask(day, day, "visit", course.given + 1 + course.visits.index(day))
    if _before_review(course, day):
        return Ask(day, day, "review", int(course.review_after or 0))
    if course.first_needle is None and course.booked_on is not None:
        number = (day - course.booked_on).days + 1
        if 1 <= number <= BASELINE_DAYS:
            return Ask(day, day, "baseline", number)
    return None


def design_ask_on(course: CourseDays, day: date) -> Ask | None:
    """The rating that an agreed design needs on `day`, or None when another ask of that day brings it.

    Before the needles, like every rating: a day on which a visit was given and nothing was asked is left out.

    Example:
        >>> design = Agreed("burning", since=date(2026, 3, 1), until=date(2026, 5, 2))
        >>> design_ask_on(CourseDays(agreed=(design,)), date(2026, 3, 20))
        Ask(day=datetime.date(2026, 3, 20), until=datetime.date(2026, 3, 20), kind='design', point=20)
    """
    usual = ask_on(course, day)
    if day == course.last_given or (usual is not None and usual.day == day):
        return None
    for design in course.agreed:
        if design.since <= day <= design.until:
            return Ask(day, day, "design", (day - design.since).days + 1)
    return None


def design_symptoms(course: CourseDays, day: date) -> list[str]:
    """The symptoms that agreed designs need on `day`, each once: every ask of that day has them."""
    return list(dict.fromkeys(one.symptom for one in course.agreed if one.since <= day <= one.until))


def also_on(course: CourseDays, ask: Ask) -> Also | None:
    """What else `ask` carries, or None. The overall change is never asked before the first needle.

    Example:
        >>> day = date(2026, 3, 2)
        >>> also = also_on(CourseDays(booked_on=day), Ask(day, day, "baseline", 1))
        >>> also.parts, also.window, also.until
        (('activity', 'impact'), 'baseline', datetime.date(2026, 3, 15))
    """
    if ask.kind == "baseline":
        since = ask.day - timedelta(days=ask.point - 1)
        until = since + timedelta(days=BASELINE_DAYS - 1)
        return Also(("activity", "impact"), since, until, "baseline", 0)
    if ask.kind == "after":
        return Also(("activity", "impact", "change"), ask.day, ask.until, "after", ask.point)
    if ask.kind == "design":
        return None
    due = review_day(course)
    if due is None or course.first_needle is None:
        return None
    since, until = due - timedelta(days=LOOK_BACK_DAYS), due + timedelta(days=REVIEW_DAYS)
    if since <= ask.day <= until:
        return Also(("activity", "impact", "change"), since, until, "review", int(course.review_after or 0))
    return None


def review_day(course: CourseDays) -> date | None:
    """The day on which the next review falls due: of the booked visit, or reckoned on by the plan's frequency.

    None when nothing tells (no visit given or booked) or no review is planned. A day that is past when the review
    is due and not yet held.
    """
    if course.review_after is None or course.ended_on is not None:
        return None
    left = course.review_after - course.given
    if left <= 0:
        return course.last_given
    if left <= len(course.visits):
        return course.visits[left - 1]
    known = course.visits[-1] if course.visits else course.last_given
    if known is None or course.sessions_per_week <= 0:
        return None
    return known + timedelta(days=round(7 * (left - len(course.visits)) / course.sessions_per_week))


def _before_review(course: CourseDays, day: date) -> bool:
    """Within the seven days before the review; and, while it is due and not held, the seven after."""
    due = review_day(course)
    if due is None or course.first_needle is None:
        return False
    if course.given >= int(course.review_after or 0):
        return due < day <= due + timedelta(days=REVIEW_DAYS)
    return due - timedelta(days=REVIEW_DAYS) <= day < due


def _after_the_end(course: CourseDays, ended_on: date, day: date) -> Ask | None:
    if course.first_needle is None:
        return None
    for weeks in AFTER_WEEKS:
        due = ended_on + timedelta(weeks=weeks)
        until = due + timedelta(days=AFTER_OPEN_DAYS - 1)
        if due <= day <= until:
            return Ask(due, until, "after", weeks)
    return None
