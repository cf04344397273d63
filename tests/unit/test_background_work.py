"""Jobs: each is done once when it is due, a failure is told, what was left half done is done next time."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pyrage
import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from deqi.record.operations import jobs, keeping
from deqi.record.practice.actions import notices
from deqi.record.practice.models import Draft, Licence, LicenceNotice, PeriodicJob

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)


def queued() -> list[str]:
    return [row.args_kwargs["args"][0] for row in DBTaskResult.objects.order_by("enqueued_at", "id")]


def test_a_job_is_put_in_the_queue_once_each_time_it_is_due(db):
    assert set(jobs.enqueue_due(NOW)) == set(jobs.JOBS)
    assert jobs.enqueue_due(NOW) == []
    assert jobs.enqueue_due(NOW + timedelta(minutes=4)) == []
    assert "back_up" in jobs.enqueue_due(NOW + timedelta(minutes=10))
    assert queued().count("back_up") == 2


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_ask_at_the_same_moment_one_gets_the_job():
    PeriodicJob.objects.bulk_create([PeriodicJob(name=name, next_run_at=NOW) for name in jobs.JOBS])
    start, taken = threading.Barrier(4), []

    def ask():
        try:
            start.wait(30)
            taken.extend(jobs.enqueue_due(NOW))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == sorted(jobs.JOBS)
    assert sorted(queued()) == sorted(jobs.JOBS)


@pytest.mark.django_db(transaction=True)
def test_work_does_what_is_due_and_writes_down_how_it_went(people):
    assert jobs.work() == len(jobs.JOBS)
    assert jobs.work() == 0
    states = {state.job.name: state for state in jobs.job_states()}
    assert all(state.last_ok_at and not state.late for state in states.values())
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {"SUCCESSFUL"}


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_told_and_the_next_time_it_is_tried_again(people, monkeypatch):
    def fail():
        raise OSError("no disk left")

    with monkeypatch.context() as patched:
        patched.setattr(keeping, "tidy", fail)
        jobs.work()
    (state,) = [state for state in jobs.job_states() if state.job.name == "tidy"]
    assert state.late and state.last_error == "OSError: no disk left"
    PeriodicJob.objects.filter(name="tidy").update(next_run_at=timezone.now())
    jobs.work()
    (state,) = [state for state in jobs.job_states() if state.job.name == "tidy"]
    assert not state.late and not state.last_error


def test_a_job_that_somebody_is_at_is_left_alone_until_its_time_is_over(db):
    PeriodicJob.objects.create(name="tidy", next_run_at=NOW, running_until=NOW + timedelta(minutes=5))
    assert jobs.run("tidy", NOW) is None
    assert jobs.run("tidy", NOW + timedelta(minutes=6)) is not None


@pytest.mark.parametrize("fails", [False, True])
def test_a_run_that_outlived_its_lease_leaves_the_lease_of_the_one_that_took_over(db, monkeypatch, fails):
    later = NOW + jobs.JOBS["tidy"].lease + timedelta(seconds=1)
    theirs = later + jobs.JOBS["tidy"].lease

    def overtaken():
        PeriodicJob.objects.filter(name="tidy").update(running_until=theirs, last_run_at=later)
        if fails:
            raise OSError("too late")

    monkeypatch.setattr(keeping, "tidy", overtaken)
    with pytest.raises(OSError) if fails else nullcontext():
        jobs.run("tidy", NOW)
    row = PeriodicJob.objects.get(name="tidy")
    assert (row.running_until, row.last_ok_at, row.last_error) == (theirs, None, "")


# --- back-ups


@pytest.fixture
def sealed(settings, tmp_path, monkeypatch):
    """Keys are named; the back-up itself is written by a stand-in (tests/durability restores real ones)."""
    identity = pyrage.x25519.Identity.generate()
    settings.BACKUP_RECIPIENTS = [str(identity.to_public())]
    settings.BACKUP_FOLDER = tmp_path

    def write(folder, *, recipients, passphrase, say):
        assert recipients == settings.BACKUP_RECIPIENTS and passphrase is None
        count = len(list(folder.iterdir()))
        path = folder / f"deqi-{timezone.now() + timedelta(seconds=count):%Y-%m-%dT%H%M%SZ}.tar.age"
        path.write_bytes(b"x")
        return path

    monkeypatch.setattr(keeping, "write_backup", write)
    return tmp_path


def test_without_a_key_no_back_up_is_written(people, tmp_path, settings):
    settings.BACKUP_FOLDER = tmp_path
    jobs.run("back_up")
    assert list(tmp_path.iterdir()) == []
    state = keeping.background(people.actor("max"))
    assert not state.sealed and state.at_risk and state.backup_age_min is None


def test_a_back_up_is_written_when_the_record_changed_and_its_age_is_shown(people, sealed, as_):
    jobs.run("back_up")
    jobs.run("back_up")
    assert len(list(sealed.iterdir())) == 1, "nothing was written since"
    as_("alice").get(f"/patients/{people.eve_patient.id}/details/")
    jobs.run("back_up")
    assert len(list(sealed.iterdir())) == 2
    assert "back-up 0 minutes old" in as_("max").get("/practice/").content.decode()
    PeriodicJob.objects.filter(name="back_up").update(
        last_result={"as_of": (timezone.now() - timedelta(minutes=31)).isoformat()}
    )
    page = as_("max").get("/practice/").content.decode()
    assert "back-up 31 minutes old" in page and "The newest back-up is old" in page


def test_a_back_up_is_written_when_the_keys_changed_though_the_record_did_not(people, sealed, settings):
    jobs.run("back_up")
    settings.BACKUP_RECIPIENTS = [
        *settings.BACKUP_RECIPIENTS,
        str(pyrage.x25519.Identity.generate().to_public()),
    ]
    jobs.run("back_up")
    assert len(list(sealed.iterdir())) == 2
    settings.BACKUP_RECIPIENTS = settings.BACKUP_RECIPIENTS[::-1]
    jobs.run("back_up")
    assert len(list(sealed.iterdir())) == 2, "the same keys in another order"


def test_older_back_ups_are_thinned_out_and_other_files_stay(tmp_path):
    ages = [5, 20, 70, 75, 130, 60 * 30, 60 * 31, 60 * 24 * 40]
    for minutes in ages:
        at = NOW - timedelta(minutes=minutes)
        (tmp_path / f"deqi-{at:%Y-%m-%dT%H%M%SZ}.tar.age").touch()
    (tmp_path / "deqi-by-hand.tar.age").touch()
    (tmp_path / "notes.txt").touch()
    removed = keeping.thin_out(tmp_path, NOW)
    kept = [m for m in ages if f"deqi-{NOW - timedelta(minutes=m):%Y-%m-%dT%H%M%SZ}.tar.age" not in removed]
    assert kept == [5, 20, 70, 130, 60 * 30]
    assert (tmp_path / "deqi-by-hand.tar.age").exists() and (tmp_path / "notes.txt").exists()


def test_tidy_clears_old_drafts_and_keeps_new_ones(people):
    for page, days in (("/old/", 15), ("/new/", 1)):
        Draft.objects.create(user=people.alice, page=page)
        Draft.objects.filter(page=page).update(updated_at=timezone.now() - timedelta(days=days))
    assert jobs.run("tidy")["drafts"] == 1
    assert Draft.objects.get().page == "/new/"


# --- licences


@pytest.mark.parametrize(
    ("left", "step"),
    [(120, None), (91, None), (90, 90), (61, 90), (60, 60), (30, 30), (8, 30), (7, 7), (0, 7), (-1, 0), (-40, None)],
)  # fmt: skip
def test_the_step_of_an_alert_is_the_last_one_reached(left, step):
    assert notices.step_of(left) == step


def expire(people, name, days):
    licence = Licence.objects.get(practitioner__user=people.users[name])
    Licence.objects.filter(id=licence.id).update(expires=timezone.localdate() + timedelta(days=days))
    return licence


def test_a_licence_that_ends_is_announced_once_a_step_to_the_person_and_the_manager(people):
    licence = expire(people, "alice", 25)
    assert notices.send_licence_notices() == {"sent": 1}
    (letter,) = mail.outbox
    assert set(letter.to) == {"alice@test.example", "max@test.example"}
    assert "ends in 25 days" in letter.subject and str(licence.id) in letter.body
    assert notices.send_licence_notices() == {"sent": 0}
    expire(people, "alice", 6)
    assert notices.send_licence_notices() == {"sent": 1}
    assert sorted(LicenceNotice.objects.values_list("step_days", flat=True)) == [7, 30]


def test_a_licence_that_was_renewed_or_belongs_to_nobody_who_needles_is_not_announced(people):
    licence, today = expire(people, "alice", 25), timezone.localdate()
    Licence.objects.create(
        practitioner=people.alice.practitioner, jurisdiction="GB", authority="Test register", number="new",
        issued=today, expires=today + timedelta(days=700), verified_on=today, verified_by=people.max,
        verified_source="online",
    )  # fmt: skip
    expire(people, "bob", 25)
    people.bob.held_roles.update(ended_at=timezone.now())
    assert notices.send_licence_notices() == {"sent": 0}
    assert not LicenceNotice.objects.filter(licence=licence).exists()


def test_a_mail_that_fails_is_told_and_sent_later_while_the_others_go_out(people, monkeypatch):
    expire(people, "alice", 25)
    expire(people, "dan", 26)
    real, tries = notices.send_mail, []

    def shaky(subject, body, sender, to):
        tries.append(to)
        if len(tries) == 1:
            raise OSError("no route")
        return real(subject, body, sender, to)

    monkeypatch.setattr(notices, "send_mail", shaky)
    with pytest.raises(RuntimeError, match="1 mails"):
        notices.send_licence_notices()
    assert len(mail.outbox) == 1
    assert notices.send_licence_notices() == {"sent": 0}, "not again within the hour"
    LicenceNotice.objects.filter(sent_at=None).update(claimed_at=timezone.now() - timedelta(hours=2))
    assert notices.send_licence_notices() == {"sent": 1}
