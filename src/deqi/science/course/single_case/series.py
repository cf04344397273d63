"""A series: everybody with one design and symptom together, and what is known of them besides draws and ratings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import Field, model_validator

from deqi.science.course.single_case.designs import Protocol
from deqi.science.course.single_case.randomisation import Day, Pooled, StartTest, TaperOutcome
from deqi.science.knowledge import Strict


class SeriesAbout(Strict):
    """What is known of a series besides draws and ratings, as counts of people unless said; None: not recorded.

    `offered` are all who were offered it; `drawn` those whose draw was opened; `left_out` reason -> how many. The rest
    is about the people who are counted, in the time in which they were rated. `fits`: commitments that were computed
    again and fit. `ages`: decades of the youngest and the oldest. `sessions`: fewest and most of one person. `harms`:
    kind -> reports. `reasons`: written reasons for another day. `first_on` and `last_on`: first offer, last rated day.
    """

    offered: int | None = Field(default=None, ge=0)
    refused: int | None = Field(default=None, ge=0)
    drawn: int | None = Field(default=None, ge=0)
    left_out: dict[str, int] | None = None
    fits: int | None = Field(default=None, ge=0)
    ages: tuple[int, int] | None = None
    sexes: dict[str, int] | None = None
    diagnoses: dict[str, int] | None = None
    sites: int | None = Field(default=None, ge=0)
    jurisdictions: tuple[str, ...] | None = None
    practitioners: int | None = Field(default=None, ge=0)
    sessions: tuple[int, int] | None = None
    off: int | None = Field(default=None, ge=0)
    reasons: int | None = Field(default=None, ge=0)
    medicines_changed: int | None = Field(default=None, ge=0)
    harms: dict[str, int] | None = None
    with_harms: int | None = Field(default=None, ge=0)
    serious: int | None = Field(default=None, ge=0)
    first_on: dt.date | None = None
    last_on: dt.date | None = None

    @model_validator(mode="after")
    def _possible(self) -> SeriesAbout:
        for pair in (self.ages, self.sessions):
            if pair and pair[0] > pair[1]:
                raise ValueError(f"{pair[0]} to {pair[1]} is no range")
        return self


@dataclass(frozen=True)
class Member:
    """One person who is counted. `days` are the ratings as used, one a day."""

    protocol: Protocol
    drawn: int
    days: tuple[Day, ...]
    result: StartTest | TaperOutcome


@dataclass(frozen=True)
class SeriesReport:
    """What the report is written from. `pooled` is None with `why_not` where no pooled test can be made."""

    protocol: Protocol  # of the design and symptom; the days are each person's own
    members: Sequence[Member]
    pooled: Pooled | None
    why_not: str = ""
    about: SeriesAbout = field(default_factory=SeriesAbout)
