"""`deqi serve` keeps its web server and its background worker alive, and leaves nothing running when it stops.

Every wait is for a condition; how quickly they come back is measured in benchmarks, not here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.killing import (
    BACKGROUND,
    child_of,
    children_of,
    free_port,
    runs,
    wait_for,
    web_server_of,
)

pytestmark = [
    pytest.mark.durability,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc to find processes"),
]
PATIENCE_S = 90


def family_of(pid: int) -> set[int]:
    """The process and all that came from it."""
    return {pid}.union(*(family_of(child) for child in children_of(pid)))


class Kept:
    """`deqi serve` on a port of its own."""

    def __init__(self, place):
        self.place, self.port = place, free_port()
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                str(Path(sys.executable).parent / "deqi"), "serve", "--port", str(self.port), "--workers", "1",
                "--wait-for-port", str(PATIENCE_S),
            ],
            env=self.place.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        wait_for(self.answers, "the first page")

    def answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.port}/account/login/", timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def child(self, name: str) -> int:
        """The pid of the one child whose command line holds `name`."""
        return child_of(self.process.pid, name)

    def web_server(self) -> tuple[int, list[int]]:
        """The web server's master and its workers."""
        return web_server_of(self.process.pid)

    def end(self) -> None:
        family = family_of(self.process.pid)
        self.process.kill()  # first of all: it would start the others again
        self.process.wait()
        for pid in family - {self.process.pid}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture
def kept(clinic) -> Iterator[Kept]:
    server = Kept(clinic)
    yield server
    server.end()


def test_a_killed_web_server_and_a_killed_worker_come_back_and_a_stop_leaves_nothing(kept):
    (master, web_workers), worker = kept.web_server(), kept.child(BACKGROUND)
    os.kill(master, signal.SIGKILL)
    wait_for(lambda: kept.web_server()[0] != master, "another web server")
    wait_for(kept.answers, "a page from the new web server")
    wait_for(lambda: not any(map(runs, web_workers)), "the workers of the killed web server to end")
    assert kept.child(BACKGROUND) == worker, "the background worker was not touched"

    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: kept.child(BACKGROUND) != worker, "another background worker")
    assert kept.answers()

    family = family_of(kept.process.pid)
    assert len(family) >= 4
    kept.process.send_signal(signal.SIGTERM)
    assert kept.process.wait(PATIENCE_S) == 0
    assert not any(map(runs, family))


def test_when_the_keeper_itself_is_killed_its_children_end_and_the_next_one_takes_the_port(kept):
    kept.web_server()
    family = family_of(kept.process.pid) - {kept.process.pid}
    kept.process.kill()
    kept.process.wait()
    kept.start()
    wait_for(lambda: not any(map(runs, family)), "the children of the killed keeper to end")
    wait_for(kept.answers, "a page from the next server")


def test_a_port_that_stays_taken_is_refused_in_words(clinic):
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = subprocess.run(
            [
                str(Path(sys.executable).parent / "deqi"), "serve", "--wait-for-port", "0.5",
                "--port", str(other.getsockname()[1]),
            ],
            env=clinic.environment, capture_output=True, text=True, timeout=PATIENCE_S,
        )  # fmt: skip
    assert done.returncode == 2
    assert "Choose another --port" in done.stderr
