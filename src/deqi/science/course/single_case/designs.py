"""The protocol of a single-case design, written before anything is drawn, and the draw that anybody can check.

The draw is a function of a secret seed and the protocol. Beforehand only the commitment is shown: the SHA-256 of seed
and protocol. Afterwards the seed is shown too, and whoever wants computes commitment and draw again. Nobody can pick
the outcome (the seed was fixed before) or foresee it (the seed was secret).

Example:
    >>> protocol = StartProtocol(symptom="burning", enrolled_on=dt.date(2026, 3, 1))
    >>> [day.isoformat() for day in protocol.starts][:2]
    ['2026-03-15', '2026-03-18']
    >>> draw("00" * 16, protocol) == draw("00" * 16, protocol)
    True
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from deqi.science.knowledge import Strict
from deqi.science.measures import symptoms

#: Days of baseline among which the start is drawn: eight from 14 to 35, three apart (course_model.md, section 8).
BASELINE_DAYS = (14, 17, 20, 23, 26, 29, 32, 35)
LONGEST_BASELINE = 365
#: Fewer possible starts than this say too little to ask anybody to rate for nine weeks: a clinic open once a week has
#: three or four.
FEWEST_STARTS = 3
ARMS = ("stop now", "go on four weeks, then stop")


def spread_starts(enrolled_on: dt.date, can: Callable[[dt.date], bool]) -> tuple[int, ...]:
    """Lengths of baseline, 14 to 35 days, whose start falls on a day on which treatment can begin (`can`).

    Eight where there are as many, spread as evenly as those days allow, the first and the last among them; else all.
    Chosen before anything is drawn, from the diary alone, so the test stays exact: it compares what could be drawn.

        >>> spread_starts(dt.date(2026, 3, 1), lambda day: True) == BASELINE_DAYS
        True
        >>> spread_starts(dt.date(2026, 3, 1), lambda day: day.weekday() in (0, 3))
        (15, 18, 22, 25, 29, 32)
    """
    first, most = BASELINE_DAYS[0], len(BASELINE_DAYS)
    free = [
        days for days in range(first, BASELINE_DAYS[-1] + 1) if can(enrolled_on + dt.timedelta(days=days))
    ]
    if len(free) <= most:
        return tuple(free)
    return tuple(free[round(step * (len(free) - 1) / (most - 1))] for step in range(most))


class SingleCaseError(ValueError):
    """The design does not fit these data; the message says why, in words for a clinician."""


class _Symptom(Strict):
    symptom: str

    @field_validator("symptom")
    @classmethod
    def _known(cls, key: str) -> str:
        if key not in symptoms():
            raise ValueError(f"{key!r} is not one of {', '.join(symptoms())}")
        return key


class StartProtocol(_Symptom):
    """Randomised start. Ratings run daily from `enrolled_on`; the first session falls on a drawn day.

    The statistic at a possible start is the mean of the ratings in the `before_days` days before it less the mean in
    the days `after_from` to `after_to` - 1 from it (a fall is positive). At least `least` ratings in each window.
    """

    design: Literal["randomised-start"] = "randomised-start"
    enrolled_on: dt.date
    baseline_days: tuple[int, ...] = BASELINE_DAYS
    before_days: int = Field(default=14, ge=7)
    after_from: int = Field(default=7, ge=0)
    after_to: int = Field(default=28, le=84)
    least: int = Field(default=4, ge=3)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        days = self.baseline_days
        if len(days) < 2 or list(days) != sorted(set(days)):
            raise ValueError("the possible lengths of the baseline must rise, and be two or more")
        if days[0] < self.before_days:
            raise ValueError(f"a baseline of {days[0]} days cannot fill a window of {self.before_days}")
        if days[-1] > LONGEST_BASELINE:
            raise ValueError(f"a baseline of {days[-1]} days is longer than {LONGEST_BASELINE}")
        if self.after_to - self.after_from < 7:
            raise ValueError("the window after the start needs seven days or more")
        return self

    @property
    def starts(self) -> tuple[dt.date, ...]:
        """The possible days of the first session."""
        return tuple(self.enrolled_on + dt.timedelta(days=days) for days in self.baseline_days)

    @property
    def outcomes(self) -> tuple[str, ...]:
        return tuple(
            f"{days} days of baseline, first session on {day.isoformat()}, a {day:%A}"
            for days, day in zip(self.baseline_days, self.starts, strict=True)
        )

    @property
    def concerns(self) -> tuple[dt.date, dt.date]:
        """First and last day on which the first session may be drawn."""
        return self.starts[0], self.starts[-1]

    @property
    def rated_from(self) -> dt.date:
        """Ratings are needed from this day on."""
        return self.enrolled_on

    @property
    def rated_until(self) -> dt.date:
        """Ratings are needed up to this day, whichever start is drawn."""
        return self.starts[-1] + dt.timedelta(days=self.after_to - 1)


class TaperProtocol(_Symptom):
    """Randomised taper, for who is better at the end of a course: stop now, or four more weeks and then stop.

    The outcome is the rise: the mean of the ratings in the days `after_from` to `after_to` - 1 from `taper_on` less the
    mean in the `before_days` days before it. Two outcomes in one person cannot make a test; patients are pooled.
    """

    design: Literal["randomised-taper"] = "randomised-taper"
    taper_on: dt.date
    before_days: int = Field(default=14, ge=7)
    after_from: int = Field(default=14, ge=0)
    after_to: int = Field(default=28, le=28)
    least: int = Field(default=4, ge=3)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.after_to - self.after_from < 7:
            raise ValueError("the window after the draw needs seven days or more")
        return self

    @property
    def outcomes(self) -> tuple[str, ...]:
        return ARMS

    @property
    def concerns(self) -> tuple[dt.date, dt.date]:
        """First and last day of the weeks in which visits stop or go on."""
        return self.taper_on, self.rated_until

    @property
    def rated_from(self) -> dt.date:
        return self.taper_on - dt.timedelta(days=self.before_days)

    @property
    def rated_until(self) -> dt.date:
        return self.taper_on + dt.timedelta(days=self.after_to - 1)


Protocol = StartProtocol | TaperProtocol


def days_apart(day: dt.date, drawn: dt.date) -> str:
    """How far a first session on `day` is from the drawn day: "3 days before the drawn day", "" when it is that day."""
    days = abs((day - drawn).days)
    side = "before" if day < drawn else "after"
    return f"{days} day{'' if days == 1 else 's'} {side} the drawn day" if days else ""


def departure(protocol: Protocol, drawn: int, sessions: Sequence[dt.date], on: dt.date) -> str:
    """How the sessions so far differ from what was drawn, seen on the day `on`; "" when they do not.

    The test counts the drawn outcome all the same: whoever could leave people out afterwards could choose the result.
    """
    if isinstance(protocol, StartProtocol):
        first, day = min(sessions, default=None), protocol.starts[drawn]
        if first is None:
            return f"no session was given by {on}" if on > day else ""
        return f"the first session was on {first}, {days_apart(first, day)}" if first != day else ""
    since, until = protocol.concerns
    n = sum(since <= day <= until for day in sessions)
    if drawn == 0 and n:
        return f"{n} session{'' if n == 1 else 's'} in the four weeks in which none was drawn"
    if drawn == 1 and not n and on > until:
        return "no session in the four more weeks"
    return ""


def fingerprint(protocol: Protocol) -> str:
    """SHA-256 of the protocol as canonical JSON."""
    text = json.dumps(protocol.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def commitment(seed: str, protocol: Protocol) -> str:
    """What is shown before the draw. `seed` is 32 or more hexadecimal digits."""
    return _hash(_checked(seed), "commit", protocol)


def draw(seed: str, protocol: Protocol) -> int:
    """The number of the outcome, 0 to len(outcomes) - 1, each equally likely over seeds. The same for the same seed."""
    k = len(protocol.outcomes)
    limit = (2**256 // k) * k
    for turn in range(
        1000
    ):  # a value beyond the last whole multiple of k is passed over, so that none is favoured
        value = int(_hash(_checked(seed), f"draw {turn}", protocol), 16)
        if value < limit:
            return value % k
    raise AssertionError("unreachable: each turn succeeds with probability over one half")


def _hash(seed: str, what: str, protocol: Protocol) -> str:
    return hashlib.sha256(f"{what} {seed} {fingerprint(protocol)}".encode()).hexdigest()


def _checked(seed: str) -> str:
    try:
        raw = bytes.fromhex(seed)
    except ValueError:
        raw = b""
    if len(raw) < 16:
        raise SingleCaseError("A seed is 32 hexadecimal digits or more.")
    return seed.lower()
