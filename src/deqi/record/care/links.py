"""The link in a reminder: it opens one request, for a while, and nothing else of the record.

The token is signed with the clinic's key and carries the request's id and a fingerprint of the address it was mailed
to: a corrected address ends the links to the old one. That it is still open is asked of the request itself.
"""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _

from deqi.record.care.models import RatingRequest
from deqi.record.errors import Refusal
from deqi.record.patients.models import Patient

SALT = "deqi.rating-link"
#: No link lives longer, whatever its request says.
LONGEST_S = 21 * 24 * 3600


def address_of(patient: Patient) -> str:
    """Where messages to this person go; "" when nowhere."""
    return patient.email or (patient.user.email if patient.user else "")


def token_for(request: RatingRequest) -> str:
    return signing.dumps([request.id.hex, _print(address_of(request.patient))], salt=SALT)


def link_for(request: RatingRequest, view: str = "rating:begin") -> str:
    """The whole address, e.g. https://clinic.example/r/TOKEN/."""
    return settings.ORIGIN.rstrip("/") + reverse(view, args=[token_for(request)])


def request_behind(token: str) -> RatingRequest:
    """The request a link was made for. Raises Refusal (unknown, expired) with words for the person."""
    try:
        key, address = signing.loads(token, salt=SALT, max_age=LONGEST_S)
    except signing.SignatureExpired:
        raise Refusal(_("This link is too old. The next message brings a new one."), code="expired")
    except signing.BadSignature:
        raise Refusal(_("This link is not complete. Open it again from the message."), code="unknown")
    found = (
        RatingRequest.objects.select_related("patient__user", "site__organization", "course")
        .filter(id=UUID(key))
        .first()
    )
    if found is None or _print(address_of(found.patient)) != address:
        raise Refusal(_("This link no longer works. The next message brings a new one."), code="unknown")
    return found


def _print(address: str) -> str:
    return hashlib.sha256(address.strip().lower().encode()).hexdigest()[:12]
