"""A patient's way in: a link that works once, and what opening it sets up."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log, log_first
from deqi.record.errors import Refusal
from deqi.record.patients.models import Invitation
from deqi.record.patients.queries import patient_for
from deqi.record.practice.models import User
from deqi.record.practice.queries import actor_of

#: Long enough for somebody who reads mail once a week.
VALID_DAYS = 14


@transaction.atomic
def invite(actor: Actor, patient_id: UUID, *, sent_to: str = "") -> str:
    """Makes the link that lets this patient set up their sign-in, and ends every older one.

    Returns the whole address (https://clinic.example/account/invitation/SECRET/). Only the secret's hash is
    kept: the link cannot be shown again. `sent_to` is the address it will be mailed to, "" when it is printed.
    """
    patient = patient_for(actor, patient_id, "patient.invite", page="invitation")
    if patient.archived_at:
        raise Refusal("This record is archived; bring it back before you invite the person.")
    now = timezone.now()
    patient.invitations.filter(used_at=None, revoked_at=None).update(revoked_at=now)
    secret = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        patient=patient,
        secret_sha256=_hash(secret),
        created_by_id=actor.user_id,
        sent_to=sent_to,
        expires_at=now + timedelta(days=VALID_DAYS),
    )
    log(actor, "patient.invite", patient_id=patient.id, about=invitation, detail={"mailed": bool(sent_to)})
    return settings.ORIGIN.rstrip("/") + reverse("account_invitation", args=[secret])


def invitation_of(secret: str) -> Invitation:
    """The open invitation behind a link. Raises Refusal with code unknown, used, revoked or expired."""
    found = (
        Invitation.objects.select_related("patient__home_site__organization", "patient__user")
        .filter(secret_sha256=_hash(secret))
        .first()
    )
    if found is None:
        raise Refusal(
            "This link is not complete. Open it again from the e-mail or the letter.", code="unknown"
        )
    if found.used_at:
        raise Refusal("This link was used already. You can sign in as you chose then.", code="used")
    if found.revoked_at:
        raise Refusal("A newer link was made for you. Please use that one.", code="revoked")
    if found.expires_at < timezone.now():
        raise Refusal("This link is too old. Ask the clinic for a new one.", code="expired")
    return found


@transaction.atomic
def accept(secret: str, *, email: str = "") -> User:
    """Uses the link up and returns the patient's user, made now if there was none.

    `email` is where codes will go; needed only when the record holds none. Refused when another account
    signs in with it: two people must not share a key.
    """
    invitation = invitation_of(secret)
    log_first()
    taken = Invitation.objects.filter(id=invitation.id, used_at=None).update(used_at=timezone.now())
    if not taken:
        raise Refusal("This link was used already. You can sign in as you chose then.", code="used")
    patient = invitation.patient
    if patient.user is None:
        address = _address(email or invitation.sent_to or patient.email)
        patient.user = User.objects.create_user(address, patient.name)
        patient.email = patient.email or address
        patient.save()
    log(actor_of(patient.user), "invitation.accept", patient_id=patient.id, about=invitation)
    return patient.user


def _address(email: str) -> str:
    try:
        validate_email(email)
    except ValidationError:
        raise Refusal("Type the e-mail address at which codes reach you.", field="email")
    if User.objects.filter(email__iexact=email).exists():
        raise Refusal(
            "Another account here signs in with this address. Use one of your own, or ask the clinic.",
            field="email",
            code="taken",
        )
    return email.lower()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
