"""Which questions ride on the request of a day besides ratings: the chosen activity, daily life, the overall change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from deqi.record.care.codes import CHOSEN_ACTIVITY, GLOBAL_CHANGE, impact_code
from deqi.record.care.models import Course, Observation, RatingRequest
from deqi.record.care.queries.asked import AT_HOME
from deqi.record.practice.clock import day_at, today_at
from deqi.science.course.asking import STANDS_DAYS, Also, Part
from deqi.science.measures import impact_ratings


def codes_besides(courses: Iterable[Course], also: Mapping[UUID, Also]) -> dict[UUID, list[str]]:
    """The codes that are asked today besides ratings, by course. Three statements, however many courses.

    Each is asked once for its point of comparison: not after a request that asked it was answered at home, though the
    question itself may have been skipped, and not in the days for which an answer stands. An activity is asked of who
    chose one.
    """
    held = [course for course in courses if course.id in also]
    if not held:
        return {}
    of: dict[Part, list[str]] = {
        "activity": [CHOSEN_ACTIVITY],
        "impact": [impact_code(key) for key, one in impact_ratings().items() if not one.own_activity],
        "change": [GLOBAL_CHANGE],
    }
    patients = {course.patient_id for course in held}
    rows = Observation.objects.filter(patient__in=patients).order_by()
    chose = set(rows.filter(code=CHOSEN_ACTIVITY).exclude(text="").values_list("patient", flat=True))
    stands = {course.id: _stands_since(course) for course in held}
    answered = list(
        rows.filter(
            code__in=[code for codes in of.values() for code in codes],
            value__isnull=False,
            effective_at__gte=min(stands.values()),
        ).values_list("patient", "code", "effective_at")
    )
    asked = list(
        RatingRequest.objects.filter(
            course__in=[course.id for course in held],
            day__gte=min(also[course.id].since for course in held),
            channel__in=AT_HOME,
            answered_at__gte=F("made_at"),  # an answer from before it was made did not see its questions
        )
        .order_by()
        .values_list("course", "day", "codes")
    )
    found = {}
    for course in held:
        done = {c for who, c, at in answered if who == course.patient_id and at >= stands[course.id]}
        done |= {
            c for key, day, codes in asked if key == course.id and day >= also[course.id].since for c in codes
        }
        if course.patient_id not in chose:
            done.add(CHOSEN_ACTIVITY)
        found[course.id] = [c for part in also[course.id].parts for c in of[part] if c not in done]
    return found


def _stands_since(course: Course) -> datetime:
    """From when on an answer still stands today."""
    return day_at(course.site, today_at(course.site) - timedelta(days=STANDS_DAYS - 1))[0]
