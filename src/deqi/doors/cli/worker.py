"""`deqi worker`: the work that nobody waits for."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import click

from deqi.doors.cli.home import DatabaseAway, need_database, with_home
from deqi.doors.cli.supervise import die_with_the_keeper

#: How often it looks for something to do. A look is one or two reads.
EVERY_S = 1.0
#: A database that does not answer is asked again after this pause at most; each is twice the one before.
LONGEST_PAUSE_S = 30.0


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
@with_home
def command(home: Path, once: bool) -> None:
    """Do the background work: ratings asked for, reminders, licence alerts, back-ups, tidying.

    `deqi serve` starts one by itself. Several may run, on one machine or more: each job is done by one of them.
    A database that does not answer is waited for; with --once it is an error.
    """
    die_with_the_keeper()
    stopping: list[int] = []
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda number, _: stopping.append(number))
    from django.db import InterfaceError, OperationalError, close_old_connections, connections

    from deqi.record.operations.jobs import work

    pause_s, known = EVERY_S, False
    while not stopping:
        close_old_connections()
        try:
            if not known:
                need_database()
                known = True
            work(until=lambda: bool(stopping))
            if pause_s > EVERY_S:
                click.echo("The database answers again", err=True)
            pause_s = EVERY_S
        except (OperationalError, InterfaceError, DatabaseAway) as error:
            connections.close_all()
            words = (
                str(error) if isinstance(error, DatabaseAway) else f"The database does not answer: {error}"
            )
            if once:
                raise click.ClickException(words)
            if pause_s == EVERY_S:
                click.echo(f"{words.strip()}; waiting for it", err=True)
            pause_s, known = min(pause_s * 2, LONGEST_PAUSE_S), False
        if once:
            return
        end = time.monotonic() + pause_s
        while not stopping and time.monotonic() < end:
            time.sleep(EVERY_S)
