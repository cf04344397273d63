"""A clinic under kill -9: people save while the server, one of its workers or the database is killed at random.

Used by the tests (a few kills) and by `benchmarks/durability.py` (a thousand).
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

from tests import provide

EMAIL, PASSWORD = "max@test.example", "a long good password"
#: How long a server may take to come back before the test gives up; how fast it is, the benchmark says.
PATIENCE_S = 180


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
        browser = Browser(f"http://127.0.0.1:{self.port}")
        while time.monotonic() - began < PATIENCE_S:
            try:
                if browser.get("/account/login/", timeout=10)[0] == 200:
                    return time.monotonic() - began
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"the server did not come back within {PATIENCE_S} seconds")

    def kill(self) -> None:
        """kill -9 to the master and all its workers."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill_worker(self) -> None:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if children:
            os.kill(int(random.choice(children)), signal.SIGKILL)


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
        master = (self.folder / "data" / "postmaster.pid").read_text().split()[0]
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        for pid in [master, *children]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        while Path(f"/proc/{master}").exists() and "Z" not in Path(f"/proc/{master}/stat").read_text():
            time.sleep(0.01)

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self.as_user, str(self.programs / program), *arguments]
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@dataclass
class Report:
    """What the kills did. `acknowledged` are ids whose save was answered; `tried` all that were sent."""

    kills: dict[str, int] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    back_s: list[float] = field(default_factory=list)


def save_while_killing(
    place: SimpleNamespace,
    port: int,
    kills: int,
    *,
    postgres: OwnPostgres | None = None,
    writers: int = 3,
    seed: int = 1,
) -> Report:
    """Registers patients from `writers` threads while `kills` kill -9 fall; returns what was acknowledged."""
    chance = random.Random(seed)
    server, report, over = Server(place, port), Report(), threading.Event()
    threads: list[threading.Thread] = []
    try:
        server.start()
        threads += [
            threading.Thread(target=_write, args=(port, report, over), daemon=True) for _ in range(writers)
        ]
        for thread in threads:
            thread.start()
        for _ in range(kills):
            _wait_for_a_save(report)
            time.sleep(chance.uniform(0.05, 0.5))
            victim = chance.choice(["worker", "master", *(["database"] if postgres else [])])
            report.kills[victim] = report.kills.get(victim, 0) + 1
            began = time.monotonic()
            if victim == "worker":
                server.kill_worker()
                report.back_s.append(server.wait(began))
            elif victim == "master":
                server.kill()
                report.back_s.append(server.start())
            else:
                postgres.kill()
                postgres.start()
                report.back_s.append(server.wait(began))
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
        server.kill()
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
                report.acknowledged.add(row)
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
