"""A clinic under kill -9: people save while one of its processes, all of them or the database is killed at random.

Used by the tests (a few kills) and by `benchmarks/durability.py` (a thousand).
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from tests import provide

EMAIL, PASSWORD = "max@test.example", "a long good password"
#: How long a server may take to come back before the test gives up; how fast it is, the benchmark says.
PATIENCE_S = 180
#: What the command lines of the keeper's two children hold.
WEB, BACKGROUND = "bin/gunicorn", "deqi.doors.cli.main worker"
#: Who is killed: a web worker, the web server's master alone, the background worker, the keeper and all of them.
VICTIMS = ("worker", "web server", "background", "master")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], Any], why: str, patience_s: float = 90) -> Any:
    """What `what` finds, as soon as it finds something."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {patience_s} s for {why}")


def children_of(pid: int) -> dict[int, str]:
    """pid -> command line of each direct child that runs."""
    try:
        pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return {}
    found = {}
    for one in pids:
        try:
            words = Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if words:  # a process that has ended and is not yet buried has none
            found[int(one)] = words
    return found


def child_of(pid: int, name: str) -> int:
    """The pid of the one child of `pid` whose command line holds `name`, as soon as there is one."""

    def found() -> int | None:
        return next((child for child, words in children_of(pid).items() if name in words), None)

    return wait_for(found, f"a child that runs {name}")


def web_server_of(keeper: int) -> tuple[int, list[int]]:
    """The web server's master and its workers, as soon as it has any. (A killed one's workers come to the keeper.)"""

    def found() -> tuple[int, list[int]] | None:
        masters = [child for child, words in children_of(keeper).items() if WEB in words]
        return next(
            ((master, sorted(workers)) for master in masters if (workers := children_of(master))), None
        )

    return wait_for(found, "a web server with a worker")


def runs(pid: int) -> bool:
    """Whether there is such a process, and it is not dead and waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class KeepCookies(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, not a place to go."""

    def redirect_request(self, *args, **kwargs):
        return None


class Browser:
    """One person's cookies against the server."""

    def __init__(self, base: str):
        self.base = base
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), KeepCookies, urllib.request.HTTPCookieProcessor(self.jar)
        )

    def get(self, path: str, timeout: float = 5) -> tuple[int, str]:
        return self._send(urllib.request.Request(self.base + path), timeout)

    def post(self, path: str, fields: dict[str, str], timeout: float = 10) -> tuple[int, str]:
        token = next((c.value for c in self.jar if c.name == "csrftoken"), "")
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        return self._send(
            urllib.request.Request(self.base + path, data, {"Referer": self.base + path}), timeout
        )

    def _send(self, request: urllib.request.Request, timeout: float) -> tuple[int, str]:
        try:
            with self.opener.open(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def sign_in(self) -> None:
        self.get("/account/login/")
        status, text = self.post("/account/login/", {"login": EMAIL, "password": PASSWORD})
        assert status == 302, re.sub(r"<[^>]+>", " ", text)[-800:]


@dataclass
class Server:
    """`deqi serve` in a process group of its own."""

    place: SimpleNamespace
    port: int
    process: subprocess.Popen | None = None

    def start(self) -> float:
        """Starts it and waits for the first answered page; returns the seconds that took."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [str(Path(sys.executable).parent / "deqi"), "serve", "--port", str(self.port)],
            env=self.place.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return self.wait(began)

    def wait(self, began: float) -> float:
        """Seconds from `began` to the first answered page."""
        browser = Browser(f"http://127.0.0.1:{self.port}")
        while time.monotonic() - began < PATIENCE_S:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if browser.get("/account/login/", timeout=10)[0] == 200:
                    return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError(f"the server did not come back within {PATIENCE_S} seconds")

    def kill(self) -> None:
        """kill -9 to the keeper and all that it keeps."""
        with contextlib.suppress(ProcessLookupError):  # it had ended: what waits for a page will say so
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill_worker(self, chance: random.Random) -> float:
        """kill -9 to one of the web server's workers; seconds to the next answered page."""
        return self.wait(_kill(chance.choice(web_server_of(self.process.pid)[1])))

    def kill_web_server(self) -> float:
        """kill -9 to the web server's master; seconds to the first page of its successor.

        Its workers end with the request at hand, and what comes then waits: a page of theirs would not count.
        """
        keeper = self.process.pid
        master, _ = web_server_of(keeper)
        began = _kill(master)
        wait_for(lambda: web_server_of(keeper)[0] != master, "another web server")
        return self.wait(began)

    def kill_background(self) -> float:
        """kill -9 to the background worker; seconds to the next answered page."""
        return self.wait(_kill(child_of(self.process.pid, BACKGROUND)))

    def strike(self, victim: str, chance: random.Random) -> float:
        """Kills one of VICTIMS; returns the seconds until pages are answered again."""
        if victim == "worker":
            return self.kill_worker(chance)
        if victim == "web server":
            return self.kill_web_server()
        if victim == "background":
            return self.kill_background()
        self.kill()
        return self.start()


def _kill(pid: int) -> float:
    """Now, with `pid` killed. One that has just died by itself was killed in time."""
    began = time.monotonic()
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return began


class OwnPostgres:
    """A PostgreSQL of our own that can be killed: postmaster and every child at once."""

    def __init__(self, folder: Path, port: int):
        self.folder, self.port = folder, port
        self.programs = provide.server_programs()
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        folder.mkdir()
        if self.as_user:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "postgres")
        self.start()

    @property
    def address(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        options = f"-p {self.port} -h 127.0.0.1 -c unix_socket_directories="
        self._run(
            "pg_ctl",
            "-D",
            str(self.folder / "data"),
            "-w",
            "-l",
            str(self.folder / "log"),
            "-o",
            options,
            "start",
        )

    def kill(self) -> None:
        master = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(master, signal.SIGSTOP)  # nobody is born meanwhile
        family = [master, *children_of(master)]
        for pid in family:
            _kill(pid)
        wait_for(lambda: not any(map(runs, family)), "the killed database to end")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self.as_user, str(self.programs / program), *arguments]
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


class Witness:
    """Looks at the whole record after each kill, from a process of its own (`witness.py`)."""

    def __init__(self, place: SimpleNamespace):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.durability.witness"], cwd=Path(__file__).parents[2],
            env=place.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def look(self, acknowledged: set[str]) -> tuple[list[str], set[str]]:
        """What `deqi check` would find wrong, and those of `acknowledged` who are not there."""
        self.process.stdin.write(json.dumps(list(acknowledged)) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"faults": ["the witness ended"], "lost": []}')
        return answer["faults"], set(answer["lost"])

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(60)


@dataclass
class Report:
    """What the kills did. `acknowledged` are ids whose save was answered; `tried` all that were sent.

    `looks` are the times the whole record was looked at after a kill and found sound; the run ends at the first
    look that finds `lost` ids or other `faults`. `pause_s` is the longest time in which nobody's save was answered.
    """

    backs: list[tuple[str, float]] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    looks: int = 0
    lost: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    pause_s: float = 0.0
    last_save: float = 0.0

    @property
    def kills(self) -> Counter[str]:
        return Counter(victim for victim, _ in self.backs)

    @property
    def back_s(self) -> list[float]:
        """Seconds from each kill to the first answered page."""
        return [seconds for _, seconds in self.backs]

    def acknowledge(self, row: str) -> None:
        now = time.monotonic()
        if self.acknowledged:
            self.pause_s = max(self.pause_s, now - self.last_save)
        self.last_save = now
        self.acknowledged.add(row)


def save_while_killing(
    place: SimpleNamespace,
    port: int,
    kills: int,
    report: Report,
    *,
    postgres: OwnPostgres | None = None,
    writers: int = 3,
    seed: int = 1,
    enough: Callable[[], bool] = lambda: False,
) -> Report:
    """Registers patients from `writers` threads while `kills` kill -9 fall; fills in `report` as it goes.

    Each kind of victim gets its equal part, in an order by `seed`. The whole record is looked at after each; then
    `enough` is asked, and true ends the run.
    """
    chance = random.Random(seed)
    kinds = [*VICTIMS, *(["database"] if postgres else [])]
    victims = [kinds[number % len(kinds)] for number in range(kills)]
    chance.shuffle(victims)
    server, witness, over = Server(place, port), Witness(place), threading.Event()
    threads = [
        threading.Thread(target=_write, args=(port, report, over), daemon=True) for _ in range(writers)
    ]
    try:
        server.start()
        for thread in threads:
            thread.start()
        for victim in victims:
            _wait_for_a_save(report)
            time.sleep(chance.uniform(0.05, 0.5))
            if victim == "database":
                began = time.monotonic()
                postgres.kill()
                postgres.start()
                back_s = server.wait(began)
            else:
                back_s = server.strike(victim, chance)
            report.backs.append((victim, back_s))
            report.faults, report.lost = witness.look(report.acknowledged.copy())
            if report.faults or report.lost:
                break
            report.looks += 1
            if enough():
                break
    finally:
        over.set()
        for thread in filter(threading.Thread.is_alive, threads):
            thread.join(30)
        server.kill()
        witness.end()
    return report


def _wait_for_a_save(report: Report) -> None:
    """The next kill falls while people save again, not while they still sign in."""
    before, end = len(report.acknowledged), time.monotonic() + 30
    while len(report.acknowledged) == before and time.monotonic() < end:
        time.sleep(0.02)


def _write(port: int, report: Report, over: threading.Event) -> None:
    """One member of staff who registers people as fast as the server answers."""
    browser, signed_in, site = Browser(f"http://127.0.0.1:{port}"), False, ""
    while not over.is_set():
        try:
            if not signed_in:
                browser.sign_in()
                found = re.search(
                    r'name="site".*?value="([0-9a-f-]{36})"', browser.get("/patients/new/")[1], re.S
                )
                site = found.group(1) if found else ""
                signed_in = True
            row = str(uuid4())
            report.tried.add(row)
            status, _ = browser.post("/patients/new/", registration(row, site))
            if status in (302, 303):
                report.acknowledge(row)
        except (OSError, AssertionError, ValueError):
            time.sleep(0.05)
        except Exception:  # a connection cut in the middle of an answer has many names
            time.sleep(0.05)


def registration(row: str, site: str) -> dict[str, str]:
    """A made-up person with their doctor, under the id `row`; names differ so that no double is warned of."""
    letters = "".join(chr(ord("a") + int(c, 16)) for c in row.replace("-", ""))
    return {
        "row": row, "site": site, "given_name": letters[:8].title(), "family_name": letters[8:16].title(),
        "birth_date": "1950-01-01", "sex": "unknown", "pcp_name": "Dr Oak",
    }  # fmt: skip
