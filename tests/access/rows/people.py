"""Rows behind the addresses about a person: other clinicians, contacts, shares."""

from deqi.record.patients.models import CareProvider, Contact, PatientShare


def provider(people, patient) -> dict:
    row = CareProvider.objects.create(patient=patient, name="Dr Somebody")
    return {"patient_id": patient.id, "provider_id": row.id}


def contact(people, patient) -> dict:
    row = Contact.objects.create(patient=patient, name="A friend", phone="1")
    return {"patient_id": patient.id, "contact_id": row.id}


def share(people, patient) -> dict:
    """Over already, so that it lets nobody in."""
    row = PatientShare.objects.create(
        patient=patient,
        site=people.north,
        shared_by=people.bob,
        reason="moved",
        ended_at=patient.registered_at,
    )
    return {"patient_id": patient.id, "share_id": row.id}


ROWS = {
    "clinic:end_provider": provider,
    "clinic:remove_contact": contact,
    "clinic:end_share": share,
}
