"""A patient's own pages: home."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from deqi.doors.access import needs


@needs("self.view")
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "patient/home.html", {})
