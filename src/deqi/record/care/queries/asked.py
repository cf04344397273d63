"""What is asked of whom: the state of a course as the plan of asks reads it, and the requests that are open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Min, OuterRef, Q, QuerySet, Subquery

from deqi.record.care.codes import questionnaire_of, symptom_of
from deqi.record.care.models import Appointment, Course, CourseRevision, Observation, RatingRequest, Session
from deqi.record.care.queries.courses import position_of, with_position
from deqi.record.patients.models import Consent
from deqi.record.patients.queries.consents import consented
from deqi.record.practice.clock import local, today_at
from deqi.science.course.asking import AFTER_OPEN_DAYS, AFTER_WEEKS, Agreed, CourseDays

COMING = (Appointment.Status.BOOKED, Appointment.Status.ARRIVED, Appointment.Status.IN_ROOM)
#: Given at home, on the own page or by a link.
AT_HOME = (Observation.Channel.HOME, Observation.Channel.LINK)
#: Courses that ended longer ago have no ask to come.
AFTERCARE = timedelta(weeks=max(AFTER_WEEKS), days=AFTER_OPEN_DAYS + 1)


def decision_on(kind: str, by: str = "patient", column: str = "decision") -> Subquery:
    """The newest decision about one thing ("given" when it holds) of the patient a row points to."""
    newest = Consent.objects.filter(patient=OuterRef(by), kind=kind).order_by("-at", "-id")
    return Subquery(newest.values(column)[:1])


def courses_to_ask(now: Any) -> QuerySet[Course]:
    """Courses of people who agreed to be measured that go on, or ended lately enough to be asked after."""
    alive = ~Q(status=Course.Status.ENDED) | Q(ended_at__gte=now - AFTERCARE)
    return (
        with_position(Course.objects.filter(alive, patient__archived_at=None))
        .annotate(measured=decision_on(Consent.Kind.MEASUREMENT))
        .filter(measured=Consent.Decision.GIVEN)
        .select_related("patient", "site")
        .order_by("id")
    )


def days_of(courses: Iterable[Course], agreed: Mapping[UUID, tuple[Agreed, ...]]) -> dict[UUID, CourseDays]:
    """What the plan of asks needs, by course id. Four statements, however many courses.

    `agreed`: the designs that ratings are needed for, by course id (`queries.agreed`).
    """
    held = list(courses)
    ids = [course.id for course in held]
    first = dict(
        Session.objects.filter(course__in=ids, needled_at__isnull=False)
        .order_by()
        .values("course")
        .annotate(at=Min("needled_at"))
        .values_list("course", "at")
    )
    begun = dict(
        RatingRequest.objects.filter(course__in=ids, kind=RatingRequest.Kind.BASELINE)
        .order_by()
        .values("course")
        .annotate(first=Min("day"))
        .values_list("course", "first")
    )
    weekly: dict[UUID, float] = {}
    revisions = CourseRevision.objects.filter(course__in=ids).order_by("course", "number")
    for course_id, often in revisions.values_list("course", "sessions_per_week"):
        weekly[course_id] = float(often)  # the newest comes last
    booked: dict[UUID, list[Any]] = {}
    rows = Appointment.objects.filter(course__in=ids, status__in=COMING).order_by("starts_at")
    for course_id, at in rows.values_list("course", "starts_at"):
        booked.setdefault(course_id, []).append(at)
    return {
        course.id: replace(
            _days(course, first.get(course.id), begun.get(course.id), weekly, booked.get(course.id, [])),
            agreed=agreed.get(course.id, ()),
        )
        for course in held
    }


def _days(course: Course, first: Any, begun: date | None, weekly: dict, booked: list[Any]) -> CourseDays:
    site, today = course.site, today_at(course.site)
    visits = sorted({local(site, at).date() for at in booked})
    coming = tuple(day for day in visits if day >= today)
    position = position_of(course)
    last = position.last_session_at
    return CourseDays(
        booked_on=begun or (today if coming else None),
        first_needle=local(site, first).date() if first else None,
        visits=coming,
        given=position.given,
        last_given=local(site, last).date() if last else None,
        review_after=position.next_review,
        sessions_per_week=weekly.get(course.id, 1.0),
        ended_on=local(site, course.ended_at).date() if course.ended_at else None,
    )


def open_requests(patient_id: UUID, today: date) -> QuerySet[RatingRequest]:
    """Requests that may be answered on `today`, the oldest first."""
    rows = RatingRequest.objects.filter(
        patient_id=patient_id, day__lte=today, until__gte=today, withdrawn_at=None
    )
    return rows.order_by("day", "id")


def is_locked(request: RatingRequest) -> bool:
    """Whether this asks for a baseline that the first needle has locked."""
    return (
        request.kind == RatingRequest.Kind.BASELINE
        and Session.objects.filter(course=request.course_id, needled_at__isnull=False).exists()
    )


def is_over(request: RatingRequest, today: date) -> bool:
    """Whether it was answered on a day before `today`: an answer can be changed on its own day only."""
    return request.answered_at is not None and local(request.site, request.answered_at).date() < today


def asked_besides(patient_id: UUID, today: date) -> dict[str, UUID]:
    """What open requests ask besides the symptoms that a person rates anyway, code -> course: also the symptom of an
    agreed design, but no questionnaire (`asked_of`). Nothing of people who no longer agree to be measured."""
    found: dict[str, UUID] = {}
    for request in open_requests(patient_id, today).select_related("site"):
        design = request.kind == RatingRequest.Kind.DESIGN
        tapped = [code for code in request.codes if questionnaire_of(code) is None]
        more = [code for code in tapped if design or symptom_of(code) is None]
        if more and not is_over(request, today) and not is_locked(request):
            found |= dict.fromkeys(more, request.course_id)
    return found if found and consented(patient_id, Consent.Kind.MEASUREMENT) else {}


@dataclass(frozen=True)
class Answers:
    """How many of the requests of one course were answered, in all and of the baseline; whether it is locked."""

    asked: int
    answered: int
    baseline_asked: int
    baseline_answered: int
    baseline_locked_on: date | None
    rows: list[RatingRequest]


def answers_of(course: Course) -> Answers:
    """The requests of one course that were not withdrawn, newest first, and the counts.

    One statement for a course from `course_for`, two for any other.
    """
    found = list(course.rating_requests.filter(withdrawn_at=None).order_by("-day"))
    baseline = [one for one in found if one.kind == RatingRequest.Kind.BASELINE]
    if hasattr(course, "first_needled_at"):
        first = course.first_needled_at
    else:
        first = course.sessions.filter(needled_at__isnull=False).aggregate(at=Min("needled_at"))["at"]
    return Answers(
        asked=len(found),
        answered=sum(1 for one in found if one.answered_at),
        baseline_asked=len(baseline),
        baseline_answered=sum(1 for one in baseline if one.answered_at),
        baseline_locked_on=local(course.site, first).date() if first else None,
        rows=found,
    )
