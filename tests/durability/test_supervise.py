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
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deqi.doors.cli import supervise
from tests.durability.conftest import INIT, deqi
from tests.durability.killing import (
    BACKGROUND,
    OwnPostgres,
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


KEEPS_TWO = """
import sys
from deqi.doors.cli import supervise
supervise.PAUSE_S, supervise.MOST_REST_S = 0.01, 0.05
lasts, fails = ["/bin/sleep", "1000"], ["/bin/sh", "-c", "exit 3"]
web, background = (fails, lasts) if sys.argv[1] == "the web server fails" else (lasts, fails)
sys.exit(supervise.Keeper([
    supervise.Child("web server", web, vital=True),
    supervise.Child("background worker", background, vital=False),
]).run())
"""


def keep_two(which: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", KEEPS_TWO, which], stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def test_the_web_server_goes_on_however_often_the_background_worker_fails():
    with keep_two("the background worker fails") as keeper:
        web = child_of(keeper.pid, "sleep")
        for _ in range(3 * supervise.MOST_SHORT_LIVES):
            assert keeper.stderr.readline().startswith("deqi: the background worker ended (exit code 3)")
        assert child_of(keeper.pid, "sleep") == web
        keeper.terminate()
        assert keeper.wait(PATIENCE_S) == 0
        assert not runs(web)


def test_a_web_server_that_cannot_live_stops_everything():
    with keep_two("the web server fails") as keeper:
        worker = child_of(keeper.pid, "sleep")
        assert keeper.wait(PATIENCE_S) == 1
        assert len(keeper.stderr.readlines()) == supervise.MOST_SHORT_LIVES
        assert not runs(worker)


def test_a_background_worker_that_fails_rests_longer_each_time_up_to_a_minute():
    def rest_after(child: supervise.Child, status: int) -> float:
        child.started = time.monotonic()
        child.died(status)
        return child.start_at - child.started

    worker = supervise.Child("background worker", [], vital=False)
    rests = [rest_after(worker, 1 << 8) for _ in range(2000)]
    assert rests[:4] == pytest.approx([0.8, 1.6, 3.2, 6.4], abs=0.1)
    assert rests[10:] == pytest.approx([60] * 1990, abs=0.1)
    assert rest_after(worker, signal.SIGKILL) < 1, "killed from outside: it is not its fault"
    assert rest_after(worker, 1 << 8) == pytest.approx(0.8, abs=0.1)
    web = supervise.Child("web server", [], vital=True)
    assert max(rest_after(web, 1 << 8) for _ in range(9)) == pytest.approx(0.8, abs=0.1)


@pytest.fixture
def worker_of(tmp_path) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], Path]]]:
    """`worker_of(place)` starts `deqi worker`; gives the process and the file of what it says."""
    started = []

    def start(place, *options: str) -> tuple[subprocess.Popen[bytes], Path]:
        said = tmp_path / f"said-{len(started)}"
        command = [str(Path(sys.executable).parent / "deqi"), "worker", *options]
        with said.open("wb") as file:
            started.append(subprocess.Popen(command, env=place.environment, stdout=file, stderr=file))
        return started[-1], said

    yield start
    for process in started:
        process.kill()
        process.wait()


AWAY, BACK = "waiting for it", "The database answers again"


def test_a_worker_waits_for_a_database_that_is_away_and_says_so_once(new_home, worker_of):
    place = new_home()
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
        place.environment["DEQI_DATABASE_URL"] = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        nobody.settimeout(PATIENCE_S)
        worker, said = worker_of(place)
        for _ in range(3):
            nobody.accept()[0].close()
        wait_for(lambda: AWAY in said.read_text(), "a word of it")
        worker.terminate()
        while worker.poll() is None:
            nobody.settimeout(1)
            with contextlib.suppress(TimeoutError):
                nobody.accept()[0].close()
        assert worker.returncode == 0
        assert said.read_text().count(AWAY) == 1


def test_a_worker_that_works_once_fails_when_the_database_is_away(new_home, worker_of):
    place = new_home()
    place.environment["DEQI_DATABASE_URL"] = f"postgresql://postgres@127.0.0.1:{free_port()}/postgres"
    once, said = worker_of(place, "--once")
    assert once.wait(PATIENCE_S) == 1
    assert "The database does not answer" in said.read_text()


def test_a_worker_goes_on_when_its_killed_database_is_there_again(new_home, own_postgres, worker_of):
    place = new_home()
    place.environment["DEQI_DATABASE_URL"] = own_postgres.address
    deqi(place, *INIT)
    worker, said = worker_of(place)
    for times in (1, 2):
        wait_for(lambda: jobs_done(own_postgres), "a job that is done")
        own_postgres.kill()
        wait_for(lambda times=times: said.read_text().count(AWAY) == times, "a word of the outage")
        own_postgres.start()
        wait_for(lambda times=times: said.read_text().count(BACK) == times, "a word of its end")
    worker.terminate()
    assert worker.wait(PATIENCE_S) == 0


def jobs_done(postgres: OwnPostgres) -> bool:
    import psycopg

    with psycopg.connect(postgres.address) as connection:
        done = connection.execute("SELECT count(*) FROM practice_periodicjob WHERE last_ok_at IS NOT NULL")
        return bool(done.fetchone()[0])
