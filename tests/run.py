"""`make test`: checks, then every test on SQLite and again on PostgreSQL. One closing line each.

PostgreSQL: the server that DEQI_TEST_POSTGRES names (postgresql://user@host:port/postgres), else one that
answers on 127.0.0.1:5432.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent
POSTGRES = os.environ.get("DEQI_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


def run(title: str, command: list[str], **environment: str) -> int:
    print(f"\n== {title}", flush=True)
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


def main() -> int:
    failed = [
        title
        for title, command in {
            "style": [str(BIN / "ruff"), "check", "src", "tests", "benchmarks"],
            "floors": [str(BIN / "lint-imports")],
            "types of the science": [str(BIN / "mypy")],
        }.items()
        if run(title, command)
    ]
    os.environ["DEQI_HOME"] = tempfile.mkdtemp(prefix="deqi-test-")
    pytest = [sys.executable, "-m", "pytest", "-q", *sys.argv[1:]]
    for title, url in {"SQLite": "", "PostgreSQL": POSTGRES}.items():
        if run(f"tests on {title}", pytest, DEQI_DATABASE_URL=url):
            failed.append(f"tests on {title}")
    print("\nAll green." if not failed else f"\nFailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
