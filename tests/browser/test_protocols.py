"""Protocols by keyboard, on their page and on a visit; how far symptoms reach, and a new map."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from deqi.record.care.actions.protocols import save_protocol
from deqi.record.care.actions.sessions import start_session
from deqi.record.care.models import Observation, Protocol
from deqi.record.patients.models import SymptomMap, SymptomMark
from tests.browser.conftest import axe, picture, shown
from tests.visits import answer_the_core


@pytest.fixture
def visit(people, course, transactional_db):
    answer_the_core(course.patient)
    save_protocol(
        people.actor("bob"),
        uuid4(),
        site_id=people.north.id,
        name="Feet, evening",
        line="st36 sp6 ki3 b 25mm; bafeng b 8mm",
        note="For burning that is worst at night.",
        shared=True,
    )
    return start_session(people.actor("alice"), course.id, session_id=uuid4(), room_id=people.room.id)


def open_protocols(page):
    """By its key; opening puts the focus on the first protocol, a moment later."""
    page.keyboard.press("Alt+p")
    page.wait_for_function("document.activeElement.textContent.includes('Feet, evening')")


def test_a_protocol_is_written_and_added_to_a_visit_by_keyboard(page, sign_in, visit):
    page = sign_in("alice")
    page.goto("/protocols/")
    page.focus("#id_name")
    page.keyboard.type("Hands")
    page.keyboard.press("Tab")
    page.keyboard.type("li4 b; xx9")
    page.wait_for_selector("#trial mark:has-text('xx9')")
    axe(page)
    picture(page, "protocols-error")
    for _ in range(3):
        page.keyboard.press("Backspace")
    page.keyboard.type("li11 b 25mm")
    page.wait_for_selector("#trial >> text=4 needles")
    axe(page)
    picture(page, "protocols", schemes=("light",))
    page.focus(".protocol-form .btn.primary")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Hands')")
    axe(page)
    picture(page, "protocol")
    page.goto(f"/visits/{visit.id}/")
    page.wait_for_load_state("networkidle")
    open_protocols(page)
    axe(page)
    page.keyboard.press("Enter")
    shown(page, "th:has-text('KI3')")
    open_protocols(page)
    page.focus("#protocol-name")
    page.keyboard.type("Eve, first")
    assert page.input_value("#protocol-name") == "Eve, first"
    picture(page, "visit-protocols", schemes=("light",))
    page.keyboard.press("Enter")
    shown(page, "text=Eve, first is kept.")
    page.click("#layer-nerves")
    page.wait_for_selector("#layer-nerves[aria-current=true]")
    axe(page)
    picture(page, "visit-nerves", schemes=("light", "dark"))
    assert Protocol.objects.get(name="Eve, first").line.startswith("ST36 SP6 KI3 b 25mm")


def test_a_new_map_shows_how_far_it_reaches(page, sign_in, people, course, transactional_db):
    eve = people.eve_patient
    for days, places in (
        (200, ("great_toe_top", "ball_of_foot", "arch")),
        (60, ("great_toe_top", "ball_of_foot")),
    ):
        drawn = SymptomMap.objects.create(patient=eve, at=timezone.now() - timedelta(days=days))
        for side in ("right", "left"):
            for place in places:
                SymptomMark.objects.create(
                    map=drawn, region=f"{side}_{place}", side=side, sensation="burning", level_0_10=5
                )
    Observation.objects.create(
        patient=eve, code="burning_average", value=4, channel="home", effective_at=timezone.now()
    )
    page = sign_in("eve")
    page.goto("/me/places/")
    page.wait_for_selector(".drawings path.region")
    axe(page)
    picture(page, "places", sizes=("phone",))
    page.locator("summary").first.focus()
    page.keyboard.press("Enter")
    page.locator("input[data-id=right_great_toe_top]").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Your new map is kept")
    axe(page)
    picture(page, "home-reach")
    page = sign_in("alice")
    page.goto(f"/patients/{eve.id}/chart/?layer=dermatomes")
    axe(page)
    picture(page, "chart-reach")
