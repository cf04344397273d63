"""`deqi worker`: the work that nobody waits for."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import click

from deqi.doors.cli.home import need_database, with_home
from deqi.doors.cli.supervise import die_with_the_keeper

#: How often it looks for something to do. A look is one or two reads.
EVERY_S = 1.0
#: So many looks in a row without a database: it ends, and whoever keeps it starts it again.
MOST_FAILURES = 60


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
@with_home
def command(home: Path, once: bool) -> None:
    """Do the background work: ratings asked for, reminders, licence alerts, back-ups, tidying.

    `deqi serve` starts one by itself. Several may run, on one machine or more: each job is done by one of them.
    """
    die_with_the_keeper()
    need_database()
    from django.db import OperationalError, close_old_connections, connections

    from deqi.record.operations.jobs import work

    stopping: list[int] = []
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda number, _: stopping.append(number))
    failures = 0
    while not stopping:
        close_old_connections()
        try:
            work(until=lambda: bool(stopping))
            failures = 0
        except OperationalError as error:
            failures += 1
            connections.close_all()
            if once or failures >= MOST_FAILURES:
                raise click.ClickException(f"The database does not answer: {error}")
        if once:
            return
        if not stopping:
            time.sleep(EVERY_S)
