"""Is the database set up so that an acknowledged write survives a crash? Asked at every start."""

from __future__ import annotations

from django.db import connection


def faults() -> list[str]:
    """What is wrong with the database's settings, in plain words; empty when all is well."""
    return _sqlite() if connection.vendor == "sqlite" else _postgresql()


def _sqlite() -> list[str]:
    wanted = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
    found = []
    with connection.cursor() as cursor:
        for pragma, value in wanted.items():
            cursor.execute(f"PRAGMA {pragma}")
            actual = str(cursor.fetchone()[0]).lower()
            if actual != value:
                found.append(f"SQLite {pragma} is {actual}, not {value}: a saved visit could be lost")
    if connection.settings_dict.get("OPTIONS", {}).get("transaction_mode") != "IMMEDIATE":
        found.append("SQLite transaction_mode is not IMMEDIATE: two writers could lose a save")
    return found


def _postgresql() -> list[str]:
    found = []
    with connection.cursor() as cursor:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            cursor.execute("SELECT current_setting(%s)", [setting])
            if (actual := cursor.fetchone()[0]) == "off":
                found.append(f"PostgreSQL {setting} is {actual}: a saved visit could be lost in a crash")
    return found
