"""The course as a picture: the level with its 80 % band so far, and where it goes if treatment goes on or stops.

Question answered: what do the numbers of a review look like over time? The points are a dozen days so far and one a
week ahead; the same values make the table beside the chart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from deqi.science.course.kernel import TAU, WINDOW, B, D, E
from deqi.science.course.mixture import Form, Gaussians, Mixture, drop_at, shape_on_day
from deqi.science.course.model import (
    FLOOR_BASELINE,
    LEAST_SINCE,
    WEEK_12,
    known_condition,
    rows_of,
)
from deqi.science.course.posterior import FitError, fit
from deqi.science.course.priors import ChangePrior, change_prior
from deqi.science.course.ratings import MedicineChange, Rating
from deqi.science.course.series import series_of

NODES = 32  # enough for a picture; the review itself uses more
MARKS = 12
Z80 = 1.2815515655446004


@dataclass(frozen=True)
class Band:
    """A level 0-10 at `week` (from the first session, negative before) with the interval that holds 80 %."""

    week: float
    mean: float
    lo80: float
    hi80: float


@dataclass(frozen=True)
class Fan:
    """Everything a course chart shows. `level` is empty when there are too few ratings to fit, or none fitted."""

    symptom: str
    start: dt.date | None
    on: dt.date
    dots: tuple[tuple[float, float, str], ...]  # week, value, recall
    sessions: tuple[float, ...]
    medicine: tuple[tuple[float, str], ...]
    level: tuple[Band, ...] = ()
    go_on: tuple[Band, ...] = ()
    stop: tuple[Band, ...] = ()
    untreated: tuple[Band, ...] = ()

    @property
    def now(self) -> float:
        """Week of the review."""
        return (self.on - self.start).days / 7 if self.start else 0.0


def fan(
    symptom: str,
    ratings: Sequence[Rating],
    sessions: Sequence[dt.date],
    condition: str,
    on: dt.date,
    medicine: Sequence[MedicineChange] = (),
) -> Fan:
    """The fan of one symptom. Without a session weeks count from the first rating and nothing is fitted."""
    rows = rows_of(ratings, symptom, on)
    visits = sorted(day for day in sessions if day <= on)
    zero = visits[0] if visits else min((day for day, _, _ in rows), default=on)

    def week(day: dt.date) -> float:
        return (day - zero).days / 7

    seen = Fan(
        symptom=symptom,
        start=zero,
        on=on,
        dots=tuple((week(day), value, recall) for day, value, recall in sorted(rows)),
        sessions=tuple(week(day) for day in visits),
        medicine=tuple((week(m.date), m.label) for m in medicine if m.date <= on),
    )
    n_before = sum(day <= zero for day, _, _ in rows)
    if not visits or n_before < FLOOR_BASELINE or len(rows) - n_before < LEAST_SINCE:
        return seen
    try:
        return _fitted(seen, rows, visits, change_prior(known_condition(condition), symptom), medicine)
    except (FitError, np.linalg.LinAlgError):  # the dots stand by themselves; the review says why
        return seen


def _fitted(
    seen: Fan,
    rows: Sequence[tuple[dt.date, float, str]],
    visits: Sequence[dt.date],
    change: ChangePrior,
    medicine: Sequence[MedicineChange],
) -> Fan:
    entry = min(day for day, _, _ in rows)
    span = (seen.on - entry).days
    marks = sorted(
        {entry + dt.timedelta(days=round(share * span)) for share in np.linspace(0, 1, MARKS)} | {visits[0]}
    )
    posterior = fit(series_of(rows, visits, seen.on, medicine, marks), change, NODES, picks=0)
    mixture = Mixture(posterior)
    series = posterior.series
    clock, p = series.clock, series.coefficients
    level = []
    for slot, day in enumerate(marks, start=1):
        at = float((day - visits[0]).days)
        row = np.zeros_like(posterior.mean)
        row[:, B] = 1
        row[:, E] = -shape_on_day(posterior, at, stop=clock.stop)
        row[:, D] = np.exp(-(at - clock.entry) / posterior.theta[:, TAU])
        if series.has_dose:
            row[:, 3] = series.extra[(series.kind == WINDOW) & (series.slot == slot), 0][0]
        row[:, p + 2 + slot] = 1
        level.append(_band(at / 7, mixture.coarse(_form(row))))
    end = max(WEEK_12, clock.now + 28)
    ahead = [clock.now + 7 * j for j in range(1, int((end - clock.now) / 7) + 1)]
    ahead = [*ahead, end] if not ahead or ahead[-1] < end - 0.5 else ahead
    return replace(
        seen,
        level=tuple(level),
        go_on=(level[-1], *(_ahead(mixture, day, go_on=True) for day in ahead)),
        stop=(level[-1], *(_ahead(mixture, day, go_on=False) for day in ahead)),
        untreated=_untreated(mixture, change, end),
    )


def _form(row: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Form:
    nothing = np.zeros(len(row))
    return Form(row, nothing, nothing + 1e-12)


def _band(week: float, level: Gaussians) -> Band:
    mean, low, high = (
        float(np.clip(value, 0, 10)) for value in (level.average(), *level.quantiles((0.1, 0.9)))
    )
    return Band(week, mean, low, high)


def _ahead(mixture: Mixture, day: float, *, go_on: bool) -> Band:
    """The usual level around a day ahead (a seven-day mean, without day-to-day noise)."""
    drop = drop_at(mixture.posterior, day, go_on=go_on)
    row = -drop.row
    row[:, B] += 1
    return _band(day / 7, mixture.coarse(Form(row, -drop.const, drop.noise)))


def _untreated(mixture: Mixture, change: ChangePrior, end: float) -> tuple[Band, ...]:
    """Where people of this diagnosis usually go without the course: prior mean and 80 % about this baseline."""
    baseline = float((mixture.weight * mixture.baseline).sum())
    bands = []
    for day in np.linspace(0, end, 13):
        share = float(mixture.posterior.weight @ shape_on_day(mixture.posterior, float(day)))
        mean, half = baseline - change.untreated_mean * share, Z80 * change.untreated_sd * share
        mean, low, high = (float(np.clip(value, 0, 10)) for value in (mean, mean - half, mean + half))
        bands.append(Band(float(day) / 7, mean, low, high))
    return tuple(bands)


def level_at(bands: Sequence[Band], week: float) -> Band | None:
    """The band at a week between two points, by straight line; None outside them."""
    for a, b in pairwise(bands):
        if a.week <= week <= b.week and b.week > a.week:
            share = (week - a.week) / (b.week - a.week)
            mix = [u + share * (v - u) for u, v in ((a.mean, b.mean), (a.lo80, b.lo80), (a.hi80, b.hi80))]
            return Band(week, *mix)
    return None
