"""What the intake page shows: what the patient told, what is known, medicines, allergies. One statement."""

from __future__ import annotations

from datetime import date
from typing import Any

from deqi.record.care.queries.case import known_lists
from deqi.record.patients.models import Allergy, Intake, Medication, Patient
from deqi.record.together import Some, some, together


def told_lists(patient: Patient) -> dict[str, Some]:
    """The newest intake, medicines and allergies, for `together`: the intake page and the chart show the same."""
    return {
        "intakes": some(
            Intake.objects.filter(patient=patient).order_by("-started_at")[:1],
            "status",
            "answers",
            "started_at",
            "submitted_at",
            "completed_at",
            "completed_by__name",
        ),
        "medicines": some(
            Medication.objects.filter(patient=patient).order_by("-recorded_at")[:60],
            "id",
            "name",
            "dose_text",
            "reason",
            "started_on",
            "ended_on",
            "source",
            "recorded_at",
        ),
        "allergies": some(
            Allergy.objects.filter(patient=patient, ended_at=None).order_by("-recorded_at"),
            "id",
            "substance",
            "reaction",
        ),
    }


def history_of(patient: Patient, on: date) -> dict[str, list[dict[str, Any]]]:
    """The lists of the intake page; `known_from` reads them too."""
    return together(**known_lists(patient, on), **told_lists(patient))
