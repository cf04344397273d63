"""The end of a session in a real browser: a question first, then sign-in, then what was typed is back."""

import pytest
from playwright.sync_api import expect

from deqi.record.practice.models import Draft
from tests.browser.conftest import axe, picture

pytestmark = pytest.mark.browser


@pytest.fixture
def short(settings):
    """Sessions of six seconds: the question comes after three."""
    settings.IDLE_SECONDS, settings.SESSION_GRAIN_SECONDS, settings.SESSION_COOKIE_AGE = 6, 0, 6
    return settings


def test_nothing_typed_is_lost_when_the_session_ends(page, people, sign_in, short):
    sign_in("carol").goto("/patients/new/")
    page.get_by_label("Given name").fill("Ida")
    page.get_by_label("Family name").fill("Ivy")
    page.get_by_role("heading", name="Are you still there?").wait_for()
    axe(page)
    picture(page, "idle", sizes=["desk"])
    page.wait_for_url("**/account/login/?next=%2Fpatients%2Fnew%2F", timeout=15_000)
    assert Draft.objects.get(user=people.carol).fields["given_name"] == ["Ida"]
    short.IDLE_SECONDS, short.SESSION_COOKIE_AGE = 600, 600
    sign_in("carol").goto("/patients/new/")
    page.get_by_text("What you typed is back").wait_for()
    assert page.get_by_label("Given name").input_value() == "Ida"
    assert page.get_by_label("Family name").input_value() == "Ivy"
    axe(page)
    with page.expect_response(lambda answer: "/drafts/" in answer.url and answer.request.method == "POST"):
        page.get_by_role("button", name="Throw it away").click()
    expect(page.get_by_label("Given name")).to_have_value("")
    assert not Draft.objects.filter(fields__has_key="given_name", user=people.carol).exists()


def test_one_key_keeps_somebody_signed_in(page, people, sign_in, short):
    sign_in("carol").goto("/patients/new/")
    page.get_by_role("heading", name="Are you still there?").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Are you still there?").wait_for(state="hidden")
    page.wait_for_timeout(1500)
    assert page.evaluate("fetch('/today/', {redirect: 'manual'}).then((r) => r.status)") == 200


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
    page.locator("text=LR3").first.wait_for()
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
