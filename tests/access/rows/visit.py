"""Rows behind the addresses of a visit, the day and the events."""

from django.utils import timezone

from deqi.record.care.models import AdverseEvent, Appointment, Course, CourseRevision, Session
from deqi.record.practice.models import Licence


def course_of(people, patient) -> Course:
    """A course at the patient's home site, with whoever needles there."""
    user = people.alice if patient.home_site_id == people.north.id else people.dan
    course = Course.objects.create(
        patient=patient,
        site=patient.home_site,
        practitioner=user.practitioner,
        status="active",
        opened_at=timezone.now(),
    )
    CourseRevision.objects.create(
        course=course,
        number=1,
        sessions_per_week=1,
        weeks=8,
        planned_sessions=8,
        review_sessions=[4, 8],
        why="plan",
        decided_by=user,
        decided_at=timezone.now(),
    )
    return course


def visit_of(people, patient) -> Session:
    """The open visit of this person: there is one at a time."""
    if held := Session.objects.filter(patient=patient, state="open").first():
        return held
    course = course_of(people, patient)
    return Session.objects.create(
        course=course,
        patient=patient,
        site=course.site,
        practitioner=course.practitioner,
        licence=Licence.objects.get(practitioner=course.practitioner),
        number=1,
        opened_at=timezone.now(),
        retention_planned_min=25,
    )


def one_visit(people, patient) -> dict:
    return {"session_id": visit_of(people, patient).id}


def an_appointment(people, patient) -> dict:
    user = people.alice if patient.home_site_id == people.north.id else people.dan
    made = Appointment.objects.create(
        patient=patient,
        site=patient.home_site,
        practitioner=user.practitioner,
        starts_at=timezone.now(),
    )
    return {"appointment_id": made.id, "what": "arrive"}


def an_event(people, patient) -> dict:
    made = AdverseEvent.objects.create(
        patient=patient,
        event_type="dizziness",
        onset_at=timezone.now(),
        reporter_role="staff",
        reported_at=timezone.now(),
    )
    return {"event_id": made.id}


ROWS = {
    "clinic:event": an_event,
    "clinic:assess_event": an_event,
    "clinic:appointment": an_appointment,
    "clinic:visit": one_visit,
    "clinic:visit_try": one_visit,
    "clinic:visit_sign": one_visit,
    "clinic:visit_amend": one_visit,
    "clinic:visit_lift": one_visit,
    "clinic:visit_happened": one_visit,
    "clinic:visit_do": lambda people, patient: {**one_visit(people, patient), "what": "line"},
}
