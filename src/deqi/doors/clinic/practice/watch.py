"""Staff pages: incidents and the audit log."""

from __future__ import annotations

import csv
from datetime import datetime, time, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deqi.doors.access import needs
from deqi.doors.clinic.practice import forms
from deqi.doors.clinic.practice.views import go, see
from deqi.record.audit.queries import Asked, report, report_rows
from deqi.record.audit.words import WORDS
from deqi.record.care.actions import incidents as actions
from deqi.record.care.queries.incidents import incidents_for
from deqi.record.errors import Refusal
from deqi.record.practice.queries import sites_for
from deqi.record.practice.queries.staff import people_with_roles


@require_http_methods(["GET", "HEAD", "POST"])
@needs("event.report")
def new_incident(request: HttpRequest) -> HttpResponse:
    form = forms.IncidentForm(request.POST or None, sites=sites_for(request.actor, "event.report"))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.open_incident(
                request.actor,
                data["row"],
                site_id=UUID(data["site"]),
                kind=data["kind"],
                description=data["description"],
            )
            messages.success(request, "Thank you. It is with those who look after incidents.")
            return go("incidents") if request.actor.may("incident.view") else go("today")
        except Refusal as refusal:
            form.refuse(refusal)
    return see(request, "new_incident", {"form": form}, bad=form.is_bound)


@require_safe
@needs("incident.view")
def incidents(request: HttpRequest) -> HttpResponse:
    return see(request, "incidents", {"incidents": incidents_for(request.actor), "kinds": actions.KINDS})


@require_safe
@needs("incident.view")
def incident(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    row = actions.look_at_incident(request.actor, incident_id)
    return _incident(request, row, forms.LessonForm())


def _incident(request, row, form, bad=False) -> HttpResponse:
    context = {"incident": row, "site": row.site, "kind": actions.kind_said(row.kind), "form": form}
    return see(request, "incident", context, bad=bad)


@require_POST
@needs("incident.view")
def close_incident(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    form = forms.LessonForm(request.POST)
    row = actions.incident_in_scope(request.actor, incident_id)
    if form.is_valid():
        try:
            actions.close_incident(request.actor, incident_id, **form.cleaned_data)
            messages.success(request, "Closed, with its lesson.")
            return go("incidents")
        except Refusal as refusal:
            form.refuse(refusal)
    return _incident(request, row, form, bad=True)


def _asked(request: HttpRequest) -> tuple[forms.AuditForm, Asked]:
    verbs = sorted(WORDS.items(), key=lambda pair: pair[1])
    form = forms.AuditForm(
        request.GET or None, staff=people_with_roles(request.actor, "audit.view"), verbs=verbs
    )
    data = form.cleaned_data if form.is_bound and form.is_valid() else {}
    try:
        patient = UUID(request.GET["patient"]) if request.GET.get("patient") else None
    except ValueError:
        patient = None
    until = data.get("until")
    return form, Asked(
        since=_midnight(data.get("since")),
        until=_midnight(until + timedelta(days=1)) if until else None,
        verb=data.get("verb", ""),
        user_id=UUID(data["user"]) if data.get("user") else None,
        patient_id=patient,
    )


def _midnight(day) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time())) if day else None


@require_safe
@needs("audit.view")
def audit(request: HttpRequest) -> HttpResponse:
    """The log, newest first, fifty entries a page."""
    form, asked = _asked(request)
    before = request.GET.get("before", "")
    page = report(
        request.actor, asked, before=int(before) if before.isdecimal() and len(before) < 18 else None
    )
    query = request.GET.copy()
    query.pop("before", None)
    context = {"form": form, "page": page, "query": query.urlencode(), "asked": asked}
    return see(request, "audit", context, bad=form.is_bound and not form.is_valid())


class _Echo:
    """What csv writes to, when each line is sent as it is made."""

    def write(self, line: str) -> str:
        return line


@require_safe
@needs("audit.view")
def audit_file(request: HttpRequest) -> StreamingHttpResponse:
    """The same as a file (CSV), oldest first, at most 50,000 lines."""
    _, asked = _asked(request)
    rows = report_rows(request.actor, asked)
    writer = csv.writer(_Echo())
    head = writer.writerow(["entry", "at", "who", "role", "what", "verb", "patient_id"])

    def lines():
        yield head
        for row in rows:
            cells = [row.id, row.at.isoformat(), row.who, row.role, row.what, row.verb, row.patient_id or ""]
            yield writer.writerow([_plain(cell) for cell in cells])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


def _plain(cell) -> str:
    """A cell that a spreadsheet will not take for a formula."""
    text = str(cell)
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
