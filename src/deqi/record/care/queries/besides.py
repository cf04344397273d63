"""Which questions ride on the request of a day besides ratings: the chosen activity, daily life, the overall change."""

from __future__ import annotations

from collections import defaultdict
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
    stands = {course.id: stands_since(course) for course in held}
    answered, asked = defaultdict(list), defaultdict(list)
    given = rows.filter(
        code__in=[code for codes in of.values() for code in codes],
        value__isnull=False,
        effective_at__gte=min(stands.values()),
    )
    for patient, code, at in given.values_list("patient", "code", "effective_at"):
        answered[patient].append((code, at))
    before = RatingRequest.objects.filter(
        course__in=list(stands),
        day__gte=min(also[key].since for key in stands),
        channel__in=AT_HOME,
        answered_at__gte=F("made_at"),  # an answer from before it was made did not see its questions
    )
    for key, day, codes in before.order_by().values_list("course", "day", "codes"):
        asked[key].append((day, codes))
    found = {}
    for course in held:
        key, patient = course.id, course.patient_id
        done = {code for code, at in answered[patient] if at >= stands[key]}
        done |= {code for day, codes in asked[key] if day >= also[key].since for code in codes}
        if patient not in chose:
            done.add(CHOSEN_ACTIVITY)
        found[key] = [code for part in also[key].parts for code in of[part] if code not in done]
    return found


def stands_since(course: Course) -> datetime:
    """From when on an answer still stands today."""
    return day_at(course.site, today_at(course.site) - timedelta(days=STANDS_DAYS - 1))[0]
