"""Ids that a page makes before it posts, so that a post sent twice makes one row."""

from __future__ import annotations

from django.db import IntegrityError


def is_taken(error: IntegrityError) -> bool:
    """Whether a row was not added because its id is there already: in another record, or by the same post a moment ago.

    PostgreSQL names the constraint of the primary key, SQLite the column alone.
    """
    told = getattr(error.__cause__, "diag", None)
    if told is not None:
        return str(told.constraint_name).endswith("_pkey")
    said, _, column = str(error).rpartition(".")
    return said.startswith("UNIQUE constraint failed") and column == "id"
