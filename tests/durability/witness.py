"""Looks at a clinic's whole record each time it is asked, while the clinic works or is killed.

It reads a line (a JSON list of the ids whose save was acknowledged) and answers with one: what `deqi check` finds
wrong in the record, and which ids are not there. One process for a whole run: starting Python takes longer than a
look. Run as `python -m tests.durability.witness`; the environment names the clinic.
"""

from __future__ import annotations

import json
import sys

from deqi.doors.cli.home import open_home


def main() -> None:
    open_home(None)
    from django.db import connections

    from deqi.record.operations.check import CHECKS
    from deqi.record.patients.models import Patient

    for line in sys.stdin:
        connections.close_all()  # as the next one to open the database would find it
        faults = [f"{name}: {fault}" for name, check in CHECKS.items() for fault in check()]
        there = set(map(str, Patient.objects.values_list("id", flat=True)))
        lost = [row for row in json.loads(line) if row not in there]
        print(json.dumps({"faults": faults, "lost": lost}), flush=True)


if __name__ == "__main__":
    main()
