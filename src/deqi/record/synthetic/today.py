"""The made-up day: who is booked, who waits, who is on the table right now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from deqi.record.care.models import Appointment, Course, SafetyScreen, Session
from deqi.record.synthetic.courses import _needles, prescription

if TYPE_CHECKING:
    from deqi.record.synthetic.clinic import Rows


def write_today(rows: Rows) -> None:
    """Adds today's appointments at each site (one every forty minutes), and the coming week's."""
    now = timezone.now().replace(second=0, microsecond=0)
    running = [c for c in rows.tables["Course"] if c.status != Course.Status.ENDED]
    reviewed = _reviewed(rows)
    for site in rows.practice.sites:
        here = [c for c in running if c.site is site]
        start = now - timedelta(minutes=80 + now.minute % 20)
        for turn, course in enumerate(here[:7]):
            at = start + timedelta(minutes=40 * turn)
            rooms = rows.practice.rooms[site]
            appointment = _book(rows, course, at, rooms[turn % len(rooms)])
            if turn < 2 and not _review_due(rows, course, reviewed):
                _on_the_table(rows, course, appointment, now - timedelta(minutes=9 + 14 * turn))
            elif turn in (2, 3) and at <= now + timedelta(minutes=15):
                appointment.status, appointment.arrived_at = (
                    Appointment.Status.ARRIVED,
                    now - timedelta(minutes=6),
                )
        for turn, course in enumerate(here):
            _book(rows, course, now + timedelta(days=2 + turn % 5, minutes=50 * (turn // 5)), None)


def _reviewed(rows: Rows) -> dict[object, int]:
    return {r.course_id: r.after_session for r in rows.tables["Review"]}


def _review_due(rows: Rows, course: Course, reviewed: dict[object, int]) -> bool:
    given = sum(1 for s in rows.tables["Session"] if s.course is course)
    (plan,) = [r for r in rows.tables["CourseRevision"] if r.course is course]
    return any(reviewed.get(course.id, 0) < point <= given for point in plan.review_sessions)


def _book(rows: Rows, course: Course, at, room) -> Appointment:
    return rows.add(
        Appointment(
            id=rows.new_id(),
            patient=course.patient,
            course=course,
            site=course.site,
            room=room,
            practitioner=course.practitioner,
            starts_at=at,
            minutes=60,
            booked_by=rows.practice.front_desk,
        )
    )


def _on_the_table(rows: Rows, course: Course, appointment: Appointment, needled_at) -> None:
    """A session with its needles in since `needled_at`."""
    (profile_line,) = {s.treatment_line for s in rows.tables["Session"] if s.course is course}
    placements = prescription(profile_line)
    given = sum(1 for s in rows.tables["Session"] if s.course is course)
    appointment.status = Appointment.Status.IN_ROOM
    appointment.arrived_at = needled_at - timedelta(minutes=15)
    session = rows.add(
        Session(
            id=rows.new_id(),
            course=course,
            patient=course.patient,
            site=course.site,
            room=appointment.room,
            practitioner=course.practitioner,
            licence=rows.practice.licences[course.practitioner],
            appointment=appointment,
            needle_lot=rows.practice.lots[course.site],
            number=given + 1,
            state=Session.State.RESTING,
            opened_at=needled_at - timedelta(minutes=9),
            anything_new_asked=True,
            treatment_line=profile_line,
            retention_planned_min=25,
            needled_at=needled_at,
            needles_in=sum(p.needles for p in placements),
        )
    )
    rows.add(
        SafetyScreen(
            id=rows.new_id(),
            patient=course.patient,
            session=session,
            at=needled_at - timedelta(minutes=4),
            by=course.practitioner.user,
            verdict="go",
            findings=[],
            inputs={"synthetic": True},
        )
    )
    _needles(rows, session, placements)
