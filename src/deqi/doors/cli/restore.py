"""`deqi restore`: a back-up put in place and proved."""

from __future__ import annotations

from pathlib import Path

import click

from deqi.doors.cli.home import with_home
from deqi.doors.cli.main import Refused


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key-file", type=click.Path(exists=True, path_type=Path), help="The age key made by backup --new-key."
)
@click.option(
    "--passphrase-file", type=click.Path(exists=True, path_type=Path), help="File whose first line opens it."
)
@click.option(
    "--replace", is_flag=True, help="Put it in place of a clinic that is there (SQLite: kept aside)."
)
@with_home
def command(
    home: Path, file: Path, key_file: Path | None, passphrase_file: Path | None, replace: bool
) -> None:
    """Put a back-up in place and prove it: row counts, audit chain, invariants. Stop `deqi serve` first."""
    from deqi.record.operations import backup
    from deqi.record.operations.check import CHECKS

    try:
        manifest = backup.restore_backup(
            file,
            identity=backup.read_key(key_file) if key_file else None,
            passphrase=passphrase_file.read_text().splitlines()[0] if passphrase_file else None,
            replace=replace,
            say=click.echo,
        )
    except backup.BackupError as error:
        raise Refused(str(error))
    faults = [fault for check in CHECKS.values() for fault in check()]
    for fault in faults:
        click.echo(f"  {fault}")
    click.echo(
        f"Restored: written {manifest['written_at']} by Deqi {manifest['deqi']}, {sum(manifest['rows'].values())} rows."
    )
    if faults:
        raise click.exceptions.Exit(1)
