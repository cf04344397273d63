"""The look at one course, computed once: what `judging.judge` finds and the curves of its charts.

The newest look of each course is kept in a row of its own, under the fingerprint of its inputs and the version of
model, priors and program. Whoever asks the same question, in whichever process, reads the answer instead of computing
it again; a changed rating, another day or a new version is another question, and its answer takes the row. A decision
never reads it: what is kept with a review is computed afresh.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from deqi import __version__
from deqi.record.canonical import sha256_of
from deqi.record.care.judging import judge, parts_of
from deqi.record.care.models import CourseLook
from deqi.science.course import MODEL_VERSION
from deqi.science.course.fan import Band, Fan, fan

#: Raised when the form of what is kept here changes.
FORM = 1


@dataclass(frozen=True)
class Look:
    """`judged` as from `judge`; `fans` by symptom, in the same order."""

    judged: Mapping[str, Any]
    fans: Mapping[str, Fan]


def key_of(inputs: Mapping[str, Any]) -> str:
    """The fingerprint of the question: these inputs, judged by this program."""
    return hashlib.sha256(f"{FORM} {__version__} {MODEL_VERSION} {sha256_of(inputs)}".encode()).hexdigest()


def look_at(course_id: UUID, inputs: Mapping[str, Any], kept: Sequence[Mapping[str, Any]] = ()) -> Look:
    """Judgement and curves of these inputs. `kept` are the rows of `CourseLook` that the page has read already.

    No SQL when one of them answers this question; otherwise it is computed and takes their place, in one statement.
    """
    key = key_of(inputs)
    held = next((row["look"] for row in kept if row["key"] == key), None)
    if held is not None:
        found = json.loads(held)
        return Look(found["judged"], fans_from(found["curves"]))
    judged = judge(inputs)
    look = Look(judged, {symptom: fan_of_inputs(inputs, symptom) for symptom in judged["symptoms"]})
    text = json.dumps({"judged": judged, "curves": curves_of(look.fans)})
    CourseLook.objects.bulk_create(
        [CourseLook(course_id=course_id, key=key, look=text)],
        update_conflicts=True,
        unique_fields=["course"],
        update_fields=["key", "look"],
    )
    return look


def curves_of(fans: Mapping[str, Fan]) -> dict[str, Any]:
    """The curves as plain JSON."""
    rows = {name: asdict(one) for name, one in fans.items()}
    return dict(json.loads(json.dumps(rows, default=date.isoformat)))


def fans_from(curves: Mapping[str, Any]) -> dict[str, Fan]:
    """The curves again, from `curves_of`."""
    return {name: _fan_of(row) for name, row in curves.items()}


def fan_of_inputs(inputs: Mapping[str, Any], symptom: str) -> Fan:
    """The curves of one symptom; the ratings and visits alone where nothing could be fitted."""
    return fan(symptom, *parts_of(inputs))


def _fan_of(row: Mapping[str, Any]) -> Fan:
    bands = {
        name: tuple(Band(**band) for band in row[name]) for name in ("level", "go_on", "stop", "untreated")
    }
    return Fan(
        symptom=row["symptom"],
        start=date.fromisoformat(row["start"]) if row["start"] else None,
        on=date.fromisoformat(row["on"]),
        dots=tuple((week, value, recall) for week, value, recall in row["dots"]),
        sessions=tuple(row["sessions"]),
        medicine=tuple((week, label) for week, label in row["medicine"]),
        **bands,
    )
