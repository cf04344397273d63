"""Staff page: how many of the ratings asked for came, by site, practitioner and occasion."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from deqi.doors.access import needs
from deqi.doors.clinic.events.forms import PeriodForm
from deqi.doors.clock import render
from deqi.record.care.queries import responding


@require_safe
@needs("collection.view")
def response_rates(request: HttpRequest) -> HttpResponse:
    """Numbers without names of patients; without a period the last twelve months."""
    since, until = PeriodForm(request.GET or None).period()
    found = responding.response_rates(request.actor, since, until)
    tables = [
        ("By site", "site", found.by_site),
        ("By practitioner", "practitioner", found.by_practitioner),
        ("By occasion", "when", found.by_kind),
    ]
    context = {"here": "practice", "found": found, "since": since, "until": until, "tables": tables}
    return render(request, "clinic/answers/rates.html", context)
