"""The end of a session in a real browser: a question first, then sign-in, then what was typed is back."""

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import expect

from deqi.record.practice.models import Draft
from tests.browser.conftest import axe, picture, settled

pytestmark = pytest.mark.browser


MINUTE = 60_000


@pytest.fixture
def quiet(page, settings):
    """Sessions of ten minutes; the question comes after eight of them. `quiet()` lets minutes go by in the page until it
    is asked and says how many it took; each request that came meanwhile starts them anew."""
    settings.IDLE_SECONDS, settings.SESSION_GRAIN_SECONDS, settings.SESSION_COOKIE_AGE = 600, 0, 600
    page.clock.install()

    def pass_by() -> int:
        for minutes in range(30):
            if page.get_by_role("heading", name="Are you still there?").is_visible():
                return minutes
            page.clock.fast_forward(MINUTE)
        pytest.fail("nobody asked within half an hour")

    return pass_by


def kept(page):
    """A draft that was sent, its answer read by the page."""
    return page.expect_event(
        "requestfinished", lambda request: "/drafts/" in request.url and request.method == "POST"
    )


def test_nothing_typed_is_lost_when_the_session_ends(page, people, sign_in, quiet):
    sign_in("carol").goto("/patients/new/")
    page.get_by_label("Given name").fill("Ida")
    with kept(page):
        page.get_by_label("Family name").fill("Ivy")
    assert quiet() >= 7
    axe(page)
    picture(page, "idle", sizes=["desk"])
    Session.objects.update(expire_date=timezone.now())
    page.clock.fast_forward(4 * MINUTE)
    page.wait_for_url("**/account/login/?next=%2Fpatients%2Fnew%2F")
    assert Draft.objects.get(user=people.carol).fields["given_name"] == ["Ida"]
    sign_in("carol").goto("/patients/new/")
    page.get_by_text("What you typed is back").wait_for()
    assert page.get_by_label("Given name").input_value() == "Ida"
    assert page.get_by_label("Family name").input_value() == "Ivy"
    axe(page)
    with page.expect_response(lambda answer: "/drafts/" in answer.url and answer.request.method == "POST"):
        page.get_by_role("button", name="Throw it away").click()
    expect(page.get_by_label("Given name")).to_have_value("")
    assert not Draft.objects.filter(fields__has_key="given_name", user=people.carol).exists()


def test_one_key_keeps_somebody_signed_in(page, people, sign_in, quiet):
    sign_in("carol").goto("/patients/new/")
    ends = Session.objects.get().expire_date
    quiet()
    with page.expect_event("requestfinished", lambda request: request.url.endswith("/still-here/")):
        page.keyboard.press("Enter")
    page.get_by_role("heading", name="Are you still there?").wait_for(state="hidden")
    assert Session.objects.get().expire_date > ends
    assert quiet() >= 7, "from then on it is counted anew"


def test_two_forms_of_one_visit_keep_two_drafts_also_after_a_part_was_saved(page, people, sign_in, course):
    """The page is drawn anew by each saved part; what is typed then in other parts is kept and comes back."""
    from uuid import uuid4

    from deqi.record.care.actions.sessions import start_session
    from tests.visits import answer_the_core

    answer_the_core(people.eve_patient)
    visit = start_session(people.actor("alice"), course.id, session_id=uuid4(), room_id=people.room.id)
    address = f"/visits/{visit.id}/"
    sign_in("alice").goto(address)
    page.locator("input[name=line]").first.fill("st36 lr3 b")
    page.locator("#line-form").get_by_role("button", name="Add").click()
    page.wait_for_selector("th:has-text('LR3')")
    settled(page)
    page.get_by_text("No needling today").click()
    with page.expect_response(lambda r: "/drafts/" in r.url and r.request.method == "POST"):
        page.locator("#end-reason").fill("Too tired today")
    with page.expect_response(lambda r: "/drafts/" in r.url and r.request.method == "POST"):
        page.locator("#line-form input[name=line]").fill("sp6 b")
    kept = {d.page: d.fields for d in Draft.objects.filter(user=people.alice)}
    assert kept[f"{address}end/"]["reason"] == ["Too tired today"]
    page.goto("/today/")
    page.goto(address)
    page.get_by_text("What you typed is back").first.wait_for()
    assert page.locator("#end-reason").input_value() == "Too tired today"
    assert page.locator("#line-form input[name=line]").input_value() == "sp6 b"
