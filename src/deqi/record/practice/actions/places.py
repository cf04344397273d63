"""The organisation, its sites, their rooms and their needle stock."""

from __future__ import annotations

import re
from datetime import time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log, log_first
from deqi.record.errors import Forbidden, NotFound, Refusal
from deqi.record.practice.models import NeedleLot, Organization, Room, Site

#: A country (DE), or a country and its part where licences are given by parts (US-CA).
JURISDICTION = re.compile(r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")
LOT_YEARS_AHEAD = 10


def whole_practice(actor: Actor, verb: str = "practice.manage") -> None:
    """Only for those who hold the verb at every site."""
    actor.check(verb)
    if actor.sites(verb) is not None:
        raise Forbidden(verb)


def site_for(actor: Actor, site_id: UUID, verb: str) -> Site:
    """The site, if the acting person may do `verb` there."""
    site = Site.objects.filter(id=site_id).first()
    if site is None or not actor.may(verb, site.id):
        actor.check(verb)
        raise NotFound("There is no such site among yours.")
    return site


@transaction.atomic
def edit_organization(
    actor: Actor,
    *,
    name: str,
    emergency_number: str,
    messages_from: time | None = None,
    messages_until: time | None = None,
) -> Organization:
    """Name of the clinic, the number that patients' pages tell them to call in an emergency, and between which times
    of day messages go to patients (a time left out stays as it is)."""
    whole_practice(actor)
    if not re.fullmatch(r"\+?[0-9 ]{2,19}", emergency_number):
        raise Refusal("A telephone number: digits and spaces, e.g. 112, 999, 911.", field="emergency_number")
    if not name.strip():
        raise Refusal("The clinic needs a name.", field="name")
    organization = Organization.objects.select_for_update(no_key=True).get()
    since, until = messages_from or organization.messages_from, messages_until or organization.messages_until
    if since >= until:
        raise Refusal("Messages need an hour that begins before it ends.", field="messages_until")
    organization.messages_from, organization.messages_until = since, until
    organization.name, organization.emergency_number = name.strip(), emergency_number.strip()
    organization.save()
    log(
        actor,
        "practice.manage",
        about=organization,
        detail={"changed": ["name", "emergency_number", "messages"]},
    )
    return organization


@transaction.atomic
def add_site(actor: Actor, site_id: UUID, details: dict[str, Any]) -> Site:
    """Opens a site. Sent twice with the same id, it opens one."""
    whole_practice(actor)
    if already := Site.objects.filter(id=site_id).first():
        return already
    _possible_site(details)
    site = Site(id=site_id, organization=Organization.objects.get(), **details)
    _save_once(site, "A site of this name is there already.")
    log(actor, "practice.manage", about=site, detail={"added": "site"})
    return site


@transaction.atomic
def edit_site(actor: Actor, site_id: UUID, details: dict[str, Any]) -> Site:
    """Changes a site. A new jurisdiction means that licences are checked against that one from now on."""
    site = site_for(actor, site_id, "practice.manage")
    _possible_site(details)
    changed = [name for name, value in details.items() if getattr(site, name) != value]
    if "active" in changed and not details["active"] and not _others_open(site):
        raise Refusal("The last open site cannot be closed.", field="active")
    for name in changed:
        setattr(site, name, details[name])
    if changed:
        _save_once(site, "A site of this name is there already.")
        log(actor, "practice.manage", about=site, detail={"changed": changed})
    return site


@transaction.atomic
def add_room(actor: Actor, site_id: UUID, room_id: UUID, name: str) -> Room:
    """A treatment room. Sent twice with the same id, it makes one."""
    site = site_for(actor, site_id, "practice.manage")
    if already := site.rooms.filter(id=room_id).first():
        return already
    if not name.strip():
        raise Refusal("The room needs a name.", field="name")
    room = Room(id=room_id, site=site, name=name.strip())
    _save_once(room, "A room of this name is there already.")
    log(actor, "practice.manage", about=room, detail={"added": "room"})
    return room


@transaction.atomic
def edit_room(actor: Actor, room_id: UUID, *, name: str, active: bool) -> Room:
    """Renames a room, closes it or opens it again."""
    room = _in_scope(actor, Room, room_id, "practice.manage")
    if not name.strip():
        raise Refusal("The room needs a name.", field="name")
    log_first()
    room.name, room.active = name.strip(), active
    _save_once(room, "A room of this name is there already.")
    log(actor, "practice.manage", about=room, detail={"changed": ["name", "active"]})
    return room


@transaction.atomic
def add_lot(actor: Actor, site_id: UUID, lot_id: UUID, details: dict[str, Any]) -> NeedleLot:
    """A box of needles that came in. Sent twice with the same id, it makes one."""
    site = site_for(actor, site_id, "stock.manage")
    if already := site.needle_lots.filter(id=lot_id).first():
        return already
    today = timezone.localdate()
    if not Decimal("0.10") <= details["gauge_mm"] <= Decimal("0.60"):
        raise Refusal("Needles are 0.10 to 0.60 mm thick.", field="gauge_mm")
    if not 5 <= details["length_mm"] <= 125:
        raise Refusal("Needles are 5 to 125 mm long.", field="length_mm")
    if details["expires"] <= today:
        raise Refusal("These needles are out of date: do not use them.", field="expires")
    if details["expires"] > today + timedelta(days=366 * LOT_YEARS_AHEAD):
        raise Refusal(f"The date is more than {LOT_YEARS_AHEAD} years ahead.", field="expires")
    lot = NeedleLot(id=lot_id, site=site, **details)
    _save_once(lot, "This lot is recorded already.", field="lot")
    log(actor, "stock.manage", about=lot, detail={"added": lot.lot})
    return lot


@transaction.atomic
def retire_lot(actor: Actor, lot_id: UUID) -> NeedleLot:
    """The box is empty, out of date or recalled: nobody can choose it any more. Past sessions keep it."""
    lot = _in_scope(actor, NeedleLot, lot_id, "stock.manage")
    if lot.active:
        lot.active = False
        lot.save(update_fields=["active"])
        log(actor, "stock.manage", about=lot, detail={"retired": lot.lot})
    return lot


def room_for(actor: Actor, room_id: UUID) -> Room:
    """The room, if the acting person manages its site."""
    return _in_scope(actor, Room, room_id, "practice.manage")


def _in_scope(actor: Actor, model, row_id: UUID, verb: str):
    row = model.objects.select_related("site").filter(id=row_id).first()
    if row is None or not actor.may(verb, row.site_id):
        actor.check(verb)
        raise NotFound("There is no such thing at your sites.")
    return row


def _possible_site(details: dict[str, Any]) -> None:
    if not details["name"].strip():
        raise Refusal("The site needs a name.", field="name")
    if not JURISDICTION.match(details["jurisdiction"]):
        raise Refusal(
            "Two letters of the country, e.g. GB or DE, or US-CA for a state.", field="jurisdiction"
        )
    if details["time_zone"] not in available_timezones():
        raise Refusal("Choose a time zone from the list, e.g. Europe/London.", field="time_zone")


def _others_open(site: Site) -> bool:
    return Site.objects.filter(active=True).exclude(id=site.id).exists()


def _save_once(row, message: str, field: str = "name") -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Refusal(message, field=field, code="exists")
