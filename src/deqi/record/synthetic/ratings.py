"""Made-up ratings that behave like people's: a usual level that drifts, day-to-day noise that lingers, rounding."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np


def rating_days(
    first: date, last: date, sessions: list[date], reviews: list[date], random: np.random.Generator
) -> list[date]:
    """Days on which somebody rates at home: most of the fourteen before the first visit and of the seven before
    each of `reviews` (asked for then), else two a week."""
    days = [first - timedelta(days=back) for back in range(14, 0, -1) if random.random() < 0.7]
    day = first
    while day <= last:
        asked = any(0 <= (review - day).days < 7 for review in reviews)
        if day not in sessions and random.random() < (0.85 if asked else 0.3):
            days.append(day)
        day += timedelta(days=1)
    return days


def levels(
    base: float, fall: float, first: date, end: date | None, days: list[date], random: np.random.Generator
) -> list[int]:
    """Ratings 0-10 on `days`: the level falls by `fall` as weeks/(weeks + 1.25), and comes back after `end`."""
    noise, values, previous = 0.0, [], None
    for day in days:
        gap = (day - previous).days if previous else 30
        keep = 0.35**gap
        noise = keep * noise + math.sqrt(1 - keep * keep) * 1.1 * float(random.standard_t(5)) * 0.77
        weeks = max(0.0, ((min(day, end) if end else day) - first).days / 7)
        gain = fall * weeks / (weeks + 1.25)
        if end and day > end:
            gain *= math.exp(-(day - end).days / 7 / 40)
        values.append(int(np.clip(round(base - gain + noise), 0, 10)))
        previous = day
    return values
