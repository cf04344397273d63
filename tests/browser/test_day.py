"""The day board as a clinic sees it at eleven o'clock, and booking by keyboard."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from deqi.record.care.actions.appointments import arrive, book
from deqi.record.care.actions.needling import needles_out
from deqi.record.care.actions.sessions import start_session
from deqi.record.care.models import Appointment, Course, CourseRevision, Session, SingleCaseDeviation
from deqi.record.patients.models import Consent, Patient
from deqi.record.practice.models import Room
from tests.asked import at_noon
from tests.browser.conftest import axe, picture
from tests.visits import answer_the_core, needled
from tests.web.test_visits_as_drawn import start

NAMES = [("Mehmet", "Arslan"), ("Joy", "Okafor"), ("Lena", "Brandt"), ("Sara", "Novak"), ("Kiran", "Roy")]


@pytest.fixture
def clinic_at_eleven(people, course, transactional_db):
    """Four rooms: one needled, one past its time, one to look into, one ready; one visit to come. It is noon."""
    at_noon(people)
    alice, carol = people.actor("alice"), people.actor("carol")
    rooms = [people.room, *(Room.objects.create(site=people.north, name=f"Room {n}") for n in (2, 3, 4))]
    now = timezone.now()
    for number, (given, family) in enumerate(NAMES):
        person = Patient.objects.create(
            record_number=200 + number,
            home_site=people.north,
            given_name=given,
            family_name=family,
            birth_date="1955-05-05",
        )
        own = Course.objects.create(
            patient=person,
            site=people.north,
            practitioner=people.alice.practitioner,
            condition=None,
            status="active",
            opened_at=now,
        )
        CourseRevision.objects.create(
            course=own,
            number=1,
            sessions_per_week=1,
            weeks=10,
            planned_sessions=10,
            review_sessions=[4, 10],
            why="plan",
            decided_by=people.alice,
            decided_at=now,
        )
        Consent.objects.create(
            patient=person,
            kind="care",
            version="1",
            text_sha256="0" * 64,
            decision="given",
            signed_name=given,
            at=now,
            recorded_by=people.carol,
        )
        starts = now + timedelta(minutes=(-40, -50, -20, 0, 75)[number])
        made = Appointment.objects.create(
            patient=person,
            course=own,
            site=people.north,
            room=rooms[number % 4],
            practitioner=people.alice.practitioner,
            starts_at=starts,
            minutes=50,
        )
        if number == 4:
            continue
        arrive(carol, made.id)
        if number == 3:
            continue
        answer_the_core(person)
        session = start_session(alice, own.id, session_id=uuid4(), appointment_id=made.id)
        needled(alice, session, "ea st36+sp6 b 2/100hz" if number == 0 else "st36 sp6 b 20mm", 4)
        back = (6, 27, 13)[number]
        Session.objects.filter(id=session.id).update(
            opened_at=now - timedelta(minutes=back + 5), needled_at=now - timedelta(minutes=back, seconds=5)
        )
    return rooms


def test_the_board_shows_rooms_waiting_and_time_and_the_visit_starts_from_it(page, sign_in, clinic_at_eleven):
    page = sign_in("alice")
    page.goto("/today/")
    page.wait_for_load_state("networkidle")
    assert page.locator(".room .tag").all_inner_texts()[:1] == ["Needled"]
    for word in ("Time to remove", "Look in soon", "Ready"):
        assert page.get_by_text(word, exact=True).count() == 1, word
    axe(page)
    picture(page, "today")
    clock = page.locator(".room .clock").first
    first = clock.text_content()
    page.wait_for_function("was => document.querySelector('.room .clock').textContent !== was", arg=first)
    page.get_by_role("link", name="Start visit of S. Novak").press("Enter")
    page.wait_for_url("**/visit/**")
    axe(page)
    picture(page, "visit-start", sizes=("phone",), schemes=("light",))
    page.keyboard.press("Alt+s")
    page.wait_for_selector("#asking")
    assert Session.objects.get(patient__family_name="Novak").room.name == "Room 4"


def test_the_desk_books_the_next_visit_the_plan_asks_for(page, sign_in, people, course):
    book(
        people.actor("carol"),
        people.eve_patient.id,
        appointment_id=uuid4(),
        starts_at=(timezone.now() + timedelta(days=2)).replace(hour=10, minute=0, second=0, microsecond=0),
        minutes=60,
        practitioner_id=people.alice.practitioner.id,
        room_id=people.room.id,
    )
    page = sign_in("carol")
    page.goto(f"/appointments/book/?patient={people.eve_patient.id}")
    axe(page)
    picture(page, "book", schemes=("light",))
    page.get_by_role("button", name="Book", exact=True).press("Enter")
    page.wait_for_url("**/today/")
    expect(page.get_by_text("Eve Elm is booked for")).to_have_count(1)
    first, second = Appointment.objects.order_by("starts_at")
    assert second.starts_at - first.starts_at == timedelta(days=7)


def test_needles_out_take_a_visit_off_its_room(page, sign_in, people, clinic_at_eleven):
    session = Session.objects.get(patient__family_name="Okafor")
    needles_out(people.actor("alice"), session.id, 4)
    page = sign_in("alice")
    page.goto("/today/")
    assert page.get_by_text("Time to remove").count() == 0
    assert page.get_by_role("heading", name="To sign").count() == 1


def test_a_first_visit_on_another_day_than_drawn_asks_for_a_reason_beside_what_was_drawn(
    page, people, course, sign_in
):
    _, day = start(people, course, ahead=9)
    sign_in("carol").goto(f"/appointments/book/?patient={people.eve_patient.id}")
    page.get_by_text(
        f"Chance drew {day:%A} {day.day} {day:%B %Y} as the day of the first session."
    ).wait_for()
    page.get_by_label("Day", exact=True).fill((day - timedelta(days=2)).isoformat())
    page.get_by_label("Time", exact=True).fill("11:00")
    page.get_by_label("Who needles").select_option(label="Alice Ash")
    page.get_by_label("Room").select_option(label="Room 1")
    page.get_by_role("button", name="Book", exact=True).click()
    page.locator("#id_deviation_reason_error").wait_for()
    axe(page)
    picture(page, "booking-against-the-draw")
    page.get_by_label("Why on another day than chance decided").fill("Burning keeps her awake")
    page.get_by_role("button", name="Book", exact=True).click()
    page.get_by_text("Eve Elm is booked for").wait_for()
    assert SingleCaseDeviation.objects.get().reason == "Burning keeps her awake"
    sign_in("alice").goto(f"/courses/{course.id}/")
    page.get_by_text("2 days before the drawn day").wait_for()
    axe(page)
    picture(page, "course-against-the-draw")
    page.goto(f"/patients/{people.eve_patient.id}/visit/")
    page.get_by_label("Why today, on another day than chance decided").wait_for()
    axe(page)
    picture(page, "start-against-the-draw")


def test_the_drawn_day_is_one_tap_away(page, people, course, sign_in):
    _, day = start(people, course, ahead=9)
    sign_in("carol").goto(f"/appointments/book/?patient={people.eve_patient.id}")
    page.get_by_role("link", name="Take").click()
    expect(page.get_by_label("Day", exact=True)).to_have_value(day.isoformat())
    page.get_by_role("link", name="See that day").click()
    page.get_by_role("heading", name=f"{day:%A} {day.day} {day:%B}").wait_for()
