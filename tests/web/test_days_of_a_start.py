"""A drawn start falls on a day on which somebody can treat: the days are chosen before the draw, and read before agreeing."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.db import Error, transaction
from django.urls import reverse

from deqi.record.care.actions.single_case import draw_single_case
from deqi.record.care.models import Appointment, SingleCase
from deqi.record.care.queries.single_case import protocol_of, single_case_page
from deqi.record.care.queries.starts import diary_of, possible_starts
from deqi.record.errors import Refusal
from deqi.record.practice.clock import today_at, zone_of
from deqi.science.course.single_case import BASELINE_DAYS, StartProtocol, commitment, draw
from tests.asked import at_noon, needled
from tests.web.test_single_case import agree, offer, url

SUNDAY = 6


@pytest.fixture(autouse=True)
def noon(people):
    at_noon(people)


def visits(people, weekdays, weeks=12, site=None, status="done", hour=10):
    """One visit on each of these weekdays of the last weeks, none today."""
    site, today = site or people.north, today_at(people.north)
    days = [today - timedelta(days=n) for n in range(1, weeks * 7 + 1)]
    Appointment.objects.bulk_create(
        Appointment(
            patient=people.eve_patient, site=site, practitioner=people.alice.practitioner, status=status,
            starts_at=datetime(day.year, day.month, day.day, hour, tzinfo=zone_of(site)),
        )
        for day in days
        if day.weekday() in weekdays
    )  # fmt: skip


def days_of(case):
    return protocol_of(case).starts


def test_no_possible_start_is_on_a_weekday_on_which_the_site_has_no_visits(people, course):
    visits(people, range(6))
    case = offer(people, course)
    assert len(days_of(case)) == 8 and not any(day.weekday() == SUNDAY for day in days_of(case))
    assert protocol_of(case).baseline_days[0] >= 14 and protocol_of(case).baseline_days[-1] <= 35
    agree(people)
    drawn = draw_single_case(people.actor("alice"), course.id, case.id)
    assert days_of(drawn)[draw(drawn.seed, protocol_of(drawn))].weekday() != SUNDAY
    assert commitment(drawn.seed, protocol_of(drawn)) == drawn.committed


@pytest.mark.parametrize(
    ("weekdays", "weeks", "more", "open_on"),
    [
        (range(7), 12, {}, frozenset(range(7))),
        ((0, 3), 12, {}, frozenset({0, 3})),
        ((0, 3), 3, {}, None),  # six days only
        (range(5), 12, {"status": "cancelled"}, None),
        (range(5), 12, {"status": "no_show"}, None),
    ],
)
def test_the_diary_tells_the_open_weekdays_or_that_it_is_too_new(people, weekdays, weeks, more, open_on):
    visits(people, weekdays, weeks, **more)
    diary = diary_of(people.north, today_at(people.north))
    assert diary.open_on == open_on
    assert ("too new to tell" in diary.words) == (open_on is None)
    assert "Opening hours and holidays are not kept" in diary.words
    assert diary_of(people.south, today_at(people.south)).open_on is None


def test_sessions_without_a_booking_and_visits_that_are_booked_count_as_open_days(people, course):
    visits(people, range(5))
    today = today_at(people.north)
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 or 7)
    visits(people, (), weeks=1)
    Appointment.objects.create(
        patient=people.eve_patient, site=people.north, practitioner=people.alice.practitioner,
        starts_at=datetime(saturday.year, saturday.month, saturday.day, 10, tzinfo=zone_of(people.north)),
    )  # fmt: skip
    assert diary_of(people.north, today).open_on == frozenset(range(6))
    needled(people, course, days_ago=(today.weekday() - SUNDAY) % 7 or 7)
    assert diary_of(people.north, today).open_on == frozenset(range(7))


def test_a_visit_late_in_the_evening_counts_on_the_day_it_is_at_the_site(people):
    people.north.time_zone = "Pacific/Auckland"
    people.north.save()
    visits(people, (1, 2, 3), hour=1)  # the day before by UTC
    assert diary_of(people.north, today_at(people.north)).open_on == frozenset({1, 2, 3})


def test_a_clinic_with_one_day_a_week_has_three_or_four_possible_starts(people, course):
    today = today_at(people.north)
    visits(people, (today.weekday(),))
    assert protocol_of(offer(people, course)).baseline_days == (14, 21, 28, 35)


def test_the_page_shows_the_days_and_the_clinician_takes_out_a_holiday(people, as_, course):
    visits(people, range(6))
    alice, today = as_("alice"), today_at(people.north)
    proposed = possible_starts(people.north, today).proposed
    page = alice.get(url(course)).content.decode()
    assert "had no visit on Sundays in the last twelve weeks" in page
    assert page.count('name="starts"') == 22 and page.count(" checked") == 8
    taken = [day.isoformat() for day in proposed[1:]]
    sent = {"symptom": "burning", "row": str(uuid.uuid4()), "starts": taken}
    assert alice.post(url(course), sent).status_code == 303
    case = SingleCase.objects.get()
    assert [day.isoformat() for day in days_of(case)] == taken
    with pytest.raises(Error), transaction.atomic():
        SingleCase.objects.filter(id=case.id).update(protocol={**case.protocol, "baseline_days": [14, 21]})


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        ((), "This field is required"),
        ((14, 20), "2 days are ticked. Tick 3 to 8"),
        (range(14, 23), "9 days are ticked. Tick 3 to 8"),
        ((13, 20, 27), "is not 14 to 35 days from today"),
        ((20, 27, 36), "is not 14 to 35 days from today"),
    ],
)
def test_days_that_cannot_be_are_refused_beside_them_and_nothing_is_fixed(people, as_, course, ahead, said):
    days = [(today_at(people.north) + timedelta(days=n)).isoformat() for n in ahead]
    sent = {"symptom": "numbness", "row": str(uuid.uuid4()), "starts": days}
    answer = as_("alice").post(url(course), sent)
    page = answer.content.decode()
    assert answer.status_code == 422 and said in page and not SingleCase.objects.exists()
    assert '<option value="numbness" selected>' in page
    if ahead:
        with pytest.raises(Refusal) as no:
            offer(people, course, starts=[today_at(people.north) + timedelta(days=n) for n in ahead])
        assert no.value.field == "starts"


def test_who_agrees_reads_the_days_first_on_their_own_page_and_in_the_room(people, as_, course):
    visits(people, range(6))
    case = offer(people, course)
    own = as_("eve").get(reverse("patient:consent", args=["single_case"])).content.decode()
    staff = as_("carol").get(reverse("clinic:consents", args=[people.eve_patient.id])).content.decode()
    for page in (own, staff):
        for day in days_of(case):
            assert f"{day:%A %-d %B %Y}" in page
        assert f"{protocol_of(case).rated_until:%-d %B %Y}" in page
    agree(people)
    draw_single_case(people.actor("alice"), course.id, case.id)
    own = as_("eve").get(reverse("patient:consent", args=["single_case"])).content.decode()
    assert f"{days_of(case)[0]:%A %-d %B %Y}" not in own


def test_who_agrees_to_a_taper_reads_its_day(people, as_, course):
    needled(people, course, days_ago=30)
    day = today_at(people.north) + timedelta(days=20)
    offer(people, course, "randomised-taper", taper_on=day)
    own = as_("eve").get(reverse("patient:consent", args=["single_case"])).content.decode()
    assert f"stop on {day:%A %-d %B %Y} or go on for four more weeks" in own


def test_a_design_of_before_keeps_its_days_and_says_which_of_them_may_be_closed(people, as_, course):
    visits(people, range(6))
    today = today_at(people.north)
    protocol = StartProtocol(symptom="burning", enrolled_on=today)
    assert protocol.baseline_days == BASELINE_DAYS
    seed = "5e" * 32
    SingleCase.objects.create(
        course=course, design=protocol.design, protocol=protocol.model_dump(mode="json"), seed=seed,
        committed=commitment(seed, protocol), offered_at=datetime.now(zone_of(people.north)), offered_by=people.alice,
    )  # fmt: skip
    sundays = [day for day in protocol.starts if day.weekday() == SUNDAY]
    assert sundays, "of eight days three apart over three weeks one is a Sunday"
    (shown,) = single_case_page(people.actor("alice"), course.id, "clinical.view", page="test").shown
    assert list(shown.closed) == sundays and shown.protocol.starts == protocol.starts
    page = as_("alice").get(url(course)).content.decode()
    assert f"may be closed on {sundays[0]:%A %-d %b}" in page and "stay as they were fixed" in page
    agree(people)
    case = draw_single_case(people.actor("alice"), course.id, SingleCase.objects.get().id)
    assert draw(seed, protocol) == draw(case.seed, protocol_of(case)), "the draw of before is the same"
