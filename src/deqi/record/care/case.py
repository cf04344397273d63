"""The case: one person's record in the form the rules, the point suggestions and the planner read.

One function, `case_of`, so that the safety screen, the suggestions and the plan all look at the same facts.
Six queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F, OuterRef, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from deqi.record.care.codes import rating_codes, symptom_of
from deqi.record.care.models import Course, CourseRevision, Observation
from deqi.record.patients.models import Condition, Patient, RedFlagAnswer, SafetyFact, SymptomMap, SymptomMark
from deqi.science.case import CONDITIONS, SYMPTOMS, Case, case_from
from deqi.science.points.drawing import case_regions, region_ids
from deqi.science.safety import facts, in_date, red_flags

#: How far back ratings speak of how it is now.
RECENT = timedelta(days=14)


def case_of(patient: Patient, on: date) -> Case:
    """What is known about this person on the day `on`.

    Answers too old to hold (each fact says how long) are left out, which is "unknown", not "no". Without a
    recorded cause the condition is `mixed`, the one no rule or trial is about.
    """
    condition = neuropathy_of(patient)
    marks = _newest_marks(patient, on)
    ratings = _recent_ratings(patient, on)
    known = facts_known(patient, on)
    regions = case_regions(name for mark in marks for name in map_regions(mark))
    symptoms = [key for key in SYMPTOMS if ratings.get(key, 0) >= 1 or _marked(marks, key)]
    levels = [*ratings.values()] or [mark["level_0_10"] for mark in marks]
    raw: dict[str, Any] = {
        "condition": condition.condition if condition and condition.condition in CONDITIONS else "mixed",
        "regions": list(regions),
        "symptoms": symptoms,
        "facts": known,
        "modality": _modality(patient),
        "severity_0_10": float(max(levels)) if levels else None,
        "months": _months(condition, on),
        "on_chemotherapy": known.get("on_chemotherapy"),
        "affected_side": _side(marks),
    }
    return case_from(raw)


def neuropathy_of(patient: Patient) -> Condition | None:
    """The neuropathy under care: the one recorded last and not ended."""
    rows = Condition.objects.filter(patient=patient, is_neuropathy=True, ended_at=None)
    return rows.order_by("-recorded_at").first()


def newest_answers(patient: Patient, on: date) -> dict[str, SafetyFact]:
    """The newest answer to each safety question up to the end of the day `on`, by key. One query."""
    rows = SafetyFact.objects.filter(patient=patient, answered_at__lt=_end_of(on)).annotate(
        rank=Window(RowNumber(), partition_by=[F("key")], order_by=[F("answered_at").desc(), F("id").desc()])
    )
    return {row.key: row for row in rows.filter(rank=1).select_related("answered_by")}


def newest_flags(patient: Patient, on: date) -> dict[str, RedFlagAnswer]:
    """The newest answer to each red-flag question up to the end of the day `on`, by flag. One query."""
    rows = RedFlagAnswer.objects.filter(patient=patient, asked_at__lt=_end_of(on)).annotate(
        rank=Window(RowNumber(), partition_by=[F("flag")], order_by=[F("asked_at").desc(), F("id").desc()])
    )
    return {row.flag: row for row in rows.filter(rank=1).select_related("asked_by")}


def facts_known(
    patient: Patient,
    on: date,
    answers: Mapping[str, SafetyFact] | None = None,
    flags: Mapping[str, RedFlagAnswer] | None = None,
) -> dict[str, Any]:
    """Facts that still hold on the day `on`: answers in date, red flags, age and sex from the record.

    A red flag that was answered yes stays yes until it is resolved, whatever its age.
    """
    answers = newest_answers(patient, on) if answers is None else answers
    flags = newest_flags(patient, on) if flags is None else flags
    given: dict[str, tuple[Any, date]] = {
        key: (row.value, _day(row.answered_at))
        for key, row in answers.items()
        if row.value is not None and key in facts()
    }
    known = in_date(given, on)
    known.update(_from_flags(flags, on))
    known.setdefault("age_years", _age(patient.birth_date, on))
    if patient.sex in facts()["sex"].values:
        known.setdefault("sex", patient.sex)
    return {key: value for key, value in known.items() if value is not None}


def _from_flags(flags: Mapping[str, RedFlagAnswer], on: date) -> dict[str, Any]:
    said: dict[str, tuple[Any, date]] = {}
    standing: dict[str, Any] = {}
    for flag in red_flags():
        row = flags.get(flag.id)
        if row is None:
            continue
        if row.present and row.resolved_at is None:
            standing[flag.fact] = True
        else:
            said[flag.fact] = (False, _day(row.resolved_at or row.asked_at))
    return {**in_date(said, on), **standing}


def map_regions(mark: Mapping[str, Any]) -> list[str]:
    """Ids of the drawn regions one mark covers, e.g. `toes_top` on both sides -> right and left."""
    if mark["region"] in region_ids():
        return [mark["region"]]
    sides = ("right", "left") if mark["side"] == "both" else (mark["side"],)
    return [name for side in sides if (name := f"{side}_{mark['region']}") in region_ids()]


def _marked(marks: Iterable[Mapping[str, Any]], symptom: str) -> bool:
    return any(mark["sensation"] == symptom and mark["level_0_10"] >= 1 for mark in marks)


def _newest_marks(patient: Patient, on: date) -> list[dict[str, Any]]:
    newest = SymptomMap.objects.filter(patient=patient, at__lt=_end_of(on)).order_by("-at")[:1]
    marks = SymptomMark.objects.filter(map__in=newest.values("id"))
    return list(marks.values("region", "side", "sensation", "level_0_10"))


def _recent_ratings(patient: Patient, on: date) -> dict[str, float]:
    """The mean usual level of each symptom over the last fourteen days, without ratings just after needling."""
    rows = Observation.objects.filter(
        patient=patient,
        code__in=rating_codes(),
        effective_at__lt=_end_of(on),
        effective_at__gte=_end_of(on - RECENT),
        value__isnull=False,
    ).exclude(channel=Observation.Channel.AFTER)
    found: dict[str, list[float]] = defaultdict(list)
    for code, value in rows.values_list("code", "value"):
        if (symptom := symptom_of(code)) is not None:
            found[symptom].append(float(value))
    return {symptom: sum(values) / len(values) for symptom, values in found.items()}


def _modality(patient: Patient) -> str:
    newest = CourseRevision.objects.filter(course=OuterRef("pk")).order_by("-number").values("modality")[:1]
    course = (
        Course.objects.filter(patient=patient)
        .exclude(status=Course.Status.ENDED)
        .annotate(modality=Subquery(newest))
        .order_by("-opened_at")
        .values_list("modality", flat=True)
        .first()
    )
    return course or "manual"


def _months(condition: Condition | None, on: date) -> float | None:
    if condition is None or condition.onset is None or condition.onset > on:
        return None
    return round((on - condition.onset).days / 30.44, 1)


def _side(marks: Iterable[Mapping[str, Any]]) -> str | None:
    sides = {mark["side"] for mark in marks}
    if not sides:
        return None
    return sides.pop() if len(sides) == 1 else "both"


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def _end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), datetime.min.time()))
