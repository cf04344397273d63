"""The keeper behind `deqi serve`: one small process that keeps the web server and the background worker alive.

It holds the listening socket, so that nobody is refused while a killed web server starts again, and takes over
what a killed one left behind. Only the standard library is imported here: the keeper stays small.

Run as: python -m deqi.doors.cli.supervise SOCKET_FD WORKERS BACKGROUND(0|1)
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: A child that dies sooner than this after its start is started again after `PAUSE_S`.
SHORT_LIFE_S = 3.0
PAUSE_S = 0.8
#: One that ends by an error of its own within this time rests as long as it lived (its database may be away).
#: Everything else is started again at once.
YOUNG_S = 30.0
#: So many short lives in a row of a vital child, each ended by an error of its own: there is no use in going on.
MOST_SHORT_LIVES = 10
#: One that is not vital rests twice as long after each error, at most this long, and is never given up.
MOST_REST_S = 60.0
#: How long a stop waits for requests and jobs that are going on.
GRACE_S = 25.0
KEEPER = "DEQI_KEEPER"
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def _prctl(option: int, value: int) -> None:
    """Linux only; elsewhere a child notices by itself that its parent is gone."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def die_with_the_keeper() -> None:
    """Called by each child as it starts: SIGTERM when the keeper dies, however it dies."""
    keeper = int(os.environ.get(KEEPER, "0"))
    if not keeper:
        return
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != keeper:  # it died before the line above
        os.kill(os.getpid(), signal.SIGTERM)


@dataclass
class Child:
    """One program that is kept running."""

    name: str
    command: list[str]
    #: Without it nothing goes on.
    vital: bool
    #: Open files that it must not have: one that holds the socket keeps the port taken when the keeper is killed.
    without: tuple[int, ...] = ()
    pid: int = 0
    started: float = 0.0
    start_at: float = 0.0
    short_lives: int = 0
    failures: int = 0

    def start(self) -> None:
        self.started = time.monotonic()
        closed = [(os.POSIX_SPAWN_CLOSE, fd) for fd in self.without]
        self.pid = os.posix_spawn(self.command[0], self.command, os.environ, file_actions=closed)

    def died(self, status: int) -> None:
        """Notes the death and when to start again."""
        now, code = time.monotonic(), os.waitstatus_to_exitcode(status)
        lived = now - self.started
        short, failed = lived < SHORT_LIFE_S, code > 0 and lived < YOUNG_S
        self.short_lives = self.short_lives + 1 if short and failed else 0
        self.failures = self.failures + 1 if failed else 0
        rest = PAUSE_S if short else lived if failed else 0
        if failed and not self.vital:
            rest = min(max(rest, PAUSE_S * 2 ** min(self.failures - 1, 10)), MOST_REST_S)
        self.pid, self.start_at = 0, now + rest
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        when = f" in {rest:.0f} s" if rest > 1 else ""
        print(f"deqi: the {self.name} ended ({how}); it is started again{when}", file=sys.stderr, flush=True)


@dataclass
class Keeper:
    """Starts the children, starts each again when it dies, stops all of them when told to."""

    children: list[Child]
    stop_asked: int = 0
    left_behind: dict[int, float] = field(default_factory=dict)

    def run(self) -> int:
        """Until SIGTERM or SIGINT. Returns the exit code: 0, or 1 when a vital child cannot live."""
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        os.environ[KEEPER] = str(os.getpid())
        waking, woken = os.pipe()
        for end in (waking, woken):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, self._ask_to_stop)
        while not self.stop_asked:
            self._start_those_due()
            if any(child.vital and child.short_lives >= MOST_SHORT_LIVES for child in self.children):
                self._stop()
                return 1
            select.select([waking], [], [], 0.2)
            with contextlib.suppress(BlockingIOError):
                os.read(waking, 4096)
            for child, status in self._dead():
                child.died(status)
            self._clear_what_was_left()
        self._stop()
        return 0

    def _ask_to_stop(self, *_: object) -> None:
        self.stop_asked += 1

    def _start_those_due(self) -> None:
        for child in self.children:
            if not child.pid and child.start_at <= time.monotonic():
                child.start()

    def _dead(self) -> Iterator[tuple[Child, int]]:
        """Buries the dead, workers of a killed web server that came to us too; our own children with their status."""
        try:
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = found
                self.left_behind.pop(pid, None)
                yield from ((child, status) for child in self.children if child.pid == pid)
        except ChildProcessError:  # no child is left at all
            yield from ((child, 0) for child in self.children if child.pid)

    def _orphans(self) -> set[int]:
        """Processes that became ours because their own parent was killed."""
        try:
            here = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        except OSError:
            return set()
        return {int(pid) for pid in here} - {child.pid for child in self.children}

    def _clear_what_was_left(self) -> None:
        """Lets an orphan finish its request, then ends it."""
        now = time.monotonic()
        for pid in self._orphans():
            if pid not in self.left_behind:
                self.left_behind[pid] = now + GRACE_S
                _send(pid, signal.SIGTERM)
            elif now > self.left_behind[pid]:
                _send(pid, signal.SIGKILL)

    def _stop(self) -> None:
        """SIGTERM to everybody, then SIGKILL after the grace or at a second request. Leaves nothing running."""
        end, asked = time.monotonic() + GRACE_S, self.stop_asked
        for child in self.children:
            _send(child.pid, signal.SIGTERM)
        while any(child.pid for child in self.children) or self._orphans():
            if time.monotonic() > end or self.stop_asked > asked:
                for pid in [*(child.pid for child in self.children), *self._orphans()]:
                    _send(pid, signal.SIGKILL)
            time.sleep(0.05)
            for child, _ in self._dead():
                child.pid = 0
            self._clear_what_was_left()


def _send(pid: int, what: signal.Signals) -> None:
    if pid > 0:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


def children(socket_fd: int, workers: int, background: bool) -> list[Child]:
    """The web server on the socket `socket_fd` and, if wanted, the background worker."""
    python, here = sys.executable, Path(sys.executable).parent
    web = Child(
        "web server",
        [
            str(here / "gunicorn"),
            "--config=python:deqi.doors.cli.web",
            f"--bind=fd://{socket_fd}",
            f"--workers={workers}",
            "deqi.config.wsgi:application",
        ],
        vital=True,
    )
    if not background:
        return [web]
    worker = [python, "-m", "deqi.doors.cli.main", "worker"]
    return [web, Child("background worker", worker, vital=False, without=(socket_fd,))]


def main(arguments: list[str]) -> int:
    socket_fd, workers, background = (int(argument) for argument in arguments)
    os.set_inheritable(socket_fd, True)
    return Keeper(children(socket_fd, workers, bool(background))).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
