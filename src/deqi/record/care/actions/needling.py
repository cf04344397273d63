"""The needles of a visit: the line, what is carried over, in, the rest, out, and the count."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.actions.changing import OPEN_STATES, State, change, must_be, session_for
from deqi.record.care.actions.collecting import withdraw
from deqi.record.care.actions.screens import keep_screen, must_be_safe
from deqi.record.care.actions.sessions import consent_or_refusal, licence_or_refusal
from deqi.record.care.actions.suggesting import keep_suggestion
from deqi.record.care.line import merged, named, read
from deqi.record.care.models import RETENTION_MIN, Incident, Session
from deqi.record.care.placements import (
    Key,
    affected_side,
    carried_keys,
    key_of,
    needles_of,
    placements_of,
    write_placements,
)
from deqi.record.errors import Refusal
from deqi.record.practice.clock import today_at
from deqi.science.points import Placement, format_line

MOST_NEEDLES = 150


@transaction.atomic
def add_to_line(actor: Actor, session_id: UUID, version: int, typed: str) -> Session:
    """Adds what was typed to today's points, or changes or takes away the points it names (see `care.line`).

    A carried point that is typed again counts as confirmed. Posting the same words again changes nothing.
    """
    session = session_for(actor, session_id, "session.run")
    must_be(session, *OPEN_STATES)
    side = affected_side(session.patient)
    placements = merged(placements_of(session), typed, side)
    codes = named(typed, side)
    carried = {key for key in carried_keys(session) if key[0].partition(":")[0] not in codes}
    _set_line(actor, session, version, placements, carried)
    return session


@transaction.atomic
def set_treatment_line(actor: Actor, session_id: UUID, version: int, text: str) -> Session:
    """Replaces the whole line by `text`. A carried point that stays as it was still waits to be confirmed."""
    session = session_for(actor, session_id, "session.run")
    must_be(session, *OPEN_STATES)
    placements = read(text, affected_side(session.patient))
    before = {key_of(placement): placement for placement in placements_of(session)}
    same = {key_of(placement) for placement in placements if before.get(key_of(placement)) == placement}
    _set_line(actor, session, version, placements, carried_keys(session) & same)
    return session


def _set_line(
    actor: Actor, session: Session, version: int, placements: Sequence[Placement], carried: Collection[Key]
) -> None:
    line = format_line(placements)
    if line == session.treatment_line and set(carried) == carried_keys(session):
        return
    needles_in = _needles_after(session, placements)
    change(actor, session, "line", version, treatment_line=line, needles_in=needles_in)
    write_placements(session, placements, carried)
    screen = keep_screen(actor, session)
    if session.state != State.OPEN and screen.verdict == "stop" and screen.lifted_by_id is None:
        raise Refusal(
            "The safety screen says stop for this point. It was not added.", field="line", code="safety_stop"
        )
    log(actor, "session.line", patient_id=session.patient_id, about=session, detail={"line": line})


def _needles_after(session: Session, placements: Sequence[Placement]) -> int | None:
    """The count in after a change of the line: during the rest needles may join, none may vanish."""
    if session.state == State.OPEN:
        return session.needles_in
    more = needles_of(placements) - needles_of(placements_of(session))
    kept = {key_of(placement) for placement in placements}
    if not {key_of(placement) for placement in placements_of(session)} <= kept or more < 0:
        raise Refusal(
            "The needles are in: a point cannot be taken off the line now. Count it out at the end, and say in the "
            "note if it came out early.",
            field="line",
            code="needles_are_in",
        )
    if more and session.state == State.OUT:
        raise Refusal("The needles are out: no point can be added.", field="line", code="needles_are_out")
    return (session.needles_in or 0) + more


@transaction.atomic
def confirm_carried(actor: Actor, session_id: UUID, codes: Collection[str] | None = None) -> Session:
    """Confirms the points carried over from last time: all of them, or those with one of `codes`."""
    session = session_for(actor, session_id, "session.run")
    must_be(session, State.OPEN)
    waiting = session.placements.filter(carried=True, confirmed_at=None)
    if codes is not None:
        waiting = waiting.filter(code__in=codes)
    done = list(waiting.values_list("code", flat=True))
    if done:
        waiting.update(confirmed_at=timezone.now())
        log(actor, "session.confirm", patient_id=session.patient_id, about=session, detail={"codes": done})
    return session


@transaction.atomic
def set_retention(actor: Actor, session_id: UUID, version: int, minutes: int) -> Session:
    """How long the needles are to stay: 1 to 60 minutes. It can be changed during the rest."""
    session = session_for(actor, session_id, "session.run")
    must_be(session, State.OPEN, State.RESTING)
    if not RETENTION_MIN[0] <= minutes <= RETENTION_MIN[1]:
        raise Refusal(
            f"{minutes} minutes is not possible: {RETENTION_MIN[0]} to {RETENTION_MIN[1]}.",
            field="retention_min",
        )
    if change(actor, session, "retention", version, retention_planned_min=minutes):
        log(
            actor,
            "session.retention",
            patient_id=session.patient_id,
            about=session,
            detail={"minutes": minutes},
        )
    return session


@transaction.atomic
def needles_in(actor: Actor, session_id: UUID, count: int, *, at: datetime | None = None) -> Session:
    """All needles are in: the count, and the rest begins. The same count posted again changes nothing.

    Refuses without consent and licence, before "anything new?" was asked, while a carried point waits to be
    confirmed, while the screen says stop, and when fewer needles are counted than the points make. `at` is when
    the last needle went in (now by default; never in the future, never before the visit began).
    """
    session = session_for(actor, session_id, "session.run")
    if session.state == State.RESTING and session.needles_in == count:
        return session
    must_be(session, State.OPEN)
    placements = placements_of(session)
    licence_or_refusal(actor, session.site, today_at(session.site))
    consent_or_refusal(session.patient)
    if not session.anything_new_asked:
        raise Refusal(
            "Ask whether anything is new, and the starred questions, before the first needle.",
            code="not_asked",
        )
    if not placements:
        raise Refusal("No point is written yet.", field="line", code="no_points")
    if waiting := carried_keys(session):
        codes = ", ".join(sorted(key[0].partition(":")[0] for key in waiting))
        raise Refusal(f"Not confirmed yet from last time: {codes}.", field="line", code="not_confirmed")
    must_be_safe(actor, session)
    _count_in_is_possible(count, needles_of(placements))
    now = timezone.now()
    at = at or now
    if not session.opened_at <= at <= now:
        raise Refusal("The needles cannot have gone in before the visit began or in the future.", field="at")
    keep_suggestion(actor, session, {placement.code for placement in placements})
    change(actor, session, "rest", session.version, state=State.RESTING, needles_in=count, needled_at=at)
    withdraw(session.course, "needled", kinds=["baseline"])
    log(actor, "session.needles_in", patient_id=session.patient_id, about=session, detail={"count": count})
    return session


def _count_in_is_possible(count: int, by_points: int) -> None:
    if count < by_points:
        raise Refusal(
            f"The points make {by_points} needles and {count} are counted. Count again, or correct the points.",
            field="needles_in",
            code="count_in_differs",
        )
    if count > MOST_NEEDLES:
        raise Refusal(f"More than {MOST_NEEDLES} needles is taken for a slip.", field="needles_in")


@transaction.atomic
def look_in(actor: Actor, session_id: UUID) -> Session:
    """Somebody looked in during the rest."""
    session = session_for(actor, session_id, "session.run")
    must_be(session, State.RESTING)
    change(actor, session, "look", session.version, looked_in_at=timezone.now())
    log(actor, "session.look_in", patient_id=session.patient_id, about=session)
    return session


@transaction.atomic
def needles_out(actor: Actor, session_id: UUID, count: int, reason: str = "") -> Session:
    """All needles are out: the count. Counting again before the signature corrects it; the time stays the first.

    A count that differs from the count in needs a reason, which opens an incident. Raises Refusal without one.
    """
    session = session_for(actor, session_id, "session.run")
    reason = reason.strip()
    if session.state == State.OUT and (session.needles_out, session.count_reason) == (count, reason):
        return session
    must_be(session, State.RESTING, State.OUT)
    if not 0 <= count <= MOST_NEEDLES:
        raise Refusal(f"A count is from 0 to {MOST_NEEDLES}.", field="needles_out")
    if count != session.needles_in and not reason:
        raise Refusal(
            f"{session.needles_in} needles went in and {count} came out. Look for the needle: couch, floor, clothes, "
            "scalp, hairline. If it stays so, write what happened.",
            field="needles_out",
            code="count_differs",
        )
    reason = reason if count != session.needles_in else ""
    change(
        actor,
        session,
        "rest",
        session.version,
        state=State.OUT,
        needles_out=count,
        count_reason=reason,
        removed_at=session.removed_at or timezone.now(),
    )
    if reason:
        _open_incident(actor, session, reason)
    log(actor, "session.needles_out", patient_id=session.patient_id, about=session, detail={"count": count})
    return session


def _open_incident(actor: Actor, session: Session, reason: str) -> None:
    Incident.objects.get_or_create(
        id=uuid5(session.id, "needle count"),
        defaults={
            "site_id": session.site_id,
            "session": session,
            "kind": "needle_count",
            "description": f"{session.needles_in} needles in, {session.needles_out} out. {reason}",
            "opened_at": timezone.now(),
            "opened_by_id": actor.user_id,
        },
    )
