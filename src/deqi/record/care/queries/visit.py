"""Everything the page of one visit shows, in four statements whatever the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log, log_look
from deqi.record.care.actions.asking import facts_to_ask, flags_to_ask
from deqi.record.care.actions.changing import session_for
from deqi.record.care.actions.screens import screen_case, screen_of
from deqi.record.care.codes import rating_codes, symptom_of
from deqi.record.care.line import LineRefused, merged
from deqi.record.care.models import Letter, Observation, Session, SuggestionShown
from deqi.record.care.placements import affected_side, needles_of, placements_of
from deqi.record.care.queries.case import Known, case_of, known_from, known_lists
from deqi.record.care.queries.courses import CoursePosition, course_position
from deqi.record.care.queries.protocols import protocols_in_scope
from deqi.record.care.suggested import Taken, taken
from deqi.record.patients.models import RedFlagAnswer
from deqi.record.practice.clock import day_at, today_at, zone_of
from deqi.record.practice.models import NeedleLot
from deqi.record.together import Some, some, together
from deqi.science.case import Case
from deqi.science.measures import symptoms
from deqi.science.points import Placement
from deqi.science.safety import FactDefinition, RedFlag, Screen

Row = Mapping[str, Any]
#: Asked of everybody who has not drawn or rated anything yet.
COMMON_SYMPTOMS = ("pain", "burning", "tingling", "numbness")
#: Offered on the page of a visit; the others are a click away.
MOST_PROTOCOLS = 60
LOOK_IN_EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class Timer:
    """The rest of one visit on the server's clock; all in seconds. `left` is negative once time is over."""

    needled_at: datetime
    planned: int
    gone: int

    @property
    def left(self) -> int:
        return self.planned - self.gone

    @property
    def over(self) -> bool:
        return self.left < 0

    @property
    def clock(self) -> str:
        """Minutes and seconds left, or over."""
        return f"{abs(self.left) // 60}:{abs(self.left) % 60:02d}"

    @property
    def share(self) -> float:
        """How much of the planned time is left, 0 to 1; 1 when it is over, so that the ring is full."""
        return 1.0 if self.over else round(self.left / self.planned, 4)


def timer_of(session: Session, now: datetime | None = None) -> Timer | None:
    """The timer while the needles are in, else None."""
    if session.state != Session.State.RESTING or session.needled_at is None:
        return None
    gone = int(((now or timezone.now()) - session.needled_at).total_seconds())
    return Timer(session.needled_at, session.retention_planned_min * 60, max(0, gone))


def look_in_due(session: Session, now: datetime | None = None) -> bool:
    """Whether nobody has looked in for ten minutes of the rest (our proposal, no source gives a figure)."""
    if session.needled_at is None:
        return False
    return (now or timezone.now()) - (session.looked_in_at or session.needled_at) >= LOOK_IN_EVERY


@dataclass(frozen=True)
class VisitPage:
    """What the page shows. `rows` holds the short lists by name."""

    session: Session
    on: date
    position: CoursePosition
    known: Known
    case: Case
    screen: Screen
    placements: Sequence[Placement]
    timer: Timer | None
    flags: list[RedFlag]
    facts: list[FactDefinition]
    rows: Mapping[str, list[dict[str, Any]]]

    @property
    def needles(self) -> int:
        return needles_of(self.placements)

    @property
    def kept_screen(self) -> Row | None:
        return self.rows["screens"][0] if self.rows["screens"] else None

    @property
    def lifted(self) -> Row | None:
        """The lift of a stop that holds for today's points."""
        kept = self.kept_screen
        return kept if kept and kept["lifted_at"] and kept["verdict"] == "stop" else None

    @property
    def stops(self) -> list[Any]:
        return [finding for finding in self.screen.findings if finding.effect == "stop"]

    @property
    def carried(self) -> list[Row]:
        return [row for row in self.rows["needles"] if row["carried"] and row["confirmed_at"] is None]

    @property
    def last(self) -> Row | None:
        """The visit before this one."""
        return self.rows["last"][0] if self.rows["last"] else None

    @property
    def symptoms(self) -> list[str]:
        """Symptoms to rate: those this person has drawn or rated, else the common ones."""
        return [key for key in symptoms() if key in self.case.symptoms] or list(COMMON_SYMPTOMS)

    @property
    def ratings(self) -> dict[str, tuple[int, str]]:
        """Today's ratings: symptom -> (level, channel)."""
        held = {}
        for row in self.rows["ratings_today"]:
            if (symptom := symptom_of(row["code"])) is not None and row["value"] is not None:
                held[symptom] = int(row["value"]), row["channel"]
        return held

    @property
    def taken(self) -> Taken | None:
        """What became of the suggestion that was kept when the needles went in."""
        if not self.rows["suggested"]:
            return None
        kept = self.rows["suggested"][0]
        return taken(kept["ranked"], [one.code for one in self.placements], kept["model_version"])

    @property
    def feet_unfelt(self) -> bool:
        return bool(self.case.facts.get("insensate_feet"))

    @property
    def asked(self) -> dict[str, Row]:
        return {row["flag"]: row for row in self.rows["flags_here"]}


def visit_page(actor: Actor, session_id: UUID) -> VisitPage:
    """The visit, if the acting person may see it; the look is written to the audit log."""
    session = session_for(actor, session_id, "clinical.view", lock=False)
    on = today_at(session.site)
    lists = together(**known_lists(session.patient, on), **_lists(actor, session, on))
    known = known_from(session.patient, on, lists)
    placements = placements_of(session)
    first = session.number == 1 and not lists["last"] and not lists["earlier"]
    case = case_of(session.patient, session.course, on, more={"first_session": first}, known=known)
    log(actor, "clinical.view", patient_id=session.patient_id, about=session, detail={"page": "visit"})
    return VisitPage(
        session=session,
        on=on,
        position=course_position(session.course_id),
        known=known,
        case=case,
        screen=screen_case(case, placements, on),
        placements=placements,
        timer=timer_of(session),
        flags=flags_to_ask(case.facts),
        facts=facts_to_ask(case.facts),
        rows=lists,
    )


def _lists(actor: Actor, session: Session, on: date) -> dict[str, Some]:
    since, until = day_at(session.site, on)
    before = Session.objects.filter(course=session.course_id, state="signed", number__lt=session.number)
    rated = Observation.objects.filter(
        patient=session.patient_id, code__in=rating_codes(), effective_at__gte=since, effective_at__lt=until
    )
    lots = NeedleLot.objects.filter(site=session.site_id, active=True, expires__gte=on)
    return {
        "needles": some(
            session.placements.all(), "code", "members", "side", "carried", "confirmed_at", "position"
        ),
        "last": some(
            before.order_by("-number")[:1],
            "id",
            "number",
            "needled_at",
            "note",
            "comfort_0_10",
            "treatment_line",
        ),
        "earlier": some(
            Session.objects.filter(patient=session.patient_id, state="signed").order_by("number")[:1],
            "number",
        ),
        "screens": some(
            session.screens.order_by("-at")[:1],
            "verdict",
            "at",
            "lifted_at",
            "lift_reason",
            "lifted_by__name",
        ),
        "flags_here": some(
            RedFlagAnswer.objects.filter(session_id=session.id), "flag", "present", "note", "asked_at"
        ),
        "ratings_today": some(rated.order_by("effective_at"), "code", "value", "channel", "effective_at"),
        "events": some(
            session.adverse_events.order_by("onset_at"),
            "id",
            "event_type",
            "description",
            "onset_at",
            "points",
        ),
        "incidents": some(
            session.incidents.order_by("opened_at"), "kind", "description", "opened_at", "closed_at"
        ),
        "amendments": some(session.amendments.order_by("at"), "text", "reason", "at", "author__name"),
        "lots": some(lots.order_by("expires"), "id", "maker", "gauge_mm", "length_mm", "lot", "expires"),
        "suggested": some(
            SuggestionShown.objects.filter(session=session).order_by("at"), "ranked", "model_version", "at"
        ),
        "protocols": some(
            protocols_in_scope(actor)
            .filter(site=session.site_id, retired_at=None)
            .order_by("name")[:MOST_PROTOCOLS],
            "id",
            "name",
            "line",
            "owner__name",
        ),
        "letters": some(
            Letter.objects.filter(id=uuid5(session.id, "referral")),
            "id",
            "urgency",
            "sent_at",
            "to__name",
        ),
    }


@dataclass(frozen=True)
class Trial:
    """What the words typed so far would make of today's points. `refused` holds the words that cannot be read."""

    placements: Sequence[Placement]
    needles: int
    screen: Screen | None
    new: list[Any]
    refused: LineRefused | None


def try_line(actor: Actor, session_id: UUID, typed: str) -> Trial:
    """Reads and screens words that are still being typed. Nothing is saved, and the look is that of the open page."""
    session = session_for(actor, session_id, "session.run", lock=False)
    log_look(actor, "session.try", page=f"visit {session.id}", patients=[session.patient_id])
    standing = placements_of(session)
    try:
        placements = merged(standing, typed, affected_side(session.patient)) if typed.strip() else standing
    except LineRefused as refused:
        return Trial((), needles_of(standing), None, [], refused)
    now = screen_of(session, placements)
    before = {(one.id, one.points, one.effect) for one in screen_of(session, standing).findings}
    new = [one for one in now.findings if (one.id, one.points, one.effect) not in before]
    return Trial(placements, needles_of(placements), now, new, None)


def clock_of(actor: Actor, session_id: UUID) -> ZoneInfo:
    """The time zone of the site of a visit."""
    return zone_of(session_for(actor, session_id, "clinical.view", lock=False).site)
