"""What a patient does on their own page: rates how it is, says that something unwanted happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.actions.collecting import keep_tap
from deqi.record.care.models import AdverseEvent, Observation, Session, Task
from deqi.record.care.queries.own import check_in
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import Patient, RedFlagAnswer
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at, zone_of
from deqi.science.safety import RedFlag, adverse_event_types, red_flags

OLDEST_DAYS = 366


def rate_today(actor: Actor, code: str, value: int) -> Observation:
    """Keeps today's answer to one question of the check-in. One a day: tapped again, the last tap counts."""
    asked = check_in(actor)
    if code not in asked.codes:
        raise NotFound("This is not asked today.")
    return keep_tap(
        actor,
        asked.patient,
        code,
        value,
        today=today_at(asked.patient.home_site),
        channel=Observation.Channel.HOME,
        course_id=asked.courses.get(code),
    )


def after_needling_flags() -> list[RedFlag]:
    """The red flags that a treatment itself can cause; asked with every side effect."""
    return [flag for flag in red_flags() if flag.fact.endswith("_after_needling")]


@transaction.atomic
def report_side_effect(
    actor: Actor,
    *,
    event_id: UUID,
    event_type: str,
    happened_on: date,
    description: str = "",
    session_id: UUID | None = None,
    flags: Mapping[str, bool] | None = None,
) -> tuple[AdverseEvent, RedFlag | None]:
    """Adds what the patient noticed to the register, with a task to look at it. The same id twice adds one.

    `flags` answers the red flags a treatment can cause; the most urgent one answered yes is given back and makes
    a task of its own. Raises Refusal for an unknown kind and for a day that cannot be.
    """
    patient = patient_for(actor, actor.patient_id, "self.answer", page="side effect")
    given = flags or {}
    alarm = next((flag for flag in after_needling_flags() if given.get(flag.id)), None)
    same = AdverseEvent.objects.filter(id=event_id, patient=patient).first()
    if same is not None:
        return same, alarm
    today = today_at(patient.home_site)
    kind = next((one for one in adverse_event_types() if one.key == event_type and one.patient_words), None)
    if kind is None:
        raise Refusal(_("Choose what happened."), field="event_type")
    if happened_on > today:
        raise Refusal(_("That day lies in the future."), field="happened_on")
    if happened_on < today - timedelta(days=OLDEST_DAYS):
        raise Refusal(_("That is more than a year ago. Tell us about it at your visit."), field="happened_on")
    session = _session(patient, session_id)
    site = session.site if session else patient.home_site
    event = AdverseEvent.objects.create(
        id=event_id,
        patient=patient,
        session=session,
        event_type=kind.key,
        description=description.strip(),
        # Only the day is asked: noon stands for it, and now for today.
        onset_at=min(
            timezone.now(), datetime.combine(happened_on, time(12), tzinfo=zone_of(patient.home_site))
        ),
        reporter_role="patient",
        reported_at=timezone.now(),
        reported_by_id=actor.user_id,
    )
    Task.objects.create(
        id=uuid5(event.id, "assess"),
        patient=patient,
        site=site,
        kind="event",
        title="A patient reported a side effect",
        due_on=today,
        link=f"/events/{event.id}/",
    )
    _keep_flags(actor, patient, event, given)
    log(actor, "self.answer", patient_id=patient.id, about=event, detail={"type": kind.key})
    return event, alarm


def _session(patient: Patient, session_id: UUID | None) -> Session | None:
    if session_id is None:
        return None
    session = Session.objects.filter(id=session_id, patient=patient).select_related("site").first()
    if session is None:
        raise NotFound("There is no such visit of this person.")
    return session


def _keep_flags(actor: Actor, patient: Patient, event: AdverseEvent, given: Mapping[str, bool]) -> None:
    for flag in after_needling_flags():
        if flag.id not in given:
            continue
        RedFlagAnswer.objects.create(
            id=uuid5(event.id, flag.id),
            patient=patient,
            flag=flag.id,
            present=given[flag.id],
            asked_at=timezone.now(),
            asked_by_id=actor.user_id,
        )
        if given[flag.id]:
            Task.objects.create(
                id=uuid5(event.id, f"task {flag.id}"),
                patient=patient,
                site=patient.home_site,
                kind="red_flag",
                title="An answer after treatment needs a clinician",
                due_on=today_at(patient.home_site),
                link=f"/patients/{patient.id}/safety/",
            )
