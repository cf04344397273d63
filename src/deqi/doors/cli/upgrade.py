"""`deqi upgrade`: the database brought to this version, after a back-up, resumable."""

from __future__ import annotations

from pathlib import Path

import click

from deqi.doors.cli.home import with_home
from deqi.doors.cli.main import Refused


@click.command()
@click.option("--no-backup", is_flag=True, help="Do not write a back-up first.")
@with_home
def command(home: Path, no_backup: bool) -> None:
    """Bring the database to this version of Deqi.

    Each step is one transaction; a run that was cut off goes on where it stopped, and `deqi serve` refuses to
    start until all steps are done. A plain back-up is written beside the database first (readable by its owner).
    """
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from deqi.science.course.compiling import compile_ahead

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not executor.loader.applied_migrations:
        raise Refused("There is no clinic here yet. Start with: deqi init (or deqi demo)")
    compile_ahead(click.echo)
    if not plan:
        click.echo("Up to date: nothing to do.")
        return
    if not no_backup:
        _plain_backup(home)
    call_command("migrate", verbosity=1, interactive=False)
    click.echo(f"Done: {len(plan)} steps.")


def _plain_backup(home: Path) -> None:
    """The tables may be older than the models, so the file is copied as it is."""
    import sqlite3
    from contextlib import closing
    from datetime import UTC, datetime

    from django.conf import settings
    from django.db import connection

    if connection.vendor != "sqlite":
        click.echo("PostgreSQL: make a pg_dump before upgrading; none is written here.")
        return
    folder = home / "backups"
    folder.mkdir(exist_ok=True, mode=0o700)
    target = folder / f"before-upgrade-{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.sqlite3"
    with (
        closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
    target.chmod(0o600)
    click.echo(f"Back-up: {target}")
