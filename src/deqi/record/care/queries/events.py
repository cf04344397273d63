"""The register of adverse events, and how often they happen here, always with the denominator."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Value

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.models import AdverseEvent, EventAssessment, Session
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import reachable
from deqi.record.together import some, together
from deqi.science.safety import Rate, adverse_event_types, rate

SHOWN = 100


@dataclass(frozen=True)
class EventRow:
    """One event with the judgement in force, if there is one."""

    event: AdverseEvent
    label: str
    newest: EventAssessment | None
    versions: int


@dataclass(frozen=True)
class KindRate:
    """How often one kind of event was found: treatments with it and people with it, never mixed."""

    label: str
    treatments: Rate
    patients: Rate


@dataclass(frozen=True)
class Register:
    """The newest events of a period, how many there are in all, and the rates. Rates need at least one visit."""

    rows: list[EventRow]
    total: int
    sessions: int
    patients: int
    any_treatment: Rate | None
    any_patient: Rate | None
    kinds: list[KindRate]


def labels() -> Mapping[str, str]:
    """What each kind of event is called."""
    return {kind.key: kind.label for kind in adverse_event_types()}


def register(actor: Actor, since: datetime, until: datetime, site_id: UUID | None = None) -> Register:
    """Events with onset in the period, at sites in the acting person's scope. Four statements and the audit entry's.

    Events are those of people in scope, visits those given at the sites (or the one site) in scope.

    A rate per treatment counts visits with at least one such event among all visits with needles; a rate per
    patient counts people among all people needled. Events that belong to no visit count for people only.
    """
    reach = reachable(actor, "clinical.view")
    events = AdverseEvent.objects.filter(reach, onset_at__gte=since, onset_at__lt=until)
    # Exactly the visits that rest, are out or signed have the moment of their needles (care/actions/needling.py).
    visits = Session.objects.filter(needled_at__gte=since, needled_at__lt=until)
    if (sites := actor.sites("clinical.view")) is not None:
        visits = visits.filter(site__in=sites)
    if site_id is not None:
        events = events.filter(patient__home_site=site_id)
        visits = visits.filter(site=site_id)
    sessions, patients = _size(visits)
    named = labels()
    judged = EventAssessment.objects.select_related("assessed_by")
    shown = list(
        events.select_related("patient", "session", "reported_by")
        .prefetch_related(Prefetch("assessments", judged))
        .order_by("-onset_at")[:SHOWN]
    )
    lists = together(
        found=some(events.order_by("-onset_at"), "event_type", "session_id", "patient_id"),
        with_event=some(visits.filter(id__in=events.values("session")), "id"),
        treated=some(
            Patient.objects.filter(
                Exists(visits.filter(patient=OuterRef("pk"))), id__in=events.values("patient")
            ),
            "id",
        ),
    )
    log(actor, "event.register", patients=dict.fromkeys(event.patient_id for event in shown))
    rows = [
        EventRow(event, named.get(event.event_type, event.event_type), next(iter(held), None), len(held))
        for event in shown
        for held in [list(event.assessments.all())]
    ]
    return _with_rates(rows, lists, sessions, patients, named)


def _size(visits: QuerySet[Session]) -> tuple[int, int]:
    """How many visits, and how many people had one. An index answers each: counting distinct people among the
    visits would read every one of them."""
    people = Patient.objects.filter(Exists(visits.filter(patient=OuterRef("pk"))))
    counts = [
        rows.order_by().annotate(of=Value(name)).values("of").annotate(n=Count("*")).values_list("of", "n")
        for name, rows in (("sessions", visits), ("patients", people))
    ]
    size: dict[str, int] = dict(counts[0].union(counts[1], all=True))
    return size["sessions"], size["patients"]


def _with_rates(rows, lists, sessions: int, patients: int, named: Mapping[str, str]) -> Register:
    with_event: dict[str, set[UUID]] = defaultdict(set)
    people: dict[str, set[UUID]] = defaultdict(set)
    found = [(row["event_type"], row["session_id"], row["patient_id"]) for row in lists["found"]]
    ids = {row["id"] for row in lists["with_event"]}
    treated = {row["id"] for row in lists["treated"]}
    for kind, session_id, patient_id in found:
        if session_id in ids:
            with_event[kind].add(session_id)
            with_event[""].add(session_id)
        if patient_id in treated:
            people[kind].add(patient_id)
            people[""].add(patient_id)
    order = Counter(kind for kind, *_ in found)
    kinds = [
        KindRate(
            named.get(kind, kind),
            rate(len(with_event[kind]), sessions, "treatments"),
            rate(len(people[kind]), patients, "patients"),
        )
        for kind, _ in order.most_common()
        if sessions
    ]
    return Register(
        rows=rows,
        total=len(found),
        sessions=sessions,
        patients=patients,
        any_treatment=rate(len(with_event[""]), sessions, "treatments") if sessions else None,
        any_patient=rate(len(people[""]), patients, "patients") if patients else None,
        kinds=kinds,
    )
