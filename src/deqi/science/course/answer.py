"""What a review says: its fields, the three words and the rule of the course agreed beforehand.

Example: at week 6 with p_improved 0.85 for the reader and the doubter the verdict is `likely_yes`, the next step
`consolidate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

LIKELY, UNLIKELY = 0.8, 0.2

# What stays empty when nothing can be computed.
UNKNOWN = (
    "baseline",
    "level",
    "change",
    "change_sd",
    "p_improved",
    "p_any",
    "p_worse",
    "p_reach_6",
    "p_reach_12",
    "forecast_day",
    "forecast_continue",
    "forecast_stop",
    "p_relapse",
    "p_beyond",
    "info",
    "sceptical",
)

Verdict = Literal["likely_yes", "unclear", "likely_no", "too_few", "not_computed"]
NextStep = Literal[
    "collect_ratings",
    "go_on",
    "change_plan",
    "consolidate",
    "go_on_with_one_change",
    "stop",
    "taper",
    "undecided",
    "judge_by_means",
]


@dataclass(frozen=True)
class Forecast:
    """The mean of seven daily ratings at the course's end, 0-10, with the interval that holds 80 %."""

    mean: float
    lo80: float
    hi80: float


@dataclass(frozen=True)
class Sceptical:
    """The same, for a reader who expects needling to add nothing (prior N(0, 0.9^2) instead of N(0.7, 0.9^2))."""

    change: float
    p_improved: float
    p_any: float
    verdict: Verdict


@dataclass(frozen=True)
class Review:
    """One symptom at one date. Levels 0-10, `change` = level - baseline (negative is better), p's 0-1.

    `info` is the posterior SD of the drop over its prior SD; above 0.7 the answer is mostly what was assumed
    beforehand. None where there are too few ratings to compute anything (verdict `too_few`), or where the computation
    did not settle (`not_computed`).
    """

    symptom: str
    condition: str
    on: str
    n_ratings: int
    n_baseline: int
    n_sessions: int
    baseline: float | None
    level: float | None
    change: float | None
    change_sd: float | None
    p_improved: float | None
    p_any: float | None
    p_worse: float | None
    p_reach_6: float | None
    p_reach_12: float | None
    forecast_day: int | None
    forecast_continue: Forecast | None
    forecast_stop: Forecast | None
    p_relapse: float | None
    p_beyond: float | None
    info: float | None
    verdict: Verdict
    words: str
    next_step: NextStep
    next_step_words: str
    sceptical: Sceptical | None
    warnings: tuple[str, ...]
    model_version: str
    input_hash: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        parts = {
            name: None if part is None else dict(vars(part))
            for name in ("forecast_continue", "forecast_stop", "sceptical")
            for part in (getattr(self, name),)
        }
        return {**vars(self), **parts, "warnings": list(self.warnings)}


def verdict_of(p_improved: float) -> Verdict:
    """Likely yes from 0.8, likely no to 0.2, unclear between."""
    return "likely_yes" if p_improved >= LIKELY else "likely_no" if p_improved <= UNLIKELY else "unclear"


def next_step(
    verdict: Verdict,
    doubted: Verdict,
    day: int,
    p_improved: float,
    p_worse: float,
    reach_6: float,
    reach_12: float,
) -> NextStep:
    """The rule of the course, agreed beforehand (version 0). `day` counts from the first session.

    Before week 5: change the plan if week 6 is out of reach (< 0.10) or it is likely worse; success is never announced.
    Week 5 to 10: consolidate, stop when week 12 is out of reach (< 0.15), else go on with one change. Then: taper or
    stop. A yes that the sceptical reader does not share is undecided.
    """
    if verdict == "too_few":
        return "collect_ratings"
    if day < 35:
        return "change_plan" if reach_6 < 0.10 or p_worse > 0.5 else "go_on"
    if "likely_yes" in (verdict, doubted) and verdict != doubted:
        return "undecided"
    if p_improved >= LIKELY:
        return "consolidate" if day < 77 else "taper"
    if day < 77:
        return "stop" if reach_12 < 0.15 else "go_on_with_one_change"
    return "stop" if p_improved <= UNLIKELY else "taper"
