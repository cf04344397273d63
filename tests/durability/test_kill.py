"""kill -9 in the middle of saves: what was acknowledged is there, the rest is whole or absent."""

from __future__ import annotations

import csv
import io
import socket
import tempfile
import zipfile
from pathlib import Path

import pytest

from tests.durability.conftest import deqi
from tests.durability.killing import OwnPostgres, save_while_killing

pytestmark = pytest.mark.durability
KILLS = 6


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tables(place, path) -> dict[str, list[dict[str, str]]]:
    deqi(place, "export", path)
    with zipfile.ZipFile(path) as bundle:
        return {
            name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(bundle.read(name).decode())))
            for name in bundle.namelist()
            if name.endswith(".csv")
        }


def prove(place, report, path) -> None:
    """Nothing acknowledged is lost, nothing is half there, the audit chain and the database are sound."""
    assert report.acknowledged, "nobody could save anything: the test proved nothing"
    assert "Sound." in deqi(place, "check")
    found = tables(place, path)
    there = {row["id"] for row in found["patients_patient"]}
    assert report.acknowledged <= there
    assert there <= report.tried
    with_doctor = {row["patient_id"] for row in found["patients_careprovider"]}
    assert there == with_doctor
    logged = {row["patient_id"] for row in found["audit_auditentry"] if row["verb"] == "patient.register"}
    assert there <= logged
    assert max(report.back_s) < 60


def test_no_acknowledged_save_is_lost_to_kills_of_the_server(clinic, tmp_path):
    prove(clinic, save_while_killing(clinic, free_port(), KILLS), tmp_path / "all.zip")


def test_no_acknowledged_save_is_lost_to_kills_of_the_database(clinic, new_home, tmp_path):
    if not clinic.url:
        pytest.skip("SQLite has no server to kill; its file was under the kills of the workers")
    with tempfile.TemporaryDirectory(prefix="deqi-postgres-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs as another user, who must get in
        own = OwnPostgres(Path(folder) / "postgres", free_port())
        try:
            place = new_home()
            place.url = own.address
            place.environment["DEQI_DATABASE_URL"] = own.address
            from tests.durability.conftest import INIT

            deqi(place, *INIT)
            prove(
                place,
                save_while_killing(place, free_port(), KILLS, postgres=own, seed=2),
                tmp_path / "all.zip",
            )
        finally:
            own.stop()
