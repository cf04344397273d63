"""Staff pages: the questionnaires of the clinic. Bringing one in, who allows it, taking it out of use."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from deqi.doors.access import needs
from deqi.doors.clinic.questionnaires.forms import ImportForm, PermissionForm
from deqi.doors.clock import render
from deqi.doors.http import get_only, post_only, see_other
from deqi.record.errors import Refusal
from deqi.record.questionnaires.actions.instruments import (
    InstrumentRefused,
    import_instrument,
    record_permission,
    retire_instrument,
)
from deqi.record.questionnaires.queries import instrument_for, instruments, why_not
from deqi.record.questionnaires.reading import form_of
from deqi.science.measures import scorers
from deqi.science.measures.questionnaire import trial
from deqi.science.measures.questionnaire.resource import LARGEST_BYTES


@get_only
@needs("form.view")
def questionnaires(request: HttpRequest) -> HttpResponse:
    """Every version with its standing, and bringing one in."""
    return _list(request, ImportForm())


def _list(request: HttpRequest, form: ImportForm, problems: Any = (), status: int = 200) -> HttpResponse:
    context = {
        "here": "practice",
        "listed": instruments(request.actor),
        "form": form,
        "problems": problems,
        "scorers": scorers(),
    }
    return render(request, "clinic/questionnaires/questionnaires.html", context, status=status)


@post_only
@needs("form.manage")
def take(request: HttpRequest) -> HttpResponse:
    """Takes a file, or says everything that is wrong in it, each with its place."""
    form = ImportForm(request.POST, request.FILES)
    problems: Any = ()
    if form.is_valid():
        try:
            source = form.cleaned_data["file"].read(LARGEST_BYTES + 1)
            kept = import_instrument(request.actor, source, scorer=form.cleaned_data["scorer"])
            messages.success(
                request,
                f"{kept.title} {kept.version} is here. Record who allows its use before it is given to anybody.",
            )
            return see_other("clinic:questionnaire", kept.id)
        except Refusal as refusal:
            form.refuse(refusal)
            problems = refusal.problems if isinstance(refusal, InstrumentRefused) else ()
    return _list(request, form, problems, 422)


@get_only
@needs("form.view")
def questionnaire(request: HttpRequest, instrument_id: UUID) -> HttpResponse:
    """One version: what it asks, what it works out, who allows it."""
    return _one(request, instrument_id, PermissionForm())


def _one(request: HttpRequest, instrument_id: UUID, form: PermissionForm, status: int = 200) -> HttpResponse:
    found = instrument_for(request.actor, instrument_id)
    read = form_of(found)
    ends = trial(read, scorer=found.scorer)
    context = {
        "here": "practice",
        "one": found,
        "why_not": why_not(found),
        "read": read,
        "ends": list(zip(ends["first"], ends["last"], strict=True)),
        "scorer": scorers().get(found.scorer),
        "permissions": list(found.permissions.select_related("recorded_by")),
        "form": form,
    }
    return render(request, "clinic/questionnaires/questionnaire.html", context, status=status)


@get_only
@needs("form.view")
def file(request: HttpRequest, instrument_id: UUID) -> HttpResponse:
    """The resource as it was imported."""
    found = instrument_for(request.actor, instrument_id)
    text = json.dumps(found.resource, ensure_ascii=False, indent=2)
    name = f'attachment; filename="{found.key}.json"'
    return HttpResponse(text, content_type="application/fhir+json", headers={"Content-Disposition": name})


@post_only
@needs("form.manage")
def permit(request: HttpRequest, instrument_id: UUID) -> HttpResponse:
    """Keeps a statement of permission."""
    form = PermissionForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            record_permission(
                request.actor,
                instrument_id,
                data["row"],
                who=data["who"],
                statement=data["statement"],
                until=data["until"],
            )
            messages.success(request, "The permission is kept.")
            return see_other("clinic:questionnaire", instrument_id)
        except Refusal as refusal:
            form.refuse(refusal)
    return _one(request, instrument_id, form, 422)


@post_only
@needs("form.manage")
def retire(request: HttpRequest, instrument_id: UUID) -> HttpResponse:
    """Out of use; what was answered stays."""
    found = retire_instrument(request.actor, instrument_id)
    messages.success(request, f"{found.title} {found.version} is retired. What was answered stays readable.")
    return see_other("clinic:questionnaires")
