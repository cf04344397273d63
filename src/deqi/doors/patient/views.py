"""A patient's own pages: home with their own plot, what they agreed to, medicines, and who has looked."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deqi.doors.access import needs
from deqi.doors.clock import render
from deqi.doors.extent import extent_context
from deqi.doors.http import get_only, see_other
from deqi.doors.patient.plots import own_plot
from deqi.record.audit.queries import who_looked
from deqi.record.care.queries.extent import extent_over_time
from deqi.record.care.queries.own import own_medicines, own_page, own_series
from deqi.record.care.queries.single_case import offered_to, texts_asked_of
from deqi.record.errors import Refusal
from deqi.record.patients.actions.consents import record_consent
from deqi.record.patients.consent_texts import OPT_IN
from deqi.record.patients.queries import patient_for
from deqi.record.patients.queries.consents import in_force
from deqi.record.questionnaires.queries import asked_of
from deqi.science.measures import symptoms


@get_only
@needs("self.view")
def home(request: HttpRequest) -> HttpResponse:
    """What comes next, today's check-in, the plan and how it is going."""
    page = own_page(request.actor)
    symptom = request.GET.get("symptom", "")
    if symptom not in page.tracked:
        symptom = page.tracked[0]
    series = own_series(page.patient, page.course, symptom)
    told = page.intake is not None and page.intake.submitted_at is not None
    context = {
        **extent_context(extent_over_time(page.patient)),
        "page": page,
        "questionnaires": asked_of(page.patient, at_home=True),
        "told": told,
        "symptom": symptoms()[symptom],
        "picks": [symptoms()[key] for key in page.tracked],
        "series": series,
        "spec": own_plot(series) if series.rows else None,
    }
    return render(request, "patient/home.html", context)


@get_only
@needs("self.view")
def medicines(request: HttpRequest) -> HttpResponse:
    return render(request, "patient/medicines.html", {"known": own_medicines(request.actor)})


@get_only
@needs("self.view")
def access_log(request: HttpRequest) -> HttpResponse:
    """Who looked at or changed the record, newest first."""
    before = request.GET.get("before", "")
    page = who_looked(request.actor, before=int(before) if before.isdecimal() and len(before) < 18 else None)
    return render(request, "patient/access_log.html", {"page": page})


@get_only
@needs("self.consent")
def consents(request: HttpRequest) -> HttpResponse:
    """The texts this person is asked, with what was decided on each."""
    patient = patient_for(request.actor, request.actor.patient_id, "self.consent", page="consents")
    held = in_force(patient.id)
    rows = [
        {"kind": kind, "text": text, "held": held.get(kind), "newer": _newer(held.get(kind), text)}
        for kind, text in texts_asked_of(patient.id).items()
    ]
    return render(request, "patient/consents.html", {"rows": rows})


def _newer(held, text) -> bool:
    """Whether the words in force are newer than those that were decided on."""
    return held is not None and held.text_sha256 != text.sha256


@require_http_methods(["GET", "HEAD", "POST"])
@needs("self.consent")
def consent(request: HttpRequest, kind: str) -> HttpResponse:
    """One text: read it, agree, or take the agreement back."""
    patient = patient_for(request.actor, request.actor.patient_id, "self.consent", page=f"consent {kind}")
    text = texts_asked_of(patient.id).get(kind)
    if text is None:
        raise Http404
    held = in_force(patient.id).get(kind)
    offers = offered_to(patient) if kind in OPT_IN else []
    context = {"kind": kind, "text": text, "held": held, "newer": _newer(held, text), "offers": offers}
    if request.method != "POST":
        return render(request, "patient/consent.html", context)
    given = {name: request.POST.get(name, "") for name in ("decision", "name", "version")}
    try:
        decided = record_consent(
            request.actor, patient.id, kind, given["decision"], given["name"], version=given["version"]
        )
    except Refusal as refusal:
        return render(request, "patient/consent.html", {**context, "refusal": refusal, **given}, status=422)
    words = {"given": _("Thank you, you agreed."), "withdrawn": _("Taken back. It no longer holds.")}
    messages.success(request, words.get(decided.decision, _("Kept: you do not agree.")))
    return see_other("patient:consents")
