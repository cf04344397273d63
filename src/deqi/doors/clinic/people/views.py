"""Staff pages: find a person, register them, their details, who may see them."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from deqi.doors.access import needs
from deqi.doors.clinic.people.forms import ContactForm, DetailsForm, ProviderForm, RegisterForm, ShareForm
from deqi.doors.clinic.people.invitation import mailed, qr_code
from deqi.doors.clock import render
from deqi.doors.http import both, get_only, post_only, see_other
from deqi.record.errors import Refusal
from deqi.record.patients.actions import invitations, people, sharing
from deqi.record.patients.queries.people import (
    desk_page,
    find_patients,
    opened_lately,
    same_person,
    sites_to_share_with,
)
from deqi.record.practice.queries import sites_for


@get_only
@needs("patient.find")
def patients(request: HttpRequest) -> HttpResponse:
    """The search, as a page or (typed ahead) as its list alone."""
    text = request.GET.get("q", "").strip()
    found = find_patients(request.actor, text)
    lately = [] if found.understood_as else opened_lately(request.actor)
    context = {"here": "patients", "q": text, "found": found, "lately": lately}
    fragment = request.headers.get("HX-Request")
    return render(request, "clinic/people/_found.html" if fragment else "clinic/people/find.html", context)


@both
@needs("patient.register")
def register(request: HttpRequest) -> HttpResponse:
    """A new person. Somebody with the same name and birth date is shown before a second record is made."""
    sites = sites_for(request.actor, "patient.register")
    form = RegisterForm(request.POST or None, sites=sites, initial={"site": sites[0] if sites else None})
    context = {"here": "patients", "form": form, "row": request.POST.get("row", "")}
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            person = people.register(
                request.actor,
                patient_id=_uuid(request, "row"),
                site_id=data["site"].id,
                details={name: data[name] for name in people.DETAILS},
                providers=form.providers(),
                contacts=form.contacts(),
                not_a_duplicate=data["not_a_duplicate"],
            )
            messages.success(request, f"{person.name} is registered, record {person.record_number}.")
            return _back(person.id)
        except Refusal as refusal:
            if refusal.code == "duplicate":
                names = (data["given_name"], data["family_name"], data["birth_date"])
                context["same"], context["elsewhere"] = same_person(request.actor, *names)
            else:
                form.refuse(refusal)
    return render(request, "clinic/people/register.html", context, status=422 if form.is_bound else 200)


@get_only
@needs("patient.view")
def patient(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The front desk's page about one person."""
    desk = desk_page(request.actor, patient_id)
    return _desk(request, desk)


def _desk(request, desk, status=200, **forms) -> HttpResponse:
    context = {
        "here": "patients",
        "desk": desk,
        "patient": desk.patient,
        "provider_form": ProviderForm(),
        "contact_form": ContactForm(),
        **forms,
    }
    return render(request, "clinic/people/patient.html", context, status=status)


@both
@needs("patient.edit")
def edit(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Changes the details."""
    desk = desk_page(request.actor, patient_id)
    before = {name: getattr(desk.patient, name) for name in people.DETAILS}
    form = DetailsForm(request.POST or None, initial=before)
    if request.method == "POST" and form.is_valid():
        try:
            people.edit_details(request.actor, patient_id, form.cleaned_data)
            messages.success(request, "Saved.")
            return _back(patient_id)
        except Refusal as refusal:
            form.refuse(refusal)
    context = {"here": "patients", "patient": desk.patient, "form": form}
    return render(request, "clinic/people/edit.html", context, status=422 if form.is_bound else 200)


@post_only
@needs("patient.edit")
def add_provider(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    form = ProviderForm(request.POST)
    if not form.is_valid():
        return _desk(request, desk_page(request.actor, patient_id), status=422, provider_form=form)
    row = form.cleaned_data.pop("row")
    people.add_provider(request.actor, patient_id, row, form.cleaned_data)
    return _back(patient_id)


@post_only
@needs("patient.edit")
def end_provider(request: HttpRequest, patient_id: UUID, provider_id: UUID) -> HttpResponse:
    people.end_provider(request.actor, patient_id, provider_id)
    return _back(patient_id)


@post_only
@needs("patient.edit")
def add_contact(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _desk(request, desk_page(request.actor, patient_id), status=422, contact_form=form)
    row = form.cleaned_data.pop("row")
    people.add_contact(request.actor, patient_id, row, form.cleaned_data)
    return _back(patient_id)


@post_only
@needs("patient.edit")
def remove_contact(request: HttpRequest, patient_id: UUID, contact_id: UUID) -> HttpResponse:
    people.remove_contact(request.actor, patient_id, contact_id)
    return _back(patient_id)


@post_only
@needs("patient.invite")
def invite(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Makes the link, mails it where there is an address, and shows it once: on screen, on paper, as a code.

    The page answers the post itself: the link is not kept, so there is nothing to come back to.
    """
    person = desk_page(request.actor, patient_id).patient
    link = invitations.invite(request.actor, patient_id, sent_to=person.email)
    context = {"here": "patients", "patient": person, "link": link, "qr": qr_code(link)}
    context["mailed"] = mailed(person, link)
    return render(request, "clinic/people/invite.html", context)


@both
@needs("patient.share")
def share(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Lets another site see the person."""
    person, sites = sites_to_share_with(request.actor, patient_id)
    form = ShareForm(request.POST or None, sites=sites)
    if request.method == "POST" and form.is_valid():
        site, reason = form.cleaned_data["site"], form.cleaned_data["reason"]
        try:
            sharing.share_with_site(request.actor, patient_id, site.id, reason)
            messages.success(request, f"{site} can now see {person.name}.")
            return _back(patient_id)
        except Refusal as refusal:
            form.refuse(refusal)
    context = {"here": "patients", "patient": person, "form": form, "sites": sites}
    return render(request, "clinic/people/share.html", context, status=422 if form.is_bound else 200)


@post_only
@needs("patient.share")
def end_share(request: HttpRequest, patient_id: UUID, share_id: int) -> HttpResponse:
    sharing.end_sharing(request.actor, patient_id, share_id)
    messages.success(request, "Sharing has ended.")
    return _back(patient_id)


def _back(patient_id: UUID) -> HttpResponse:
    return see_other("clinic:patient", patient_id)


def _uuid(request: HttpRequest, name: str) -> UUID:
    """The client's id of a new row. A form without one was not made by our page."""
    try:
        return UUID(request.POST.get(name, ""))
    except ValueError:
        raise Refusal("The form has no row number. Reload the page and send it again.")
