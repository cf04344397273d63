"""How many acknowledged saves do kill -9s lose? Figures 1 to 3 of the reliability table.

    python -m benchmarks.durability [--kills 1000] [--database sqlite|postgresql]

The server's workers, its master and (PostgreSQL) the database are killed at random while three people register
patients. At the end `deqi check` proves database and audit chain, and every acknowledged id is looked up.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from pathlib import Path
from types import SimpleNamespace

from tests.durability.conftest import INIT, deqi
from tests.durability.killing import OwnPostgres, save_while_killing
from tests.durability.test_kill import free_port, prove


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
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
            deqi(place, *INIT)
            report = save_while_killing(place, free_port(), chosen.kills, postgres=own)
            prove(place, report, Path(folder) / "all.zip")
        finally:
            if own:
                own.stop()
    back = sorted(report.back_s)
    print(f"kills: {sum(report.kills.values())} ({', '.join(f'{n} {v}' for v, n in report.kills.items())})")
    print(f"saves acknowledged: {len(report.acknowledged)}, lost: 0; sent {len(report.tried)}")
    print(f"back after: median {statistics.median(back):.2f} s, longest {back[-1]:.2f} s (wanted: under 5 s)")
    print("database, audit chain and invariants: sound")


if __name__ == "__main__":
    main()
