"""People who work here: their account, the roles they hold and where, and their second factor."""

from __future__ import annotations

from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log, log_first
from deqi.record.errors import Forbidden, NotFound, Refusal
from deqi.record.permissions import STAFF_ROLES
from deqi.record.permissions import Role as RoleName
from deqi.record.practice.actions.places import site_for
from deqi.record.practice.models import Practitioner, Role, User
from deqi.record.practice.queries.staff import staff_in_scope

#: Roles that may needle, so that a licence is asked of them.
NEEDLING = frozenset({RoleName.PRACTITIONER, RoleName.SENIOR})


def member_for(actor: Actor, user_id: UUID) -> User:
    """The member of staff, if the acting person manages them."""
    actor.check("staff.manage")
    found = staff_in_scope(actor).filter(id=user_id).first()
    if found is None:
        raise NotFound("There is no such member of staff at your sites.")
    return found


@transaction.atomic
def add_member(
    actor: Actor, user_id: UUID, *, name: str, email: str, role: str, site_id: UUID | None, title: str = ""
) -> User:
    """Makes an account with a first role. They sign in with an e-mailed code and then set a second factor up.

    Sent twice with the same id, it makes one account. Refused when the address is taken.
    """
    actor.check("staff.manage")
    if already := User.objects.filter(id=user_id).first():
        return member_for(actor, already.id)
    if not name.strip():
        raise Refusal("A name is needed.", field="name")
    try:
        validate_email(email)
    except ValidationError:
        raise Refusal("Type a whole e-mail address.", field="email")
    if User.objects.filter(email__iexact=email).exists():
        raise Refusal("Somebody signs in with this address already.", field="email", code="taken")
    user = User.objects.create_user(email, name.strip(), id=user_id)
    _give(actor, user, role, site_id, title)
    log(actor, "staff.manage", about=user, detail={"added": role, "site": str(site_id or "every")})
    return user


@transaction.atomic
def give_role(actor: Actor, user_id: UUID, *, role: str, site_id: UUID | None, title: str = "") -> Role:
    """Gives a role at one site, or at every site (`site_id` None: only by those who manage every site)."""
    user = member_for(actor, user_id)
    held = _give(actor, user, role, site_id, title)
    log(actor, "staff.manage", about=user, detail={"given": role, "site": str(site_id or "every")})
    return held


@transaction.atomic
def end_role(actor: Actor, user_id: UUID, role_id: int) -> None:
    """Ends a role from this moment on; ended twice, it stays ended. The last manager of every site stays one."""
    user = member_for(actor, user_id)
    held = user.held_roles.filter(id=role_id).first()
    if held is None:
        raise NotFound("They do not hold this role.")
    if held.ended_at:
        return
    _may_give(actor, held.site_id)
    if held.role == RoleName.MANAGER and held.site_id is None:
        others = Role.objects.filter(role=held.role, site=None, ended_at=None, user__is_active=True)
        if not others.exclude(user_id=held.user_id).exists():
            raise Refusal(
                "Somebody has to manage the whole clinic. Give that role to another first.", code="last"
            )
    held.ended_at = timezone.now()
    held.save(update_fields=["ended_at"])
    where = str(held.site_id or "every")
    log(actor, "staff.manage", about=held.user, detail={"ended": held.role, "site": where})


@transaction.atomic
def set_open(actor: Actor, user_id: UUID, is_open: bool) -> User:
    """Closes an account (its sessions end at once) or opens it again. Nobody closes their own."""
    user = member_for(actor, user_id)
    if user.id == actor.user_id:
        raise Refusal("You cannot close your own account; another manager can.", code="own")
    if user.is_active != is_open:
        user.is_active = is_open
        user.save(update_fields=["is_active"])
        if not is_open:
            end_sessions(user)
        log(actor, "staff.manage", about=user, detail={"open": is_open})
    return user


@transaction.atomic
def forget_second_factor(actor: Actor, user_id: UUID) -> User:
    """For somebody who lost phone and recovery codes: at the next sign-in they set a new one up."""
    user = member_for(actor, user_id)
    if user.id == actor.user_id:
        raise Refusal("Another manager has to do this for you.", code="own")
    Authenticator.objects.filter(user=user).delete()
    end_sessions(user)
    log(actor, "signin.factor_removed", about=user, detail={"by": "manager"})
    return user


def end_sessions(user: User) -> None:
    """Signs somebody out everywhere, now."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()


def _give(actor: Actor, user: User, role: str, site_id: UUID | None, title: str) -> Role:
    if role not in {r.value for r in STAFF_ROLES}:
        raise Refusal("Choose a role.", field="role")
    _may_give(actor, site_id)
    if getattr(user, "patient", None) is not None:
        raise Refusal("This account is a patient’s. Staff need an address of their own.", field="email")
    log_first()
    if RoleName(role) in NEEDLING:
        practitioner, _ = Practitioner.objects.get_or_create(user=user)
        if title.strip():
            practitioner.title = title.strip()
            practitioner.save(update_fields=["title"])
    try:
        with transaction.atomic():
            return Role.objects.create(user=user, role=role, site_id=site_id)
    except IntegrityError:
        raise Refusal("They hold this role there already.", field="role", code="exists")


def _may_give(actor: Actor, site_id: UUID | None) -> None:
    if site_id is not None:
        site_for(actor, site_id, "staff.manage")
    elif actor.sites("staff.manage") is not None:
        raise Forbidden("staff.manage")
