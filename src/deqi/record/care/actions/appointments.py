"""Booking a visit, and what becomes of it. No room, practitioner or patient is in two places at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log, log_first
from deqi.record.care.actions.collecting import ask_today
from deqi.record.care.actions.single_case import as_drawn
from deqi.record.care.models import Appointment, Course, Session
from deqi.record.care.queries.booking import FURTHEST
from deqi.record.care.queries.courses import course_position, open_course_of
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for, reachable
from deqi.record.practice.clock import local
from deqi.record.practice.models import Practitioner, Room, Site
from deqi.record.practice.queries import licence_for

Status = Appointment.Status
MINUTES = (5, 240)
#: Minutes at both ends of a visit that need the practitioner; between them the patient rests. Our proposal.
HANDS_ON = (15, 8)
COMING = (Status.BOOKED, Status.ARRIVED)
TAKES_ROOM = (Status.BOOKED, Status.ARRIVED, Status.IN_ROOM, Status.DONE)


@transaction.atomic
def book(
    actor: Actor,
    patient_id: UUID,
    *,
    appointment_id: UUID,
    starts_at: datetime,
    minutes: int,
    practitioner_id: UUID | None,
    room_id: UUID | None,
    note: str = "",
    deviation_reason: str = "",
) -> Appointment:
    """Books a visit of this person's open course (or a first visit without one). The same id twice books one.

    Refuses a time that is past, a room, practitioner or patient who is taken then, a practitioner whose licence
    does not cover that day, a visit past the next review, and without a `deviation_reason` a day that does not go
    with what chance decided for this person.
    """
    patient = patient_for(actor, patient_id, "appointment.manage", page="booking")
    same = Appointment.objects.filter(id=appointment_id, patient=patient).first()
    if same is not None:
        return same
    room = _room(actor, room_id)
    site = room.site if room else patient.home_site
    actor.check("appointment.manage", site.id)
    _time_is_possible(starts_at, minutes)
    practitioner = _practitioner(practitioner_id, site, starts_at)
    Patient.objects.select_for_update(no_key=True).get(id=patient.id)
    course = open_course_of(patient.id)
    if course is not None:
        not_past_the_review(course)
    _free(site, patient, practitioner, room, starts_at, minutes)
    day = local(patient.home_site, starts_at).date()
    as_drawn(actor, patient, course, day, deviation_reason, booking=True)
    appointment = Appointment.objects.create(
        id=appointment_id,
        patient=patient,
        course=course,
        site=site,
        room=room,
        practitioner=practitioner,
        starts_at=starts_at,
        minutes=minutes,
        note=note.strip()[:200],
        booked_by_id=actor.user_id,
    )
    log(
        actor,
        "appointment.book",
        patient_id=patient.id,
        about=appointment,
        detail={"at": starts_at.isoformat()},
    )
    if course is not None:
        ask_today(course.id)
    return appointment


def _time_is_possible(starts_at: datetime, minutes: int) -> None:
    now = timezone.now()
    if starts_at < now - timedelta(minutes=15):
        raise Refusal("That time is past.", field="starts_at")
    if starts_at > now + FURTHEST:
        raise Refusal("That is more than a year from now. Check the date.", field="starts_at")
    if not MINUTES[0] <= minutes <= MINUTES[1]:
        raise Refusal(f"A visit takes {MINUTES[0]} to {MINUTES[1]} minutes.", field="minutes")


def _room(actor: Actor, room_id: UUID | None) -> Room | None:
    if room_id is None:
        return None
    room = Room.objects.select_for_update(of=("self",), no_key=True).select_related("site")
    found = room.filter(id=room_id, active=True).first()
    if found is None or not actor.may("appointment.manage", found.site_id):
        raise Refusal("Choose one of the rooms of this site.", field="room")
    return found


def _practitioner(practitioner_id: UUID | None, site: Site, starts_at: datetime) -> Practitioner:
    rows = Practitioner.objects.select_for_update(of=("self",), no_key=True).select_related("user")
    found = rows.filter(id=practitioner_id, user__is_active=True).first()
    if found is None:
        raise Refusal("Choose who will needle.", field="practitioner")
    on = local(site, starts_at).date()
    if licence_for(found.id, site, on) is None:
        raise Refusal(
            f"{found.user.name} has no verified licence for {site.name} on {on:%d %b %Y}.",
            field="practitioner",
            code="no_licence",
        )
    return found


def not_past_the_review(course: Course) -> None:
    """Raises Refusal when the visits booked already reach the next review."""
    position = course_position(course)
    coming = Appointment.objects.filter(course=course, status__in=COMING).count()
    coming += Session.objects.filter(course=course, state="open").count()
    if position.given + coming >= (position.next_review or 0):
        raise Refusal(
            f"The review after session {position.next_review} comes before another visit. "
            f"{position.given} given, {coming} booked. Hold the review, then book.",
            code="review_due",
        )


def hands_on(starts_at: datetime, minutes: int) -> list[tuple[datetime, datetime]]:
    """When the practitioner is needed: the first 15 and the last 8 minutes, or all of a short visit."""
    end = starts_at + timedelta(minutes=minutes)
    if minutes <= sum(HANDS_ON):
        return [(starts_at, end)]
    return [
        (starts_at, starts_at + timedelta(minutes=HANDS_ON[0])),
        (end - timedelta(minutes=HANDS_ON[1]), end),
    ]


def _free(
    site: Site,
    patient: Patient,
    practitioner: Practitioner,
    room: Room | None,
    starts_at: datetime,
    minutes: int,
) -> None:
    end = starts_at + timedelta(minutes=minutes)
    near = Appointment.objects.filter(
        status__in=TAKES_ROOM, starts_at__lt=end, starts_at__gt=starts_at - timedelta(minutes=MINUTES[1])
    ).select_related("practitioner__user", "room")
    for other in near:
        other_end = other.starts_at + timedelta(minutes=other.minutes)
        at = f"from {local(site, other.starts_at):%H:%M} to {local(site, other_end):%H:%M}"
        if other_end <= starts_at:
            continue
        if other.patient_id == patient.id:
            raise Refusal(f"{patient.name} has a visit {at}.", field="starts_at", code="patient_taken")
        if room and other.room_id == room.id:
            raise Refusal(f"{room.name} is taken {at}.", field="room", code="room_taken")
        if other.practitioner_id == practitioner.id and _meet(
            hands_on(starts_at, minutes), hands_on(other.starts_at, other.minutes)
        ):
            raise Refusal(
                f"{practitioner.user.name} is needed at another visit {at}.",
                field="practitioner",
                code="practitioner_taken",
            )


def _meet(first: Iterable[tuple[datetime, datetime]], second: Iterable[tuple[datetime, datetime]]) -> bool:
    others = list(second)
    return any(a < d and c < b for a, b in first for c, d in others)


def _appointment(actor: Actor, appointment_id: UUID) -> Appointment:
    log_first()
    rows = Appointment.objects.select_for_update(of=("self",), no_key=True).select_related("patient", "site")
    found = rows.filter(reachable(actor, "appointment.manage"), id=appointment_id).first()
    if found is None:
        raise NotFound("There is no such appointment at your sites.")
    return found


@transaction.atomic
def arrive(actor: Actor, appointment_id: UUID) -> Appointment:
    """The person is here and waits. Saying it twice changes nothing."""
    found = _appointment(actor, appointment_id)
    if found.status == Status.ARRIVED:
        return found
    _must_be(found, Status.BOOKED, Status.NO_SHOW)
    found.status, found.arrived_at = Status.ARRIVED, timezone.now()
    return _save(actor, found, "appointment.arrive")


@transaction.atomic
def cancel(actor: Actor, appointment_id: UUID, reason: str = "") -> Appointment:
    """Cancelled beforehand. The time is free again."""
    found = _appointment(actor, appointment_id)
    if found.status == Status.CANCELLED:
        return found
    _must_be(found, Status.BOOKED, Status.ARRIVED)
    found.status = Status.CANCELLED
    found.note = (reason.strip() or found.note)[:200]
    return _save(actor, found, "appointment.cancel")


@transaction.atomic
def did_not_come(actor: Actor, appointment_id: UUID) -> Appointment:
    """The time has come and the person has not."""
    found = _appointment(actor, appointment_id)
    if found.status == Status.NO_SHOW:
        return found
    _must_be(found, Status.BOOKED)
    if found.starts_at > timezone.now():
        raise Refusal("The time of this visit has not come yet. Cancel it instead.", code="too_early")
    found.status = Status.NO_SHOW
    return _save(actor, found, "appointment.no_show")


def _must_be(found: Appointment, *states: str) -> None:
    if found.status not in states:
        raise Refusal(f"This visit is {found.get_status_display()}.", code=f"is_{found.status}")


def _save(actor: Actor, found: Appointment, verb: str) -> Appointment:
    found.save(update_fields=["status", "arrived_at", "note"])
    log(actor, verb, patient_id=found.patient_id, about=found)
    return found
