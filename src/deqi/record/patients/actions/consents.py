"""Giving, refusing and withdrawing consent. Each decision is a new row; the newest of a kind is in force."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.errors import Refusal
from deqi.record.patients.consent_texts import consent_text
from deqi.record.patients.models import Consent
from deqi.record.patients.queries import patient_for
from deqi.record.patients.queries.consents import in_force

DECISIONS = frozenset(Consent.Decision.values)


@transaction.atomic
def record_consent(
    actor: Actor, patient_id: UUID, kind: str, decision: str, signed_name: str, *, version: str
) -> Consent:
    """Keeps one decision (given, refused, withdrawn) on the text of `kind` that was on the page.

    The patient decides for themselves; staff record what was signed in the room. The same decision on the same
    words again changes nothing. Refused without a name, with words that are no longer those in force, and for a
    withdrawal of what was not given.
    """
    verb = "self.consent" if actor.patient_id == patient_id else "consent.record"
    patient = patient_for(actor, patient_id, verb, page=f"consent {kind}")
    text = consent_text(kind)
    if text is None or decision not in DECISIONS:
        raise Refusal("There is no such consent.", field="decision")
    if version != text.version:
        raise Refusal("The words have changed since this page was opened. Please read them again.")
    if not signed_name.strip():
        raise Refusal("Type your name to sign.", field="signed_name")
    held = in_force(patient.id).get(kind)
    if held and (held.decision, held.text_sha256) == (decision, text.sha256):
        return held
    if decision == Consent.Decision.WITHDRAWN and (held is None or held.decision != Consent.Decision.GIVEN):
        raise Refusal("There is nothing to withdraw: this was not agreed to.")
    consent = Consent.objects.create(
        patient=patient,
        kind=kind,
        version=text.version,
        text_sha256=text.sha256,
        decision=decision,
        signed_name=signed_name.strip()[:120],
        at=timezone.now(),
        recorded_by_id=actor.user_id,
    )
    log(
        actor,
        verb,
        patient_id=patient.id,
        about=consent,
        detail={"kind": kind, "decision": decision, "version": text.version},
    )
    return consent
