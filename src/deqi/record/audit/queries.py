"""Reading the audit log: of one patient, of one member of staff, of a period. Paged by entry number, bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.audit.models import AuditEntry, AuditSubject
from deqi.record.audit.words import role_said, said
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for, patients_in_scope
from deqi.record.practice.models import Role

PAGE = 50
REPORT_MOST = 50_000


@dataclass(frozen=True)
class Looked:
    """One line of the log in plain words. `times` counts equal lines that follow one another within an hour."""

    id: int
    at: datetime
    who: str
    role: str
    what: str
    verb: str
    own: bool = False
    times: int = 1
    until: datetime | None = None
    patient_id: UUID | None = None
    patient: str = ""


@dataclass(frozen=True)
class Page:
    """Lines, newest first; `older` is what to ask for next ("before this entry"), None at the end."""

    lines: list[Looked]
    older: int | None = None


@dataclass(frozen=True)
class Asked:
    """What to show of the log. Times are aware; `until` is not included."""

    since: datetime | None = None
    until: datetime | None = None
    verb: str = ""
    user_id: UUID | None = None
    patient_id: UUID | None = None


def entries_of_patient(
    actor: Actor, patient_id: UUID, *, before: int | None = None, limit: int = PAGE
) -> Page:
    """Everything that was read or written in one patient's record, lists they stood in included."""
    patient = patient_for(actor, patient_id, "audit.view", page="audit log")
    return _page(_of_patient(patient.id, before, limit), limit)


def who_looked(actor: Actor, *, before: int | None = None, limit: int = PAGE) -> Page:
    """What a patient reads about their own record: who, in which role, when, what. Own steps are marked.

    Equal lines within an hour are one line with a count. Raises NotFound for somebody who is no patient.
    """
    patient = patient_for(actor, actor.patient_id, "self.view", page="who has looked")
    page = _page(_of_patient(patient.id, before, limit), limit, own=actor.user_id)
    return Page(_together(page.lines), page.older)


def entries_by_actor(actor: Actor, user_id: UUID, *, before: int | None = None, limit: int = PAGE) -> Page:
    """What one person did, as far as the acting person may see it."""
    return report(actor, Asked(user_id=user_id), before=before, limit=limit)


def report(actor: Actor, asked: Asked, *, before: int | None = None, limit: int = PAGE) -> Page:
    """Entries of a period, by person, verb or patient; the look itself is logged."""
    actor.check("audit.view")
    if asked.patient_id is not None:
        patient_for(actor, asked.patient_id, "audit.view", page="audit log")
    else:
        log(actor, "audit.view", detail={"page": "report"})
    rows = _in_scope(actor, asked)
    if before:
        rows = rows.filter(id__lt=before)
    page = _page(list(rows.order_by("-id")[: limit + 1]), limit)
    return Page(_with_names(actor, page.lines), page.older)


def report_rows(actor: Actor, asked: Asked) -> Iterator[Looked]:
    """The same for a file, oldest first, at most 50,000 lines. Asking for the file is logged as an export.

    What is refused is refused here, before the first line: a file that has begun cannot say so any more.
    """
    actor.check("audit.view")
    if asked.patient_id is not None:
        patient_for(actor, asked.patient_id, "audit.view", page="audit log")
    log(actor, "audit.view", patient_id=asked.patient_id, detail={"page": "file"})
    return (_line(entry) for entry in _in_scope(actor, asked).order_by("id")[:REPORT_MOST].iterator(2000))


def _in_scope(actor: Actor, asked: Asked) -> QuerySet[AuditEntry]:
    """An auditor of one site sees what concerns its patients and what its staff did."""
    rows = AuditEntry.objects.all()
    sites = actor.sites("audit.view")
    if sites is not None:
        staff = Role.objects.filter(Q(site__in=sites) | Q(site=None)).values("user_id")
        patients = patients_in_scope(actor, "audit.view").values("id")
        rows = rows.filter(Q(patient_id__in=patients) | Q(patient_id=None, actor_id__in=staff))
    if asked.since:
        rows = rows.filter(at__gte=asked.since)
    if asked.until:
        rows = rows.filter(at__lt=asked.until)
    if asked.verb:
        rows = rows.filter(verb=asked.verb)
    if asked.user_id:
        rows = rows.filter(actor_id=asked.user_id)
    if asked.patient_id:
        listed = AuditSubject.objects.filter(patient_id=asked.patient_id).values("entry_id")
        rows = rows.filter(Q(patient_id=asked.patient_id) | Q(id__in=listed))
    return rows


def _of_patient(patient_id: UUID, before: int | None, limit: int) -> list[AuditEntry]:
    """One more than `limit` entries, newest first. Two index look-ups rather than an OR over the whole log."""
    direct = AuditEntry.objects.filter(patient_id=patient_id)
    listed = AuditSubject.objects.filter(patient_id=patient_id)
    if before:
        direct, listed = direct.filter(id__lt=before), listed.filter(entry_id__lt=before)
    ids = set(direct.order_by("-id").values_list("id", flat=True)[: limit + 1])
    ids |= set(listed.order_by("-entry_id").values_list("entry_id", flat=True)[: limit + 1])
    return list(AuditEntry.objects.filter(id__in=sorted(ids, reverse=True)[: limit + 1]).order_by("-id"))


def _page(entries: list[AuditEntry], limit: int, own: UUID | None = None) -> Page:
    older = entries[limit - 1].id if len(entries) > limit else None
    return Page([_line(entry, own) for entry in entries[:limit]], older)


def _line(entry: AuditEntry, own: UUID | None = None) -> Looked:
    return Looked(
        id=entry.id,
        at=entry.at,
        who=entry.actor_name,
        role=role_said(entry),
        what=said(entry),
        verb=entry.verb,
        own=own is not None and entry.actor_id == own,
        patient_id=entry.patient_id,
    )


def _with_names(actor: Actor, lines: list[Looked]) -> list[Looked]:
    """Names of the patients whom the acting person may see."""
    ids = {line.patient_id for line in lines if line.patient_id}
    rows = patients_in_scope(actor, "audit.view").filter(id__in=ids) if ids else Patient.objects.none()
    names = {patient.id: patient.name for patient in rows}
    return [replace(line, patient=names.get(line.patient_id, "")) for line in lines]


def _together(lines: list[Looked]) -> list[Looked]:
    """Equal neighbours within an hour of the newest become one line. Lines come newest first."""
    merged: list[Looked] = []
    for line in lines:
        last = merged[-1] if merged else None
        same = last and (last.who, last.role, last.what) == (line.who, line.role, line.what)
        if same and ((last.until or last.at) - line.at).total_seconds() < 3600:
            merged[-1] = replace(last, at=line.at, times=last.times + 1, until=last.until or last.at)
        else:
            merged.append(line)
    return merged
