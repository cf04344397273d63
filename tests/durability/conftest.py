"""Clinics in folders of their own, driven through the real command in real processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

INIT = [
    "init", "--name", "Kill clinic", "--site", "North", "--jurisdiction", "GB", "--manager-name", "Max Maple",
    "--manager-email", "max@test.example", "--password-file", str(Path(__file__).with_name("first_password.txt")),
]  # fmt: skip


@pytest.fixture(scope="session")
def places(tmp_path_factory) -> Iterator:
    """`places(like)` makes an empty folder (and, on PostgreSQL, a database), or a copy of another place."""
    server = os.environ.get("DEQI_DATABASE_URL", "")
    made: list[str] = []

    def make(like: SimpleNamespace | None = None) -> SimpleNamespace:
        name = f"deqi_{uuid4().hex[:12]}"
        home = tmp_path_factory.mktemp("clinics") / name
        url = ""
        if server:
            template = f" TEMPLATE {urlsplit(like.url).path[1:]}" if like else ""
            _postgres(server, f"CREATE DATABASE {name}{template}")
            made.append(name)
            url = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        if like:
            shutil.copytree(like.home, home)
            home.chmod(0o700)
        environment = {
            **os.environ, "DEQI_HOME": str(home), "DEQI_DATABASE_URL": url, "DEQI_REQUIRE_SECOND_FACTOR": "0",
        }  # fmt: skip
        return SimpleNamespace(home=home, url=url, environment=environment)

    yield make
    for name in made:
        _postgres(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _postgres(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def deqi(place: SimpleNamespace, *arguments: str | Path, code: int = 0) -> str:
    """Runs `deqi` on a folder, demands the exit code, returns what it printed."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "deqi"), *map(str, arguments)],
        env=place.environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def fresh_clinic(places) -> SimpleNamespace:
    """A clinic made by `deqi init`; never changed, only copied."""
    place = places()
    deqi(place, *INIT)
    return place


@pytest.fixture
def new_home(places):
    """`new_home()`: an empty place."""
    return places


@pytest.fixture
def clinic(places, fresh_clinic) -> SimpleNamespace:
    """A copy of a clinic made by `deqi init`."""
    return places(fresh_clinic)


@pytest.fixture
def own_postgres() -> Iterator:
    """A PostgreSQL server that may be killed; SQLite has none, its file is under the kills of the processes."""
    if not os.environ.get("DEQI_DATABASE_URL"):
        pytest.skip("SQLite has no server to kill")
    from tests.durability.killing import OwnPostgres, free_port

    with tempfile.TemporaryDirectory(prefix="deqi-postgres-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs as another user, who must get in
        own = OwnPostgres(Path(folder) / "postgres", free_port())
        try:
            yield own
        finally:
            own.stop()
