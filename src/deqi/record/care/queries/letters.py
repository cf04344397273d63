"""What a letter is written from, and letters that were written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from deqi.record.actor import Actor
from deqi.record.care.models import AdverseEvent, Course, Letter, Observation, Review, Session
from deqi.record.care.queries.case import Known, known_from, known_lists
from deqi.record.care.queries.courses import CoursePosition, position_of, with_position
from deqi.record.care.queries.reviews import examination_codes
from deqi.record.errors import NotFound
from deqi.record.patients.models import Allergy, CareProvider, Consent, Medication, Patient
from deqi.record.patients.queries import patient_for, reachable
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Licence
from deqi.record.together import some, together


@dataclass(frozen=True)
class LetterMatter:
    """What a letter can say about one person on one day. Lists hold plain columns."""

    patient: Patient
    on: date
    known: Known
    course: Course | None
    position: CoursePosition | None
    review: Review | None
    lists: dict[str, list[dict[str, Any]]]

    @property
    def sharing(self) -> dict[str, Any] | None:
        """The newest decision about sharing, or None."""
        return next(iter(self.lists["consents"]), None)

    @property
    def may_send(self) -> bool:
        return bool(self.sharing and self.sharing["decision"] == Consent.Decision.GIVEN)

    @property
    def licence(self) -> dict[str, Any] | None:
        """The writer's licence at this place, for the signature."""
        return next(iter(self.lists["licences"]), None)


def letter_matter(
    actor: Actor, patient_id: UUID, review_id: UUID | None = None, *, page: str = "letter"
) -> LetterMatter:
    """What a new letter is written from, through the acting person's scope: the review named, or the newest."""
    patient = patient_for(actor, patient_id, "letter.write", page=page)
    reviews = Review.objects.filter(course__patient=patient).select_related("decided_by")
    review = reviews.filter(id=review_id).first() if review_id else reviews.order_by("-at").first()
    if review_id and review is None:
        raise NotFound("There is no such review in this record.")
    return matter_of(patient, review, writer_id=actor.user_id)


def matter_of(patient: Patient, review: Review | None, *, writer_id: UUID | None) -> LetterMatter:
    """The same for a person already looked up in scope. Two statements."""
    on = today_at(patient.home_site)
    lists = together(
        **known_lists(patient, on),
        **letter_lists(patient),
        licences=some(
            Licence.objects.filter(
                practitioner__user_id=writer_id,
                jurisdiction=patient.home_site.jurisdiction,
                status=Licence.Status.ACTIVE,
                expires__gte=on,
            ).order_by("-expires"),
            "authority",
            "number",
            "practitioner__title",
        ),
        medicines=some(
            Medication.objects.filter(patient=patient).order_by("name")[:60],
            "id",
            "name",
            "dose_text",
            "started_on",
            "ended_on",
            "replaces_id",
        ),
        allergies=some(
            Allergy.objects.filter(patient=patient, ended_at=None).order_by("substance"),
            "substance",
            "reaction",
        ),
        events=some(
            AdverseEvent.objects.filter(patient=patient).order_by("-onset_at")[:10],
            "event_type",
            "onset_at",
            "ended_on",
        ),
        last=some(
            Session.objects.filter(patient=patient, state=Session.State.SIGNED).order_by("-opened_at")[:1],
            "opened_at",
            "treatment_line",
            "retention_planned_min",
        ),
        examined=some(
            Observation.objects.filter(
                patient=patient, code__in=examination_codes(), examination__isnull=False
            ).order_by("-effective_at")[:80],
            "code",
            "value",
            "effective_at",
        ),
    )
    courses = with_position(Course.objects.filter(patient=patient)).select_related("practitioner__user")
    course = courses.order_by("-opened_at").first()
    return LetterMatter(
        patient=patient,
        on=on,
        known=known_from(patient, on, lists),
        course=course,
        position=position_of(course) if course else None,
        review=review,
        lists=lists,
    )


def letter_lists(patient: Patient) -> dict[str, Any]:
    """Consent to share, the person's doctors and the letters before: for every page about letters."""
    return {
        "consents": some(
            Consent.objects.filter(patient=patient, kind=Consent.Kind.SHARING).order_by("-at")[:1],
            "id",
            "decision",
            "at",
            "version",
        ),
        "providers": some(
            CareProvider.objects.filter(patient=patient, ended_at=None).order_by("kind"),
            "id",
            "kind",
            "name",
            "organisation",
            "email",
        ),
        "letters": some(
            Letter.objects.filter(patient=patient).order_by("-written_at")[:50],
            "id",
            "kind",
            "urgency",
            "to__name",
            "asked_first",
            "written_at",
            "written_by__name",
            "mailed_at",
            "sent_at",
            "sent_how",
        ),
    }


def letter_for(
    actor: Actor, letter_id: UUID, verb: str = "clinical.view", *, page: str = "letter"
) -> tuple[Patient, Letter]:
    """One letter through the acting person's scope."""
    rows = Letter.objects.filter(reachable(actor), id=letter_id)
    letter = rows.select_related("to", "written_by", "sent_by", "review__decided_by").first()
    if letter is None:
        raise NotFound("There is no such letter at your sites.")
    return patient_for(actor, letter.patient_id, verb, page=page), letter


def sharing_of(patient: Patient) -> Consent | None:
    """The newest decision about sharing, whatever it was."""
    return Consent.objects.filter(patient=patient, kind=Consent.Kind.SHARING).order_by("-at").first()
