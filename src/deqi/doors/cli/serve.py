"""`deqi serve`: the web server and the background work, kept alive."""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import sys
import time
from pathlib import Path

import click

from deqi.doors.cli.home import need_database, with_home
from deqi.doors.cli.main import Refused

#: A server that was killed may still answer its last requests this long.
WAIT_FOR_PORT_S = 20.0


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, envvar="PORT")
@click.option("--workers", default=2, show_default=True)
@click.option("--no-background", is_flag=True, help="Leave background work to a `deqi worker` elsewhere.")
@click.option(
    "--wait-for-port",
    default=WAIT_FOR_PORT_S,
    show_default=True,
    help="Seconds to wait for a port that is taken.",
)
@with_home
def command(
    home: Path, host: str, port: int, workers: int, no_background: bool, wait_for_port: float
) -> None:
    """Serve the clinic and do its background work. Refuses a half-upgraded database,
    one that could lose a save, or one without its key.

    A small keeper starts both again within a second when they die; SIGTERM or Ctrl-C stops everything.
    """
    need_database()
    from deqi.record.operations.durability import faults
    from deqi.record.practice import sealing

    if found := [*faults(), *sealing.faults(at_most=1)]:
        raise Refused("\n".join(found))
    serve(host, port, workers, background=not no_background, wait_s=wait_for_port)


def serve(
    host: str, port: int, workers: int, *, background: bool = True, wait_s: float = WAIT_FOR_PORT_S
) -> None:
    """Collects the static files, opens the port and becomes the keeper; does not return."""
    from django.db import connections

    collect_static()
    connections.close_all()
    listening = listen(host, port, wait_s)
    os.set_inheritable(listening.fileno(), True)
    click.echo(f"Deqi on http://{host}:{port}  (Ctrl-C stops it)", nl=True)
    sys.stdout.flush()
    arguments = [str(listening.fileno()), str(workers), str(int(background))]
    os.execv(  # noqa: S606 - our own keeper, fixed program
        sys.executable, [sys.executable, "-m", "deqi.doors.cli.supervise", *arguments]
    )


def listen(host: str, port: int, wait_s: float = WAIT_FOR_PORT_S) -> socket.socket:
    """The open port. Waits for what a killed server left behind; refuses a port that stays taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    end = time.monotonic() + wait_s
    while True:
        try:
            return socket.create_server((host, port), family=family, backlog=1024)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                raise Refused(f"Cannot serve on {host}:{port}: {error.strerror}. Choose another --port.")
            time.sleep(0.1)


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
