"""What a course is made of: ratings, visits and changes of medicine, checked before anything is computed.

Example:
    >>> Rating(date=dt.date(2026, 3, 1), symptom="burning", value=6).value
    6.0
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field, field_validator

from deqi.science.knowledge import Strict
from deqi.science.measures import symptoms

Recall = Literal["24h", "7d"]
Channel = Literal["home", "clinic_before", "clinic_after"]
EARLIEST = dt.date(1990, 1, 1)
# What the model needs of a rating: date, value 0-10, recall.
Row = tuple[dt.date, float, str]


class Rating(Strict):
    """One rating, 0 (none) to 10. `recall` is the time it speaks of.

    `channel="clinic_after"` marks a rating given soon after a session: it is stored, but kept out of every judgement
    of the usual level, since relief just after needling is an effect of its own.
    """

    date: dt.date
    symptom: str
    value: float = Field(ge=0, le=10)
    recall: Recall = "24h"
    channel: Channel = "home"

    @field_validator("symptom")
    @classmethod
    def _known(cls, key: str) -> str:
        if key not in symptoms():
            raise ValueError(f"{key!r} is not one of {', '.join(symptoms())}")
        return key

    @field_validator("date")
    @classmethod
    def _plausible(cls, day: dt.date) -> dt.date:
        if day < EARLIEST:
            raise ValueError(f"{day} is before {EARLIEST}")
        return day


class MedicineChange(Strict):
    """A change of a pain medicine. `steps` counts dose steps up (+) or down (-), 1 being one usual step."""

    date: dt.date
    steps: float = Field(ge=-5, le=5)
    label: str = ""
