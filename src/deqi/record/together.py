"""Several short lists in one statement: a page about one person needs a dozen of them, and each trip costs.

Every list becomes rows of (name, JSON object); the values are turned back into Python by the field they came
from, so that a date is a date on either database. For short lists of few columns only.

Example:
    >>> together(
    ...     medicines=some(Medication.objects.filter(patient=eve), "name", "started_on"),
    ...     allergies=some(Allergy.objects.filter(patient=eve), "substance"),
    ... )["allergies"]
    [{'substance': 'latex'}]
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import DateTimeField, F, Field, JSONField, QuerySet, TextField, Value
from django.db.models.functions import Cast, JSONObject

#: A list longer than this belongs in a query of its own.
LONGEST = 300


@dataclass(frozen=True)
class Some:
    """Rows and the columns wanted of them: column names, or spans such as `decided_by__name`."""

    rows: QuerySet
    columns: tuple[str, ...]


def some(rows: QuerySet, *columns: str) -> Some:
    """The columns wanted of `rows`. Sliced rows keep their order."""
    return Some(rows, columns)


def together(**lists: Some) -> dict[str, list[dict[str, Any]]]:
    """The lists by name, each in its own order, from one statement."""
    parts = []
    for name, wanted in lists.items():
        rows = wanted.rows
        if rows.query.is_sliced:
            rows = rows.model._default_manager.filter(pk__in=rows.values("pk")).order_by(*rows.query.order_by)
        order = rows.query.order_by or rows.model._meta.ordering
        kinds = {column: _field(rows.model, column) for column in wanted.columns}
        columns = {
            column: Cast(column, TextField()) if isinstance(kinds.get(column), JSONField) else F(column)
            for column in dict.fromkeys([*wanted.columns, *(key.removeprefix("-") for key in order)])
        }
        parts.append(
            rows.order_by()
            .annotate(of=Value(name), columns_of=JSONObject(**columns))
            .values_list("of", "columns_of")
        )
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in lists}
    for name, row in parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]:
        found[name].append(row)
    return {name: _made(rows, lists[name]) for name, rows in found.items()}


def _made(rows: list[dict[str, Any]], wanted: Some) -> list[dict[str, Any]]:
    model = wanted.rows.model
    order = wanted.rows.query.order_by or model._meta.ordering
    names = dict.fromkeys([*wanted.columns, *(key.removeprefix("-") for key in order)])
    kinds = {name: _field(model, name) for name in names}
    made = [{name: _value(kinds[name], row[name]) for name in names} for row in rows]
    for key in reversed(order):
        name = key.removeprefix("-")
        made.sort(key=lambda row, name=name: (row[name] is not None, row[name]), reverse=key.startswith("-"))
    return [{name: row[name] for name in wanted.columns} for row in made]


def _field(model: Any, column: str) -> Field:
    field: Field | None = None
    for step in column.split("__"):
        if step == "pk":
            field = model._meta.pk
        else:
            field = next(
                f for f in model._meta.get_fields() if step in (f.name, getattr(f, "attname", f.name))
            )
        if field.is_relation and field.related_model is not None:
            model = field.related_model
    assert field is not None
    return field.target_field if getattr(field, "target_field", None) else field


def _value(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(field, JSONField):
        return json.loads(value)
    if isinstance(field, DateTimeField):
        moment = datetime.fromisoformat(str(value))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return field.to_python(value)
