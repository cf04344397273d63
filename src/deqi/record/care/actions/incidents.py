"""Incidents: something went wrong in a room. Opened without blame, closed with what was learned."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.models import Incident
from deqi.record.errors import NotFound, Refusal
from deqi.record.practice.actions.places import site_for

#: kind -> words. `needle_count` is opened by the count itself when needles do not add up.
KINDS: dict[str, str] = {
    "needle_count": "Needles did not add up",
    "stray_needle": "Needle found where it should not be",
    "needlestick": "Somebody was pricked",
    "faint": "Somebody fainted",
    "fall": "Somebody fell",
    "equipment": "Equipment failed",
    "wrong_record": "Something written in the wrong record",
    "privacy": "Something seen or sent that should not have been",
    "other": "Something else",
}


def kind_said(kind: str) -> str:
    return KINDS.get(kind, kind.replace("_", " "))


@transaction.atomic
def open_incident(actor: Actor, incident_id: UUID, *, site_id: UUID, kind: str, description: str) -> Incident:
    """Anybody on the staff may open one (the verb is `event.report`). Twice the same id: one incident."""
    site = site_for(actor, site_id, "event.report")
    if already := Incident.objects.filter(id=incident_id, site=site).first():
        return already
    if kind not in KINDS:
        raise Refusal("Choose what happened.", field="kind")
    if len(description.strip()) < 10:
        raise Refusal("A sentence or two, please: what happened, and what was done.", field="description")
    incident = Incident.objects.create(
        id=incident_id,
        site=site,
        kind=kind,
        description=description.strip(),
        opened_at=timezone.now(),
        opened_by_id=actor.user_id,
    )
    log(actor, "incident.open", about=incident, detail={"kind": kind})
    return incident


@transaction.atomic
def close_incident(actor: Actor, incident_id: UUID, *, lesson: str) -> Incident:
    """Closes it with what changes from now on. Closed once: a second try changes nothing."""
    incident = incident_in_scope(actor, incident_id)
    if incident.closed_at:
        return incident
    if len(lesson.strip()) < 10:
        raise Refusal(
            "Write what was learned and what changes; “nothing” with its reason is an answer.", field="lesson"
        )
    incident.lesson, incident.closed_at = lesson.strip(), timezone.now()
    incident.closed_by_id = actor.user_id
    incident.save()
    log(actor, "incident.close", about=incident, patient_id=_patient(incident))
    return incident


def incident_in_scope(actor: Actor, incident_id: UUID) -> Incident:
    """The incident, if it happened at a site whose incidents the acting person may see."""
    found = (
        Incident.objects.select_related("site", "opened_by", "closed_by", "session")
        .filter(id=incident_id)
        .first()
    )
    if found is None or not actor.may("incident.view", found.site_id):
        actor.check("incident.view")
        raise NotFound("There is no such incident at your sites.")
    return found


def look_at_incident(actor: Actor, incident_id: UUID) -> Incident:
    """The same for reading: the look is logged, with the patient when a session stands behind it."""
    incident = incident_in_scope(actor, incident_id)
    log(actor, "incident.view", about=incident, patient_id=_patient(incident))
    return incident


def _patient(incident: Incident) -> UUID | None:
    return incident.session.patient_id if incident.session else None
