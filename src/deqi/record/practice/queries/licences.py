"""Which licences need somebody's attention: ended, ending, not checked, or not there at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.permissions import Role as RoleName
from deqi.record.practice.models import Licence, Role, Site
from deqi.science.safety.licensure import licence_record

NEEDLING = (RoleName.PRACTITIONER, RoleName.SENIOR)


@dataclass(frozen=True)
class LicenceAlert:
    """One practitioner at one jurisdiction. `blocks` means that they cannot needle there today."""

    user_id: UUID
    name: str
    jurisdiction: str
    sites: tuple[str, ...]
    blocks: bool
    words: str
    days_left: int | None = None
    licence_id: UUID | None = None

    @property
    def presses(self) -> bool:
        """Ended, missing, or ending within thirty days."""
        return self.blocks or (self.days_left is not None and self.days_left <= 30)

    @property
    def tone(self) -> str:
        """Colour of the note: stop, care or info."""
        return "stop" if self.blocks else "care" if (self.days_left or 99) <= 30 else "info"


def licence_alerts(actor: Actor, on: date | None = None) -> list[LicenceAlert]:
    """Alerts of everybody the acting person manages, and their own; most pressing first. Three queries.

    A licence is announced at 90, 60, 30 and 7 days before its last day (and stays announced in between), as
    ended after it, when its check is missing or a year old, and when none covers a site where they needle.
    """
    on = on or timezone.localdate()
    held = Role.objects.filter(ended_at=None, role__in=NEEDLING, user__is_active=True)
    managed = actor.sites("staff.manage") if actor.may("staff.manage") else frozenset()
    if managed is not None:
        held = held.filter(Q(user_id=actor.user_id) | Q(site__in=managed))
    rows = list(held.select_related("user", "site"))
    if not rows:
        return []
    everywhere = any(row.site is None for row in rows)
    open_sites = list(Site.objects.filter(active=True)) if everywhere else []
    licences: dict[UUID, list[Licence]] = {}
    users = {row.user_id for row in rows}
    for one in Licence.objects.filter(practitioner__user__in=users).select_related("practitioner"):
        licences.setdefault(one.practitioner.user_id, []).append(one)
    names = {row.user_id: row.user.name for row in rows}
    places: dict[tuple[UUID, str], set[str]] = {}
    for row in rows:
        for site in open_sites if row.site is None else [row.site]:
            if site.active:
                places.setdefault((row.user_id, site.jurisdiction), set()).add(site.name)
    found = (
        _alert(user, names[user], where, tuple(sorted(sites)), licences.get(user, []), on)
        for (user, where), sites in places.items()
    )
    return sorted((a for a in found if a), key=lambda a: (not a.blocks, a.days_left or 0, a.name))


def _alert(user, name, where, sites, licences, on: date) -> LicenceAlert | None:
    """What to say about one person's right to needle in one jurisdiction; None when all is well."""

    def say(words, *, blocks, licence=None, days=None):
        return LicenceAlert(user, name, where, sites, blocks, words, days, licence.id if licence else None)

    here = sorted((one for one in licences if one.jurisdiction == where), key=lambda one: one.expires)
    if not here:
        return say(f"No licence for {where} is recorded.", blocks=True)
    good = [one for one in here if one.status == Licence.Status.ACTIVE and one.issued <= on <= one.expires]
    checked = [one for one in good if one.verified_on and one.verified_on <= on]
    last = (checked or good or here)[-1]
    if not good:
        if last.status != Licence.Status.ACTIVE:
            return say(f"Licence {last.number} is {last.get_status_display()}.", blocks=True, licence=last)
        if last.issued > on:
            return say(f"Licence {last.number} begins on {last.issued:%-d %b %Y}.", blocks=True, licence=last)
        words = f"Licence {last.number} ended on {last.expires:%-d %b %Y}."
        return say(words, blocks=True, licence=last, days=(last.expires - on).days)
    if not checked:
        words = f"Licence {last.number} is not checked against its register yet."
        return say(words, blocks=True, licence=last)
    return _soon(last, on, say)


def _soon(licence: Licence, on: date, say) -> LicenceAlert | None:
    rules = licence_record()
    left = (licence.expires - on).days
    step = min((days for days in rules.alert_days_before_expiry if left <= days), default=None)
    if step is not None:
        when = "today" if left == 0 else "tomorrow" if left == 1 else f"in {left} days"
        words = f"Licence {licence.number} ends {when}, on {licence.expires:%-d %b %Y}."
        return say(words, blocks=False, licence=licence, days=left)
    if (on - licence.verified_on).days > rules.reverify_after_days:
        words = f"Licence {licence.number} was last checked on {licence.verified_on:%-d %b %Y}: look again."
        return say(words, blocks=False, licence=licence, days=left)
    return None
