"""Judging a course from its inputs, the same today and in ten years: what the review page shows and what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from deqi.record.canonical import sha256_of
from deqi.science.course import MODEL_VERSION, MedicineChange, Rating, review, review_simple

ROUNDING = 1e-6  # in points or probability: far below what any page shows


def parts_of(
    inputs: Mapping[str, Any],
) -> tuple[list[Rating], list[date], str, date, list[MedicineChange]]:
    """The inputs as the course model takes them: ratings, sessions, condition, day, changes of medicine."""
    return (
        [Rating(**row) for row in inputs["ratings"]],
        [date.fromisoformat(day) for day in inputs["sessions"]],
        inputs["condition"],
        date.fromisoformat(inputs["on"]),
        [MedicineChange(**row) for row in inputs["medicine"]],
    )


def judge(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Per symptom: seven-day means (`simple`) and the course model's verdict (`model`). Plain JSON."""
    ratings, sessions, condition, on, medicine = parts_of(inputs)
    means = review_simple(ratings, sessions, on)
    judged = review(ratings, sessions, condition, on, medicine)
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
