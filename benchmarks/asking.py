"""How long do the jobs take that ask for ratings, at 10,000 courses, and do people who save wait for them?

    python -m benchmarks.asking [--courses 10000] [--database sqlite|postgresql]

Every course has a visit booked for tomorrow and no needle yet, so each gets its baseline request and then its message
(into files). Beside each job a process saves without a pause; it prints how long those saves took. The reference is
one durable save alone, in the same run. SQLite in a temporary folder, PostgreSQL a server of its own.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, timedelta

from tests import provide


def fill(courses: int) -> None:
    """`courses` people who agreed to be measured, feel two symptoms, and come tomorrow for the first time."""
    from django.utils import timezone

    from deqi.record.care.codes import felt_code
    from deqi.record.care.models import Appointment, Course, CourseRevision, Observation
    from deqi.record.patients.models import Consent, Patient
    from deqi.record.practice.models import Organization, Practitioner, Site, User

    now = timezone.now()
    clinic = Organization.objects.create(
        name="Benchmark", synthetic=True, messages_from="00:00", messages_until="23:59:59.999999"
    )
    site = Site.objects.create(organization=clinic, name="North", jurisdiction="GB")
    user = User.objects.create_user("alice@benchmark.example", "Alice")
    who = Practitioner.objects.create(user=user, title="LAc")
    people = [
        Patient(
            record_number=number, home_site=site, given_name="Ada", family_name=f"No {number}",
            birth_date=date(1958, 3, 4), email=f"person{number}@benchmark.example",
        )
        for number in range(1, courses + 1)
    ]  # fmt: skip
    Patient.objects.bulk_create(people, batch_size=2000)
    Consent.objects.bulk_create(
        [
            Consent(
                patient=one, kind="measurement", version="1", text_sha256="0" * 64, decision="given",
                signed_name=one.given_name, at=now, recorded_by=user,
            )
            for one in people
        ],
        batch_size=2000,
    )  # fmt: skip
    held = [
        Course(patient=one, site=site, practitioner=who, status="active", opened_at=now - timedelta(days=1))
        for one in people
    ]
    Course.objects.bulk_create(held, batch_size=2000)
    CourseRevision.objects.bulk_create(
        [
            CourseRevision(
                course=one, number=1, goals="Walk", sessions_per_week=1, weeks=10, planned_sessions=10,
                review_sessions=[4, 8], retention_min=25, why="First plan", decided_by=user, decided_at=now,
            )
            for one in held
        ],
        batch_size=2000,
    )  # fmt: skip
    Appointment.objects.bulk_create(
        [
            Appointment(
                patient=one.patient,
                course=one,
                site=site,
                practitioner=who,
                starts_at=now + timedelta(days=1),
            )
            for one in held
        ],
        batch_size=2000,
    )
    Observation.objects.bulk_create(
        [
            Observation(patient=one, code=felt_code(key), value=1, channel="home", effective_at=now)
            for one in people
            for key in ("burning", "numbness")
        ],
        batch_size=2000,
    )


def save_beside() -> None:
    """Saves until its input ends, then prints how long each save took (ms)."""
    from deqi.record.actor import SYSTEM
    from deqi.record.audit.actions import log

    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    log(SYSTEM, "benchmark.save")
    print("ready", flush=True)
    taken = []
    while not ended.is_set():
        start = time.perf_counter()
        log(SYSTEM, "benchmark.save")
        taken.append((time.perf_counter() - start) * 1000)
        ended.wait(0.01)
    print(json.dumps(taken), flush=True)


def beside(work: Callable[[], object]) -> tuple[float, object, list[float]]:
    """Seconds of `work`, what it gave, and how long each save took meanwhile (ms)."""
    command = [sys.executable, "-m", "benchmarks.asking", "--save-beside"]
    saver = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert saver.stdin and saver.stdout and saver.stdout.readline() == "ready\n"
    start = time.perf_counter()
    given = work()
    seconds = time.perf_counter() - start
    saver.stdin.close()
    return seconds, given, json.loads(saver.stdout.readline())


def measure(courses: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    from deqi.record.actor import SYSTEM
    from deqi.record.audit.actions import log
    from deqi.record.care.actions.collecting import make_requests
    from deqi.record.care.actions.reminding import send_reminders

    call_command("migrate", verbosity=0)
    fill(courses)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    alone = []
    for _ in range(200):
        start = time.perf_counter()
        log(SYSTEM, "benchmark.save")
        alone.append((time.perf_counter() - start) * 1000)
    reference = statistics.median(alone)
    print(
        f"{courses:,} courses, {connection.vendor}, load {os.getloadavg()[0]:.1f}; reference (one save alone): {reference:.1f} ms"
    )
    for name, job in (
        ("make_requests", make_requests), ("make_requests again", make_requests),
        ("send_reminders", send_reminders), ("send_reminders again", send_reminders),
    ):  # fmt: skip
        sent = itertools.count()
        with connection.execute_wrapper(lambda run, *call, sent=sent: (next(sent), run(*call))[1]):
            seconds, given, saves = beside(job)
        print(
            f"{name:21} {given}: {seconds:6.1f} s, {seconds / courses * 1000:6.2f} ms a course"
            f" = {seconds / courses * 1000 / reference:5.2f} x reference; {next(sent)} statements;"
            f" saves beside: median {statistics.median(saves):.1f}, p95 {sorted(saves)[int(len(saves) * 0.95)]:.1f},"
            f" longest {max(saves):.1f} ms",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--courses", type=int, default=10_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--save-beside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "deqi.config.settings"
    if asked.save_beside:
        import django

        django.setup()
        save_beside()
        return
    server = provide.own_postgresql() if asked.database == "postgresql" else nullcontext("")
    with tempfile.TemporaryDirectory(prefix="deqi-asking-") as folder, server as address:
        os.environ.update(DEQI_HOME=folder, DEQI_DATABASE_URL=address)
        import django
        from django.db import connection

        django.setup()
        measure(asked.courses)
        connection.close()


if __name__ == "__main__":
    main()
