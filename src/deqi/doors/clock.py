"""On which clock a page shows its times: one for the whole page.

A page about a site or a person shows the clock of that site; any other the reader's, which is that of the sites they
work at (or are treated at), the clinic's when all its sites have one, else the one of the settings. Where the clinic's
sites have several, every staff page says at its foot which one it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django import shortcuts
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from deqi.record.practice.clock import zone_of
from deqi.record.practice.queries import organization


class ClockMiddleware:
    """Each request begins on the reader's clock: days that are typed, "today", pages without a site."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.organization = SimpleLazyObject(organization)
        with timezone.override(_readers(request)):
            return self.get_response(request)


def _readers(request: HttpRequest) -> ZoneInfo | None:
    """None is the zone of the settings."""
    if request.actor.time_zone:
        return ZoneInfo(request.actor.time_zone)
    zones = request.organization.zones if request.organization else ()
    return ZoneInfo(zones[0]) if len(zones) == 1 else None


def render(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int | None = None,
) -> HttpResponse:
    """As Django's, on the clock of the page's `site`, else of its `patient`'s own site, else of the reader."""
    context = context or {}
    site = context.get("site") or getattr(context.get("patient"), "home_site", None)
    with timezone.override(zone_of(site) if site else timezone.get_current_timezone()):
        return shortcuts.render(request, template, context, status=status)
