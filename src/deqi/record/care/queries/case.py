"""One person and their course as a case: what the safety rules, the suggestions and the planner read.

The safety screen, the suggested points and the plan all look at the same facts, from one statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber

from deqi.record.care.codes import rating_codes, symptom_of
from deqi.record.care.models import Course, CourseRevision, Observation
from deqi.record.patients.models import Condition, Patient, RedFlagAnswer, SafetyFact, SymptomMap, SymptomMark
from deqi.record.patients.queries.people import age_years
from deqi.record.practice.clock import day_at, local
from deqi.record.together import Some, some, together
from deqi.science.case import CONDITIONS, SYMPTOMS, Case
from deqi.science.points.drawing import case_regions, region_ids
from deqi.science.safety import checked, facts, in_date, red_flags

#: How far back ratings speak of how it is now.
RECENT = timedelta(days=14)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Known:
    """What the record knows about one person on one day: rows as plain columns, newest first."""

    patient: Patient
    on: date
    facts: Mapping[str, Row]
    flags: Mapping[str, Row]
    marks: list[Row]
    ratings: Mapping[str, float]
    conditions: list[Row]
    courses: list[Row]

    def in_date(self) -> dict[str, Any]:
        """Facts that hold on that day: answered, not too old, and what the record itself knows (age, sex).

        A red flag that was answered yes stays yes until it is resolved, whatever its age.
        """
        said: dict[str, tuple[Any, date]] = {}
        for key, row in self.facts.items():
            if key in facts() and row["value"] is not None:
                try:
                    said[key] = checked(key, row["value"]), self._day(row["answered_at"])
                except ValueError:
                    continue  # an answer from before the question changed: it counts as not known
        standing = {}
        for flag in red_flags():
            row = self.flags.get(flag.id)
            if row is not None and row["present"] and row["resolved_at"] is None:
                standing[flag.fact] = True
            elif row is not None:
                said.setdefault(flag.fact, (False, self._day(row["resolved_at"] or row["asked_at"])))
        held = {**in_date(said, self.on), **standing}
        held["age_years"] = age_years(self.patient.birth_date, self.on)
        if self.patient.sex != Patient.Sex.UNKNOWN:
            held["sex"] = self.patient.sex
        return held

    def condition(self, condition_id: UUID | None = None) -> Row | None:
        """The neuropathy under care: the one named, else the one recorded last."""
        named = [row for row in self.conditions if row["id"] == condition_id]
        return next(iter(named or self.conditions), None)

    def _day(self, moment: datetime) -> date:
        return local(self.patient.home_site, moment).date()


def known_about(patient: Patient, on: date) -> Known:
    """What the record knows about `patient` up to the end of the day `on`. One statement."""
    return known_from(patient, on, together(**known_lists(patient, on)))


def known_lists(patient: Patient, on: date) -> dict[str, Some]:
    """The lists `known_from` needs, for pages that read others in the same statement."""
    until = day_at(patient.home_site, on)[1]
    newest_map = SymptomMap.objects.filter(patient=patient, at__lt=until).order_by("-at").values("id")[:1]
    newest = CourseRevision.objects.filter(course=OuterRef("course")).order_by("-number")
    in_force = CourseRevision.objects.filter(course__patient=patient, id=Subquery(newest.values("id")[:1]))
    neuropathies = Condition.objects.filter(patient=patient, is_neuropathy=True, ended_at=None)
    return {
        "facts": some(
            _newest_facts(patient, on), "key", "value", "source", "answered_at", "answered_by__name"
        ),
        "flags": some(
            _newest_flags(patient, until),
            "id",
            "flag",
            "present",
            "note",
            "asked_at",
            "resolved_at",
            "resolution",
        ),
        "marks": some(
            SymptomMark.objects.filter(map=Subquery(newest_map)),
            "region",
            "side",
            "sensation",
            "level_0_10",
            "map__at",
        ),
        "ratings": some(_recent_ratings(patient, until), "code", "value"),
        "conditions": some(
            neuropathies.order_by("-recorded_at"),
            "id",
            "condition",
            "label",
            "icd10",
            "onset",
            "onset_precision",
            "diagnosed_by",
            "work_up",
            "note",
        ),
        "courses": some(
            in_force.exclude(course__status=Course.Status.ENDED).order_by("-course__opened_at"),
            "course_id",
            "modality",
        ),
    }


def known_from(patient: Patient, on: date, lists: Mapping[str, list[dict[str, Any]]]) -> Known:
    """What `lists` (read with `known_lists`) say."""
    ratings: dict[str, list[float]] = defaultdict(list)
    for row in lists["ratings"]:
        if (symptom := symptom_of(row["code"])) is not None:
            ratings[symptom].append(float(row["value"]))
    return Known(
        patient=patient,
        on=on,
        facts={row["key"]: row for row in lists["facts"]},
        flags={row["flag"]: row for row in lists["flags"]},
        marks=list(lists["marks"]),
        ratings={symptom: sum(values) / len(values) for symptom, values in ratings.items()},
        conditions=list(lists["conditions"]),
        courses=list(lists["courses"]),
    )


def known_facts(patient: Patient, on: date) -> dict[str, Any]:
    """Facts that hold on the day `on`: answered, still in date, and what the record itself knows (age, sex)."""
    return known_about(patient, on).in_date()


def case_of(
    patient: Patient,
    course: Course | None,
    on: date,
    *,
    modality: str | None = None,
    more: Mapping[str, Any] | None = None,
    known: Known | None = None,
) -> Case:
    """The case of this person on the day `on`. `more` adds facts of the moment, such as a first session.

    One statement, none when `known` is given. Answers too old to hold are left out, which is "unknown", not
    "no". Without a named neuropathy the condition is `mixed`, the one no rule or trial is about. Severity is the
    worst symptom's mean rating of the last fourteen days, or the highest mark of the newest symptom map.
    """
    known = known or known_about(patient, on)
    condition = known.condition(course.condition_id if course else None)
    held = known.in_date() | dict(more or {})
    felt = [key for key in SYMPTOMS if known.ratings.get(key, 0) >= 1 or _marked(known.marks, key)]
    levels = [*known.ratings.values()] or [float(mark["level_0_10"]) for mark in known.marks]
    return Case(
        condition=condition["condition"] if condition and condition["condition"] in CONDITIONS else "mixed",
        regions=case_regions(name for mark in known.marks for name in map_regions(mark)),
        symptoms=tuple(felt),
        facts=held,
        modality=modality or next((row["modality"] for row in known.courses), "manual"),
        severity_0_10=round(max(levels), 2) if levels else None,
        months=_months(condition, on),
        on_chemotherapy=held.get("on_chemotherapy"),
        affected_side=_side(known.marks),
    )


def map_regions(mark: Row) -> list[str]:
    """Ids of the drawn regions one mark covers, e.g. `toes_top` on both sides -> right and left."""
    if mark["region"] in region_ids():
        return [mark["region"]]
    sides = ("right", "left") if mark["side"] == "both" else (mark["side"],)
    return [name for side in sides if (name := f"{side}_{mark['region']}") in region_ids()]


def map_levels(marks: Iterable[Row]) -> dict[str, float]:
    """The strongest mark of each drawn region, 0-10, for the drawing."""
    levels: dict[str, float] = {}
    for mark in marks:
        for name in map_regions(mark):
            levels[name] = max(levels.get(name, 0.0), float(mark["level_0_10"]))
    return levels


def _newest_facts(patient: Patient, on: date) -> QuerySet[SafetyFact]:
    """Answers that hold for one day only are read for that day alone: after 500 visits they are thousands."""
    one_day = [key for key, fact in facts().items() if fact.max_age_days == 0 and not fact.dated_by]
    lasting = [key for key in facts() if key not in one_day]
    since, until = day_at(patient.home_site, on)
    rows = SafetyFact.objects.filter(
        Q(key__in=lasting) | Q(key__in=one_day, answered_at__gte=since),
        patient=patient,
        answered_at__lt=until,
    )
    order = (F("answered_at").desc(), F("id").desc())
    return rows.annotate(rank=Window(RowNumber(), partition_by="key", order_by=order)).filter(rank=1)


def _newest_flags(patient: Patient, until: datetime) -> QuerySet[RedFlagAnswer]:
    rows = RedFlagAnswer.objects.filter(patient=patient, asked_at__lt=until)
    order = (F("asked_at").desc(), F("id").desc())
    return rows.annotate(rank=Window(RowNumber(), partition_by="flag", order_by=order)).filter(rank=1)


def _recent_ratings(patient: Patient, until: datetime) -> QuerySet[Observation]:
    """Usual levels of the last fourteen days, without ratings just after needling."""
    return Observation.objects.filter(
        patient=patient,
        code__in=rating_codes(),
        effective_at__lt=until,
        effective_at__gte=until - RECENT,
        value__isnull=False,
    ).exclude(channel=Observation.Channel.AFTER)


def _marked(marks: Iterable[Row], symptom: str) -> bool:
    return any(mark["sensation"] == symptom and mark["level_0_10"] >= 1 for mark in marks)


def _months(condition: Row | None, on: date) -> float | None:
    if condition is None or condition["onset"] is None or condition["onset"] > on:
        return None
    return round((on - condition["onset"]).days / 30.44, 1)


def _side(marks: Iterable[Row]) -> str | None:
    sides = {mark["side"] for mark in marks}
    if not sides:
        return None
    return sides.pop() if len(sides) == 1 else "both"
