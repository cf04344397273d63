"""What chance decided about the visits to come, and whether a day goes with it. Nothing here refuses care: it says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from deqi.record.care.models import Appointment, Course, Session, SingleCase, SingleCaseDeviation
from deqi.record.care.queries.asked import COMING
from deqi.record.care.queries.courses import GIVEN
from deqi.record.care.queries.single_case import protocol_of, speaks
from deqi.record.patients.models import Consent, Patient
from deqi.record.practice.clock import local, today_at
from deqi.record.together import Some, some, together
from deqi.science.course.single_case import Protocol, StartProtocol, days_apart, draw

#: Further back than the weeks of a taper that still goes on.
RECENT = timedelta(days=35)


@dataclass(frozen=True)
class Decided:
    """One design that speaks about visits to come. `drawn` is None while the draw is agreed to and not opened.

    `coming`: days from today on with a visit booked; `given`: days of sessions; `reasons`: day -> why it may be another.
    """

    case: SingleCase
    protocol: Protocol
    drawn: int | None
    today: date
    coming: tuple[date, ...]
    given: tuple[date, ...]
    reasons: dict[date, str]

    @property
    def is_start(self) -> bool:
        return isinstance(self.protocol, StartProtocol)

    @property
    def day(self) -> date | None:
        """The drawn day of the first session."""
        if isinstance(self.protocol, StartProtocol) and self.drawn is not None:
            return self.protocol.starts[self.drawn]
        return None

    @property
    def stops(self) -> bool:
        return not self.is_start and self.drawn == 0

    @property
    def words(self) -> str:
        """What stands, without the symptom: the front desk reads it too."""
        first, last = (f"{day:%-d %b %Y}" for day in self.protocol.concerns)
        if self.drawn is None and self.is_start:
            return "They agreed that chance decides the day of the first session, and the draw is not opened yet."
        if self.drawn is None:
            return f"They agreed that chance decides whether visits go on from {first}, and the draw is not opened yet."
        if self.day:
            gone = " That day has gone by." if self.day < self.today else ""
            return f"Chance drew {self.day:%A %-d %B %Y} as the day of the first session.{gone}"
        if self.stops:
            return f"Chance drew: stop now. No visit is planned from {first} to {last}."
        return f"Chance drew: four more weeks, from {first} to {last}, then stop."

    def against(self, day: date, coming: Collection[date] = ()) -> bool:
        """Whether a visit on `day` does not go with what was drawn, given the days that are booked already."""
        if self.drawn is None or self.stops:
            first, last = self.protocol.concerns
            return self.is_start or first <= day <= last
        return self.day is not None and day != self.day and not (day > self.day and self.day in coming)

    @property
    def visits(self) -> list[tuple[date, str, str]]:
        """What is booked against the draw: (day, how far from the drawn day, the reason that was written)."""
        off = [day for day in self.coming if self.against(day, self.coming)]
        if self.is_start:
            off = off[:1]  # the first session is what was drawn
        return [
            (day, days_apart(day, self.day) if self.day else "", self.reasons.get(day, "")) for day in off
        ]

    @property
    def not_booked(self) -> bool:
        """Whether what was drawn asks for a visit and none is booked or given."""
        if self.day:
            return not self.coming
        first, last = self.protocol.concerns
        on = self.drawn == 1 and not self.is_start
        return on and not any(first <= day <= last for day in (*self.coming, *self.given))


def chance_lists(patient: Patient) -> dict[str, Some]:
    """What `decided_from` reads, for one statement with the other short lists of a page."""
    since = timezone.now() - RECENT
    cases = SingleCase.objects.filter(course__patient=patient)
    words = Consent.objects.filter(patient=patient, kind=Consent.Kind.SINGLE_CASE).order_by("-at")[:1]
    coming = Appointment.objects.filter(patient=patient, status__in=COMING, starts_at__gte=since)
    given = Session.objects.filter(patient=patient, state__in=GIVEN, opened_at__gte=since)
    written = SingleCaseDeviation.objects.filter(case__course__patient=patient)
    return {
        "chance_cases": some(
            cases.order_by("offered_at"), "id", "course_id", "design", "protocol", "seed", "offered_at", "drawn_at"
        ),
        "chance_words": some(words, "decision", "at"),
        "chance_coming": some(coming.order_by("starts_at"), "starts_at"),
        "chance_given": some(given.order_by("opened_at"), "opened_at"),
        "chance_written": some(written.order_by("day"), "case_id", "day", "reason"),
    }  # fmt: skip


def decided_from(
    lists: Mapping[str, list[dict[str, Any]]], patient: Patient, course: Course | None
) -> list[Decided]:
    """The designs that speak about this person's visits now. No query.

    `course` is the course that goes on, with its position: a start is about its first session. Without a consent in
    force nothing is held against anybody; nor once the weeks are over, or no draw can be opened any more.
    """
    today, site = today_at(patient.home_site), patient.home_site
    word = next(iter(lists["chance_words"]), None)
    if word is None or word["decision"] != Consent.Decision.GIVEN:
        return []
    coming = {local(site, row["starts_at"]).date() for row in lists["chance_coming"]}
    found = []
    for row in lists["chance_cases"]:
        case = SingleCase(**row)
        if word["at"] < case.offered_at or not speaks(case, course, today):
            continue
        protocol = protocol_of(case)
        found.append(
            Decided(
                case=case,
                protocol=protocol,
                drawn=draw(case.seed, protocol) if case.drawn_at else None,
                today=today,
                coming=tuple(sorted(day for day in coming if day >= today)),
                given=tuple(local(site, one["opened_at"]).date() for one in lists["chance_given"]),
                reasons={
                    one["day"]: one["reason"] for one in lists["chance_written"] if one["case_id"] == case.id
                },
            )
        )
    return found


def decided_for(patient: Patient, course: Course | None) -> list[Decided]:
    """The same by a statement of its own."""
    return decided_from(together(**chance_lists(patient)), patient, course)
