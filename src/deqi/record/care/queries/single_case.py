"""Single-case designs of one person: what was offered, agreed and drawn, and the result once it can be computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from deqi.record.actor import Actor
from deqi.record.care.models import Course, Messaging, SingleCase, SingleCaseDeviation
from deqi.record.care.queries.courses import course_for, position_of
from deqi.record.care.queries.reviews import ReviewMatter, matter_of, medicine_marks
from deqi.record.care.queries.starts import Diary, PossibleStarts, diary_of
from deqi.record.errors import NotFound
from deqi.record.patients.consent_texts import ConsentText, consent_text, consent_texts
from deqi.record.patients.models import Consent, Patient
from deqi.record.patients.queries.people import age_years
from deqi.record.practice.clock import local, today_at
from deqi.record.together import Some, some
from deqi.science.course import Rating
from deqi.science.course.single_case import (
    Compared,
    Protocol,
    SingleCaseError,
    StartProtocol,
    StartTest,
    TaperOutcome,
    Window,
    altogether,
    compared,
    departure,
    draw,
    start_test,
    taper_outcome,
)
from deqi.science.course.single_case.randomisation import usable
from deqi.science.course.single_case.report import CaseReport
from deqi.science.measures import symptoms

_PROTOCOL: TypeAdapter[Protocol] = TypeAdapter(Protocol)


def protocol_of(case: SingleCase) -> Protocol:
    """The protocol as it was fixed at the offer."""
    return _PROTOCOL.validate_python(case.protocol)


def speaks(case: SingleCase, course: Course | None, today: date) -> bool:
    """Whether a design that was agreed to says something about visits from today on, or can still be drawn."""
    first, last = protocol_of(case).concerns
    if case.drawn_at is None and today > first:
        return False
    if case.design == SingleCase.Design.TAPER:
        return today <= last
    going_on = course is not None and case.course_id == course.id and course.status != Course.Status.ENDED
    return going_on and not position_of(course).given


def texts_asked_of(patient_id: UUID) -> Mapping[str, ConsentText]:
    """The consent texts this person is asked: the four of everybody, and that of an offer that was made to them."""
    found = dict(consent_texts())
    kind = Consent.Kind.SINGLE_CASE
    offered = SingleCase.objects.filter(course__patient_id=patient_id)
    text = consent_text(kind)
    if text is not None and offered.exists():
        found[str(kind)] = text
    return found


@dataclass(frozen=True)
class CaseShown:
    """One design as it stands. `outcome` is None until drawn; `result` until the ratings are there (`why_not`).

    `off`: how the sessions so far differ from what was drawn, "" when they do not. `deviations`: (day, reason).
    `rated` and `windows`: how many of the daily ratings came, altogether and in what is compared. `wanted`: agreed to,
    and ratings are still needed. `closed`: possible days of an open draw on which the diary says the site is closed.
    """

    case: SingleCase
    protocol: Protocol
    outcome: str | None
    result: StartTest | TaperOutcome | None
    why_not: str
    off: str
    deviations: tuple[tuple[date, str], ...]
    rated: Window
    windows: tuple[Compared, ...]
    wanted: bool
    closed: tuple[date, ...] = ()

    @property
    def drawn_day(self) -> date | None:
        """The day in whose windows the drawn outcome is seen; None until drawn."""
        if self.outcome is None:
            return None
        if isinstance(self.protocol, StartProtocol):
            return self.protocol.starts[draw(self.case.seed, self.protocol)]
        return self.protocol.taper_on

    @property
    def last_after(self) -> int:
        """The last day, counted from the drawn one, whose rating is compared."""
        return self.protocol.after_to - 1

    @property
    def lost(self) -> bool:
        """Whether some window can no longer hold enough ratings, so that no test can be made."""
        return any(one.before.lost or one.after.lost for one in self.windows)

    @property
    def symptom(self) -> str:
        return self.protocol.symptom


@dataclass(frozen=True)
class SingleCasePage:
    """What the page about one course's designs shows.

    `unasked`: why nobody asks for the daily ratings that are needed ("measurement": not agreed to be measured,
    "messages": they stopped messages, "address": neither e-mail nor an own page); "" when they are asked or none is
    needed. `diary` only where days are at stake.
    """

    matter: ReviewMatter
    shown: tuple[CaseShown, ...]
    consent: Consent | None
    unasked: str = ""
    diary: Diary | None = None

    @property
    def possible(self) -> PossibleStarts | None:
        """The days among which a start could be drawn, where one may be offered."""
        offers_start = any(design == SingleCase.Design.START for design, _ in self.may_offer)
        return PossibleStarts(self.matter.on, self.diary) if offers_start and self.diary else None

    @property
    def patient(self) -> Patient:
        return self.matter.patient

    @property
    def course(self) -> Course:
        return self.matter.course

    @property
    def may_offer(self) -> list[tuple[str, str]]:
        """The designs that fit now: a start before the first session, a taper afterwards; each once a course."""
        if self.course.status == Course.Status.ENDED:
            return []
        kind = SingleCase.Design.TAPER if self.matter.position.given else SingleCase.Design.START
        held = {one.case.design for one in self.shown}
        return [] if kind in held else [(kind.value, kind.label)]


def lists_of(patient: Patient, course: Course) -> dict[str, Some]:
    """The designs of a course and the newest word on them, for one statement with the rest of a page."""
    cases = SingleCase.objects.filter(course=course).order_by("offered_at")
    words = Consent.objects.filter(patient=patient, kind=Consent.Kind.SINGLE_CASE).order_by("-at")[:1]
    measured = Consent.objects.filter(patient=patient, kind=Consent.Kind.MEASUREMENT).order_by("-at", "-id")[
        :1
    ]
    return {
        "cases": some(cases, *_COLUMNS),
        "deviations": some(
            SingleCaseDeviation.objects.filter(case__course=course).order_by("day"),
            "case_id",
            "day",
            "reason",
        ),
        "chance_consents": some(words, "id", "decision", "at", "signed_name"),
        "measured": some(measured, "decision"),
        "messaging": some(Messaging.objects.filter(patient=patient), "stopped_at"),
    }


_COLUMNS = (
    "id",
    "design",
    "protocol",
    "seed",
    "committed",
    "offered_at",
    "consent_id",
    "consent__at",
    "drawn_at",
)


@dataclass(frozen=True)
class Offered:
    """A design that was offered and can still be drawn, as it is read before agreeing to it."""

    protocol: Protocol

    @property
    def is_start(self) -> bool:
        return isinstance(self.protocol, StartProtocol)

    @property
    def label(self) -> str:
        return symptoms()[self.protocol.symptom].label


def offered_to(patient: Patient) -> list[Offered]:
    """What this person may agree to now, with its days. One statement."""
    cases = SingleCase.objects.filter(course__patient=patient, drawn_at=None)
    found = [
        protocol_of(case)
        for case in cases.exclude(course__status=Course.Status.ENDED).order_by("-offered_at")
    ]
    today = today_at(patient.home_site)
    return [Offered(protocol) for protocol in found if today <= protocol.concerns[0]]


def page_of(matter: ReviewMatter) -> SingleCasePage:
    """The page from a matter that was read with `lists_of`. No query."""
    rows = matter.more["chance_consents"]
    consent = Consent(**rows[0]) if rows else None
    shown = tuple(_shown(_case(matter.course, row), matter, consent) for row in matter.more["cases"])
    return SingleCasePage(matter, shown, consent, _unasked(matter, shown))


def _unasked(matter: ReviewMatter, shown: tuple[CaseShown, ...]) -> str:
    """Why the plan of asks leaves these designs out (`queries.agreed`, `queries.asked`)."""
    if not any(one.wanted for one in shown):
        return ""
    if not any(row["decision"] == Consent.Decision.GIVEN for row in matter.more["measured"]):
        return "measurement"
    if any(row["stopped_at"] for row in matter.more["messaging"]):
        return "messages"
    return "address" if not matter.patient.email and matter.patient.user_id is None else ""


def _case(course: Course, row: Mapping[str, Any]) -> SingleCase:
    held = {name: value for name, value in row.items() if name != "consent__at"}
    case = SingleCase(course=course, **held)
    case.agreed_at = row["consent__at"]
    return case


def single_case_page(actor: Actor, course_id: UUID, verb: str, *, page: str) -> SingleCasePage:
    """Everything, through the acting person's scope."""
    patient, course = course_for(actor, course_id, verb, page=page)
    found = page_of(matter_of(patient, course, **lists_of(patient, course)))
    open_start = any(one.outcome is None and isinstance(one.protocol, StartProtocol) for one in found.shown)
    if not open_start and not any(design == SingleCase.Design.START for design, _ in found.may_offer):
        return found
    diary = diary_of(course.site, found.matter.on)
    return replace(found, diary=diary, shown=tuple(_with_closed(one, diary) for one in found.shown))


def _with_closed(one: CaseShown, diary: Diary) -> CaseShown:
    if one.outcome is not None or not isinstance(one.protocol, StartProtocol):
        return one
    return replace(one, closed=tuple(day for day in one.protocol.starts if diary.tells_closed(day)))


def _outcome(case: SingleCase, protocol: Protocol) -> str | None:
    return protocol.outcomes[draw(case.seed, protocol)] if case.drawn_at else None


def _shown(case: SingleCase, matter: ReviewMatter, consent: Consent | None) -> CaseShown:
    protocol = protocol_of(case)
    outcome = _outcome(case, protocol)
    written = [(row["day"], row["reason"]) for row in matter.more["deviations"] if row["case_id"] == case.id]
    days = {day for day, _ in usable(_ratings(matter), protocol.symptom)}
    came = {
        "deviations": tuple(written),
        "rated": altogether(protocol, days, matter.on),
        "windows": compared(protocol, days, matter.on),
        "wanted": _agreed(case, consent) and _goes_on(case, protocol, matter),
    }
    if outcome is None:
        return CaseShown(case, protocol, None, None, "nothing was drawn yet.", "", **came)
    off = departure(protocol, draw(case.seed, protocol), matter.sessions, matter.on)
    result, why_not = None, ""
    if matter.on <= protocol.rated_until:
        why_not = f"ratings are needed until {protocol.rated_until.isoformat()}, whatever was drawn."
    else:
        try:
            result = result_of(case, protocol, _ratings(matter))
        except SingleCaseError as error:
            why_not = str(error)
    return CaseShown(case, protocol, outcome, result, why_not, off, **came)


def _agreed(case: SingleCase, consent: Consent | None) -> bool:
    return bool(consent and consent.decision == Consent.Decision.GIVEN and consent.at >= case.offered_at)


def _goes_on(case: SingleCase, protocol: Protocol, matter: ReviewMatter) -> bool:
    """Whether ratings are still needed, or will be: drawn or still to be drawn, and the last day not over."""
    can = case.drawn_at is not None or speaks(case, matter.course, matter.on)
    return can and matter.on <= protocol.rated_until


def _ratings(matter: ReviewMatter) -> list[Rating]:
    return [Rating(**row) for row in matter.ratings]


def result_of(case: SingleCase, protocol: Protocol, ratings: list[Rating]) -> StartTest | TaperOutcome:
    """The result as drawn, whatever became of the draw. Raises SingleCaseError with too few ratings in a window."""
    drawn = draw(case.seed, protocol)
    if isinstance(protocol, StartProtocol):
        return start_test(protocol, ratings, protocol.starts[drawn])
    return taper_outcome(protocol, ratings, stopped=drawn == 0)


def single_case_report(actor: Actor, case_id: UUID) -> tuple[CaseReport, Patient]:
    """What the report of one design is written from. No name: age band, sex and diagnosis."""
    course_id = SingleCase.objects.filter(id=case_id).values_list("course_id", flat=True).first()
    if course_id is None:
        raise NotFound("There is no such design.")
    page = single_case_page(actor, course_id, "clinical.view", page="single-case report")
    (shown,) = [one for one in page.shown if one.case.id == case_id]
    case, matter, site = shown.case, page.matter, page.patient.home_site
    agreed = local(site, case.agreed_at).date().isoformat() if case.agreed_at else "not drawn under one yet"
    drawn_on = local(site, case.drawn_at).date().isoformat() if case.drawn_at else None
    marks = medicine_marks(matter.medicines, local(site, matter.course.opened_at).date(), matter.on)
    rated = usable(_ratings(matter), shown.symptom)
    report = CaseReport(
        protocol=shown.protocol,
        seed=case.seed if case.drawn_at else None,
        committed=case.committed,
        agreed_on=agreed,
        drawn_on=drawn_on,
        person=person_in_words(page.patient, matter.course, matter.on),
        clinic=f"A clinic in {site.jurisdiction or 'one place'}, one site.",
        sessions=[day.isoformat() for day in matter.sessions],
        harms=[
            f"{row['event_type'].replace('_', ' ')} on {local(site, row['onset_at']).date().isoformat()}"
            for row in matter.events
        ],
        medicines=[f"{mark['label']} ({mark['at']})" for mark in marks],
        ratings=[(day.isoformat(), value) for day, value in rated],
        result=shown.result,
        why_not=shown.why_not,
        on=matter.on,
        deviations=[(day.isoformat(), reason) for day, reason in shown.deviations],
    )
    return report, page.patient


def person_in_words(patient: Patient, course: Course, on: date) -> str:
    """Who a report is about, without a name: "A woman aged 60 to 69 with diabetic neuropathy"."""
    band = age_years(patient.birth_date, on) // 10 * 10
    sex = {"female": "A woman", "male": "A man"}.get(patient.sex, "A person")
    label = course.condition.label if course.condition else "neuropathy, cause not recorded"
    return f"{sex} aged {band} to {band + 9} with {label[0].lower()}{label[1:]}"
