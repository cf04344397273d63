"""One ordinary visit by keyboard alone, and what two people or a reload do to it."""

from uuid import uuid4

import pytest

from deqi.record.care.actions.sessions import start_session
from deqi.record.care.models import Session
from tests.browser.conftest import axe, picture
from tests.visits import answer_the_core, whole_visit


class Keys:
    """A keyboard that counts."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
            self.count += 1

    def type(self, text):
        self.page.keyboard.type(text)
        self.count += len(text)


@pytest.fixture
def visit(people, course, transactional_db):
    """Eve's second visit, opened by Alice: the first one's points are carried over."""
    alice = people.actor("alice")
    answer_the_core(course.patient, insensate_feet=True)
    first = start_session(alice, course.id, session_id=uuid4(), room_id=people.room.id)
    whole_visit(
        alice, first, "st36 sp6 b 25mm deqi; ki3 lr3 b 15mm; bafeng b 8mm", 16, note="Slept through twice."
    )
    return start_session(alice, course.id, session_id=uuid4(), room_id=people.room.id)


def saved(page, session, **wanted):
    """Waits until the server has it: the page shows the new version."""
    page.wait_for_function(
        "wanted => document.querySelector('#visit, .signed')?.dataset.state === wanted", arg=wanted["state"]
    )


def test_a_whole_visit_by_keyboard_in_few_keys(page, sign_in, visit):
    page = sign_in("alice")
    page.goto(f"/visits/{visit.id}/")
    page.wait_for_load_state("networkidle")
    axe(page)
    picture(page, "visit-asking")
    keys = Keys(page)
    keys.press("Alt+n")
    page.wait_for_selector("#asking", state="detached")
    keys.press("Alt+t")
    page.wait_for_selector("#tick-feet_before[aria-pressed=true]")
    keys.press("Alt+h")
    page.wait_for_selector("#tick-clean[aria-pressed=true]")
    keys.press("Alt+c")
    page.wait_for_selector("text=last visit: confirm", state="detached")
    keys.press("Alt+l")
    keys.type("li4 r")
    page.wait_for_selector("#trial >> text=17 needles")
    keys.press("Enter")
    page.wait_for_selector("th:has-text('LI4')")
    keys.press("Alt+r")
    saved(page, visit, state="resting")
    axe(page)
    picture(page, "visit")
    keys.press("Alt+o")
    keys.type("17")
    keys.press("Enter")
    saved(page, visit, state="out")
    keys.press("Alt+t")
    page.wait_for_selector("#tick-feet_after[aria-pressed=true]")
    keys.press("Alt+a")
    keys.type("8")
    keys.press("Tab", "Space", "Tab")
    keys.type("Walks the dog again.")
    axe(page)
    keys.press("Alt+s")
    saved(page, visit, state="signed")
    axe(page)
    picture(page, "visit-signed")
    session = Session.objects.get(id=visit.id)
    assert (session.state, session.needles_in, session.needles_out, session.comfort_0_10) == (
        "signed",
        17,
        17,
        8,
    )
    assert session.note == "Walks the dog again." and session.side_effects_asked
    # At two keys a second, slow for somebody who types, this is under half a minute.
    assert keys.count <= 50, keys.count
