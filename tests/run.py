"""`make test`: the checks, then every test on SQLite and again on PostgreSQL, the browser's included.

Arguments go to pytest: `python -m tests.run tests/unit`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests import provide

BIN = Path(sys.executable).parent
CHECKS = {
    "style": [str(BIN / "ruff"), "check", "src", "tests", "benchmarks"],
    "form": [str(BIN / "ruff"), "format", "--check", "src", "tests", "benchmarks"],
    "floors": [str(BIN / "lint-imports")],
    "types of the science": [str(BIN / "mypy")],
    "knowledge": [str(BIN / "deqi"), "check", "--knowledge-only"],
}


def run(title: str, command: list[str], **environment: str) -> bool:
    """Runs one step and says how long it took; True when it is green."""
    print(f"\n== {title}", flush=True)
    started = time.monotonic()
    code = subprocess.run(command, env={**os.environ, **environment}, check=False).returncode
    print(f"== {title}: {'green' if code == 0 else 'RED'}, {time.monotonic() - started:.0f} s", flush=True)
    return code == 0


def main() -> int:
    failed = []
    with tempfile.TemporaryDirectory(prefix="deqi-test-") as home:
        os.environ["DEQI_HOME"] = home
        try:
            os.environ["DEQI_CHROMIUM"] = provide.chromium()
            with provide.postgresql() as server:
                failed += [title for title, command in CHECKS.items() if not run(title, command)]
                pytest = [
                    sys.executable,
                    "-m",
                    "pytest",
                    "-q",
                    "-n",
                    "2",
                    "--dist",
                    "loadfile",
                    *sys.argv[1:],
                ]
                for title, url in {"SQLite": "", "PostgreSQL": server}.items():
                    if not run(f"tests on {title}", pytest, DEQI_DATABASE_URL=url):
                        failed.append(f"tests on {title}")
        except provide.Missing as missing:
            print(missing, file=sys.stderr)
            return 1
    print(f"\nRed: {', '.join(failed)}" if failed else "\nAll green.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
