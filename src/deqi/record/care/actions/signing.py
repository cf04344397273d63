"""The signature, which is final, and what is added after it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log, log_first
from deqi.record.canonical import sha256_of
from deqi.record.care.actions.changing import State, must_be, session_for
from deqi.record.care.actions.courses import note_review_due
from deqi.record.care.models import Amendment, Appointment, Course, Session
from deqi.record.errors import Refusal

SIDE_EFFECTS_ASKED = "Ask whether anything unwanted was felt, and tick it. Nothing felt is an answer too."


@transaction.atomic
def sign_session(actor: Actor, session_id: UUID) -> Session:
    """Signs the visit: from now on nothing in it changes. A second signature changes nothing.

    The practitioner of the visit signs, or a senior clinician. Needles in and out must agree, or differ with a
    written reason; side effects must have been asked about.
    """
    session = session_for(actor, session_id, "session.sign")
    if session.state == State.SIGNED:
        return session
    must_be(session, State.OUT)
    senior = actor.may("safety.lift_stop", session.site_id)
    if session.practitioner_id != actor.practitioner_id and not senior:
        raise Refusal(
            f"{session.practitioner.user.name} needled, so they sign; or a senior clinician does.",
            code="not_yours",
        )
    if session.needles_in != session.needles_out and not session.count_reason:
        raise Refusal(
            f"{session.needles_in} needles in, {session.needles_out} out. Find the needle, or write why they differ.",
            field="needles_out",
            code="count_differs",
        )
    if not session.side_effects_asked:
        raise Refusal(SIDE_EFFECTS_ASKED, field="side_effects_asked", code="side_effects_not_asked")
    log_first()
    session.content_sha256 = content_hash(session)
    session.state, session.signed_at, session.signed_by_id = State.SIGNED, timezone.now(), actor.user_id
    session.version += 1
    session.save(update_fields=["content_sha256", "state", "signed_at", "signed_by", "version"])
    if session.appointment_id:
        Appointment.objects.filter(id=session.appointment_id).update(status=Appointment.Status.DONE)
    Course.objects.filter(id=session.course_id, status=Course.Status.PLANNED).update(
        status=Course.Status.ACTIVE
    )
    note_review_due(actor, session.course)
    log(
        actor,
        "session.sign",
        patient_id=session.patient_id,
        about=session,
        detail={"sha256": session.content_sha256},
    )
    return session


#: What the signature covers, in this order.
SIGNED_FIELDS = [
    "id",
    "course_id",
    "patient_id",
    "site_id",
    "room_id",
    "practitioner_id",
    "licence_id",
    "needle_lot_id",
    "number",
    "opened_at",
    "anything_new",
    "anything_new_asked",
    "steps",
    "treatment_line",
    "retention_planned_min",
    "needled_at",
    "removed_at",
    "needles_in",
    "needles_out",
    "count_reason",
    "comfort_0_10",
    "side_effects_asked",
    "note",
]
PLACEMENT_FIELDS = [
    "position",
    "code",
    "members",
    "side",
    "needles",
    "depth_mm",
    "technique",
    "deqi",
    "retention_min",
    "carried",
    "confirmed_at",
]
PAIR_FIELDS = ["first_code", "second_code", "side", "frequency_hz", "current_ma", "waveform"]


def content_hash(session: Session) -> str:
    """SHA-256 over what was signed: the session, its needles and its electrical pairs, as canonical JSON."""
    return _hash_as_read(Session.objects.get(id=session.id))


def _hash_as_read(session: Session) -> str:
    """The same of a session whose values are those that the database gave."""
    content = [
        [_plain(getattr(session, name)) for name in SIGNED_FIELDS],
        _rows(session.placements.order_by("position"), PLACEMENT_FIELDS),
        sorted(_rows(session.electrical_pairs.all(), PAIR_FIELDS)),
    ]
    return sha256_of(content)


def seal_holds(session: Session) -> bool:
    """Whether a signed visit, as it was just read, still has the fingerprint it was signed with."""
    return bool(session.content_sha256) and _hash_as_read(session) == session.content_sha256


def _rows(rows: Iterable[Any], fields: Iterable[str]) -> list[list[Any]]:
    return [[_plain(getattr(row, name)) for name in fields] for row in rows]


def _plain(value: Any) -> Any:
    """The value so that both databases write it alike: 12.0 and 12.00 are 12, times are UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value) if isinstance(value, UUID | date) else value


@transaction.atomic
def amend_session(actor: Actor, session_id: UUID, *, amendment_id: UUID, text: str, reason: str) -> Amendment:
    """Adds to a signed record, with author, time and reason; the original stays as it was."""
    session = session_for(actor, session_id, "session.amend")
    same = Amendment.objects.filter(id=amendment_id, session=session).first()
    if same is not None:
        return same
    must_be(session, State.SIGNED)
    if not text.strip():
        raise Refusal("Write what is to be added.", field="text")
    if not reason.strip():
        raise Refusal("Say why it is added.", field="reason")
    if len(reason.strip()) > 200:
        raise Refusal("Keep the reason under 200 characters; the text has room.", field="reason")
    amendment = Amendment.objects.create(
        id=amendment_id,
        session=session,
        text=text.strip(),
        reason=reason.strip(),
        author_id=actor.user_id,
        at=timezone.now(),
    )
    log(actor, "session.amend", patient_id=session.patient_id, about=amendment)
    return amendment
