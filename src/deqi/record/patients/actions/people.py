"""Registering a person, changing their details, and who stands around them: contacts and other clinicians."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import CareProvider, Contact, Patient, folded
from deqi.record.patients.queries import patient_for, patients_in_scope
from deqi.record.practice.models import Organization, Site

OLDEST_YEARS = 120
#: Fields of a patient that the front desk keeps.
DETAILS = ("given_name", "family_name", "birth_date", "sex", "phone", "email", "address")


def duplicates_of(given_name: str, family_name: str, birth_date: date) -> list[Patient]:
    """Patients anywhere in the clinic with this name (accents and case aside) and birth date.

    For the actions of this module: what may be shown of them depends on who asks.
    """
    name = folded(f"{family_name} {given_name}")[:170]
    return list(Patient.objects.filter(birth_date=birth_date, search_name=name).select_related("home_site"))


@transaction.atomic
def register(
    actor: Actor,
    *,
    patient_id: UUID,
    site_id: UUID,
    details: dict[str, Any],
    providers: tuple[dict[str, str], ...] = (),
    contacts: tuple[dict[str, str], ...] = (),
    not_a_duplicate: bool = False,
) -> Patient:
    """Adds a person with a fresh record number. Sent twice with the same `patient_id`, it adds one.

    Refused (code `duplicate`) when somebody has the same name and birth date, unless `not_a_duplicate`.
    """
    actor.check("patient.register", site_id)
    already = patients_in_scope(actor).filter(id=patient_id).first()
    if already is not None:
        return already
    if Patient.objects.filter(id=patient_id).exists():
        raise NotFound("There is no such patient at your sites.")
    site = Site.objects.filter(id=site_id, active=True).first()
    if site is None:
        raise Refusal("Choose a site that is open.", field="site")
    _possible(details)
    if not not_a_duplicate and duplicates_of(
        details["given_name"], details["family_name"], details["birth_date"]
    ):
        raise Refusal(
            "Somebody with this name and birth date is already registered.", code="duplicate", field=""
        )
    patient = Patient(
        id=patient_id, home_site=site, record_number=_next_number(), **{k: details[k] for k in DETAILS}
    )
    patient.save(force_insert=True)
    CareProvider.objects.bulk_create([CareProvider(patient=patient, **given) for given in providers])
    Contact.objects.bulk_create([Contact(patient=patient, **given) for given in contacts])
    log(actor, "patient.register", patient_id=patient.id, about=patient)
    return patient


@transaction.atomic
def edit_details(actor: Actor, patient_id: UUID, details: dict[str, Any]) -> Patient:
    """Changes name, birth date, sex and how to reach the person. The log names the fields, not the values."""
    patient = patient_for(actor, patient_id, "patient.edit", page="details")
    _possible(details)
    changed = [name for name in DETAILS if getattr(patient, name) != details[name]]
    if not changed:
        return patient
    for name in changed:
        setattr(patient, name, details[name])
    patient.save()
    log(actor, "patient.edit", patient_id=patient.id, about=patient, detail={"changed": changed})
    return patient


@transaction.atomic
def add_provider(actor: Actor, patient_id: UUID, provider_id: UUID, given: dict[str, str]) -> CareProvider:
    """Adds another clinician of the person. Sent twice with the same id, it adds one."""
    patient = patient_for(actor, patient_id, "patient.edit", page="other clinicians")
    provider, created = CareProvider.objects.get_or_create(
        id=provider_id, patient=patient, defaults={**given, "patient": patient}
    )
    if created:
        log(actor, "patient.edit", patient_id=patient.id, about=provider, detail={"added": provider.kind})
    return provider


@transaction.atomic
def end_provider(actor: Actor, patient_id: UUID, provider_id: UUID) -> None:
    """The clinician no longer looks after the person. The row stays: letters name it."""
    patient = patient_for(actor, patient_id, "patient.edit", page="other clinicians")
    provider = patient.care_providers.filter(id=provider_id).first()
    if provider is None:
        raise NotFound("There is no such clinician in this record.")
    if provider.ended_at is None:
        provider.ended_at = timezone.now()
        provider.save(update_fields=["ended_at"])
        log(actor, "patient.edit", patient_id=patient.id, about=provider, detail={"ended": provider.kind})


@transaction.atomic
def add_contact(actor: Actor, patient_id: UUID, contact_id: UUID, given: dict[str, Any]) -> Contact:
    """Adds somebody to call. Sent twice with the same id, it adds one."""
    patient = patient_for(actor, patient_id, "patient.edit", page="contacts")
    contact, created = Contact.objects.get_or_create(
        id=contact_id, patient=patient, defaults={**given, "patient": patient}
    )
    if created:
        log(actor, "patient.edit", patient_id=patient.id, about=contact, detail={"added": "contact"})
    return contact


@transaction.atomic
def remove_contact(actor: Actor, patient_id: UUID, contact_id: UUID) -> None:
    """Takes somebody off the list of people to call; the log keeps that there was one."""
    patient = patient_for(actor, patient_id, "patient.edit", page="contacts")
    contact = patient.contacts.filter(id=contact_id).first()
    if contact is not None:
        log(actor, "patient.edit", patient_id=patient.id, about=contact, detail={"removed": "contact"})
        contact.delete()


def _possible(details: dict[str, Any]) -> None:
    today = timezone.localdate()
    born = details["birth_date"]
    if born > today:
        raise Refusal("The birth date lies in the future.", field="birth_date")
    if born.year < today.year - OLDEST_YEARS:
        raise Refusal(f"The birth date is more than {OLDEST_YEARS} years ago.", field="birth_date")
    for name in ("given_name", "family_name"):
        if not details[name].strip():
            raise Refusal("A name is needed.", field=name)


def _next_number() -> int:
    """One more than the highest record number; the organisation's row is the lock."""
    list(Organization.objects.select_for_update(no_key=True).values_list("id"))
    return (Patient.objects.aggregate(highest=Max("record_number"))["highest"] or 0) + 1
