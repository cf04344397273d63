"""A visit around its needles: start, check-in, steps, lot, what came after, an end without needles.

"Anything new?" is in `asking.py`, the needles in `needling.py`, the screen in `screens.py`, the signature in
`signing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log, log_first
from deqi.record.care.actions.changing import OPEN_STATES, State, change, must_be, session_for
from deqi.record.care.actions.collecting import credit
from deqi.record.care.actions.single_case import as_drawn
from deqi.record.care.codes import rating_code
from deqi.record.care.models import Appointment, Course, Observation, Session
from deqi.record.care.placements import carried_line, key_of, write_placements
from deqi.record.care.queries.courses import course_for, course_position, current_revision
from deqi.record.errors import Refusal
from deqi.record.patients.models import Consent, Patient
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Licence, NeedleLot, Room, Site
from deqi.record.practice.queries import licence_for


@transaction.atomic
def start_session(
    actor: Actor,
    course_id: UUID,
    *,
    session_id: UUID,
    room_id: UUID | None = None,
    appointment_id: UUID | None = None,
    deviation_reason: str = "",
) -> Session:
    """Opens a visit of this course, with the last prescription carried forward. The same id twice opens one.

    Refuses without a licence for this site and day, without consent to care, past a review, while another visit of
    this person is not signed, and without a `deviation_reason` on a day that does not go with what chance decided.
    """
    patient, course = course_for(actor, course_id, "session.run", page="start of a visit")
    same = Session.objects.filter(id=session_id).first()
    if same is not None and same.course_id == course.id:
        return same
    Patient.objects.select_for_update(no_key=True).get(id=patient.id)
    appointment = _appointment(patient, appointment_id)
    room = _free_room(room_id or (appointment.room_id if appointment else None))
    site = room.site if room else appointment.site if appointment else course.site
    actor.check("session.run", site.id)
    licence = licence_or_refusal(actor, site, today_at(site))
    consent_or_refusal(patient)
    course_goes_on(course)
    _no_other_visit(patient)
    as_drawn(actor, patient, course, today_at(patient.home_site), deviation_reason, booking=False)
    last = _last_session(course)
    try:
        with transaction.atomic():
            session = Session.objects.create(
                id=session_id,
                course=course,
                patient=patient,
                site=site,
                room=room,
                practitioner_id=actor.practitioner_id,
                licence=licence,
                appointment=appointment,
                needle_lot=_lot_in_use(site, last),
                number=_next_number(course),
                opened_at=timezone.now(),
                retention_planned_min=current_revision(course).retention_min,
            )
    except IntegrityError:
        raise Refusal("Somebody else has just started this visit or taken this room.", code="taken")
    if last:
        _carry_forward(last, session)
    if appointment:
        Appointment.objects.filter(id=appointment.id).update(status=Appointment.Status.IN_ROOM)
    log(actor, "session.start", patient_id=patient.id, about=session, detail={"number": session.number})
    return session


def licence_or_refusal(actor: Actor, site: Site, on: date) -> Licence:
    """The licence that lets `actor` needle at `site` on that day. Raises Refusal saying what is missing."""
    if actor.practitioner_id is None:
        raise Refusal(
            "You are not recorded as a practitioner. A manager can add you.", code="no_practitioner"
        )
    licence = licence_for(actor.practitioner_id, site, on)
    if licence is not None:
        return licence
    held = list(Licence.objects.filter(practitioner_id=actor.practitioner_id, jurisdiction=site.jurisdiction))
    held.sort(key=lambda row: row.expires, reverse=True)
    if not held:
        why = f"no licence for {site.jurisdiction} is recorded"
    elif held[0].status != Licence.Status.ACTIVE:
        why = f"the licence {held[0].number} is {held[0].get_status_display()}"
    elif held[0].expires < on:
        why = f"the licence {held[0].number} ended on {held[0].expires:%d %b %Y}"
    elif held[0].issued > on:
        why = f"the licence {held[0].number} starts on {held[0].issued:%d %b %Y}"
    else:
        why = f"the licence {held[0].number} is not verified against its register"
    raise Refusal(
        f"{actor.name} may not needle at {site.name} today: {why}. A manager can record and verify it.",
        code="no_licence",
    )


def consent_or_refusal(patient: Patient) -> None:
    """Raises Refusal unless the newest consent to care is given."""
    newest = Consent.objects.filter(patient=patient, kind=Consent.Kind.CARE).order_by("-at").first()
    if newest is None:
        raise Refusal(
            f"{patient.name} has not consented to acupuncture yet. Go through the consent first.",
            code="no_consent",
        )
    if newest.decision != Consent.Decision.GIVEN:
        raise Refusal(
            f"{patient.name} has {newest.get_decision_display()} consent to acupuncture on {newest.at:%d %b %Y}. "
            "No needle without a new consent.",
            code="no_consent",
        )


def course_goes_on(course: Course) -> None:
    """Raises Refusal when the course has ended or its review is due."""
    position = course_position(course)
    if course.status == Course.Status.ENDED:
        raise Refusal("This course has ended. Open a new one first.", code="course_ended")
    if position.due:
        raise Refusal(
            f"The review after session {position.next_review} is due. Hold the review, then start the visit.",
            code="review_due",
        )


def _no_other_visit(patient: Patient) -> None:
    other = Session.objects.filter(patient=patient, state__in=OPEN_STATES).first()
    if other is not None:
        raise Refusal(
            f"Visit {other.number} of {patient.name} is not signed yet. Sign it or end it first.",
            code="open_visit",
        )


def _free_room(room_id: UUID | None) -> Room | None:
    if room_id is None:
        return None
    room = Room.objects.select_related("site").filter(id=room_id, active=True).first()
    if room is None:
        raise Refusal("Choose one of the rooms of this site.", field="room")
    taken = (
        Session.objects.filter(room=room, state__in=(State.OPEN, State.RESTING))
        .select_related("patient")
        .first()
    )
    if taken is not None:
        raise Refusal(f"{room.name} is taken. Choose another room.", field="room", code="room_taken")
    return room


def _appointment(patient: Patient, appointment_id: UUID | None) -> Appointment | None:
    if appointment_id is None:
        return None
    found = Appointment.objects.select_related("site").filter(id=appointment_id, patient=patient).first()
    if found is None or found.status in (Appointment.Status.CANCELLED, Appointment.Status.DONE):
        raise Refusal("This appointment is over or was cancelled.", code="appointment_over")
    return found


def _next_number(course: Course) -> int:
    numbered = Session.objects.filter(course=course).exclude(state=State.ABANDONED).order_by("-number")
    return (numbered.values_list("number", flat=True).first() or 0) + 1


def _last_session(course: Course) -> Session | None:
    signed = Session.objects.filter(course=course, state=State.SIGNED)
    return signed.select_related("needle_lot").order_by("-number").first()


def _lot_in_use(site: Site, last: Session | None) -> NeedleLot | None:
    """The lot of last time if it can still be used here, else the one in use that ends first."""
    usable = NeedleLot.objects.filter(site=site, active=True, expires__gte=today_at(site))
    if last and last.needle_lot_id and (same := usable.filter(id=last.needle_lot_id).first()):
        return same
    return usable.order_by("expires").first()


def _carry_forward(last: Session, session: Session) -> None:
    """Copies the last prescription, marked as carried. Deqi is felt anew each time and is not copied."""
    placements = carried_line(last.treatment_line)
    if placements:
        write_placements(session, placements, carried={key_of(placement) for placement in placements})
        session.save(update_fields=["treatment_line"])


@transaction.atomic
def record_check_in(actor: Actor, session_id: UUID, ratings: Mapping[str, int]) -> list[Observation]:
    """Ratings in the chair, before: symptom -> 0 to 10 over the last 24 hours. A second post corrects the first."""
    session = session_for(actor, session_id, "session.run")
    must_be(session, State.OPEN, State.RESTING)
    log_first()
    saved = []
    for symptom, level in ratings.items():
        try:
            code = rating_code(symptom)
        except KeyError:
            raise Refusal(f"{symptom} is not a symptom that is rated.", field=symptom)
        if not 0 <= level <= 10:
            raise Refusal("A rating is from 0 to 10.", field=symptom)
        row, _ = Observation.objects.update_or_create(
            id=uuid5(session.id, code),
            defaults={
                "patient_id": session.patient_id,
                "course_id": session.course_id,
                "session": session,
                "code": code,
                "value": level,
                "unit": "0-10",
                "recall": "24h",
                "channel": Observation.Channel.CHAIR,
                "effective_at": session.opened_at,
                "recorded_by_id": actor.user_id,
            },
        )
        saved.append(row)
    today = today_at(session.site)
    for row in saved:
        credit(actor, row, today)
    log(
        actor,
        "session.check_in",
        patient_id=session.patient_id,
        about=session,
        detail={"codes": sorted(ratings)},
    )
    return saved


@transaction.atomic
def tick_step(actor: Actor, session_id: UUID, step: str, *, done: bool = True) -> Session:
    """Ticks (or unticks) one step of clean needling: feet looked at, hands and site clean, ..."""
    session = session_for(actor, session_id, "session.run")
    must_be(session, *OPEN_STATES)
    if (step in session.steps) == done:
        return session
    steps = {key: at for key, at in session.steps.items() if key != step}
    if done:
        steps[step] = timezone.now().isoformat()
    change(actor, session, f"step:{step}", session.version, steps=steps)
    log(
        actor,
        "session.step",
        patient_id=session.patient_id,
        about=session,
        detail={"step": step, "done": done},
    )
    return session


@transaction.atomic
def set_needle_lot(actor: Actor, session_id: UUID, lot_id: UUID | None, version: int) -> Session:
    """Which box the needles come from. A lot past its date, or of another site, is refused."""
    session = session_for(actor, session_id, "session.run")
    must_be(session, *OPEN_STATES)
    lot = None
    if lot_id is not None:
        lot = NeedleLot.objects.filter(id=lot_id, site_id=session.site_id, active=True).first()
        if lot is None:
            raise Refusal("Choose a needle lot of this site.", field="needle_lot")
        if lot.expires < today_at(session.site):
            raise Refusal(
                f"Lot {lot.lot} expired on {lot.expires:%d %b %Y}.", field="needle_lot", code="lot_expired"
            )
    if change(actor, session, "lot", version, needle_lot=lot):
        log(actor, "session.lot", patient_id=session.patient_id, about=session)
    return session


@transaction.atomic
def abandon_session(actor: Actor, session_id: UUID, reason: str) -> Session:
    """Ends a visit before any needle, with a reason. Ending twice changes nothing."""
    session = session_for(actor, session_id, "session.run")
    if session.state == State.ABANDONED:
        return session
    must_be(session, State.OPEN)
    if not reason.strip():
        raise Refusal("Say why there is no needling today.", field="reason")
    set_abandoned(actor, session, reason.strip())
    log(actor, "session.abandon", patient_id=session.patient_id, about=session)
    return session


def set_abandoned(actor: Actor, session: Session, reason: str) -> None:
    """Inside an action: the visit ends without needles and its appointment is done."""
    log_first()
    change(
        actor,
        session,
        "state",
        session.version,
        state=State.ABANDONED,
        no_needling_reason=reason,
        treatment_line="",
    )
    session.placements.all().delete()
    session.electrical_pairs.all().delete()
    if session.appointment_id:
        Appointment.objects.filter(id=session.appointment_id).update(status=Appointment.Status.DONE)


@transaction.atomic
def record_after(
    actor: Actor,
    session_id: UUID,
    version: int,
    *,
    comfort_0_10: int | None,
    side_effects_asked: bool,
    note: str,
) -> Session:
    """Comfort (0 to 10, 10 the best), whether side effects were asked about, and the note."""
    session = session_for(actor, session_id, "session.run")
    must_be(session, *OPEN_STATES)
    if comfort_0_10 is not None and not 0 <= comfort_0_10 <= 10:
        raise Refusal("Comfort is from 0 to 10.", field="comfort_0_10")
    changed = change(
        actor,
        session,
        "after",
        version,
        comfort_0_10=comfort_0_10,
        side_effects_asked=side_effects_asked,
        note=note.strip(),
    )
    if changed:
        log(actor, "session.after", patient_id=session.patient_id, about=session)
    return session
