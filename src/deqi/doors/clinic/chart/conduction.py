"""Staff pages: nerve conduction of one person, and bringing a laboratory's table in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from deqi.doors.access import needs
from deqi.doors.clock import render
from deqi.doors.forms import DeqiForm
from deqi.doors.http import get_only, post_only, see_other
from deqi.record.care.actions.conduction import ConductionRefused, import_conduction
from deqi.record.care.queries.conduction import conduction_columns, conduction_rows
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for
from deqi.record.together import together
from deqi.science.measures import nerves

EXAMPLE = "nerve,side,amplitude_uv,velocity_m_s,latency_ms,date,lab,device,examiner,skin_temperature_c"
LARGEST = 500_000


class TableForm(DeqiForm):
    """A table as a file, or pasted."""

    file = forms.FileField(
        label="File", required=False, widget=forms.FileInput(attrs={"accept": ".csv,text/csv,text/plain"})
    )
    table = forms.CharField(
        label="Or paste the table",
        required=False,
        max_length=LARGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=f"First row: {EXAMPLE}. Amplitudes of motor nerves as amplitude_mv. Leave empty what is not known.",
    )


@get_only
@needs("clinical.view")
def conduction(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Every figure, nerve by nerve, with what can be told from noise."""
    patient = patient_for(request.actor, patient_id, "clinical.view", page="nerve conduction")
    return _page(request, patient, TableForm())


def _page(
    request: HttpRequest, patient: Patient, form: TableForm, faults: Any = (), status: int = 200
) -> HttpResponse:
    rows = together(conduction=conduction_columns(patient))["conduction"]
    context = {
        "tab": "examination",
        "here": "patients",
        "patient": patient,
        "rows": conduction_rows(patient, rows),
        "form": form,
        "faults": faults,
        "nerves": nerves(),
    }
    return render(request, "clinic/chart/conduction.html", context, status=status)


@post_only
@needs("clinical.write")
def take(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Takes a whole table, or says what is wrong in which row and column."""
    patient = patient_for(request.actor, patient_id, "clinical.write", page="nerve conduction")
    form = TableForm(request.POST, request.FILES)
    faults: Any = ()
    if form.is_valid():
        upload, pasted = form.cleaned_data["file"], form.cleaned_data["table"]
        source = upload.read(LARGEST + 1) if upload else pasted
        if not source:
            form.add_error(None, "Choose a file or paste a table.")
            return _page(request, patient, form, status=422)
        try:
            done = import_conduction(request.actor, patient_id, source)
            already = f" {done.already} were here already." if done.already else ""
            messages.success(request, f"{done.added} figures are kept.{already}")
            return see_other("clinic:conduction", patient_id)
        except ConductionRefused as refused:
            form.add_error(None, refused.message)
            faults = refused.faults
    return _page(request, patient, form, faults, 422)
