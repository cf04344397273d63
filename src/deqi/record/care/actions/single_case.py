"""Offering a single-case design and drawing it: protocol and seed first, then the person's consent, then chance; and why
a visit is on a day other than drawn."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.models import Course, Session, SingleCase, SingleCaseDeviation
from deqi.record.care.queries.chance import decided_for
from deqi.record.care.queries.courses import course_for, position_of
from deqi.record.care.queries.single_case import protocol_of
from deqi.record.care.queries.starts import possible_starts
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import Consent, Patient
from deqi.record.patients.queries.consents import in_force
from deqi.record.practice.clock import today_at
from deqi.science.course.single_case import (
    BASELINE_DAYS,
    FEWEST_STARTS,
    Protocol,
    StartProtocol,
    TaperProtocol,
    commitment,
)


@transaction.atomic
def offer_single_case(
    actor: Actor,
    course_id: UUID,
    *,
    case_id: UUID,
    design: str,
    symptom: str,
    taper_on: date | None = None,
    starts: Sequence[date] | None = None,
) -> SingleCase:
    """Fixes protocol and seed and shows the commitment. Nothing is drawn.

    A start is offered before the first session, from today on, with three to eight possible days, 14 to 35 days ahead
    (None: those that the diary proposes); a taper once sessions were given, for `taper_on`. The possible days are part
    of the protocol, so they are fixed before the seed. Sent twice it is offered once. Raises Refusal with the reason
    where the design does not fit.
    """
    patient, course = course_for(actor, course_id, "course.plan", page="single-case design")
    actor.check("course.plan", course.site_id)
    Course.objects.select_for_update(no_key=True).get(id=course.id)
    same = SingleCase.objects.filter(course=course, design=design).first()
    if same is not None:
        return same
    today = today_at(patient.home_site)
    if course.status == Course.Status.ENDED:
        raise Refusal("This course has ended.")
    if design == SingleCase.Design.START:
        _no_visit_is_open(course)
        if starts is None:
            starts = possible_starts(course.site, today).proposed
    protocol = _protocol(design, symptom, today, taper_on, starts or (), position_of(course).given)
    seed = secrets.token_hex(32)
    case = SingleCase.objects.create(
        id=case_id,
        course=course,
        design=design,
        protocol=protocol.model_dump(mode="json"),
        seed=seed,
        committed=commitment(seed, protocol),
        offered_at=timezone.now(),
        offered_by_id=actor.user_id,
    )
    log(actor, "single_case.offer", patient_id=patient.id, about=case, detail={"committed": case.committed})
    return case


def _protocol(
    design: str, symptom: str, today: date, taper_on: date | None, starts: Sequence[date], given: int
) -> Protocol:
    try:
        if design == SingleCase.Design.START:
            if given:
                raise Refusal(
                    "Sessions were given already: the start can no longer be drawn.", field="design"
                )
            return StartProtocol(symptom=symptom, enrolled_on=today, baseline_days=_baselines(today, starts))
        if design == SingleCase.Design.TAPER:
            if not given:
                raise Refusal("There is nothing to taper before the first session.", field="design")
            if taper_on is None or taper_on <= today:
                raise Refusal("Give the day of the taper, tomorrow or later.", field="taper_on")
            return TaperProtocol(symptom=symptom, taper_on=taper_on)
    except ValidationError as error:
        raise Refusal(error.errors()[0]["msg"], field="symptom")
    raise Refusal("Choose what chance decides.", field="design")


def _baselines(today: date, starts: Sequence[date]) -> tuple[int, ...]:
    """Days from today to each possible start. Raises Refusal for one out of range, too few and too many."""
    first, last, most = BASELINE_DAYS[0], BASELINE_DAYS[-1], len(BASELINE_DAYS)
    days = sorted({(day - today).days for day in starts})
    if any(not first <= n <= last for n in days):
        raise Refusal(f"A start lies {first} to {last} days from today.", field="starts")
    if not FEWEST_STARTS <= len(days) <= most:
        raise Refusal(
            f"{len(days)} days are ticked. Tick {FEWEST_STARTS} to {most}: with fewer chance decides too little, and eight "
            "are enough.",
            field="starts",
        )
    return tuple(days)


@transaction.atomic
def draw_single_case(actor: Actor, course_id: UUID, case_id: UUID) -> SingleCase:
    """Opens the draw, once, under a consent given after the offer. Drawing again changes nothing.

    Raises Refusal without such a consent, and when the first day that could have been drawn has gone by.
    """
    patient, course = course_for(actor, course_id, "course.plan", page="single-case draw")
    actor.check("course.plan", course.site_id)
    case = SingleCase.objects.select_for_update(no_key=True).filter(id=case_id, course=course).first()
    if case is None:
        raise NotFound("There is no such design in this course.")
    if case.drawn_at is not None:
        return case
    consent = in_force(patient.id).get(Consent.Kind.SINGLE_CASE)
    if consent is None or consent.decision != Consent.Decision.GIVEN or consent.at < case.offered_at:
        raise Refusal("The person has not agreed to this offer. Without that nothing is drawn.")
    protocol, today = protocol_of(case), today_at(patient.home_site)
    first = protocol.starts[0] if isinstance(protocol, StartProtocol) else protocol.taper_on
    if today > first:
        raise Refusal(
            f"The first day that could have been drawn, {first}, has gone by. Nothing is drawn any more."
        )
    if isinstance(protocol, StartProtocol):
        _no_visit_is_open(course)
        if position_of(course).given:
            raise Refusal("Sessions were given already: the start can no longer be drawn.")
    changed: dict[str, Any] = {"consent": consent, "drawn_at": timezone.now(), "drawn_by_id": actor.user_id}
    SingleCase.objects.filter(id=case.id).update(**changed)
    case.refresh_from_db()
    log(actor, "single_case.draw", patient_id=patient.id, about=case, detail={"seed": case.seed})
    return case


def _no_visit_is_open(course: Course) -> None:
    if Session.objects.filter(course=course, state=Session.State.OPEN).exists():
        raise Refusal("A visit has been started. Give it or end it first.")


def as_drawn(
    actor: Actor, patient: Patient, course: Course | None, day: date, reason: str, *, booking: bool
) -> None:
    """Inside an action that makes or starts a visit on `day`: goes on when that day goes with what chance decided.

    Otherwise a reason is needed, which is kept for good and audited; one a day and design is enough. Raises Refusal
    that says what was drawn. `course` carries its position. A booking counts what is booked already; a visit that
    starts now is the first session whatever else is booked.
    """
    for one in decided_for(patient, course):
        if day in one.reasons or not one.against(day, one.coming if booking else ()):
            continue
        if not reason.strip():
            first = "Open the draw first, or write" if one.drawn is None else "Write"
            raise Refusal(
                f"{one.words} {first} why this visit is on {day:%-d %b %Y}: whoever gets worse is treated.",
                field="deviation_reason",
                code="not_as_drawn",
            )
        row = SingleCaseDeviation.objects.create(
            case=one.case, day=day, reason=reason.strip(), at=timezone.now(), by_id=actor.user_id
        )
        log(
            actor,
            "single_case.deviate",
            patient_id=patient.id,
            about=row,
            detail={"day": day.isoformat(), "design": one.case.design},
        )
