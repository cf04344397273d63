"""Work that is done by itself: which jobs there are, when each is due, who does it, how it went.

A job is due at a time that stands in its row (`practice.PeriodicJob`). Whoever moves that time on puts the job in
the queue, in one transaction, so that of two workers one does it. Every job may be run twice without harm: what a
killed worker left half done is done at the next time. Decision 0074.

Example:
    >>> enqueue_due()
    ['back_up', 'tidy']
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import task
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from deqi.record.practice.models import PeriodicJob

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One thing done `every` so often by `function` (a dotted path: takes nothing, gives JSON).

    `lease`: after this long a run that never ended is taken for dead, and the next one may start.
    """

    name: str
    words: str
    every: timedelta
    function: str
    lease: timedelta = timedelta(minutes=9)


JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        Job(
            "back_up",
            "Encrypted back-up",
            timedelta(minutes=10),
            "deqi.record.operations.keeping.back_up",
        ),
        Job(
            "make_requests",
            "Ratings asked for",
            timedelta(minutes=10),
            "deqi.record.care.actions.collecting.make_requests",
        ),
        Job(
            "send_reminders",
            "Messages to patients sent",
            timedelta(minutes=5),
            "deqi.record.care.actions.reminding.send_reminders",
        ),
        Job(
            "licence_alerts",
            "Mails about licences that end",
            timedelta(hours=6),
            "deqi.record.practice.actions.notices.send_licence_notices",
        ),
        Job(
            "tidy",
            "Old drafts, sign-ins and finished tasks cleared",
            timedelta(hours=24),
            "deqi.record.operations.keeping.tidy",
        ),
    )
}


def enqueue_due(now: datetime | None = None) -> list[str]:
    """Puts each job that is due into the queue, once, however many workers ask. Names of those put in now."""
    now = now or timezone.now()
    rows = dict(PeriodicJob.objects.values_list("name", "next_run_at"))
    if missing := [name for name in JOBS if name not in rows]:
        PeriodicJob.objects.bulk_create(
            [PeriodicJob(name=name, next_run_at=now) for name in missing], ignore_conflicts=True
        )
        rows.update(PeriodicJob.objects.filter(name__in=missing).values_list("name", "next_run_at"))
    return [name for name in JOBS if rows[name] <= now and _enqueue(JOBS[name], rows[name], now)]


def _enqueue(job: Job, due: datetime, now: datetime) -> bool:
    with transaction.atomic():
        mine = PeriodicJob.objects.filter(name=job.name, next_run_at=due).update(next_run_at=now + job.every)
        if mine:
            run_job.enqueue(job.name)
        return bool(mine)


@task
def run_job(name: str) -> Any:
    """The queued form of `run`."""
    return run(name)


def run(name: str, now: datetime | None = None) -> Any:
    """Does one job and writes down how it went. None when another worker is at it. Raises what the job raised.

    Of a run that outlived its lease while another took over, the other writes down how it went: `running_until` tells
    whose lease it is, because whoever takes over begins after it.
    """
    job, now = JOBS[name], now or timezone.now()
    row = PeriodicJob.objects.filter(name=name)
    PeriodicJob.objects.get_or_create(name=name, defaults={"next_run_at": now + job.every})
    until = now + job.lease
    free = Q(running_until=None) | Q(running_until__lt=now)
    if not row.filter(free).update(running_until=until, last_run_at=now):
        return None
    mine = row.filter(running_until=until)
    try:
        result = import_string(job.function)()
    except Exception as error:
        words = f"{type(error).__name__}: {error}"[:300]
        mine.update(running_until=None, last_error=words, last_error_at=timezone.now())
        raise
    mine.update(running_until=None, last_error="", last_ok_at=now, last_result=result or {})
    return result


def work(until: Callable[[], bool] = lambda: False) -> int:
    """Puts in what is due and does everything that is in the queue. Returns how many tasks were there.

    `until` is asked between tasks: true means stop. A look that finds nothing writes nothing.
    """
    enqueue_due()
    done = 0
    while not until() and DBTaskResult.objects.ready().exists():
        _one()
        done += 1
    return done


def _one() -> None:
    """Takes one task from the queue and does it; a failure stands with the task, and in the log."""
    worker = Worker(
        queue_names=["*"],
        excluded_queue_names=[],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=1,
        worker_id=f"{socket.gethostname()}:{os.getpid()}"[:64],
    )
    worker.run()


@dataclass(frozen=True)
class JobState:
    """How one job stands, for the practice page."""

    job: Job
    last_ok_at: datetime | None
    last_error: str
    next_run_at: datetime | None
    result: dict[str, Any]
    late: bool


def job_states(now: datetime | None = None) -> list[JobState]:
    """Every job with its last run. `late`: it failed last, or has not succeeded for three of its times."""
    now = now or timezone.now()
    rows = {row.name: row for row in PeriodicJob.objects.all()}
    return [_state(job, rows.get(job.name), now) for job in JOBS.values()]


def _state(job: Job, row: PeriodicJob | None, now: datetime) -> JobState:
    if row is None:
        return JobState(job, None, "", None, {}, late=False)
    late = bool(row.last_error) or bool(row.last_ok_at and now - row.last_ok_at > 3 * job.every)
    return JobState(job, row.last_ok_at, row.last_error, row.next_run_at, row.last_result, late)
