"""A day as it is written in files and answers: 2026-03-04, and in no other way.

`date.fromisoformat` takes more than one spelling (20260304, 2026-W10-3); what is compared or kept as text needs one.

Example:
    >>> day_of("2026-03-04")
    datetime.date(2026, 3, 4)
"""

from __future__ import annotations

from datetime import date


def day_of(text: str) -> date:
    """The day that `text` writes as 2026-03-04. Raises ValueError for anything else."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError(f"{text!r} is not a day such as 2026-03-04")
    return day


def is_day(value: object) -> bool:
    """Whether `value` is a text that writes a day as 2026-03-04."""
    try:
        return isinstance(value, str) and bool(day_of(value))
    except ValueError:
        return False
