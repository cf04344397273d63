"""A back-up is one file: the whole database at one moment and what proves it whole, encrypted with age.

Layout (a tar, encrypted unless asked otherwise): `manifest.json` (version, migrations, row counts, audit head,
SHA-256 of the data, which seal key) and `database.sqlite3` or `database.dump` (pg_dump, custom format) and the keys
that lie in the clinic's folder, `secret.key` and `seal.key`. A key from the environment is not in the file.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyrage
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from deqi import __version__
from deqi.record.audit.models import AuditHead
from deqi.record.practice import sealing

Say = Callable[[str], None]
KEYS = {"secret.key": "DEQI_SECRET_KEY", "seal.key": "DEQI_SEAL_KEY"}
OWN_APPS = ("audit", "practice", "patients", "care", "questionnaires")
#: SQLite is copied in steps of so many pages (16 MB); after each one, it is told how far it is.
PAGES_A_STEP = 4096
#: What a killed back-up left behind is cleared by a later one after so long.
LEFT_BEHIND_S = 24 * 3600


class BackupError(Exception):
    """The back-up could not be written or read; nothing was changed."""


def row_counts() -> dict[str, int]:
    """Rows of each of our tables."""
    return {model._meta.db_table: model.objects.count() for model in _own_models()}


def write_backup(folder: Path, *, recipients: list[str], passphrase: str | None, say: Say = print) -> Path:
    """Writes one back-up of the running clinic into `folder` and returns its path.

    `recipients` are age public keys (age1...); without them and without a passphrase the file is plain.
    It holds one moment, whatever is saved meanwhile. What is not yet encrypted lies in the clinic's own folder;
    `folder` sees the finished file alone, as `….part` until it is whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _clear_what_was_left(folder)
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    with tempfile.TemporaryDirectory(dir=_parent(settings.HOME), prefix=".backup-") as work:
        plain = Path(work) / "plain.tar"
        copy = _copy_sqlite if connection.vendor == "sqlite" else _copy_postgresql
        data, moment = copy(Path(work), say)
        manifest = {
            "deqi": __version__,
            "written_at": stamp,
            "database": connection.vendor,
            "file": data.name,
            "sha256": _sha256(data),
            **moment,
            "seal_key": sealing.fingerprint(settings.SEAL_KEY),
        }
        with tarfile.open(plain, "w") as tar:
            _add(tar, "manifest.json", json.dumps(manifest, indent=1).encode())
            tar.add(data, arcname=data.name)
            for key, variable in KEYS.items():
                if not os.environ.get(variable) and (settings.HOME / key).exists():
                    tar.add(settings.HOME / key, arcname=key)
        data.unlink()
        encrypted = bool(recipients or passphrase)
        say("Encrypting" if encrypted else "Not encrypted: keep this file safe")
        target = folder / f"deqi-{stamp}.tar{'.age' if encrypted else ''}"
        _seal(plain, target, recipients, passphrase)
    return target


def read_backup(path: Path, work: Path, *, identity: str | None, passphrase: str | None) -> dict[str, Any]:
    """Opens the back-up at `path` into `work` and returns its manifest, once its data prove whole."""
    plain = path
    if path.suffix == ".age":
        plain = work / "plain.tar"
        try:
            if passphrase:
                plain.write_bytes(pyrage.passphrase.decrypt(path.read_bytes(), passphrase))
            elif identity:
                pyrage.decrypt_file(str(path), str(plain), [pyrage.x25519.Identity.from_str(identity)])
            else:
                raise BackupError(f"{path.name} is encrypted: its key or passphrase is needed")
        except pyrage.DecryptError as error:
            raise BackupError(f"{path.name} does not open with this key or passphrase: {error}")
    try:
        with tarfile.open(plain) as tar:
            tar.extractall(work, filter="data")
    except tarfile.TarError as error:
        raise BackupError(f"{path.name} is not a whole back-up: {error}")
    if not (work / "manifest.json").exists():
        raise BackupError(f"{path.name} has no manifest: it is not a back-up of Deqi")
    manifest: dict[str, Any] = json.loads((work / "manifest.json").read_text())
    if _sha256(work / manifest["file"]) != manifest["sha256"]:
        raise BackupError(f"{path.name}: the data are not those that were written (SHA-256 differs)")
    return manifest


def restore_backup(
    path: Path,
    *,
    identity: str | None = None,
    passphrase: str | None = None,
    replace: bool = False,
    say: Say = print,
) -> dict[str, Any]:
    """Puts the back-up at `path` in place of an empty clinic and proves it; returns the manifest.

    Refuses (BackupError) when a clinic is already there, unless `replace`; a replaced SQLite file is kept
    beside the new one. Row counts and the audit head must equal the manifest's.
    """
    with tempfile.TemporaryDirectory(dir=_parent(settings.HOME), prefix=".restore-") as folder:
        work = Path(folder)
        say("Opening the back-up")
        manifest = read_backup(path, work, identity=identity, passphrase=passphrase)
        if manifest["database"] != connection.vendor:
            raise BackupError(
                f"This back-up is of {manifest['database']}, the settings name {connection.vendor}"
            )
        _same_seal(work, manifest)
        say("Putting it in place")
        (_restore_sqlite if connection.vendor == "sqlite" else _restore_postgresql)(work, manifest, replace)
        _restore_keys(work)
    say("Proving it")
    found = row_counts()
    wrong = {t: (n, found.get(t)) for t, n in manifest["rows"].items() if found.get(t) != n}
    if wrong:
        raise BackupError(f"After the restore the rows differ (table: wanted, found): {wrong}")
    head = AuditHead.objects.get(id=1)
    if [head.last_id, head.last_hash] != [manifest["audit"]["last_id"], manifest["audit"]["last_hash"]]:
        raise BackupError("After the restore the audit log ends elsewhere than when it was backed up")
    return manifest


def new_key(path: Path) -> str:
    """Writes a new age key to `path` (readable by its owner alone) and returns its public half."""
    if path.exists():
        raise BackupError(f"{path} is there already; a key is never overwritten")
    identity = pyrage.x25519.Identity.generate()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public())


def read_key(path: Path) -> str:
    """The secret line of an age key file."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    keys = [line for line in lines if line.startswith("AGE-SECRET-KEY-")]
    if not keys:
        raise BackupError(f"{path} holds no age secret key")
    return keys[0]


def _own_models() -> list[Any]:
    return [model for app in OWN_APPS for model in apps.get_app_config(app).get_models()]


def _copy_sqlite(work: Path, say: Say) -> tuple[Path, dict[str, Any]]:
    """A copy of the file and what stands in it. One read transaction: people go on saving, the copy stays."""
    target = work / "database.sqlite3"
    source = settings.DATABASES["default"]["NAME"]
    with (
        closing(sqlite3.connect(source, isolation_level=None)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment: the first read
        live.backup(
            copy, pages=PAGES_A_STEP, progress=lambda _, left, of: say(f"Copied {of - left} of {of} pages")
        )
        copy.execute("PRAGMA journal_mode=DELETE")
        rows = {
            table: copy.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608 - our own tables
            for table in (model._meta.db_table for model in _own_models())
        }
        migrations = copy.execute("SELECT app || '.' || name FROM django_migrations").fetchall()
        head = copy.execute("SELECT last_id, last_hash FROM audit_audithead").fetchone()
    return target, _moment((name for (name,) in migrations), rows, *head)


def _copy_postgresql(work: Path, say: Say) -> tuple[Path, dict[str, Any]]:
    """A dump and what stood in the database then: both read in the snapshot of one transaction."""
    target = work / "database.dump"
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        say("Dumping the database")
        _run(["pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={target}"])
        say(f"Dumped {target.stat().st_size / 1e6:.1f} MB")
        head = AuditHead.objects.get(id=1)
        applied = MigrationRecorder(connection).applied_migrations()
        return target, _moment((f"{a}.{n}" for a, n in applied), row_counts(), head.last_id, head.last_hash)


def _moment(migrations: Iterable[str], rows: dict[str, int], last_id: int, last_hash: str) -> dict[str, Any]:
    """What the manifest says of the data."""
    audit = {"last_id": last_id, "last_hash": last_hash}
    return {"migrations": sorted(migrations), "rows": rows, "audit": audit}


def _clear_what_was_left(folder: Path) -> None:
    """Removes what back-ups that were killed more than a day ago left unfinished."""
    for path in [*_parent(settings.HOME).glob(".backup-*"), *folder.glob("deqi-*.part")]:
        with suppress(FileNotFoundError):  # another back-up has just ended
            if path.stat().st_mtime < time.time() - LEFT_BEHIND_S:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _restore_sqlite(work: Path, manifest: dict[str, Any], replace: bool) -> None:
    target = Path(settings.DATABASES["default"]["NAME"])
    data = work / manifest["file"]
    with closing(sqlite3.connect(data)) as check:
        if (answer := check.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise BackupError(f"The database in the back-up is damaged: {answer}")
    if target.exists() and not replace:
        raise BackupError(f"{target} is there already; --replace keeps it aside and goes on")
    connection.close()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for suffix in ("", "-wal", "-shm"):
        old = target.with_name(target.name + suffix)
        if old.exists():
            os.replace(old, old.with_name(f"{target.stem}-before-restore-{stamp}.sqlite3{suffix}"))
    _sync(data)
    shutil.move(data, target)
    target.chmod(0o600)


def _restore_postgresql(work: Path, manifest: dict[str, Any], replace: bool) -> None:
    tables = set(connection.introspection.table_names())
    if tables and not replace:
        raise BackupError("The database is not empty; --replace empties it first")
    if tables:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    connection.close()
    _run(["pg_restore", "--no-owner", "--exit-on-error", str(work / manifest["file"])])


def _same_seal(work: Path, manifest: dict[str, Any]) -> None:
    """Refuses when the secrets of second factors could not be opened after the restore."""
    there = work / "seal.key"
    key = settings.SEAL_KEY
    if there.exists() and not os.environ.get("DEQI_SEAL_KEY"):
        key = there.read_text().strip()
    if manifest.get("seal_key", sealing.fingerprint(key)) != sealing.fingerprint(key):
        raise BackupError(
            "The secrets of second factors were sealed under another key: name it in DEQI_SEAL_KEY (or put it"
            f" into {settings.HOME / 'seal.key'}) and restore again"
        )


def _restore_keys(work: Path) -> None:
    """The keys of the back-up in place of those of an empty clinic; a key that differs is kept aside."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for name, variable in KEYS.items():
        kept, target = work / name, settings.HOME / name
        if os.environ.get(variable) or not kept.exists():
            continue
        if target.exists() and target.read_bytes() != kept.read_bytes():
            os.replace(target, target.with_name(f"{name}-before-restore-{stamp}"))
        shutil.copy(kept, target)
        target.chmod(0o600)
        _sync(target)
        if name == "seal.key":
            settings.SEAL_KEY = kept.read_text().strip()


def _run(command: list[str]) -> None:
    """Runs one of PostgreSQL's programs on the clinic's database. Its password is never an argument: `ps` shows those."""
    if not shutil.which(command[0]):
        raise BackupError(
            f"{command[0]} is not installed (Debian, Ubuntu: apt-get install postgresql-client)"
        )
    target, environment = _how_to_connect()
    done = subprocess.run(  # noqa: S603 - fixed programs
        [command[0], target, *command[1:]], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupError(f"{command[0]} failed: {done.stderr.strip()}")


def _how_to_connect() -> tuple[str, dict[str, str]]:
    """As Django connects: an argument and an environment for PostgreSQL's programs.

    What libpq reads from the environment (the password, TLS) goes there; the rest, such as keep-alives, and the
    database's name stand in the argument. A secret that has no variable is refused.
    """
    from psycopg import pq
    from psycopg.conninfo import make_conninfo

    wanted = connection.get_connection_params()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DEQI_")}
    argument = {}
    for option in pq.Conninfo.get_defaults():
        keyword = option.keyword.decode()
        if wanted.get(keyword) in (None, ""):
            continue
        if keyword != "dbname" and option.envvar:
            environment[option.envvar.decode()] = str(wanted[keyword])
        elif option.dispchar:
            raise BackupError(
                f"DEQI_DATABASE_URL: {keyword} cannot be handed to PostgreSQL's programs in secret"
            )
        else:
            argument[keyword] = str(wanted[keyword])
    return f"--dbname={make_conninfo(**argument)}", environment


def _seal(plain: Path, target: Path, recipients: list[str], passphrase: str | None) -> None:
    """Writes `plain` encrypted (or as it is, when nothing is named) as `target`, which appears when it is whole."""
    part = target.with_name(target.name + ".part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise BackupError(f"{target} is being written by another back-up at this moment")
    try:
        if recipients:
            keys = [pyrage.x25519.Recipient.from_str(key) for key in recipients]
            pyrage.encrypt_file(str(plain), str(part), keys)
        elif passphrase:
            part.write_bytes(pyrage.passphrase.encrypt(plain.read_bytes(), passphrase))
        else:
            shutil.copyfile(plain, part)
        _sync(part)
        os.replace(part, target)
        _sync_folder(target.parent)
    except (pyrage.RecipientError, pyrage.EncryptError) as error:
        raise BackupError(f"Could not encrypt: {error}")
    finally:
        part.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """So that the new name is on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parent(home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return home
