"""`deqi export`: everything out as open files."""

from __future__ import annotations

from pathlib import Path

import click

from deqi.doors.cli.home import need_database, with_home
from deqi.doors.cli.main import Refused


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_home
def command(home: Path, file: Path) -> None:
    """Write the whole record to the zip FILE: one CSV a table, letters as PDF, a data dictionary.

    The zip is not encrypted: it is for moving to another system. Keep it safe.
    """
    need_database()
    from deqi.record.actor import SYSTEM
    from deqi.record.operations.export import write_export

    try:
        rows = write_export(SYSTEM, file, say=click.echo)
    except FileExistsError as error:
        raise Refused(str(error))
    click.echo(f"Written: {file}, {sum(rows.values())} rows in {len(rows)} tables.")
