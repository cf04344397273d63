"""Writing the audit log, and the one order in which rows are locked.

The log's head is locked by the first entry of a transaction. Most actions begin with one, the look at the patient; so
the order is: a visit's own row, the log, everything else. An action that writes its entry last calls `log_first`
before it changes rows that others may change too: two that wait for each other would otherwise wait in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.models import AuditEntry, AuditHead, AuditSubject
from deqi.record.canonical import sha256_of


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256 over the entry before and every field of this one, as canonical JSON."""
    fields = [
        entry.previous_hash,
        entry.id,
        entry.at.isoformat(timespec="microseconds"),
        str(entry.actor_id or ""),
        entry.actor_name,
        entry.role,
        entry.verb,
        str(entry.patient_id or ""),
        entry.object_type,
        entry.object_id,
        entry.detail,
    ]
    return sha256_of(fields)


def log(
    actor: Actor,
    verb: str,
    *,
    patient_id: UUID | None = None,
    about: Any = None,
    detail: dict[str, Any] | None = None,
    patients: Iterable[UUID] = (),
) -> AuditEntry:
    """Appends one entry. `about` is the row concerned; `patients` are those listed by a search or a board.

    `detail` must be JSON (ids, names of changed fields; never a secret).
    """
    listed = list(patients)
    said = {**(detail or {}), **({"patients": [str(patient) for patient in listed]} if listed else {})}
    with transaction.atomic():
        head = AuditHead.objects.select_for_update().get(id=1)
        entry = _next(head, timezone.now(), actor, verb, patient_id, about, said)
        entry.save(force_insert=True)
        if listed:
            AuditSubject.objects.bulk_create(
                [AuditSubject(entry=entry, patient_id=patient) for patient in listed]
            )
        head.save(update_fields=["last_id", "last_hash"])
    return entry


def log_first() -> None:
    """Takes the log's turn now, to be held to the end of the transaction: before rows that others may wait for."""
    list(AuditHead.objects.select_for_update().values_list("id"))


#: (when, who, verb, patient, row concerned, detail): one entry of `log_many`.
Told = tuple[datetime, Actor, str, UUID | None, Any, dict[str, Any]]


def log_many(told: Sequence[Told]) -> None:
    """Appends many entries at their own times, in the order given: for work on many people at once, and imports."""
    with transaction.atomic():
        head = AuditHead.objects.select_for_update().get(id=1)
        entries = [_next(head, *one) for one in told]
        AuditEntry.objects.bulk_create(entries, batch_size=500)
        if entries:
            head.save(update_fields=["last_id", "last_hash"])


def _next(
    head: AuditHead,
    at: datetime,
    actor: Actor,
    verb: str,
    patient_id: UUID | None,
    about: Any,
    detail: dict[str, Any],
) -> AuditEntry:
    """The entry after `head`, which moves on to it; neither is saved."""
    entry = AuditEntry(
        id=head.last_id + 1,
        at=at,
        actor_id=actor.user_id,
        actor_name=actor.name,
        role=",".join(sorted(actor.role_names)),
        verb=verb,
        patient_id=patient_id,
        object_type=about._meta.model_name if about is not None else "",
        object_id=str(about.pk) if about is not None else "",
        detail=detail,
        previous_hash=head.last_hash,
    )
    entry.hash = entry_hash(entry)
    head.last_id, head.last_hash = entry.id, entry.hash
    return entry


#: A page that refreshes itself, or answers each key, shows the same thing again: one entry covers this long.
SAME_LOOK = timedelta(minutes=10)


def log_look(actor: Actor, verb: str, *, page: str, patients: Iterable[UUID]) -> AuditEntry | None:
    """One entry for looking at `page` (a name) with these people on it; none while an entry of this person covers it.

    An entry covers ten minutes and the people it lists. Somebody new on the page makes a new entry at once.
    """
    shown = list(dict.fromkeys(patients))
    recent = AuditEntry.objects.filter(actor_id=actor.user_id, verb=verb, at__gte=timezone.now() - SAME_LOOK)
    covered: set[str] = set()
    for detail in recent.order_by("-id").values_list("detail", flat=True)[:20]:
        if detail.get("page") == page:
            covered.update(detail.get("patients", ()))
    if shown and {str(patient) for patient in shown} <= covered:
        return None
    return log(actor, verb, detail={"page": page}, patients=shown)
