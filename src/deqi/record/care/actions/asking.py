"""Before the first needle: anything new, the starred red flags, and how the person is today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log, log_first
from deqi.record.care.actions.changing import State, change, must_be, session_for
from deqi.record.care.actions.screens import keep_screen
from deqi.record.care.actions.sessions import set_abandoned
from deqi.record.care.models import Letter, Session, Task
from deqi.record.care.queries.case import known_facts
from deqi.record.errors import Refusal
from deqi.record.patients.models import CareProvider, Patient, RedFlagAnswer, SafetyFact
from deqi.record.practice.clock import today_at
from deqi.science.safety import (
    FactDefinition,
    RedFlag,
    checked,
    every_visit_flags,
    facts,
    is_asked,
    urgency_levels,
)

#: Who a letter about a red flag goes to first, when the person has several doctors.
FIRST_TO_TELL = ("pcp", "oncologist", "diabetologist", "neurologist", "other")
HURRY = ("emergency_now", "same_day", "within_2_weeks", "routine")


def flags_to_ask(known: Mapping[str, Any]) -> list[RedFlag]:
    """The starred red flags that apply to this person, given what is known."""
    return [flag for flag in every_visit_flags() if is_asked(flag.fact, known)]


def facts_to_ask(known: Mapping[str, Any]) -> list[FactDefinition]:
    """The other questions of every visit (fever, fasting, skin, ...) that apply to this person."""
    asked_as_flags = {flag.fact for flag in every_visit_flags()}
    return [
        fact
        for key, fact in facts().items()
        if fact.every_visit and key not in asked_as_flags and is_asked(key, known)
    ]


@transaction.atomic
def answer_anything_new(
    actor: Actor,
    session_id: UUID,
    version: int,
    *,
    text: str,
    flags: Mapping[str, bool],
    today: Mapping[str, Any],
    notes: Mapping[str, str] | None = None,
) -> Session:
    """What is new, each starred red flag yes or no, and the facts of the day.

    Every flag that applies must be answered. One yes ends the visit without needles, makes a task for today and
    a referral letter ready to send. `today` maps fact keys to answers; one left out stays unknown.
    """
    session = session_for(actor, session_id, "session.run")
    if session.state == State.ABANDONED and any(flags.values()):
        return session
    must_be(session, State.OPEN)
    known = known_facts(session.patient, today_at(session.site))
    asked = flags_to_ask(known)
    for flag in asked:
        if flag.id not in flags:
            raise Refusal(
                "Every starred question needs a yes or a no.", field=flag.id, code="flag_not_answered"
            )
    answers = _checked(today)
    log_first()
    _save_flags(actor, session, asked, flags, notes or {})
    _save_facts(actor, session, answers)
    change(actor, session, "asked", version, anything_new=text.strip(), anything_new_asked=True)
    up = [flag for flag in asked if flags[flag.id]]
    if up:
        _refer(actor, session, up)
    else:
        keep_screen(actor, session)
    log(
        actor,
        "session.anything_new",
        patient_id=session.patient_id,
        about=session,
        detail={"red_flags": [flag.id for flag in up]},
    )
    return session


def _checked(today: Mapping[str, Any]) -> dict[str, Any]:
    answers = {}
    for key, value in today.items():
        try:
            answers[key] = checked(key, value)
        except KeyError:
            raise Refusal(f"{key} is not a question of the visit.", field=key)
        except ValueError as error:
            raise Refusal(f"{facts()[key].label}: {error}.", field=key)
    return answers


def _save_flags(
    actor: Actor,
    session: Session,
    asked: Sequence[RedFlag],
    flags: Mapping[str, bool],
    notes: Mapping[str, str],
) -> None:
    for flag in asked:
        RedFlagAnswer.objects.update_or_create(
            id=uuid5(session.id, flag.id),
            defaults={
                "patient_id": session.patient_id,
                "flag": flag.id,
                "present": flags[flag.id],
                "note": notes.get(flag.id, "").strip(),
                "asked_at": timezone.now(),
                "asked_by_id": actor.user_id,
                "session_id": session.id,
            },
        )


def _save_facts(actor: Actor, session: Session, answers: Mapping[str, Any]) -> None:
    for key, value in answers.items():
        SafetyFact.objects.update_or_create(
            id=uuid5(session.id, key),
            defaults={
                "patient_id": session.patient_id,
                "key": key,
                "value": list(value) if isinstance(value, tuple) else value,
                "source": SafetyFact.Source.PATIENT,
                "answered_by_id": actor.user_id,
                "answered_at": timezone.now(),
            },
        )


def _refer(actor: Actor, session: Session, up: Sequence[RedFlag]) -> None:
    """No session today: the visit ends, somebody is told, and the letter waits to be sent."""
    worst = min(up, key=lambda flag: HURRY.index(flag.urgency))
    titles = "; ".join(flag.title for flag in up)
    set_abandoned(actor, session, f"Red flag: {titles}")
    letter = _referral(actor, session, up, worst)
    whom = f"letter to {letter.to.name} ready" if letter else "no doctor is recorded: add one, then write"
    Task.objects.get_or_create(
        id=uuid5(session.id, "red flag"),
        defaults={
            "patient_id": session.patient_id,
            "site_id": session.site_id,
            "kind": "red_flag",
            "title": f"{titles}: {urgency_levels()[worst.urgency]}; {whom}"[:200],
            "due_on": today_at(session.site),
            "link": f"/letters/{letter.id}/" if letter else f"/patients/{session.patient_id}/",
        },
    )


def _referral(actor: Actor, session: Session, up: Sequence[RedFlag], worst: RedFlag) -> Letter | None:
    to = doctor_to_tell(session.patient)
    if to is None:
        return None
    letter, _ = Letter.objects.get_or_create(
        id=uuid5(session.id, "referral"),
        defaults={
            "patient_id": session.patient_id,
            "course_id": session.course_id,
            "to": to,
            "kind": "referral",
            "urgency": worst.urgency,
            "asked_first": f"Please see this person: {worst.presentation} To: {worst.to}.",
            "body": {
                "red_flags": [
                    {
                        "id": flag.id,
                        "title": flag.title,
                        "presentation": flag.presentation,
                        "urgency": flag.urgency,
                        "to": flag.to,
                    }
                    for flag in up
                ],
                "session": str(session.id),
                "anything_new": session.anything_new,
            },
            "written_by_id": actor.user_id,
            "written_at": timezone.now(),
        },
    )
    return letter


def doctor_to_tell(patient: Patient) -> CareProvider | None:
    """The primary-care doctor, or else another clinician of this person."""
    held = list(CareProvider.objects.filter(patient=patient, ended_at=None))
    return min(held, key=lambda row: FIRST_TO_TELL.index(row.kind), default=None)
