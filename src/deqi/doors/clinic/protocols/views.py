"""Staff pages: protocols. The list, a new one, one with its versions, copy, retire."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from deqi.doors.access import needs
from deqi.doors.clinic.protocols.forms import ProtocolForm
from deqi.doors.clock import render
from deqi.doors.http import both, form_id, get_only, post_only, see_other
from deqi.record.care.actions.protocols import copy_protocol, retire_protocol, save_protocol
from deqi.record.care.line import LineRefused, read
from deqi.record.care.models import Protocol
from deqi.record.care.placements import needles_of
from deqi.record.care.queries.protocols import protocol_for, protocols_of, versions_of
from deqi.record.errors import Refusal
from deqi.science.points import format_line


@both
@needs("protocol.manage")
def protocols(request: HttpRequest) -> HttpResponse:
    """Those in use, and the form of a new one. Kept from a visit, the way goes back there."""
    form = ProtocolForm(request.actor, request.POST or None, initial={"line": request.GET.get("line", "")})
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            kept = save_protocol(request.actor, form.cleaned_data["row"], **form.values())
            messages.success(request, f"{kept.name} is kept.")
            return _from_form(form, kept)
        except Refusal as refusal:
            refused = refusal
            form.refuse(refusal)
    context = {
        "here": "points",
        "listed": protocols_of(request.actor),
        "form": form,
        "refused": refused if isinstance(refused, LineRefused) else None,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "clinic/protocols/protocols.html", context, status=status)


def _from_form(form: ProtocolForm, kept: Protocol) -> HttpResponse:
    visit = form.cleaned_data["visit"]
    return see_other("clinic:visit", visit) if visit else see_other("clinic:protocol", kept.id)


@get_only
@needs("protocol.manage")
def try_line(request: HttpRequest) -> HttpResponse:
    """What the line typed so far makes, or the words that cannot be read. Saves nothing."""
    context: dict = {}
    try:
        placements = read(request.GET.get("line", ""))
        context = {"line": format_line(placements), "needles": needles_of(placements)}
    except LineRefused as refused:
        context = {"refused": refused}
    return render(request, "clinic/protocols/_trial.html", context)


@both
@needs("protocol.manage")
def protocol(request: HttpRequest, protocol_id: UUID) -> HttpResponse:
    """One protocol with the versions before it. Its owner changes it by adding a version."""
    found = protocol_for(request.actor, protocol_id)
    names = ("name", "line", "condition", "note", "shared")
    now = {"site": found.site_id, **{name: getattr(found, name) for name in names}}
    form = ProtocolForm(request.actor, request.POST or None, initial=now)
    refused = None
    if request.method == "POST" and form.is_valid():
        try:
            kept = save_protocol(request.actor, form.cleaned_data["row"], replaces=found.id, **form.values())
            messages.success(
                request, f"Version {kept.version} of {kept.name} is kept; the one before stays readable."
            )
            return see_other("clinic:protocol", kept.id)
        except Refusal as refusal:
            refused = refusal
            form.refuse(refusal)
    context = {
        "here": "points",
        "protocol": found,
        "mine": found.owner_id == request.actor.user_id,
        "needles": needles_of(read(found.line)),
        "earlier": versions_of(request.actor, found),
        "form": form,
        "copy_id": uuid4(),
        "refused": refused if isinstance(refused, LineRefused) else None,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "clinic/protocols/protocol.html", context, status=status)


@post_only
@needs("protocol.manage")
def copy(request: HttpRequest, protocol_id: UUID) -> HttpResponse:
    """A copy of one's own."""
    made = copy_protocol(request.actor, protocol_id, form_id(request))
    messages.success(request, f"{made.name} is yours now; what you change does not touch the original.")
    return see_other("clinic:protocol", made.id)


@post_only
@needs("protocol.manage")
def retire(request: HttpRequest, protocol_id: UUID) -> HttpResponse:
    """Out of use; it stays readable."""
    try:
        found = retire_protocol(request.actor, protocol_id)
        messages.success(request, f"{found.name} is retired. Visits that used it keep their points.")
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return see_other("clinic:protocol", protocol_id)
    return see_other("clinic:protocols")
