"""Everything of one record as stored: of a patient, of a site, of the accounts. What the fuzz compares before and after."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
#: From a row to the patient it belongs to, the shortest way first.
TO_PATIENT = (
    "patient",
    "session__patient",
    "course__patient",
    "map__patient",
    "event__patient",
    "response__patient",
    "case__course__patient",
)
OF_A_SITE = ("Room", "NeedleLot", "Role", "Protocol", "Incident")
OF_THE_STAFF = ("User", "Role", "Practitioner", "Licence", "Authenticator")


@dataclass
class Record:
    """`name` stands for whose it is; `tables` holds, by table, the query of the rows; `kept` what was in them."""

    name: str
    tables: dict[str, QuerySet[Any]]
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    ids: frozenset[str] = frozenset()

    def remember(self) -> None:
        """What is stored now is what must stay."""
        self.kept = {table: list(rows) for table, rows in self.tables.items()}
        found = (str(row.get("id", "")) for rows in self.kept.values() for row in rows)
        self.ids = frozenset(one for one in found if UUID.fullmatch(one))

    def changed(self, written: Iterable[str]) -> bool:
        """Whether a row was added, changed or removed, looking into the tables to which something was written."""
        return any(
            list(self.tables[table].all()) != self.kept[table] for table in written if table in self.tables
        )


def models_by_name() -> dict[str, type[Model]]:
    return {model.__name__: model for model in apps.get_models()}


def way_to_patient(model: type[Model]) -> str | None:
    """How a row of `model` leads to its patient: "session__patient"; None when it does not."""
    for path in TO_PATIENT:
        at: type[Model] | None = model
        for step in path.split("__"):
            at = {one.name: one.related_model for one in at._meta.fields}.get(step) if at else None
        if at is not None:
            return path
    return None


def of_patient(name: str, patient) -> Record:
    """Every row that belongs to this patient, and their drafts."""
    draft = models_by_name()["Draft"]
    found = {draft._meta.db_table: _rows(draft, Q(user=patient.user_id))}
    for model in apps.get_models():
        if model._meta.app_label not in ("patients", "care", "questionnaires"):
            continue
        path = "id" if model.__name__ == "Patient" else way_to_patient(model)
        if path:
            found[model._meta.db_table] = _rows(model, Q(**{path: patient.id}))
    return Record(name, found)


def of_site(name: str, site) -> Record:
    """The site, its rooms, boxes, roles, protocols and incidents."""
    known = models_by_name()
    found = {known[one]._meta.db_table: _rows(known[one], Q(site=site.id)) for one in OF_A_SITE}
    return Record(name, {**found, known["Site"]._meta.db_table: _rows(known["Site"], Q(id=site.id))})


def of_staff(name: str) -> Record:
    """Accounts, their roles, licences and second factors, of everybody."""
    known = models_by_name()
    return Record(name, {known[one]._meta.db_table: _rows(known[one], Q()) for one in OF_THE_STAFF})


def _rows(model: type[Model], where: Q) -> QuerySet[Any]:
    return model._default_manager.filter(where).order_by("pk").values()
