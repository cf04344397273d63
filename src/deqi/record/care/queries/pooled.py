"""Where chance decided: everybody who finished a single-case design, together, by design and symptom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from deqi.record.actor import Actor
from deqi.record.audit.actions import log_look
from deqi.record.care.codes import rating_code, symptom_of
from deqi.record.care.models import Observation, Session, SingleCase
from deqi.record.care.queries.courses import GIVEN
from deqi.record.care.queries.reviews import CHANNELS
from deqi.record.care.queries.single_case import protocol_of, result_of
from deqi.record.errors import NotFound
from deqi.record.patients.models import Consent
from deqi.record.patients.queries import reachable
from deqi.record.practice.clock import local, today_at
from deqi.science.course import Rating
from deqi.science.course.single_case import (
    Pooled,
    Protocol,
    SingleCaseError,
    StartProtocol,
    StartTest,
    TaperOutcome,
    departure,
    draw,
    pooled_starts,
    pooled_tapers,
    usable,
    verdict,
)
from deqi.science.course.single_case.series import Member
from deqi.science.measures import symptoms

NOT_DRAWN = "offered, and nothing was drawn"
TAKEN_BACK = "took their consent back"
STILL_RATED = "still being rated"
TOO_FEW = "too few ratings in a window"
#: The first day of everybody in the files.
MOVED_TO = date(2001, 1, 1)


@dataclass(frozen=True)
class Counted(Member):
    """One person who is counted, with their design; `off` says how it went other than drawn."""

    case: SingleCase
    off: str


@dataclass
class Series:
    """Everybody with one design and one symptom. `left_out`: reason -> how many; `why_not`: no pooled test, and why.

    `cases` are all that were offered, each with the newest `word` on its consent. The people stand in the order of their commitments, which tells neither name nor time.
    """

    design: str
    symptom: str
    cases: list[Any] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    pooled: Pooled | None = None
    why_not: str = ""

    @property
    def is_start(self) -> bool:
        return self.design == SingleCase.Design.START

    @property
    def results(self) -> list[StartTest | TaperOutcome]:
        return [one.result for one in self.counted]

    @property
    def off(self) -> int:
        """How many did not go as drawn; they count as drawn."""
        return sum(bool(one.off) for one in self.counted)

    @property
    def words(self) -> str:
        return verdict(self.results, self.pooled)


def pooled_series(actor: Actor, *, page: str) -> list[Series]:
    """The series of everybody whom the acting person may treat. Three statements, and the look in the audit log."""
    actor.check("clinical.view")
    newest = Consent.objects.filter(
        patient=OuterRef("course__patient"), kind=Consent.Kind.SINGLE_CASE
    ).order_by("-at")
    rows = SingleCase.objects.filter(reachable(actor, "clinical.view", by="course__patient"))
    rows = rows.annotate(word=Subquery(newest.values("decision")[:1]))
    related = ("course__patient__home_site", "course__site", "course__condition")
    cases: list[Any] = list(rows.select_related(*related).order_by("committed"))
    log_look(actor, "single_case.pool", page=page, patients=[case.course.patient_id for case in cases])
    series: dict[tuple[str, str], Series] = {}
    finished = []
    for case in cases:
        protocol = protocol_of(case)
        one = series.setdefault((case.design, protocol.symptom), Series(case.design, protocol.symptom))
        one.cases.append(case)
        if why := _not_yet(case, protocol):
            one.left_out[why] = one.left_out.get(why, 0) + 1
        else:
            finished.append((case, protocol, one))
    ratings, sessions = _ratings(finished), _sessions(finished)
    for case, protocol, one in finished:
        site = case.course.patient.home_site
        rated = [
            Rating.model_construct(date=local(site, at).date(), **row) for at, row in ratings.get(case.id, ())
        ]  # kept ratings were checked when they were given
        try:
            result = result_of(case, protocol, rated)
        except SingleCaseError:
            one.left_out[TOO_FEW] = one.left_out.get(TOO_FEW, 0) + 1
            continue
        held = [local(site, at).date() for at in sessions.get(case.course_id, ())]
        drawn = draw(case.seed, protocol)
        off = departure(protocol, drawn, held, today_at(site))
        one.counted.append(
            Counted(protocol, drawn, tuple(usable(rated, protocol.symptom)), result, case, off)
        )
    for one in series.values():
        _pool(one)
    return sorted(series.values(), key=lambda one: (one.design, -len(one.counted), one.symptom))


def series_of(actor: Actor, design: str, symptom: str, *, page: str) -> Series:
    """The series of one design and symptom, empty where nobody was offered it. Raises NotFound when there is no such."""
    if design not in SingleCase.Design.values or symptom not in symptoms():
        raise NotFound("There is no such design or symptom.")
    for one in pooled_series(actor, page=page):
        if (one.design, one.symptom) == (design, symptom):
            return one
    none = Series(design, symptom)
    _pool(none)
    return none


def _not_yet(case: Any, protocol: Protocol) -> str:
    if case.drawn_at is None:
        return NOT_DRAWN
    if case.word != Consent.Decision.GIVEN:
        return TAKEN_BACK
    return STILL_RATED if today_at(case.course.patient.home_site) <= protocol.rated_until else ""


Finished = list[tuple[Any, Protocol, Series]]


def _ratings(finished: Finished) -> dict[UUID, list[tuple[Any, dict[str, Any]]]]:
    """By design the ratings of its symptom in its time, a day more at both ends for the clock of the site."""
    spans: dict[tuple[UUID, str], list[tuple[UUID, date, date]]] = {}
    for case, protocol, _ in finished:
        first = protocol.rated_from - timedelta(days=1)
        key = (case.course.patient_id, rating_code(protocol.symptom))
        spans.setdefault(key, []).append((case.id, first, protocol.rated_until + timedelta(days=1)))
    found: dict[UUID, list[tuple[Any, dict[str, Any]]]] = {}
    if not spans:
        return {}
    earliest = min(first for held in spans.values() for _, first, _ in held)
    rows = Observation.objects.filter(
        patient__in={patient for patient, _ in spans},
        code__in={code for _, code in spans},
        value__isnull=False,
        effective_at__gte=datetime.combine(earliest, time(), tzinfo=UTC),
    )
    rows = rows.exclude(recall="7d").order_by("effective_at", "id")
    for patient, code, value, at, channel in rows.values_list(
        "patient_id", "code", "value", "effective_at", "channel"
    ):
        for case_id, first, last in spans.get((patient, code), ()):
            if first <= at.date() <= last:
                row = {
                    "symptom": symptom_of(code),
                    "value": float(value),
                    "channel": CHANNELS.get(channel, "home"),
                }
                found.setdefault(case_id, []).append((at, row))
    return found


def _sessions(finished: Finished) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    rows = Session.objects.filter(course__in={case.course_id for case, _, _ in finished}, state__in=GIVEN)
    for course, at in rows.values_list("course_id", "opened_at"):
        found.setdefault(course, []).append(at)
    return found


def _pool(one: Series) -> None:
    try:
        starts = [result for result in one.results if isinstance(result, StartTest)]
        tapers = [result for result in one.results if isinstance(result, TaperOutcome)]
        one.pooled = pooled_starts(starts) if one.is_start else pooled_tapers(tapers)
    except SingleCaseError as error:
        one.why_not = str(error)


def files_of(series: Iterable[Series]) -> dict[str, str]:
    """File name -> text: what `deqi course single-case` reads, without names.

    The days of each person are moved so that their first day (of a taper, the day of the draw) is `MOVED_TO`.
    """
    found = {}
    for one in series:
        if not one.counted:
            continue
        ratings, draws = ["patient_id,date,symptom,value"], []
        for number, person in enumerate(one.counted, start=1):
            who, protocol = f"p{number}", person.protocol
            start = isinstance(protocol, StartProtocol)
            moved = MOVED_TO - (protocol.enrolled_on if start else protocol.taper_on)
            ratings += [f"{who},{day + moved},{one.symptom},{value!r}" for day, value in person.days]
            drawn = protocol.starts[person.drawn] + moved if start else ("stop", "go_on")[person.drawn]
            possible = f",{' '.join(map(str, protocol.baseline_days))}" if start else ""
            draws.append(f"{who},{MOVED_TO},{drawn}{possible}")
        head = "patient_id,enrolled_on,drawn_on,baseline_days" if one.is_start else "patient_id,taper_on,arm"
        name = f"{one.design}-{one.symptom}"
        found[f"{name}-ratings.csv"] = "\n".join(ratings) + "\n"
        found[f"{name}-draws.csv"] = "\n".join([head, *draws]) + "\n"
    return found
