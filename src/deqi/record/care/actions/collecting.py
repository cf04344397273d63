"""Ratings are asked for by themselves, and whatever way an answer comes, the request it answers is credited."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deqi.record.actor import SYSTEM, Actor
from deqi.record.audit.actions import log, log_first, log_many
from deqi.record.care.codes import (
    CHOSEN_ACTIVITY,
    GLOBAL_CHANGE,
    questionnaire_code,
    rating_code,
    recall_of,
    scale_of,
)
from deqi.record.care.models import Course, Observation, RatingRequest
from deqi.record.care.queries.agreed import agreed_designs
from deqi.record.care.queries.asked import courses_to_ask, days_of, decision_on, is_locked, open_requests
from deqi.record.care.queries.besides import codes_besides
from deqi.record.care.queries.own import chosen_activity, tracked_by
from deqi.record.errors import Refusal
from deqi.record.patients.models import Consent, Patient
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Site
from deqi.record.questionnaires.besides import questionnaires_besides
from deqi.record.questionnaires.models import Assignment
from deqi.science.course.asking import Ask, CourseDays, also_on, ask_on, design_ask_on, design_symptoms

BATCH = 200
#: Nobody rates more symptoms than this each day; the first of those they feel are asked.
MOST_QUESTIONS = 4


def make_requests() -> dict[str, Any]:
    """The job: makes the request of the day for each course that has one. Run again, it makes none twice.

    Two hundred courses at a time, each batch in some twenty statements and a short transaction of its own (twice, where
    agreed designs are asked for too), so that people who save wait for one batch at most.
    """
    for site in Site.objects.order_by("id"):
        _take_back(site)
    made, courses = 0, courses_to_ask(timezone.now())
    ids = list(courses.values_list("id", flat=True))
    for start in range(0, len(ids), BATCH):
        made += _ask_these(list(courses.filter(id__in=ids[start : start + BATCH])))
    return {"made": made}


def ask_today(course_id: UUID) -> int:
    """As `make_requests`, for one course: called when a visit is booked, inside its transaction."""
    return _ask_these(list(courses_to_ask(timezone.now()).filter(id=course_id)))


def _ask_these(courses: list[Course]) -> int:
    """Makes what is to be asked of these courses today and is not made yet; how many."""
    days = days_of(courses, agreed_designs(courses))
    return sum(
        _make(courses, days, {one.id: plan(days[one.id], today_at(one.site)) for one in courses})
        for plan in (ask_on, design_ask_on)
    )


def _make(courses: list[Course], days: dict[UUID, CourseDays], due: dict[UUID, Ask | None]) -> int:
    new = _not_made({key: ask for key, ask in due.items() if ask})
    if not new:
        return 0
    also = {key: more for key, ask in new.items() if (more := also_on(days[key], ask))}
    besides, forms = codes_besides(courses, also), questionnaires_besides(courses, also)
    symptoms = tracked_by([course.patient_id for course in courses if course.id in new])
    return _save(
        [
            _request(
                course,
                new[course.id],
                _asked_of(days[course.id], new[course.id], symptoms[course.patient_id]),
                [
                    *besides.get(course.id, []),
                    *(questionnaire_code(one.id) for one in forms.get(course.id, [])),
                ],
            )
            for course in courses
            if course.id in new
        ],
        forms,
    )


def _asked_of(course: CourseDays, ask: Ask, symptoms: list[str]) -> list[str]:
    """The symptoms of one request: for a design its own alone; else those the person rates, a design's first."""
    first = design_symptoms(course, ask.day)
    if ask.kind == RatingRequest.Kind.DESIGN:
        return first
    return [*first, *(key for key in symptoms if key not in first)][:MOST_QUESTIONS]


def _not_made(asks: dict[UUID, Ask]) -> dict[UUID, Ask]:
    """Those of `asks`, by course, that are not in the table."""
    held = RatingRequest.objects.filter(course__in=list(asks), day__in={ask.day for ask in asks.values()})
    made = set(held.values_list("course_id", "day"))
    return {key: ask for key, ask in asks.items() if (key, ask.day) not in made}


def _request(course: Course, ask: Ask, symptoms: list[str], besides: list[str]) -> RatingRequest:
    return RatingRequest(
        id=request_id(course.id, ask.day),
        course=course,
        patient=course.patient,
        site=course.site,
        practitioner_id=course.practitioner_id,
        kind=ask.kind,
        point=ask.point,
        day=ask.day,
        until=ask.until,
        codes=[*(rating_code(key) for key in symptoms), *besides],
        made_at=timezone.now(),
    )


@transaction.atomic
def _save(requests: list[RatingRequest], forms: dict[UUID, list[Assignment]]) -> int:
    """Saves those that nobody made meanwhile, with their questionnaires, and what was answered before they were made.

    Courses that somebody is writing to at this moment are left for the next run. So two workers never make one request
    twice.
    """
    log_first()
    whole = ("self", "patient", "practitioner", "site")
    free = Course.objects.filter(id__in=[one.course_id for one in requests]).order_by("id")
    free = free.select_related(*whole[1:]).select_for_update(of=whole, no_key=True, skip_locked=True)
    ids = {course.id for course in free}
    made = set(RatingRequest.objects.filter(id__in=[one.id for one in requests]).values_list("id", flat=True))
    new = [one for one in requests if one.course_id in ids and one.id not in made]
    RatingRequest.objects.bulk_create(new)
    _credit_what_was_given(new)
    asked = [one for request in new for one in forms.get(request.course_id, [])]
    first = [one for one in asked if one._state.adding]
    Assignment.objects.bulk_create(first)
    Assignment.objects.bulk_update([one for one in asked if one not in first], ["due_on"])
    now = timezone.now()
    log_many(
        [
            *((now, SYSTEM, "rating.ask", one.patient_id, one, {"kind": one.kind}) for one in new),
            *((now, SYSTEM, "form.assign", one.patient_id, one, {"window": one.window}) for one in first),
        ]
    )
    return len(new)


def request_id(course_id: UUID, day: date) -> UUID:
    """The id of what is asked for a course on a day: two workers that make it at once make one."""
    return uuid5(course_id, f"asked {day}")


def _credit_what_was_given(requests: list[RatingRequest]) -> None:
    """An answer of the same day that came before the request was made counts."""
    asked = {
        home_rating_id(one.patient_id, one.day, code): one
        for one in requests
        if one.day == today_at(one.site)
        for code in one.codes
    }
    answered = {}
    for given in Observation.objects.filter(id__in=list(asked)).order_by("-effective_at"):
        one = answered[given.id] = asked[given.id]
        one.answered_at, one.channel = given.effective_at, given.channel  # the first comes last
    if answered:
        RatingRequest.objects.bulk_update(dict.fromkeys(answered.values()), ["answered_at", "channel"])


def home_rating_id(patient_id: UUID, day: date, code: str) -> UUID:
    """The id of a rating given at home: one a person, day and question, whichever way it comes."""
    return uuid5(patient_id, f"home {day} {code}")


@transaction.atomic
def _take_back(site: Site) -> None:
    """Takes back the requests of today that a design brought and whose person no longer agrees to it.

    Those that somebody writes to at this moment are left for the next run.
    """
    rows = RatingRequest.objects.filter(
        site=site, day=today_at(site), kind=RatingRequest.Kind.DESIGN, answered_at=None, withdrawn_at=None
    )
    rows = rows.annotate(word=decision_on(Consent.Kind.SINGLE_CASE)).exclude(word=Consent.Decision.GIVEN)
    ids = [one.id for one in rows.select_for_update(of=("self",), no_key=True, skip_locked=True)]
    RatingRequest.objects.filter(id__in=ids).update(withdrawn_at=timezone.now(), withdrawn_why="consent")


def withdraw(course: Course, why: str, kinds: Iterable[str] = ()) -> int:
    """Takes back the open requests of a course that nobody answered: their links end, they count nowhere."""
    rows = course.rating_requests.filter(
        answered_at=None, withdrawn_at=None, until__gte=today_at(course.site)
    )
    if kinds:
        rows = rows.filter(kind__in=list(kinds))
    return rows.update(withdrawn_at=timezone.now(), withdrawn_why=why)


@transaction.atomic
def keep_tap(
    actor: Actor,
    patient: Patient,
    code: str,
    value: int,
    *,
    today: date,
    channel: str,
    course_id: UUID | None,
) -> Observation:
    """Keeps an answer given at home by one tap: one a person, day and question, the last tap counts.

    Raises Refusal (field `value`) for an answer there is not, and for one of a baseline that is locked.
    """
    if value not in scale_of(code):
        words = (
            _("Choose one of the seven answers.")
            if code == GLOBAL_CHANGE
            else _("Choose a number from 0 to 10.")
        )
        raise Refusal(words, field="value")
    activity = chosen_activity(patient.id) if code == CHOSEN_ACTIVITY else None
    log_first()
    kept, made = Observation.objects.get_or_create(
        id=home_rating_id(patient.id, today, code),
        defaults={
            "patient": patient,
            "course_id": course_id,
            "code": code,
            "value": value,
            "unit": "" if code == GLOBAL_CHANGE else "0-10",
            "text": activity.text if activity else "",
            "recall": recall_of(code),
            "channel": channel,
            "effective_at": timezone.now(),
            "recorded_by_id": actor.user_id,
        },
    )
    if made or kept.value != value:
        if kept.request and is_locked(kept.request):
            raise Refusal(_("Your treatment has begun, so this answer from before it stays as it was."))
        kept.value = value
        kept.save(update_fields=["value"])
        log(actor, "self.answer", patient_id=patient.id, about=kept, detail={"code": code})
    credit(actor, kept, today)
    return kept


def credit(actor: Actor, rating: Observation, today: date) -> RatingRequest | None:
    """Counts `rating` as an answer to every open request that asks for it; returns the one it is filed under.

    A locked baseline takes nothing more: the rating stays an ordinary one.
    """
    filed = credit_question(actor, rating.patient_id, rating.code, rating.channel, today)
    if filed is not None and rating.request_id is None:
        rating.request = filed
        rating.save(update_fields=["request"])
    return filed


def credit_question(
    actor: Actor, patient_id: UUID, code: str, channel: str, today: date
) -> RatingRequest | None:
    """Counts an answer to one question for every open request that asks it; returns the one it is filed under."""
    filed, in_the_chair = None, channel == Observation.Channel.CHAIR
    for request in open_requests(patient_id, today):
        if code not in request.codes or is_locked(request):
            continue
        if in_the_chair and request.kind == RatingRequest.Kind.BASELINE:
            continue  # a correction in the room must not meet the lock
        filed = filed or request
        if request.answered_at is None:
            request.answered_at, request.channel = timezone.now(), channel
            request.save(update_fields=["answered_at", "channel"])
            log(actor, "rating.answer", patient_id=patient_id, about=request)
    return filed
