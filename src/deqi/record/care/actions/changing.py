"""How a session changes: found in scope, locked, one part at a time, never over what somebody else just saved.

A session has parts (the line, the note, the counts, ...). Each part remembers the version at which it last
changed. Who saves a part that somebody else changed since they opened the page gets a `Conflict` with both.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.care.models import Session
from deqi.record.errors import Conflict, Forbidden, NotFound, Refusal
from deqi.record.patients.queries import patients_in_scope, reachable

State = Session.State
OPEN_STATES = (State.OPEN, State.RESTING, State.OUT)


def session_for(actor: Actor, session_id: UUID, verb: str, *, lock: bool = True) -> Session:
    """The session, if `actor` may do `verb` with its patient at its site; locked until the transaction ends.

    The caller writes the audit entry. Raises NotFound outside the acting person's scope, Forbidden inside it.
    """
    rows = Session.objects.select_related(
        "patient__home_site",
        "course__condition",
        "site",
        "room",
        "practitioner__user",
        "needle_lot",
        "licence",
        "signed_by",
    )
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(reachable(actor), id=session_id).first()
    if found is None:
        raise NotFound("There is no such visit at your sites.")
    if not (
        actor.may(verb, found.site_id) or patients_in_scope(actor, verb).filter(id=found.patient_id).exists()
    ):
        raise Forbidden(verb)
    return found


def must_be(session: Session, *states: str) -> None:
    """Raises Refusal unless the session is in one of `states`, saying what it is instead."""
    if session.state in states:
        return
    words = {
        State.OPEN: "The needles are not in yet.",
        State.RESTING: "The needles are in.",
        State.OUT: "The needles are out already.",
        State.SIGNED: "This visit is signed. A signed record never changes; add an amendment.",
        State.ABANDONED: "This visit ended without needling.",
    }
    raise Refusal(words[State(session.state)], code=f"is_{session.state}")


def change(actor: Actor, session: Session, part: str, version: int, **fields: Any) -> bool:
    """Sets `fields` of one `part` and saves; False when they were so already (a repeated post).

    Raises Conflict when somebody changed that part after `version`.
    """
    if all(getattr(session, name) == value for name, value in fields.items()):
        return False
    last = session.changes.get(part)
    if last and last["version"] > version:
        raise Conflict(
            f"{last['by']} changed this meanwhile. Look at both and choose; nothing of yours is lost.",
            theirs={
                **{name: getattr(session, name) for name in fields},
                "by": last["by"],
                "at": last["at"],
                "version": session.version,
            },
        )
    for name, value in fields.items():
        setattr(session, name, value)
    touch(actor, session, part)
    session.save(update_fields=[*fields, "version", "changes"])
    return True


def touch(actor: Actor, session: Session, part: str) -> None:
    """Raises the version and notes who changed `part`. The caller saves `version` and `changes`."""
    session.version += 1
    session.changes = {
        **session.changes,
        part: {"version": session.version, "by": actor.name, "at": timezone.now().isoformat()},
    }
