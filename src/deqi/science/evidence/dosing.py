"""How much acupuncture did trials give: those that found a difference beside those that did not.

Which side a trial is on is its authors' conclusion. A dose seen more often in trials that found a difference
is not thereby the dose that works: the two sides differ in comparator, size and care as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Literal

from deqi.science.evidence.library import outside_default_pools, trials
from deqi.science.evidence.schema import AnyCondition, Arm, Trial

Side = Literal["found", "not_found", "mixed", "unknown"]
_SIDE: dict[str, Side] = {
    "positive": "found",
    "no_difference": "not_found",
    "negative": "not_found",
    "mixed": "mixed",
    "not_reported": "unknown",
}
CAUTION = (
    "Trials that found a difference mostly compared needling with no needling or with a drug; the dose is one "
    "of many things that set them apart. Read this as what was given, not as what works."
)


@dataclass(frozen=True, slots=True)
class TrialDose:
    """What one needled arm received. None: not printed on the page read."""

    trial: str
    label: str
    arm: str
    side: Side
    comparators: tuple[str, ...]
    needling: Literal["manual", "electrical", "auricular"]
    sessions: float | None
    weeks: float | None
    per_week: float | None
    retention_min: tuple[float, float] | None
    hz: tuple[float, ...] | None
    ma: tuple[float, float] | None
    n: int | None
    randomized: bool
    read: str
    url: str


@dataclass(frozen=True, slots=True)
class Spread:
    """Lowest, middle and highest of the values printed; `k` of `of` arms printed one."""

    low: float
    middle: float
    high: float
    k: int
    of: int


@dataclass(frozen=True, slots=True)
class DoseSummary:
    side: Side
    arms: int
    electrical: int
    sessions: Spread | None
    weeks: Spread | None
    per_week: Spread | None
    retention_min: Spread | None
    hz: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Doses:
    """Trial doses of one condition. `summary` has one entry for each side that holds an arm."""

    condition: str
    found: tuple[TrialDose, ...]
    not_found: tuple[TrialDose, ...]
    mixed: tuple[TrialDose, ...]
    unknown: tuple[TrialDose, ...]
    summary: dict[Side, DoseSummary]
    caution: str = CAUTION

    @property
    def each(self) -> tuple[TrialDose, ...]:
        """Every arm's dose: found, not found, mixed, not said."""
        return (*self.found, *self.not_found, *self.mixed, *self.unknown)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The doses in words, found beside not found; the caution last."""
        told = [_in_words(side, self.summary.get(side)) for side in ("found", "not_found")]
        return (*told, self.caution)


_SIDE_WORDS = {"found": "that found a difference", "not_found": "that found none"}


def _in_words(side: str, summary: DoseSummary | None) -> str:
    if summary is None:
        return f"No trial {_SIDE_WORDS[side]} is on file with its dose."
    parts = [
        _span(spread, unit)
        for spread, unit in (
            (summary.sessions, "sessions"), (summary.weeks, "weeks"), (summary.per_week, "a week"),
            (summary.retention_min, "minutes a session"),
        )
        if spread is not None
    ]  # fmt: skip
    if summary.electrical:
        hz = f" ({', '.join(f'{f:g}' for f in summary.hz)} Hz)" if summary.hz else ""
        parts.append(f"current through the needles in {summary.electrical} of them{hz}")
    plural = "s" if summary.arms > 1 else ""
    return f"Trials {_SIDE_WORDS[side]} ({summary.arms} needled group{plural}): {'; '.join(parts) or 'dose not printed'}."


def _span(spread: Spread, unit: str) -> str:
    low, middle, high = (f"{round(x, 1):g}" for x in (spread.low, spread.middle, spread.high))
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit} (middle {middle})"


def doses(condition: AnyCondition, *, include_outside: bool = False) -> Doses:
    """Doses of the trials of a condition, by whether they found a difference.

    Only randomised treatment trials unless `include_outside`. Example: `doses("cts").found` holds the 2016
    trial from Hong Kong with its electrical needling.
    """
    arms: dict[Side, list[TrialDose]] = {"found": [], "not_found": [], "mixed": [], "unknown": []}
    for trial in trials().values():
        if condition not in ("any", trial.condition) or (
            outside_default_pools(trial) and not include_outside
        ):
            continue
        for arm in trial.arms:
            if arm.needled and arm.stricta is not None:
                dose = _dose(trial, arm)
                arms[dose.side].append(dose)
    return Doses(
        condition,
        found=tuple(arms["found"]),
        not_found=tuple(arms["not_found"]),
        mixed=tuple(arms["mixed"]),
        unknown=tuple(arms["unknown"]),
        summary={side: _summary(side, given) for side, given in arms.items() if given},
    )


def _dose(trial: Trial, arm: Arm) -> TrialDose:
    s = arm.stricta
    assert s is not None
    per_week = s.frequency_per_week
    if per_week is None and s.sessions and s.weeks:
        per_week = round(s.sessions / s.weeks, 2)
    needling: Literal["manual", "electrical", "auricular"] = (
        "electrical"
        if arm.kind == "electroacupuncture"
        else "auricular"
        if arm.kind == "auricular"
        else "manual"
    )
    return TrialDose(
        trial.id, trial.label, arm.id, _SIDE[trial.conclusion],
        tuple(dict.fromkeys(a.kind for a in trial.arms if not a.needled)), needling, s.sessions, s.weeks,
        per_week, s.retention_min, s.electrical.hz, s.electrical.ma, arm.n, trial.randomized, trial.read,
        f"https://doi.org/{trial.doi}" if trial.doi else trial.source_url,
    )  # fmt: skip


def _summary(side: Side, given: list[TrialDose]) -> DoseSummary:
    def spread(pick: Callable[[TrialDose], float | None]) -> Spread | None:
        values = [v for v in map(pick, given) if v is not None]
        if not values:
            return None
        return Spread(min(values), median(values), max(values), len(values), len(given))

    return DoseSummary(
        side, len(given), sum(d.needling == "electrical" for d in given),
        spread(lambda d: d.sessions), spread(lambda d: d.weeks), spread(lambda d: d.per_week),
        spread(lambda d: None if d.retention_min is None else sum(d.retention_min) / 2),
        tuple(sorted({f for d in given for f in d.hz or ()})),
    )  # fmt: skip
