"""Is it helping? The facts and sentences of the clinician's review, on the patient's own page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from deqi.doors.access import needs
from deqi.doors.clinic.review.views import beside_of, shown_of, ways_of
from deqi.doors.clock import render
from deqi.record.care.looking import look_at
from deqi.record.care.queries.helping import own_matter
from deqi.record.care.queries.single_case import page_of


@require_http_methods(["GET", "HEAD"])
@needs("self.view")
def helping(request: HttpRequest) -> HttpResponse:
    """Each symptom in one sentence with its ratings, what was agreed, and what nobody can know."""
    own = own_matter(request.actor)
    matter = own.matter
    if matter is None:
        return render(request, "patient/helping.html", {"matter": None})
    inputs = matter.inputs()
    last = matter.global_change[-1][1] if matter.global_change else None
    look = look_at(matter.course.id, inputs, matter.looks)
    shown = shown_of(inputs, look, beside_of(matter), last, matter.medicines)
    context = {
        **shown,
        **ways_of(matter, look),
        "chance": page_of(matter),
        "matter": matter,
        "position": matter.position,
        "agreed": matter.agreed,
        "overall": last,
    }
    return render(request, "patient/helping.html", context)
