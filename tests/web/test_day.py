"""The board and the appointments: nobody in two places, nobody past a review, no clinical words at the desk."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions.appointments import arrive, book, cancel, did_not_come
from deqi.record.care.actions.sessions import start_session
from deqi.record.care.models import Appointment, NeedlePlacement
from deqi.record.care.queries.booking import booking_page
from deqi.record.care.queries.day import board, picture
from deqi.record.errors import Forbidden, NotFound, Refusal
from deqi.record.patients.models import Patient
from deqi.record.practice.models import Licence, Room
from tests.asked import at_noon
from tests.visits import answer_the_core, needled
from tests.words import speaks_of


def at(days=1, hour=10, minute=0):
    day = timezone.now() + timedelta(days=days)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


@pytest.fixture
def carol(people):
    return people.actor("carol")


@pytest.fixture
def second(people):
    """Another patient of North."""
    return Patient.objects.create(
        record_number=77,
        home_site=people.north,
        given_name="Nora",
        family_name="Nut",
        birth_date="1960-01-01",
    )


@pytest.fixture
def booked(carol, people, course):
    def go(patient=None, when=None, **given):
        return book(
            carol,
            (patient or people.eve_patient).id,
            **{
                "appointment_id": uuid4(),
                "starts_at": when or at(),
                "minutes": 60,
                "practitioner_id": people.alice.practitioner.id,
                "room_id": people.room.id,
                **given,
            },
        )

    return go


def test_a_visit_is_booked_once_for_one_id(booked):
    key = uuid4()
    assert booked(appointment_id=key).id == booked(appointment_id=key).id
    assert Appointment.objects.count() == 1


@pytest.mark.parametrize(
    ("minutes_later", "code"), [(0, "room_taken"), (30, "room_taken"), (59, "room_taken"), (60, None)]
)
def test_a_room_holds_one_visit_at_a_time(minutes_later, code, booked, second, people):
    booked()
    again = {
        "patient": second,
        "when": at() + timedelta(minutes=minutes_later),
        "practitioner_id": people.bob.practitioner.id,
    }
    if code is None:
        booked(**again)
    else:
        with pytest.raises(Refusal, match="Room 1 is taken from 10:00 to 11:00") as refused:
            booked(**again)
        assert refused.value.code == code and refused.value.field == "room"


def test_a_practitioner_is_not_needed_in_two_rooms_at_once(booked, second, people):
    other = Room.objects.create(site=people.north, name="Room 2")
    booked()
    with pytest.raises(Refusal, match="Alice Ash is needed at another visit") as refused:
        booked(second, at(minute=10), room_id=other.id)
    assert refused.value.code == "practitioner_taken"
    assert booked(second, at(minute=20), room_id=other.id).minutes == 60  # while Eve rests


def test_a_person_cannot_be_in_two_visits(booked, people):
    booked()
    with pytest.raises(Refusal, match="Eve Elm has a visit from 10:00"):
        booked(when=at(minute=30), room_id=None, practitioner_id=people.bob.practitioner.id)


def test_a_cancelled_visit_frees_its_room(booked, second, carol):
    cancel(carol, booked().id, "cold")
    assert booked(second).status == "booked"


def test_no_visit_is_booked_past_the_review(booked, course):
    for week in range(1, 5):
        booked(when=at(7 * week))
    with pytest.raises(Refusal, match="The review after session 4 comes before another visit") as refused:
        booked(when=at(35))
    assert refused.value.code == "review_due"


def test_a_visit_is_not_booked_with_somebody_whose_licence_has_ended_by_then(booked, people):
    Licence.objects.filter(practitioner=people.alice.practitioner).update(
        expires=timezone.now().date() + timedelta(days=3)
    )
    booked(when=at(2))
    with pytest.raises(Refusal, match="no verified licence for North on") as refused:
        booked(when=at(9))
    assert refused.value.field == "practitioner"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"when": at(-1)}, "starts_at"),
        ({"when": at(900)}, "starts_at"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 900}, "minutes"),
        ({"practitioner_id": None}, "practitioner"),
        ({"room_id": uuid4()}, "room"),
    ],
)
def test_impossible_bookings_are_refused_by_field(given, field, booked):
    with pytest.raises(Refusal) as refused:
        booked(**given)
    assert refused.value.field == field and not Appointment.objects.exists()


def test_next_visits_are_proposed_as_the_plan_says_and_not_past_the_review(booked, carol, people):
    first = booked()
    offer = booking_page(carol, people.eve_patient.id)
    assert offer.bookable == 3
    assert offer.proposals == [first.starts_at + timedelta(days=7 * week) for week in (1, 2, 3)]


def test_arriving_and_not_coming(booked, carol, people):
    made = booked(when=timezone.now() - timedelta(minutes=5))
    assert did_not_come(carol, made.id).status == "no_show"
    late = arrive(carol, made.id)
    assert late.status == "arrived" and late.arrived_at == arrive(carol, made.id).arrived_at
    tomorrow = booked(when=at(1))
    with pytest.raises(Refusal, match="has not come yet"):
        did_not_come(carol, tomorrow.id)
    with pytest.raises(NotFound):
        arrive(people.actor("dan"), tomorrow.id)


# -- the board


@pytest.fixture
def busy(people, course, booked):
    """Eve is needled in Room 1 with current, at noon; Nora's name must not be said to Dan."""
    at_noon(people)
    answer_the_core(course.patient)
    alice = people.actor("alice")
    made = booked(when=timezone.now() - timedelta(minutes=2))
    arrive(people.actor("carol"), made.id)
    session = start_session(alice, course.id, session_id=uuid4(), appointment_id=made.id)
    return needled(alice, session, "ea st36+sp6 b 2/100hz", 4)


def test_the_board_shows_who_is_needled_with_current_and_the_time_left(busy, people):
    day = board(people.actor("alice"), people.north)
    running = day.rooms[0].running
    assert (running.short, running.word, running.needles_in, running.electro) == (
        "E. Elm",
        "Needled",
        4,
        True,
    )
    assert 24 * 60 < running.timer.left <= 25 * 60
    later = board(people.actor("alice"), people.north, now=busy.needled_at + timedelta(minutes=12))
    assert later.rooms[0].running.word == "Look in soon"
    over = board(people.actor("alice"), people.north, now=busy.needled_at + timedelta(minutes=27, seconds=5))
    assert (over.rooms[0].running.word, over.rooms[0].running.timer.clock, over.over) == (
        "Time to remove",
        "2:05",
        1,
    )


def test_the_desk_sees_no_clinical_words(busy, people, as_):
    page = as_("carol").get(reverse("clinic:today")).content.decode()
    assert "E. Elm" in page and "visit 1" in page
    assert not speaks_of("Diabetic|ST36|electro|4 in|Open visit|Start visit", page)
    assert "electro on" in as_("alice").get(reverse("clinic:today")).content.decode()


def test_another_site_sees_nobody_of_this_one(busy, people, as_):
    page = as_("dan").get(reverse("clinic:today"), {"site": people.north.id}).content.decode()
    assert "South" in page and not speaks_of("Eve|Elm", page)
    with pytest.raises(Forbidden):
        board(people.actor("dan"), people.north)


def test_the_refreshing_board_leaves_one_entry_until_somebody_new_is_on_it(busy, people, as_, booked, second):
    alice = as_("alice")
    for _ in range(3):
        alice.get(reverse("clinic:today"), headers={"HX-Request": "true"})
    looks = AuditEntry.objects.filter(verb="day.view", actor_id=people.alice.id)
    assert looks.count() == 1 and str(people.eve_patient.id) in looks.get().detail["patients"]
    booked(second, timezone.now() + timedelta(minutes=70), minutes=5, room_id=None)
    alice.get(reverse("clinic:today"), headers={"HX-Request": "true"})
    assert looks.count() == 2


def test_the_picture_has_a_bar_for_each_visit(busy, people, booked, second):
    booked(second, timezone.now() + timedelta(minutes=70), minutes=30, room_id=None)
    drawn = picture(board(people.actor("alice"), people.north))
    assert len(drawn.bars) == 2 and all(bar.width > 0 for bar in drawn.bars)
    assert drawn.rows[0][1] == "Room 1"


def statements(client, url):
    """SQL statements of one page, without the marks of transactions."""
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]


def test_the_pages_of_the_day_need_at_most_twelve_statements(busy, people, as_):
    alice = as_("alice")
    for url in (
        reverse("clinic:today"),
        reverse("clinic:visit", args=[busy.id]),
    ):
        made = statements(alice, url)
        assert len(made) <= 12, f"{url}: {len(made)}\n" + "\n".join(sql[:150] for sql in made)


def test_the_board_does_not_ask_more_for_more_people(busy, people, as_, booked):
    before = len(statements(as_("alice"), reverse("clinic:today")))
    for number in range(5):
        somebody = Patient.objects.create(
            record_number=100 + number,
            home_site=people.north,
            given_name="P",
            family_name=f"Q{number}",
            birth_date="1950-01-01",
        )
        Appointment.objects.create(
            patient=somebody,
            site=people.north,
            practitioner=people.alice.practitioner,
            starts_at=timezone.now(),
            minutes=30,
        )
    assert len(statements(as_("alice"), reverse("clinic:today"))) == before
    assert NeedlePlacement.objects.count() == 2


# -- by the web


def post(client, name, args, data, **extra):
    return client.post(reverse(name, args=args), data, **extra)


def test_booking_by_the_form_keeps_what_was_typed_when_refused(as_, people, course):
    client = as_("carol")
    data = {
        "patient": people.eve_patient.id,
        "id": uuid4(),
        "date": at().date().isoformat(),
        "time": "10:00",
        "minutes": "900",
        "practitioner": people.alice.practitioner.id,
        "room": people.room.id,
        "note": "brings her daughter",
    }
    answer = client.post(reverse("clinic:book"), data)
    assert answer.status_code == 422 and b"brings her daughter" in answer.content
    data["minutes"] = "60"
    assert client.post(reverse("clinic:book"), data).status_code == 302
    assert client.post(reverse("clinic:book"), data).status_code == 302
    assert Appointment.objects.count() == 1
