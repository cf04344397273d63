"""Protocols that a person may use: their own, and those shared at the sites where they treat."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from deqi.record.actor import Actor
from deqi.record.care.models import Protocol
from deqi.record.errors import NotFound
from deqi.record.practice.models import Site

#: More than this are not listed on one page.
MOST = 200
VERB = "protocol.manage"


def protocols_in_scope(actor: Actor) -> QuerySet[Protocol]:
    """Every version that `actor` may see, retired ones too."""
    sites = actor.sites(VERB)
    rows = Protocol.objects.filter(Q(shared=True) | Q(owner=actor.user_id))
    return rows if sites is None else rows.filter(site__in=sites)


def protocol_for(actor: Actor, protocol_id: UUID) -> Protocol:
    """One version. Raises NotFound when it is not theirs to see."""
    actor.check(VERB)
    found = protocols_in_scope(actor).select_related("owner", "site").filter(id=protocol_id).first()
    if found is None:
        raise NotFound("There is no such protocol at your sites.")
    return found


def protocol_sites(actor: Actor) -> QuerySet[Site]:
    """Sites at which this person may keep protocols."""
    sites = actor.sites(VERB)
    rows = Site.objects.filter(active=True).order_by("name")
    return rows if sites is None else rows.filter(id__in=sites)


@dataclass(frozen=True)
class Listed:
    """Protocols in use: one's own, and what colleagues share."""

    own: list[Protocol]
    shared: list[Protocol]


def protocols_of(actor: Actor) -> Listed:
    """The protocols in use, by name. One statement."""
    actor.check(VERB)
    rows = protocols_in_scope(actor).filter(retired_at=None).select_related("owner", "site")[:MOST]
    found = list(rows)
    return Listed(
        own=[one for one in found if one.owner_id == actor.user_id],
        shared=[one for one in found if one.owner_id != actor.user_id],
    )


def versions_of(actor: Actor, protocol: Protocol) -> list[Protocol]:
    """The versions before this one, newest first."""
    rows = protocols_in_scope(actor).filter(
        owner=protocol.owner_id, site=protocol.site_id, version__lt=protocol.version
    )
    by_id = {row.id: row for row in rows}
    found, step = [], protocol.replaces_id
    while step in by_id:
        found.append(by_id[step])
        step = by_id[step].replaces_id
    return found
