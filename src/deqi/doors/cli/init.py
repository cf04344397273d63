"""`deqi init`: an empty clinic and its first manager."""

from __future__ import annotations

from pathlib import Path

import click

from deqi.doors.cli.home import with_home
from deqi.doors.cli.main import Refused


@click.command()
@click.option("--name", prompt="Name of the clinic")
@click.option("--site", prompt="Name of the first site")
@click.option("--jurisdiction", prompt="Its jurisdiction (e.g. GB, DE, US-CA)")
@click.option("--time-zone", default="UTC", show_default=True)
@click.option("--manager-name", prompt="Name of the manager")
@click.option("--manager-email", prompt="E-mail of the manager")
@click.option(
    "--password-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File whose first line is the manager's password (else it is asked for; never an argument, which others see).",
)
@with_home
def command(
    home: Path,
    name: str,
    site: str,
    jurisdiction: str,
    time_zone: str,
    manager_name: str,
    manager_email: str,
    password_file: Path | None,
) -> None:
    """Make an empty clinic: database, first site, first manager. Never touches one that is there."""
    from django.core.exceptions import ValidationError
    from django.core.management import call_command

    from deqi.record.errors import Refusal
    from deqi.record.practice.actions.begin import begin_practice
    from deqi.science.course.compiling import compile_ahead

    if password_file:
        password = (password_file.read_text().splitlines() or [""])[0]
    else:
        password = click.prompt("Password (12 signs or more)", hide_input=True, confirmation_prompt=True)
    call_command("migrate", verbosity=0, interactive=False)
    try:
        begin_practice(
            name=name,
            site=site,
            jurisdiction=jurisdiction,
            time_zone=time_zone,
            manager_name=manager_name,
            manager_email=manager_email,
            password=password,
        )
    except (Refusal, ValidationError) as error:
        raise Refused(error.message if isinstance(error, Refusal) else " ".join(error.messages))
    compile_ahead(click.echo)
    click.echo(f"{name} is ready in {home}. Start it with: deqi serve")
