"""`deqi backup`: one file that holds everything."""

from __future__ import annotations

import os
from pathlib import Path

import click

from deqi.doors.cli.home import need_database, with_home
from deqi.doors.cli.main import Refused


@click.command()
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    help="Where to (default: backups in the clinic's folder).",
)
@click.option("--recipient", multiple=True, help="age public key; DEQI_BACKUP_RECIPIENTS is used without it.")
@click.option(
    "--passphrase-file", type=click.Path(exists=True, path_type=Path), help="File whose first line encrypts."
)
@click.option("--plain", is_flag=True, help="Do not encrypt (say so on purpose).")
@click.option(
    "--new-key",
    type=click.Path(path_type=Path),
    help="Write a new key to this file, print its public half, stop.",
)
@with_home
def command(
    home: Path,
    folder: Path | None,
    recipient: tuple[str, ...],
    passphrase_file: Path | None,
    plain: bool,
    new_key: Path | None,
) -> None:
    """Back up the whole clinic into one encrypted file, while it runs.

    Encrypts to age keys or with a passphrase. Keep the key away from the back-ups: without it nobody, you
    included, can open them.
    """
    from deqi.record.operations import backup

    try:
        if new_key:
            click.echo(backup.new_key(new_key))
            return
        need_database()
        named = os.environ.get("DEQI_BACKUP_RECIPIENTS", "").split(",")
        recipients = [key.strip() for key in (list(recipient) or named) if key.strip()]
        passphrase = passphrase_file.read_text().splitlines()[0] if passphrase_file else None
        if not (recipients or passphrase or plain):
            raise Refused(
                "Name a key (--recipient), a --passphrase-file, or say --plain. A key is made by: deqi backup --new-key FILE"
            )
        path = backup.write_backup(
            folder or home / "backups", recipients=recipients, passphrase=passphrase, say=click.echo
        )
    except backup.BackupError as error:
        raise Refused(str(error))
    click.echo(f"Written: {path} ({path.stat().st_size / 1e6:.1f} MB)")
