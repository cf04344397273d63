"""How often something happened: a count, what it was counted in, and two 95 % intervals.

Events per treatment and events per patient are different things and never mix: a `Rate` knows its denominator,
and `pooled` refuses to add unlike ones.

Methods: the exact interval of Clopper and Pearson (1934, doi 10.1093/biomet/26.4.404) by the beta quantiles, and
the score interval of Wilson (1927, doi 10.1080/01621459.1927.10502953). The exact one never covers less than it
says; Wilson's is narrower and close to it on average.

Example:
    >>> found = rate(3, 6348, of="patients")
    >>> found.words()
    '3 in 6,348 patients (4.7 per 10,000; 95 % interval 1.0 to 13.8)'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from deqi.science.intervals import wilson

Denominator = Literal["treatments", "patients", "needles", "reports"]


class MixedDenominators(ValueError):
    """Rates of different denominators cannot be added."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`events` among `denominator` (of treatments, patients, ...). Intervals are shares between 0 and 1."""

    events: int
    denominator: int
    of: Denominator
    estimate: float
    exact: tuple[float, float]
    wilson: tuple[float, float]
    level: float

    def words(self) -> str:
        """The rate in words, always with its denominator, e.g. `0 in 255 treatments (...)`."""
        per = next((size for size in (100, 1_000, 10_000, 100_000) if self.exact[1] * size >= 5), 1_000_000)
        low, high = (share * per for share in self.exact)
        return (
            f"{self.events:,} in {self.denominator:,} {self.of} ({self.estimate * per:.1f} per {per:,}; "
            f"{self.level * 100:g} % interval {low:.1f} to {high:.1f})"
        )


def rate(events: int, denominator: int, of: Denominator = "treatments", level: float = 0.95) -> Rate:
    """`events` among `denominator` with the exact and the Wilson interval at `level`.

    Raises ValueError unless 0 <= events <= denominator, denominator > 0 and 0 < level < 1. A register in which
    one treatment can have several events counts treatments *with* an event here.
    """
    if denominator <= 0 or not 0 <= events <= denominator:
        raise ValueError(f"events must lie between 0 and the denominator: {events} in {denominator}")
    if not 0 < level < 1:
        raise ValueError(f"the level must lie between 0 and 1, not {level}")
    share = events / denominator
    return Rate(
        events,
        denominator,
        of,
        share,
        _exact(events, denominator, level),
        wilson(share, denominator, level),
        level,
    )


def pooled(rates: Iterable[Rate]) -> Rate:
    """The rates of one kind added up: events over denominators. Raises MixedDenominators for unlike ones."""
    held = list(rates)
    kinds = {one.of for one in held}
    if len(kinds) != 1:
        raise MixedDenominators(f"cannot add rates per {' and per '.join(sorted(kinds)) or 'nothing'}")
    return rate(
        sum(one.events for one in held), sum(one.denominator for one in held), held[0].of, held[0].level
    )


def _exact(events: int, denominator: int, level: float) -> tuple[float, float]:
    from scipy.special import betaincinv  # here, so that screening does not wait for SciPy

    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(betaincinv(events, denominator - events + 1, tail))
    high = 1.0 if events == denominator else float(betaincinv(events + 1, denominator - events, 1 - tail))
    return low, high
