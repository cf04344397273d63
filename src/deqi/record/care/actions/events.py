"""Adverse events: reported by whoever noticed, judged by a senior clinician, every judgement kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.models import AdverseEvent, EventAssessment, Incident, Session, Task
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for, reachable
from deqi.record.practice.clock import today_at
from deqi.science.safety import (
    EventType,
    adverse_event_types,
    causality_categories,
    grades,
    seriousness_criteria,
)

#: Something in the room went wrong, besides what the person felt: these also open an incident.
PROCESS = ("device_and_process", "indirect")
OLDEST = timedelta(days=3 * 366)
ASSESS_WITHIN = timedelta(days=7)


@transaction.atomic
def report_event(
    actor: Actor,
    patient_id: UUID,
    *,
    event_id: UUID,
    event_type: str,
    onset_at: datetime,
    description: str = "",
    points: str = "",
    session_id: UUID | None = None,
    reporter_role: str = "practitioner",
) -> AdverseEvent:
    """Adds an event to the register and a task to assess it. The same id twice adds one.

    An event of the needles or the process opens an incident as well.
    """
    patient = patient_for(actor, patient_id, "event.report", page="adverse event")
    same = AdverseEvent.objects.filter(id=event_id, patient=patient).first()
    if same is not None:
        return same
    kind = kind_of(event_type)
    if onset_at > timezone.now():
        raise Refusal("It cannot have happened in the future.", field="onset_at")
    if onset_at < timezone.now() - OLDEST:
        raise Refusal("That is more than three years ago. Check the date.", field="onset_at")
    session = _session(patient, session_id)
    site = session.site if session else patient.home_site
    event = AdverseEvent.objects.create(
        id=event_id,
        patient=patient,
        session=session,
        event_type=kind.key,
        description=description.strip(),
        onset_at=onset_at,
        reporter_role=reporter_role,
        reported_at=timezone.now(),
        reported_by_id=actor.user_id,
        points=points.strip()[:200],
    )
    Task.objects.create(
        id=uuid5(event.id, "assess"),
        patient=patient,
        site=site,
        kind="event",
        title=f"Assess: {kind.label}",
        due_on=today_at(site) + ASSESS_WITHIN,
        link=f"/events/{event.id}/",
    )
    if kind.group in PROCESS:
        Incident.objects.create(
            id=uuid5(event.id, "incident"),
            site=site,
            session=session,
            kind=kind.key,
            description=event.description or kind.label,
            opened_at=timezone.now(),
            opened_by_id=actor.user_id,
        )
    log(actor, "event.report", patient_id=patient.id, about=event, detail={"type": kind.key})
    return event


def kind_of(key: str) -> EventType:
    """The kind of event by its key. Raises Refusal for an unknown one."""
    found = next((kind for kind in adverse_event_types() if kind.key == key), None)
    if found is None:
        raise Refusal("Choose what happened.", field="event_type")
    return found


def _session(patient: Patient, session_id: UUID | None) -> Session | None:
    if session_id is None:
        return None
    found = Session.objects.select_related("site").filter(id=session_id, patient=patient).first()
    if found is None:
        raise NotFound("There is no such visit of this person.")
    return found


@transaction.atomic
def assess_event(
    actor: Actor,
    event_id: UUID,
    *,
    seen: int,
    grade: int,
    seriousness: Sequence[str],
    causality: str,
    expected: bool,
    action_taken: str = "",
    outcome: str = "",
) -> EventAssessment:
    """A senior clinician's judgement, added to the earlier ones. `seen` is how many were on screen.

    The same judgement posted again changes nothing. A grade 5 says that the person died; it needs that criterion.
    """
    event = event_for(actor, event_id, "event.assess")
    AdverseEvent.objects.select_for_update(no_key=True).get(id=event.id)
    _checked(grade, seriousness, causality)
    said = {
        "grade": grade,
        "seriousness": sorted(set(seriousness)),
        "causality": causality,
        "expected": expected,
        "action_taken": action_taken.strip(),
        "outcome": outcome.strip()[:200],
    }
    held = list(event.assessments.select_related("assessed_by"))
    if held and all(getattr(held[0], name) == value for name, value in said.items()):
        return held[0]
    if len(held) != seen:
        what = f"{held[0].assessed_by.name} has judged this meanwhile" if held else "The page was out of date"
        raise Refusal(f"{what}. Look at it first; what you chose is kept.", code="conflict")
    made = EventAssessment.objects.create(
        event=event, assessed_by_id=actor.user_id, assessed_at=timezone.now(), **said
    )
    Task.objects.filter(id=uuid5(event.id, "assess"), done_at=None).update(
        done_at=timezone.now(), done_by_id=actor.user_id
    )
    log(
        actor,
        "event.assess",
        patient_id=event.patient_id,
        about=event,
        detail={"grade": grade, "serious": bool(seriousness), "causality": causality},
    )
    return made


def _checked(grade: int, seriousness: Sequence[str], causality: str) -> None:
    if grade not in {one.grade for one in grades()}:
        raise Refusal("Choose a grade from 1 to 5.", field="grade")
    if unknown := set(seriousness) - {one.id for one in seriousness_criteria()}:
        raise Refusal(f"{unknown.pop()} is not a reason to call an event serious.", field="seriousness")
    if causality not in {one.id for one in causality_categories()}:
        raise Refusal("Choose how likely the treatment is as a cause.", field="causality")
    if (grade == 5) != ("death" in seriousness):
        raise Refusal("Grade 5 and death go together: choose both or neither.", field="grade")


def event_for(actor: Actor, event_id: UUID, verb: str) -> AdverseEvent:
    """The event, if `actor` may do `verb` with its patient. Raises NotFound or Forbidden."""
    rows = AdverseEvent.objects.select_related("patient__home_site", "session", "reported_by")
    event = rows.filter(reachable(actor), id=event_id).first()
    if event is None:
        raise NotFound("There is no such event at your sites.")
    patient_for(actor, event.patient_id, verb, page="adverse event")
    return event
