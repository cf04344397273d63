"""Signing in: by password and second factor, by e-mailed code; what is closed; who must have a second factor."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.urls import reverse

from deqi.record.audit.models import AuditEntry
from tests.conftest import TOTP_SECRET

PASSWORD = "seven slow green kettles"


def totp() -> str:
    return format_hotp_value(hotp_value(TOTP_SECRET, int(time.time()) // 30))


@pytest.fixture
def door(people):
    people.alice.set_password(PASSWORD)
    people.alice.save()
    return Client()


def post(client, path, **fields):
    return client.post(path, fields, follow=True)


def test_staff_sign_in_with_password_and_then_the_app(door):
    page = post(door, "/account/login/", login="alice@test.example", password=PASSWORD)
    assert page.redirect_chain[-1][0] == "/account/login/second/"
    assert "_auth_user_id" not in door.session
    page = post(door, "/account/login/second/", code=totp())
    assert page.redirect_chain[-1][0] == "/today/"
    assert AuditEntry.objects.get(verb="signin.in").detail == {"ways": ["password", "mfa"]}


def test_a_wrong_second_code_lets_nobody_in_and_is_written_down(door):
    post(door, "/account/login/", login="alice@test.example", password=PASSWORD)
    page = post(door, "/account/login/second/", code="000000")
    assert "Incorrect code" in page.content.decode()
    assert "_auth_user_id" not in door.session
    assert AuditEntry.objects.get(verb="signin.failed").detail == {"step": "totp"}


def test_the_same_code_from_the_app_works_once(door, people):
    code = totp()
    post(door, "/account/login/", login="alice@test.example", password=PASSWORD)
    post(door, "/account/login/second/", code=code)
    other = Client()
    post(other, "/account/login/", login="alice@test.example", password=PASSWORD)
    assert "Incorrect code" in post(other, "/account/login/second/", code=code).content.decode()


def test_a_patient_signs_in_with_an_e_mailed_code_alone(people):
    door = Client()
    page = post(door, "/account/login/code/", email="eve@test.example")
    assert page.redirect_chain[-1][0].startswith("/account/login/code/confirm/")
    code = re.search(r"^\s*([A-Z0-9-]{6,})\s*$", mail.outbox[0].body, re.M).group(1)
    assert mail.outbox[0].subject == "Test clinic: your code to sign in"
    page = post(door, "/account/login/code/confirm/", code=code)
    assert page.redirect_chain[-1][0] == "/me/"


def test_an_unknown_address_learns_nothing_and_gets_no_mail(people):
    known = post(Client(), "/account/login/code/", email="eve@test.example")
    unknown = post(Client(), "/account/login/code/", email="nobody@test.example")
    words = [
        re.sub(r"[\w.]+@test\.example|value=\"[^\"]+\"|content=\"[^\"]+\"", "", p.content.decode())
        for p in (known, unknown)
    ]
    assert words[0] == words[1]
    assert len(mail.outbox) == 1


def test_the_sixth_guess_within_five_minutes_is_not_even_looked_at(door):
    for _ in range(5):
        post(door, "/account/login/", login="alice@test.example", password="wrong wrong wrong")
    page = post(door, "/account/login/", login="alice@test.example", password=PASSWORD)
    assert "Too many failed login attempts" in page.content.decode()
    assert page.redirect_chain == []


@pytest.mark.parametrize("path", ["signup/", "email/", "3rdparty/", "confirm-email/", "social/signup/"])
def test_what_the_clinic_does_not_use_is_not_there(people, path):
    assert Client().get(f"/account/{path}").status_code == 404


def test_staff_without_a_second_factor_see_only_how_to_set_one_up(people, as_):
    Authenticator.objects.filter(user=people.alice).delete()
    browser = as_("alice")
    assert browser.get("/today/").headers["Location"] == reverse("mfa_index")
    assert browser.get("/today/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/account/"
    assert "One more step before you start" in browser.get("/account/").content.decode()


def test_the_demo_can_let_staff_in_without_one(people, as_, settings):
    settings.REQUIRE_SECOND_FACTOR = False
    Authenticator.objects.filter(user=people.alice).delete()
    assert as_("alice").get("/today/").status_code == 200


def test_a_patient_needs_no_second_factor(people, as_):
    assert as_("eve").get("/me/").status_code == 200


def test_staff_cannot_take_away_their_last_second_factor(people, as_):
    browser = as_("alice")
    browser.post("/account/again/code/?next=/account/app/remove/", {"code": totp()})
    page = browser.post("/account/app/remove/")
    assert "Add a passkey first" in page.content.decode()
    assert Authenticator.objects.filter(user=people.alice, type="totp").exists()


def test_a_page_of_a_signed_in_person_is_never_cached(people, as_):
    assert "no-store" in as_("alice").get("/account/").headers["Cache-Control"]
