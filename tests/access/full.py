"""Two full records, Eve's at North and Frank's at South, made alike, and the states their open visit goes through.

Whatever is written in words carries a word of its owner's (`WORD_OF`): seen on another's page it tells whose it was.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import uuid4

from django.utils import timezone

from deqi.record.care.actions.answering import bearer
from deqi.record.care.actions.courses import end_course
from deqi.record.care.actions.needling import confirm_carried, needles_in, needles_out
from deqi.record.care.actions.screens import lift_stop, screen_session
from deqi.record.care.actions.sessions import record_after, start_session
from deqi.record.care.actions.signing import sign_session
from deqi.record.care.codes import questionnaire_code
from deqi.record.care.models import Appointment, Course, CourseRevision, Letter, Observation, RatingRequest
from deqi.record.patients.consent_texts import consent_text
from deqi.record.patients.models import (
    Allergy,
    CareProvider,
    Condition,
    Consent,
    Contact,
    Intake,
    Medication,
    PatientShare,
)
from deqi.record.practice.models import Organization, Site
from deqi.record.questionnaires.actions.responses import answer
from deqi.record.questionnaires.models import Assignment, CourseQuestionnaire
from tests.access.rows.questionnaires import assignment, instrument
from tests.visits import answer_the_core, ask, whole_visit

WORD_OF = {"eve": "evergreen", "frank": "frankincense"}
STATES = ("open", "stopped", "needled", "out", "noted", "signed", "ended")


class Record:
    """One patient's record. `actor` treats them; `visit` is the visit that is open."""

    def __init__(self, people, name: str):
        self.people, self.word = people, WORD_OF[name]
        self.patient = getattr(people, f"{name}_patient")
        self.user = people.alice if name == "eve" else people.dan
        self.actor = people.actor("alice" if name == "eve" else "dan")
        self.site, self.now = self.patient.home_site, timezone.now()
        self._person()
        self.course = self._course()
        for _ in range(2):
            whole_visit(self.actor, self._start(), note=f"Slept well, {self.word}")
        self.visit = self._start()
        self.questions = assignment(people, self.patient)
        for link_id, value in (("1", "3"), ("2", "1.5"), ("3", "1")):
            answer(self.actor, self.patient.id, self.questions.id, link_id, [value], verb="clinical.write")
            answer(
                bearer(self.patient), self.patient.id, self.linked.id, link_id, [value], verb="self.answer"
            )

    def rows(self) -> dict[str, object]:
        """What an address about this record can name."""
        return {
            "patient_id": self.patient.id,
            "course_id": self.course.id,
            "session_id": self.visit.id,
            "letter_id": self.letter.id,
            "share_id": self.share.id,
            "assignment_id": self.questions.id,
            "provider_id": self.doctor.id,
        }

    def agree_to_chance(self) -> None:
        """Consent to what was offered before now (tests/access/rows make the offer)."""
        self._consent("single_case", timezone.now())

    def _consent(self, kind: str, at) -> None:
        Consent.objects.create(
            patient=self.patient, kind=kind, version=consent_text(kind).version, text_sha256="0" * 64,
            decision="given", signed_name=self.patient.name, at=at, recorded_by=self.user,
        )  # fmt: skip

    def _person(self) -> None:
        patient, word = self.patient, self.word
        patient.email, patient.phone = f"{word}@home.example", "01632 960001"
        patient.address = f"1 {word} street"
        patient.save()
        for kind in ("care", "measurement", "sharing"):
            self._consent(kind, self.now - timedelta(days=30))
        answer_the_core(patient)
        self.condition = Condition.objects.create(
            patient=patient, condition="dpn", label=f"Diabetic neuropathy, {word}", icd10="E11.42",
            onset=date.today() - timedelta(days=900), recorded_by=self.user,
        )  # fmt: skip
        Medication.objects.create(patient=patient, name=f"Pregabalin {word}", recorded_by=self.user)
        Allergy.objects.create(id=uuid4(), patient=patient, substance=f"latex {word}")
        Contact.objects.create(patient=patient, name=f"Friend {word}", phone="1")
        Intake.objects.create(patient=patient)
        west, _ = Site.objects.get_or_create(
            organization=self.people.organization, name="West", jurisdiction="GB"
        )
        self.share = PatientShare.objects.create(
            patient=patient, site=west, shared_by=self.user, reason="On holiday there"
        )
        self.doctor = CareProvider.objects.create(
            patient=patient, kind="pcp", name=f"Dr {word}", email=f"dr-{word}@surgery.example"
        )

    def _course(self) -> Course:
        course = Course.objects.create(
            patient=self.patient, site=self.site, practitioner=self.user.practitioner, status="active",
            condition=self.condition, opened_at=self.now - timedelta(days=40),
        )  # fmt: skip
        CourseRevision.objects.create(
            course=course, number=1, goals=f"Walk the dog, {self.word}", sessions_per_week=1, weeks=10,
            planned_sessions=10, review_sessions=[4, 8], retention_min=25, why=f"First plan, {self.word}",
            decided_by=self.user, decided_at=self.now - timedelta(days=40),
        )  # fmt: skip
        Observation.objects.bulk_create(
            Observation(
                patient=self.patient, course=course, code="burning_average", value=7 - days % 3, recall="24h",
                channel="home", effective_at=self.now - timedelta(days=days),
            )
            for days in range(30, 0, -2)
        )  # fmt: skip
        Observation.objects.create(
            patient=self.patient, code="burning_felt", value=1, channel="home", effective_at=self.now
        )
        Observation.objects.create(
            patient=self.patient, code="impact_chosen_activity", value=8, recall="7d", channel="home",
            text=f"Walk the dog, {self.word}", effective_at=self.now - timedelta(days=20),
        )  # fmt: skip
        for days in (3, 10):
            Appointment.objects.create(
                patient=self.patient, course=course, site=self.site, practitioner=self.user.practitioner,
                room=self.site.rooms.first(), starts_at=self.now + timedelta(days=days),
            )  # fmt: skip
        self.letter = Letter.objects.create(
            patient=self.patient, course=course, to=self.doctor, asked_first=f"Nothing, {self.word}",
            body={"plan": ["Go on"]}, written_by=self.user, written_at=self.now,
        )  # fmt: skip
        chosen = CourseQuestionnaire.objects.create(
            patient=self.patient, course=course, instrument=instrument(self.people), windows=["review"],
            chosen_by=self.user, chosen_at=self.now,
        )  # fmt: skip
        self.linked = Assignment.objects.create(
            patient=self.patient, course=course, instrument=chosen.instrument, where="home", chosen=chosen,
            window="review", due_on=date.today() + timedelta(days=2), assigned_by=self.user, assigned_at=self.now,
        )  # fmt: skip
        self.asked = RatingRequest.objects.create(
            course=course, patient=self.patient, site=self.site, practitioner=self.user.practitioner, kind="visit",
            point=3, day=date.today(), until=date.today() + timedelta(days=2), made_at=self.now,
            codes=["burning_average", "impact_chosen_activity", "global_change", questionnaire_code(self.linked.id)],
        )  # fmt: skip
        return course

    def _start(self):
        return start_session(self.actor, self.course.id, session_id=uuid4())

    def to_stopped(self) -> None:
        """Eve has a stop, which Bob may lift; South has nobody who could lift one."""
        self.visit = ask(self.actor, self.visit, unwell_today=self.user == self.people.alice)
        screen_session(self.actor, self.visit.id)

    def to_needled(self) -> None:
        if self.user == self.people.alice:
            lift_stop(self.people.actor("bob"), self.visit.id, "Seen by her doctor an hour ago")
        confirm_carried(self.actor, self.visit.id)
        self.visit = needles_in(self.actor, self.visit.id, 4)

    def to_out(self) -> None:
        self.visit = needles_out(self.actor, self.visit.id, 4)

    def to_noted(self) -> None:
        self.visit = record_after(
            self.actor, self.visit.id, self.visit.version, comfort_0_10=8, side_effects_asked=True,
            note=f"Well, {self.word}",
        )  # fmt: skip

    def to_signed(self) -> None:
        self.visit = sign_session(self.actor, self.visit.id)

    def to_ended(self) -> None:
        end_course(self.actor, self.course.id, f"Well again, {self.word}")


def two_records(people) -> dict[str, Record]:
    """Both records with their visit open."""
    Organization.objects.update(messages_from="00:00", messages_until="23:59:59.999999")
    return {name: Record(people, name) for name in WORD_OF}


#: How both records come to each state from the one before.
STEPS: dict[str, Callable[[Record], None]] = {
    "stopped": Record.to_stopped,
    "needled": Record.to_needled,
    "out": Record.to_out,
    "noted": Record.to_noted,
    "signed": Record.to_signed,
    "ended": Record.to_ended,
}
