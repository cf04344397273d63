"""`deqi serve`: the web server."""

from __future__ import annotations

import hashlib
import os
import sys
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
    """Serve the clinic. Refuses to start on a half-upgraded database one that could lose a save, or without its key."""
    need_database()
    from deqi.record.operations.durability import faults
    from deqi.record.practice import sealing

    if found := [*faults(), *sealing.faults(at_most=1)]:
        raise Refused("\n".join(found))
    serve(host, port, workers)


def serve(host: str, port: int, workers: int) -> None:
    """Collects the static files and becomes gunicorn; does not return."""
    from django.db import connections

    collect_static()
    connections.close_all()
    click.echo(f"Deqi on http://{host}:{port}  (Ctrl-C stops it)", nl=True)
    sys.stdout.flush()
    os.execv(  # noqa: S606 - our own server, fixed program
        Path(sys.executable).parent / "gunicorn",
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


def collect_static() -> None:
    """Gathers and compresses the static files, unless those of this version lie there already."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    files = sorted(
        (str(path), os.stat(storage.path(path)).st_mtime_ns, storage.size(path))
        for finder in get_finders()
        for path, storage in finder.list([])
    )
    stamp = settings.STATIC_ROOT / "collected"
    wanted = hashlib.sha256(repr(files).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(wanted)
