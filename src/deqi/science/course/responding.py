"""What share of the ratings asked for came: with an interval that knows that one person answers many times.

Answers of one person are alike, so that a thousand requests to ten people tell less than a thousand requests to a
thousand. The variance of the share is that of a ratio over people (Taylor linearisation); the number of requests
is scaled down by what this variance is to that of a simple sample, and Wilson's interval is taken at that effective
number: the "effective sample size" way of Korn and Graubard (Survey Methodology 1998, 24:193-201), with Wilson's
interval (1927, doi 10.1080/01621459.1927.10502953) in place of the exact one.

Example:
    >>> found = share([(14, 9), (14, 14), (7, 2)])
    >>> found.asked, found.answered, found.people, round(found.estimate, 3)
    (35, 25, 3, 0.714)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deqi.science.intervals import wilson

METHOD = "Wilson interval at the effective number of requests, answers clustered by person"


@dataclass(frozen=True, slots=True)
class Share:
    """`answered` of `asked` requests to `people`. `estimate`, `low`, `high` lie between 0 and 1 (None: none asked).

    `effective`: as many independent requests would tell as much.
    """

    asked: int
    answered: int
    people: int
    estimate: float | None
    low: float | None
    high: float | None
    effective: float
    level: float = 0.95
    method: str = METHOD

    def words(self) -> str:
        """E.g. `25 of 35 (71 %, 95 % interval 35 % to 92 %)`."""
        if self.estimate is None or self.low is None or self.high is None:
            return "nothing asked"
        return (
            f"{self.answered} of {self.asked} ({self.estimate:.0%}, {self.level:.0%} interval "
            f"{self.low:.0%} to {self.high:.0%})"
        ).replace("%", " %")


def share(people: Iterable[tuple[int, int]], level: float = 0.95) -> Share:
    """The share over people, each given as (asked, answered). Raises ValueError for more answers than requests.

    With one person, or when all answered alike, nothing is known of how people differ: the effective number is then
    the number of people.
    """
    rows = [row for row in people if row[0] > 0]
    if any(not 0 <= answered <= asked for asked, answered in rows):
        raise ValueError("a person cannot answer more than was asked")
    asked, answered, n = sum(a for a, _ in rows), sum(b for _, b in rows), len(rows)
    if not asked:
        return Share(0, 0, 0, None, None, None, 0.0, level)
    estimate = answered / asked
    effective = _effective(rows, asked, estimate)
    low, high = wilson(estimate, effective, level)
    return Share(asked, answered, n, estimate, low, high, effective, level)


def _effective(rows: list[tuple[int, int]], asked: int, estimate: float) -> float:
    n = len(rows)
    if n < 2 or not 0 < estimate < 1:
        return float(n)
    spread = sum((b - estimate * a) ** 2 for a, b in rows)
    variance = n / (n - 1) * spread / asked**2
    if variance == 0:
        return float(n)
    return min(float(asked), estimate * (1 - estimate) / variance)
