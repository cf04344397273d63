"""Letters to other clinicians: drafted, changed while a draft, sent once under consent, kept as sent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log, log_first
from deqi.record.care.models import Course, Letter, Review, Task
from deqi.record.care.queries.letters import letter_for, sharing_of
from deqi.record.errors import Refusal
from deqi.record.patients.models import CareProvider, Consent
from deqi.record.patients.queries import patient_for
from deqi.record.post import UNSENT, Post, reason

URGENCIES = ("emergency_now", "same_day", "within_2_weeks", "routine")
HOW = {"email": "by e-mail", "printed": "printed and posted", "handed": "handed to the patient"}
#: What is said in place of a way of a letter that may have gone: the reader has it.
ARRIVED = "arrived"


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
    letter = _held(letter)
    if letter.sent_at is not None:
        raise Refusal("This letter was sent and stays as it was. Write a new one.", code="sent")
    if letter.mailed_at is not None:
        raise Refusal("This letter may have gone as it stands, so it stays so. Write a new one.", code="sent")
    _possible(given)
    letter.to = _receiver(patient.id, given["to"])
    letter.urgency, letter.asked_first = given["urgency"], given["asked_first"].strip()
    letter.body = {**letter.body, **given["body"]}
    letter.save(update_fields=["to", "urgency", "asked_first", "body"])
    log(actor, "letter.write", patient_id=patient.id, about=letter, detail={"changed": True})
    return letter


def send_letter(
    actor: Actor, letter_id: UUID, how: str, pdf: bytes, *, after: datetime | None = None
) -> Letter:
    """Sends under the sharing consent in force; keeps the PDF as sent with its fingerprint.

    Sending twice changes nothing. A mail is claimed and committed, handed over outside any transaction, and what the
    mail server said is written down (decision 0101). Where nobody can tell whether it went, the letter stays claimed
    (`may_have_gone`): only who names that try in `after` (its `mailed_at`) sends again, or says ("arrived") that it did
    come. Raises Refusal without consent (saying which decision stands), for an unknown way, when the doctor has no
    e-mail address, and when the mail server did not take it.
    """
    letter, before = _take(actor, letter_id, how, pdf, after)
    if letter.sent_at is None:
        _mail(actor, letter, before)
    return letter


@transaction.atomic
def _take(
    actor: Actor, letter_id: UUID, how: str, pdf: bytes, after: datetime | None
) -> tuple[Letter, datetime | None]:
    """The letter as sent when no mail is needed, else claimed for mailing; and when it may have gone before."""
    patient, letter = letter_for(actor, letter_id, "letter.send", page="letter sent")
    letter = _held(letter)
    before = letter.mailed_at
    if letter.sent_at is not None:
        return letter, before
    if how not in HOW and not (before and how == ARRIVED):
        raise Refusal("Say how it goes: by e-mail, printed or handed over.", field="how")
    _known_to_whom_sends(letter, after)
    if how == ARRIVED:
        _note_sent(actor, letter, at=before, by="word")
        return letter, before
    consent = sharing_of(patient)
    if consent is None or consent.decision != Consent.Decision.GIVEN:
        raise Refusal(why_not(consent, patient.given_name), code="no_consent")
    if how == "email" and not letter.to.email:
        raise Refusal(f"{letter.to.name} has no e-mail address in this record.", field="how")
    letter.pdf, letter.pdf_sha256 = pdf, hashlib.sha256(pdf).hexdigest()
    letter.sent_by_id, letter.sent_how, letter.consent = actor.user_id, how, consent
    if how == "email":
        letter.mailed_at = timezone.now()
        letter.save()
        log(actor, "letter.mail", patient_id=patient.id, about=letter, detail=_said(letter))
    else:
        _note_sent(actor, letter, at=timezone.now())
    return letter, before


def _held(letter: Letter) -> Letter:
    """The letter as it stands now, kept from everybody else to the end of the transaction."""
    return Letter.objects.select_for_update(of=("self",), no_key=True).select_related("to").get(id=letter.id)


def _known_to_whom_sends(letter: Letter, after: datetime | None) -> None:
    """Raises Refusal unless the try before is over and the acting person was told of it."""
    if letter.being_mailed:
        raise Refusal(
            "This letter is being handed to the mail server just now. Look again in a few minutes.",
            code="under_way",
        )
    if letter.mailed_at is None and after is not None:
        raise Refusal(
            "The mail server did not take this letter: it is a draft again. Look at it, then send it."
        )
    if letter.mailed_at != after:
        raise Refusal(f"{may_have_gone(letter)} Open the letter to send it again.", code="may_have_gone")


def _note_sent(actor: Actor, letter: Letter, *, at: datetime | None, **more: str) -> None:
    """Writes down that it is sent, in the transaction of the caller, who holds the letter."""
    letter.sent_at = at
    letter.save()
    links = [f"/letters/{letter.id}/"]
    if letter.review_id:
        links.append(f"/patients/{letter.patient_id}/letters/new/?review={letter.review_id}")
    Task.objects.filter(patient=letter.patient_id, done_at=None, link__in=links).update(
        done_at=timezone.now(), done_by_id=actor.user_id
    )
    log(actor, "letter.send", patient_id=letter.patient_id, about=letter, detail=_said(letter) | more)


def _said(letter: Letter) -> dict[str, str]:
    return {
        "how": letter.sent_how,
        "to": str(letter.to_id),
        "sha256": letter.pdf_sha256,
        "consent": str(letter.consent_id),
    }


def may_have_gone(letter: Letter) -> str:
    """What to do about a mail of which nobody knows, in words."""
    return (
        f"The letter may or may not have gone. Ask {letter.to.name} whether it came before sending it again."
    )


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


def _mail(actor: Actor, letter: Letter, before: datetime | None) -> None:
    """Hands a claimed letter over and writes down what came of it. Raises Refusal when it did not go, or may not have."""
    with Post() as post:
        try:
            post.send(_message(letter))
        except UNSENT as error:
            if post.may_have_gone(error):
                raise Refusal(f"{_sentence(error)} {may_have_gone(letter)}", code="may_have_gone") from error
            _note_refused(actor, letter, before)
            nothing = "This time nothing was sent" if before else "Nothing was sent"
            raise Refusal(f"{_sentence(error)} {nothing}; try again or print it.") from error
        _note_mailed(actor, letter)


def _sentence(error: OSError | ValueError) -> str:
    return f"The mail could not be handed over: {reason(error)}."


@transaction.atomic
def _note_mailed(actor: Actor, letter: Letter) -> None:
    """Writes down that the mail server took it. A crash before this leaves a letter that may have gone."""
    if _still_claimed(letter):
        _note_sent(actor, letter, at=letter.mailed_at)


@transaction.atomic
def _note_refused(actor: Actor, letter: Letter, before: datetime | None) -> None:
    """Makes it a draft again; a letter that may have gone by an earlier try (at `before`) stays one that may have."""
    if not _still_claimed(letter):
        return
    letter.mailed_at = before
    if before is None:
        letter.pdf, letter.pdf_sha256, letter.sent_how = None, "", ""
        letter.sent_by = letter.consent = None
    letter.save()
    log(actor, "letter.refused", patient_id=letter.patient_id, about=letter)


def _still_claimed(letter: Letter) -> bool:
    """Whether the claim is still this one's; whoever would take it waits for the log, which is held from here on."""
    log_first()
    return Letter.objects.filter(id=letter.id, sent_at=None, mailed_at=letter.mailed_at).exists()


def _message(letter: Letter) -> EmailMessage:
    """The text of the mail names nobody; the letter is attached."""
    message = EmailMessage(
        subject="A letter about a patient we share",
        body="The letter is attached as a PDF. Please answer to the clinic named in it.",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.to.email],
    )
    assert letter.pdf is not None, "claimed with its PDF"
    message.attach("letter.pdf", bytes(letter.pdf), "application/pdf")
    return message
