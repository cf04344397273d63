"""The curves of a course over days ahead or behind, at each value of the non-linear parameters (G x 6).

Example: six weeks of treatment with om = 1.25 weeks have brought 6/(6 + 1.25) = 83 % of the total change.
"""

from __future__ import annotations

import numpy as np

from deqi.science.course.kernel import LAM, OM, TAU, WINDOW, D, E, Floats, program
from deqi.science.course.series import WINDOW_DAYS, Series


@program
def share_over(theta: Floats, days: Floats, stop: float) -> Floats:
    """Mean of g(t)k(t) over `days` from the first session (G); `stop` is the day treatment ended, inf while it goes on."""
    weeks = np.maximum(np.minimum(days, stop), 0.0)[:, None] / 7.0
    since = np.maximum(days - stop, 0.0)[:, None] / 7.0
    share = weeks / (weeks + theta[:, OM]) * np.exp(-since / theta[:, LAM])
    mean: Floats = share.sum(axis=0) / len(days)
    return mean


@program
def flare_over(theta: Floats, days: Floats, entry: float) -> Floats:
    """Mean of exp(-days since the first rating / tau) over `days` (G)."""
    since = np.maximum(days - entry, 0.0)[:, None]
    mean: Floats = np.exp(-since / theta[:, TAU]).sum(axis=0) / len(days)
    return mean


def last_week(day: float) -> Floats:
    """The seven days up to and with `day`."""
    return np.asarray(day - np.arange(7.0))


def drop_row(series: Series, theta: Floats, k: int) -> Floats:
    """D_T = baseline less the mean level of the last seven days, as a row on the state (G x k)."""
    clock = series.clock
    row = np.zeros((len(theta), k))
    row[:, E] = share_over(theta, last_week(clock.now), clock.stop)
    row[:, D] = -flare_over(theta, last_week(clock.now), clock.entry)
    if series.has_dose:
        row[:, 3] = -float(series.extra[(series.kind == WINDOW) & (series.slot == 0), 0].mean())
    row[:, series.coefficients + 2] = -1 / WINDOW_DAYS
    return row
