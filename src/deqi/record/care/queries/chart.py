"""Everything the chart page shows about one person, in three statements besides the look-up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from deqi.record.care.codes import GLOBAL_CHANGE, impact_code, rating_codes
from deqi.record.care.models import (
    AdverseEvent,
    Amendment,
    Course,
    Examination,
    Letter,
    Observation,
    SafetyScreen,
    Session,
    Task,
)
from deqi.record.care.queries.case import Known, known_from, known_lists
from deqi.record.care.queries.courses import CoursePosition, position_of, with_position
from deqi.record.care.queries.history import told_lists
from deqi.record.patients.models import CareProvider, Consent, Patient
from deqi.record.practice.clock import local
from deqi.record.together import Some, some, together
from deqi.science.measures import impact_ratings

PAGE = 8
#: Ratings older than this stay in the record but off the small plots.
PLOTTED = timedelta(days=400)


@dataclass(frozen=True)
class Chart:
    """One person as the clinician meets them. Lists hold plain columns, newest first."""

    patient: Patient
    known: Known
    course: Course | None
    position: CoursePosition | None
    lists: Mapping[str, list[dict[str, Any]]]
    series: Mapping[str, list[tuple[date, float]]]
    session_count: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.session_count // PAGE))

    @property
    def intake(self) -> dict[str, Any] | None:
        return next(iter(self.lists["intakes"]), None)

    @property
    def flags_present(self) -> list[Mapping[str, Any]]:
        """Red flags that were answered yes and not resolved."""
        return [row for row in self.known.flags.values() if row["present"] and row["resolved_at"] is None]

    @property
    def last_session(self) -> dict[str, Any] | None:
        return next(iter(self.lists["last"]), None)

    def since_last_visit(self) -> list[tuple[datetime, str]]:
        """What is new in the record since the last session, newest first, in words."""
        last = self.last_session
        since = last["opened_at"] + timedelta(hours=12) if last else None
        news: list[tuple[datetime, str]] = []
        for row in self.lists["medicines"]:
            what = f"{row['name']} {row['dose_text']}".strip()
            news.append((row["recorded_at"], f"Medicine: {what}"))
        for row in self.lists["events"]:
            news.append((row["reported_at"], f"Side effect: {row['event_type'].replace('_', ' ')}"))
        for row in self.lists["letters"]:
            if row["sent_at"]:
                news.append((row["sent_at"], f"Letter sent to {row['to__name']}"))
        for row in self.lists["examinations"]:
            news.append((row["at"], "Examination done"))
        for row in self.known.flags.values():
            if row["present"]:
                news.append((row["asked_at"], "Red flag answered yes"))
        return sorted((item for item in news if since and item[0] > since), reverse=True)


def chart_of(patient: Patient, on: date, page: int = 1, **more: Some) -> Chart:
    """The chart of a person already looked up in scope, with `more` short lists. Three statements."""
    courses = with_position(Course.objects.filter(patient=patient))
    newest = courses.select_related("condition", "practitioner__user", "site").order_by("-opened_at")
    open_first = sorted(newest, key=lambda course: course.status == Course.Status.ENDED)
    course = next(iter(open_first), None)
    first = (max(1, page) - 1) * PAGE
    sessions = Session.objects.filter(patient=patient).order_by("-opened_at")
    lists = together(
        **known_lists(patient, on),
        **more,
        **told_lists(patient),
        sessions=some(
            sessions[first : first + PAGE],
            "id",
            "number",
            "opened_at",
            "state",
            "treatment_line",
            "needles_in",
            "comfort_0_10",
            "note",
            "practitioner__user__name",
            "course_id",
        ),
        last=some(sessions.filter(state=Session.State.SIGNED)[:1], "opened_at", "number"),
        screens=some(
            SafetyScreen.objects.filter(patient=patient).order_by("-at")[:1], "verdict", "at", "by__name"
        ),
        events=some(
            AdverseEvent.objects.filter(patient=patient).order_by("-onset_at")[:6],
            "id",
            "event_type",
            "description",
            "onset_at",
            "reported_at",
            "ended_on",
        ),
        tasks=some(
            Task.objects.filter(patient=patient, done_at=None).order_by("due_on")[:8],
            "id",
            "kind",
            "title",
            "due_on",
            "link",
        ),
        letters=some(
            Letter.objects.filter(patient=patient).order_by("-written_at")[:5],
            "id",
            "kind",
            "to__name",
            "written_at",
            "mailed_at",
            "sent_at",
            "asked_first",
        ),
        examinations=some(Examination.objects.filter(patient=patient).order_by("-at")[:2], "at", "by__name"),
        amendments=some(
            Amendment.objects.filter(session__patient=patient).order_by("-at")[:10], "session_id", "at"
        ),
        consents=some(Consent.objects.filter(patient=patient).order_by("-at")[:20], "kind", "decision", "at"),
        providers=some(
            CareProvider.objects.filter(patient=patient, ended_at=None).order_by("kind"), "id", "kind", "name"
        ),
    )
    return Chart(
        patient=patient,
        known=known_from(patient, on, lists),
        course=course,
        position=position_of(course) if course else None,
        lists=lists,
        series=series_of(patient),
        session_count=sum(one.sessions_all for one in open_first) if open_first else 0,
        page=max(1, page),
    )


def series_of(patient: Patient, since: datetime | None = None) -> dict[str, list[tuple[date, float]]]:
    """Ratings by code, oldest first, without those given just after needling. One query."""
    codes = [*rating_codes(), *(impact_code(key) for key in impact_ratings()), GLOBAL_CHANGE]
    rows = (
        Observation.objects.filter(
            patient=patient,
            code__in=codes,
            value__isnull=False,
            effective_at__gte=since or timezone.now() - PLOTTED,
        )
        .filter(~Q(channel=Observation.Channel.AFTER))
        .order_by("effective_at")
        .values_list("code", "effective_at", "value")
    )
    found: dict[str, list[tuple[date, float]]] = defaultdict(list)
    for code, at, value in rows:
        found[code].append((local(patient.home_site, at).date(), float(value)))
    return dict(found)
