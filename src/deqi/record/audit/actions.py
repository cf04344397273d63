"""Writing the audit log. Call `log` last inside the transaction of the thing it records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.models import AuditEntry, AuditHead, AuditSubject


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
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


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
    listed = [str(patient) for patient in patients]
    with transaction.atomic():
        head = AuditHead.objects.select_for_update().get(id=1)
        entry = AuditEntry(
            id=head.last_id + 1,
            at=timezone.now(),
            actor_id=actor.user_id,
            actor_name=actor.name,
            role=",".join(sorted(actor.role_names)),
            verb=verb,
            patient_id=patient_id,
            object_type=about._meta.model_name if about is not None else "",
            object_id=str(about.pk) if about is not None else "",
            detail={**(detail or {}), **({"patients": listed} if listed else {})},
            previous_hash=head.last_hash,
        )
        entry.hash = entry_hash(entry)
        entry.save(force_insert=True)
        if listed:
            AuditSubject.objects.bulk_create(
                [AuditSubject(entry=entry, patient_id=patient) for patient in patients]
            )
        head.last_id, head.last_hash = entry.id, entry.hash
        head.save(update_fields=["last_id", "last_hash"])
    return entry
