"""The case: what is known about one person and their plan, in one small file.

Points, safety and the course planner all read the same format:

    {"condition": "cipn", "regions": ["feet", "hands"], "symptoms": ["numbness"],
     "facts": {"pregnant": true, "platelets": 38}, "modality": "manual", "max_needles": 20,
     "severity_0_10": 6, "months": 8, "on_chemotherapy": false, "affected_side": "both"}

Only `condition` must be there. `facts` holds facts of `deqi.science.safety.facts()`; one that is left out (or
null) is unknown, which is not the same as false.

Example:
    >>> case = case_from({"condition": "dpn", "facts": {"insensate_feet": True}})
    >>> case.known_facts()
    {'insensate_feet': True, 'diabetes': True}
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError, field_validator

from deqi.science.knowledge import Strict
from deqi.science.safety.facts import checked, facts

ConditionCode = Literal["cipn", "dpn", "cts", "phn", "hiv_sn", "idiopathic", "radiculopathy", "mixed"]
Region = Literal["feet", "hands", "lower_legs", "forearms", "face", "trunk", "wrist"]
Symptom = Literal["burning", "shooting", "tingling", "numbness", "cramps", "weakness", "pain"]
Modality = Literal["manual", "electro", "auricular"]
Side = Literal["left", "right", "both"]

CONDITIONS: tuple[str, ...] = get_args(ConditionCode)
REGIONS: tuple[str, ...] = get_args(Region)
SYMPTOMS: tuple[str, ...] = get_args(Symptom)
MODALITIES: tuple[str, ...] = get_args(Modality)


class CaseError(ValueError):
    """A case that cannot be read. Each error is a pair: path of the key, and what is wrong and allowed there.

    Example: `facts.inr: must be a number from 0.5 to 15 (ratio), not 'high'`
    """

    def __init__(self, errors: list[tuple[str, str]]):
        self.errors = tuple(errors)
        super().__init__("\n".join(f"{path}: {message}" if path else message for path, message in errors))


class Case(Strict):
    """One person and plan. Levels are 0-10, `months` is how long the symptoms have lasted."""

    condition: ConditionCode
    regions: tuple[Region, ...] = ()
    symptoms: tuple[Symptom, ...] = ()
    facts: Mapping[str, Any] = Field(default_factory=dict)
    modality: Modality = "manual"
    max_needles: int = Field(20, ge=1, le=60)
    severity_0_10: float | None = Field(None, ge=0, le=10)
    months: float | None = Field(None, ge=0, le=1200)
    on_chemotherapy: bool | None = None
    affected_side: Side | None = None
    travel_min: int | None = Field(None, ge=0, le=1440)
    wish_sessions_per_week: float | None = Field(None, gt=0, le=7)

    @field_validator("facts")
    @classmethod
    def facts_are_registered(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        known: dict[str, Any] = {}
        errors: list[tuple[str, str]] = []
        for key, value in given.items():
            if key not in facts():
                errors.append((f"facts.{key}", _unknown_key(key, facts())))
            elif value is not None:
                try:
                    known[key] = checked(key, value)
                except ValueError as error:
                    errors.append((f"facts.{key}", str(error)))
        if errors:
            raise CaseError(errors)
        return known

    def known_facts(self) -> dict[str, Any]:
        """The facts, with those that the rest of the case implies.

        Diabetes for `dpn`; on_chemotherapy; and naming which or where says that there is one: warfarin is a
        blood thinner, a left arm with lymphoedema is lymphoedema.
        """
        known = dict(self.facts)
        for key in self.facts:
            parent = facts()[key].asked_if
            if facts()[key].kind == "choice" and parent and parent.fact and parent.is_ is None:
                known.setdefault(parent.fact, True)
        if self.on_chemotherapy is not None:
            known.setdefault("on_chemotherapy", self.on_chemotherapy)
        if self.condition == "dpn":
            known.setdefault("diabetes", True)
        return known


def case_from(raw: object) -> Case:
    """`raw` (what a JSON file holds) as a Case. Raises CaseError naming every wrong key and what is allowed."""
    if not isinstance(raw, dict):
        raise CaseError([("", "a case is an object with the keys " + ", ".join(Case.model_fields))])
    try:
        case = Case.model_validate(raw)
    except ValidationError as error:
        raise CaseError([line for item in error.errors() for line in _lines(item)])
    chemotherapy = case.facts.get("on_chemotherapy")
    if None not in (chemotherapy, case.on_chemotherapy) and chemotherapy != case.on_chemotherapy:
        raise CaseError([("on_chemotherapy", "says the opposite of facts.on_chemotherapy")])
    return case


def load_case(path: Path | str) -> Case:
    """Reads a case from the JSON file at `path`. Raises CaseError, naming the line where it is not JSON."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError([("", f"{path} cannot be read: {error}")])
    try:
        raw = json.loads(text, object_pairs_hook=_no_key_twice)
    except json.JSONDecodeError as error:
        raise CaseError([("", f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}")])
    return case_from(raw)


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held: dict[str, Any] = {}
    for key, value in pairs:
        if key in held:
            raise CaseError([(key, "written twice")])
        held[key] = value
    return held


def _unknown_key(key: str, allowed: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, allowed, n=2)
    meant = f", did you mean {' or '.join(near)}?" if near else ""
    return f"unknown key{meant}; allowed: {', '.join(allowed)}"


def _lines(item: Any) -> list[tuple[str, str]]:
    """A pydantic error as path and words, with the allowed values where there are some."""
    inner = item.get("ctx", {}).get("error")
    if isinstance(inner, CaseError):
        return list(inner.errors)
    path = ".".join(str(step) for step in item["loc"])
    if item["type"] == "extra_forbidden":
        return [(path, _unknown_key(path, Case.model_fields))]
    if item["type"] == "missing":
        return [(path, "missing; allowed: " + ", ".join(CONDITIONS))]
    if item["type"] == "literal_error":
        allowed = {"condition": CONDITIONS, "regions": REGIONS, "symptoms": SYMPTOMS, "modality": MODALITIES}
        values = allowed.get(str(item["loc"][0]), get_args(Side))
        return [(path, f"{item['input']!r} is not allowed; allowed: " + ", ".join(values))]
    return [(path, item["msg"][:1].lower() + item["msg"][1:])]


__all__ = [
    "CONDITIONS",
    "MODALITIES",
    "REGIONS",
    "SYMPTOMS",
    "Case",
    "CaseError",
    "case_from",
    "load_case",
]
