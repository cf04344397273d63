"""The form of an instrument, read once for each content: safe to keep, because an instrument never changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from deqi.record.canonical import canonical
from deqi.record.questionnaires.models import Instrument
from deqi.science.measures.questionnaire import Form, read_questionnaire


@dataclass(frozen=True)
class _Content:
    """A resource known by its hash alone, so that a form kept is found without spelling out a megabyte."""

    sha256: str
    resource: Any = field(compare=False)


def form_of(instrument: Instrument) -> Form:
    """What is asked, in order."""
    return _form(_Content(instrument.sha256, instrument.resource))


@lru_cache(maxsize=32)
def _form(content: _Content) -> Form:
    return read_questionnaire(canonical(content.resource))
