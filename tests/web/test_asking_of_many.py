"""The jobs that ask and mail do many people at once: as many statements as for a few, and nobody is waited for."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deqi.record.audit.chain import verify_chain
from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions import collecting, reminding
from deqi.record.care.models import (
    Appointment,
    Course,
    CourseRevision,
    Observation,
    RatingRequest,
    SingleCase,
)
from deqi.record.patients.models import Consent, Patient
from deqi.record.practice.models import Organization
from deqi.record.questionnaires.actions.instruments import import_instrument, record_permission
from deqi.record.questionnaires.models import Assignment, CourseQuestionnaire
from deqi.science.course.single_case import StartProtocol
from tests.asked import LIFE, at_noon
from tests.questionnaires import source

BEFORE_MIDNIGHT = "23:59:59.999999"


@pytest.fixture(autouse=True)
def noon(people):
    at_noon(people)


def coming(people, first: int, last: int) -> list[Course]:
    """People who agreed to be measured and come for the first time in a few days, one course each."""
    now, found = timezone.now(), []
    for number in range(first, last + 1):
        patient = Patient.objects.create(
            record_number=number, home_site=people.north, given_name="Ada", family_name=f"No {number}",
            birth_date=date(1958, 3, 4), email=f"ada{number}@test.example",
        )  # fmt: skip
        Consent.objects.create(
            patient=patient, kind="measurement", version="1", text_sha256="0" * 64, decision="given",
            signed_name="Ada", at=now, recorded_by=people.carol,
        )  # fmt: skip
        practitioner = people.alice.practitioner
        course = Course.objects.create(
            patient=patient, site=people.north, practitioner=practitioner, status="active", opened_at=now
        )
        CourseRevision.objects.create(
            course=course, number=1, goals="Walk", sessions_per_week=1, weeks=10, planned_sessions=10,
            review_sessions=[4, 8], retention_min=25, why="First", decided_by=people.alice, decided_at=now,
        )  # fmt: skip
        Appointment.objects.create(
            patient=patient, course=course, site=people.north, practitioner=practitioner,
            starts_at=now + timedelta(days=5),
        )  # fmt: skip
        found.append(course)
    return found


def sent_by(job) -> int:
    with CaptureQueriesContext(connection) as sent:
        job()
    return len(sent)


def test_many_requests_take_as_many_statements_as_a_few(people):
    coming(people, 11, 12)
    few = sent_by(collecting.make_requests)
    coming(people, 21, 32)
    assert sent_by(collecting.make_requests) == few
    assert RatingRequest.objects.count() == 14
    assert AuditEntry.objects.filter(verb="rating.ask").count() == 14 and not list(verify_chain())


def test_designs_take_as_many_statements_for_many_as_for_a_few(people):
    """Nothing is booked any more, so that every request is a design's."""

    def agreed(courses):
        Appointment.objects.all().delete()
        day, at = collecting.today_at(people.north), timezone.now()
        protocol = StartProtocol(symptom="burning", enrolled_on=day - timedelta(days=20))
        for course in courses:
            given = Consent.objects.create(
                patient=course.patient, kind="single_case", version="1", text_sha256="0" * 64, decision="given",
                signed_name="Ada", at=at, recorded_by=people.carol,
            )  # fmt: skip
            SingleCase.objects.create(
                course=course, design=protocol.design, protocol=protocol.model_dump(mode="json"), seed="5e" * 32,
                committed="0" * 64, offered_at=at, offered_by=people.alice, consent=given, drawn_at=at,
                drawn_by=people.alice,
            )  # fmt: skip

    agreed(coming(people, 11, 12))
    few = sent_by(collecting.make_requests)
    agreed(coming(people, 21, 32))
    assert sent_by(collecting.make_requests) == few
    assert RatingRequest.objects.filter(kind="design").count() == RatingRequest.objects.count() == 14


def test_questionnaires_take_as_many_statements_for_many_as_for_a_few(people):
    manager = people.actor("max")
    instrument = import_instrument(manager, source())
    record_permission(
        manager, instrument.id, uuid4(), who="The owner", statement="For this clinic, by letter."
    )

    def chosen(courses):
        for course in courses:
            CourseQuestionnaire.objects.create(
                patient=course.patient, course=course, instrument=instrument, windows=["baseline"],
                chosen_by=people.alice, chosen_at=timezone.now(),
            )  # fmt: skip

    chosen(coming(people, 11, 12))
    few = sent_by(collecting.make_requests)
    chosen(coming(people, 21, 32))
    assert sent_by(collecting.make_requests) == few
    assert Assignment.objects.count() == RatingRequest.objects.count() == 14 and not list(verify_chain())


def test_what_each_person_feels_is_asked_and_what_they_gave_before_counts(people):
    burning, numb, silent = coming(people, 11, 13)
    now = timezone.now()
    for course, code in ((burning, "burning_felt"), (numb, "numbness_felt")):
        Observation.objects.create(
            patient=course.patient, code=code, value=1, channel="home", effective_at=now - timedelta(days=1)
        )
    day = collecting.today_at(people.north)
    Observation.objects.create(
        id=collecting.home_rating_id(burning.patient_id, day, "burning_average"), patient=burning.patient,
        code="burning_average", value=6, channel="home", effective_at=now,
    )  # fmt: skip
    assert collecting.make_requests() == {"made": 3}
    asked = {one.course_id: one for one in RatingRequest.objects.all()}
    assert asked[burning.id].codes == ["burning_average", *LIFE] and asked[burning.id].answered_at == now
    assert asked[numb.id].codes == ["numbness_average", *LIFE] and asked[numb.id].answered_at is None
    assert asked[silent.id].codes and asked[silent.id].channel == ""


def test_each_message_takes_the_same_few_statements(people):
    Organization.objects.update(messages_from="00:00", messages_until=BEFORE_MIDNIGHT)
    coming(people, 11, 12)
    collecting.make_requests()
    few = sent_by(reminding.send_reminders)
    coming(people, 21, 26)
    collecting.make_requests()
    more = sent_by(reminding.send_reminders)
    assert len(mail.outbox) == 8
    assert (more - few) % 4 == 0 and (more - few) / 4 <= 9


@pytest.mark.django_db(transaction=True)
def test_a_course_that_somebody_writes_to_is_asked_at_the_next_run(people):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    import psycopg
    from psycopg.conninfo import make_conninfo

    held, free = coming(people, 11, 12)
    known = ("host", "port", "user", "password", "dbname")
    address = {key: value for key, value in connection.get_connection_params().items() if key in known}
    with psycopg.connect(make_conninfo(**address)) as other:
        other.execute("SELECT 1 FROM patients_patient WHERE id = %s FOR UPDATE", [held.patient_id])
        assert collecting.make_requests() == {"made": 1}
        assert RatingRequest.objects.get().course_id == free.id
    assert collecting.make_requests() == {"made": 1}
