"""How far up the limbs symptoms reached, map by map: is the stocking moving down?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from deqi.record.care.queries.case import map_levels
from deqi.record.patients.models import Patient, SymptomMap
from deqi.record.practice.clock import local
from deqi.science.points.drawing import Extent, change, extent

#: Maps read for one person, newest first. One a month fills four years.
MOST = 48
LIMB_WORDS = {
    "right_leg": "right foot and leg",
    "left_leg": "left foot and leg",
    "right_arm": "right hand and arm",
    "left_arm": "left hand and arm",
}


@dataclass(frozen=True)
class MapExtent:
    """One symptom map: its day at the patient's site, and how far it reaches."""

    on: date
    reach: Extent

    @property
    def levels_cun(self) -> Mapping[str, float]:
        return self.reach.levels_cun()


@dataclass(frozen=True)
class ExtentOverTime:
    """The maps in order of time. `limbs`: those that any map reaches."""

    maps: tuple[MapExtent, ...]

    @property
    def limbs(self) -> tuple[str, ...]:
        return tuple(
            name for name in LIMB_WORDS if any(one.levels_cun[name] or _apart(one, name) for one in self.maps)
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """What changed from the first to the newest map; where one map stands alone, how far it reaches."""
        if len(self.maps) >= 2:
            return change(self.maps[0].reach, self.maps[-1].reach)
        return tuple(
            f"{words[0].upper()}{words[1:]}."
            for one in self.maps
            for name in self.limbs
            if (words := getattr(one.reach, name).words)
        )

    @property
    def caution(self) -> str:
        """How much may be read from so many maps."""
        if len(self.maps) < 2:
            return "One map shows no change. A second one, drawn later, will."
        if len(self.maps) == 2:
            return "Two maps, drawn by hand: one step up or down may be chance. A third tells more."
        return f"{len(self.maps)} maps, drawn by hand: one step up or down between two of them may be chance."

    def rows(self) -> list[dict]:
        """The table: day, and for each limb the level in cun and its words."""
        return [
            {
                "on": one.on,
                "cells": [(one.levels_cun[name], getattr(one.reach, name).words) for name in self.limbs],
            }
            for one in self.maps
        ]


def _apart(one: MapExtent, limb: str) -> bool:
    return bool(getattr(one.reach, limb).apart)


def extent_over_time(patient: Patient) -> ExtentOverTime:
    """The maps of a person already looked up in scope. One statement."""
    newest = SymptomMap.objects.filter(patient=patient).order_by("-at").values("id")[:MOST]
    rows = SymptomMap.objects.filter(id__in=newest).order_by("at", "id")
    columns = ("id", "at", "marks__region", "marks__side", "marks__level_0_10")
    maps = []
    for (_id, at), group in groupby(rows.values_list(*columns), key=lambda row: row[:2]):
        marks = [
            {"region": region, "side": side, "level_0_10": level}
            for _id, _at, region, side, level in group
            if region is not None
        ]
        maps.append(MapExtent(local(patient.home_site, at).date(), extent(map_levels(marks))))
    return ExtentOverTime(tuple(maps))
