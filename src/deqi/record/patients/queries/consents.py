"""Which consents are in force."""

from __future__ import annotations

from uuid import UUID

from deqi.record.patients.models import Consent


def consents_of(patient_id: UUID) -> list[Consent]:
    """Every decision of a patient, newest first."""
    return list(Consent.objects.filter(patient_id=patient_id).order_by("-at", "-id"))


def in_force(patient_id: UUID) -> dict[str, Consent]:
    """The newest decision of each kind that was ever asked, by kind. One query."""
    newest: dict[str, Consent] = {}
    for consent in consents_of(patient_id):
        newest.setdefault(consent.kind, consent)
    return newest


def consented(patient_id: UUID, kind: str) -> bool:
    """Whether consent of this kind is given and not withdrawn."""
    consent = in_force(patient_id).get(kind)
    return consent is not None and consent.decision == Consent.Decision.GIVEN
