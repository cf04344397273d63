"""One ordinary visit by keyboard alone, and what two people or a reload do to it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from deqi.record.care.actions.needling import set_treatment_line
from deqi.record.care.actions.sessions import start_session
from deqi.record.care.models import AdverseEvent, Incident, Session
from tests.browser.conftest import axe, picture, settled, shown
from tests.visits import answer_the_core, needled, whole_visit


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


def saved(page, state):
    """Waits until the server has it: the page shows the new state, and is ready for the next key."""
    page.wait_for_function(
        "wanted => document.querySelector('#visit, .signed')?.dataset.state === wanted", arg=state
    )
    settled(page)


def test_a_whole_visit_by_keyboard_in_few_keys(page, sign_in, visit):
    page = sign_in("alice")
    page.goto(f"/visits/{visit.id}/")
    page.wait_for_load_state("networkidle")
    axe(page)
    picture(page, "visit-asking")
    keys = Keys(page)
    keys.press("Alt+n")
    shown(page, "#asking", "detached")
    keys.press("Alt+t")
    shown(page, "#tick-feet_before[aria-pressed=true]")
    keys.press("Alt+h")
    shown(page, "#tick-clean[aria-pressed=true]")
    keys.press("Alt+c")
    shown(page, "text=last visit: confirm", "detached")
    keys.press("Alt+l")
    keys.type("li4 r")
    shown(page, "#trial >> text=17 needles")
    keys.press("Enter")
    shown(page, "th:has-text('LI4')")
    keys.press("Alt+r")
    saved(page, "resting")
    axe(page)
    picture(page, "visit")
    keys.press("Alt+o")
    keys.type("17")
    keys.press("Enter")
    saved(page, "out")
    keys.press("Alt+t")
    shown(page, "#tick-feet_after[aria-pressed=true]")
    keys.press("Alt+a")
    keys.type("8")
    keys.press("Tab", "Space", "Tab")
    keys.type("Walks the dog again.")
    axe(page)
    keys.press("Alt+s")
    saved(page, "signed")
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


@pytest.fixture
def resting(visit, people):
    return needled(people.actor("alice"), visit, count=16)


def test_a_reload_during_the_rest_keeps_the_timer(page, sign_in, resting):
    before = resting.needled_at
    Session.objects.filter(id=resting.id).update(
        opened_at=before - timedelta(minutes=12), needled_at=before - timedelta(minutes=10, seconds=5)
    )
    page = sign_in("alice")
    page.goto(f"/visits/{resting.id}/")
    assert page.locator(".clock").text_content().startswith("14:")
    page.reload()
    assert page.locator(".clock").text_content().startswith("14:")
    Session.objects.filter(id=resting.id).update(
        opened_at=before - timedelta(minutes=30), needled_at=before - timedelta(minutes=27)
    )
    page.reload()
    page.wait_for_function("() => document.title.startsWith('●')")
    assert page.locator(".word").text_content() == "over"


def test_a_double_click_on_sign_signs_once(page, sign_in, resting, people):
    from deqi.record.audit.models import AuditEntry
    from deqi.record.care.actions.needling import needles_out

    needles_out(people.actor("alice"), resting.id, 16)
    page = sign_in("alice")
    page.goto(f"/visits/{resting.id}/")
    page.get_by_label("Asked about anything unwanted").check()
    page.get_by_role("button", name="Sign: this is final").dblclick()
    saved(page, "signed")
    assert AuditEntry.objects.filter(verb="session.sign", object_id=str(resting.id)).count() == 1


def test_the_later_of_two_people_sees_both_lines_and_chooses(page, sign_in, visit, people):
    page = sign_in("alice")
    page.goto(f"/visits/{visit.id}/")
    set_treatment_line(people.actor("bob"), visit.id, visit.version, "st36 b 30mm")
    page.keyboard.press("Alt+l")
    page.keyboard.type("li4 r 10mm")
    page.keyboard.press("Enter")
    shown(page, "#conflict")
    axe(page)
    picture(page, "visit-conflict", sizes=("desk",), schemes=("light",))
    both = page.locator(".conflict").inner_text()
    assert "Bob Birch" in both and "ST36 b 30mm" in both and "li4 r 10mm" in both
    page.get_by_role("button", name="Add mine to theirs").press("Enter")
    shown(page, "th:has-text('LI4')")
    assert Session.objects.get(id=visit.id).treatment_line == "ST36 b 30mm; LI4 r 10mm"


def test_somebody_who_types_on_after_a_refusal_stays_in_the_line(page, sign_in, visit, people):
    page = sign_in("alice")
    page.goto(f"/visits/{visit.id}/")
    set_treatment_line(people.actor("bob"), visit.id, visit.version, "st36 b 30mm")
    page.keyboard.press("Alt+l")
    page.keyboard.type("li4 r 10mm")
    page.keyboard.press("Enter")
    shown(page, "#conflict")
    page.keyboard.press("Alt+l")
    with page.expect_response(lambda answer: "/try/" in answer.url):
        page.keyboard.type("; ki3 b 10mm")
    settled(page)
    assert page.evaluate("document.activeElement.id") == "line"


def test_a_word_that_cannot_be_read_is_shown_at_its_place_and_put_right_with_one_key(page, sign_in, visit):
    page = sign_in("alice")
    page.goto(f"/visits/{visit.id}/")
    page.keyboard.press("Alt+l")
    page.keyboard.type("li4 900mm")
    with page.expect_response(lambda answer: answer.url.endswith("/line/") and answer.status == 422):
        page.keyboard.press("Enter")
    expect(page.locator("#line[aria-invalid=true]")).to_have_value("li4 900mm")
    settled(page)
    expect(page.locator("#trial mark")).to_have_text("900mm")
    page.locator("#trial [data-put]").first.press("Enter")
    expect(page.locator("#line")).to_have_value("li4 25mm")


def test_something_happened_is_noted_by_keyboard(page, sign_in, resting):
    page = sign_in("alice")
    page.goto(f"/visits/{resting.id}/")
    page.keyboard.press("!")
    page.wait_for_selector("dialog[open]")
    axe(page)
    page.keyboard.press("Tab") if page.evaluate("document.activeElement.id") != "event_type" else None
    page.locator("#event_type").select_option("stuck_or_bent_needle")
    page.locator("#description").fill("At KI3, came out after a minute of rest")
    page.get_by_role("button", name="Note it").press("Enter")
    page.wait_for_selector("text=Noted in the register")
    assert (
        AdverseEvent.objects.get().session_id == resting.id
        and Incident.objects.get().kind == "stuck_or_bent_needle"
    )


def test_a_note_being_typed_survives_the_saving_of_another_part(page, sign_in, people, visit):
    needled(people.actor("alice"), visit, count=16)
    page = sign_in("alice")
    page.goto(f"/visits/{visit.id}/")
    page.fill("#note", "Feet warm after ten minutes")
    page.keyboard.press("Tab")
    version = page.get_attribute("#visit", "data-version")
    page.get_by_role("button", name="Looked in").click()
    page.wait_for_function("was => document.querySelector('#visit').dataset.version !== was", arg=version)
    assert page.input_value("#note") == "Feet warm after ten minutes"
