"""One person and their course as a case: what the safety rules, the suggestions and the planner read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q, Window
from django.db.models.functions import RowNumber

from deqi.record.care.models import Course, Observation
from deqi.record.patients.models import Condition, Patient, SafetyFact, SymptomMap
from deqi.record.practice.clock import day_at, local
from deqi.science.case import CONDITIONS, SYMPTOMS, Case
from deqi.science.measures import symptoms
from deqi.science.safety import checked, facts, in_date


def newest_facts(patient: Patient, on: date) -> dict[str, SafetyFact]:
    """The newest answer to each safety question, by key.

    Answers that hold for one day only are read for the day `on` alone: after 500 visits they are thousands.
    """
    one_day = [key for key, fact in facts().items() if fact.max_age_days == 0 and not fact.dated_by]
    lasting = [key for key in facts() if key not in one_day]
    since, until = day_at(patient.home_site, on)
    rows = SafetyFact.objects.filter(
        Q(key__in=lasting) | Q(key__in=one_day, answered_at__gte=since),
        patient=patient,
        answered_at__lt=until,
    ).annotate(place=Window(RowNumber(), partition_by="key", order_by=("-answered_at", "-id")))
    return {row.key: row for row in rows.filter(place=1)}


def known_facts(patient: Patient, on: date) -> dict[str, Any]:
    """Facts that hold on the day `on`: answered, still in date, and what the record itself knows (age, sex)."""
    answers: dict[str, tuple[Any, date]] = {}
    for key, row in newest_facts(patient, on).items():
        if row.value is None:
            continue
        try:
            value = checked(key, row.value)
        except ValueError:
            continue  # an answer from before the question changed: it counts as not known
        answers[key] = value, local(patient.home_site, row.answered_at).date()
    known = in_date(answers, on)
    born = patient.birth_date
    known["age_years"] = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    if patient.sex != Patient.Sex.UNKNOWN:
        known["sex"] = patient.sex
    return known


def case_of(
    patient: Patient,
    course: Course | None,
    on: date,
    *,
    modality: str = "manual",
    more: dict[str, Any] | None = None,
) -> Case:
    """The case of this person on the day `on`. `more` adds facts of the moment, such as a first session.

    Five queries. A person without a named neuropathy counts as mixed.
    """
    condition = _condition(patient, course)
    latest = SymptomMap.objects.filter(patient=patient, at__lt=day_at(patient.home_site, on)[1])
    drawn = latest.prefetch_related("marks").order_by("-at").first()
    marks = list(drawn.marks.all()) if drawn else []
    known = known_facts(patient, on) | (more or {})
    felt = dict.fromkeys(mark.sensation for mark in marks if mark.sensation in SYMPTOMS)
    sides = {mark.side for mark in marks}
    ratings = _ratings(patient, course)
    return Case(
        condition=condition.condition if condition and condition.condition in CONDITIONS else "mixed",
        regions=tuple(dict.fromkeys(_regions(mark.region for mark in marks))),
        symptoms=tuple(
            felt or dict.fromkeys(key for key, value in ratings.items() if value and key in SYMPTOMS)
        ),
        facts=known,
        modality=modality,
        severity_0_10=max(ratings.values(), default=None),
        months=_months(condition.onset, on) if condition and condition.onset else None,
        on_chemotherapy=known.get("on_chemotherapy"),
        affected_side=None if not sides else sides.pop() if len(sides) == 1 else "both",
    )


def _condition(patient: Patient, course: Course | None) -> Condition | None:
    if course and course.condition_id:
        return course.condition
    rows = Condition.objects.filter(patient=patient, is_neuropathy=True, ended_at=None)
    return rows.order_by("-recorded_at").first()


def _ratings(patient: Patient, course: Course | None) -> dict[str, float]:
    """The newest rating of each symptom, 0 to 10."""
    codes = {f"{key}_average": key for key in symptoms()}
    rows = Observation.objects.filter(patient=patient, code__in=codes, value__isnull=False)
    rows = rows.annotate(place=Window(RowNumber(), partition_by="code", order_by="-effective_at"))
    return {codes[row.code]: float(row.value) for row in rows.filter(place=1)}


#: Words in the name of a drawn region -> the region of a case. The first that is found counts.
_PARTS = (
    ("foot", "feet"),
    ("toe", "feet"),
    ("heel", "feet"),
    ("sole", "feet"),
    ("wrist", "wrist"),
    ("hand", "hands"),
    ("finger", "hands"),
    ("thumb", "hands"),
    ("palm", "hands"),
    ("forearm", "forearms"),
    ("leg", "lower_legs"),
    ("calf", "lower_legs"),
    ("shin", "lower_legs"),
    ("ankle", "lower_legs"),
    ("face", "face"),
    ("head", "face"),
    ("chest", "trunk"),
    ("back", "trunk"),
    ("abdomen", "trunk"),
    ("trunk", "trunk"),
)


def _regions(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        for word, region in _PARTS:
            if word in name.lower():
                yield region
                break


def _months(onset: date, on: date) -> float:
    return max(0.0, round((on - onset).days / 30.44, 1))
