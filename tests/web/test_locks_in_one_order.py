"""On PostgreSQL nobody waits in a circle: a visit's own row is locked first, then the log, then everything else."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from deqi.record.care.actions import collecting, reminding
from deqi.record.care.actions.answering import answer
from deqi.record.care.actions.appointments import arrive, book
from deqi.record.care.links import token_for
from deqi.record.care.models import Appointment, RatingRequest
from deqi.record.patients.actions.invitations import accept, invite
from deqi.record.practice.models import Organization
from tests.asked import at_noon, booked, consent, feels

pytestmark = pytest.mark.django_db(transaction=True)
TAP = "burning_average"


@pytest.fixture(autouse=True)
def eve(people, course):
    """Eve is asked today; it is noon at her site."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    at_noon(people)
    Organization.objects.update(messages_from="00:00", messages_until="23:59:59.999999")
    consent(people, days=20)
    feels(people, "burning")
    booked(people, course, days=0)


@contextmanager
def somebody_else():
    """Another connection to the same database, in a transaction that ends with the block."""
    import psycopg
    from psycopg.conninfo import make_conninfo

    known = ("host", "port", "user", "password", "dbname")
    address = {key: value for key, value in connection.get_connection_params().items() if key in known}
    with psycopg.connect(make_conninfo(**address)) as other:
        yield other


def until_it_waits(thread: threading.Thread) -> None:
    """Until the database says that somebody waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    end = time.monotonic() + 60
    with connection.cursor() as cursor:
        while time.monotonic() < end and thread.is_alive():
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    pytest.fail("it did not wait for the log")


def an_answer(people, course) -> tuple[str, object]:
    collecting.make_requests()
    token = token_for(RatingRequest.objects.get())
    answer(token, TAP, 4)
    return "care_observation", lambda: answer(token, TAP, 5)


def a_mail(people, course) -> tuple[str, object]:
    collecting.make_requests()
    return "care_ratingrequest", reminding.send_reminders


def a_request(people, course) -> tuple[str, object]:
    return "patients_patient", collecting.make_requests


def an_arrival(people, course) -> tuple[str, object]:
    visit = Appointment.objects.get()
    return "care_appointment", lambda: arrive(people.actor("carol"), visit.id)


def an_invitation(people, course) -> tuple[str, object]:
    link = invite(people.actor("carol"), people.eve_patient.id)
    return "patients_invitation", lambda: accept(link.rstrip("/").rsplit("/", 1)[-1])


@pytest.mark.parametrize("thing", [an_answer, a_mail, a_request, an_arrival, an_invitation])
def test_who_waits_for_the_log_holds_nothing_that_its_holder_may_want(people, course, thing):
    table, does = thing(people, course)
    went = SimpleNamespace(wrong=None)

    def alone():
        try:
            does()
        except Exception as error:
            went.wrong = error
        finally:
            connection.close()

    thread = threading.Thread(target=alone)
    with somebody_else() as other:
        other.execute("SELECT 1 FROM audit_audithead FOR UPDATE")
        thread.start()
        until_it_waits(thread)
        other.execute(f"SELECT 1 FROM {table} FOR UPDATE NOWAIT")
    thread.join(60)
    assert not thread.is_alive() and went.wrong is None


def test_booking_does_not_wait_for_a_visit_that_is_being_saved(people, course):
    """What is saved about a person names them; that alone must not keep the desk waiting, with the log in its hand."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '20s'")
    try:
        with somebody_else() as other:
            other.execute("SELECT 1 FROM patients_patient FOR KEY SHARE")
            other.execute("SELECT 1 FROM practice_practitioner FOR KEY SHARE")
            made = book(
                people.actor("carol"), people.eve_patient.id, appointment_id=uuid4(), minutes=60, room_id=people.room.id,
                starts_at=timezone.now() + timedelta(days=9), practitioner_id=people.alice.practitioner.id,
            )  # fmt: skip
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
    assert made.patient_id == people.eve_patient.id
