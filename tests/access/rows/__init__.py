"""How to make the row that an address names, once in Eve's record (North) and once in Frank's (South).

An address that takes only `patient_id` needs nothing here. Any other needs one line in the file of its area:

    ROWS = {
        "clinic:end_share": lambda people, patient: {"patient_id": patient.id, "share_id": share(people, patient)},
        "clinic:room": at_site(lambda people, site: {"room_id": room(site)}),
        "mfa_edit_webauthn": own(lambda people, user: {"pk": passkey(user)}),
        "learn:point": for_all(lambda people: {"code": "ST36"}),
    }

A plain function makes a row in that patient's record. `at_site` makes a row of a site that is nobody's record,
`own` one that belongs to the signed-in person alone, `for_all` one that everybody who may open the page sees.
The files are found by themselves: no list to extend.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Rows:
    """`kind`: "patient", "site", "own" or "all"; `make(people, patient | site | user)` gives the kwargs."""

    kind: str
    make: Callable[..., dict[str, Any]]


def at_site(make: Callable[..., dict[str, Any]]) -> Rows:
    return Rows("site", make)


def own(make: Callable[..., dict[str, Any]]) -> Rows:
    return Rows("own", make)


def for_all(make: Callable[..., dict[str, Any]]) -> Rows:
    return Rows("all", make)


def registry() -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for file in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        for name, rows in import_module(f"{__name__}.{file.stem}").ROWS.items():
            assert name not in found, f"{name} stands in two files of tests/access/rows"
            found[name] = rows if isinstance(rows, Rows) else Rows("patient", rows)
    return found


def rows_for(page) -> Rows:
    """How to name rows of `page`. Fails with what to write when nobody has said."""
    if page.name in (known := registry()):
        return known[page.name]
    if not page.takes:
        return for_all(lambda people: {})
    if page.takes == ("patient_id",):
        return Rows("patient", lambda people, patient: {"patient_id": patient.id})
    raise AssertionError(
        f"{page.name} takes {', '.join(page.takes)}. Say in a file of tests/access/rows how to make such a "
        f'row, e.g. ROWS = {{"{page.name}": lambda people, patient: {{...}}}} (see tests/access/rows/__init__.py).'
    )
