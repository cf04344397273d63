"""Holding a review: the decision, its reason, and what it was computed from. It never changes afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.canonical import sha256_of
from deqi.record.care.actions.courses import close_review_tasks, end_course, plan_of, revise_course
from deqi.record.care.codes import GLOBAL_CHANGE
from deqi.record.care.judging import judge
from deqi.record.care.looking import curves_of, fan_of_inputs
from deqi.record.care.models import Course, Observation, Review, Task
from deqi.record.care.queries.courses import current_revision
from deqi.record.care.queries.reviews import ReviewMatter, review_matter
from deqi.record.errors import Refusal

Decision = Review.Decision


@dataclass(frozen=True)
class NextSteps:
    """What follows: the next review after session `next_review` of `planned_sessions`, at which frequency."""

    next_review: int | None = None
    planned_sessions: int | None = None
    sessions_per_week: Decimal | None = None


@transaction.atomic
def decide_review(
    actor: Actor,
    course_id: UUID,
    *,
    review_id: UUID,
    decision: str,
    reason: str,
    global_change: int | None = None,
    steps: NextSteps | None = None,
) -> Review:
    """Keeps the decision with the judgement it stands on, and sees to what follows.

    `stop` ends the course; every other decision leaves a next review (a new plan is written when the one in
    force has none). Sent twice it is kept once. Raises Refusal before the first session, when a review after
    this session was held already, and when no next review is given.
    """
    matter = review_matter(actor, course_id, "review.decide", page="review decision")
    actor.check("review.decide", matter.course.site_id)
    same = Review.objects.filter(id=review_id, course_id=course_id).first()
    if same is not None:
        return same
    Course.objects.select_for_update(no_key=True).get(id=course_id)
    _may_be_held(matter, decision, reason, global_change)
    inputs = matter.inputs()
    review = Review.objects.create(
        id=review_id,
        course=matter.course,
        after_session=matter.position.given,
        at=timezone.now(),
        inputs_sha256=sha256_of(inputs),
        **_result(matter, inputs),
        global_change=global_change,
        decision=decision,
        reason=reason.strip(),
        decided_by_id=actor.user_id,
    )
    if global_change is not None and not (matter.overall and matter.overall[1] == global_change):
        _note_global_change(actor, matter, global_change)
    close_review_tasks(actor, matter.course)
    _follow(actor, matter, review, steps or NextSteps())
    log(
        actor,
        "review.decide",
        patient_id=matter.patient.id,
        about=review,
        detail={"decision": decision, "after_session": review.after_session},
    )
    return review


def _may_be_held(matter: ReviewMatter, decision: str, reason: str, global_change: int | None) -> None:
    if matter.course.status == Course.Status.ENDED:
        raise Refusal("This course has ended.")
    if matter.position.given == 0:
        raise Refusal("There is nothing to review before the first session.")
    if decision not in Decision.values:
        raise Refusal("Choose what was decided.", field="decision")
    if not reason.strip():
        raise Refusal("Say why, in words the patient would recognise.", field="reason")
    if global_change is not None and not 1 <= global_change <= 7:
        raise Refusal("The overall change has seven steps, 1 to 7.", field="global_change")
    if matter.position.last_review >= matter.position.given:
        raise Refusal(
            f"A review after session {matter.position.given} was held already. It never changes; the next one adds."
        )


def _result(matter: ReviewMatter, inputs: dict[str, Any]) -> dict[str, Any]:
    """Model version and result: the judgement, its inputs and curves, and what stood beside them on the page."""
    judged = judge(inputs)
    fans = {symptom: fan_of_inputs(inputs, symptom) for symptom in judged["symptoms"]}
    beside = {
        "given": matter.position.given,
        "planned": matter.position.planned,
        "rule": matter.plan["decision_rule"],
        "goals": matter.plan["goals"],
        "impact": {key: [first_last(values)] for key, values in matter.impact.items()},
        "examination": {code: [first_last(values)] for code, values in matter.examination.items()},
        "events": [row["event_type"] for row in matter.events],
    }
    return {
        "model_version": judged["model_version"],
        "result": {"inputs": inputs, "judged": judged, "beside": beside, "curves": curves_of(fans)},
    }


def first_last(values: list[tuple[Any, float]]) -> dict[str, Any]:
    """First and last value of a series, with their days."""
    return {
        "first": values[0][1],
        "first_on": values[0][0].isoformat(),
        "last": values[-1][1],
        "last_on": values[-1][0].isoformat(),
        "n": len(values),
    }


def _note_global_change(actor: Actor, matter: ReviewMatter, step: int) -> None:
    """Keeps what was said in the room; what the person had answered by themselves is kept already."""
    Observation.objects.create(
        patient=matter.patient,
        course=matter.course,
        code=GLOBAL_CHANGE,
        value=step,
        recall="start",
        channel=Observation.Channel.CHAIR,
        effective_at=timezone.now(),
        recorded_by_id=actor.user_id,
    )


def _follow(actor: Actor, matter: ReviewMatter, review: Review, steps: NextSteps) -> None:
    """After a decision the course has a next review, or it has ended."""
    if review.decision == Decision.STOP:
        end_course(
            actor, matter.course.id, f"Review after session {review.after_session}: {review.reason}"[:200]
        )
    else:
        _next_plan(actor, matter, review, steps)
    if review.decision == Decision.TAPER:
        Course.objects.filter(id=matter.course.id).update(status=Course.Status.MAINTENANCE)
    if review.decision in (Decision.STOP, Decision.REFER):
        Task.objects.create(
            patient=matter.patient,
            site_id=matter.course.site_id,
            kind="letter",
            title=f"Write to the doctor: review decided to {review.get_decision_display()}",
            due_on=matter.on,
            link=f"/patients/{matter.patient.id}/letters/new/?review={review.id}",
        )


def _next_plan(actor: Actor, matter: ReviewMatter, review: Review, steps: NextSteps) -> None:
    revision = current_revision(matter.course)
    given = matter.position.given
    ahead = [point for point in revision.review_sessions if point > given]
    if steps.next_review is not None:
        if steps.next_review <= given:
            raise Refusal(
                f"{given} sessions were given: the next review comes after a later one.", field="next_review"
            )
        ahead = [steps.next_review, *(point for point in ahead if point > steps.next_review)]
    if not ahead:
        raise Refusal("A course always has a next review: after which session?", field="next_review")
    planned = max(steps.planned_sessions or revision.planned_sessions, ahead[-1])
    held = [point for point in revision.review_sessions if point <= given]
    plan = plan_of(
        revision,
        review_sessions=tuple([*held, *ahead]),
        planned_sessions=planned,
        sessions_per_week=steps.sessions_per_week or revision.sessions_per_week,
    )
    changed = (
        list(plan.review_sessions) != list(revision.review_sessions)
        or plan.planned_sessions != revision.planned_sessions
        or plan.sessions_per_week != revision.sessions_per_week
    )
    if changed:
        why = f"Review after session {review.after_session}, {review.get_decision_display()}: {review.reason}"
        revise_course(actor, matter.course.id, plan, why=why)
