"""Judging a course from its inputs, the same today and in ten years: what the review page shows and what is kept.

Example:
    >>> sha256_of({"b": 1, "a": 2}) == sha256_of({"a": 2, "b": 1})
    True
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from deqi.science.course import MODEL_VERSION, MedicineChange, Rating, review, review_simple

ROUNDING = 1e-6  # in points or probability: far below what any page shows


def sha256_of(inputs: Mapping[str, Any]) -> str:
    """The fingerprint of the inputs as canonical JSON."""
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def judge(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Per symptom: seven-day means (`simple`) and the course model's verdict (`model`). Plain JSON."""
    ratings = [Rating(**row) for row in inputs["ratings"]]
    sessions = [date.fromisoformat(day) for day in inputs["sessions"]]
    on = date.fromisoformat(inputs["on"])
    medicine = [MedicineChange(**row) for row in inputs["medicine"]]
    means = review_simple(ratings, sessions, on)
    judged = review(ratings, sessions, inputs["condition"], on, medicine)
    found = {
        key: {
            "simple": asdict(simple),
            "model": judged[key].as_dict() if key in judged else None,
        }
        for key, simple in means.items()
    }
    return json.loads(json.dumps({"model_version": MODEL_VERSION, "symptoms": found}, default=str))


def holds(kept: Any) -> bool:
    """Whether a kept review still stands on its inputs: the same fingerprint, and the same judgement computed again.

    A later version of the model may judge otherwise; then only the fingerprint is compared. Another processor rounds
    otherwise: numbers may differ by `ROUNDING`, words and verdicts by nothing.
    """
    inputs = kept.result["inputs"]
    if sha256_of(inputs) != kept.inputs_sha256:
        return False
    return kept.model_version != MODEL_VERSION or _same(judge(inputs), kept.result["judged"])


def _same(one: Any, other: Any) -> bool:
    """Whether two judgements say the same."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= ROUNDING
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def recomputed() -> Iterator[tuple[UUID, str]]:
    """Each review that was decided with what comes of computing it again: `same`, `older model, fingerprint sound`
    or `wrong`. Reads no name; for whoever looks after the clinic's machine."""
    from deqi.record.care.models import Review

    for kept in Review.objects.order_by("at", "id").iterator(chunk_size=100):
        same = "same" if kept.model_version == MODEL_VERSION else "older model, fingerprint sound"
        yield kept.id, same if holds(kept) else "wrong"
