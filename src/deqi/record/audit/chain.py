"""Is the audit log whole? Walks the chain and names what was altered, removed, inserted or cut off."""

from __future__ import annotations

from collections.abc import Iterator

from deqi.record.audit.actions import entry_hash
from deqi.record.audit.models import AuditEntry, AuditHead, AuditSubject

FIRST = "0" * 64
BATCH = 2000


def verify_chain() -> Iterator[str]:
    """Each fault in words, with the number of the entry; nothing when the log is whole.

    Finds an altered entry (its hash no longer fits), a removed one (a number is missing), an inserted one (it
    does not follow the one before), a cut tail (the head knows a later entry) and a changed list of patients.
    It reads in batches of 2,000, so its memory does not grow with the log. What a clinic at work adds meanwhile is
    no fault. It cannot find a log that was
    rewritten as a whole together with its head: for that, compare the head with the one in an older back-up.
    """
    last_id, last_hash, head = 0, FIRST, None
    while batch := list(AuditEntry.objects.filter(id__gt=last_id).order_by("id")[:BATCH]):
        yield from _lists(batch)
        for entry in batch:
            if entry.id != last_id + 1:
                yield f"audit entries {last_id + 1} to {entry.id - 1} are missing"
            elif entry.previous_hash != last_hash:
                yield f"audit entry {entry.id} does not follow the one before it"
            if entry.hash != entry_hash(entry):
                yield f"audit entry {entry.id} was altered"
            last_id, last_hash = entry.id, entry.hash
        # Read after the entries, so that an honest head knows them all; what is added meanwhile is walked too.
        head = AuditHead.objects.filter(id=1).first()
    below = AuditEntry.objects.filter(id__lt=1).count()
    if below:
        yield f"{below} audit entries stand before the first"
    head = head or AuditHead.objects.filter(id=1).first()
    if head is None:
        yield "the head of the audit log is gone"
    elif (head.last_id, head.last_hash) != (last_id, last_hash):
        yield f"the audit log ends at entry {last_id}, its head says {head.last_id}"


def _lists(batch: list[AuditEntry]) -> Iterator[str]:
    """The rows that find an entry by patient must say what the entry itself (and so its hash) says."""
    rows: dict[int, list[str]] = {}
    for entry_id, patient in AuditSubject.objects.filter(
        entry__gte=batch[0].id, entry__lte=batch[-1].id
    ).values_list("entry_id", "patient_id"):
        rows.setdefault(entry_id, []).append(str(patient))
    for entry in batch:
        listed = entry.detail.get("patients", []) if isinstance(entry.detail, dict) else []
        if sorted(rows.pop(entry.id, [])) != sorted(listed):
            yield f"the patients listed by audit entry {entry.id} were altered"
    for entry_id in rows:
        yield f"patients are listed under audit entry {entry_id}, which is not there"
