"""A single-case design that was agreed to is asked for daily, beside everything else, until it or the agreement ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from django.utils import timezone

from deqi.record.care.actions import collecting, reminding
from deqi.record.care.actions.answering import open_link
from deqi.record.care.actions.courses import end_course
from deqi.record.care.actions.own import rate_today
from deqi.record.care.links import token_for
from deqi.record.care.models import Messaging, RatingRequest, SingleCase
from deqi.record.care.queries.responding import response_rates
from deqi.record.errors import Refusal
from deqi.record.patients.models import Consent
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Organization
from deqi.science.course.single_case import StartProtocol, TaperProtocol, commitment
from tests.asked import at_noon, booked, consent, feels, limits, needled


@pytest.fixture(autouse=True)
def eve(people):
    """Eve agreed to be measured and feels burning and numbness; at her site it is noon."""
    at_noon(people)
    consent(people, days=90)
    feels(people, "burning", "numbness")
    limits(people)
    Organization.objects.update(messages_from="00:00", messages_until="23:59:59.999999")


def word(people, decision: str, days: float = 0) -> Consent:
    """What Eve said to chance, so many days ago."""
    return Consent.objects.create(
        patient=people.eve_patient, kind="single_case", version="1", text_sha256="0" * 64, decision=decision,
        signed_name="Eve Elm", at=timezone.now() - timedelta(days=days), recorded_by=people.eve,
    )  # fmt: skip


def start(people, days_ago: int, symptom: str = "burning") -> StartProtocol:
    return StartProtocol(symptom=symptom, enrolled_on=today_at(people.north) - timedelta(days=days_ago))


def design(
    people, course, protocol, days_ago: float, *, agreed: bool = True, drawn: bool = True
) -> SingleCase:
    """A design of Eve's course offered so many days ago, with her word on it and the draw."""
    at = timezone.now() - timedelta(days=days_ago)
    given = word(people, "given", days_ago) if agreed else None
    opened = {"consent": given, "drawn_at": at, "drawn_by": people.alice} if drawn else {}
    return SingleCase.objects.create(
        course=course, design=protocol.design, protocol=protocol.model_dump(mode="json"), seed="5e" * 32,
        committed=commitment("5e" * 32, protocol), offered_at=at, offered_by=people.alice, **opened,
    )  # fmt: skip


def made() -> list[tuple[str, int]]:
    """Runs the job; what stands for today."""
    collecting.make_requests()
    return list(RatingRequest.objects.order_by("made_at").values_list("kind", "point"))


def test_a_start_is_asked_for_daily_before_anything_is_booked_and_its_symptom_alone(people, course):
    design(people, course, start(people, 3), 3, drawn=False)
    assert made() == made() == [("design", 4)]
    request = RatingRequest.objects.get()
    assert request.codes == ["burning_average"] and request.day == request.until == today_at(people.north)
    reminding.send_reminders()
    assert len(mail.outbox) == 1 and open_link(token_for(request)).left() == ["burning_average"]


@pytest.mark.parametrize(("days_ago", "asked"), [(62, [("design", 63)]), (63, [])])
def test_it_is_asked_to_the_end_of_the_last_possible_window_and_not_a_day_longer(
    people, course, days_ago, asked
):
    needled(people, course, days_ago=5)  # the review is more than a week away
    design(people, course, start(people, days_ago), days_ago)
    assert made() == asked


@pytest.mark.parametrize(
    ("ahead", "asked"), [(15, []), (14, [("design", 1)]), (-27, [("design", 42)]), (-28, [])]
)
def test_a_taper_is_asked_for_from_a_fortnight_before_it_to_four_weeks_after(people, course, ahead, asked):
    needled(people, course, days_ago=50)
    day = today_at(people.north) + timedelta(days=ahead)
    design(people, course, TaperProtocol(symptom="burning", taper_on=day), 40)
    assert made() == asked


def test_other_occasions_come_first_and_ask_for_the_symptom_of_the_design_too(people, course):
    feels(people, "pain", "tingling", "shooting")
    design(people, course, start(people, 5, symptom="weakness"), 5)
    booked(people, course, days=0)
    assert made() == [("visit", 1)]
    codes = RatingRequest.objects.get().codes
    assert codes[0] == "weakness_average" and len(codes) == collecting.MOST_QUESTIONS


def test_the_baseline_keeps_its_fortnight(people, course):
    design(people, course, start(people, 5), 5)
    booked(people, course, days=9)
    assert made() == [("baseline", 1)]


def test_no_rating_is_first_asked_for_after_the_needles_of_the_day(people, course):
    design(people, course, start(people, 20), 20)
    needled(people, course)
    assert made() == []


def test_a_request_made_before_is_not_mailed_once_the_visit_of_the_day_has_begun(people, course):
    design(people, course, start(people, 20), 20)
    made()
    needled(people, course)
    assert reminding.send_reminders() == {"sent": 0}


def test_a_course_that_ended_is_asked_on_and_its_follow_up_too(people, course):
    design(people, course, start(people, 40), 40)
    needled(people, course, days_ago=35)
    type(course).objects.filter(id=course.id).update(
        status="ended", ended_at=timezone.now() - timedelta(weeks=4, days=2)
    )
    assert sorted(made()) == sorted(made()) == [("after", 4), ("design", 41)]
    assert RatingRequest.objects.values("day").distinct().count() == 2, "one request a day and course"


def test_ending_the_course_leaves_the_request_of_the_day(people, course):
    design(people, course, start(people, 40), 40)
    needled(people, course, days_ago=10)
    made()
    end_course(people.actor("alice"), course.id, "She is well.")
    assert RatingRequest.objects.get().withdrawn_at is None and made() == [("design", 41)]


@pytest.mark.parametrize("decision", ["withdrawn", "refused"])
def test_a_consent_taken_back_ends_it_at_once_and_takes_back_the_request_of_the_day(people, course, decision):
    design(people, course, start(people, 20), 20)
    made()
    token = token_for(RatingRequest.objects.get())
    word(people, decision)
    assert reminding.send_reminders() == {"sent": 0}
    with pytest.raises(Refusal) as refused:
        open_link(token)
    assert refused.value.code == "consent"
    assert made() == [("design", 21)]
    request = RatingRequest.objects.get()
    assert request.withdrawn_at and request.withdrawn_why == "consent"


def test_an_answer_that_was_given_before_the_consent_was_taken_back_stays_counted(people, course):
    design(people, course, start(people, 20), 20)
    made()
    rate_today(people.actor("eve"), "burning_average", 5)
    word(people, "withdrawn")
    made()
    request = RatingRequest.objects.get()
    assert request.answered_at and request.withdrawn_at is None


@pytest.mark.parametrize(
    ("agreed", "drawn", "days_ago", "sessions"),
    [
        (False, False, 3, 0),  # offered, no answer yet
        (True, False, 15, 0),  # agreed, but the first day that could have been drawn has gone by
        (True, False, 3, 1),  # agreed, but treatment began without a draw
    ],
)
def test_a_design_that_was_not_agreed_to_or_can_no_longer_be_drawn_is_not_asked_for(
    people, course, agreed, drawn, days_ago, sessions
):
    design(people, course, start(people, days_ago), days_ago, agreed=agreed, drawn=drawn)
    for _ in range(sessions):
        needled(people, course, days_ago=1)
    assert made() == []


def test_a_consent_of_before_the_offer_asks_for_nothing(people, course):
    word(people, "given", days=10)
    design(people, course, start(people, 3), 3, agreed=False, drawn=False)
    assert made() == []


def test_who_stopped_messages_is_not_asked_until_they_start_again(people, course):
    design(people, course, start(people, 20), 20)
    held = Messaging.objects.create(patient=people.eve_patient, stopped_at=timezone.now(), stopped_how="page")
    assert made() == []
    held.stopped_at = None
    held.save()
    assert made() == [("design", 21)]


def test_who_did_not_agree_to_be_measured_is_not_asked(people, course):
    design(people, course, start(people, 20), 20)
    consent(people, "withdrawn")
    assert made() == []


def test_the_own_page_asks_for_a_symptom_that_was_never_rated_and_the_answer_counts(people, course):
    design(people, course, start(people, 20, symptom="weakness"), 20)
    made()
    rating = rate_today(people.actor("eve"), "weakness_average", 4)
    request = RatingRequest.objects.get()
    assert rating.request_id == request.id and request.answered_at and rating.course_id == course.id


def test_after_the_first_needle_its_ratings_are_no_baseline_and_may_be_given(people, course):
    design(people, course, start(people, 20), 20)
    needled(people, course, days_ago=1)
    made()
    assert rate_today(people.actor("eve"), "burning_average", 5).request is not None
    assert rate_today(people.actor("eve"), "burning_average", 6).value == 6


def test_the_response_rates_have_a_line_for_it(people, course):
    day = today_at(people.north)
    for number in (1, 2):
        RatingRequest.objects.create(
            course=course, patient=people.eve_patient, site=people.north, practitioner=people.alice.practitioner,
            kind="design", point=20 - number, day=day - timedelta(days=1 + number), until=day - timedelta(days=1 + number),
            codes=["burning_average"], made_at=timezone.now(), answered_at=timezone.now() if number == 1 else None,
        )  # fmt: skip
    rates = response_rates(people.actor("max"), day - timedelta(days=10), day)
    (line,) = rates.by_kind
    assert (line.name, line.share.asked, line.share.answered) == ("daily, for an agreed design", 2, 1)


def test_the_new_occasion_rebuilt_no_table_its_triggers_still_refuse(people, course):
    design(people, course, start(people, 20), 20)
    made()
    with pytest.raises(DatabaseError), transaction.atomic():
        RatingRequest.objects.update(kind="visit")
    with pytest.raises(DatabaseError), transaction.atomic():
        RatingRequest.objects.all().delete()
    needled(people, course, days_ago=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        RatingRequest.objects.create(
            course=course, patient=people.eve_patient, site=people.north, practitioner=people.alice.practitioner,
            kind="baseline", point=1, day=date(2026, 1, 1), until=date(2026, 1, 1), made_at=timezone.now(),
        )  # fmt: skip
