"""The people of the tests, on whichever database DEQI_DATABASE_URL names.

Alice needles at North, Bob is her colleague and senior clinician, Carol has the front desk, Max manages, Rita
does research, Dan needles at South, Eve is a patient at North, Frank one at South, Mallory is nobody.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core.management.base import CommandError
from django.db.utils import OperationalError
from hypothesis import HealthCheck, settings

# The same examples at every run, however slow the machine; `--hypothesis-profile search` looks for others.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", deadline=None)
settings.load_profile("steady")


def undisturbed(step) -> None:
    """Does one step of emptying the tables. A page that is closed may leave a request that the server still answers,
    and its locks and ours can wait for each other; the database then ends one of the two, and we try again."""
    for tries_left in reversed(range(10)):
        try:
            return step()
        except (CommandError, OperationalError):
            if not tries_left:
                raise
            time.sleep(0.5)


@pytest.fixture(autouse=True, scope="session")
def _flush_can_empty_the_tables():
    """Tests with real commits empty the tables afterwards; only for that moment the triggers are off."""
    from importlib import import_module

    from django.apps import apps
    from django.db import connection
    from django.test import TransactionTestCase

    migration = import_module("deqi.record.audit.migrations.0002_append_only")
    signed = import_module("deqi.record.care.migrations.0002_signed_stays_signed")
    decided = import_module("deqi.record.care.migrations.0003_decided_stays_decided")
    baseline = import_module("deqi.record.care.migrations.0006_baseline_locked")
    deviations = import_module("deqi.record.care.migrations.0011_deviations_stay")
    answered = import_module("deqi.record.questionnaires.migrations.0002_complete_stays_complete")
    kept = (migration, signed, decided, baseline, deviations, answered)
    plain = TransactionTestCase._fixture_teardown

    def switch(what: str) -> None:
        with connection.schema_editor() as editor:
            for one in kept:
                getattr(one, what)(apps, editor)

    def teardown(case):
        undisturbed(lambda: switch("remove"))
        try:
            undisturbed(lambda: plain(case))
        finally:
            undisturbed(lambda: switch("install"))
        migration.first_head(apps, None)

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = plain


#: The authenticator app of everybody on the staff.
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def _staff(organization, email, name, roles, title=""):
    from allauth.mfa.totp.internal.auth import TOTP

    from deqi.record.practice.models import Practitioner, Role, User

    user = User.objects.create_user(email, name, password=None)
    TOTP.activate(user, TOTP_SECRET)
    for role, site in roles:
        Role.objects.create(user=user, role=role, site=site)
    if title:
        Practitioner.objects.create(user=user, title=title)
    return user


#: No test with people takes longer than this, in a browser or without.
LONGEST = {"browser": timedelta(minutes=2), "": timedelta(seconds=20)}


def a_day_that_lasts(longest: timedelta) -> None:
    """Tests write and ask about today, at sites on UTC: one that might see the day end waits for the next."""
    now = datetime.now(UTC)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
    if midnight - now < longest:
        time.sleep((midnight - now).total_seconds())


@pytest.fixture
def people(request, db):
    """A small clinic of two sites and the people above; `people.actor("alice")` is the acting person."""
    a_day_that_lasts(LONGEST["browser" if "page" in request.fixturenames else ""])
    return make_clinic()


def make_clinic() -> SimpleNamespace:
    from django.core.cache import cache

    from deqi.record.patients.models import CareProvider, Patient
    from deqi.record.practice.models import Licence, Organization, Room, Site, User
    from deqi.record.practice.queries import actor_of

    cache.clear()  # the counters of sign-in attempts
    organization = Organization.objects.create(name="Test clinic", synthetic=True)
    north = Site.objects.create(organization=organization, name="North", jurisdiction="GB")
    south = Site.objects.create(organization=organization, name="South", jurisdiction="GB")
    room = Room.objects.create(site=north, name="Room 1")
    Room.objects.create(site=south, name="Room 1")
    staff = {
        "alice": _staff(organization, "alice@test.example", "Alice Ash", [("practitioner", north)], "LAc"),
        "bob": _staff(organization, "bob@test.example", "Bob Birch", [("senior_clinician", north)], "Dr"),
        "carol": _staff(organization, "carol@test.example", "Carol Cedar", [("front_desk", north)]),
        "max": _staff(organization, "max@test.example", "Max Maple", [("manager", None)]),
        "rita": _staff(organization, "rita@test.example", "Rita Rowan", [("researcher", None)]),
        "dan": _staff(organization, "dan@test.example", "Dan Dogwood", [("practitioner", south)], "LAc"),
    }
    today = date.today()
    for name in ("alice", "bob", "dan"):
        Licence.objects.create(
            practitioner=staff[name].practitioner,
            jurisdiction="GB",
            authority="Test register",
            number=f"T-{name}",
            issued=today - timedelta(days=400),
            expires=today + timedelta(days=400),
            verified_on=today - timedelta(days=30),
            verified_by=staff["max"],
            verified_source="Test register, online",
        )
    users = {
        name: User.objects.create_user(f"{name}@test.example", name.title()) for name in ("eve", "frank")
    }
    eve = Patient.objects.create(
        record_number=1,
        home_site=north,
        user=users["eve"],
        given_name="Eve",
        family_name="Elm",
        birth_date=date(1958, 3, 4),
        email="eve@test.example",
    )
    frank = Patient.objects.create(
        record_number=2,
        home_site=south,
        user=users["frank"],
        given_name="Frank",
        family_name="Fir",
        birth_date=date(1950, 1, 2),
    )
    CareProvider.objects.create(patient=eve, kind="pcp", name="Dr Gale Hazel", email="gale@surgery.example")
    mallory = User.objects.create_user("mallory@test.example", "Mallory")
    accounts = {**staff, **users, "mallory": mallory}
    return SimpleNamespace(
        **accounts,
        organization=organization,
        north=north,
        south=south,
        room=room,
        eve_patient=eve,
        frank_patient=frank,
        users=accounts,
        actor=lambda name: actor_of(accounts[name]),
    )


@pytest.fixture
def as_(people, client):
    """`as_("alice").get(url)`: a web client signed in as that person."""
    from django.test import Client

    def sign_in(name: str) -> Client:
        browser = Client()
        browser.force_login(people.users[name], backend="allauth.account.auth_backends.AuthenticationBackend")
        return browser

    return sign_in


@pytest.fixture
def course(people):
    """Eve's course at North: ten visits once a week, reviews after 4 and 8, consent to care given."""
    from deqi.record.care.models import Course, CourseRevision
    from deqi.record.patients.models import Condition, Consent

    now = datetime.now(UTC)
    condition = Condition.objects.create(
        patient=people.eve_patient,
        condition="dpn",
        label="Diabetic neuropathy",
        icd10="E11.42",
        onset=date.today() - timedelta(days=900),
        recorded_by=people.alice,
    )
    Consent.objects.create(
        patient=people.eve_patient,
        kind="care",
        version="1",
        text_sha256="0" * 64,
        decision="given",
        signed_name="Eve Elm",
        at=now - timedelta(days=30),
        recorded_by=people.carol,
    )
    course = Course.objects.create(
        patient=people.eve_patient,
        site=people.north,
        practitioner=people.alice.practitioner,
        condition=condition,
        status="active",
        opened_at=now - timedelta(days=20),
    )
    CourseRevision.objects.create(
        course=course,
        number=1,
        goals="Walk the dog without stopping",
        sessions_per_week=1,
        weeks=10,
        planned_sessions=10,
        review_sessions=[4, 8],
        retention_min=25,
        why="First plan",
        decided_by=people.alice,
        decided_at=now - timedelta(days=20),
    )
    return course


@pytest.fixture
def statements():
    """`with statements(at_most=12): ...` fails with the list when more SQL statements are sent.

    Marks of a transaction (SAVEPOINT and its release, which only tests see) are not counted.
    """
    from contextlib import contextmanager

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    @contextmanager
    def count(at_most: int):
        with CaptureQueriesContext(connection) as sent:
            yield
        sql = [q["sql"] for q in sent.captured_queries if "SAVEPOINT" not in q["sql"]]
        listed = "\n".join(line[:160] for line in sql)
        assert len(sql) <= at_most, f"{len(sql)} statements, at most {at_most} are allowed:\n{listed}"

    return count


def pytest_runtest_logreport(report):
    """A failure is told when it happens, not only at the end of a long run."""
    if report.failed:
        print(f"\nFAILED {report.nodeid} ({report.when})\n{report.longreprtext[-1500:]}", flush=True)
