"""Letters to the rest of care, and the codes a record may use.

Example:
    >>> [part.id for part in letter_parts()][:2]
    ['header', 'ask']
    >>> icd10("G62.0").case
    'cipn'
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from deqi.science.knowledge import Strict, data_path, load_yaml

Group = Literal["cause", "symptom", "underlying", "event", "adverse_effect", "precaution"]


class LetterKind(Strict):
    """When a letter is written."""

    id: str
    when: str
    urgency: str | None = None


class LetterPart(Strict):
    """One part of a letter, in its order: the request comes first."""

    id: str
    holds: str


class LetterToPrimaryCare(Strict):
    """What a letter to primary care is made of."""

    found: str
    form_advice: tuple[str, ...]
    sources: tuple[str, ...]
    strength: str
    kinds: tuple[LetterKind, ...]
    sections: tuple[LetterPart, ...]
    must_not: tuple[str, ...]


class NeededBack(Strict):
    """Something the acupuncturist needs from primary care, and why."""

    item: str
    why: str | None = None
    detail: str | None = None


class Icd10Code(Strict):
    """An ICD-10-CM code. `group` says what a form uses it for, `case` which condition of a case it is."""

    code: str
    group: Group
    case: str | None = None
    name: str
    use: str | None = None


class Icd10Codes(Strict):
    """The ICD-10-CM codes that were looked up, all billable leaves of one release."""

    source: str
    groups: str
    rows: tuple[Icd10Code, ...]


class PlainCode(Strict):
    """A code with its name, from another system."""

    code: str
    name: str
    status: str | None = None
    source: str | None = None
    note: str | None = None


class PcsCodes(Strict):
    """ICD-10-PCS codes of acupuncture."""

    source: str
    rows: tuple[PlainCode, ...]


class LoincCodes(Strict):
    """LOINC codes that the record uses."""

    rows: tuple[PlainCode, ...]
    unverified: tuple[str, ...]
    trap: str


class SnomedRule(Strict):
    """Why no SNOMED CT code is shipped."""

    rule: str
    icd_fallback: str


class CptRule(Strict):
    """Why no CPT number is shipped, and what a record must hold so that a licensed clinic can bill."""

    licence: str
    source: str
    rows: tuple[PlainCode, ...] = ()
    consequence: str


class Taxonomy(Strict):
    """The provider taxonomy code of an acupuncturist."""

    nucc: str
    name: str


class Codes(Strict):
    """Every code list."""

    icd10cm: Icd10Codes
    icd10pcs: PcsCodes
    loinc: LoincCodes
    snomed_ct: SnomedRule
    cpt: CptRule
    other_licences: str
    taxonomy: Taxonomy


class UsMedicare(Strict):
    """What US Medicare covers."""

    ncd: str
    covered: str
    limits: Mapping[str, int]
    stop: str
    who: str
    neuropathy: str
    sources: tuple[str, ...]
    consequence: str


class _Coordination(Strict):
    schema_version: Literal[1]
    compiled: datetime.date
    letter_to_primary_care: LetterToPrimaryCare
    needed_back_from_primary_care: tuple[NeededBack, ...]
    fhir: Mapping[str, Any]
    codes: Codes
    us_medicare: UsMedicare
    gaps: tuple[str, ...]


@lru_cache(maxsize=1)
def coordination_file() -> _Coordination:
    """The whole file, checked."""
    return load_yaml(data_path("deqi.science.safety", "coordination.yaml"), _Coordination)  # type: ignore[no-any-return]


def letter_parts() -> tuple[LetterPart, ...]:
    """The parts of a letter to primary care, in order. What is asked of the reader stands first after the head."""
    return coordination_file().letter_to_primary_care.sections


def letter_kinds() -> tuple[LetterKind, ...]:
    """When letters are written: first contact, progress, discharge, urgent."""
    return coordination_file().letter_to_primary_care.kinds


def needed_back() -> tuple[NeededBack, ...]:
    """What is asked back from primary care."""
    return coordination_file().needed_back_from_primary_care


@lru_cache(maxsize=16)
def icd10_codes(group: Group | None = "cause") -> tuple[Icd10Code, ...]:
    """ICD-10-CM codes of a `group`: `cause` for the form's choice of a neuropathy's cause; None for all."""
    return tuple(row for row in coordination_file().codes.icd10cm.rows if group in (None, row.group))


def icd10(code: str) -> Icd10Code:
    """The ICD-10-CM row of `code`, e.g. `G62.0`. Raises KeyError for a code that was not looked up."""
    for row in icd10_codes(None):
        if row.code == code:
            return row
    raise KeyError(code)
