"""The safety screen of a visit: asked of the rules for today's points, kept, and lifted only by a senior."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.actions.changing import OPEN_STATES, must_be, session_for
from deqi.record.care.line import is_deep
from deqi.record.care.models import SafetyScreen, Session
from deqi.record.care.placements import placements_of
from deqi.record.care.queries.case import case_of
from deqi.record.errors import Refusal
from deqi.record.practice.clock import today_at
from deqi.science import safety
from deqi.science.case import Case
from deqi.science.points import Placement


def screen_of(session: Session, placements: Sequence[Placement]) -> safety.Screen:
    """What the rules say about this person and these points today. Reads only: one statement, or two."""
    on = today_at(session.site)
    first = session.number == 1 and not earlier_visits(session)
    case = case_of(session.patient, session.course, on, more={"first_session": first})
    return screen_case(case, placements, on)


def screen_case(case: Case, placements: Sequence[Placement], on: date) -> safety.Screen:
    """What the rules say about a case and points as a line holds them."""
    pairs = pairs_of(placements)
    ways = ["manual"]
    ways += ["electro"] if pairs else []
    ways += ["deep"] if any(is_deep(placement) for placement in placements) else []
    ways += ["retained"] if any(placement.technique == "press-needle" for placement in placements) else []
    ways += ["moxa"] if any(placement.technique == "warm-needle" for placement in placements) else []
    return safety.screen(case, spots_of(placements), ways, on, pairs=pairs)


def earlier_visits(session: Session) -> bool:
    """Whether this person has been needled here before, in whichever course."""
    return Session.objects.filter(patient_id=session.patient_id, state="signed").exists()


def spots_of(placements: Sequence[Placement]) -> list[str]:
    """Points as the screen reads them, e.g. `LI4:right`, `ST36`."""
    return [
        f"{placement.code}:{placement.side}" if placement.side in ("left", "right") else placement.code
        for placement in placements
    ]


def pairs_of(placements: Sequence[Placement]) -> list[tuple[str, str]]:
    """Electrical pairs as the screen reads them, one a side; a point with itself runs from left to right."""
    found: dict[tuple[str, str], None] = {}
    for one in placements:
        if one.electrical is None:
            continue
        other = next((p for p in placements if p.label == one.electrical.pair_with), one)
        if other.label == one.label:
            found[(f"{one.code}:left", f"{one.code}:right")] = None
            continue
        first, second = sorted((one, other), key=placements.index)
        for side in ("left", "right") if one.side == "both" else (one.side,):
            tail = f":{side}" if side in ("left", "right") else ""
            found[
                (
                    first.code + ("" if first.side == "midline" else tail),
                    second.code + ("" if second.side == "midline" else tail),
                )
            ] = None
    return list(found)


@transaction.atomic
def screen_session(actor: Actor, session_id: UUID) -> SafetyScreen:
    """Screens today's points and keeps the answer. Saying the same about the same points makes no second row."""
    session = session_for(actor, session_id, "session.run")
    must_be(session, *OPEN_STATES)
    return keep_screen(actor, session)


def keep_screen(actor: Actor, session: Session) -> SafetyScreen:
    """Inside an action: the screen of today's points, kept. A lifted stop stays lifted while no new one joins it."""
    said = screen_of(session, placements_of(session))
    findings = [_as_json(finding) for finding in said.findings]
    newest = newest_screen(session)
    if newest and newest.inputs.get("line") == session.treatment_line and newest.findings == findings:
        return newest
    kept = SafetyScreen.objects.create(
        patient_id=session.patient_id,
        session=session,
        at=timezone.now(),
        by_id=actor.user_id,
        verdict=said.verdict,
        findings=findings,
        inputs={
            "line": session.treatment_line,
            "standing": [_as_json(finding) for finding in said.standing],
            "unanswered": list(said.unanswered),
        },
        **_lift_carried(newest, findings),
    )
    log(
        actor,
        "session.screen",
        patient_id=session.patient_id,
        about=kept,
        detail={"verdict": kept.verdict, "findings": [finding["id"] for finding in findings]},
    )
    return kept


def _as_json(finding: safety.Finding) -> dict[str, Any]:
    held = finding.as_dict()
    return {key: list(value) if isinstance(value, tuple) else value for key, value in held.items()}


def stops_of(screen: SafetyScreen) -> list[dict[str, Any]]:
    """The findings of a kept screen that stop the session."""
    return [finding for finding in screen.findings if finding["effect"] == "stop"]


def _lift_carried(newest: SafetyScreen | None, findings: list[dict[str, Any]]) -> dict[str, Any]:
    if newest is None or newest.lifted_by_id is None:
        return {}
    lifted = {finding["id"] for finding in stops_of(newest)}
    if not {finding["id"] for finding in findings if finding["effect"] == "stop"} <= lifted:
        return {}
    return {
        "lifted_by_id": newest.lifted_by_id,
        "lifted_at": newest.lifted_at,
        "lift_reason": newest.lift_reason,
    }


def newest_screen(session: Session) -> SafetyScreen | None:
    """The latest screen of this visit."""
    return session.screens.select_related("lifted_by").order_by("-at").first()


def must_be_safe(actor: Actor, session: Session) -> SafetyScreen:
    """Screens now. Raises Refusal while a stop stands that nobody has lifted, or a red flag is not asked."""
    screen = keep_screen(actor, session)
    stops = stops_of(screen)
    if stops and screen.lifted_by_id is None:
        titles = "; ".join(finding["title"] for finding in stops)
        raise Refusal(
            f"The safety screen says stop: {titles}. Only a senior clinician lifts it, with a written reason.",
            code="safety_stop",
        )
    return screen


@transaction.atomic
def lift_stop(actor: Actor, session_id: UUID, reason: str) -> SafetyScreen:
    """A senior clinician lets the visit go on in spite of a stop, and says why. Lifting twice changes nothing."""
    session = session_for(actor, session_id, "safety.lift_stop")
    actor.check("safety.lift_stop", session.site_id)
    must_be(session, "open")
    if len(reason.strip()) < 10:
        raise Refusal("Write why it is safe to go on: a sentence that will be read later.", field="reason")
    screen = keep_screen(actor, session)
    if not stops_of(screen):
        raise Refusal("Nothing stops this visit.", code="no_stop")
    if screen.lifted_by_id is not None:
        return screen
    screen.lifted_by_id, screen.lifted_at, screen.lift_reason = actor.user_id, timezone.now(), reason.strip()
    screen.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    log(
        actor,
        "safety.lift_stop",
        patient_id=session.patient_id,
        about=screen,
        detail={"reason": reason.strip(), "findings": [finding["id"] for finding in stops_of(screen)]},
    )
    return screen
