"""Staff pages: the day board and appointments."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from deqi.doors.access import needs
from deqi.doors.clinic.day.forms import BookForm, first_values
from deqi.doors.clock import render
from deqi.doors.http import both, get_only, post_only
from deqi.record.care.actions import appointments
from deqi.record.care.queries.booking import booking_page
from deqi.record.care.queries.day import board, picture
from deqi.record.errors import NotFound, Refusal
from deqi.record.practice.queries import sites_for

CHANGES = {
    "arrive": appointments.arrive,
    "cancel": appointments.cancel,
    "did-not-come": appointments.did_not_come,
}


@get_only
@needs("day.view")
def today(request: HttpRequest) -> HttpResponse:
    """The board of one site; the page asks for its inner part again every fifteen seconds."""
    sites = sites_for(request.actor)
    if not sites:
        return render(request, "clinic/day/no_site.html", {"here": "today"})
    wanted = request.GET.get("site") or request.session.get("site")
    site = next((one for one in sites if str(one.id) == wanted), sites[0])
    if request.session.get("site") != str(site.id) and request.GET.get("site"):
        request.session["site"] = str(site.id)
    day = board(request.actor, site, _day(request.GET.get("on", "")))
    context = {"here": "today", "day": day, "site": site, "sites": sites, "picture": picture(day)}
    name = "_board" if request.headers.get("HX-Request") else "today"
    return render(request, f"clinic/day/{name}.html", context)


@both
@needs("appointment.manage")
def book(request: HttpRequest) -> HttpResponse:
    """Books a visit for the person named in the address; without one it says where to find them."""
    patient_id = _uuid(request.GET.get("patient") or request.POST.get("patient"))
    if patient_id is None:
        return render(request, "clinic/day/book_whom.html", {"here": "today"})
    offer = booking_page(request.actor, patient_id)
    values = first_values(offer, request.GET.get("at", ""))
    form = BookForm(request.POST or None, offer=offer, initial=values)
    if request.method == "POST" and form.is_valid():
        try:
            return _booked(request, form)
        except Refusal as refusal:
            form.refuse(refusal)
    context = {"here": "today", "offer": offer, "patient": offer.patient, "form": form}
    return render(request, "clinic/day/book.html", context, status=422 if form.is_bound else 200)


def _booked(request: HttpRequest, form: BookForm) -> HttpResponse:
    data = form.cleaned_data
    made = appointments.book(
        request.actor,
        form.offer.patient.id,
        appointment_id=_uuid(request.POST.get("id"), needed=True),
        starts_at=form.starts_at,
        minutes=data["minutes"],
        practitioner_id=_uuid(data["practitioner"]),
        room_id=_uuid(data["room"]),
        note=data["note"],
        deviation_reason=data.get("deviation_reason", ""),
    )
    messages.success(request, f"{form.offer.patient.name} is booked for {form.starts_at:%a %-d %b, %H:%M}.")
    if request.POST.get("another"):
        return redirect(f"{request.path}?patient={made.patient_id}")
    return redirect("clinic:today")


@post_only
@needs("appointment.manage")
def change(request: HttpRequest, appointment_id: UUID, what: str) -> HttpResponse:
    """Arrived, cancelled, did not come."""
    if what not in CHANGES:
        raise NotFound("There is no such step.")
    try:
        CHANGES[what](request.actor, appointment_id)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("clinic:today")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _uuid(text: str | None, *, needed: bool = False) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        if needed:
            raise Refusal("The page was out of date. Load it again; nothing was changed.")
        return None
