"""Letters to other clinicians: drafted, changed while a draft, sent once under consent, kept as sent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.models import Course, Letter, Review, Task
from deqi.record.care.queries.letters import letter_for, sharing_of
from deqi.record.errors import Refusal
from deqi.record.patients.models import CareProvider, Consent
from deqi.record.patients.queries import patient_for

URGENCIES = ("emergency_now", "same_day", "within_2_weeks", "routine")
HOW = {"email": "by e-mail", "printed": "printed and posted", "handed": "handed to the patient"}


@transaction.atomic
def draft_letter(
    actor: Actor,
    patient_id: UUID,
    letter_id: UUID,
    given: Mapping[str, Any],
    *,
    kind: str = "report",
    course_id: UUID | None = None,
    review_id: UUID | None = None,
) -> Letter:
    """Keeps a draft. `given`: to (id of a care provider), urgency, asked_first, body. Sent twice, kept once."""
    patient = patient_for(actor, patient_id, "letter.write", page="letter")
    same = Letter.objects.filter(id=letter_id, patient=patient).first()
    if same is not None:
        return same
    to = _receiver(patient_id, given["to"])
    _possible(given)
    letter = Letter.objects.create(
        id=letter_id,
        patient=patient,
        course=Course.objects.filter(id=course_id, patient=patient).first(),
        review=Review.objects.filter(id=review_id, course__patient=patient).first(),
        to=to,
        kind=kind if kind in ("report", "referral") else "report",
        urgency=given["urgency"],
        asked_first=given["asked_first"].strip(),
        body=dict(given["body"]),
        written_by_id=actor.user_id,
        written_at=timezone.now(),
    )
    log(
        actor,
        "letter.write",
        patient_id=patient.id,
        about=letter,
        detail={"kind": letter.kind, "to": str(to.id)},
    )
    return letter


@transaction.atomic
def change_letter(actor: Actor, letter_id: UUID, given: Mapping[str, Any]) -> Letter:
    """Changes a draft. Raises Refusal once it was sent."""
    patient, letter = letter_for(actor, letter_id, "letter.write", page="letter draft")
    if letter.sent_at is not None:
        raise Refusal("This letter was sent and stays as it was. Write a new one.", code="sent")
    _possible(given)
    letter.to = _receiver(patient.id, given["to"])
    letter.urgency, letter.asked_first = given["urgency"], given["asked_first"].strip()
    letter.body = {**letter.body, **given["body"]}
    letter.save(update_fields=["to", "urgency", "asked_first", "body"])
    log(actor, "letter.write", patient_id=patient.id, about=letter, detail={"changed": True})
    return letter


@transaction.atomic
def send_letter(actor: Actor, letter_id: UUID, how: str, pdf: bytes) -> Letter:
    """Sends under the sharing consent in force; keeps the PDF as sent with its fingerprint.

    Sending twice changes nothing. Raises Refusal without consent (saying which decision stands), for an unknown
    way, or when the doctor has no e-mail address. A mail that cannot be handed over undoes everything.
    """
    patient, letter = letter_for(actor, letter_id, "letter.send", page="letter sent")
    letter = (
        Letter.objects.select_for_update(of=("self",), no_key=True).select_related("to").get(id=letter.id)
    )
    if letter.sent_at is not None:
        return letter
    if how not in HOW:
        raise Refusal("Say how it goes: by e-mail, printed or handed over.", field="how")
    consent = sharing_of(patient)
    if consent is None or consent.decision != Consent.Decision.GIVEN:
        raise Refusal(why_not(consent, patient.given_name), code="no_consent")
    if how == "email" and not letter.to.email:
        raise Refusal(f"{letter.to.name} has no e-mail address in this record.", field="how")
    letter.pdf, letter.pdf_sha256 = pdf, hashlib.sha256(pdf).hexdigest()
    letter.sent_at, letter.sent_by_id = timezone.now(), actor.user_id
    letter.sent_how, letter.consent = how, consent
    letter.save()
    link = f"/letters/{letter.id}/"
    Task.objects.filter(patient=patient, done_at=None, link=link).update(
        done_at=letter.sent_at, done_by_id=actor.user_id
    )
    if letter.review_id:
        asked = f"/patients/{patient.id}/letters/new/?review={letter.review_id}"
        Task.objects.filter(patient=patient, done_at=None, link=asked).update(
            done_at=letter.sent_at, done_by_id=actor.user_id
        )
    log(
        actor,
        "letter.send",
        patient_id=patient.id,
        about=letter,
        detail={
            "how": how,
            "to": str(letter.to_id),
            "sha256": letter.pdf_sha256,
            "consent": str(consent.id),
        },
    )
    if how == "email":
        _mail(letter, pdf)
    return letter


def why_not(consent: Consent | None, name: str) -> str:
    """Why nothing may be sent, in words."""
    if consent is None:
        return f"{name} has not been asked about sharing with their doctors. Ask, then send."
    said = "refused" if consent.decision == Consent.Decision.REFUSED else "withdrew"
    return f"{name} {said} sharing on {consent.at:%d %b %Y}. Nothing is sent against that; ask again, or tell them why it matters."


def _receiver(patient_id: UUID, provider_id: Any) -> CareProvider:
    to = CareProvider.objects.filter(id=provider_id, patient_id=patient_id, ended_at=None).first()
    if to is None:
        raise Refusal("Choose one of this person's doctors, or add one under Details.", field="to")
    return to


def _possible(given: Mapping[str, Any]) -> None:
    if given["urgency"] not in URGENCIES:
        raise Refusal("Choose how urgent it is.", field="urgency")
    if not given["asked_first"].strip():
        raise Refusal("Say what is asked of the reader, or that nothing is asked.", field="asked_first")


def _mail(letter: Letter, pdf: bytes) -> None:
    """The text of the mail names nobody; the letter is attached."""
    message = EmailMessage(
        subject="A letter about a patient we share",
        body="The letter is attached as a PDF. Please answer to the clinic named in it.",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.to.email],
    )
    message.attach("letter.pdf", pdf, "application/pdf")
    try:
        message.send()
    except OSError as error:
        raise Refusal(
            f"The mail could not be handed over ({error}). Nothing was sent; try again or print it."
        )
    except ValueError:  # its words may hold a sign of the password
        raise Refusal(
            "The mail could not be handed over: the address, or the mail server's password, holds signs that mail "
            "cannot carry. Nothing was sent; print it."
        )
