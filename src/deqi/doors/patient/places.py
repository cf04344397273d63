"""Where it is felt now: the map of the story, drawn anew. One page a symptom; the map is kept when all are answered.

What is tapped on the way stands in the sign-in session, so that no half of a map is ever taken for a whole one.
The map before stays out of sight: it would pull the new one.
"""

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deqi.doors.access import needs
from deqi.doors.clock import render
from deqi.doors.http import see_other
from deqi.doors.patient.intake.body_map import map_page
from deqi.doors.patient.intake.parse import marks_of
from deqi.record.care.actions.maps import draw_map
from deqi.record.care.queries.own import check_in, tracked_symptoms
from deqi.record.errors import Refusal
from deqi.science.measures import symptoms

KEY = "places"
BRUSH = 5


@require_http_methods(["GET", "HEAD"])
@needs("self.answer")
def begin(request: HttpRequest) -> HttpResponse:
    """The first symptom that is not answered yet."""
    asked = tracked_symptoms(check_in(request.actor).patient)
    given = request.session.get(KEY, {}).get("marks", {})
    left = [key for key in asked if key not in given]
    return redirect("patient:place", left[0] if left else asked[0])


@require_http_methods(["GET", "HEAD", "POST"])
@needs("self.answer")
def place(request: HttpRequest, key: str) -> HttpResponse:
    """Where one symptom is felt. Nothing marked means nowhere any more."""
    asked = tracked_symptoms(check_in(request.actor).patient)
    if key not in asked:
        raise Http404
    held = request.session.get(KEY) or {"id": str(uuid4()), "marks": {}}
    marks, refusal = held["marks"].get(key, {}), None
    if request.method == "POST":
        marks = marks_of(request.POST, {"marks": marks})
        held = {**held, "marks": {**held["marks"], key: marks}}
        request.session[KEY] = held
        left = [one for one in asked if one not in held["marks"]]
        if left:
            return see_other("patient:place", left[0])
        try:
            draw_map(request.actor, UUID(held["id"]), {one: held["marks"][one] for one in asked})
            del request.session[KEY]
            messages.success(request, _("Your new map is kept. Thank you."))
            return see_other("patient:home")
        except Refusal as refused:
            refusal = refused
            marks = {}
            request.session[KEY] = {**held, "marks": {n: m for n, m in held["marks"].items() if n != key}}
    at = asked.index(key)
    title = _("Where do you feel it now?")
    context = {
        "title": title,
        "title_step": {"title": title, "lead": _(symptoms()[key].label)},
        "number": at + 1,
        "count": len(asked),
        "before": asked[at - 1] if at else None,
        "refusal": refusal,
        "ten": range(1, 11),
        **map_page(marks, BRUSH),
    }
    return render(request, "patient/place.html", context, status=422 if refusal else 200)
