"""On which days a drawn start may fall, as far as the diary of the site tells: opening hours are not kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models.functions import TruncDate

from deqi.record.care.models import Appointment, Session
from deqi.record.care.queries.courses import GIVEN
from deqi.record.practice.clock import day_at, zone_of
from deqi.record.practice.models import Site
from deqi.science.course.single_case import BASELINE_DAYS, spread_starts

BACK, AHEAD = timedelta(weeks=12), timedelta(weeks=6)
#: With visits on fewer days than this the diary is too new to tell.
ENOUGH_DAYS = 8
TAKES_PLACE = (
    Appointment.Status.BOOKED,
    Appointment.Status.ARRIVED,
    Appointment.Status.IN_ROOM,
    Appointment.Status.DONE,
)
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@dataclass(frozen=True)
class Diary:
    """Weekdays (0 Monday) with a visit in the last twelve weeks or booked in the next six; None: too new to tell."""

    site: str
    open_on: frozenset[int] | None

    def tells_closed(self, day: date) -> bool:
        return self.open_on is not None and day.weekday() not in self.open_on

    @property
    def words(self) -> str:
        """What is known of the days on which the site is open, and that holidays are not."""
        if self.open_on is None:
            known = f"The diary of {self.site} is too new to tell on which weekdays it is open."
        elif closed := [name for number, name in enumerate(WEEKDAYS) if number not in self.open_on]:
            *some, last = closed
            named = f"{', '.join(some)} and {last}" if some else last
            known = (
                f"{self.site} had no visit on {named} in the last twelve weeks, so these days are left out."
            )
        else:
            known = f"{self.site} had visits on every day of the week."
        return f"{known} Opening hours and holidays are not kept in Deqi: take out a day on which nobody can treat."


@dataclass(frozen=True)
class PossibleStarts:
    """The days 14 to 35 from `enrolled_on`, and those that are proposed as possible starts."""

    enrolled_on: date
    diary: Diary

    @property
    def days(self) -> list[tuple[int, date]]:
        first, last = BASELINE_DAYS[0], BASELINE_DAYS[-1]
        return [(n, self.enrolled_on + timedelta(days=n)) for n in range(first, last + 1)]

    @property
    def proposed(self) -> list[date]:
        found = spread_starts(self.enrolled_on, lambda day: not self.diary.tells_closed(day))
        return [self.enrolled_on + timedelta(days=n) for n in found]


def possible_starts(site: Site, today: date) -> PossibleStarts:
    """What is proposed to somebody who enrols today at this site. One statement."""
    return PossibleStarts(today, diary_of(site, today))


def diary_of(site: Site, today: date) -> Diary:
    """On which weekdays the site has visits. One statement."""
    since, until, zone = day_at(site, today - BACK)[0], day_at(site, today + AHEAD)[1], zone_of(site)
    booked = Appointment.objects.filter(
        site=site, status__in=TAKES_PLACE, starts_at__gte=since, starts_at__lt=until
    )
    given = Session.objects.filter(site=site, state__in=GIVEN, opened_at__gte=since, opened_at__lt=until)
    days: Collection[date] = (
        booked.order_by()
        .annotate(on=TruncDate("starts_at", tzinfo=zone))
        .values_list("on", flat=True)
        .union(given.order_by().annotate(on=TruncDate("opened_at", tzinfo=zone)).values_list("on", flat=True))
    )
    seen = set(days)
    return Diary(site.name, frozenset(day.weekday() for day in seen) if len(seen) >= ENOUGH_DAYS else None)
