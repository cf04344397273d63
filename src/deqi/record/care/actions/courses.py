"""Opening, changing and ending a course. Every plan ever decided stays, with who and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.actions.collecting import withdraw
from deqi.record.care.models import RETENTION_MIN, Course, CourseRevision, RatingRequest, Task
from deqi.record.care.queries.courses import course_for, course_position, current_revision
from deqi.record.errors import Conflict, Refusal
from deqi.record.patients.models import Condition
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Practitioner

SESSIONS_PER_WEEK = (Decimal("0.1"), Decimal(5))
WEEKS = (1, 104)
SESSIONS = (1, 200)
MODALITIES = ("manual", "electro", "auricular")


@dataclass(frozen=True)
class Plan:
    """What one revision of a course holds. `review_sessions`: a review falls due after each of these sessions."""

    sessions_per_week: Decimal
    weeks: int
    planned_sessions: int
    review_sessions: tuple[int, ...]
    goals: str = ""
    retention_min: int = 25
    modality: str = "manual"
    maintenance: str = ""
    decision_rule: str = ""
    proposal: Mapping[str, Any] = field(default_factory=dict)

    def check(self, given: int = 0, reviewed: int = 0) -> None:
        """Raises Refusal naming the field that is impossible for a course with `given` sessions so far."""
        _within(self.sessions_per_week, SESSIONS_PER_WEEK, "sessions_per_week", "Sessions a week")
        _within(self.weeks, WEEKS, "weeks", "Weeks")
        _within(self.planned_sessions, SESSIONS, "planned_sessions", "Sessions")
        _within(self.retention_min, RETENTION_MIN, "retention_min", "Minutes with the needles in")
        if self.modality not in MODALITIES:
            raise Refusal("Choose manual, electro or auricular.", field="modality")
        if self.planned_sessions < given:
            raise Refusal(
                f"{given} sessions were given already, so the plan cannot hold {self.planned_sessions}.",
                field="planned_sessions",
            )
        _reviews_are_possible(self, reviewed)


def _within(value: Any, limits: tuple[Any, Any], name: str, label: str) -> None:
    if not limits[0] <= value <= limits[1]:
        raise Refusal(f"{label} must be from {limits[0]:g} to {limits[1]:g}, not {value:g}.", field=name)


def _reviews_are_possible(plan: Plan, reviewed: int) -> None:
    points = plan.review_sessions
    if not points:
        raise Refusal(
            "A course always has a next review: give at least one session.", field="review_sessions"
        )
    if list(points) != sorted(set(points)):
        raise Refusal("Give rising session numbers, each once, such as 4, 8, 12.", field="review_sessions")
    if points[0] < 1 or points[-1] > plan.planned_sessions:
        raise Refusal(
            f"A review falls after a session of the course, 1 to {plan.planned_sessions}.",
            field="review_sessions",
        )
    if points[-1] <= reviewed:
        raise Refusal(
            f"The last review was after session {reviewed}. A course always has a next one: give a later session.",
            field="review_sessions",
        )


@transaction.atomic
def open_course(
    actor: Actor,
    patient_id: UUID,
    plan: Plan,
    *,
    why: str,
    course_id: UUID,
    condition_id: UUID | None = None,
    practitioner_id: UUID | None = None,
) -> Course:
    """Opens a course with its first plan. Sent twice with the same `course_id`, it opens one.

    Raises Refusal when another course for the same condition is still going on, and for an impossible plan.
    """
    patient = patient_for(actor, patient_id, "course.plan", page="new course")
    actor.check("course.plan", patient.home_site_id)
    same = Course.objects.filter(id=course_id, patient=patient).first()
    if same is not None:
        return same
    plan.check()
    _reason(why)
    condition = _condition(patient.id, condition_id)
    going_on = Course.objects.filter(patient=patient, condition=condition).exclude(status=Course.Status.ENDED)
    if going_on.exists():
        raise Refusal("A course for this condition is going on. Change its plan, or end it first.")
    practitioner_id = practitioner_id or actor.practitioner_id
    practitioner = Practitioner.objects.filter(id=practitioner_id).first()
    if practitioner is None:
        raise Refusal("Choose the practitioner who will treat.", field="practitioner")
    course = Course.objects.create(
        id=course_id,
        patient=patient,
        site_id=patient.home_site_id,
        practitioner=practitioner,
        condition=condition,
        opened_at=timezone.now(),
    )
    revision = _write(actor, course, 1, plan, why)
    log(actor, "course.open", patient_id=patient.id, about=course, detail={"revision": revision.number})
    return course


@transaction.atomic
def revise_course(
    actor: Actor, course_id: UUID, plan: Plan, *, why: str, expected: int | None = None
) -> CourseRevision:
    """Adds a plan; the older ones stay readable. `expected` is the revision that was on screen.

    Raises Conflict when somebody else changed the plan since, Refusal when the course has ended or the plan is
    impossible. The same plan sent twice makes one revision.
    """
    patient, course = course_for(actor, course_id, "course.plan", page="course plan")
    Course.objects.select_for_update(no_key=True).get(id=course.id)
    if course.status == Course.Status.ENDED:
        raise Refusal("This course has ended. Open a new one.")
    newest = current_revision(course)
    if _same(newest, plan) and newest.why == why.strip():
        return newest
    if expected is not None and expected != newest.number:
        raise Conflict(
            f"{newest.decided_by.name} changed this plan meanwhile. What you typed is below; compare and send again.",
            theirs=shown(newest),
        )
    _reason(why)
    position = course_position(course)
    plan.check(position.given, position.last_review)
    revision = _write(actor, course, newest.number + 1, plan, why)
    log(actor, "course.revise", patient_id=patient.id, about=course, detail={"revision": revision.number})
    return revision


@transaction.atomic
def end_course(actor: Actor, course_id: UUID, reason: str) -> Course:
    """Ends a course, with a reason. Ending twice changes nothing; sessions in progress stop it."""
    patient, course = course_for(actor, course_id, "course.plan", page="end of course")
    if course.status == Course.Status.ENDED:
        return course
    if not reason.strip():
        raise Refusal("Say why the course ends.", field="reason")
    if course.sessions.filter(state__in=["open", "resting", "out"]).exists():
        raise Refusal("A session of this course is not signed yet. Sign it or set it aside first.")
    now = timezone.now()
    Course.objects.filter(id=course.id).update(
        status=Course.Status.ENDED, ended_at=now, end_reason=reason.strip()[:200]
    )
    course.refresh_from_db(fields=["status", "ended_at", "end_reason"])
    close_review_tasks(actor, course)
    kinds = [kind for kind in RatingRequest.Kind.values if kind != RatingRequest.Kind.DESIGN]
    withdraw(course, "ended", kinds=kinds)  # a design is counted as drawn: its ratings go on
    log(actor, "course.end", patient_id=patient.id, about=course, detail={"reason": course.end_reason})
    return course


def note_review_due(actor: Actor, course: Course) -> Task | None:
    """After a session: makes the task "review due" once the course has reached its next review.

    Called by whatever finishes a session, inside its transaction. Makes no second task while one is open.
    """
    position = course_position(course)
    if not position.due:
        return None
    held = Task.objects.filter(patient_id=course.patient_id, kind="review", done_at=None)
    return held.first() or Task.objects.create(
        patient_id=course.patient_id,
        site_id=course.site_id,
        kind="review",
        title=f"Review after session {position.next_review}",
        due_on=today_at(course.site),
        link=f"/courses/{course.id}/review/",
    )


def close_review_tasks(actor: Actor, course: Course) -> None:
    """The review was held, or the course ended: nothing is due any more."""
    Task.objects.filter(patient_id=course.patient_id, kind="review", done_at=None).update(
        done_at=timezone.now(), done_by_id=actor.user_id
    )


def shown(revision: CourseRevision) -> dict[str, Any]:
    """The fields of a revision as the form shows them."""
    return {
        "sessions_per_week": revision.sessions_per_week,
        "weeks": revision.weeks,
        "planned_sessions": revision.planned_sessions,
        "review_sessions": ", ".join(str(point) for point in revision.review_sessions),
        "goals": revision.goals,
        "retention_min": revision.retention_min,
        "modality": revision.modality,
        "maintenance": revision.maintenance,
        "decision_rule": revision.decision_rule,
    }


def plan_of(revision: CourseRevision, **changes: Any) -> Plan:
    """The plan a revision holds, with `changes` to some of its fields."""
    held = {
        "sessions_per_week": revision.sessions_per_week,
        "weeks": revision.weeks,
        "planned_sessions": revision.planned_sessions,
        "review_sessions": tuple(revision.review_sessions),
        "goals": revision.goals,
        "retention_min": revision.retention_min,
        "modality": revision.modality,
        "maintenance": revision.maintenance,
        "decision_rule": revision.decision_rule,
        "proposal": revision.proposal,
    }
    return Plan(**{**held, **changes})


def _same(revision: CourseRevision, plan: Plan) -> bool:
    held = plan_of(revision)
    return all(getattr(held, name) == getattr(plan, name) for name in shown(revision))


def _reason(why: str) -> None:
    if not why.strip():
        raise Refusal("Say in a few words why this plan.", field="why")


def _condition(patient_id: UUID, condition_id: UUID | None) -> Condition | None:
    rows = Condition.objects.filter(patient_id=patient_id, is_neuropathy=True, ended_at=None)
    if condition_id is None:
        return rows.order_by("-recorded_at").first()
    condition = rows.filter(id=condition_id).first()
    if condition is None:
        raise Refusal("Choose one of this person's conditions.", field="condition")
    return condition


def _write(actor: Actor, course: Course, number: int, plan: Plan, why: str) -> CourseRevision:
    return CourseRevision.objects.create(
        course=course,
        number=number,
        goals=plan.goals,
        sessions_per_week=plan.sessions_per_week,
        weeks=plan.weeks,
        planned_sessions=plan.planned_sessions,
        review_sessions=list(plan.review_sessions),
        retention_min=plan.retention_min,
        modality=plan.modality,
        maintenance=plan.maintenance,
        decision_rule=plan.decision_rule,
        proposal=dict(plan.proposal),
        why=why.strip(),
        decided_by_id=actor.user_id,
        decided_at=timezone.now(),
    )
