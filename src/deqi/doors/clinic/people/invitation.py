"""The invitation as mail and as a code for a phone's camera."""

from __future__ import annotations

import logging

import qrcode
from django.utils.safestring import mark_safe
from qrcode.image.svg import SvgPathImage

from deqi.doors.accounts.invitations import mail_invitation
from deqi.record.patients.models import Patient
from deqi.record.post import UNSENT

logger = logging.getLogger(__name__)


def qr_code(text: str) -> str:
    """`text` as an SVG to be scanned: black on white in light and in dark, so that every camera reads it."""
    drawing = qrcode.make(text, image_factory=SvgPathImage, border=2).to_string(encoding="unicode")
    return mark_safe(drawing)  # noqa: S308 - drawn by us; the text is in it as squares only


def mailed(patient: Patient, link: str) -> bool:
    """Sends the link to the patient's address; False without one, or when the mail server would not take it."""
    if not patient.email:
        return False
    try:
        mail_invitation(patient, link, patient.email)
    except UNSENT:
        logger.exception("An invitation could not be mailed")
        return False
    return True
