"""Messages with questions: whether the person wants them, said on their own page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deqi.doors.access import needs
from deqi.doors.clock import render
from deqi.doors.http import see_other
from deqi.record.care.actions.answering import set_messages
from deqi.record.care.actions.reminding import last_mailed, messages_of, next_ask_words
from deqi.record.care.links import address_of
from deqi.record.patients.queries import patient_for
from deqi.record.patients.queries.consents import consented


@require_http_methods(["GET", "HEAD", "POST"])
@needs("self.answer")
def wanted(request: HttpRequest) -> HttpResponse:
    """What comes, when, where to; stop and start by one tap."""
    patient = patient_for(request.actor, request.actor.patient_id, "self.answer", page="messages")
    if request.method == "POST":
        start = request.POST.get("wanted") == "yes"
        set_messages(request.actor, patient, wanted=start)
        messages.success(
            request, _("Messages will come again.") if start else _("No more messages will come.")
        )
        return see_other("patient:messages")
    context = {
        "held": messages_of(patient),
        "last": last_mailed(patient),
        "address": address_of(patient),
        "agreed": consented(patient.id, "measurement"),
        "hours": next_ask_words(patient.home_site.organization),
    }
    return render(request, "patient/messages.html", context)
