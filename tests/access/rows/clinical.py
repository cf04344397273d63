"""Rows behind the addresses of chart, course, review and letters."""

from datetime import date
from uuid import uuid4

from django.utils import timezone

from deqi.record.care.models import Course, CourseRevision, Letter, Review, SingleCase
from deqi.record.patients.models import Allergy, CareProvider, Medication, RedFlagAnswer
from deqi.record.practice.models import Practitioner
from deqi.science.course.single_case import StartProtocol, commitment
from tests.access.rows import for_all


def course(people, patient):
    user = people.alice if patient.home_site == people.north else people.dan
    made = Course.objects.create(
        patient=patient,
        site=patient.home_site,
        practitioner=Practitioner.objects.get(user=user),
        opened_at=timezone.now(),
    )
    CourseRevision.objects.create(
        course=made, number=1, sessions_per_week=1, weeks=8, planned_sessions=8, review_sessions=[4, 8],
        why="weekly", decided_by=user, decided_at=timezone.now(),
    )  # fmt: skip
    return made


def review(people, patient):
    made = course(people, patient)
    inputs = {
        "on": date.today().isoformat(),
        "condition": "dpn",
        "ratings": [],
        "sessions": [],
        "medicine": [],
    }
    result = {
        "inputs": inputs,
        "judged": {"model_version": "1", "symptoms": {}},
        "beside": {"rule": "", "goals": "", "impact": {}, "examination": {}},
    }
    return Review.objects.create(
        course=made, after_session=4, at=timezone.now(), model_version="1", inputs_sha256="0" * 64,
        result=result, decision="go_on", reason="better", decided_by=people.alice,
    )  # fmt: skip


def single_case(people, patient):
    made, user = course(people, patient), people.alice if patient.home_site == people.north else people.dan
    protocol = StartProtocol(symptom="burning", enrolled_on=date.today())
    return SingleCase.objects.create(
        course=made, design=protocol.design, protocol=protocol.model_dump(mode="json"), seed="ab" * 32,
        committed=commitment("ab" * 32, protocol), offered_at=timezone.now(), offered_by=user,
    )  # fmt: skip


def letter(people, patient):
    doctor = CareProvider.objects.create(patient=patient, name="Dr Oak")
    return Letter.objects.create(
        patient=patient, to=doctor, asked_first="Nothing", body={"plan": ["Go on"]},
        written_by=people.alice, written_at=timezone.now(),
    )  # fmt: skip


def flag(people, patient):
    return RedFlagAnswer.objects.create(
        patient=patient, flag="charcot", present=True, asked_at=timezone.now()
    )


def _course(people, patient):
    return {"course_id": course(people, patient).id}


def _drawn(case):
    return {"course_id": case.course_id, "case_id": case.id}


def _letter(people, patient):
    return {"letter_id": letter(people, patient).id}


_series = for_all(lambda people: {"design": "randomised-start", "symptom": "burning"})

ROWS = {
    "clinic:course": _course,
    "clinic:course_end": _course,
    "clinic:review": _course,
    "clinic:review_held": lambda people, patient: {"review_id": review(people, patient).id},
    "clinic:single_case": _course,
    "clinic:single_case_draw": lambda people, patient: _drawn(single_case(people, patient)),
    "clinic:single_case_report": lambda people, patient: {"case_id": single_case(people, patient).id},
    "clinic:single_case_series": _series,
    "clinic:single_case_series_report": _series,
    "clinic:letter": _letter,
    "clinic:letter_pdf": _letter,
    "clinic:letter_png": _letter,
    "clinic:letter_send": _letter,
    "clinic:resolve_flag": lambda people, patient: {
        "patient_id": patient.id,
        "answer_id": flag(people, patient).id,
    },
    "clinic:change_medicine": lambda people, patient: {
        "patient_id": patient.id,
        "medicine_id": Medication.objects.create(patient=patient, name="Pregabalin").id,
    },
    "clinic:end_allergy": lambda people, patient: {
        "patient_id": patient.id,
        "allergy_id": Allergy.objects.create(id=uuid4(), patient=patient, substance="latex").id,
    },
}
