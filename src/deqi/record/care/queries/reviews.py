"""What a review looks at: ratings, sessions, medicines, impact, examinations and events of one course."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from deqi.record.actor import Actor
from deqi.record.care.codes import (
    CHOSEN_ACTIVITY,
    GLOBAL_CHANGE,
    conduction_codes,
    impact_code,
    rating_codes,
    symptom_of,
)
from deqi.record.care.models import (
    AdverseEvent,
    Course,
    CourseLook,
    CourseRevision,
    Observation,
    Review,
    Session,
)
from deqi.record.care.queries.courses import GIVEN, CoursePosition, course_for, position_of
from deqi.record.errors import NotFound
from deqi.record.patients.models import Medication, Patient
from deqi.record.patients.queries import patient_for, reachable
from deqi.record.practice.clock import local, today_at
from deqi.record.together import Some, some, together
from deqi.science.measures import examination_items, impact_ratings
from deqi.science.measures.items import SIDES

#: Ratings this long before the course opened still belong to its baseline.
BEFORE = timedelta(days=60)
CHANNELS = {
    "home": "home",
    "link": "home",
    "chair": "clinic_before",
    "after": "clinic_after",
    "import": "home",
}


@dataclass(frozen=True)
class AgreedRule:
    """What was agreed to do at a review: the words, when, by whom, in which plan, and how many sessions there had
    been by then (0: agreed beforehand)."""

    words: str
    on: date
    by: str
    plan: int
    sessions_before: int


@dataclass(frozen=True)
class ReviewMatter:
    """Everything a review of one course looks at, read on one day. Lists hold plain columns."""

    patient: Patient
    course: Course
    position: CoursePosition
    on: date
    ratings: list[dict[str, Any]]
    impact: dict[str, list[tuple[date, float]]]
    examination: dict[str, list[tuple[date, float]]]
    global_change: list[tuple[date, float]]
    sessions: list[date]
    medicines: list[dict[str, Any]]
    events: list[dict[str, Any]]
    revisions: list[dict[str, Any]]
    reviews: list[dict[str, Any]]
    goal_text: str
    looks: list[dict[str, Any]]
    series: dict[str, list[tuple[date, float]]]
    more: dict[str, list[dict[str, Any]]]

    @property
    def plan(self) -> dict[str, Any]:
        """The plan in force."""
        return self.revisions[0]

    @property
    def overall(self) -> tuple[date, float] | None:
        """The newest answer on the overall change since the last review that was held, with its day."""
        last = local(self.patient.home_site, self.reviews[0]["at"]).date() if self.reviews else None
        found = self.global_change[-1] if self.global_change else None
        return found if found and (last is None or found[0] > last) else None

    @property
    def agreed(self) -> AgreedRule | None:
        """The decision rule in force, with the plan that first held these words. None when none was agreed."""
        rule = self.plan["decision_rule"].strip()
        if not rule:
            return None
        first = self.plan
        for one in self.revisions:
            if one["decision_rule"].strip() != rule:
                break
            first = one
        day = local(self.patient.home_site, first["decided_at"]).date()
        before = [held for held in self.sessions if held < day]
        return AgreedRule(rule, day, first["decided_by__name"], first["number"], len(before))

    def inputs(self) -> dict[str, Any]:
        """What the judgement is computed from, as JSON: kept with the decision, so that it can be done again."""
        return {
            "on": self.on.isoformat(),
            "condition": self.course.condition.condition if self.course.condition else "mixed",
            "ratings": self.ratings,
            "sessions": [day.isoformat() for day in self.sessions],
            "medicine": self.steps,
        }

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Changes of pain medicines since the first rating: what was taken all along is no change."""
        first = min((row["date"] for row in self.ratings), default="")
        return [step for step in medicine_steps(self.medicines, self.on) if step["date"] > first]


def review_matter(
    actor: Actor, course_id: UUID, verb: str = "clinical.view", *, page: str = "review"
) -> ReviewMatter:
    """Reads it through the acting person's scope. Two statements besides the look-up."""
    return matter_of(*course_for(actor, course_id, verb, page=page))


def matter_of(patient: Patient, course: Course, **more: Some) -> ReviewMatter:
    """The same for a course that was looked up already, with its position; `more` short lists in the same statement."""
    on = today_at(patient.home_site)
    since = course.opened_at - BEFORE
    site = patient.home_site
    lists = together(
        sessions=some(
            Session.objects.filter(course=course, state__in=GIVEN).order_by("opened_at"), "opened_at"
        ),
        medicines=some(
            Medication.objects.filter(patient=patient).order_by("-recorded_at")[:60],
            "id",
            "name",
            "dose_text",
            "reason",
            "started_on",
            "ended_on",
            "replaces_id",
        ),
        events=some(
            AdverseEvent.objects.filter(patient=patient, onset_at__gte=course.opened_at).order_by(
                "-onset_at"
            )[:30],
            "event_type",
            "description",
            "onset_at",
            "ended_on",
        ),
        revisions=some(
            CourseRevision.objects.filter(course=course).order_by("-number"),
            "number",
            "goals",
            "sessions_per_week",
            "weeks",
            "planned_sessions",
            "review_sessions",
            "decision_rule",
            "maintenance",
            "retention_min",
            "modality",
            "why",
            "decided_at",
            "decided_by__name",
        ),
        reviews=some(
            Review.objects.filter(course=course).order_by("-after_session"),
            "id",
            "after_session",
            "at",
            "decision",
            "reason",
            "decided_by__name",
        ),
        looks=some(CourseLook.objects.filter(course=course), "key", "look"),
        **more,
    )
    ratings, series, goal_text = _observations(patient, course, since, on)
    return ReviewMatter(
        patient=patient,
        course=course,
        position=position_of(course),
        on=on,
        ratings=ratings,
        impact={key: series[impact_code(key)] for key in impact_ratings() if impact_code(key) in series},
        examination={code: series[code] for code in examination_codes() if code in series},
        global_change=series.get(GLOBAL_CHANGE, []),
        sessions=[local(site, row["opened_at"]).date() for row in lists["sessions"]],
        medicines=lists["medicines"],
        events=lists["events"],
        revisions=lists["revisions"],
        reviews=lists["reviews"],
        goal_text=goal_text,
        looks=lists["looks"],
        series=series,
        more={name: lists[name] for name in more},
    )


def examination_codes() -> list[str]:
    return [f"{key}_{side}" for key in examination_items() for side in SIDES]


def _observations(
    patient: Patient, course: Course, since: Any, on: date
) -> tuple[list[dict[str, Any]], dict, str]:
    """Ratings as the course model reads them, every other series, and the patient's own activity in words.

    The overall change speaks of one course: what was said of another is left out.
    """
    site = patient.home_site
    wanted = [*rating_codes(), *map(impact_code, impact_ratings()), GLOBAL_CHANGE]
    wanted += [*examination_codes(), *conduction_codes()]
    rows = (
        Observation.objects.filter(patient=patient, code__in=wanted, effective_at__gte=since)
        .filter(Q(value__isnull=False))
        .exclude(Q(code=GLOBAL_CHANGE) & ~Q(course=course.id) & Q(course__isnull=False))
        .order_by("effective_at")
        .values_list("code", "value", "effective_at", "recall", "channel", "text")
    )
    ratings: list[dict[str, Any]] = []
    series: dict[str, list[tuple[date, float]]] = {}
    goal_text = ""
    for code, value, at, recall, channel, text in rows:
        day = local(site, at).date()
        if day > on:
            continue
        if (symptom := symptom_of(code)) is not None:
            ratings.append(
                {
                    "date": day.isoformat(),
                    "symptom": symptom,
                    "value": float(value),
                    "recall": "7d" if recall == "7d" else "24h",
                    "channel": CHANNELS.get(channel, "home"),
                }
            )
        else:
            series.setdefault(code, []).append((day, float(value)))
            goal_text = text or goal_text if code == CHOSEN_ACTIVITY else goal_text
    return ratings, series, goal_text


def medicine_steps(medicines: list[dict[str, Any]], on: date) -> list[dict[str, Any]]:
    """Changes of medicines taken against the pain of the neuropathy, one step each, for the course model.

    Only where the record says that the medicine is for pain or for the nerves; other medicines are shown, not
    counted.
    """
    replaced = {row["replaces_id"] for row in medicines if row["replaces_id"]}
    changes = []
    for row in medicines:
        if not any(word in (row["reason"] or "").lower() for word in ("pain", "nerve", "neuropath")):
            continue
        name = f"{row['name']} {row['dose_text']}".strip()
        if row["started_on"] and row["started_on"] <= on:
            before = next((one for one in medicines if one["id"] == row["replaces_id"]), None)
            step = _direction(before, row)
            if step:
                changes.append({"date": row["started_on"].isoformat(), "steps": step, "label": name})
        if row["ended_on"] and row["ended_on"] <= on and row["id"] not in replaced:
            changes.append({"date": row["ended_on"].isoformat(), "steps": -1.0, "label": f"{name} stopped"})
    return sorted(changes, key=lambda change: change["date"])


def _direction(before: dict[str, Any] | None, after: dict[str, Any]) -> float:
    """One step up or down between two doses, 0 when the words do not say."""
    if before is None:
        return 1.0
    old, new = _number(before["dose_text"]), _number(after["dose_text"])
    return 0.0 if old is None or new is None or old == new else 1.0 if new > old else -1.0


def _number(text: str) -> float | None:
    digits = "".join(char if char.isdecimal() or char == "." else " " for char in text).split()
    try:
        return float(digits[0]) if digits else None
    except ValueError:
        return None


def medicine_marks(medicines: list[dict[str, Any]], since: date, on: date) -> list[dict[str, str]]:
    """Every change of a medicine in the time of the course, for the plot: day and words."""
    marks = []
    for row in medicines:
        name = " ".join([row["name"], *row["dose_text"].split()[:2]])
        if row["started_on"] and since <= row["started_on"] <= on:
            marks.append({"at": row["started_on"].isoformat(), "label": name})
        replaced = any(one["replaces_id"] == row["id"] for one in medicines)
        if row["ended_on"] and since <= row["ended_on"] <= on and not replaced:
            marks.append({"at": row["ended_on"].isoformat(), "label": f"{row['name']} stopped"})
    return sorted(marks, key=lambda mark: mark["at"])


def review_for(
    actor: Actor, review_id: UUID, verb: str = "clinical.view", *, page: str = "review"
) -> tuple[Patient, Review]:
    """One review that was held, through the acting person's scope."""
    rows = Review.objects.filter(reachable(actor, by="course__patient"), id=review_id)
    review = rows.select_related("course__condition", "decided_by").first()
    if review is None:
        raise NotFound("There is no such review at your sites.")
    return patient_for(actor, review.course.patient_id, verb, page=page), review
