"""Pages that everyone may read: staff see them inside their own bar, others inside the public one."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def show(request: HttpRequest, template: str, here: str, **context: Any) -> HttpResponse:
    """Renders `template` inside the bar that fits the reader; `here` names the current part."""
    frame = "deqi/staff.html" if request.actor.is_staff else "learn/public.html"
    return render(request, template, {"frame": frame, "here": here, **context})
