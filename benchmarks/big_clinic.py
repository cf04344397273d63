"""Makes a synthetic clinic of 100,000 patients and 1,000,000 sessions for the page benchmarks.

    python -m benchmarks.big_clinic FOLDER [--patients 100000] [--sessions 1000000]

The demo clinic (sixty people, one of them with five hundred sessions) is filled first and then copied within the
database: each copy gets its own ids (the first eight hex digits are the copy's number) and record numbers.
SQLite only.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import time
from pathlib import Path

#: table -> its columns that are ids of copied rows
COPIED = {
    "patients_patient": ("id",),
    "patients_careprovider": ("id", "patient_id"),
    "patients_consent": ("id", "patient_id"),
    "patients_condition": ("id", "patient_id"),
    "patients_medication": ("id", "patient_id"),
    "patients_safetyfact": ("id", "patient_id"),
}
WITH_SESSIONS = {
    "care_course": ("id", "patient_id", "condition_id"),
    "care_courserevision": ("course_id",),
    "care_session": ("id", "course_id", "patient_id"),
    "care_safetyscreen": ("id", "patient_id", "session_id"),
    "care_needleplacement": ("id", "session_id"),
    "care_review": ("id", "course_id"),
}


def build(folder: Path, patients: int, sessions: int) -> Path:
    """Fills `folder` and returns the database file. One that is there already is only brought to this version."""
    database = folder / "deqi.sqlite3"
    os.environ.update(
        DEQI_HOME=str(folder), DJANGO_SETTINGS_MODULE="deqi.config.settings", DEQI_DATABASE_URL=""
    )
    import django

    django.setup()
    from django.core.management import call_command

    from deqi.record.synthetic.clinic import fill

    call_command("migrate", verbosity=0)
    if (folder / "big").exists():
        return database
    rows = fill()
    full, all_copies = -(-sessions // rows["Session"]), -(-patients // rows["Patient"])
    with sqlite3.connect(database) as raw:
        raw.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-1000000; PRAGMA foreign_keys=OFF;")
        triggers = raw.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'care_%'"
        ).fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("CREATE TEMP TABLE copy (n INTEGER PRIMARY KEY)")
        raw.executemany("INSERT INTO copy VALUES (?)", [(n,) for n in range(1, all_copies)])
        for table, ids in COPIED.items():
            _copy(raw, table, ids, all_copies)
        for table, ids in WITH_SESSIONS.items():
            _copy(raw, table, ids, full)
        for _, statement in triggers:
            raw.execute(statement)
        raw.execute("ANALYZE")
    (folder / "big").write_text("built")
    return database


def chosen_clinic(
    parser: argparse.ArgumentParser, folder: str, patients: int, sessions: int, **environment: str
) -> argparse.Namespace:
    """What a benchmark's command line chose, with the clinic it names built and open, here and in what we start."""
    parser.add_argument("--folder", type=Path, default=Path(folder))
    parser.add_argument("--patients", type=int, default=patients)
    parser.add_argument("--sessions", type=int, default=sessions)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(DEQI_REQUIRE_SECOND_FACTOR="0", DEQI_HOSTS="127.0.0.1,testserver", **environment)
    build(chosen.folder.resolve(), chosen.patients, chosen.sessions)
    return chosen


def _copy(raw: sqlite3.Connection, table: str, ids: tuple[str, ...], copies: int) -> None:
    started = time.monotonic()
    columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
    kept = [c for c in columns if not (c == "id" and "id" not in ids)]
    values = []
    for column in kept:
        if column in ids:
            values.append(f"printf('%08x', copy.n) || substr(t.{column}, 9)")
        elif column == "record_number":
            values.append("t.record_number + copy.n * 1000")
        elif column == "user_id" and table == "patients_patient":
            values.append("NULL")
        elif column in ("search_name", "search_given"):
            values.append(f"t.{column} || ' ' || copy.n")
        elif column == "appointment_id":
            values.append("NULL")
        else:
            values.append(f"t.{column}")
    where = "WHERE t.state = 'signed'" if table == "care_session" else ""
    if table in ("care_safetyscreen", "care_needleplacement"):
        where = "WHERE t.session_id IN (SELECT id FROM care_session WHERE state = 'signed')"
    raw.execute(f"CREATE TEMP TABLE seed AS SELECT t.* FROM {table} t {where}")
    raw.execute(
        f"INSERT INTO {table} ({', '.join(kept)}) SELECT {', '.join(values)} FROM seed t, copy WHERE copy.n < {copies}"
    )
    raw.execute("DROP TABLE seed")
    raw.commit()
    count = raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    print(f"{table}: {count} rows, {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    print(build(chosen.folder, chosen.patients, chosen.sessions))
