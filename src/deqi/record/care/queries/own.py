"""What a patient sees on their own pages: the plan, the next visit, their ratings, what was agreed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.care.codes import CHOSEN_ACTIVITY, felt_code, rating_code, rating_codes, symptom_of
from deqi.record.care.models import (
    AdverseEvent,
    Appointment,
    Course,
    CourseRevision,
    Observation,
    Review,
    Session,
)
from deqi.record.care.queries.asked import AT_HOME, asked_besides
from deqi.record.care.queries.chance import Decided, decided_for
from deqi.record.care.queries.courses import GIVEN, CoursePosition, open_course_of, position_of
from deqi.record.patients.models import Allergy, Consent, Intake, Medication, Patient
from deqi.record.patients.queries import patient_for
from deqi.record.patients.queries.consents import consents_of
from deqi.record.practice.clock import day_at, local, today_at
from deqi.science.course import review_simple
from deqi.science.course.ratings import Rating
from deqi.science.measures import symptoms

#: Ratings this far back are drawn; before the course opened, these many days.
DRAWN = timedelta(days=366)
BEFORE_COURSE = timedelta(days=30)
BEADS = 24
#: Asked when nothing is known of what the person feels.
USUAL = ("pain", "burning", "tingling", "numbness")


@dataclass(frozen=True)
class OwnPage:
    """The patient's home. `tracked` are the symptoms they rate, `rated` those with a rating today."""

    patient: Patient
    intake: Intake | None
    course: Course | None
    position: CoursePosition | None
    revision: CourseRevision | None
    appointment: Appointment | None
    starts_at: datetime | None
    tracked: list[str]
    rated: set[str]
    consents: dict[str, Consent]
    reviews: list[Review]
    decided: list[Decided]

    @property
    def rated_today(self) -> bool:
        return set(self.tracked) <= self.rated

    @property
    def beads(self) -> list[dict[str, Any]]:
        """One for each planned visit: done, next or to come, and whether a review follows it.

        Of a long plan the `BEADS` around the next visit are shown.
        """
        if self.position is None or self.revision is None:
            return []
        reviews = {int(point) for point in self.revision.review_sessions}
        first = max(1, min(self.position.visit - BEADS // 2, self.position.planned - BEADS + 1))
        return [
            {
                "number": n,
                "done": n <= self.position.given,
                "next": n == self.position.visit,
                "review": n in reviews,
            }
            for n in range(first, min(self.position.planned, first + BEADS - 1) + 1)
        ]


def own_page(actor: Actor) -> OwnPage:
    """Everything the home page shows, apart from the plot."""
    patient = patient_for(actor, actor.patient_id, "self.view", page="home")
    course = open_course_of(patient.id)
    upcoming = Appointment.objects.filter(
        patient=patient, status__in=["booked", "arrived"], starts_at__gte=timezone.now() - timedelta(hours=1)
    )
    appointment = upcoming.select_related("site", "practitioner__user").order_by("starts_at").first()
    consents: dict[str, Consent] = {}
    for consent in consents_of(patient.id):
        consents.setdefault(consent.kind, consent)
    return OwnPage(
        patient=patient,
        intake=patient.intakes.order_by("-started_at").first(),
        course=course,
        position=position_of(course) if course else None,
        revision=course.revisions.order_by("-number").first() if course else None,
        appointment=appointment,
        starts_at=local(appointment.site, appointment.starts_at) if appointment else None,
        tracked=tracked_symptoms(patient),
        rated=rated_today(patient),
        consents=consents,
        reviews=list(course.reviews.order_by("-after_session")[:3]) if course else [],
        decided=[one for one in decided_for(patient, course) if one.drawn is not None],
    )


def tracked_symptoms(patient: Patient) -> list[str]:
    """The symptoms this person rates: those they said they feel, and those rated in the last 90 days."""
    return tracked_by([patient.id])[patient.id]


def tracked_by(patient_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The symptoms that each of these people rates (see `tracked_symptoms`). Two statements for all of them."""
    felt = {felt_code(key): key for key in symptoms()}
    rows = Observation.objects.filter(patient__in=patient_ids)
    newest = {
        (patient_id, code): value
        for patient_id, code, value in rows.filter(code__in=felt)
        .order_by("effective_at")
        .values_list("patient_id", "code", "value")
    }
    chosen: dict[UUID, set[str]] = {patient_id: set() for patient_id in patient_ids}
    for (patient_id, code), value in newest.items():
        if value:
            chosen[patient_id].add(felt[code])
    recent = rows.filter(code__in=rating_codes(), effective_at__gte=timezone.now() - timedelta(days=90))
    for patient_id, code in recent.order_by().values_list("patient_id", "code").distinct():
        if key := symptom_of(code):
            chosen[patient_id].add(key)
    return {
        patient_id: [key for key in symptoms() if key in keys] or [key for key in symptoms() if key in USUAL]
        for patient_id, keys in chosen.items()
    }


def rated_today(patient: Patient) -> set[str]:
    """The symptoms that were rated at home today."""
    since, until = day_at(patient.home_site, today_at(patient.home_site))
    rows = Observation.objects.filter(
        patient=patient,
        code__in=rating_codes(),
        channel__in=AT_HOME,
        effective_at__gte=since,
        effective_at__lt=until,
    )
    return {key for code in rows.values_list("code", flat=True) if (key := symptom_of(code))}


@dataclass(frozen=True)
class CheckIn:
    """Today's questions by code, the answers given today, and the courses for which some are asked now."""

    patient: Patient
    codes: list[str]
    today: dict[str, int]
    activity: str
    courses: dict[str, UUID]


def check_in(actor: Actor) -> CheckIn:
    """What is asked today: each tracked symptom; the chosen activity once a week, in the person's own words; and
    what an open request asks besides."""
    patient = patient_for(actor, actor.patient_id, "self.answer", page="check-in")
    codes = [rating_code(key) for key in tracked_symptoms(patient)]
    last, today = chosen_activity(patient.id), today_at(patient.home_site)
    since, until = day_at(patient.home_site, today)
    if last and (last.effective_at >= since or last.effective_at < since - timedelta(days=6)):
        codes.append(CHOSEN_ACTIVITY)
    courses = asked_besides(patient.id, today)
    codes += [code for code in courses if code not in codes]
    given = Observation.objects.filter(
        patient=patient, code__in=codes, channel__in=AT_HOME, effective_at__gte=since, effective_at__lt=until
    )
    held = {code: int(value) for code, value in given.values_list("code", "value") if value is not None}
    return CheckIn(patient, codes, held, last.text if last else "", courses)


def chosen_activity(patient_id: UUID) -> Observation | None:
    """The last rating of the activity this person chose, with their words for it. None when none was chosen."""
    rows = Observation.objects.filter(patient=patient_id, code=CHOSEN_ACTIVITY).exclude(text="")
    return rows.order_by("-effective_at").first()


@dataclass(frozen=True)
class OwnSeries:
    """One symptom over time. `words`: what the seven-day means say, "" before the first session."""

    symptom: str
    rows: list[dict[str, Any]]
    sessions: list[date]
    medicines: list[dict[str, str]]
    words: str


def own_series(patient: Patient, course: Course | None, symptom: str) -> OwnSeries:
    """The ratings of one symptom with sessions and changes of medicine. Ratings after a session are left out."""
    site, today = patient.home_site, today_at(patient.home_site)
    since = timezone.now() - DRAWN
    if course:
        since = max(since, course.opened_at - BEFORE_COURSE)
    ratings = (
        Observation.objects.filter(
            patient=patient, code=rating_code(symptom), effective_at__gte=since, value__isnull=False
        )
        .exclude(channel=Observation.Channel.AFTER)
        .order_by("effective_at")
    )
    rows = [
        {
            "at": local(site, row.effective_at).date(),
            "value": float(row.value),
            "recall": row.recall or "24h",
            "channel": row.channel,
        }
        for row in ratings
    ]
    sessions = Session.objects.filter(patient=patient, state__in=GIVEN, opened_at__gte=since)
    days = [
        local(site, at).date() for at in sessions.order_by("opened_at").values_list("opened_at", flat=True)
    ]
    return OwnSeries(
        symptom,
        rows,
        days,
        _medicine_changes(patient, local(site, since).date(), today),
        _words(symptom, rows, days, today),
    )


def _words(symptom: str, rows: list[dict[str, Any]], days: list[date], today: date) -> str:
    ratings = [
        Rating(
            date=row["at"],
            symptom=symptom,
            value=row["value"],
            recall="7d" if row["recall"] == "7d" else "24h",
            channel="home" if row["channel"] in AT_HOME else "clinic_before",
        )
        for row in rows
    ]
    if not ratings or not days:
        return ""
    return review_simple(ratings, days, today)[symptom].words


def _medicine_changes(patient: Patient, since: date, until: date) -> list[dict[str, str]]:
    """Each start, change and end of a medicine in the time that is drawn."""
    medicines = list(Medication.objects.filter(patient=patient))
    replaced = {one.replaces_id for one in medicines}
    marks = [
        {"at": one.started_on.isoformat(), "label": str(one)}
        for one in medicines
        if one.started_on and since <= one.started_on <= until
    ]
    marks += [
        {"at": one.ended_on.isoformat(), "label": f"{one.name} stopped"}
        for one in medicines
        if one.ended_on and since <= one.ended_on <= until and one.id not in replaced
    ]
    return sorted(marks, key=lambda mark: mark["at"])


@dataclass(frozen=True)
class OwnMedicines:
    """Medicines and allergies as the clinic knows them."""

    medicines: list[Medication]
    allergies: list[Allergy]


def own_medicines(actor: Actor) -> OwnMedicines:
    """What the record holds now."""
    patient = patient_for(actor, actor.patient_id, "self.view", page="medicines")
    now = Q(ended_on=None) | Q(ended_on__gt=today_at(patient.home_site))
    return OwnMedicines(
        list(Medication.objects.filter(now, patient=patient).order_by("name")),
        list(Allergy.objects.filter(patient=patient, ended_at=None).order_by("substance")),
    )


@dataclass(frozen=True)
class OwnEvents:
    """The last visits, for "after which one", and the side effects reported so far."""

    patient: Patient
    sessions: list[Session]
    events: list[AdverseEvent]


def own_events(actor: Actor) -> OwnEvents:
    """What the page about side effects shows."""
    patient = patient_for(actor, actor.patient_id, "self.view", page="side effects")
    sessions = Session.objects.filter(patient=patient, needled_at__isnull=False).order_by("-opened_at")
    return OwnEvents(
        patient,
        list(sessions.select_related("site")[:4]),
        list(AdverseEvent.objects.filter(patient=patient).order_by("-onset_at")[:20]),
    )
