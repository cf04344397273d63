"""`pip install` of the built wheel is the whole program: nothing is missing that lies in the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.durability
ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).parent / "uv"


def run(*command: str | Path, **environment: str) -> str:
    """Runs it away from the source tree, demands exit code 0, returns what it printed."""
    without = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT.anchor, env={**without, **environment},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT)
    (file,) = folder.glob("*.whl")
    return file


def test_the_wheel_holds_every_file_of_the_program_and_no_other(wheel):
    tracked = set(run("git", "-C", ROOT, "ls-files", "-z", "src/deqi").split("\0")) - {""}
    with zipfile.ZipFile(wheel) as bundle:
        inside = {f"src/{name}" for name in bundle.namelist() if ".dist-info/" not in name}
    assert len(tracked) > 500
    assert inside == tracked


def test_an_installed_wheel_runs_and_its_knowledge_is_sound(wheel, tmp_path):
    place = tmp_path / "venv"
    venv.create(place, with_pip=False)
    packages = next(place.glob("lib/python*/site-packages"))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")  # what Deqi stands on
    run(UV, "pip", "install", "--quiet", "--no-deps", "--python", place / "bin/python", wheel)
    where = run(place / "bin/python", "-c", "import deqi; print(deqi.__file__)")
    assert Path(where.strip()).is_relative_to(place)
    assert "Sound." in run(place / "bin/deqi", "check", "--knowledge-only", DEQI_HOME=str(tmp_path / "home"))
