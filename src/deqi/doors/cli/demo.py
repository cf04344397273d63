"""`deqi demo`: a synthetic clinic on the screen."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import click

from deqi.doors.cli.main import Refused


@click.command()
@click.option(
    "--home", metavar="DIR", default="var/demo", show_default=True, help="Folder of the demo clinic."
)
@click.option("--port", default=8000, show_default=True, envvar="PORT")
@click.option("--reset", is_flag=True, help="Throw the demo away and make it anew.")
@click.option("--no-serve", is_flag=True, help="Fill it, print the sign-ins, stop.")
def command(home: str, port: int, reset: bool, no_serve: bool) -> None:
    """Fill a synthetic clinic and serve it on this machine. A second run keeps what is there."""
    folder = Path(home)
    if reset and folder.exists():
        if not (folder / "synthetic").exists():
            raise Refused(f"{folder} is not a demo clinic; --reset only throws those away.")
        shutil.rmtree(folder)
    os.environ.pop("DEQI_DATABASE_URL", None)  # the demo is always the embedded database
    os.environ["DEQI_REQUIRE_SECOND_FACTOR"] = "0"
    os.environ["DEQI_ORIGIN"] = f"http://127.0.0.1:{port}"
    from deqi.doors.cli.home import open_home

    open_home(home)
    if not (folder / "synthetic").exists():
        _fill(folder)
    _say_how(port)
    if not no_serve:
        from deqi.doors.cli.serve import serve

        serve("127.0.0.1", port, workers=2)


def _fill(folder: Path) -> None:
    from django.core.management import call_command

    from deqi.record.synthetic.clinic import fill

    started = time.monotonic()
    click.echo("Making the tables")
    call_command("migrate", verbosity=0, interactive=False)
    fill(say=click.echo)
    (folder / "synthetic").write_text("A made-up clinic: nothing here is about a real person.\n")
    click.echo(f"Filled in {time.monotonic() - started:.0f} s")


def _say_how(port: int) -> None:
    from deqi.record.synthetic.staff import PASSWORD

    click.echo(f"""
Synthetic clinic: every person and figure is made up.
  Open            http://127.0.0.1:{port}   (http://localhost:{port} to try a passkey)
  Password        {PASSWORD}   (for all of them)
  Acupuncturist   alice@demo.example
  Senior          bob@demo.example
  Front desk      carol@demo.example
  Manager         max@demo.example
  Researcher      rita@demo.example
  Other site      dan@demo.example
  Patient         patient1@demo.example
""")
