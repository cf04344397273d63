"""Staff pages: who works here, their roles and licences."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from deqi.doors.access import needs
from deqi.doors.clinic.practice import forms
from deqi.doors.clinic.practice.views import go, see
from deqi.doors.http import both
from deqi.record.errors import Refusal
from deqi.record.practice.actions import licences, staff
from deqi.record.practice.queries import sites_for
from deqi.record.practice.queries.licences import licence_alerts
from deqi.record.practice.queries.staff import member_page, staff_list
from deqi.science.safety.licensure import jurisdictions, licensure_file


def _where(request: HttpRequest) -> dict:
    every = request.actor.sites("staff.manage") is None
    return {"sites": sites_for(request.actor, "staff.manage"), "every": every}


@require_safe
@needs("staff.manage")
def members(request: HttpRequest) -> HttpResponse:
    alerts = {alert.user_id: alert for alert in reversed(licence_alerts(request.actor))}
    return see(request, "members", {"staff": staff_list(request.actor), "alerts": alerts})


@require_safe
@needs("day.view")
def licence_notes(request: HttpRequest) -> HttpResponse:
    """A fragment for Today: one's own licence, and what presses among the staff one manages."""
    every = licence_alerts(request.actor)
    mine = request.actor.user_id
    pressing = [alert for alert in every if alert.presses or alert.user_id == mine]
    return see(request, "_licence_notes", {"alerts": pressing[:3], "more": len(every) - len(pressing[:3])})


@both
@needs("staff.manage")
def new_member(request: HttpRequest) -> HttpResponse:
    form = forms.NewMemberForm(request.POST or None, **_where(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = staff.add_member(
                request.actor,
                data["row"],
                name=data["name"],
                email=data["email"],
                role=data["role"],
                site_id=form.site_id,
                title=data["title"],
            )
            messages.success(request, f"{user.name} can now sign in with a code sent to {user.email}.")
            return go("member", user.id)
        except Refusal as refusal:
            form.refuse(refusal)
    return see(request, "new_member", {"form": form}, bad=form.is_bound)


@require_safe
@needs("staff.manage")
def member(request: HttpRequest, user_id: UUID) -> HttpResponse:
    """One person: roles, licences, account."""
    return _member(request, user_id)


def _member(request, user_id, *, bad=False, **given) -> HttpResponse:
    page = member_page(request.actor, user_id)
    alerts = [alert for alert in licence_alerts(request.actor) if alert.user_id == page.user.id]
    context = {
        "page": page,
        "member": page.user,
        "alerts": alerts,
        "role_form": forms.RoleForm(**_where(request)),
    }
    return see(request, "member", {**context, **given}, bad=bad)


@require_POST
@needs("staff.manage")
def give_role(request: HttpRequest, user_id: UUID) -> HttpResponse:
    form = forms.RoleForm(request.POST, **_where(request))
    if form.is_valid():
        data = form.cleaned_data
        try:
            staff.give_role(
                request.actor, user_id, role=data["role"], site_id=form.site_id, title=data["title"]
            )
            return go("member", user_id)
        except Refusal as refusal:
            form.refuse(refusal)
    return _member(request, user_id, role_form=form, bad=True)


@require_POST
@needs("staff.manage")
def end_role(request: HttpRequest, user_id: UUID, role_id: int) -> HttpResponse:
    staff.end_role(request.actor, user_id, role_id)
    messages.success(request, "The role has ended.")
    return go("member", user_id)


@require_POST
@needs("staff.manage")
def set_open(request: HttpRequest, user_id: UUID) -> HttpResponse:
    user = staff.set_open(request.actor, user_id, request.POST.get("open") == "1")
    messages.success(request, f"The account of {user.name} is {'open' if user.is_active else 'closed'}.")
    return go("member", user_id)


@require_POST
@needs("staff.manage")
def forget_factor(request: HttpRequest, user_id: UUID) -> HttpResponse:
    user = staff.forget_second_factor(request.actor, user_id)
    messages.success(request, f"{user.name} will set up a new second factor at the next sign-in.")
    return go("member", user_id)


def _tips() -> dict:
    return {"jurisdictions": jurisdictions(), "compiled": licensure_file().compiled}


@both
@needs("licence.verify")
def new_licence(request: HttpRequest, user_id: UUID) -> HttpResponse:
    user = staff.member_for(request.actor, user_id)
    sites = sites_for(request.actor, "staff.manage")
    where = sites[0].jurisdiction if sites else ""
    form = forms.NewLicenceForm(request.POST or None, initial={"jurisdiction": where})
    if request.method == "POST" and form.is_valid():
        row = form.cleaned_data.pop("row")
        try:
            licence = licences.add_licence(request.actor, user_id, row, form.cleaned_data)
            messages.success(request, "Recorded. Now look it up in its register.")
            return go("licence", licence.id)
        except Refusal as refusal:
            form.refuse(refusal)
    return see(request, "new_licence", {"form": form, "member": user, **_tips()}, bad=form.is_bound)


@both
@needs("licence.verify")
def licence(request: HttpRequest, licence_id: UUID) -> HttpResponse:
    """One licence: its details, and the check against its register."""
    row = licences.licence_in_scope(request.actor, licence_id)
    form = forms.LicenceForm(
        request.POST or None, initial={name: getattr(row, name) for name in licences.CHECKED}
    )
    if request.method == "POST" and form.is_valid():
        try:
            licences.edit_licence(request.actor, licence_id, form.cleaned_data)
            messages.success(request, "Saved.")
            return go("licence", licence_id)
        except Refusal as refusal:
            form.refuse(refusal)
            row.refresh_from_db()
    return _licence(request, row, form=form, bad=form.is_bound)


def _licence(request, row, *, bad=False, **given) -> HttpResponse:
    today = {"on": timezone.localdate(), "source": row.verified_source}
    context = {"licence": row, "member": row.practitioner.user, "check_form": forms.CheckForm(initial=today)}
    return see(request, "licence", {**context, **_tips(), **given}, bad=bad)


@require_POST
@needs("licence.verify")
def verify(request: HttpRequest, licence_id: UUID) -> HttpResponse:
    row = licences.licence_in_scope(request.actor, licence_id)
    form = forms.CheckForm(request.POST)
    if form.is_valid():
        try:
            licences.verify_licence(request.actor, licence_id, **form.cleaned_data)
            messages.success(request, "Checked. Thank you.")
            return go("member", row.practitioner.user_id)
        except Refusal as refusal:
            form.refuse(refusal)
    plain = forms.LicenceForm(initial={name: getattr(row, name) for name in licences.CHECKED})
    return _licence(request, row, form=plain, check_form=form, bad=True)
