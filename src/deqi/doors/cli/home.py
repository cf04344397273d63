"""Opening a clinic's folder for a command: settings, database, clear words when something is not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from deqi.doors.cli.main import Refused


def open_home(home: str | None) -> Path:
    """Loads Django on the folder `home` (else DEQI_HOME, else ./var) and returns it. Refused: a setting is wrong."""
    if home:
        os.environ["DEQI_HOME"] = home
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deqi.config.settings")
    import django
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise Refused(str(error))
    return Path(settings.HOME)


def with_home(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--home` and opens it; the command gets the folder as `home`."""

    @click.option("--home", metavar="DIR", help="Folder of the clinic (else DEQI_HOME, else ./var).")
    @wraps(command)
    def opened(home: str | None, **options: Any) -> Any:
        return command(home=open_home(home), **options)

    return opened


class DatabaseAway(Refused):
    """There is a database named, but it does not answer."""


def need_database() -> None:
    """Refuses when there is no clinic yet, or its tables are older or newer than this version of Deqi.

    DatabaseAway when nobody can know.
    """
    from django.db import OperationalError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        raise DatabaseAway(f"The database does not answer: {error}")
    if not executor.loader.applied_migrations:
        raise Refused("There is no clinic here yet. Start with: deqi init (or deqi demo)")
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Refused("The database is older than this version of Deqi. Run: deqi upgrade")
    known = set(executor.loader.disk_migrations)
    ours = {app for app, _ in known}
    if unknown := {m for m in executor.loader.applied_migrations if m[0] in ours} - known:
        raise Refused(
            f"The database was written by a newer Deqi ({sorted(unknown)[0][1]}). Install that one."
        )
