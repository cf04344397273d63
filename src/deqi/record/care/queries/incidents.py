"""Incidents of the sites whose incidents one may see."""

from __future__ import annotations

from django.db.models import QuerySet

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.models import Incident

MOST = 100


def incidents_for(actor: Actor) -> list[Incident]:
    """Open ones first, then newest; at most a hundred of each. The look is logged with the patients concerned."""
    rows = _rows(actor).select_related("site", "opened_by", "session").order_by("-opened_at")
    found = [*rows.filter(closed_at=None)[:MOST], *rows.exclude(closed_at=None)[:MOST]]
    patients = {row.session.patient_id for row in found if row.session}
    if patients:
        log(actor, "incident.view", patients=sorted(patients), detail={"page": "incidents"})
    return found


def incidents_waiting(actor: Actor) -> list[Incident]:
    """What waits to be closed, without its story: kind, site, since when, by whom. Oldest first, at most 20."""
    if not actor.may("incident.view"):
        return []
    rows = _rows(actor).filter(closed_at=None).select_related("site", "opened_by")
    return list(rows.only("kind", "opened_at", "site__name", "opened_by__name").order_by("opened_at")[:20])


def _rows(actor: Actor) -> QuerySet[Incident]:
    actor.check("incident.view")
    sites = actor.sites("incident.view")
    return Incident.objects.all() if sites is None else Incident.objects.filter(site__in=sites)
