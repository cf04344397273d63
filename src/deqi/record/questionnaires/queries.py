"""Instruments with their permission, what a person is asked to answer, and what they answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.care.models import Course, Session
from deqi.record.care.queries.asked import decision_on
from deqi.record.errors import NotFound
from deqi.record.patients.models import Consent, Patient
from deqi.record.practice.clock import today_at
from deqi.record.questionnaires.models import (
    Assignment,
    CourseQuestionnaire,
    Instrument,
    Response,
    ResponseNumber,
    UsePermission,
)
from deqi.record.together import Some, some

#: More than this are not listed on one page.
MOST = 200
DONE = (Response.Status.COMPLETE, Response.Status.AMENDED)


def with_permission(rows: QuerySet[Instrument]) -> QuerySet[Instrument]:
    """Adds the newest statement of permission: `allowed_by`, `allowed_until`."""
    newest = UsePermission.objects.filter(instrument=OuterRef("pk")).order_by("-recorded_at", "id")
    return rows.annotate(
        allowed_by=Subquery(newest.values("who")[:1]),
        allowed_until=Subquery(newest.values("until")[:1]),
    )


def why_not(instrument: Any, today: date | None = None) -> str:
    """Why an instrument (from `with_permission`) may not be used today; "" when it may.

    `today` is the day at the site of the person who is asked; without a person the clinic's own.
    """
    today = today or timezone.localdate()
    if instrument.retired_at is not None:
        return "It is retired."
    if instrument.allowed_by is None:
        return "Nobody has recorded who allows its use."
    if instrument.allowed_until is not None and instrument.allowed_until < today:
        return f"The permission ended on {instrument.allowed_until:%d %b %Y}."
    return ""


@dataclass(frozen=True)
class Listed:
    """One instrument in a list. `why_not` is "" when it can be used."""

    row: Any
    why_not: str


def instruments(actor: Actor) -> list[Listed]:
    """Every version, by title, newest first within a title. One statement."""
    actor.check("form.view")
    rows = with_permission(Instrument.objects.defer("resource")).order_by(
        "title", "url", "-imported_at", "id"
    )
    return [Listed(row, why_not(row)) for row in rows[:MOST]]


def instrument_for(actor: Actor, instrument_id: UUID) -> Any:
    """One version with its permission. Raises NotFound."""
    actor.check("form.view")
    found = (
        with_permission(Instrument.objects.filter(id=instrument_id))
        .select_related("imported_by", "retired_by")
        .first()
    )
    if found is None:
        raise NotFound("There is no such questionnaire.")
    return found


def usable_instruments(today: date) -> list[Any]:
    """Instruments that may be given to somebody `today`, by title. One statement."""
    rows = with_permission(Instrument.objects.filter(retired_at=None).defer("resource"))
    return [row for row in rows.order_by("title", "-imported_at", "id")[:MOST] if not why_not(row, today)]


@dataclass(frozen=True)
class Chosen:
    """What the links of a course ask until somebody ends it. `when` in words; `usable`: whether it may be used today."""

    id: UUID
    title: str
    version: str
    when: str
    chosen_at: datetime
    chosen_by: str
    usable: bool


def usable_and_chosen(patient: Patient, today: date) -> tuple[list[Any], list[Chosen]]:
    """What may be given `today`, by title, and what the courses of this person ask by link. One statement."""
    mine = FilteredRelation("choices", condition=Q(choices__patient=patient, choices__ended_at=None))
    rows = with_permission(Instrument.objects.annotate(mine=mine).defer("resource"))
    rows = rows.filter(Q(retired_at=None) | Q(mine__isnull=False)).annotate(
        choice=F("mine__id"),
        windows=F("mine__windows"),
        chosen_at=F("mine__chosen_at"),
        by=F("mine__chosen_by__name"),
    )
    usable: dict[UUID, Any] = {}
    chosen = []
    for row in rows.order_by("title", "-imported_at", "id", "mine__chosen_at")[:MOST]:
        may = not why_not(row, today)
        if may:
            usable[row.id] = row
        if row.choice is not None:
            when = CourseQuestionnaire.words(row.windows)
            chosen.append(Chosen(row.choice, row.title, row.version, when, row.chosen_at, row.by, may))
    return list(usable.values()), chosen


@dataclass(frozen=True)
class Asked:
    """An assignment with the answers given so far, None when it is not begun. `over`: why no more are taken, or ""."""

    row: Assignment
    answers: Mapping[str, Any] | None
    over: str = ""

    @property
    def answered(self) -> int:
        return sum(1 for values in self.answers.values() if values) if self.answers else 0


@dataclass(frozen=True)
class Answered:
    """A complete response with its scores (label, value); `amended_by` is the response that took its place."""

    row: Response
    scores: list[tuple[str, float]]
    amended_by: UUID | None


def asked_of(patient: Patient, *, at_home: bool = False) -> list[Asked]:
    """What is still to answer, newest first. One statement.

    What a course asks by itself is left out once it is over (`why_over`); staff see it on when answers are there.
    """
    rows = with_end(Assignment.objects.filter(patient=patient, withdrawn_at=None))
    if at_home:
        rows = rows.filter(where=Assignment.Where.HOME)
    first = FilteredRelation("responses", condition=Q(responses__amends=None))
    rows = rows.annotate(first=first).annotate(begun=F("first__status"), given=F("first__answers"))
    rows = rows.filter(Q(begun=None) | Q(begun=Response.Status.OPEN))
    rows = rows.select_related("instrument", "assigned_by").defer("instrument__resource")
    today = today_at(patient.home_site)
    found = [
        Asked(row, row.given if row.begun is not None else None, why_over(row, today))
        for row in rows.order_by("-assigned_at", "id")[:MOST]
    ]
    return [one for one in found if not one.over or (one.answered and not at_home)]


def with_end(rows: QuerySet[Assignment]) -> QuerySet[Assignment]:
    """Adds what ends an assignment that a course asks by itself: `measured`, `needled`."""
    needles = Session.objects.filter(course=OuterRef("course"), needled_at__isnull=False)
    return rows.annotate(measured=decision_on(Consent.Kind.MEASUREMENT), needled=Exists(needles))


def why_over(row: Any, today: date) -> str:
    """Why an assignment (from `with_end`) takes no more answers; "" when it does, and always for one given by hand."""
    if row.chosen_id is None:
        return ""
    if row.due_on < today:
        return "The time for these questions is over. Thank you."
    if row.window == CourseQuestionnaire.Window.BASELINE and row.needled:
        return "Treatment has begun, so these questions are over. Thank you."
    if row.measured != Consent.Decision.GIVEN:
        return "The agreement to be measured was taken back, so nothing is kept."
    return ""


def choice_for(patient: Patient, choice_id: UUID) -> CourseQuestionnaire:
    """One choice for a course of this person (the caller looked them up in scope). Raises NotFound."""
    found = (
        CourseQuestionnaire.objects.select_for_update(no_key=True)
        .filter(id=choice_id, patient=patient)
        .first()
    )
    if found is None:
        raise NotFound("There is no such choice for this person.")
    return found


def answered_by(patient: Patient, numbers: Iterable[Mapping[str, Any]]) -> list[Answered]:
    """Complete responses, newest first; those an amendment replaced stay, and say so. One statement.

    `numbers` are those of `score_numbers`.
    """
    scores: dict[UUID, list[tuple[str, float]]] = {}
    for one in numbers:
        scores.setdefault(one["of"], []).append((one["label"], float(one["value"])))
    rows = (
        Response.objects.filter(patient=patient, status__in=DONE)
        .select_related("instrument", "answered_by")
        .defer("instrument__resource", "resource", "answers")
        .annotate(later=F("amended_by__id"))
        .order_by("-completed_at", "-started_at", "id")
    )
    return [Answered(row, scores.get(row.id, []), row.later) for row in rows[:MOST]]


def response_for(patient: Patient, response_id: UUID) -> Response:
    """One complete response of this person (the caller looked them up in scope). Raises NotFound."""
    found = (
        Response.objects.filter(id=response_id, patient=patient, status__in=DONE)
        .select_related("instrument", "answered_by", "amends", "assignment")
        .first()
    )
    if found is None:
        raise NotFound("There is no such response of this person.")
    return found


@dataclass(frozen=True)
class ScoreLine:
    """One score over time: (when, value), oldest first, and what the last one means."""

    code: str
    title: str
    label: str
    version: str
    points: list[tuple[datetime, float]]
    meaning: str

    @property
    def last(self) -> float:
        return self.points[-1][1]

    @property
    def change(self) -> float | None:
        return self.points[-1][1] - self.points[0][1] if len(self.points) > 1 else None


def score_numbers(patient: Patient) -> list[dict[str, Any]]:
    """Every score of a person, oldest first, with `of` (the response) and `replaced` (whether an amendment took its
    place). One statement.
    """
    rows = ResponseNumber.objects.filter(
        response__patient=patient, kind=ResponseNumber.Kind.SCORE, observation__value__isnull=False
    )
    values = rows.order_by("observation__effective_at", "response_id", "position").values(
        "label",
        "meaning",
        of=F("response_id"),
        replaced=F("response__amended_by__id"),
        code=F("observation__code"),
        value=F("observation__value"),
        at=F("observation__effective_at"),
        title=F("response__instrument__title"),
        version=F("response__instrument__version"),
    )
    return list(values[:2000])


#: Columns of `score_columns`, and what `score_lines` calls them.
COLUMNS = {
    "label": "label",
    "meaning": "meaning",
    "observation__code": "code",
    "observation__value": "value",
    "observation__effective_at": "at",
    "response__instrument__title": "title",
    "response__instrument__version": "version",
}


def score_columns(patient: Patient, course: Course | None = None) -> Some:
    """The newest 200 scores of a person (or of one course) that count, as one of several short lists in one statement."""
    rows = ResponseNumber.objects.filter(
        response__patient=patient,
        kind=ResponseNumber.Kind.SCORE,
        response__amended_by=None,
        observation__value__isnull=False,
    )
    if course is not None:
        rows = rows.filter(response__course=course)
    return some(rows.order_by("-observation__effective_at", "position")[:200], *COLUMNS)


def from_columns(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of `score_columns`, oldest first, as `score_lines` takes them."""
    named = [{**{COLUMNS[key]: row[key] for key in COLUMNS}, "replaced": None} for row in rows]
    return sorted(named, key=lambda row: row["at"])


def score_lines(numbers: Iterable[dict[str, Any]]) -> list[ScoreLine]:
    """The scores of `score_numbers` over time, without those an amendment replaced."""
    return _lines(one for one in numbers if one["replaced"] is None)


def _lines(rows: Iterable[dict[str, Any]]) -> list[ScoreLine]:
    """Scores by code and version: another version of an instrument is another line."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["code"], row["version"]), []).append(row)
    return [
        ScoreLine(
            code,
            group[-1]["title"],
            group[-1]["label"],
            version,
            [(row["at"], float(row["value"])) for row in group],
            group[-1]["meaning"],
        )
        for (code, version), group in groups.items()
    ]
