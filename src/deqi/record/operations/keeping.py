"""Jobs that keep the house: back-ups by themselves, and what is no longer needed cleared away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session as WebSession
from django.db.models import Max
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from deqi.record.actor import Actor
from deqi.record.audit.models import AuditHead
from deqi.record.operations.backup import write_backup
from deqi.record.operations.jobs import JobState, job_states
from deqi.record.practice.actions.drafts import KEPT_DAYS
from deqi.record.practice.models import Draft, PeriodicJob

#: What may be lost if the machine burns: RELIABILITY.md, figure 5.
MOST_AT_RISK = timedelta(minutes=15)
FINISHED_TASKS_KEPT = timedelta(days=2)


def back_up() -> dict[str, Any]:
    """Writes an encrypted back-up when keys are named (DEQI_BACKUP_RECIPIENTS); thins out older ones.

    When nothing was written to the record since the last one, and the keys are the same, that one still holds
    everything and stays. The result says as of when everything is held (`as_of`).
    """
    if not settings.BACKUP_RECIPIENTS:
        return {}
    as_of = timezone.now()
    folder = Path(settings.BACKUP_FOLDER)
    mark = _mark()
    before = PeriodicJob.objects.filter(name="back_up").values_list("last_result", flat=True).first() or {}
    if before.get("mark") == mark and (folder / before["file"]).exists():
        return {**before, "as_of": as_of.isoformat()}
    path = write_backup(folder, recipients=settings.BACKUP_RECIPIENTS, passphrase=None, say=lambda _: None)
    thin_out(folder, as_of)
    return {"mark": mark, "file": path.name, "bytes": path.stat().st_size, "as_of": as_of.isoformat()}


def _mark() -> str:
    """Changes with everything that is written to the record, with drafts, and with who can open a back-up."""
    head = AuditHead.objects.get(id=1)
    draft = Draft.objects.aggregate(last=Max("updated_at"))["last"]
    return f"{head.last_id} {head.last_hash} {draft} {','.join(sorted(settings.BACKUP_RECIPIENTS))}"


def thin_out(folder: Path, now: datetime) -> list[str]:
    """Of the back-ups in `folder` keeps all of the last hour, one an hour for a day, one a day for thirty days.

    Only files that this job wrote are looked at (deqi-<time>.tar.age). Returns the names it removed.
    """
    held: set[str] = set()
    removed = []
    for path in sorted(folder.glob("deqi-*.tar.age"), reverse=True):
        try:
            at = datetime.strptime(path.name[5:23], "%Y-%m-%dT%H%M%SZ").replace(tzinfo=now.tzinfo)
        except ValueError:
            continue
        age = now - at
        if age <= timedelta(hours=1):
            continue
        slot = f"{at:%Y-%m-%d %H}" if age <= timedelta(days=1) else f"{at:%Y-%m-%d}"
        if age > timedelta(days=30) or slot in held:
            path.unlink(missing_ok=True)
            removed.append(path.name)
        held.add(slot)
    return removed


def tidy() -> dict[str, Any]:
    """Clears drafts older than fourteen days, sign-ins that are over, tasks that were done two days ago."""
    now = timezone.now()
    drafts, _ = Draft.objects.filter(updated_at__lt=now - timedelta(days=KEPT_DAYS)).delete()
    signed_in, _ = WebSession.objects.filter(expire_date__lt=now).delete()
    old = DBTaskResult.objects.filter(enqueued_at__lt=now - FINISHED_TASKS_KEPT)
    tasks, _ = old.exclude(status="READY").delete()
    return {"drafts": drafts, "sign_ins": signed_in, "tasks": tasks}


@dataclass(frozen=True)
class Background:
    """What the practice page says about work that is done by itself.

    `backup_age_min` is how old the data are that would come back (None: no back-up yet); `sealed` whether keys are
    named at all.
    """

    jobs: list[JobState]
    sealed: bool
    backup_age_min: int | None

    @property
    def at_risk(self) -> bool:
        """No back-up by itself, or one that is older than fifteen minutes."""
        return self.backup_age_min is None or self.backup_age_min > MOST_AT_RISK.total_seconds() / 60

    @property
    def presses(self) -> bool:
        """Whether somebody has to look: a job that fails, or back-ups that stopped."""
        return any(state.late for state in self.jobs) or (self.sealed and self.at_risk and self.ran)

    @property
    def ran(self) -> bool:
        """Whether a worker has ever been here."""
        return any(state.last_ok_at for state in self.jobs)


def background(actor: Actor) -> Background:
    """How background work stands, for those who look after back-ups. One query."""
    actor.check("backup.view")
    states, now = job_states(), timezone.now()
    as_of = next((s.result.get("as_of") for s in states if s.job.name == "back_up"), None)
    age = int((now - datetime.fromisoformat(as_of)).total_seconds() // 60) if as_of else None
    return Background(states, bool(settings.BACKUP_RECIPIENTS), age)
