"""Staff pages: the day."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from deqi.doors.access import needs


@needs("day.view")
def today(request: HttpRequest) -> HttpResponse:
    return render(request, "clinic/day/today.html", {})
