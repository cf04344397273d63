"""A patient opens the link on a phone, chooses a passkey, and is in; the pages of sign-in on the way."""

from urllib.parse import urlsplit

import pytest

from deqi.record.patients.actions.invitations import invite
from tests.browser.conftest import SIZES, axe, picture
from tests.browser.test_sign_in import device  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser


def test_a_patient_comes_in_by_link_and_makes_a_passkey_at_once(page, people, device):  # noqa: F811
    people.eve_patient.user = None
    people.eve_patient.save()
    people.users["eve"].delete()
    link = urlsplit(invite(people.actor("carol"), people.eve_patient.id, sent_to="eve@test.example")).path
    page.set_viewport_size(SIZES["phone"])
    page.goto(link)
    page.get_by_role("heading", name="Welcome, Eve").wait_for()
    axe(page)
    picture(page, "invitation")
    page.set_viewport_size(SIZES["phone"])
    page.get_by_label("This phone’s own lock").check()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Make the passkey").click()
    page.get_by_text("The passkey was added").wait_for()
    page.goto(link)
    page.get_by_role("heading", name="This link no longer works").wait_for()
    axe(page)


def test_the_other_pages_of_sign_in_are_accessible(page, people, sign_in):
    for path in ("/account/password/reset/", "/account/password/reset/sent/", "/account/inactive/"):
        page.goto(path)
        axe(page)
    page.goto("/account/login/code/")
    page.get_by_label("E-mail").fill("eve@test.example")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Type the code").wait_for()
    axe(page)
    picture(page, "sign-in-code-typed", sizes=["phone"], schemes=["light"])
    sign_in("eve")
    for path in ("/account/password/set/", "/account/passkeys/", "/account/logout/"):
        page.goto(path)
        axe(page)
