"""The single-case designs that people agreed to and that still need ratings, as the plan of asks reads them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F

from deqi.record.care.models import Course, SingleCase
from deqi.record.care.queries.asked import decision_on
from deqi.record.care.queries.single_case import protocol_of, speaks
from deqi.record.patients.models import Consent
from deqi.record.practice.clock import today_at
from deqi.science.course.asking import Agreed


def agreed_designs(courses: Iterable[Course]) -> dict[UUID, tuple[Agreed, ...]]:
    """The designs of these courses (with their positions) under a consent in force, by course id. One statement.

    Left out: of people who stopped messages, and a design that was not drawn and no longer can be. The end of the
    course ends none: the result is counted as drawn.
    """
    held, kind, by = {course.id: course for course in courses}, Consent.Kind.SINGLE_CASE, "course__patient"
    rows = (
        SingleCase.objects.filter(course__in=list(held), course__patient__messaging__stopped_at=None)
        .annotate(word=decision_on(kind, by), word_at=decision_on(kind, by, "at"))
        .filter(word=Consent.Decision.GIVEN, word_at__gte=F("offered_at"))
        .order_by("offered_at")
    )
    found: dict[UUID, tuple[Agreed, ...]] = {}
    for case in rows:
        course = held[case.course_id]
        if case.drawn_at is None and not speaks(case, course, today_at(course.site)):
            continue
        protocol = protocol_of(case)
        design = Agreed(protocol.symptom, protocol.rated_from, protocol.rated_until)
        found[course.id] = (*found.get(course.id, ()), design)
    return found
