"""Signing in and out, and changes to how somebody signs in, leave entries in the audit log."""

from __future__ import annotations

from typing import Any

from deqi.record.actor import NOBODY
from deqi.record.audit.actions import log
from deqi.record.practice.models import User
from deqi.record.practice.queries import actor_of

#: What may happen at the door; the audit pages say each in plain words.
EVENTS = ("in", "out", "failed", "factor_added", "factor_removed", "factor_renewed", "password_changed")


def record_sign_in_event(event: str, user: User | None, detail: dict[str, Any] | None = None) -> None:
    """Writes `signin.<event>`. `user` is None for a failed try with an address nobody has.

    The address typed is not kept: people type passwords into the wrong field.
    """
    if event not in EVENTS:
        raise ValueError(event)
    actor = actor_of(user) if user is not None else NOBODY
    log(actor, f"signin.{event}", patient_id=actor.patient_id, about=user, detail=detail)
