"""How long does an encrypted back-up of a large clinic take, and from it to a site that answers? How much memory?

    python -m benchmarks.restore_drill [--folder var/clinic] [--patients 10000] [--sessions 200000]

Builds the synthetic clinic (about 1.2 GB on SQLite), backs it up to an age key, restores it into an empty folder, serves
that and asks for a page: with the real command, each step in a process of its own. The reference is one plain copy of
the database file with a sync. Figures wanted (docs/reliability.md, 4 and 5): back-up to page under 5 minutes, a back-up
in less than the 15 minutes that may be lost.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from tests.durability.killing import Server, free_port

from benchmarks.big_clinic import build


def deqi(home: Path, *arguments: str | Path) -> tuple[float, float, str]:
    """Runs the command on a folder: seconds, the most memory it held (MB), what it printed."""
    command = [str(Path(sys.executable).parent / "deqi"), *map(str, arguments)]
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, env=environment(home), stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise SystemExit(f"deqi {arguments[0]} failed:\n{text}")
    return seconds, used.ru_maxrss / 1000, text


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "DEQI_HOME": str(home), "DEQI_DATABASE_URL": "", "DEQI_REQUIRE_SECOND_FACTOR": "0"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/clinic"))
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--sessions", type=int, default=200_000)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    folder = chosen.folder.resolve()
    database = build(folder, chosen.patients, chosen.sessions)
    with tempfile.TemporaryDirectory(prefix="deqi-drill-", dir=folder.parent) as work:
        drill(folder, database, Path(work))


def drill(folder: Path, database: Path, work: Path) -> None:
    print(
        f"{database.stat().st_size / 1e6:,.0f} MB, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors"
    )
    began = time.perf_counter()
    shutil.copyfile(database, work / "copy")
    with (work / "copy").open("rb") as file:
        os.fsync(file.fileno())
    reference = time.perf_counter() - began
    (work / "copy").unlink()
    print(f"{'a copy and a sync (reference)':32} {reference:6.1f} s")

    def tell(step: str, seconds: float, memory: float | None = None) -> None:
        held = f", at most {memory:,.0f} MB of memory" if memory else ""
        print(f"{step:32} {seconds:6.1f} s = {seconds / reference:5.1f} x reference{held}", flush=True)

    *_, said = deqi(folder, "backup", "--new-key", work / "key.txt")
    seconds, memory, _ = deqi(folder, "backup", "--to", work / "out", "--recipient", said.strip())
    (file,) = (work / "out").iterdir()
    tell(f"back-up ({file.stat().st_size / 1e6:,.0f} MB)", seconds, memory)
    home = work / "restored"
    restored, memory, said = deqi(home, "restore", file, "--key-file", work / "key.txt")
    tell("restore, proved and checked", restored, memory)
    server = Server(SimpleNamespace(environment=environment(home)), free_port())
    try:
        served = server.start()
    finally:
        server.kill()
    tell("serve, to the first page", served)
    tell("back-up file to first page", restored + served)
    print(said.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
