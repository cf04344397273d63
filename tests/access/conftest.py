"""One clinic for all access tests: each request is rolled back, so nothing needs to be made twice."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from tests.conftest import make_clinic

NAMES = ("alice", "bob", "carol", "max", "rita", "dan", "eve", "frank", "mallory")


@pytest.fixture(scope="package")
def clinic(django_db_setup, django_db_blocker):
    """The people of tests/conftest.py, and `cookies`: name -> a session of theirs ("anonymous" has none)."""
    with django_db_blocker.unblock(), transaction.atomic():
        people = make_clinic()
        people.cookies = {"anonymous": "", **{name: _session(people.users[name]) for name in NAMES}}
        yield people
        transaction.set_rollback(True)


@pytest.fixture
def people(clinic, db):
    return clinic


@pytest.fixture
def cookies(clinic):
    return clinic.cookies


def _session(user) -> str:
    browser = Client()
    browser.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return browser.cookies.output(header="", sep=";")
