"""The database's password and the secrets of links are not where others on the machine, or a log, show them."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from urllib.parse import quote

import pytest

from deqi.config.logs import NoLinks
from tests.durability.conftest import INIT, deqi

pytestmark = pytest.mark.durability

PASSWORD = "a@b:c/d %e'f\"g\\h?&=ü"
DATABASE = "the clinic's own"
#: Notes how it was called, as `ps` shows it, and becomes the program it stands for.
LISTENS = """#!{python}
import json, os, sys
with open({notes!r}, "a") as file:
    shown = open("/proc/self/cmdline").read().split(chr(0))
    file.write(json.dumps([os.path.basename(sys.argv[0]), shown, dict(os.environ)]) + chr(10))
os.execv({real!r}, [{real!r}, *sys.argv[1:]])
"""


@pytest.fixture
def guarded(own_postgres):
    """Address of a database, with options, on a server that lets nobody in without a password."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(own_postgres.address, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE owner LOGIN PASSWORD {}").format(sql.Literal(PASSWORD)))
        for name in (DATABASE, "second"):
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER owner").format(sql.Identifier(name)))
            with psycopg.connect(own_postgres.address, dbname=name, autocommit=True) as inside:
                inside.execute("ALTER SCHEMA public OWNER TO owner")
    own_postgres.stop()
    rules = own_postgres.folder / "data" / "pg_hba.conf"
    rules.write_text("host all all 127.0.0.1/32 scram-sha-256\n")
    own_postgres.start()

    def address(database: str, options: str = "sslmode=disable&application_name=our%20clinic&keepalives=1"):
        who = f"owner:{quote(PASSWORD, safe='')}@127.0.0.1:{own_postgres.port}"
        return f"postgresql://{who}/{quote(database)}?{options}"

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://owner@127.0.0.1:{own_postgres.port}/second")
    yield address
    rules.write_text("host all all 127.0.0.1/32 trust\n")


def test_a_back_up_and_a_restore_never_show_the_password(new_home, guarded, tmp_path):
    programs, notes = tmp_path / "bin", tmp_path / "notes"
    programs.mkdir()
    for name in ("pg_dump", "pg_restore"):
        real = shutil.which(name)
        (programs / name).write_text(LISTENS.format(python=sys.executable, notes=str(notes), real=real))
        (programs / name).chmod(0o755)
    here, there = new_home(), new_home()
    for place, database in ((here, DATABASE), (there, "second")):
        place.environment["DEQI_DATABASE_URL"] = guarded(database)
        place.environment["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    deqi(here, *INIT)
    deqi(here, "backup", "--to", tmp_path / "out", "--plain")
    (file,) = (tmp_path / "out").iterdir()
    deqi(there, "restore", file)
    assert "Sound." in deqi(there, "check")

    calls = [json.loads(line) for line in notes.read_text().splitlines()]
    assert [name for name, _, _ in calls] == ["pg_dump", "pg_restore"]
    for _, shown, environment in calls:
        assert any("keepalives=1" in argument for argument in shown)
        assert not any(PASSWORD in argument or quote(PASSWORD, safe="") in argument for argument in shown)
        assert "a@b:c" not in " ".join(shown)
        assert environment["PGPASSWORD"] == PASSWORD
        assert (environment["PGSSLMODE"], environment["PGAPPNAME"]) == ("disable", "our clinic")
        assert not [name for name in environment if name.startswith("DEQI_")]


def test_an_option_of_the_address_counts_for_the_pages_too(new_home, guarded):
    place = new_home()
    place.environment["DEQI_DATABASE_URL"] = guarded("second", "sslmode=require")
    said = deqi(place, "check", code=2)
    assert "SSL" in said and "a@b:c" not in said


def test_a_secret_that_has_no_safe_way_is_refused(new_home, guarded, tmp_path):
    place = new_home()
    place.environment["DEQI_DATABASE_URL"] = guarded("second", "sslmode=disable&sslpassword=hidden-word")
    deqi(place, *INIT)
    said = deqi(place, "backup", "--to", tmp_path, "--plain", code=2)
    assert "sslpassword" in said and "hidden-word" not in said and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://owner:pass word@127.0.0.1/deqi",
        "postgresql://owner:pass%word@127.0.0.1/deqi",
        "postgresql://[owner:pass word@127.0.0.1/deqi",
        "postgresql://owner:pass word@127.0.0.1/deqi?ssl=perhaps",
        "mysql://owner:pass word@127.0.0.1/deqi",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_being_told(new_home, address):
    place = new_home()
    place.environment["DEQI_DATABASE_URL"] = address
    said = deqi(place, "check", code=2)
    assert "DEQI_DATABASE_URL" in said and "word" not in said.replace("password", "")


@pytest.mark.parametrize(
    "address", ["smtp://us:pa/ssword@mail.example", "smtp://[a:ssword@x", "mail.example"]
)
def test_a_mail_server_that_cannot_be_read_is_refused_without_being_told(new_home, address):
    place = new_home()
    place.environment["DEQI_EMAIL_URL"] = address
    said = deqi(place, "check", code=2)
    assert "DEQI_EMAIL_URL" in said and "'pa'" not in said and "ssword" not in said.replace("password", "")


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("Not Found: /account/invitation/Zm9v/", "Not Found: /account/invitation/.../"),
        ("Gone: /r/WyJh:1x/stop/", "Gone: /r/.../stop/"),
        ("Bad Request: /account/password/reset/3-d7f-aa/", "Bad Request: /account/password/reset/.../"),
        ("Not Found: /account/password/reset/done/", "Not Found: /account/password/reset/done/"),
        ("Not Found: /letters/r2/", "Not Found: /letters/r2/"),
    ],
)
def test_a_log_line_holds_no_link_that_lets_somebody_in(said, logged):
    status, address = said.split(": ")
    record = logging.makeLogRecord({"msg": "%s: %s", "args": (status, address)})
    assert NoLinks().filter(record)
    assert record.getMessage() == logged
