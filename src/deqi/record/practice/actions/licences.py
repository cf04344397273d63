"""Licences: recorded, checked against the register by a named person, suspended, renewed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.errors import NotFound, Refusal
from deqi.record.practice.actions.places import JURISDICTION
from deqi.record.practice.actions.staff import member_for
from deqi.record.practice.models import Licence, Practitioner

MOST_YEARS = 50
#: What a check vouched for: a change of any of these needs a new check.
CHECKED = ("jurisdiction", "authority", "number", "status", "issued", "expires")


def licence_in_scope(actor: Actor, licence_id: UUID) -> Licence:
    """The licence, if the acting person manages whom it belongs to."""
    actor.check("licence.verify")
    found = Licence.objects.select_related("practitioner__user", "verified_by").filter(id=licence_id).first()
    if found is None:
        raise NotFound("There is no such licence at your sites.")
    member_for(actor, found.practitioner.user_id)
    return found


@transaction.atomic
def add_licence(actor: Actor, user_id: UUID, licence_id: UUID, details: dict[str, Any]) -> Licence:
    """Records a licence, not yet checked: it opens no door until `verify_licence`. Twice the same id: one row."""
    actor.check("licence.verify")
    user = member_for(actor, user_id)
    practitioner, _ = Practitioner.objects.get_or_create(user=user)
    if already := practitioner.licences.filter(id=licence_id).first():
        return already
    _possible(details)
    licence = Licence(id=licence_id, practitioner=practitioner, **details)
    _save(licence)
    log(actor, "licence.verify", about=licence, detail={"added": licence.number})
    return licence


@transaction.atomic
def edit_licence(actor: Actor, licence_id: UUID, details: dict[str, Any]) -> Licence:
    """Changes a licence. What was checked before no longer counts, so the check is taken back."""
    licence = licence_in_scope(actor, licence_id)
    _possible(details)
    changed = [name for name in CHECKED if getattr(licence, name) != details[name]]
    if not changed:
        return licence
    for name in changed:
        setattr(licence, name, details[name])
    if changed != ["status"]:
        licence.verified_on, licence.verified_by, licence.verified_source = None, None, ""
    _save(licence)
    log(actor, "licence.verify", about=licence, detail={"changed": changed})
    return licence


@transaction.atomic
def verify_licence(actor: Actor, licence_id: UUID, *, on: date, source: str) -> Licence:
    """Says who looked the licence up, when, in which register. Nobody vouches for their own."""
    licence = licence_in_scope(actor, licence_id)
    if licence.practitioner.user_id == actor.user_id:
        raise Refusal("Somebody else has to check your licence.", code="own")
    if on > timezone.localdate():
        raise Refusal("The day of the check lies in the future.", field="on")
    if on < timezone.localdate() - timedelta(days=365):
        raise Refusal("That check is more than a year old. Look again, please.", field="on")
    if len(source.strip()) < 4:
        raise Refusal("Name the register you looked in: its address, or the letter.", field="source")
    licence.verified_on, licence.verified_source = on, source.strip()
    licence.verified_by_id = actor.user_id
    licence.save()
    log(actor, "licence.verify", about=licence, detail={"verified": licence.number, "source": source.strip()})
    return licence


def _possible(details: dict[str, Any]) -> None:
    issued, expires = details["issued"], details["expires"]
    if not JURISDICTION.match(details["jurisdiction"]):
        raise Refusal(
            "Two letters of the country, e.g. GB or DE, or US-CA for a state.", field="jurisdiction"
        )
    for name in ("authority", "number"):
        if not details[name].strip():
            raise Refusal("This stands on the licence.", field=name)
    if issued > timezone.localdate() + timedelta(days=365):
        raise Refusal("The first day lies more than a year ahead.", field="issued")
    if expires < issued:
        raise Refusal("The last day comes before the first.", field="expires")
    if expires.year > issued.year + MOST_YEARS:
        raise Refusal(f"That is more than {MOST_YEARS} years.", field="expires")


def _save(licence: Licence) -> None:
    try:
        with transaction.atomic():
            licence.save()
    except IntegrityError:
        raise Refusal("A licence of this authority with this number is recorded already.", field="number")
