"""Letting another site of the clinic see a patient, and ending it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import PatientShare
from deqi.record.patients.queries import patient_for
from deqi.record.practice.models import Site, User


@transaction.atomic
def share_with_site(actor: Actor, patient_id: UUID, site_id: UUID, reason: str) -> PatientShare:
    """Lets the people of `site_id` see this patient from now on. Shared already: that share is given back."""
    patient = patient_for(actor, patient_id, "patient.share", page="sharing")
    actor.check("patient.share", patient.home_site_id)
    site = Site.objects.filter(
        id=site_id, active=True, organization=patient.home_site.organization_id
    ).first()
    if site is None or site.id == patient.home_site_id:
        raise Refusal("Choose another site of this clinic.", field="site")
    if not reason.strip():
        raise Refusal("Say why that site needs to see this patient.", field="reason")
    share, created = PatientShare.objects.get_or_create(
        patient=patient,
        site=site,
        ended_at=None,
        defaults={"shared_by": User.objects.get(id=actor.user_id), "reason": reason.strip()},
    )
    if created:
        log(actor, "patient.share", patient_id=patient.id, about=share, detail={"site": str(site.id)})
    return share


@transaction.atomic
def end_sharing(actor: Actor, patient_id: UUID, share_id: int) -> None:
    """That site no longer sees this patient. Ended twice changes nothing."""
    patient = patient_for(actor, patient_id, "patient.share", page="sharing")
    actor.check("patient.share", patient.home_site_id)
    share = patient.shares.filter(id=share_id).first()
    if share is None:
        raise NotFound("There is no such share.")
    if share.ended_at is None:
        share.ended_at = timezone.now()
        share.save(update_fields=["ended_at"])
        log(
            actor,
            "patient.share",
            patient_id=patient.id,
            about=share,
            detail={"ended": str(share.site_id)},
        )
