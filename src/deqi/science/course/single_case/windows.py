"""How many of the daily ratings that a design needs came: for each window that is compared, and altogether.

Example: a start drawn for 21 January is compared over 7 to 20 January and 28 January to 17 February. With twelve days
of the first rated, seen in February, its first window reads "12 of 14 days".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from deqi.science.course.single_case.designs import Protocol, StartProtocol


@dataclass(frozen=True)
class Window:
    """The days `first` to `last`, of which `due` are over and `came` were rated; fewer than `least` make no test."""

    first: dt.date
    last: dt.date
    due: int
    came: int
    least: int = 0

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def lost(self) -> bool:
        """Whether too few ratings came and the days that are left cannot bring enough."""
        return self.came + self.days - self.due < self.least

    @property
    def words(self) -> str:
        """How it stands: "12 of 14 days", "5 of 6 days so far", "from 28 Jan on"."""
        return self._said(" day" if self.due == 1 else " days")

    @property
    def short(self) -> str:
        """The same in a table: "12 of 14", "5 of 6 so far"."""
        return self._said("")

    def _said(self, unit: str) -> str:
        if not self.due:
            return f"from {self.first:%-d %b} on"
        return f"{self.came} of {self.due}{unit}{'' if self.due == self.days else ' so far'}"


@dataclass(frozen=True)
class Compared:
    """The two windows of one outcome: of a possible start, or of the day of a taper."""

    day: dt.date
    before: Window
    after: Window


def compared(protocol: Protocol, rated: Collection[dt.date], on: dt.date) -> tuple[Compared, ...]:
    """The windows that the test compares, as they stand on the day `on`: one pair a possible start, one of a taper.

    `rated`: the days with a rating that counts (`usable`). The day itself counts as due once it is rated.
    """
    starts = protocol.starts if isinstance(protocol, StartProtocol) else (protocol.taper_on,)
    one = dt.timedelta(days=1)

    def window(first: dt.date, last: dt.date) -> Window:
        return _window(rated, on, first, last, protocol.least)

    return tuple(
        Compared(
            day,
            window(day - protocol.before_days * one, day - one),
            window(day + protocol.after_from * one, day + (protocol.after_to - 1) * one),
        )
        for day in starts
    )


def altogether(protocol: Protocol, rated: Collection[dt.date], on: dt.date) -> Window:
    """All days on which ratings are asked for, as they stand on the day `on`."""
    return _window(rated, on, protocol.rated_from, protocol.rated_until, 0)


def _window(rated: Collection[dt.date], on: dt.date, first: dt.date, last: dt.date, least: int) -> Window:
    over = min(last, on if on in rated else on - dt.timedelta(days=1))
    came = sum(first <= day <= over for day in set(rated))
    return Window(first, last, max(0, (over - first).days + 1), came, least)
