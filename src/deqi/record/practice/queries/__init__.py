"""What the pages need to know about the practice."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Max, Min

from deqi.record.actor import NOBODY, Actor
from deqi.record.permissions import Role as RoleName
from deqi.record.practice.models import Licence, Organization, Role, Site, User


def organization() -> Organization | None:
    """The clinic this database belongs to, or None before `deqi init`.

    `zones` are the IANA names of the first and the last of its sites' time zones: one when all have the same.
    """
    found = Organization.objects.annotate(first=Min("sites__time_zone"), last=Max("sites__time_zone")).first()
    if found:
        found.zones = tuple(dict.fromkeys(filter(None, (found.first, found.last))))
    return found


def actor_of(user: User) -> Actor:
    """The acting person behind a signed-in user, with the roles held now. Two queries at most."""
    if not user.is_authenticated or not user.is_active:
        return NOBODY
    rows = Role.objects.filter(user=user, ended_at=None).values_list(
        "role", "site_id", "user__practitioner__id", "site__time_zone"
    )
    held = list(rows)
    if held:
        roles = frozenset((RoleName(role), site) for role, site, _, _ in held)
        zones = {zone for *_, zone in held}
        return Actor(
            user_id=user.id,
            name=user.name,
            roles=roles,
            practitioner_id=held[0][2],
            time_zone=(zones.pop() or "") if len(zones) == 1 else "",
        )
    own = User.objects.filter(id=user.id).values_list(
        "patient__id", "patient__home_site_id", "patient__home_site__time_zone"
    )
    patient_id, site_id, zone = own.get()
    if patient_id is None:
        return Actor(user_id=user.id, name=user.name)
    return Actor(
        user_id=user.id,
        name=user.name,
        roles=frozenset({(RoleName.PATIENT, site_id)}),
        patient_id=patient_id,
        time_zone=zone,
    )


def sites_for(actor: Actor, verb: str = "day.view") -> list[Site]:
    """Active sites at which the acting person may do `verb`, by name."""
    allowed = actor.sites(verb)
    rows = Site.objects.filter(active=True)
    return list(rows if allowed is None else rows.filter(id__in=allowed))


def licence_for(practitioner_id: UUID, site: Site, on: date) -> Licence | None:
    """The licence that lets this practitioner needle at `site` on that day, or None.

    It must be active, verified against a register no later than that day, cover the site's jurisdiction and
    be in date (first and last day included).
    """
    return (
        Licence.objects.filter(
            practitioner_id=practitioner_id,
            jurisdiction=site.jurisdiction,
            status=Licence.Status.ACTIVE,
            issued__lte=on,
            expires__gte=on,
            verified_on__isnull=False,
            verified_on__lte=on,
        )
        .order_by("-expires")
        .first()
    )
