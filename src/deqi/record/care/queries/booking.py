"""What the booking page offers: who can needle, which rooms, and the next visits the course asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.care.models import Appointment, Course, CourseRevision
from deqi.record.care.queries.chance import Decided, chance_lists, decided_from
from deqi.record.care.queries.courses import CoursePosition, open_course_of, position_of
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import local
from deqi.record.practice.models import Practitioner, Room
from deqi.record.together import some, together

#: A visit further ahead is a slip of the keyboard.
FURTHEST = timedelta(days=400)
COMING = (Appointment.Status.BOOKED, Appointment.Status.ARRIVED)


@dataclass(frozen=True)
class Offer:
    """The booking page of one person. `bookable` is how many visits may still be booked before the review.

    `decided` is what chance decided about their visits.
    """

    patient: Patient
    course: Course | None
    position: CoursePosition | None
    coming: list[Appointment]
    proposals: list[datetime]
    practitioners: list[Practitioner]
    rooms: list[Room]
    usual: Appointment | None
    decided: list[Decided]

    @property
    def drawn_at(self) -> datetime | None:
        """The drawn day of the first session at the usual time of day, while it can still be booked."""
        days = [
            one.day for one in self.decided if one.day and one.today <= one.day and one.day not in one.coming
        ]
        if not days:
            return None
        usual = _usual_time(self)
        return datetime.combine(days[0], usual.time(), tzinfo=usual.tzinfo)

    @property
    def bookable(self) -> int | None:
        return None if self.position is None else max(0, self.position.bookable - len(self.coming))


def booking_page(actor: Actor, patient_id: UUID) -> Offer:
    """What can be booked for this person. The look is written to the audit log."""
    patient = patient_for(actor, patient_id, "appointment.manage", page="booking")
    course = open_course_of(patient.id)
    booked = Appointment.objects.filter(patient=patient)
    coming = booked.filter(status__in=COMING).select_related("practitioner__user", "room")
    last = booked.exclude(status=Appointment.Status.CANCELLED).order_by("-starts_at")[:1]
    rooms = Room.objects.filter(site_id=patient.home_site_id, active=True).order_by("name")
    plans = CourseRevision.objects.filter(course=course).order_by("-number")[:1]
    lists = together(
        **chance_lists(patient),
        rooms=some(rooms, "id", "name"),
        last=some(last, "starts_at", "minutes", "practitioner_id", "room_id"),
        plans=some(plans, "sessions_per_week"),
    )
    held = Q(user__held_roles__site=patient.home_site_id) | Q(user__held_roles__site=None)
    staff = Practitioner.objects.filter(
        held,
        user__is_active=True,
        user__held_roles__ended_at=None,
        user__held_roles__role__in=("practitioner", "senior_clinician"),
    )
    to_come = list(coming.order_by("starts_at"))
    usual = to_come[-1] if to_come else next((Appointment(**row) for row in lists["last"]), None)
    offer = Offer(
        patient=patient,
        course=course,
        position=position_of(course) if course else None,
        coming=to_come,
        proposals=[],
        practitioners=list(staff.select_related("user").distinct().order_by("user__name")),
        rooms=[Room(**row) for row in lists["rooms"]],
        usual=usual,
        decided=decided_from(lists, patient, course),
    )
    if course is not None:
        offer.proposals.extend(_proposals(offer, float(lists["plans"][0]["sessions_per_week"])))
    return offer


def _proposals(offer: Offer, per_week: float) -> list[datetime]:
    """Up to four next visits: as far apart as the plan says, at the usual time of day, not past the review.

    A drawn day of the first session comes first; days that do not go with what chance decided are passed over.
    """
    days = max(1, round(7 / per_week))
    at, now = _usual_time(offer), timezone.now()
    if offer.drawn_at:
        at = offer.drawn_at - timedelta(days=days)
    seen = {day for one in offer.decided for day in one.coming}
    found: list[datetime] = []
    while len(found) < min(4, offer.bookable or 0) and at < now + FURTHEST:
        at = at + timedelta(days=days)  # on the wall clock: ten o'clock stays ten o'clock when clocks change
        if at > now and not any(one.against(at.date(), seen) for one in offer.decided):
            found.append(at)
            seen.add(at.date())
    return found


def _usual_time(offer: Offer) -> datetime:
    """When they came last, or ten o'clock today, on the wall clock of their site."""
    site = offer.patient.home_site
    if offer.usual:
        return local(site, offer.usual.starts_at)
    return local(site, timezone.now()).replace(hour=10, minute=0, second=0, microsecond=0)
