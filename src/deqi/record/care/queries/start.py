"""What stands between a person and their next visit, and which rooms are free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from deqi.record.actor import Actor
from deqi.record.care.actions.changing import OPEN_STATES
from deqi.record.care.actions.sessions import consent_or_refusal, course_goes_on, licence_or_refusal
from deqi.record.care.models import Appointment, Course, Session
from deqi.record.care.queries.chance import Decided, chance_lists, decided_from
from deqi.record.care.queries.courses import CoursePosition, open_course_of, position_of
from deqi.record.errors import Refusal
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import day_at, today_at
from deqi.record.practice.models import Room
from deqi.record.together import some, together


@dataclass(frozen=True)
class Start:
    """`open_visit` is the visit that is not signed yet; `why_not` says everything that is missing at once.

    `not_as_drawn`: what chance decided that a visit today does not go with; it needs a reason.
    """

    patient: Patient
    course: Course | None
    position: CoursePosition | None
    open_visit: UUID | None
    why_not: list[Refusal]
    rooms: list[Room]
    appointment: Appointment | None
    not_as_drawn: list[Decided]


def start_page(actor: Actor, patient_id: UUID) -> Start:
    """Everything the page before a visit shows. The look is written to the audit log."""
    patient = patient_for(actor, patient_id, "session.run", page="start of a visit")
    course = open_course_of(patient.id)
    site = course.site if course else patient.home_site
    running = (
        Session.objects.filter(patient=patient, state__in=OPEN_STATES).values_list("id", flat=True).first()
    )
    taken = Session.objects.filter(site=site, state__in=("open", "resting")).values("room")
    since, until = day_at(site, today_at(site))
    today = Appointment.objects.filter(
        patient=patient, starts_at__gte=since, starts_at__lt=until, status__in=("booked", "arrived")
    )
    rooms = Room.objects.filter(site=site, active=True).exclude(id__in=taken).order_by("name")
    lists = together(
        **chance_lists(patient),
        rooms=some(rooms, "id", "name"),
        today=some(today.order_by("starts_at")[:1], "id", "room_id"),
    )
    checks: list[Callable[[], object]] = [
        lambda: licence_or_refusal(actor, site, today_at(site)),
        lambda: consent_or_refusal(patient),
        lambda: _has_course(course),
    ]
    return Start(
        patient=patient,
        course=course,
        position=position_of(course) if course else None,
        open_visit=running,
        why_not=[refusal for check in checks if (refusal := _refused(check)) is not None],
        rooms=[Room(**row) for row in lists["rooms"]],
        appointment=next((Appointment(**row) for row in lists["today"]), None),
        not_as_drawn=[
            one
            for one in decided_from(lists, patient, course)
            if one.against(one.today) and one.today not in one.reasons
        ],
    )


def _has_course(course: Course | None) -> None:
    if course is None:
        raise Refusal("There is no course of treatment yet. Plan one first.", code="no_course")
    course_goes_on(course)


def _refused(check: Callable[[], object]) -> Refusal | None:
    try:
        check()
    except Refusal as refusal:
        return refusal
    return None
