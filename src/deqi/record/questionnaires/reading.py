"""The form of an instrument, read once for each content: safe to keep, because an instrument never changes."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from deqi.record.questionnaires.models import Instrument
from deqi.science.measures.questionnaire import Form, read_questionnaire


def canonical(resource: Any) -> str:
    """The JSON of a resource in one fixed spelling, the same on either database."""
    return json.dumps(resource, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_of(resource: Any) -> str:
    """SHA-256 of a resource as canonical JSON."""
    return hashlib.sha256(canonical(resource).encode()).hexdigest()


def form_of(instrument: Instrument) -> Form:
    """What is asked, in order."""
    return _form(canonical(instrument.resource))


@lru_cache(maxsize=32)
def _form(text: str) -> Form:
    return read_questionnaire(text)
