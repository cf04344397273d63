"""Security settings as a clinic on the internet has them, and the headers that every page carries."""

import json
import os
import subprocess
import sys

import pytest
from django.test import Client


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """Settings and `check --deploy` of a fresh process with an https address."""
    home = tmp_path_factory.mktemp("home")
    env = {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"},
        "DEQI_HOME": str(home),
        "DEQI_ORIGIN": "https://clinic.example",
        "DEQI_HOSTS": "clinic.example",
        "DJANGO_SETTINGS_MODULE": "deqi.config.settings",
    }
    names = [
        "DEBUG",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SESSION_COOKIE_HTTPONLY",
        "SESSION_COOKIE_SAMESITE",
        "SECURE_HSTS_SECONDS",
        "SECURE_SSL_REDIRECT",
        "X_FRAME_OPTIONS",
        "REQUIRE_SECOND_FACTOR",
        "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN",
        "IDLE_SECONDS",
    ]
    code = (
        "import django, json; django.setup()\n"
        "from django.conf import settings; from django.core.checks import run_checks\n"
        "faults = [str(f) for f in run_checks(include_deployment_checks=True) if not f.is_silenced()]\n"
        f"print(json.dumps([faults, {{n: getattr(settings, n) for n in {names!r}}}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_the_deployment_check_finds_nothing_under_https(deployed):
    assert deployed[0] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", False),
        ("SESSION_COOKIE_SECURE", True),
        ("CSRF_COOKIE_SECURE", True),
        ("SESSION_COOKIE_HTTPONLY", True),
        ("SESSION_COOKIE_SAMESITE", "Lax"),
        ("SECURE_SSL_REDIRECT", True),
        ("X_FRAME_OPTIONS", "DENY"),
        ("REQUIRE_SECOND_FACTOR", True),
        ("MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", False),
        ("IDLE_SECONDS", 1200),
    ],
)
def test_a_clinic_on_the_internet_is_strict_without_being_told(deployed, name, value):
    assert deployed[1][name] == value


def test_https_is_remembered_for_a_year(deployed):
    assert deployed[1]["SECURE_HSTS_SECONDS"] >= 31_536_000


@pytest.mark.parametrize("path", ["/", "/account/login/", "/account/invitation/x/", "/nowhere/"])
def test_every_page_carries_the_strict_headers(people, path):
    headers = Client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_session_cookie_is_not_for_scripts(people):
    browser = Client()
    people.alice.set_password("seven slow green kettles")
    people.alice.save()
    browser.post("/account/login/", {"login": "alice@test.example", "password": "seven slow green kettles"})
    cookie = browser.cookies["sessionid"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


def test_signing_in_makes_a_new_session(people):
    browser = Client()
    browser.post("/account/login/code/", {"email": "eve@test.example"})
    before = browser.cookies["sessionid"].value
    import re

    from django.core import mail

    code = re.search(r"^\s*([A-Z0-9-]{6,})\s*$", mail.outbox[0].body, re.M).group(1)
    browser.post("/account/login/code/confirm/", {"code": code})
    assert browser.cookies["sessionid"].value != before


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_sign_in_leads_only_to_our_own_pages(people, target):
    browser = Client()
    browser.post("/account/login/code/", {"email": "eve@test.example", "next": target})
    import re

    from django.core import mail

    code = re.search(r"^\s*([A-Z0-9-]{6,})\s*$", mail.outbox[0].body, re.M).group(1)
    answer = browser.post(f"/account/login/code/confirm/?next={target}", {"code": code, "next": target})
    assert answer.status_code == 302 and "evil" not in answer.headers["Location"]


def test_a_form_from_elsewhere_is_refused(people, as_):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.max, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = browser.post("/practice/settings/", {"name": "Taken over", "emergency_number": "112"})
    assert answer.status_code == 403
    people.organization.refresh_from_db()
    assert people.organization.name == "Test clinic"


def test_a_page_asked_for_under_a_foreign_host_name_is_refused(people):
    assert Client().get("/", headers={"Host": "evil.example"}).status_code == 400
