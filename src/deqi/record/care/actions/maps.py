"""A new map of where it is felt, drawn later than the intake. A map is written whole and never changes."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import SymptomMap, SymptomMark
from deqi.record.patients.queries import patient_for
from deqi.science.measures import symptoms
from deqi.science.points.drawing import region_ids

#: Sensation -> region id -> level 1 to 10. A sensation without a region is felt nowhere any more.
Marks = Mapping[str, Mapping[str, int]]


@transaction.atomic
def draw_map(actor: Actor, map_id: UUID, marks: Marks) -> SymptomMap:
    """The acting patient's new map, whole. The same id posted again changes nothing.

    Raises Refusal for a place, a sensation or a level that is not on the map.
    """
    patient = patient_for(actor, actor.patient_id, "self.answer", page="symptom map")
    if (same := SymptomMap.objects.filter(id=map_id).first()) is not None:
        if same.patient_id != patient.id:
            raise NotFound("There is no such map.")
        return same
    places = set(region_ids())
    for sensation, levels in marks.items():
        if sensation not in symptoms() or not set(levels) <= places:
            raise Refusal(_("This place is not on the map."), field="region")
        if not all(1 <= level <= 10 for level in levels.values()):
            raise Refusal(_("Choose a number from 1 to 10."), field="level")
    drawn = SymptomMap.objects.create(
        id=map_id, patient=patient, at=timezone.now(), recorded_by_id=actor.user_id
    )
    SymptomMark.objects.bulk_create(
        SymptomMark(
            map=drawn,
            region=place,
            side="left" if place.startswith("left_") else "right",
            sensation=sensation,
            level_0_10=level,
        )
        for sensation, levels in marks.items()
        for place, level in levels.items()
    )
    log(actor, "map.draw", patient_id=patient.id, about=drawn, detail={"sensations": list(marks)})
    return drawn
