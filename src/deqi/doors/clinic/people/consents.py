"""Staff page: what was agreed to, and recording what the patient signs in the room."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from deqi.doors.access import needs
from deqi.doors.clock import render
from deqi.doors.http import see_other
from deqi.record.care.queries.single_case import offered_to, texts_asked_of
from deqi.record.errors import Refusal
from deqi.record.patients.actions.consents import record_consent
from deqi.record.patients.consent_texts import OPT_IN
from deqi.record.patients.queries import patient_for
from deqi.record.patients.queries.consents import in_force


@require_http_methods(["GET", "HEAD", "POST"])
@needs("consent.record")
def consents(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The texts to read together; the patient decides and their name is typed. The newest decision holds."""
    patient = patient_for(request.actor, patient_id, "consent.record", page="consents")
    given = {name: request.POST.get(name, "") for name in ("kind", "decision", "name", "version")}
    refusal = None
    if request.method == "POST":
        try:
            decided = record_consent(
                request.actor,
                patient_id,
                given["kind"],
                given["decision"],
                given["name"],
                version=given["version"],
            )
            messages.success(
                request, f"Kept: {decided.get_kind_display()}, {decided.get_decision_display()}."
            )
            return see_other("clinic:consents", patient_id)
        except Refusal as error:
            refusal = error
    held = in_force(patient.id)
    rows = [
        {
            "kind": kind,
            "text": text,
            "held": held.get(kind),
            "offers": offered_to(patient) if kind in OPT_IN else [],
        }
        for kind, text in texts_asked_of(patient.id).items()
    ]
    context = {"here": "patients", "patient": patient, "rows": rows, "refusal": refusal, "given": given}
    return render(request, "clinic/people/consents.html", context, status=422 if refusal else 200)
