"""Staff pages: the practice. Overview, settings, sites, rooms, needle stock, the permission table."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from deqi.doors.access import needs
from deqi.doors.clinic.practice import forms
from deqi.doors.clinic.practice.words import MAY
from deqi.doors.clock import render
from deqi.doors.http import both, see_other
from deqi.record.audit.words import ROLES
from deqi.record.care.actions.incidents import KINDS
from deqi.record.care.queries.incidents import incidents_waiting
from deqi.record.errors import Refusal
from deqi.record.operations.keeping import background
from deqi.record.permissions import TABLE, Role
from deqi.record.practice.actions import places
from deqi.record.practice.queries import organization
from deqi.record.practice.queries.licences import licence_alerts
from deqi.record.practice.queries.overview import lot_notes, site_page, sites_of, stock_of
from deqi.record.practice.queries.staff import staff_list


def see(request: HttpRequest, name: str, context: dict, *, bad: bool = False) -> HttpResponse:
    context = {"here": "practice", **context}
    return render(request, f"clinic/practice/{name}.html", context, status=422 if bad else 200)


def go(name: str, *args) -> HttpResponse:
    return see_other(f"clinic:{name}", *args)


@require_safe
@needs("practice.view")
def overview(request: HttpRequest) -> HttpResponse:
    """One screen: what needs somebody first, then the clinic at a glance. Each part where the role allows it."""
    actor = request.actor
    manages = actor.may("practice.manage")
    context = {
        "alerts": licence_alerts(actor),
        "lots": lot_notes(actor) if actor.may("stock.manage") else [],
        "incidents": incidents_waiting(actor),
        "kinds": KINDS,
        "sites": sites_of(actor) if manages else [],
        "staff": staff_list(actor, licences=False) if actor.may("staff.manage") else [],
        "background": background(actor) if actor.may("backup.view") else None,
        "whole": manages and actor.sites("practice.manage") is None,
    }
    return see(request, "overview", context)


@both
@needs("practice.manage")
def settings(request: HttpRequest) -> HttpResponse:
    clinic = organization()
    places.whole_practice(request.actor)
    names = ("name", "emergency_number", "messages_from", "messages_until")
    now = {name: getattr(clinic, name) for name in names}
    form = forms.OrganizationForm(request.POST or None, initial=now)
    if request.method == "POST" and form.is_valid():
        try:
            places.edit_organization(request.actor, **form.cleaned_data)
            messages.success(request, "Saved.")
            return go("practice")
        except Refusal as refusal:
            form.refuse(refusal)
    return see(request, "settings", {"form": form}, bad=form.is_bound)


@both
@needs("practice.manage")
def new_site(request: HttpRequest) -> HttpResponse:
    places.whole_practice(request.actor)
    form = forms.NewSiteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        row = form.cleaned_data.pop("row")
        try:
            site = places.add_site(request.actor, row, form.cleaned_data)
            messages.success(request, f"{site} is open. Add its rooms.")
            return go("site", site.id)
        except Refusal as refusal:
            form.refuse(refusal)
    return see(request, "new_site", {"form": form, "zones": forms.ZONES}, bad=form.is_bound)


@both
@needs("practice.manage")
def site(request: HttpRequest, site_id: UUID) -> HttpResponse:
    """A site: its details, rooms and needle boxes."""
    place = places.site_for(request.actor, site_id, "practice.manage")
    names = ("name", "jurisdiction", "time_zone", "phone", "address", "active")
    form = forms.EditSiteForm(request.POST or None, initial={name: getattr(place, name) for name in names})
    if request.method == "POST" and form.is_valid():
        try:
            places.edit_site(request.actor, site_id, form.cleaned_data)
            messages.success(request, "Saved.")
            return go("site", site_id)
        except Refusal as refusal:
            form.refuse(refusal)
            place.refresh_from_db()
    return _site(request, place, form=form, bad=form.is_bound)


def _site(request, place, *, bad=False, **given) -> HttpResponse:
    rooms, lots = site_page(request.actor, place)
    context = {
        "site": place,
        "rooms": rooms,
        "lots": lots,
        "zones": forms.ZONES,
        "room_form": forms.NewRoomForm(),
    }
    return see(request, "site", {**context, **given}, bad=bad)


@require_POST
@needs("practice.manage")
def new_room(request: HttpRequest, site_id: UUID) -> HttpResponse:
    place = places.site_for(request.actor, site_id, "practice.manage")
    form = forms.NewRoomForm(request.POST)
    if form.is_valid():
        try:
            places.add_room(request.actor, site_id, form.cleaned_data["row"], form.cleaned_data["name"])
            return go("site", site_id)
        except Refusal as refusal:
            form.refuse(refusal)
    names = ("name", "jurisdiction", "time_zone", "phone", "address", "active")
    site_form = forms.EditSiteForm(initial={name: getattr(place, name) for name in names})
    return _site(request, place, form=site_form, room_form=form, bad=True)


@both
@needs("practice.manage")
def room(request: HttpRequest, room_id: UUID) -> HttpResponse:
    place = places.room_for(request.actor, room_id)
    form = forms.RoomForm(request.POST or None, initial={"name": place.name, "active": place.active})
    if request.method == "POST" and form.is_valid():
        try:
            places.edit_room(request.actor, room_id, **form.cleaned_data)
            messages.success(request, "Saved.")
            return go("site", place.site_id)
        except Refusal as refusal:
            form.refuse(refusal)
    return see(request, "room", {"form": form, "room": place}, bad=form.is_bound)


@both
@needs("stock.manage")
def stock(request: HttpRequest) -> HttpResponse:
    """Needle boxes in use at the person's sites; a new one is added at the site chosen."""
    sites = stock_of(request.actor)
    form = forms.StockForm(request.POST or None, sites=sites)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        row, where = data.pop("row"), UUID(data.pop("site"))
        try:
            lot = places.add_lot(request.actor, where, row, data)
            messages.success(request, f"{lot} is recorded.")
            return go("stock")
        except Refusal as refusal:
            form.refuse(refusal)
    return see(
        request, "stock", {"form": form, "sites": sites, "notes": lot_notes(request.actor)}, bad=form.is_bound
    )


@require_POST
@needs("stock.manage")
def retire_lot(request: HttpRequest, lot_id: UUID) -> HttpResponse:
    lot = places.retire_lot(request.actor, lot_id)
    messages.success(request, f"Lot {lot.lot} can no longer be chosen.")
    return go("stock")


@require_safe
@needs("practice.view")
def permissions(request: HttpRequest) -> HttpResponse:
    """The permission table as it is enforced, one row a verb."""
    roles = list(Role)
    rows = [
        (verb, MAY.get(verb, verb), [role in allowed for role in roles]) for verb, allowed in TABLE.items()
    ]
    heads = [ROLES[role.value] for role in roles]
    return see(request, "permissions", {"rows": rows, "heads": heads})
