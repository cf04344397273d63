"""A patient's own pages: home."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deqi.doors.access import needs


@require_safe
@needs("self.view")
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "patient/home.html", {})
