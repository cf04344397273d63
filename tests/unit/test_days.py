"""A day is written 2026-03-04, and in no other way."""

from datetime import date

import pytest

from deqi.science.days import day_of, is_day


def test_a_day_is_read():
    assert day_of("2026-03-04") == date(2026, 3, 4)
    assert is_day("2024-02-29")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20260304",
        "2026-W10-3",
        "2026W103",
        "2026-3-4",
        "2026-02-30",
        " 2026-03-04",
        "2026-03-04T09:00",
        None,
    ],
)
def test_nothing_else_is(text):
    assert not is_day(text)
    if text is not None:
        with pytest.raises(ValueError):
            day_of(text)
