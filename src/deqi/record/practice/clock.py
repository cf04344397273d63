"""The clock of a site: which day it is there, and at what time of day something happened."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from deqi.record.practice.models import Site


def zone_of(site: Site) -> ZoneInfo:
    return ZoneInfo(site.time_zone)


def local(site: Site, moment: datetime) -> datetime:
    """`moment` on the wall clock of the site."""
    return moment.astimezone(zone_of(site))


def today_at(site: Site) -> date:
    """The day it is at the site now."""
    return local(site, timezone.now()).date()


def day_at(site: Site, day: date) -> tuple[datetime, datetime]:
    """First moment of `day` at the site and first moment of the next day (23 or 25 hours when clocks change)."""
    zone = zone_of(site)
    return (
        datetime.combine(day, time(), tzinfo=zone),
        datetime.combine(day + timedelta(days=1), time(), tzinfo=zone),
    )
