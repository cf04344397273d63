"""kill -9 in the middle of saves: what was acknowledged is there, the rest is whole or absent."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest

from tests.durability.conftest import INIT, deqi
from tests.durability.killing import VICTIMS, Report, free_port, save_while_killing

pytestmark = pytest.mark.durability
KILLS = 6


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
    assert not report.lost and not report.faults
    assert report.looks == len(report.backs)
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
    report = save_while_killing(clinic, free_port(), KILLS, Report())
    assert set(report.kills) == set(VICTIMS)
    prove(clinic, report, tmp_path / "all.zip")


def test_no_acknowledged_save_is_lost_to_kills_of_the_database(new_home, own_postgres, tmp_path):
    place = new_home()
    place.url = own_postgres.address
    place.environment["DEQI_DATABASE_URL"] = own_postgres.address
    deqi(place, *INIT)
    report = save_while_killing(place, free_port(), KILLS, Report(), postgres=own_postgres, seed=2)
    assert report.kills["database"]
    prove(place, report, tmp_path / "all.zip")
