"""What the tests need beside Python: Chromium and a PostgreSQL server. Found, installed, or asked for plainly."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Missing(Exception):
    """Something the tests need is not here and could not be installed; the message says what to do."""


def chromium() -> str:
    """Path of a Chromium: DEQI_CHROMIUM, one on the PATH, or the distribution's, installed when we are root."""
    if named := os.environ.get("DEQI_CHROMIUM"):
        return named
    if not (found := _first(CHROMIUM_NAMES)):
        install("chromium")
        found = _first(CHROMIUM_NAMES)
    if not found:
        raise Missing("Chromium was not found. Set DEQI_CHROMIUM to its path.")
    return found


@contextmanager
def postgresql() -> Iterator[str]:
    """Address of a server that lets us make databases: DEQI_TEST_POSTGRES, a local one, or one of our own.

    Our own runs on a free port of this machine in a folder of its own, and ends with the tests.
    """
    for address in filter(
        None,
        [
            os.environ.get("DEQI_TEST_POSTGRES"),
            "postgresql://postgres@127.0.0.1:5432/postgres",
            f"postgresql://{getpass.getuser()}@127.0.0.1:5432/postgres",
        ],
    ):
        if _may_create_databases(address):
            yield address
            return
    if os.environ.get("DEQI_TEST_POSTGRES"):
        raise Missing("DEQI_TEST_POSTGRES does not answer, or may not create databases.")
    with own_postgresql() as address:
        yield address


def install(package: str) -> None:
    """Installs a Debian or Ubuntu package when we are root; else says how."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"The tests need {package}. On Debian or Ubuntu: sudo apt-get install {package}")
    print(f"Installing {package}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", package]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"apt-get could not install {package}:\n{done.stderr[-2000:]}")


def _first(names: tuple[str, ...]) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


def _may_create_databases(address: str) -> bool:
    import psycopg

    try:
        with psycopg.connect(address, connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error:
        return False
    return bool(row and row[0])


def server_programs() -> Path:
    """Folder with initdb and postgres."""

    def look() -> Path | None:
        if found := shutil.which("initdb"):
            return Path(found).parent
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        return versions[-1].parent if versions else None

    if not (folder := look()):
        install("postgresql")
        folder = look()
    if not folder:
        raise Missing("PostgreSQL's initdb was not found. Set DEQI_TEST_POSTGRES to a server's address.")
    return folder


@contextmanager
def own_postgresql() -> Iterator[str]:
    """Address of a server of our own. PostgreSQL refuses to run as root: root hands it to the postgres user."""
    programs = server_programs()
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="deqi-postgres-") as folder:
        if as_user:
            shutil.chown(folder, "postgres")
        data = Path(folder) / "data"
        options = f"-p {port} -h 127.0.0.1 -c unix_socket_directories="
        _run([*as_user, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres"])
        control = [*as_user, str(programs / "pg_ctl"), "-D", str(data), "-w"]
        _run([*control, "-l", str(Path(folder) / "log"), "-o", options, "start"])
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], capture_output=True, check=False)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Missing(f"{command[-1]} failed: {done.stderr[-2000:]}")
