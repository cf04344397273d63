"""What the booking page offers: who can needle, which rooms, and the next visits the course asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.care.models import Appointment, Course
from deqi.record.care.queries.courses import CoursePosition, current_revision, open_course_of, position_of
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import local
from deqi.record.practice.models import Practitioner, Room

COMING = (Appointment.Status.BOOKED, Appointment.Status.ARRIVED)


@dataclass(frozen=True)
class Offer:
    """The booking page of one person. `bookable` is how many visits may still be booked before the review."""

    patient: Patient
    course: Course | None
    position: CoursePosition | None
    coming: list[Appointment]
    proposals: list[datetime]
    practitioners: list[Practitioner]
    rooms: list[Room]
    usual: Appointment | None

    @property
    def bookable(self) -> int | None:
        return None if self.position is None else max(0, self.position.bookable - len(self.coming))


def booking_page(actor: Actor, patient_id: UUID) -> Offer:
    """What can be booked for this person. The look is written to the audit log."""
    patient = patient_for(actor, patient_id, "appointment.manage", page="booking")
    course = open_course_of(patient.id)
    booked = Appointment.objects.filter(patient=patient).select_related("practitioner__user", "room")
    coming = list(booked.filter(status__in=COMING).order_by("starts_at"))
    usual = coming[-1] if coming else booked.exclude(status="cancelled").order_by("-starts_at").first()
    position = position_of(course) if course else None
    held = Q(user__held_roles__site=patient.home_site_id) | Q(user__held_roles__site=None)
    staff = Practitioner.objects.filter(
        held,
        user__is_active=True,
        user__held_roles__ended_at=None,
        user__held_roles__role__in=("practitioner", "senior_clinician"),
    )
    offer = Offer(
        patient=patient,
        course=course,
        position=position,
        coming=coming,
        proposals=[],
        practitioners=list(staff.select_related("user").distinct().order_by("user__name")),
        rooms=list(Room.objects.filter(site_id=patient.home_site_id, active=True).order_by("name")),
        usual=usual,
    )
    if course is not None:
        offer.proposals.extend(_proposals(offer))
    return offer


def _proposals(offer: Offer) -> list[datetime]:
    """Up to four next visits: as far apart as the plan says, at the usual time of day, not past the review."""
    per_week = float(current_revision(offer.course).sessions_per_week)
    days = max(1, round(7 / per_week))
    site = offer.patient.home_site
    base = offer.usual.starts_at if offer.usual else None
    if base is None:
        base = local(site, timezone.now()).replace(hour=10, minute=0, second=0, microsecond=0)
    at = local(site, base)
    found: list[datetime] = []
    while len(found) < min(4, offer.bookable or 0):
        at = at + timedelta(days=days)  # on the wall clock: ten o'clock stays ten o'clock when clocks change
        if at > timezone.now():
            found.append(at)
    return found
