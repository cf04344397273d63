"""Staff pages: the day."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deqi.doors.access import needs


@require_safe
@needs("day.view")
def today(request: HttpRequest) -> HttpResponse:
    return render(request, "clinic/day/today.html", {})
