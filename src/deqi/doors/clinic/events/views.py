"""Staff pages: the register of adverse events, reporting one, judging one."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from deqi.doors.access import needs
from deqi.doors.clinic.events.forms import AssessForm, PeriodForm, ReportForm
from deqi.doors.clock import render
from deqi.doors.http import both, get_only, post_only
from deqi.record.care.actions.events import assess_event, event_for, report_event
from deqi.record.care.queries.events import labels, register
from deqi.record.errors import Refusal
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import zone_of
from deqi.science.safety import published_rates, seriousness_criteria


@get_only
@needs("clinical.view")
def events(request: HttpRequest) -> HttpResponse:
    """The register of a period, with rates that always show their denominator."""
    form = PeriodForm(request.GET or None)
    since, until = form.period()
    first = timezone.make_aware(datetime.combine(since, time()))
    found = register(
        request.actor, first, timezone.make_aware(datetime.combine(until, time())) + timedelta(days=1)
    )
    published = [one for one in published_rates() if one.rate and one.of in ("treatments", "patients")]
    context = {"here": "events", "found": found, "since": since, "until": until, "published": published}
    return render(request, "clinic/events/register.html", context)


@both
@needs("event.report")
def report(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Something that was noticed after the visit, or by somebody else."""
    patient = patient_for(request.actor, patient_id, "event.report", page="report an event")
    timezone.activate(zone_of(patient.home_site))  # what is typed is the time there
    form = ReportForm(request.POST or None, initial={"onset": timezone.localtime()})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            report_event(
                request.actor,
                patient.id,
                event_id=UUID(request.POST.get("id", "")),
                event_type=data["event_type"],
                onset_at=data["onset"],
                description=data["description"],
                points=data["points"],
                reporter_role="practitioner" if request.actor.practitioner_id else "staff",
            )
            messages.success(request, "Noted in the register. A senior clinician will assess it.")
            return redirect("clinic:patient", patient.id)
        except Refusal as refusal:
            refusal.field = {"onset_at": "onset"}.get(refusal.field, refusal.field)
            form.refuse(refusal)
        except ValueError:
            form.add_error(None, "The page was out of date. Please send it again.")
    context = {"here": "patients", "patient": patient, "form": form}
    return render(request, "clinic/events/report.html", context, status=422 if form.is_bound else 200)


@get_only
@needs("clinical.view")
def event(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """One event with every judgement."""
    return _event(request, event_id, None)


@post_only
@needs("event.assess")
def assess(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Adds a judgement; the earlier ones stay."""
    event_for(request.actor, event_id, "event.assess")
    form = AssessForm(request.POST)
    if not form.is_valid():
        return _event(request, event_id, form)
    data = form.cleaned_data
    seen = request.POST.get("seen", "")
    try:
        assess_event(
            request.actor,
            event_id,
            seen=int(seen) if seen.isdecimal() else -1,
            **{**data, "expected": data["expected"] == "yes"},
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return _event(request, event_id, form)
    messages.success(request, "The judgement is added. Earlier ones stay readable.")
    return redirect("clinic:event", event_id)


def _event(request: HttpRequest, event_id: UUID, form: AssessForm | None) -> HttpResponse:
    found = event_for(request.actor, event_id, "clinical.view")
    held = list(found.assessments.select_related("assessed_by"))
    if form is None and held:
        now = held[0]
        form = AssessForm(
            initial={
                "grade": now.grade,
                "seriousness": now.seriousness,
                "causality": now.causality,
                "expected": "yes" if now.expected else "no",
                "action_taken": now.action_taken,
                "outcome": now.outcome,
            }
        )
    context = {
        "here": "events",
        "event": found,
        "patient": found.patient,
        "label": labels().get(found.event_type, found.event_type),
        "assessments": held,
        "criteria": {one.id: one.text for one in seriousness_criteria()},
        "form": form or AssessForm(),
    }
    bound = form is not None and form.is_bound
    return render(request, "clinic/events/event.html", context, status=422 if bound else 200)
