"""Who works here, as far as the acting person manages them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Prefetch, Q, QuerySet

from deqi.record.actor import Actor
from deqi.record.errors import NotFound
from deqi.record.practice.models import Licence, Role, User


def staff_in_scope(actor: Actor) -> QuerySet[User]:
    """Users who hold or held a staff role at a site that the acting person manages; everybody for every site.

    Who holds a role at every site is managed only by somebody who does too: a site's manager cannot close the
    account of the whole clinic's.
    """
    sites = actor.sites("staff.manage")
    if sites is None:
        return User.objects.filter(id__in=Role.objects.values("user_id")).order_by("name")
    here = Role.objects.filter(site__in=sites).values("user_id")
    above = Role.objects.filter(site=None, ended_at=None).values("user_id")
    return User.objects.filter(id__in=here).exclude(id__in=above).order_by("name")


def staff_list(actor: Actor, *, licences: bool = True) -> list[User]:
    """Staff with `held_now` (roles with their sites) and, if asked, `practitioner.licences`; three queries."""
    now = Prefetch(
        "held_roles", Role.objects.filter(ended_at=None).select_related("site"), to_attr="held_now"
    )
    rows = staff_in_scope(actor).select_related("practitioner").prefetch_related(now)
    return list(rows.prefetch_related("practitioner__licences") if licences else rows)


@dataclass(frozen=True)
class Member:
    """One member of staff: roles held now and before, licences, what they sign in with."""

    user: User
    roles: list[Role]
    ended: list[Role]
    licences: list[Licence]
    factors: list[str]


def member_page(actor: Actor, user_id: UUID) -> Member:
    """Everything about one person who works here. Raises NotFound outside the acting person's sites."""
    actor.check("staff.manage")
    user = staff_in_scope(actor).select_related("practitioner").filter(id=user_id).first()
    if user is None:
        raise NotFound("There is no such member of staff at your sites.")
    roles = list(user.held_roles.select_related("site").order_by("since"))
    rows = Licence.objects.filter(practitioner__user=user).select_related("verified_by").order_by("-expires")
    kinds = {"totp": "authenticator app", "webauthn": "passkey"}
    factors = Authenticator.objects.filter(user=user, type__in=kinds).values_list("type", flat=True)
    return Member(
        user=user,
        roles=[role for role in roles if role.ended_at is None],
        ended=[role for role in roles if role.ended_at],
        licences=list(rows),
        factors=sorted({kinds[kind] for kind in factors}),
    )


def people_with_roles(actor: Actor, verb: str) -> list[User]:
    """Staff of the sites at which the acting person may do `verb`, by name: to choose from."""
    sites = actor.sites(verb)
    held = Role.objects.all() if sites is None else Role.objects.filter(Q(site__in=sites) | Q(site=None))
    return list(User.objects.filter(id__in=held.values("user_id")).order_by("name"))
