"""What does a clinic feel at 20 requests a second, and how many saves of a visit a second are kept?

    python -m benchmarks.load [--folder var/clinic] [--patients 10000] [--sessions 200000] [--seconds 60]

Serves the synthetic clinic (SQLite) with two web workers and asks at a fixed rate, whether or not the answers before
have come: a request that had to wait counts from the moment it was meant to be sent. First 20 requests a second, by
turns a patient's page, a search and the save of a visit's note; then saves alone at rising rates. A save is answered
when it is on disk. The reference is the sign-in page, one after the other, in the same run. Figures wanted
(docs/reliability.md, 12 and 13): p95 under 100, 100 and 150 ms; 100 saves a second without an error.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import queue
import random
import statistics
import threading
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from django.urls import reverse
from tests.durability.killing import Server, free_port

from benchmarks.big_clinic import chosen_clinic

CSRF = "benchmark0benchmark0benchmark012"
CLIENTS = 24
VISITS = 24
RATES = (25, 50, 75, 100, 125)


@dataclass
class Asked:
    """One request: what it is for, and how it is sent. `after` is told whether it was answered as it should be."""

    kind: str
    method: str
    path: str
    fields: dict[str, Any]
    after: Callable[[bool], None] = lambda _: None


class Visits:
    """Open visits, each lent to one save at a time, with the version on its screen."""

    def __init__(self, versions: dict[UUID, int]):
        self.versions = versions
        self.free: queue.Queue[UUID] = queue.Queue()
        self.count = itertools.count()
        for one in versions:
            self.free.put(one)

    def save(self) -> Asked:
        visit = self.free.get()
        fields = {
            "version": self.versions[visit], "comfort_0_10": 8, "side_effects_asked": "yes",
            "note": f"Note {next(self.count)}", "csrfmiddlewaretoken": CSRF,
        }  # fmt: skip

        def after(kept: bool) -> None:
            self.versions[visit] += kept
            self.free.put(visit)

        return Asked(
            "save of a visit", "POST", reverse("clinic:visit_do", args=[visit, "after"]), fields, after
        )


def open_visits() -> tuple[str, Visits, list[UUID], list[str]]:
    """A senior clinician's cookie, visits that were just begun, people and names of that site."""
    from django.conf import settings
    from django.test import Client

    from deqi.record.care.actions.sessions import start_session
    from deqi.record.care.models import Course, Session
    from deqi.record.errors import Refusal
    from deqi.record.patients.models import Patient
    from deqi.record.practice.models import User
    from deqi.record.practice.queries import actor_of

    user = User.objects.get(email="bob@demo.example")
    browser = Client()
    browser.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}; csrftoken={CSRF}"
    bob, versions = actor_of(user), {}
    mine = Session.objects.filter(state="open", site__name="North", practitioner_id=bob.practitioner_id)
    versions.update(mine.values_list("id", "version")[:VISITS])
    busy = Session.objects.exclude(state="signed").values("patient_id")
    courses = Course.objects.filter(status="active", site__name="North").exclude(patient_id__in=busy)
    for course in courses.order_by("?")[:5000]:
        if len(versions) >= VISITS:
            break
        try:
            session = start_session(bob, course.id, session_id=uuid4())
        except Refusal:  # a review is due, say: another course will do
            continue
        versions[session.id] = session.version
    if len(versions) < VISITS:
        raise SystemExit(f"only {len(versions)} visits could be begun")
    people = Patient.objects.filter(home_site__name="North").order_by("?")[:2000]
    return cookie, Visits(versions), [one.id for one in people], [one.family_name for one in people]


def send(port: int, cookie: str, asked: Asked) -> int:
    """The status of the answer, once the whole of it is here; a connection of its own, as a proxy may open."""
    server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = urllib.parse.urlencode(asked.fields) if asked.method == "POST" else None
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    with closing(server):
        server.request(asked.method, asked.path, body, headers)
        answer = server.getresponse()
        answer.read()
        return answer.status


def at_a_rate(
    port: int, cookie: str, requests: Iterator[Asked], rate: float, seconds: float
) -> tuple[dict[str, list[float]], int, float]:
    """Milliseconds from the intended moment to the whole answer, by kind; errors; requests answered a second."""
    taken: dict[str, list[float]] = defaultdict(list)
    wrong, due, lock = [], queue.Queue(), threading.Lock()

    def client() -> None:
        while (meant := due.get()) is not None:
            with lock:
                asked = next(requests)
            try:
                status = send(port, cookie, asked)
            except (OSError, http.client.HTTPException) as error:
                status = 0
                wrong.append(repr(error))
            kept = status == (302 if asked.method == "POST" else 200)
            asked.after(kept)
            if not kept:
                wrong.append(f"{asked.path}: {status}")
            taken[asked.kind].append((time.perf_counter() - meant) * 1000)

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    began = time.perf_counter()
    for number in range(round(rate * seconds)):
        meant = began + number / rate
        time.sleep(max(0.0, meant - time.perf_counter()))
        due.put(meant)
    for _ in clients:
        due.put(None)
    for one in clients:
        one.join()
    done = sum(map(len, taken.values())) / (time.perf_counter() - began)
    for words in sorted(set(wrong))[:5]:
        print(f"  wrong: {words}")
    return taken, len(wrong), done


def p95(values: list[float]) -> float:
    return sorted(values)[max(0, round(0.95 * len(values)) - 1)]


def measure(port: int, seconds: float) -> None:
    cookie, visits, people, names = open_visits()
    chance = random.Random(7)
    alone = []
    for _ in range(50):
        began = time.perf_counter()
        send(port, "", Asked("", "GET", reverse("account_login"), {}))
        alone.append((time.perf_counter() - began) * 1000)
    reference = statistics.median(alone)
    print(f"load {os.getloadavg()[0]:.1f}; sign-in page alone (reference): {reference:.1f} ms")

    def day() -> Iterator[Asked]:
        for turn in itertools.count():
            if turn % 3 == 0:
                yield Asked("patient", "GET", reverse("clinic:patient", args=[chance.choice(people)]), {})
            elif turn % 3 == 1:
                words = urllib.parse.quote(chance.choice(names))
                yield Asked("find a patient", "GET", f"{reverse('clinic:patients')}?q={words}", {})
            else:
                yield visits.save()

    def saves() -> Iterator[Asked]:
        while True:
            yield visits.save()

    at_a_rate(port, cookie, day(), 10, 5)  # warm
    taken, wrong, done = at_a_rate(port, cookie, day(), 20, seconds)
    print(f"20 requests a second for {seconds:.0f} s: {done:.1f} answered a second, {wrong} errors")
    for kind, times in sorted(taken.items()):
        print(
            f"  {kind:16} median {statistics.median(times):6.1f} ms, p95 {p95(times):6.1f} ms, longest {max(times):6.1f} ms"
            f" = p95 {p95(times) / reference:4.1f} x reference"
        )
    for rate in RATES:
        taken, wrong, done = at_a_rate(port, cookie, saves(), rate, seconds)
        times = taken["save of a visit"]
        print(
            f"{rate} saves a second for {seconds:.0f} s: {done:5.1f} kept a second, {wrong} errors;"
            f" median {statistics.median(times):7.1f} ms, p95 {p95(times):7.1f} ms, longest {max(times):7.1f} ms; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        if done < 0.9 * rate:
            break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    chosen = chosen_clinic(parser, "var/clinic", 10_000, 200_000, DEQI_IDLE_SECONDS="604800")
    server = Server(SimpleNamespace(environment=dict(os.environ)), free_port())
    try:
        server.start()
        measure(server.port, chosen.seconds)
    finally:
        server.kill()


if __name__ == "__main__":
    main()
