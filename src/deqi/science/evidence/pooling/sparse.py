"""Pools of counts when events are few: Mantel-Haenszel and Peto, which need no correction of zero cells.

Sources: Mantel and Haenszel, J Natl Cancer Inst 1959;22:719; Robins, Breslow and Greenland, Biometrics
1986;42:311 (variance of the odds ratio); Greenland and Robins, Biometrics 1985;41:55 (risk ratio); Sato,
Greenland and Robins, Biometrics 1989;45:1323 (risk difference); Yusuf et al, Prog Cardiovasc Dis 1985;27:335.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from deqi.science.evidence.effects import Counts, binary_effect
from deqi.science.evidence.pooling.model import CannotPool, Range
from deqi.science.evidence.pooling.moments import Vector


@dataclass(frozen=True, slots=True)
class SparseFit:
    """A fixed-effect pool of counts. OR and RR are on the log scale."""

    method: Literal["Mantel-Haenszel", "Peto"]
    measure: Literal["OR", "RR", "RD"]
    k: int
    estimate: float
    se: float
    ci95: Range
    p: float
    q: float
    q_df: int
    q_p: float
    i2: float
    h2: float
    weights_pct: tuple[float, ...]
    warnings: tuple[str, ...]


def _table(counts: list[Counts]) -> tuple[Vector, Vector, Vector, Vector, Vector]:
    if not counts:
        raise CannotPool("there is no study to pool")
    a = np.array([c.events1 for c in counts], dtype=float)
    n1 = np.array([c.n1 for c in counts], dtype=float)
    c = np.array([c.events2 for c in counts], dtype=float)
    n2 = np.array([c.n2 for c in counts], dtype=float)
    return a, n1, c, n2, n1 + n2


def mantel_haenszel(counts: list[Counts], measure: Literal["OR", "RR", "RD"] = "OR") -> SparseFit:
    """Mantel-Haenszel pool. Raises CannotPool when the counts leave the ratio without a value.

    Q compares each study's own estimate (half a case added only where a cell is empty) with the pool.
    """
    a, n1, c, n2, n = _table(counts)
    b, d = n1 - a, n2 - c
    weights = {"OR": b * c / n, "RR": c * n1 / n, "RD": n1 * n2 / n}[measure]
    if measure == "OR":
        r, s = a * d / n, b * c / n
        p, q = (a + d) / n, (b + c) / n
        total_r, total_s = float(r.sum()), float(s.sum())
        if total_r == 0.0 or total_s == 0.0:
            raise CannotPool("no study has events and non-events on both sides: the odds ratio has no value")
        estimate = math.log(total_r / total_s)
        variance = (
            float((p * r).sum()) / (2 * total_r**2)
            + float((p * s + q * r).sum()) / (2 * total_r * total_s)
            + float((q * s).sum()) / (2 * total_s**2)
        )
    elif measure == "RR":
        total_r, total_s = float((a * n2 / n).sum()), float((c * n1 / n).sum())
        if total_r == 0.0 or total_s == 0.0:
            raise CannotPool("one side has no event in any study: the risk ratio has no value")
        estimate = math.log(total_r / total_s)
        variance = float((n1 * n2 * (a + c) / n**2 - a * c / n).sum()) / (total_r * total_s)
    else:
        weight = float((n1 * n2 / n).sum())
        estimate = float(((a * n2 - c * n1) / n).sum()) / weight
        bent = float((c * (n1 / n) ** 2 - a * (n2 / n) ** 2 + n1 * n2 * (n2 - n1) / (2 * n**2)).sum())
        straight = float(((a * d + c * b) / n).sum()) / 2.0
        variance = (estimate * bent + straight) / weight**2
    return _finish("Mantel-Haenszel", measure, counts, estimate, math.sqrt(variance), weights, None)


def peto(counts: list[Counts]) -> SparseFit:
    """Peto's odds ratio on the log scale: for rare events, small effects and arms of similar size."""
    a, n1, c, n2, n = _table(counts)
    events = a + c
    expected = events * n1 / n
    with np.errstate(invalid="ignore", divide="ignore"):
        v = np.where(n > 1, events * (n - events) * n1 * n2 / (n**2 * (n - 1.0)), 0.0)
    total = float(v.sum())
    if total == 0.0:
        raise CannotPool("no study has both events and non-events: Peto's odds ratio has no value")
    gap = a - expected
    estimate = float(gap.sum()) / total
    some = v > 0
    q = max(0.0, float((gap[some] ** 2 / v[some]).sum()) - float(gap.sum()) ** 2 / total)
    return _finish("Peto", "OR", counts, estimate, math.sqrt(1.0 / total), v, q)


def _finish(
    method: Literal["Mantel-Haenszel", "Peto"],
    measure: Literal["OR", "RR", "RD"],
    counts: list[Counts],
    estimate: float,
    se: float,
    weights: Vector,
    q: float | None,
) -> SparseFit:
    silent = [c for c in counts if c.uninformative]
    told = [c for c in counts if not c.uninformative]
    notes = (f"{len(silent)} studies without any contrast in events add nothing",) if silent else ()
    df = max(len(told) - 1, 0)
    if q is None:
        own = [binary_effect(c, measure) for c in told]
        q = sum((e.estimate - estimate) ** 2 / e.variance for e in own) if len(own) > 1 else 0.0
    half = float(ndtri(0.975)) * se
    return SparseFit(
        method=method, measure=measure, k=len(counts), estimate=estimate, se=se,
        ci95=(estimate - half, estimate + half), p=2.0 * float(ndtr(-abs(estimate / se))),
        q=q, q_df=df, q_p=float(chdtrc(df, q)) if df else 1.0,
        i2=max(0.0, 100.0 * (q - df) / q) if q > 0 else 0.0, h2=q / df if df else 1.0, weights_pct=tuple((100.0 * weights / weights.sum()).tolist()), warnings=notes,
    )  # fmt: skip
