"""Back-up, restore, export and check, through the command, on real files and databases."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.durability.conftest import INIT, deqi
from tests.mail_server import mail_server

pytestmark = pytest.mark.durability


def test_an_encrypted_backup_restored_into_an_empty_folder_is_the_same_clinic(clinic, new_home, tmp_path):
    public = deqi(clinic, "backup", "--new-key", tmp_path / "key.txt").strip()
    deqi(clinic, "backup", "--to", tmp_path / "out", "--recipient", public)
    (file,) = (tmp_path / "out").iterdir()
    assert b"Kill clinic" not in file.read_bytes()
    other = new_home()
    deqi(other, "restore", file, "--key-file", tmp_path / "key.txt")
    assert "Sound." in deqi(other, "check")
    there, here = _rows(other, tmp_path / "b.zip"), _rows(clinic, tmp_path / "a.zip")
    assert there == here and here["audit_auditentry.csv"]
    for key in ("seal.key", "secret.key"):
        assert (other.home / key).read_bytes() == (clinic.home / key).read_bytes()
        assert (other.home / key).stat().st_mode & 0o077 == 0


def test_a_backup_whose_seal_key_came_from_the_environment_is_restored_only_where_it_is_named(
    clinic, new_home, tmp_path
):
    named = {**clinic.environment, "DEQI_SEAL_KEY": "kept by the clinic in a safe of its own"}
    clinic.environment = named
    deqi(clinic, "backup", "--to", tmp_path / "out", "--plain")
    (file,) = (tmp_path / "out").iterdir()
    with tarfile.open(file) as bundle:
        assert "seal.key" not in bundle.getnames()
    other = new_home()
    assert "DEQI_SEAL_KEY" in deqi(other, "restore", file, code=2)
    other.environment["DEQI_SEAL_KEY"] = named["DEQI_SEAL_KEY"]
    deqi(other, "restore", file)


def _rows(place, path):
    """Every table as it was exported; of the audit log all but the entries of the exports themselves."""
    deqi(place, "export", path)
    with zipfile.ZipFile(path) as bundle:
        found = {name: bundle.read(name).decode() for name in bundle.namelist() if name.endswith(".csv")}
    entries = list(csv.DictReader(io.StringIO(found["audit_auditentry.csv"])))
    del found["audit_audithead.csv"]  # the export moved it on; the restore compared it with the manifest
    return {**found, "audit_auditentry.csv": [row for row in entries if row["verb"] != "record.export"]}


def test_a_backup_holds_one_moment_while_people_save_and_nothing_plain_lies_in_its_folder(
    clinic, new_home, tmp_path
):
    public = deqi(clinic, "backup", "--new-key", tmp_path / "key.txt").strip()
    done = subprocess.run(
        [sys.executable, "-m", "tests.durability.backing_up", tmp_path / "out", public],
        cwd=Path(__file__).parents[2], env=clinic.environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["saves"] >= 3
    (file,) = (tmp_path / "out").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert {name.removesuffix(".part") for name, _ in told["seen"]} == {file.name}
    assert {beginning for _, beginning in told["seen"]} <= {"", "age-encryp"}
    assert not list(clinic.home.glob(".backup-*")), "what lay in the clinic's folder meanwhile is gone"
    other = new_home()
    deqi(other, "restore", file, "--key-file", tmp_path / "key.txt")
    entries = _rows(other, tmp_path / "all.zip")["audit_auditentry.csv"]
    assert len(entries) == told["before"], "the moment is the one at which it began"
    assert "Sound." in deqi(other, "check")


def test_what_a_killed_backup_left_is_cleared_a_day_later(clinic, tmp_path):
    left = [clinic.home / ".backup-abc", tmp_path / "out" / "deqi-2026-01-01T000000Z.tar.age.part"]
    left[0].mkdir()
    (left[0] / "database.sqlite3").write_text("half")
    left[1].parent.mkdir()
    left[1].write_text("half")
    deqi(clinic, "backup", "--to", tmp_path / "out", "--plain")
    assert all(path.exists() for path in left), "another back-up may be writing them"
    for path in left:
        os.utime(path, (0, 0))
    deqi(clinic, "backup", "--to", tmp_path / "out", "--plain")
    assert not any(path.exists() for path in left)


def test_a_backup_does_not_open_with_another_key(clinic, new_home, tmp_path):
    public = deqi(clinic, "backup", "--new-key", tmp_path / "key.txt").strip()
    deqi(clinic, "backup", "--new-key", tmp_path / "wrong.txt")
    deqi(clinic, "backup", "--to", tmp_path / "out", "--recipient", public)
    (file,) = (tmp_path / "out").iterdir()
    said = deqi(new_home(), "restore", file, "--key-file", tmp_path / "wrong.txt", code=2)
    assert "does not open" in said


def test_a_damaged_backup_is_refused_and_the_clinic_there_is_left_alone(clinic, new_home, tmp_path):
    deqi(clinic, "backup", "--to", tmp_path / "out", "--plain")
    (file,) = (tmp_path / "out").iterdir()
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    (tmp_path / "bad.tar").write_bytes(raw)
    deqi(new_home(), "restore", tmp_path / "bad.tar", code=2)
    deqi(clinic, "restore", file, code=2)
    assert "Sound." in deqi(clinic, "check")


def test_replace_puts_the_backup_in_place(clinic, tmp_path):
    deqi(clinic, "backup", "--to", tmp_path / "out", "--plain")
    (file,) = (tmp_path / "out").iterdir()
    deqi(clinic, "restore", file, "--replace")
    assert "Sound." in deqi(clinic, "check")


def test_a_backup_must_be_asked_for_in_the_clear(clinic):
    assert "--plain" in deqi(clinic, "backup", code=2)


def test_a_passphrase_seals_and_opens(clinic, new_home, tmp_path):
    (tmp_path / "words").write_text("correct horse battery staple\n")
    deqi(clinic, "backup", "--to", tmp_path / "out", "--passphrase-file", tmp_path / "words")
    (file,) = (tmp_path / "out").iterdir()
    deqi(new_home(), "restore", file, "--passphrase-file", tmp_path / "words")


def test_the_export_holds_every_table_and_explains_every_column_but_no_secret(clinic, tmp_path):
    deqi(clinic, "export", tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as bundle:
        explained = {
            (row["table"], row["column"])
            for row in csv.DictReader(io.StringIO(bundle.read("data_dictionary.csv").decode()))
        }
        for name in bundle.namelist():
            if name.endswith(".csv") and name != "data_dictionary.csv":
                table = name.removesuffix(".csv")
                header = next(csv.reader(io.StringIO(bundle.read(name).decode())))
                assert {(table, column) for column in header} <= explained
        users = bundle.read("practice_user.csv").decode()
        assert "max@test.example" in users
        assert "scrypt" not in users
        assert json.loads(bundle.read("manifest.json"))["rows"]["practice_user"] == 1
    deqi(clinic, "export", tmp_path / "all.zip", code=2)


def test_a_second_init_changes_nothing(clinic):
    assert "already" in deqi(clinic, *INIT, code=2)


def test_check_finds_an_audit_entry_changed_behind_the_triggers(clinic):
    _without_triggers(clinic, "UPDATE audit_auditentry SET actor_name = 'Somebody else' WHERE id = 1")
    assert "audit entry 1 was altered" in deqi(clinic, "check", code=1)


def test_check_says_that_a_mail_server_without_starttls_gets_nothing(clinic):
    with mail_server() as post:
        clinic.environment["DEQI_EMAIL_URL"] = f"smtp://127.0.0.1:{post.port}"
        assert "offers no STARTTLS, and nothing is sent without it" in deqi(clinic, "check", code=1)
    assert post.connections and not post.begun


def test_check_finds_a_removed_last_audit_entry(clinic):
    _without_triggers(
        clinic, "DELETE FROM audit_auditentry WHERE id = (SELECT max(id) FROM audit_auditentry)"
    )
    assert "its head says" in deqi(clinic, "check", code=1)


def _without_triggers(place, statement: str) -> None:
    """What somebody with the database file or its owner's password could do."""
    if place.url:
        import psycopg

        with psycopg.connect(place.url, autocommit=True) as connection:
            connection.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
            connection.execute(statement)
            connection.execute("ALTER TABLE audit_auditentry ENABLE TRIGGER USER")
        return
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(place.home / "deqi.sqlite3")) as connection:
        connection.execute("DROP TRIGGER audit_auditentry_no_update")
        connection.execute("DROP TRIGGER audit_auditentry_no_delete")
        connection.execute(statement)
        connection.commit()


def test_serve_refuses_a_database_that_is_half_upgraded(clinic):
    _forget_last_migration(clinic)
    assert "deqi upgrade" in deqi(clinic, "serve", code=2)


def _forget_last_migration(place) -> None:
    statement = "DELETE FROM django_migrations WHERE app = 'audit' AND name = '0002_append_only'"
    if place.url:
        import psycopg

        with psycopg.connect(place.url, autocommit=True) as connection:
            connection.execute(statement)
        return
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(place.home / "deqi.sqlite3")) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.mark.skipif(bool(os.environ.get("DEQI_DATABASE_URL")), reason="the file is SQLite's")
def test_the_files_of_a_clinic_are_its_owners_alone(clinic, tmp_path):
    deqi(clinic, "backup", "--plain")
    (file,) = (clinic.home / "backups").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    assert (clinic.home / "secret.key").stat().st_mode & 0o077 == 0
    assert (clinic.home / "seal.key").stat().st_mode & 0o077 == 0
    assert clinic.home.stat().st_mode & 0o077 == 0
    with tarfile.open(file) as bundle:
        assert set(bundle.getnames()) == {"manifest.json", "database.sqlite3", "secret.key", "seal.key"}
