"""How many of N random requests cross over to another person's record? (RELIABILITY.md, figure 7: none of 100,000)

    python -m benchmarks.access_fuzz [--requests 100000] [--seed 1] [--seconds 0] [--database sqlite|postgresql]

Random page x person x method x rows of others in path, query and body, in one process on an empty database of its own
(SQLite in a temporary folder, or a PostgreSQL server of its own); judged by the permission table. What is sent and what counts is told in
tests/access/fuzz.py. Stops after `--seconds` when given. Exit code 1 when anything crossed, a change was not logged or an answer was 500.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from contextlib import nullcontext

from tests import provide


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    chosen = parser.parse_args()
    server = provide.own_postgresql() if chosen.database == "postgresql" else nullcontext("")
    with tempfile.TemporaryDirectory(prefix="deqi-fuzz-") as folder, server as address:
        os.environ.update(
            DEQI_HOME=folder, DEQI_DATABASE_URL=address, DJANGO_SETTINGS_MODULE="deqi.config.settings",
            DEQI_HOSTS="testserver", DEQI_IDLE_SECONDS="604800",
        )  # fmt: skip
        return _run(chosen)


def _run(chosen: argparse.Namespace) -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction
    from tests.access.conftest import NAMES, _session
    from tests.access.fuzz import Found, Fuzz
    from tests.conftest import make_clinic

    logging.disable(logging.ERROR)
    call_command("migrate", verbosity=0)
    began, used = time.monotonic(), time.process_time()

    def go_on(found: Found) -> bool:
        if found.requests % 5000 == 0:
            print(
                f"{found.requests}: {len(found.crossings)} crossings, {len(found.errors)} of 500", flush=True
            )
        return not chosen.seconds or time.monotonic() - began < chosen.seconds

    with transaction.atomic():
        people = make_clinic()
        cookies = {"anonymous": "", **{name: _session(people.users[name]) for name in NAMES}}
        fuzz = Fuzz(people, cookies, chosen.seed)
        found = fuzz.run(chosen.requests, go_on)
        transaction.set_rollback(True)
    taken = time.process_time() - used
    never = sorted({target.page.name for target in fuzz.posts} - set(found.wrote_on))
    print(
        f"seed {chosen.seed}: {found.requests} requests ({taken / found.requests * 1000:.1f} ms of processor each), "
        f"{found.allowed} allowed by the table; {found.posts} posts, {found.wrote} wrote, on "
        f"{len(fuzz.posts) - len(never)} of {len(fuzz.posts)} pages that take a post (not on: {', '.join(never) or 'none'}); "
        f"statuses {dict(sorted(found.statuses.items()))}"
    )
    print(
        f"crossings: {len(found.crossings)}, changes without a line in the log: {len(found.unlogged)}, "
        f"answers of 500: {len(found.errors)}"
    )
    faults = [*found.crossings, *found.unlogged, *found.errors]
    for said in faults[:40]:
        print(f"  {said}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
