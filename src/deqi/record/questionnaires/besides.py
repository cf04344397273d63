"""Questionnaires chosen for a course: which ride on the requests of a day, and what a link asks of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid5

from django.db.models import F, FilteredRelation, Q, QuerySet
from django.utils import timezone

from deqi.record.care.codes import questionnaire_code, questionnaire_of
from deqi.record.care.models import Course, Messaging, RatingRequest
from deqi.record.care.queries.asked import AT_HOME
from deqi.record.care.queries.besides import stands_since
from deqi.record.practice.clock import local, today_at
from deqi.record.questionnaires.models import Assignment, CourseQuestionnaire, Instrument, Response
from deqi.record.questionnaires.queries import DONE, why_not, with_permission
from deqi.science.course.asking import Also

#: How a questionnaire stands behind a link: not begun, begun, sent on this day, sent before.
OPEN, BEGUN, SENT, SENT_BEFORE = "open", "begun", "sent", "sent before"


def questionnaires_besides(
    courses: Iterable[Course], also: Mapping[UUID, Also]
) -> dict[UUID, list[Assignment]]:
    """The questionnaires that are asked today besides ratings, by course; some of them not saved yet.

    One statement when none was chosen, six otherwise, however many courses. Each is asked once in its window, as the
    questions of `codes_besides` are: not when it was sent or taken back, not when the same was answered in the last
    seven days in any way, not after a request that asked it was answered at home and this was skipped. One that was
    begun is asked until it is sent. Left out: what may not be used today, and people who stopped messages.
    """
    held = {course.id: course for course in courses if course.id in also}
    rows = CourseQuestionnaire.objects.filter(
        course__in=list(held), ended_at=None, patient__messaging__stopped_at=None
    )
    chosen = [one for one in rows if also[one.course_id].window in one.windows]
    if not chosen:
        return {}
    usable = {
        row.id: row
        for row in with_permission(
            Instrument.objects.filter(id__in={one.instrument_id for one in chosen}).defer("resource")
        )
    }
    made = _with_response(Assignment.objects.filter(chosen__in=chosen))
    skipped, stands = _skipped(held, also), _answered_lately(held, chosen)
    found: dict[UUID, list[Assignment]] = defaultdict(list)
    for one in chosen:
        course, more = held[one.course_id], also[one.course_id]
        key = uuid5(one.id, f"{more.window} {more.point}")
        assignment = made.get(key) or _new(key, one, course, more)
        status = getattr(assignment, "begun", None)
        if why_not(usable[one.instrument_id], today_at(course.site)) or assignment.withdrawn_at:
            continue
        if status in DONE or (one.course_id, one.instrument_id) in stands:
            continue
        if status is None and questionnaire_code(key) in skipped:
            continue
        assignment.due_on = more.until  # a window moves with its visits
        found[one.course_id].append(assignment)
    return dict(found)


def _new(key: UUID, one: CourseQuestionnaire, course: Course, more: Also) -> Assignment:
    return Assignment(
        id=key,
        patient_id=course.patient_id,
        course_id=course.id,
        instrument_id=one.instrument_id,
        where=Assignment.Where.HOME,
        chosen=one,
        window=more.window,
        assigned_by_id=one.chosen_by_id,
        assigned_at=timezone.now(),
    )


def _with_response(rows: QuerySet[Assignment]) -> dict[UUID, Any]:
    """These assignments by id, each with `begun` and `sent_at` of its response: None when there is none."""
    first = FilteredRelation("responses", condition=Q(responses__amends=None))
    rows = rows.annotate(first=first).annotate(begun=F("first__status"), sent_at=F("first__completed_at"))
    return {row.id: row for row in rows}


def _skipped(held: Mapping[UUID, Course], also: Mapping[UUID, Also]) -> set[str]:
    """What was on a request of these windows that was answered at home."""
    rows = RatingRequest.objects.filter(
        course__in=list(held),
        day__gte=min(also[key].since for key in held),
        channel__in=AT_HOME,
        answered_at__gte=F("made_at"),
    )
    return {code for codes in rows.order_by().values_list("codes", flat=True) for code in codes}


def _answered_lately(
    held: Mapping[UUID, Course], chosen: Iterable[CourseQuestionnaire]
) -> set[tuple[UUID, UUID]]:
    """(course, instrument) of which an answer of the last seven days stands, whichever way it came."""
    since = {key: stands_since(course) for key, course in held.items()}
    rows = Response.objects.filter(
        patient__in={course.patient_id for course in held.values()},
        instrument__in={one.instrument_id for one in chosen},
        amends=None,
        status__in=DONE,
        completed_at__gte=min(since.values()),
    )
    given = defaultdict(list)
    for patient, instrument, at in rows.order_by().values_list("patient", "instrument", "completed_at"):
        given[patient].append((instrument, at))
    return {
        (key, instrument)
        for key, course in held.items()
        for instrument, at in given[course.patient_id]
        if at >= since[key]
    }


def asked_by(request: RatingRequest) -> dict[str, str]:
    """What this request still asks of questionnaires, code -> how it stands (OPEN, BEGUN, SENT, SENT_BEFORE).

    Left out: what was taken back, whose window is over, what may not be used any more, and everything once the person
    stopped messages. Three statements; none for a request without any.
    """
    ids = {key: code for code in request.codes if (key := questionnaire_of(code))}
    if not ids or Messaging.objects.filter(patient=request.patient_id, stopped_at__isnull=False).exists():
        return {}
    today, found = today_at(request.site), {}
    rows = _with_response(
        Assignment.objects.filter(id__in=list(ids), patient=request.patient_id, withdrawn_at=None)
    )
    instruments = Instrument.objects.filter(id__in={row.instrument_id for row in rows.values()})
    usable = {row.id: row for row in with_permission(instruments.defer("resource"))}
    for key, code in ids.items():
        row = rows.get(key)
        if row is None:
            continue
        if row.begun in DONE:
            found[code] = SENT if local(request.site, row.sent_at).date() == today else SENT_BEFORE
        elif row.due_on >= today and not why_not(usable[row.instrument_id], today):
            found[code] = BEGUN if row.begun else OPEN
    return found
