"""Exact randomisation tests for the two designs, and their pooling over patients.

Randomised start. Under "the day of the start makes no difference" the ratings are what they are, and each possible
start was as likely as the drawn one. p is the share of possible starts whose statistic is at least as large as the
drawn one's, ties against us; with eight starts it is 1/8 at best. P(p <= a) <= a holds exactly, for any ratings.

Pooling. The rank of each patient (1 best) is uniform on 1..k or larger, so the sum of ranks is held against the exact
distribution of a sum of independent uniform ranks. Beside it Edgington's sum of p values, sum_j (-1)^j C(n,j)
(S - j)^n / n! over j <= S (Edgington 1972, doi:10.1080/00223980.1972.9924813; the formula as documented for R metap's
`sump`, https://search.r-project.org/CRAN/refmans/metap/html/sump.html), which takes the p values as continuous and so
is conservative here.

Randomised taper. The difference of mean rise between "stop now" and "go on" is held against every division of the
patients into groups of the same sizes.

Example: ranks 1, 2 and 1 of eight each: sum 4; (1,1,1) and the three orders of (1,1,2) make p = 4/512 = 0.0078.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import accumulate
from math import comb, factorial, prod
from typing import Any

import numpy as np

from deqi.science.course.ratings import Rating
from deqi.science.course.single_case.designs import SingleCaseError, StartProtocol, TaperProtocol

Day = tuple[dt.date, float]
MOST_TAPERS = 40  # 2^20 sums a half; more patients are pooled clinic by clinic
FEWEST = 5  # people, below which nothing is said of them together
SMALL = 0.05
CLOSE = 1e-9  # statistics nearer than this are ties


@dataclass(frozen=True)
class StartTest:
    """One patient's test. `statistics` in points, one a possible start (a fall is positive); `rank` 1 is the largest."""

    symptom: str
    starts: tuple[dt.date, ...]
    drawn: int
    statistics: tuple[float, ...]
    rank: int
    p: float
    n_ratings: int
    words: str

    @property
    def change(self) -> float:
        """The fall at the drawn start, points."""
        return self.statistics[self.drawn]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            **asdict(self),
            "starts": [day.isoformat() for day in self.starts],
            "statistics": list(self.statistics),
            "change": self.change,
            "smallest_possible_p": 1 / len(self.starts),
        }


@dataclass(frozen=True)
class TaperOutcome:
    """One patient's rise after the draw, points; `stopped` tells the arm."""

    symptom: str
    stopped: bool
    before: float
    after: float
    n_ratings: int

    @property
    def rise(self) -> float:
        return self.after - self.before

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "rise": self.rise}


@dataclass(frozen=True)
class Pooled:
    """Several patients together. `p_edgington` only for starts; `estimate` in points."""

    n: int
    estimate: float
    statistic: float
    p: float
    p_edgington: float | None
    method: str
    words: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def usable(ratings: Sequence[Rating], symptom: str) -> list[Day]:
    """Daily ratings of the symptom, one a day (several: their mean), without those given just after a session."""
    by_day: dict[dt.date, list[float]] = {}
    for rating in ratings:
        if rating.symptom == symptom and rating.recall == "24h" and rating.channel != "clinic_after":
            by_day.setdefault(rating.date, []).append(rating.value)
    return [(day, sum(values) / len(values)) for day, values in sorted(by_day.items())]


def _mean(days: Sequence[Day], first: dt.date, last: dt.date, least: int, what: str) -> float:
    values = [value for day, value in days if first <= day <= last]
    if len(values) < least:
        raise SingleCaseError(
            f"{what}: {len(values)} daily ratings from {first} to {last}, at least {least} are needed. The test would "
            "compare days nobody rated, so it is not made."
        )
    return sum(values) / len(values)


def start_test(protocol: StartProtocol, ratings: Sequence[Rating], started_on: dt.date) -> StartTest:
    """The exact test of one randomised start. `started_on` is the day that was drawn.

    Raises SingleCaseError when that day is not one of the protocol's, or when a window of any possible start holds too
    few ratings: a test that could only have been made for some starts would not be exact.
    """
    if started_on not in protocol.starts:
        possible = ", ".join(day.isoformat() for day in protocol.starts)
        raise SingleCaseError(
            f"{started_on} is not one of the days among which the start was drawn ({possible}). A start that chance did "
            "not choose cannot be tested this way."
        )
    days = usable(ratings, protocol.symptom)
    one = dt.timedelta(days=1)
    found = []
    for start in protocol.starts:
        before = _mean(
            days,
            start - protocol.before_days * one,
            start - one,
            protocol.least,
            f"Before a start on {start}",
        )
        after = _mean(
            days,
            start + protocol.after_from * one,
            start + (protocol.after_to - 1) * one,
            protocol.least,
            f"After a start on {start}",
        )
        found.append(before - after)
    drawn = protocol.starts.index(started_on)
    rank = sum(value >= found[drawn] - CLOSE for value in found)
    k = len(found)
    words = (
        f"At the drawn start the ratings fell by {found[drawn]:.1f} points; of the {k} days that could have been drawn, "
        f"{rank} show{'s' if rank == 1 else ''} a fall at least as large (p = {rank}/{k} = {rank / k:.3f}; it cannot be "
        f"smaller than 1/{k}). One patient alone proves nothing."
    )
    return StartTest(protocol.symptom, protocol.starts, drawn, tuple(found), rank, rank / k, len(days), words)


def taper_outcome(protocol: TaperProtocol, ratings: Sequence[Rating], *, stopped: bool) -> TaperOutcome:
    """One patient's rise after the draw. Raises SingleCaseError with too few ratings in a window."""
    days, one, zero = usable(ratings, protocol.symptom), dt.timedelta(days=1), protocol.taper_on
    before = _mean(days, zero - protocol.before_days * one, zero - one, protocol.least, "Before the draw")
    after = _mean(
        days,
        zero + protocol.after_from * one,
        zero + (protocol.after_to - 1) * one,
        protocol.least,
        "After the draw",
    )
    return TaperOutcome(protocol.symptom, stopped, before, after, len(days))


def rank_sum_p(ranks: Sequence[tuple[int, int]]) -> float:
    """P(sum of ranks <= the sum seen) for ranks independent and uniform on 1..k. `ranks` are (rank, k); exact.

    `rank_sum_p([(1, 8), (2, 8), (1, 8)])` is 4/512 = 0.0078.
    """
    _checked_ranks(ranks)
    ways, total, seen = [1], 1, 0
    for rank, k in ranks:
        upto = [0, *accumulate(ways)]  # upto[j]: the ways to a sum under j
        spread = [upto[min(j, len(ways))] - upto[max(0, j - k)] for j in range(len(ways) + k)]
        ways, total, seen = spread, total * k, seen + rank
    return float(Fraction(sum(ways[: seen + 1]), total))


def _checked_ranks(ranks: Sequence[tuple[int, int]]) -> None:
    if not ranks:
        raise SingleCaseError("There is nobody to pool.")
    for rank, k in ranks:
        if not 1 <= rank <= k:
            raise SingleCaseError(f"a rank of {rank} among {k} is impossible")


def edgington(ps: Sequence[float]) -> float:
    """Edgington's combination of one-sided p values by their sum; exact in fractions, 0-1.

    `edgington([0.1, 0.2, 0.3])` is 0.6^3 / 6 = 0.036.
    """
    if not ps:
        raise SingleCaseError("There is nobody to pool.")
    if any(not 0 <= p <= 1 for p in ps):
        raise SingleCaseError("A p value lies between 0 and 1.")
    total, n = sum((Fraction(p).limit_denominator(10**9) for p in ps), Fraction(0)), len(ps)
    terms = ((-1) ** j * comb(n, j) * (total - j) ** n for j in range(int(total) + 1))
    return float(min(sum(terms, Fraction(0)) / factorial(n), Fraction(1)))


def pooled_starts(tests: Sequence[StartTest]) -> Pooled:
    """Several randomised starts together. Raises SingleCaseError for different symptoms or fewer than two patients."""
    _poolable([test.symptom for test in tests])
    ranks = [(test.rank, len(test.starts)) for test in tests]
    p, other = rank_sum_p(ranks), edgington([test.p for test in tests])
    estimate = sum(test.change for test in tests) / len(tests)
    words = (
        f"{len(tests)} patients with a drawn start: the ratings fell by {estimate:.1f} points on average at the drawn "
        f"day; {small(p)} that chance alone ranks those days so high. It speaks of the start of treatment, needles, "
        "attention and hope together; blinding was not possible."
    )
    total = float(sum(rank for rank, _ in ranks))
    return Pooled(len(tests), estimate, total, p, other, "exact sum of ranks", words)


def pooled_tapers(outcomes: Sequence[TaperOutcome]) -> Pooled:
    """Stop now against going on, over patients: exact over all divisions of the same sizes, one-sided (stopping rises).

    Raises SingleCaseError for different symptoms, an empty arm, or more than 40 patients.
    """
    _poolable([one.symptom for one in outcomes])
    n, m = len(outcomes), sum(one.stopped for one in outcomes)
    if m in (0, n):
        raise SingleCaseError("All patients were drawn to the same arm: there is nothing to compare.")
    if n > MOST_TAPERS:
        raise SingleCaseError(
            f"{n} patients are more than {MOST_TAPERS}, the most whose divisions are counted one by one. Test each clinic "
            "and combine their p values."
        )
    rises = [one.rise for one in outcomes]
    whole, stopped = sum(rises), sum(one.rise for one in outcomes if one.stopped)
    seen = stopped / m - (whole - stopped) / (n - m)
    least = (seen - CLOSE + whole / (n - m)) / (
        1 / m + 1 / (n - m)
    )  # the sum of those who stop, from which on it counts
    p = _divisions_from(rises, m, least) / comb(n, m)
    words = (
        f"{m} patients were drawn to stop and {n - m} to go on: stopping went with {seen:+.1f} points more rise; "
        f"{small(p)} over the {comb(n, m)} ways the same patients could have been drawn (it cannot be smaller than "
        f"{1 / comb(n, m):.4f})."
    )
    return Pooled(n, seen, seen, p, None, "exact over all divisions", words)


def _divisions_from(rises: Sequence[float], m: int, least: float) -> int:
    """How many of the ways to choose `m` of `rises` have a sum of `least` or more: two halves, met in the middle."""
    half = len(rises) // 2
    left, right = _sums_by_size(rises[:half]), _sums_by_size(rises[half:])
    found = 0
    for size, sums in enumerate(left):
        if 0 <= m - size < len(right):
            rest = np.sort(right[m - size])
            found += int((len(rest) - np.searchsorted(rest, least - sums)).sum())
    return found


def _sums_by_size(values: Sequence[float]) -> list[np.ndarray]:
    """The sum of every choice from `values`, by how many are chosen."""
    sums = [np.zeros(1)]
    for value in values:
        longer = [sums[0], *(np.concatenate([a, b + value]) for a, b in zip(sums[1:], sums, strict=False))]
        sums = [*longer, sums[-1] + value]
    return sums


def smallest_p(results: Sequence[StartTest | TaperOutcome]) -> float:
    """The smallest p that these people could have given together, had chance and ratings agreed in everything."""
    if all(isinstance(one, StartTest) for one in results):
        return float(Fraction(1, prod(len(one.starts) for one in results if isinstance(one, StartTest))))
    return 1 / comb(len(results), sum(one.stopped for one in results if isinstance(one, TaperOutcome)))


def verdict(results: Sequence[StartTest | TaperOutcome], pooled: Pooled | None) -> str:
    """What the people together say, in plain words; "too few to say" below `FEWEST`, or when no p could be small."""
    n = len(results)
    if not n:
        return "Too few to say: nobody has finished yet."
    start = isinstance(results[0], StartTest)
    people = f"{n} {'person' if n == 1 else 'people'}"
    if pooled is None or n < FEWEST or smallest_p(results) > SMALL:
        enough = (
            f"{FEWEST} or more can begin to tell"
            if start
            else f"{FEWEST} or more, some in each arm, can begin to tell"
        )
        return f"Too few to say: {people} so far. Chance alone can make so few look like anything; {enough}."
    what = "the day treatment began" if start else "whether treatment stopped or went on"
    seen = (
        f"In {people} the ratings fell by {pooled.estimate:.1f} points on average at the drawn day"
        if start and pooled.estimate >= 0
        else f"In {people} the ratings rose by {-pooled.estimate:.1f} points on average at the drawn day"
        if start
        else f"In {people} stopping went with {abs(pooled.estimate):.1f} points {'more' if pooled.estimate >= 0 else 'less'} "
        "rise than going on"
    )
    often = f"If {what} made no difference, chance alone would give as much in {_in_a_hundred(pooled.p)}"
    if pooled.p <= SMALL:
        return f"{seen}. {often}: hard to put down to chance. It speaks of treatment as a whole, hope and attention too."
    return f"{seen}. {often}: it cannot be told from chance. That is no proof that there is no difference."


def _in_a_hundred(p: float) -> str:
    if p < 0.001:
        return "fewer than 1 in 1,000 such series"
    often = f"{p * 1000:.0f} in 1,000" if p < 0.01 else f"{p * 100:.0f} in 100"
    return f"about {often} such series"


def small(p: float) -> str:
    """A p value in words that never say it is nothing: "p = 0.0078", "p < 0.0001"."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


def _poolable(kinds: Sequence[str]) -> None:
    if len(kinds) < 2:
        raise SingleCaseError("Pooling needs two patients or more.")
    if len(set(kinds)) > 1:
        raise SingleCaseError(f"Different symptoms are never pooled: {', '.join(sorted(set(kinds)))}.")
