"""Scores over time as small plots, drawn on the server: each on its own scale, from its least to its greatest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deqi.doors.clinic.chart.pictures import HEIGHT, PAD, WIDTH
from deqi.record.questionnaires.queries import ScoreLine


@dataclass(frozen=True)
class Drawn:
    """One score with its line in a 240 x 64 box."""

    score: ScoreLine
    line: str
    dots: list[tuple[float, float]]

    @property
    def first(self) -> tuple[datetime, float]:
        return self.score.points[0]


def lines(scores: Sequence[ScoreLine]) -> list[Drawn]:
    """The scores as plots, in order."""
    return [_drawn(one) for one in scores]


def _drawn(score: ScoreLine) -> Drawn:
    values = [value for _, value in score.points]
    low, span = min(values), (max(values) - min(values)) or 1.0
    start, end = score.points[0][0], score.points[-1][0]
    days = (end - start).total_seconds() or 1.0
    dots = [
        (
            round(PAD + (at - start).total_seconds() / days * (WIDTH - 2 * PAD), 1),
            round(HEIGHT - PAD - (value - low) / span * (HEIGHT - 2 * PAD), 1),
        )
        for at, value in score.points
    ]
    return Drawn(score, " ".join(f"{x},{y}" for x, y in dots), dots[-1:])
