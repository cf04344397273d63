"""What the report of a series needs besides draws and ratings: who was asked, who they are, what happened meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from deqi.record.actor import Actor
from deqi.record.care.models import AdverseEvent, EventAssessment, Session, SingleCase, SingleCaseDeviation
from deqi.record.care.queries.courses import GIVEN
from deqi.record.care.queries.pooled import MOVED_TO, Counted, Series, series_of
from deqi.record.care.queries.single_case import protocol_of
from deqi.record.patients.actions.history import CAUSES
from deqi.record.patients.models import Consent, Medication
from deqi.record.patients.queries.people import age_years
from deqi.record.practice.clock import local
from deqi.science.course.single_case import Protocol, StartProtocol, TaperProtocol, commitment
from deqi.science.course.single_case.randomisation import FEWEST
from deqi.science.course.single_case.series import SeriesAbout, SeriesReport
from deqi.science.safety import adverse_event_types

SEXES = {"female": "women", "male": "men", "other": "of another sex", "unknown": "sex not recorded"}


def series_report_of(actor: Actor, design: str, symptom: str, *, page: str) -> SeriesReport:
    """The report of one series, of nobody where it was never offered. Four statements besides reading the series."""
    one = series_of(actor, design, symptom, page=page)
    return SeriesReport(_protocol(one), one.counted, one.pooled, one.why_not, about_of(one))


def _protocol(one: Series) -> Protocol:
    """A protocol of the series, for its windows; the days of each person are their own."""
    if one.cases:
        return protocol_of(one.cases[0])
    if one.is_start:
        return StartProtocol(symptom=one.symptom, enrolled_on=MOVED_TO)
    return TaperProtocol(symptom=one.symptom, taper_on=MOVED_TO)


def about_of(one: Series) -> SeriesAbout:
    """What is known of a series, as counts without a name; who they are and when only from `FEWEST` people on."""
    cases = {person.case.id: person for person in one.counted}
    courses = {person.case.course_id: person for person in one.counted}
    given = _sessions(courses)
    kinds, with_harms, serious = _harms(one.counted)
    labels = {kind.key: kind.label.lower() for kind in adverse_event_types()}
    return SeriesAbout(
        offered=len(one.cases),
        refused=sum(case.word == Consent.Decision.REFUSED for case in one.cases),
        drawn=sum(case.drawn_at is not None for case in one.cases),
        left_out=one.left_out,
        fits=sum(commitment(who.case.seed, who.protocol) == who.case.committed for who in one.counted),
        sites=len({who.case.course.site_id for who in one.counted}),
        jurisdictions=tuple(sorted({who.case.course.site.jurisdiction for who in one.counted} - {""})),
        practitioners=len({who.case.course.practitioner_id for who in one.counted}),
        sessions=(min(given), max(given)) if given else None,
        off=one.off,
        reasons=SingleCaseDeviation.objects.filter(case__in=list(cases)).count(),
        medicines_changed=_medicines_changed(one.counted),
        harms={labels.get(kind, kind.replace("_", " ")): n for kind, n in kinds.items()},
        with_harms=with_harms,
        serious=serious,
        **(_who_and_when(one.counted) if len(one.counted) >= FEWEST else {}),
    )


def _day(who: Counted) -> date:
    return who.protocol.enrolled_on if isinstance(who.protocol, StartProtocol) else who.protocol.taper_on


def _diagnosis(case: SingleCase) -> str:
    condition = case.course.condition
    label = CAUSES.get(condition.condition) if condition else None
    return f"{label[0].lower()}{label[1:]}" if label else "with a cause that was not recorded"


def _who_and_when(counted: Collection[Counted]) -> dict[str, Any]:
    """What a few people could be known by."""
    people = [who.case.course.patient for who in counted]
    ages = [age_years(who.case.course.patient.birth_date, _day(who)) // 10 * 10 for who in counted]
    return {
        "ages": (min(ages), max(ages)),
        "sexes": Counter(SEXES[person.sex] for person in people),
        "diagnoses": Counter(_diagnosis(who.case) for who in counted),
        "first_on": min(
            local(who.case.course.patient.home_site, who.case.offered_at).date() for who in counted
        ),
        "last_on": max(who.protocol.rated_until for who in counted),
    }


def files_about(series: Iterable[Series]) -> dict[str, str]:
    """File name -> JSON: what the command's report reads besides ratings and draws. No dates: they are moved there."""
    return {
        f"{one.design}-{one.symptom}-about.json": about_of(one).model_dump_json(
            indent=1, exclude={"first_on", "last_on"}, exclude_none=True
        )
        + "\n"
        for one in series
        if one.counted
    }


def _span(who: Counted) -> tuple[date, date]:
    """The days in which a person was rated."""
    return who.protocol.rated_from, who.protocol.rated_until


def _sessions(courses: dict[UUID, Counted]) -> list[int]:
    """Sessions of each person in the days in which they were rated."""
    found = dict.fromkeys(courses, 0)
    rows = Session.objects.filter(course__in=list(courses), state__in=GIVEN)
    for course_id, at in rows.values_list("course_id", "opened_at"):
        who = courses[course_id]
        first, last = _span(who)
        found[course_id] += first <= local(who.case.course.patient.home_site, at).date() <= last
    return list(found.values())


def _harms(counted: Collection[Counted]) -> tuple[Counter[str], int, int]:
    """Reports by kind, how many people made one, and how many were judged serious, while they were rated."""
    by_person: dict[UUID, list[Counted]] = {}
    for who in counted:
        by_person.setdefault(who.case.course.patient_id, []).append(who)
    kinds: Counter[str] = Counter()
    if not by_person:
        return kinds, 0, 0
    since = datetime.combine(min(_span(who)[0] for who in counted), time(), tzinfo=UTC) - timedelta(days=1)
    judged = EventAssessment.objects.filter(event=OuterRef("pk")).order_by("-assessed_at", "-id")
    rows = AdverseEvent.objects.filter(patient__in=list(by_person), onset_at__gte=since)
    rows = rows.annotate(judged=Subquery(judged.values("seriousness")[:1]))
    told, serious = set(), 0
    for patient_id, kind, at, criteria in rows.values_list("patient_id", "event_type", "onset_at", "judged"):
        if any(_within(who, at) for who in by_person[patient_id]):
            kinds[kind] += 1
            told.add(patient_id)
            serious += bool(criteria)
    return kinds, len(told), serious


def _within(who: Counted, at: Any) -> bool:
    first, last = _span(who)
    return first <= local(who.case.course.patient.home_site, at).date() <= last


def _medicines_changed(counted: Collection[Counted]) -> int:
    """In how many people a medicine was begun, changed or stopped while they were rated."""
    found: dict[UUID, set[date]] = {}
    rows = Medication.objects.filter(patient__in={who.case.course.patient_id for who in counted})
    rows = rows.filter(Q(started_on__isnull=False) | Q(ended_on__isnull=False))
    for patient_id, *days in rows.values_list("patient_id", "started_on", "ended_on"):
        found.setdefault(patient_id, set()).update(day for day in days if day)
    spans = [(found.get(who.case.course.patient_id, set()), _span(who)) for who in counted]
    return sum(any(first < day <= last for day in days) for days, (first, last) in spans)
