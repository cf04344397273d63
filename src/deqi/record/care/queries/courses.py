"""Courses: the plan in force, and where a course stands between its first visit and its next review."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, IntegerField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from deqi.record.actor import Actor
from deqi.record.care.models import Course, CourseRevision, Review, Session
from deqi.record.errors import NotFound
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for, reachable

#: A session counts as given once needles were in, signed or not.
GIVEN = (Session.State.RESTING, Session.State.OUT, Session.State.SIGNED)


@dataclass(frozen=True)
class CoursePosition:
    """Where one course stands. Sessions are counted, not dated: reviews fall due after so many sessions.

    `given` sessions so far of `planned`; the next review is due after session `next_review`; `last_review` is
    the session after which the last one was held (0: none yet). A course that is not ended always has a next
    review.
    """

    course_id: UUID
    patient_id: UUID
    status: str
    given: int
    planned: int
    last_review: int
    next_review: int | None
    last_session_at: datetime | None
    revision: int

    @property
    def visit(self) -> int:
        """The number of the visit that comes next (or is going on with no needle in yet)."""
        return self.given + 1

    @property
    def due(self) -> bool:
        """Whether the review is to be held now, before another session."""
        return self.next_review is not None and self.given >= self.next_review

    @property
    def overdue(self) -> bool:
        """Whether sessions were given past the review."""
        return self.next_review is not None and self.given > self.next_review

    @property
    def bookable(self) -> int:
        """How many more sessions may be given before the review. Booking past it needs the review."""
        return 0 if self.next_review is None else max(0, self.next_review - self.given)

    @property
    def words(self) -> str:
        """The position in one line, e.g. `visit 5 of 12, review after session 6`."""
        if self.status == Course.Status.ENDED:
            return f"ended after {self.given} session{'' if self.given == 1 else 's'}"
        visit = (
            f"visit {self.visit} of {self.planned}" if self.visit <= self.planned else f"visit {self.visit}"
        )
        if self.due:
            return f"{self.given} of {self.planned} sessions, review due"
        return f"{visit}, review after session {self.next_review}"


def with_position(courses: QuerySet[Course]) -> QuerySet[Course]:
    """`courses` with what a position needs, in the same one query."""
    newest = CourseRevision.objects.filter(course=OuterRef("pk")).order_by("-number")
    given = (
        Session.objects.filter(course=OuterRef("pk"), state__in=GIVEN)
        .order_by()
        .values("course")
        .annotate(n=Count("*"))
        .values("n")
    )
    last = (
        Session.objects.filter(course=OuterRef("pk"), state__in=GIVEN)
        .order_by()
        .values("course")
        .annotate(at=Max("opened_at"))
        .values("at")
    )
    everything = (
        Session.objects.filter(course=OuterRef("pk"))
        .order_by()
        .values("course")
        .annotate(n=Count("*"))
        .values("n")
    )
    reviewed = (
        Review.objects.filter(course=OuterRef("pk")).order_by("-after_session").values("after_session")[:1]
    )
    return courses.annotate(
        sessions_given=Coalesce(Subquery(given, output_field=IntegerField()), 0),
        sessions_all=Coalesce(Subquery(everything, output_field=IntegerField()), 0),
        last_session_at=Subquery(last),
        sessions_planned=Subquery(newest.values("planned_sessions")[:1]),
        points=Subquery(newest.values("review_sessions")[:1]),
        revision_number=Coalesce(Subquery(newest.values("number")[:1]), 0),
        reviewed_after=Coalesce(Subquery(reviewed, output_field=IntegerField()), 0),
    )


def position_of(course: Course) -> CoursePosition:
    """The position of a course that came from `with_position`. No query."""
    given, reviewed = course.sessions_given, course.reviewed_after
    ahead = [int(point) for point in course.points or [] if int(point) > reviewed]
    next_review: int | None = min(ahead) if ahead else max(given, reviewed + 1)
    if course.status == Course.Status.ENDED:
        next_review = None
    return CoursePosition(
        course_id=course.id,
        patient_id=course.patient_id,
        status=course.status,
        given=given,
        planned=course.sessions_planned or 0,
        last_review=reviewed,
        next_review=next_review,
        last_session_at=course.last_session_at,
        revision=course.revision_number,
    )


def course_positions(course_ids: Iterable[UUID]) -> dict[UUID, CoursePosition]:
    """The positions of many courses by course id: one query, for the board and the lists."""
    found = with_position(Course.objects.filter(id__in=list(course_ids)))
    return {course.id: position_of(course) for course in found}


def course_position(course: Course | UUID) -> CoursePosition:
    """The position of one course. Raises NotFound when there is no such course."""
    course_id = course.id if isinstance(course, Course) else course
    positions = course_positions([course_id])
    if course_id not in positions:
        raise NotFound("There is no such course.")
    return positions[course_id]


def current_revision(course: Course | UUID) -> CourseRevision:
    """The plan in force. Raises NotFound for a course without one (there is none: opening writes it)."""
    course_id = course.id if isinstance(course, Course) else course
    revision = CourseRevision.objects.filter(course_id=course_id).order_by("-number").first()
    if revision is None:
        raise NotFound("There is no plan for this course.")
    return revision


def revisions_of(course: Course) -> list[CourseRevision]:
    """Every plan of a course, newest first, with who decided it."""
    return list(course.revisions.select_related("decided_by").order_by("-number"))


def course_for(actor: Actor, course_id: UUID, verb: str, *, page: str = "") -> tuple[Patient, Course]:
    """The course and its patient, if `actor` may do `verb` with them; the look is written to the audit log.

    The course carries its position and `first_needled_at`. Raises NotFound when it is not in the acting person's
    scope and Forbidden when the role does not allow the verb.
    """
    needled = Session.objects.filter(course=OuterRef("pk"), needled_at__isnull=False).order_by("needled_at")
    found = with_position(Course.objects.filter(reachable(actor), id=course_id)).annotate(
        first_needled_at=Subquery(needled.values("needled_at")[:1])
    )
    course = found.select_related("condition", "practitioner__user", "site").first()
    if course is None:
        raise NotFound("There is no such course at your sites.")
    return patient_for(actor, course.patient_id, verb, page=page), course


def open_course_of(patient_id: UUID) -> Course | None:
    """The newest course of a patient that has not ended, with its position, or None."""
    courses = Course.objects.filter(patient_id=patient_id).filter(~Q(status=Course.Status.ENDED))
    return (
        with_position(courses)
        .select_related("condition", "practitioner__user")
        .order_by("-opened_at")
        .first()
    )
