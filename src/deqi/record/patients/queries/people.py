"""Finding people by name, record number or birth date, and the front desk's page about one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery

from deqi.record.actor import Actor
from deqi.record.audit.actions import log, log_look
from deqi.record.audit.models import AuditEntry
from deqi.record.patients.models import (
    CareProvider,
    Contact,
    Intake,
    Invitation,
    Patient,
    PatientShare,
    folded,
)
from deqi.record.patients.queries import patient_for, patients_in_scope
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Site

LIMIT = 20
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
#: Verbs whose entries mean "opened this person's record".
OPENED = ("patient.view", "patient.edit", "clinical.view", "patient.register")


@dataclass(frozen=True)
class Found:
    """What a search shows. `more`: there are further matches than the `LIMIT` shown; type on."""

    patients: list[Patient]
    more: bool
    understood_as: str  # name, record number, birth date, or "" for an empty search


def find_patients(actor: Actor, text: str) -> Found:
    """Patients of the acting person's sites whose name, record number or birth date is `text`.

    Names match from the beginning of any of their words, in either order ("elm ev", "ev elm"). A birth date is
    understood as 1958-03-04, 4.3.1958, 4/3/1958 (day first) or 4 Mar 1958. Those listed go to the audit log, once
    in ten minutes: the search answers each key.
    """
    text = " ".join(text.split())[:100]
    rows = patients_in_scope(actor).filter(archived_at=None).select_related("home_site")
    rows = rows.order_by("search_name", "record_number")
    born = birth_date_in(text)
    if born:
        patients, meaning = list(rows.filter(birth_date=born)[: LIMIT + 1]), "birth date"
    elif text.lstrip("#").isdecimal():
        number = int(text.lstrip("#")[:9])
        patients, meaning = list(rows.filter(record_number=number)), "record number"
    elif len(folded(text)) >= 2:
        patients, meaning = _named(rows, folded(text)), "name"
    else:
        return Found([], False, "")
    found = Found(patients[:LIMIT], len(patients) > LIMIT, meaning)
    if found.patients:
        log_look(actor, "patient.find", page=f"search by {meaning}", patients=[p.id for p in found.patients])
    return found


def _named(rows: QuerySet[Patient], name: str) -> list[Patient]:
    """Up to one more than `LIMIT` of `rows` whose name has, for each word of `name`, a word that begins with it.

    The longest word is looked for at the beginning of family or given name, where the two indexes answer. Only
    when that finds nobody (a second given name, typed alone) are all names read.
    """
    words = name.split()[:6]
    longest = max(words, key=len)
    for word in words:
        rows = rows.filter(Q(_begins("search_name", word)) | Q(search_name__contains=f" {word}"))
    by_index = rows.filter(_begins("search_name", longest) | _begins("search_given", longest))
    return list(by_index[: LIMIT + 1]) or list(rows[: LIMIT + 1])


def _begins(column: str, word: str) -> Q:
    """`column` begins with `word`, said so that its index can help."""
    if connection.vendor == "sqlite":  # LIKE does not use the index there; a range does
        return Q(**{f"{column}__gte": word, f"{column}__lt": word + "\U0010ffff"})
    return Q(**{f"{column}__startswith": word})


def birth_date_in(text: str) -> date | None:
    """The day that `text` writes in full, or None. Day before month unless the year comes first.

    `birth_date_in("4 Mar 1958")` and `birth_date_in("1958-03-04")` are the same day.
    """
    words = re.fullmatch(r"(\d{1,4})[\s./-]+(\d{1,2}|[A-Za-z]{3,9})[\s./,-]+(\d{1,4})", text.strip())
    if not words:
        return None
    first, month, last = words.groups()
    year, day = (first, last) if len(first) == 4 else (last, first)
    if not month.isdecimal():
        if month[:3].lower() not in _MONTHS:
            return None
        month = str(_MONTHS.index(month[:3].lower()) + 1)
    if len(year) != 4:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def opened_lately(actor: Actor, limit: int = 8) -> list[Patient]:
    """Patients whose record the acting person opened last, newest first, as far as still in scope."""
    if actor.user_id is None:
        return []
    entries = AuditEntry.objects.filter(actor_id=actor.user_id, verb__in=OPENED, patient_id__isnull=False)
    order = list(dict.fromkeys(entries.order_by("-id").values_list("patient_id", flat=True)[:100]))[:limit]
    rows = patients_in_scope(actor).filter(id__in=order, archived_at=None).select_related("home_site")
    by_id = {patient.id: patient for patient in rows}
    patients = [by_id[one] for one in order if one in by_id]
    if patients:
        log_look(actor, "patient.find", page="opened lately", patients=[p.id for p in patients])
    return patients


def same_person(
    actor: Actor, given_name: str, family_name: str, birth_date: date
) -> tuple[list[Patient], int]:
    """Who may be the same person: those in the acting person's scope, and how many more there are elsewhere."""
    name = folded(f"{family_name} {given_name}")[:170]
    everywhere = Patient.objects.filter(birth_date=birth_date, search_name=name)
    here = list(
        patients_in_scope(actor).filter(birth_date=birth_date, search_name=name).select_related("home_site")
    )
    if here:
        log(actor, "patient.find", patients=[p.id for p in here], detail={"by": "name and birth date"})
    return here, everywhere.exclude(id__in=[p.id for p in here]).count()


@dataclass(frozen=True)
class Desk:
    """The front desk's page about one person."""

    patient: Patient
    providers: list[CareProvider]
    contacts: list[Contact]
    shares: list[PatientShare]
    way: dict[str, Any]  # invited_at, sent_to, begun_at, told_at: how far invitation and intake are
    age_years: int


def desk_page(actor: Actor, patient_id: UUID) -> Desk:
    """Name, how to reach them, who stands around them, which sites see them, how far sign-in and intake are."""
    patient = patient_for(actor, patient_id, "patient.view", page="details")
    return Desk(
        patient=patient,
        providers=list(patient.care_providers.filter(ended_at=None).order_by("kind", "name")),
        contacts=list(patient.contacts.order_by("-emergency", "name")),
        shares=list(patient.shares.filter(ended_at=None).select_related("site", "shared_by")),
        way=_way(patient),
        age_years=age_years(patient.birth_date, today_at(patient.home_site)),
    )


def sites_to_share_with(actor: Actor, patient_id: UUID) -> tuple[Patient, list[Site]]:
    """The patient, and the sites of the clinic that do not see them yet."""
    patient = patient_for(actor, patient_id, "patient.share", page="sharing")
    sites = Site.objects.filter(organization=patient.home_site.organization_id, active=True)
    seeing = PatientShare.objects.filter(patient=patient, ended_at=None).values("site")
    return patient, list(sites.exclude(id=patient.home_site_id).exclude(id__in=seeing))


def _way(patient: Patient) -> dict[str, Any]:
    """The newest invitation and the newest intake, in one query."""
    invitation = Invitation.objects.filter(patient=OuterRef("pk")).order_by("-created_at")
    intake = Intake.objects.filter(patient=OuterRef("pk")).order_by("-started_at")
    return (
        Patient.objects.filter(pk=patient.pk)
        .values(
            invited_at=Subquery(invitation.values("created_at")[:1]),
            sent_to=Subquery(invitation.values("sent_to")[:1]),
            begun_at=Subquery(intake.values("started_at")[:1]),
            told_at=Subquery(intake.values("submitted_at")[:1]),
        )
        .get()
    )


def age_years(born: date, on: date) -> int:
    """Whole years lived on the day `on`: `age_years(date(1958, 3, 4), date(2026, 3, 3))` is 67."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
