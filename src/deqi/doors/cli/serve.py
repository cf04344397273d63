"""`deqi serve`: the web server."""

from __future__ import annotations

import os
from pathlib import Path

import click

from deqi.doors.cli.home import need_database, with_home
from deqi.doors.cli.main import Refused


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, envvar="PORT")
@click.option("--workers", default=2, show_default=True)
@with_home
def command(home: Path, host: str, port: int, workers: int) -> None:
    """Serve the clinic. Refuses to start on a half-upgraded database or one that could lose a save."""
    need_database()
    from deqi.record.operations.durability import faults

    if found := faults():
        raise Refused("\n".join(found))
    serve(host, port, workers)


def serve(host: str, port: int, workers: int) -> None:
    """Collects the static files and becomes gunicorn; does not return."""
    from django.core.management import call_command
    from django.db import connections

    call_command("collectstatic", verbosity=0, interactive=False)
    connections.close_all()
    click.echo(f"Deqi on http://{host}:{port}  (Ctrl-C stops it)")
    os.execvp(  # noqa: S606 - our own server, fixed program
        _gunicorn(),
        [
            "gunicorn",
            "deqi.config.wsgi:application",
            f"--bind={host}:{port}",
            f"--workers={workers}",
            "--threads=4",
            "--timeout=60",
            "--graceful-timeout=20",
            "--max-requests=20000",
            "--preload",
            "--log-level=warning",
            "--no-control-socket",
        ],
    )


def _gunicorn() -> str:
    """The gunicorn installed beside this Python."""
    import sys

    return str(Path(sys.executable).parent / "gunicorn")
