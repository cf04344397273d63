"""The audit log: the database refuses to change it, and where that is circumvented the chain shows it."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from deqi.record.audit.actions import log
from deqi.record.audit.chain import verify_chain
from deqi.record.audit.models import AuditEntry, AuditHead, AuditSubject
from deqi.record.audit.queries import (
    Asked,
    entries_by_actor,
    entries_of_patient,
    report,
    report_rows,
    who_looked,
)
from deqi.record.errors import Forbidden, NotFound
from deqi.record.patients.queries import patient_for

triggers = import_module("deqi.record.audit.migrations.0002_append_only")


def sql(statement: str, *values) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def log_of_nine(people):
    """Nine entries: looks at Eve's record, a list of both patients, a sign-in."""
    alice, carol, max_ = (people.actor(name) for name in ("alice", "carol", "max"))
    for _ in range(3):
        patient_for(alice, people.eve_patient.id, "clinical.view", page="chart")
    log(carol, "patient.find", patients=[people.eve_patient.id, people.frank_patient.id])
    patient_for(max_, people.frank_patient.id, "patient.view", page="details")
    patient_for(carol, people.eve_patient.id, "patient.view", page="details")
    log(alice, "signin.in", about=people.alice)
    patient_for(people.actor("eve"), people.eve_patient.id, "self.view", page="home")
    patient_for(people.actor("bob"), people.eve_patient.id, "clinical.view", page="letters")
    return people


@pytest.fixture
def unlocked(log_of_nine):
    """An intruder with the rights of the database's owner took the triggers away."""
    triggers.remove(apps, SimpleNamespace(connection=connection, execute=sql))
    return log_of_nine


REFUSED = [
    "UPDATE audit_auditentry SET actor_name = 'Nobody' WHERE id = 2",
    "DELETE FROM audit_auditentry WHERE id = 9",
    "UPDATE audit_auditsubject SET patient_id = entry_id WHERE id > 0",
    "DELETE FROM audit_auditsubject",
    "UPDATE audit_audithead SET last_id = 3",
    "UPDATE audit_audithead SET last_hash = 'x'",
    "DELETE FROM audit_audithead",
]
TRUNCATE = [
    f"TRUNCATE {table} CASCADE" for table in ("audit_auditentry", "audit_auditsubject", "audit_audithead")
]


@pytest.mark.parametrize("statement", REFUSED + TRUNCATE)
def test_the_database_itself_refuses_to_change_the_log(log_of_nine, statement):
    if statement.startswith("TRUNCATE") and connection.vendor == "sqlite":
        statement = statement.replace("TRUNCATE", "DELETE FROM").replace(" CASCADE", "")  # what SQLite has
    with pytest.raises(DatabaseError, match="audit"), transaction.atomic():
        sql(statement)
    assert AuditEntry.objects.count() == 9 and list(verify_chain()) == []


def test_a_whole_log_has_nothing_to_report(log_of_nine):
    assert list(verify_chain()) == []


@pytest.mark.parametrize("field", ["actor_name", "role", "verb", "object_type", "object_id", "previous_hash"])
@pytest.mark.parametrize("entry", [1, 5, 9])
def test_one_altered_text_is_found(unlocked, field, entry):
    sql(f"UPDATE audit_auditentry SET {field} = 'changed' WHERE id = %s", entry)
    assert any(f"entry {entry} " in fault for fault in verify_chain())


@pytest.mark.parametrize(
    "change",
    [
        "at = '2020-01-01 00:00:00+00:00'",
        "actor_id = NULL",
        "patient_id = NULL",
        'detail = \'{"page": "nothing"}\'',
    ],
)
def test_one_altered_time_person_patient_or_detail_is_found(unlocked, change):
    sql(f"UPDATE audit_auditentry SET {change} WHERE id = 2")
    assert list(verify_chain()) == ["audit entry 2 was altered"]


@pytest.mark.parametrize("entry", range(1, 10))
def test_one_removed_entry_is_found_wherever_it_stood(unlocked, entry):
    sql("DELETE FROM audit_auditsubject WHERE entry_id = %s", entry)
    sql("DELETE FROM audit_auditentry WHERE id = %s", entry)
    assert list(verify_chain())


def test_a_tail_cut_off_is_found(unlocked):
    sql("DELETE FROM audit_auditentry WHERE id > 7")
    assert list(verify_chain()) == ["the audit log ends at entry 7, its head says 9"]


def test_a_removed_entry_with_the_rest_renumbered_is_found(unlocked):
    sql("DELETE FROM audit_auditentry WHERE id = 8")
    sql("UPDATE audit_auditentry SET id = 8 WHERE id = 9")
    assert "audit entry 8 was altered" in list(verify_chain())


def test_an_inserted_entry_is_found(unlocked):
    forged = AuditEntry.objects.get(id=9)
    forged.id, forged.verb = 10, "patient.edit"
    forged.save(force_insert=True)
    faults = list(verify_chain())
    assert "audit entry 10 does not follow the one before it" in faults


def test_a_changed_list_of_patients_is_found(unlocked):
    row = AuditSubject.objects.filter(patient_id=unlocked.eve_patient.id).get()
    sql("DELETE FROM audit_auditsubject WHERE id = %s", row.id)
    assert list(verify_chain()) == [f"the patients listed by audit entry {row.entry_id} were altered"]


def test_a_lost_head_is_found(unlocked):
    AuditHead.objects.all().delete()
    assert list(verify_chain()) == ["the head of the audit log is gone"]


def test_a_log_longer_than_one_batch_is_walked_whole(unlocked, monkeypatch):
    monkeypatch.setattr("deqi.record.audit.chain.BATCH", 4)
    assert list(verify_chain()) == []
    sql("UPDATE audit_auditentry SET verb = 'x' WHERE id = 5")
    assert list(verify_chain()) == ["audit entry 5 was altered"]


@pytest.mark.parametrize("batch", [4, 9, 2000])
def test_what_a_clinic_at_work_adds_meanwhile_is_no_fault(log_of_nine, monkeypatch, batch):
    """Somebody looks at a record after each question that the check asks of the log."""
    from deqi.record.audit import chain

    plain, alice = chain._lists, log_of_nine.actor("alice")
    looks = iter(range(3))

    def busy(entries):
        if next(looks, None) is not None:
            patient_for(alice, log_of_nine.eve_patient.id, "clinical.view", page="chart")
        return plain(entries)

    monkeypatch.setattr(chain, "_lists", busy)
    monkeypatch.setattr(chain, "BATCH", batch)
    assert list(verify_chain()) == []
    assert AuditEntry.objects.count() > 9


def test_a_patient_reads_who_looked_in_plain_words_with_repeats_counted(log_of_nine):
    lines = who_looked(log_of_nine.actor("eve")).lines
    assert [(line.who, line.role, line.what, line.times, line.own) for line in lines] == [
        ("Eve", "patient", "Own page opened (who has looked)", 1, True),
        ("Bob Birch", "senior clinician", "Clinical record read (letters)", 1, False),
        ("Eve", "patient", "Own page opened (home)", 1, True),
        ("Carol Cedar", "front desk", "Contact details opened (details)", 1, False),
        ("Carol Cedar", "front desk", "Name stood in a list or a search", 1, False),
        ("Alice Ash", "practitioner", "Clinical record read (chart)", 3, False),
    ]


def test_nobody_else_reads_it_that_way(log_of_nine):
    for name in ("alice", "max", "mallory"):
        with pytest.raises((NotFound, Forbidden)):
            who_looked(log_of_nine.actor(name))


def test_pages_follow_one_another_without_gap_or_repeat(log_of_nine):
    actor, seen, before = log_of_nine.actor("bob"), [], None
    while True:
        page = entries_of_patient(actor, log_of_nine.eve_patient.id, before=before, limit=2)
        seen += [line.id for line in page.lines if line.id <= 9]
        before = page.older
        if not before:
            break
    assert seen == [9, 8, 6, 4, 3, 2, 1]


def test_an_auditor_of_one_site_sees_nothing_of_another_sites_patients(log_of_nine):
    seen = {line.patient_id for line in report(log_of_nine.actor("bob"), Asked()).lines}
    assert log_of_nine.frank_patient.id not in seen
    with pytest.raises(NotFound):
        entries_of_patient(log_of_nine.actor("bob"), log_of_nine.frank_patient.id)
    everywhere = {line.patient for line in report(log_of_nine.actor("max"), Asked()).lines}
    assert {"Eve Elm", "Frank Fir"} <= everywhere


def test_one_persons_doings_and_one_verb_can_be_asked_for(log_of_nine):
    people = log_of_nine
    lines = entries_by_actor(people.actor("max"), people.alice.id).lines
    assert [line.verb for line in lines] == ["signin.in"] + ["clinical.view"] * 3
    rows = list(report_rows(people.actor("max"), Asked(verb="patient.view")))
    assert [row.who for row in rows] == ["Max Maple", "Carol Cedar"]


def test_reading_the_log_is_itself_logged(log_of_nine):
    report(log_of_nine.actor("max"), Asked())
    assert AuditEntry.objects.latest("id").verb == "audit.view"


@pytest.mark.parametrize("name", ["alice", "carol", "rita", "dan", "eve", "mallory"])
def test_the_log_is_for_managers_and_senior_clinicians(log_of_nine, name):
    with pytest.raises(Forbidden):
        report(log_of_nine.actor(name), Asked())


def test_ids_of_rows_stand_in_the_log_but_not_in_the_words(people):
    page = f"day {people.north.id} 2026-11-23"
    patient_for(people.actor("alice"), people.eve_patient.id, "clinical.view", page=page)
    assert who_looked(people.actor("eve")).lines[-1].what == "Clinical record read (day 2026-11-23)"
    assert AuditEntry.objects.get(verb="clinical.view").detail == {"page": page}
