"""Public pages: the front door, which sends signed-in people to their own."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from deqi.doors.access import public


@require_safe
@public
def front(request: HttpRequest) -> HttpResponse:
    """Staff go to the day (who may not see it, to the evidence), patients to their own page, others see what Deqi is."""
    if request.actor.is_staff:
        return redirect("clinic:today" if request.actor.may("day.view") else "learn:evidence")
    if request.actor.patient_id:
        return redirect("patient:home")
    return render(request, "learn/front.html")
