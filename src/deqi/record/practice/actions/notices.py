"""Mails about licences that end: at 90, 60, 30 and 7 days, and once when one has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q
from django.utils import timezone

from deqi.record.actor import SYSTEM
from deqi.record.audit.actions import log
from deqi.record.permissions import Role as RoleName
from deqi.record.post import UNSENT, reason
from deqi.record.practice.models import Licence, LicenceNotice, Organization, Role
from deqi.record.practice.queries.licences import NEEDLING
from deqi.science.safety.licensure import licence_record

#: A licence that ended longer ago than this is no news.
ENDED_LATELY_DAYS = 30
#: The step of a licence that has ended.
ENDED = 0
#: A notice that was claimed and never sent is tried again after this.
TRY_AGAIN = timedelta(hours=1)


def step_of(days_left: int) -> int | None:
    """The alert that is due so many days before the last day: 90, 60, 30, 7, 0 (ended), or None."""
    if days_left < 0:
        return ENDED if days_left >= -ENDED_LATELY_DAYS else None
    steps = licence_record().alert_days_before_expiry
    return min((days for days in steps if days_left <= days), default=None)


def send_licence_notices() -> dict[str, Any]:
    """Sends each alert that is due and was not sent: to the person, and to who manages them. Once a step.

    A mail that cannot be sent is tried again later; the others go out. Raises RuntimeError naming how many failed and why.
    """
    on, sent, failed = timezone.localdate(), 0, Counter[str]()
    for licence, step in list(_due(on)):
        notice = _claim(licence, step)
        if notice is None:
            continue
        try:
            _mail(licence, step, on)
        except UNSENT as error:
            failed[reason(error)] += 1
            continue
        LicenceNotice.objects.filter(id=notice.id).update(sent_at=timezone.now())
        log(SYSTEM, "licence.verify", about=licence, detail={"told": step})
        sent += 1
    if failed:
        raise RuntimeError(f"{failed.total()} mails about licences could not be sent: {'; '.join(failed)}")
    return {"sent": sent}


def _due(on: date) -> Iterator[tuple[Licence, int]]:
    """Licences in use near their end that no later one replaces, with the step they have reached."""
    horizon = on + timedelta(days=max(licence_record().alert_days_before_expiry))
    rows = Licence.objects.filter(
        status=Licence.Status.ACTIVE,
        practitioner__user__is_active=True,
        practitioner__user__held_roles__ended_at=None,
        practitioner__user__held_roles__role__in=NEEDLING,
    ).distinct()
    near = rows.filter(expires__lte=horizon, expires__gte=on - timedelta(days=ENDED_LATELY_DAYS))
    for licence in near.select_related("practitioner__user").order_by("expires", "id"):
        later = Licence.objects.filter(
            practitioner=licence.practitioner_id,
            jurisdiction=licence.jurisdiction,
            status=Licence.Status.ACTIVE,
            verified_on__isnull=False,
            expires__gt=licence.expires,
        )
        step = step_of((licence.expires - on).days)
        if step is not None and not later.exists():
            yield licence, step


def _claim(licence: Licence, step: int) -> LicenceNotice | None:
    """The notice, if it is this worker's to send."""
    now = timezone.now()
    notice, made = LicenceNotice.objects.get_or_create(
        licence=licence, expires=licence.expires, step_days=step, defaults={"claimed_at": now}
    )
    if made:
        return notice
    stale = LicenceNotice.objects.filter(id=notice.id, sent_at=None, claimed_at__lt=now - TRY_AGAIN)
    return notice if stale.update(claimed_at=now) else None


def _mail(licence: Licence, step: int, on: date) -> None:
    person, clinic = licence.practitioner.user, Organization.objects.get().name
    sites = person.held_roles.filter(ended_at=None, role__in=NEEDLING).values("site")
    managers = Role.objects.filter(ended_at=None, role=RoleName.MANAGER, user__is_active=True)
    mine = managers.filter(Q(site=None) | Q(site__in=sites)).values_list("user__email", flat=True)
    left = (licence.expires - on).days
    when = "has ended" if step == ENDED else "ends today" if left == 0 else f"ends in {left} days"
    lines = [
        f"The licence {licence.number} of {person.name} ({licence.authority}, {licence.jurisdiction}) {when}: "
        f"its last day is {licence.expires:%-d %B %Y}.",
        "Without a verified licence in date nobody needles there; the software holds to that.",
        "When it is renewed, enter the new dates and have somebody check them against the register:",
        f"{settings.ORIGIN.rstrip('/')}/practice/licences/{licence.id}/",
    ]
    to = list(dict.fromkeys([person.email, *mine]))
    send_mail(f"{clinic}: a licence {when}", "\n\n".join(lines), settings.DEFAULT_FROM_EMAIL, to)
