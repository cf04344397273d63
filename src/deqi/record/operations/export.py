"""Everything out, whole: one CSV a table, letters as PDF, and a data dictionary, in one zip.

Times are ISO 8601 in UTC, dates ISO, JSON columns are JSON text, an empty cell is "not recorded".
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from deqi import __version__
from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.operations.backup import OWN_APPS

#: Columns that let somebody in; they never leave.
SECRET = frozenset({("practice_user", "password"), ("patients_invitation", "secret_sha256")})
Say = Callable[[str], None]


def tables() -> list[type[models.Model]]:
    """Every table of ours, in an order in which each comes after those it points to."""
    return [model for app in OWN_APPS for model in apps.get_app_config(app).get_models()]


def columns(model: type[models.Model]) -> list[models.Field]:
    """The columns of a table that are exported."""
    return [
        field
        for field in model._meta.concrete_fields
        if (model._meta.db_table, field.column) not in SECRET and not isinstance(field, models.BinaryField)
    ]


def dictionary() -> list[dict[str, str]]:
    """One row a column: table, column, type, what it means, allowed values, which table it points to."""
    return [
        {
            "table": model._meta.db_table,
            "table_means": " ".join((model.__doc__ or "").split()),
            "column": field.column,
            "type": field.get_internal_type(),
            "means": str(field.verbose_name),
            "may_be_empty": "yes" if field.null or field.blank else "no",
            "values": "; ".join(f"{value} = {text}" for value, text in field.flatchoices),
            "points_to": field.related_model._meta.db_table if field.is_relation else "",
        }
        for model in tables()
        for field in columns(model)
    ]


def write_export(actor: Actor, path: Path, *, say: Say = print) -> dict[str, int]:
    """Writes the whole clinic to the zip `path` and returns rows a table. The file appears when it is whole.

    The export itself stands in the audit log. Raises FileExistsError when `path` is there.
    """
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".export-")
    os.close(descriptor)
    written: dict[str, int] = {}
    try:
        with transaction.atomic(), zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as bundle:
            log(actor, "record.export", detail={"file": path.name})
            for model in tables():
                name = model._meta.db_table
                with bundle.open(f"{name}.csv", "w") as raw:
                    written[name] = _write_rows(raw, model)
                say(f"{name}: {written[name]} rows")
            _write_letters(bundle)
            _write_csv(bundle, "data_dictionary.csv", dictionary())
            about = {"deqi": __version__, "written_at": timezone.now().isoformat(), "rows": written}
            bundle.writestr("manifest.json", json.dumps(about, indent=1))
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return written


def _write_rows(raw: Any, model: type[models.Model]) -> int:
    fields = columns(model)
    text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
    writer = csv.writer(text)
    writer.writerow([field.column for field in fields])
    count = 0
    for row in model._base_manager.order_by("pk").values_list(*[f.attname for f in fields]).iterator(2000):
        writer.writerow([_cell(value) for value in row])
        count += 1
    text.flush()
    text.detach()
    return count


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict | list | bool):
        return json.dumps(value, ensure_ascii=False)
    return value


def _write_letters(bundle: zipfile.ZipFile) -> None:
    letters = apps.get_model("care", "Letter")._base_manager.exclude(pdf=None)
    for key, pdf in letters.values_list("pk", "pdf").iterator(50):
        bundle.writestr(f"letters/{key}.pdf", bytes(pdf))


def _write_csv(bundle: zipfile.ZipFile, name: str, rows: list[dict[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    bundle.writestr(name, text.getvalue())


def tables_in(bundle: zipfile.ZipFile) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Reads an export back: (table, rows as text) for each table."""
    for name in bundle.namelist():
        if name.endswith(".csv") and name != "data_dictionary.csv":
            with bundle.open(name) as raw:
                yield (
                    name.removesuffix(".csv"),
                    list(csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8", newline=""))),
                )
