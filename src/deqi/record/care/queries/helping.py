"""Is it helping? What a patient reads about their own course: the same matter that the clinician's review reads."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, When

from deqi.record.actor import Actor
from deqi.record.care.models import Course
from deqi.record.care.queries.courses import with_position
from deqi.record.care.queries.reviews import ReviewMatter, matter_of
from deqi.record.care.queries.single_case import lists_of
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for


@dataclass(frozen=True)
class OwnMatter:
    """`matter` is None before the first course."""

    patient: Patient
    matter: ReviewMatter | None


def own_matter(actor: Actor) -> OwnMatter:
    """The course that is going on, otherwise the last one. The look is written to the audit log."""
    patient = patient_for(actor, actor.patient_id, "self.view", page="is it helping")
    ended = Case(When(status=Course.Status.ENDED, then=1), default=0)
    courses = with_position(Course.objects.filter(patient=patient)).select_related("condition", "site")
    course = courses.order_by(ended, "-opened_at").first()
    if course is None:
        return OwnMatter(patient, None)
    return OwnMatter(patient, matter_of(patient, course, **lists_of(patient, course)))
