"""How a practitioner's right to needle is shown and checked, by jurisdiction. Facts age: re-check each.

Example:
    >>> licensure("us-ca").renewal_years, licensure("au").expires
    (2, '30 November')
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from deqi.science.knowledge import Strict, data_path, load_yaml


class Jurisdiction(Strict):
    """What was found about one jurisdiction or body. None means that the pages did not show it."""

    id: str
    country: str
    region: str | None = None
    regulated_by: str
    facts: tuple[str, ...] = ()
    renewal_years: int | None = None
    expires: str | None = None
    ce: Mapping[str, Any] | None = None
    ce_note: str | None = None
    recency: Mapping[str, float] | None = None
    insurance: str | None = None
    fee_usd: Mapping[str, float] | None = None
    validity_years: int | None = None
    validity_scope: str | None = None
    id_format: str | None = None
    record_note: str | None = None
    other: tuple[str, ...] = ()
    lookup: str | None = None
    api: str | None = None
    sources: tuple[str, ...]
    taxonomy_source: str | None = None
    disagreement: str | None = None
    unverified: str | None = None


class LicenceRecord(Strict):
    """What a licence record holds and the rules it follows."""

    required: tuple[str, ...]
    recommended: tuple[str, ...]
    status_values: tuple[str, ...]
    rules: tuple[str, ...]
    alert_days_before_expiry: tuple[int, ...]
    reverify_after_days: int
    rules_basis: str
    rules_source: str
    fhir: str


class MedicareRule(Strict):
    """Who may furnish acupuncture that US Medicare covers."""

    jurisdiction: str
    text: str
    source: str


class _Licensure(Strict):
    schema_version: Literal[1]
    compiled: datetime.date
    record_fields: LicenceRecord
    jurisdictions: tuple[Jurisdiction, ...]
    medicare_practitioner_rule: MedicareRule
    design_consequences: tuple[str, ...]
    gaps: tuple[str, ...]


@lru_cache(maxsize=1)
def licensure_file() -> _Licensure:
    """The whole file, checked. `compiled` is the day on which the facts were read."""
    return load_yaml(data_path("deqi.science.safety", "licensure.yaml"), _Licensure)  # type: ignore[no-any-return]


def jurisdictions() -> tuple[Jurisdiction, ...]:
    """Every jurisdiction or body that was looked at."""
    return licensure_file().jurisdictions


def licensure(jurisdiction: str) -> Jurisdiction:
    """What was found about `jurisdiction` (an id such as `us-ca`, `uk`, `de`).

    Raises KeyError with the ids that exist.
    """
    held = {one.id: one for one in jurisdictions()}
    if jurisdiction not in held:
        raise KeyError(f"{jurisdiction}: no such jurisdiction; there are {', '.join(held)}")
    return held[jurisdiction]


def licence_record() -> LicenceRecord:
    """Fields, status values and rules of a licence record, and when to warn before it expires."""
    return licensure_file().record_fields
