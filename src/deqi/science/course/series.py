"""Lays one person's ratings of one symptom out on a time line for the course model.

Example: ratings on days -3, -2, 5 and a review on day 10 become four rating events and seven daily window events
(days 4 to 10) whose mean wander is part of "the level now".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from deqi.science.course.kernel import DAILY, WEEKLY, WINDOW, Floats, Ints
from deqi.science.course.ratings import MedicineChange, Row

ENDED_AFTER_DAYS = 28  # without a session for this long the course counts as ended at the last one
WINDOW_DAYS = 7


@dataclass(frozen=True)
class Clock:
    """When things happened, in days from the first session. `end` is None while treatment goes on."""

    entry: float
    now: float
    end: float | None

    @property
    def stop(self) -> float:
        """`end`, or infinity while treatment goes on."""
        return inf if self.end is None else self.end

    def weeks(self, day: float) -> float:
        """Weeks of treatment behind the person on `day`, 0 before the first session, frozen at the end."""
        return max(0.0, min(day, self.end) if self.end is not None else day) / 7

    def since_end(self, day: float) -> float:
        """Weeks since the treatment ended, 0 while it goes on."""
        return max(0.0, day - self.end) / 7 if self.end is not None else 0.0


@dataclass(frozen=True)
class Series:
    """One symptom's time line. Arrays run over events in order of time; `extra` holds the optional columns.

    `slot` says which sum of the wander a window event adds to: 0 the last seven days, 1.. the marked days.
    """

    clock: Clock
    kind: Ints
    slot: Ints
    day: Floats
    step_days: Floats
    gap_days: Floats
    previous: Ints
    low: Floats
    high: Floats
    entry: Floats
    weeks: Floats
    ended: Floats
    extra: Floats
    dose_now: float
    has_dose: bool
    has_offset: bool
    slots: int
    n_ratings: int
    n_baseline: int
    n_since: int
    n_at_ends: int
    mean_rating: float
    rough_sd: float

    @property
    def coefficients(self) -> int:
        """How many coefficients the series has: baseline, effect, flare, and up to two optional ones."""
        return 3 + int(self.extra.shape[1])


def build_series(
    ratings: Sequence[tuple[float, float, bool]],
    clock: Clock,
    medicine: Sequence[tuple[float, float]] = (),
    marks: Sequence[float] = (),
) -> Series:
    """Lays out `ratings` of (day, value 0-10, weekly recall?) in any order; days count from the first session.

    `medicine` is (day, steps). `marks` are days, from the first rating to now, at which the chart wants the level.
    At least one rating is needed.
    """
    events = [(day, False, value, WEEKLY if weekly else DAILY, 0) for day, value, weekly in ratings]
    events += [(clock.now - back, True, 0.0, WINDOW, 0) for back in range(WINDOW_DAYS)]
    events += [(day, True, 0.0, WINDOW, slot) for slot, day in enumerate(marks, start=1)]
    day, _, value, kind, slot = np.array(sorted(events)).T  # on one day ratings come first
    kind, slot = kind.astype(np.int64), slot.astype(np.int64)
    n, entry = len(day), min(ratings)[0]
    weekly = kind == WEEKLY
    has_offset = bool(weekly.any() and (kind == DAILY).any())
    has_dose = any(steps for _, steps in medicine)
    columns = []
    if has_dose:
        columns.append(sum((steps * (day >= at) for at, steps in medicine), start=np.zeros(n)))
    if has_offset:
        columns.append(weekly.astype(float))
    back = day[:, None] - np.arange(7.0)
    treated = np.maximum(np.minimum(back, clock.end) if clock.end is not None else back, 0.0) / 7
    ended = np.maximum(back - clock.end, 0.0) / 7 if clock.end is not None else np.zeros_like(back)
    previous, gap = _previous_daily(kind, day)
    rated = kind != WINDOW
    values = value[rated]
    before = day[rated] <= 0
    return Series(
        clock=clock,
        kind=kind,
        slot=slot,
        day=day,
        step_days=day - np.append(day[0], day[:-1]),
        gap_days=gap,
        previous=previous,
        low=np.where(value <= 0.5, -100.0, value - 0.5),
        high=np.where(value >= 9.5, 100.0, value + 0.5),
        entry=np.maximum(back - entry, 0.0),
        weeks=treated,
        ended=ended,
        extra=np.column_stack(columns) if columns else np.zeros((n, 0)),
        dose_now=float(sum(steps for at, steps in medicine if at <= clock.now)),
        has_dose=has_dose,
        has_offset=has_offset,
        slots=1 + len(marks),
        n_ratings=int(rated.sum()),
        n_baseline=int(before.sum()),
        n_since=int((~before).sum()),
        n_at_ends=int(((values <= 0.5) | (values >= 9.5)).sum()),
        mean_rating=float(values.mean()),
        rough_sd=_rough_sd(values),
    )


def _previous_daily(kind: Ints, day: Floats) -> tuple[Ints, Floats]:
    """For each event the place of the daily rating before it, and the days between; 0 days means none."""
    previous, gap = np.zeros(len(kind), dtype=np.int64), np.zeros(len(kind))
    daily = np.flatnonzero(kind == DAILY)
    previous[daily[1:]] = daily[:-1]
    gap[daily[1:]] = np.maximum(day[daily[1:]] - day[daily[:-1]], 0.25)
    return previous, gap


def _rough_sd(values: Floats) -> float:
    """Day-to-day SD from the median step between neighbours (0.5 to 2.5): only where the search begins."""
    if len(values) < 4:
        return 1.1
    step = float(np.abs(values[1:] - values[:-1]).mean())
    return min(max(step / 1.128, 0.4), 2.5)


def clock_of(sessions: Sequence[dt.date], first_rating: dt.date, on: dt.date) -> Clock:
    """The clock of a course with at least one session up to `on`."""
    visits = sorted(day for day in sessions if day <= on)
    first, last = visits[0], visits[-1]
    ended = (on - last).days > ENDED_AFTER_DAYS
    return Clock(
        entry=float((first_rating - first).days),
        now=float((on - first).days),
        end=float((last - first).days) if ended else None,
    )


def series_of(
    rows: Sequence[Row],
    sessions: Sequence[dt.date],
    on: dt.date,
    medicine: Sequence[MedicineChange] = (),
    marks: Sequence[dt.date] = (),
) -> Series:
    """The time line of one symptom up to `on`; all `rows` are used. `marks` are days the chart wants the level at."""
    first = min(day for day in sessions if day <= on)
    clock = clock_of(sessions, min(day for day, _, _ in rows), on)
    return build_series(
        [(float((day - first).days), value, recall == "7d") for day, value, recall in rows],
        clock,
        [(float((change.date - first).days), change.steps) for change in medicine if change.date <= on],
        [float((day - first).days) for day in marks],
    )
