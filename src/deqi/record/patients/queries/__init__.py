"""Finding patients, always through the acting person's scope, always leaving a trace in the audit log."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.errors import Forbidden, NotFound
from deqi.record.patients.models import Patient, PatientShare

#: Verbs with which a person reaches their own record, and nothing else.
SELF_VERBS = frozenset({"self.view", "self.answer", "self.consent"})


def patients_in_scope(actor: Actor, verb: str = "patient.find") -> QuerySet[Patient]:
    """Patients whom `actor` may meet with `verb`: of their sites, or shared with one of them."""
    if verb in SELF_VERBS:
        return Patient.objects.filter(id=actor.patient_id) if actor.may(verb) else Patient.objects.none()
    sites = actor.sites(verb)
    if sites is None:
        return Patient.objects.all()
    # A subquery, not a join: no row comes twice, so no DISTINCT has to sort 100,000 patients.
    shared = PatientShare.objects.filter(site__in=sites, ended_at=None).values("patient")
    return Patient.objects.filter(Q(home_site__in=sites) | Q(id__in=shared))


def reachable(actor: Actor, verb: str = "patient.find", by: str = "patient") -> Q:
    """The same scope, as a condition on rows that point to a patient through `by` ("patient", "course__patient").

    The database asks it of each row found by its id, instead of listing every patient in scope first.
    """
    if verb in SELF_VERBS:
        return Q(**{f"{by}_id": actor.patient_id if actor.may(verb) else None})
    sites = actor.sites(verb)
    if sites is None:
        return Q()
    shared = PatientShare.objects.filter(patient=OuterRef(f"{by}_id"), site__in=sites, ended_at=None)
    return Q(**{f"{by}__home_site__in": sites}) | Q(Exists(shared))


def patient_for(actor: Actor, patient_id: UUID, verb: str, *, page: str = "") -> Patient:
    """The patient, if `actor` may do `verb` with them; the look is written to the audit log.

    Raises NotFound when they are not in the acting person's scope (or do not exist) and Forbidden when they
    are but the role does not allow the verb. `page` names what is looked at ("chart", "session 12").
    """
    found = patients_in_scope(actor, verb).filter(id=patient_id).select_related("home_site").first()
    if found is None:
        if actor.may("patient.find") and patients_in_scope(actor).filter(id=patient_id).exists():
            raise Forbidden(verb)
        raise NotFound("There is no such patient at your sites.")
    log(actor, verb, patient_id=found.id, about=found, detail={"page": page} if page else None)
    return found
