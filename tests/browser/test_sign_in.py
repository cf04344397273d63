"""Sign-in in a real browser: an app as second factor, a passkey made and used, under the strict policy."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.browser.conftest import axe, picture

pytestmark = pytest.mark.browser
PASSWORD = "seven slow green kettles"


@pytest.fixture
def device(page):
    """A phone's own lock, as Chromium plays it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session


def test_new_staff_set_up_an_app_before_they_see_the_day(page, people):
    people.alice.set_password(PASSWORD)
    people.alice.save()
    Authenticator.objects.filter(user=people.alice).delete()
    page.goto("/account/login/")
    page.get_by_label("E-mail").fill("alice@test.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_text("One more step before you start").wait_for()
    axe(page)
    picture(page, "sign-in-first")
    page.get_by_role("link", name="Set up an app").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    secret = page.locator(".key code").inner_text()
    axe(page)
    picture(page, "sign-in-app")
    page.get_by_label("Code").fill(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Recovery codes").wait_for()
    assert page.locator(".codes li").count() == 10
    axe(page)
    picture(page, "sign-in-recovery-codes", sizes=["phone"])
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("heading", name="Today").wait_for()


def test_a_patient_makes_a_passkey_and_signs_in_with_it(page, people, sign_in, device):
    sign_in("eve").goto("/account/passkeys/add/")
    axe(page)
    picture(page, "passkey-add", sizes=["phone"])
    page.get_by_role("button", name="Make the passkey").click()
    page.get_by_text("The passkey was added").wait_for()
    page.goto("/account/")
    axe(page)
    picture(page, "sign-in-mine")
    page.goto("/account/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.goto("/account/login/?next=/account/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="My sign-in").wait_for()
    assert Authenticator.objects.get(user=people.users["eve"], type="webauthn").last_used_at


def test_a_stopped_passkey_says_so_and_changes_nothing(page, people, sign_in, device):
    device.send("WebAuthn.disable")
    page.goto("/account/login/")
    page.evaluate(
        "() => { navigator.credentials.get = async () => { throw new DOMException('x', 'NotAllowedError') } }"
    )
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_text("it was stopped, or it took too long").wait_for()
