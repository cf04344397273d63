"""The end of a session in a real browser: a question first, then sign-in, then what was typed is back."""

import pytest

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
    page.get_by_role("button", name="Throw it away").click()
    assert page.get_by_label("Given name").input_value() == ""
    page.wait_for_timeout(300)
    assert not Draft.objects.filter(fields__has_key="given_name", user=people.carol).exists()


def test_one_key_keeps_somebody_signed_in(page, people, sign_in, short):
    sign_in("carol").goto("/patients/new/")
    page.get_by_role("heading", name="Are you still there?").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Are you still there?").wait_for(state="hidden")
    page.wait_for_timeout(1500)
    assert page.evaluate("fetch('/today/', {redirect: 'manual'}).then((r) => r.status)") == 200
