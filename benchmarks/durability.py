"""How many acknowledged saves do kill -9s lose? Figures 1 to 3 of the reliability table.

    python -m benchmarks.durability [--kills 1000] [--minutes M] [--database sqlite|postgresql]

A web worker, the web server's master, the background worker, the keeper with all of them and (PostgreSQL) the
database are killed, in equal parts and random order, while three people register patients. After each kill a
process that stays open runs every check of `deqi check` and looks up every acknowledged id; after every 25th
`deqi check` itself runs. At the end everything is exported and compared with what was sent.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from tests.durability.conftest import INIT, deqi
from tests.durability.killing import OwnPostgres, Report, Witness, free_port, save_while_killing
from tests.durability.test_kill import prove

EVERY = 25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="kill no longer than this, then prove"
    )
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deqi-kill-") as folder:
        Path(folder).chmod(0o755)
        own = OwnPostgres(Path(folder) / "postgres", free_port()) if chosen.database == "postgresql" else None
        environment = {
            **os.environ,
            "DEQI_HOME": str(Path(folder) / "home"),
            "DEQI_DATABASE_URL": own.address if own else "",
            "DEQI_REQUIRE_SECOND_FACTOR": "0",
        }
        place = SimpleNamespace(
            home=Path(folder) / "home", url=own.address if own else "", environment=environment
        )
        try:
            run(place, own, chosen.kills, chosen.minutes, Path(folder) / "all.zip")
        finally:
            if own:
                own.stop()


def run(place: SimpleNamespace, own: OwnPostgres | None, kills: int, minutes: float, path: Path) -> None:
    """Kills, then proves; when something fails, says what was lost up to there."""
    report, began, commands = Report(), time.monotonic(), 0

    def enough() -> bool:
        nonlocal commands
        took = time.monotonic() - began
        if len(report.backs) % EVERY == 0:
            deqi(place, "check")
            commands += 1
            print(
                f"{len(report.backs)} kills in {took:.0f} s, {len(report.acknowledged)} saves acknowledged,"
                f" {report.looks} looks and {commands} `deqi check` sound",
                flush=True,
            )
        return took > minutes * 60

    try:
        deqi(place, *INIT)
        save_while_killing(place, free_port(), kills, report, postgres=own, enough=enough)
        prove(place, report, path)
    except BaseException:
        print("NOT PROVED: it ended before its time, or something is wrong.")
        if not report.lost and not report.faults:
            look_once_more(place, report)
        print(*report.faults, *(f"LOST: {row}" for row in sorted(report.lost)), sep="\n")
        tell(report, commands)
        raise
    tell(report, commands)
    print("database, audit chain and invariants after all of them: sound")


def look_once_more(place: SimpleNamespace, report: Report) -> None:
    """Whatever ended the run: which acknowledged saves are there?"""
    witness = Witness(place)
    try:
        report.faults, report.lost = witness.look(report.acknowledged.copy())
    finally:
        witness.end()


def tell(report: Report, commands: int) -> None:
    kills = report.kills
    print(f"kills: {kills.total()} ({', '.join(f'{victim} {count}' for victim, count in kills.items())})")
    print(
        f"saves acknowledged: {len(report.acknowledged)}, lost: {len(report.lost)}; sent {len(report.tried)}"
    )
    print(f"looks at the whole record after a kill: {report.looks} of {kills.total()} sound")
    print(f"`deqi check` while people save: {commands} of {commands} sound")
    for victim in kills:
        back = sorted(seconds for killed, seconds in report.backs if killed == victim)
        print(
            f"first page after {victim} was killed: median {statistics.median(back):.2f} s,"
            f" longest {back[-1]:.2f} s (wanted: under 5 s)"
        )
    if kills:
        back = sorted(report.back_s)
        print(f"first page, all: median {statistics.median(back):.2f} s, longest {back[-1]:.2f} s")
    print(f"longest time without an acknowledged save: {report.pause_s:.2f} s")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
