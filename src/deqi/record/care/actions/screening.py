"""Keeping what the safety rules said."""

from __future__ import annotations

import json
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.models import SafetyScreen
from deqi.record.care.queries.case import case_of
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at
from deqi.science.safety import screen


@transaction.atomic
def record_screen(actor: Actor, patient_id: UUID, screen_id: UUID) -> SafetyScreen:
    """Screens the person as they are known today, with no points chosen yet, and keeps the answer and its inputs.

    Sent twice with the same id, it is kept once.
    """
    patient = patient_for(actor, patient_id, "clinical.write", page="safety screen")
    same = SafetyScreen.objects.filter(id=screen_id, patient=patient).first()
    if same is not None:
        return same
    on = today_at(patient.home_site)
    case = case_of(patient, None, on)
    said = screen(case, on=on)
    row = SafetyScreen.objects.create(
        id=screen_id,
        patient=patient,
        at=timezone.now(),
        by_id=actor.user_id,
        verdict=said.verdict,
        findings=json.loads(json.dumps(said.as_dict()["findings"], default=str)),
        inputs=case.model_dump(mode="json"),
    )
    log(actor, "screen.record", patient_id=patient.id, about=row, detail={"verdict": row.verdict})
    return row
