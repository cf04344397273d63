"""Ratings are asked for by themselves, and whatever way an answer comes, the request it answers is credited."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import SYSTEM, Actor
from deqi.record.audit.actions import log
from deqi.record.care.codes import rating_code
from deqi.record.care.models import Course, Observation, RatingRequest, Session
from deqi.record.care.queries.asked import courses_to_ask, days_of, open_requests
from deqi.record.care.queries.own import tracked_symptoms
from deqi.record.practice.clock import today_at
from deqi.science.course.asking import Ask, ask_on

BATCH = 200
#: Nobody taps through more questions than this each day; the first of the person's symptoms are asked.
MOST_QUESTIONS = 4


def make_requests() -> dict[str, Any]:
    """The job: makes the request of the day for each course that has one. Run again, it makes none twice."""
    made, courses = 0, courses_to_ask(timezone.now())
    ids = list(courses.values_list("id", flat=True))
    for start in range(0, len(ids), BATCH):
        made += _ask_these(list(courses.filter(id__in=ids[start : start + BATCH])))
    return {"made": made}


def ask_today(course_id: UUID) -> int:
    """As `make_requests`, for one course: called when a visit is booked, inside its transaction."""
    return _ask_these(list(courses_to_ask(timezone.now()).filter(id=course_id)))


def _ask_these(courses: list[Course]) -> int:
    days = days_of(courses)
    due = {course.id: ask_on(days[course.id], today_at(course.site)) for course in courses}
    wanted = {(key, ask.day) for key, ask in due.items() if ask}
    held = RatingRequest.objects.filter(course__in=[key for key, _ in wanted])
    held = held.filter(day__in={day for _, day in wanted}).values_list("course_id", "day")
    new = wanted - set(held)
    return sum(
        _ask(course, ask) for course in courses if (ask := due[course.id]) and (course.id, ask.day) in new
    )


def request_id(course_id: UUID, day: date) -> UUID:
    """The id of what is asked for a course on a day: two workers that make it at once make one."""
    return uuid5(course_id, f"asked {day}")


@transaction.atomic
def _ask(course: Course, ask: Ask) -> bool:
    request, made = RatingRequest.objects.get_or_create(
        id=request_id(course.id, ask.day),
        defaults={
            "course": course,
            "patient": course.patient,
            "site": course.site,
            "practitioner_id": course.practitioner_id,
            "kind": ask.kind,
            "point": ask.point,
            "day": ask.day,
            "until": ask.until,
            "codes": [rating_code(key) for key in tracked_symptoms(course.patient)[:MOST_QUESTIONS]],
            "made_at": timezone.now(),
        },
    )
    if made:
        log(SYSTEM, "rating.ask", patient_id=course.patient_id, about=request, detail={"kind": ask.kind})
        _credit_what_was_given(request)
    return made


def _credit_what_was_given(request: RatingRequest) -> None:
    """An answer of the same day that came before the request was made counts."""
    site = request.site
    if request.day != today_at(site):
        return
    given = Observation.objects.filter(
        id__in=[home_rating_id(request.patient_id, request.day, code) for code in request.codes]
    ).order_by("effective_at")
    if first := given.first():
        RatingRequest.objects.filter(id=request.id).update(
            answered_at=first.effective_at, channel=first.channel
        )


def home_rating_id(patient_id: UUID, day: date, code: str) -> UUID:
    """The id of a rating given at home: one a person, day and question, whichever way it comes."""
    return uuid5(patient_id, f"home {day} {code}")


def withdraw(course: Course, why: str, kinds: Iterable[str] = ()) -> int:
    """Takes back the open requests of a course that nobody answered: their links end, they count nowhere."""
    rows = course.rating_requests.filter(
        answered_at=None, withdrawn_at=None, until__gte=today_at(course.site)
    )
    if kinds:
        rows = rows.filter(kind__in=list(kinds))
    return rows.update(withdrawn_at=timezone.now(), withdrawn_why=why)


def is_locked(request: RatingRequest) -> bool:
    """Whether this asks for a baseline that the first needle has locked."""
    return (
        request.kind == RatingRequest.Kind.BASELINE
        and Session.objects.filter(course=request.course_id, needled_at__isnull=False).exists()
    )


def credit(actor: Actor, rating: Observation, today: date) -> RatingRequest | None:
    """Counts `rating` as an answer to every open request that asks for it; returns the one it is filed under.

    A locked baseline takes nothing more: the rating stays an ordinary one.
    """
    filed, in_the_chair = None, rating.channel == Observation.Channel.CHAIR
    for request in open_requests(rating.patient_id, today):
        if rating.code not in request.codes or is_locked(request):
            continue
        if in_the_chair and request.kind == RatingRequest.Kind.BASELINE:
            continue  # a correction in the room must not meet the lock
        filed = filed or request
        if request.answered_at is None:
            request.answered_at, request.channel = timezone.now(), rating.channel
            request.save(update_fields=["answered_at", "channel"])
            log(actor, "rating.answer", patient_id=rating.patient_id, about=request)
    if filed is not None and rating.request_id is None:
        rating.request = filed
        rating.save(update_fields=["request"])
    return filed
