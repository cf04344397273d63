"""The intake as a made-up person would have told it: an answer to every page that is asked of them, checked as a
patient's own would be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np

from deqi.record.care.intake.answers import Answer, check
from deqi.record.care.intake.steps import Step, Told, story
from deqi.record.patients.models import Patient
from deqi.record.patients.queries.people import age_years
from deqi.record.synthetic.profiles import Profile
from deqi.science.points.drawing import region_ids

#: Diagnosis chosen from the list, by condition.
TOLD = {"dpn": "diabetes", "cipn": "chemotherapy", "cts": "carpal_tunnel", "phn": "shingles"}
OPERATIONS = (
    "Appendix taken out as a child",
    "Cataract, right eye, four years ago",
    "None that matter",
    "Knee looked into twice",
    "Gall bladder, ten years ago",
)
TRIED = (
    "Capsaicin cream: it stung and I stopped",
    "Warm foot baths, good for an hour",
    "Insoles from the chemist, some help when walking",
    "Exercises with a physiotherapist, helped my balance",
    "Nothing yet beside the tablets",
)
ALLERGIES = (["Penicillin", "rash as a child"], ["Plasters", "red skin"], ["Ibuprofen", "stomach pain"])


def tell(
    person: Patient, profile: Profile, onset: date, on: date, side: str, chance: np.random.Generator
) -> dict[str, Answer]:
    """Step -> answer for every page of the story that is asked of this person, told on the day `on`."""
    sex = person.sex if person.sex != Patient.Sex.UNKNOWN else None
    teller = _Teller(person, profile, onset, side, chance)
    answers: dict[str, Answer] = {}
    while True:
        steps = story(Told(answers, age_years(person.birth_date, on), sex))
        left = [step for step in steps if step.key not in answers]
        if not left:
            return {step.key: answers[step.key] for step in steps}
        for step in left:
            answers[step.key] = check(step, teller.answer(step), on)


class _Teller:
    """One made-up person at the questions."""

    def __init__(
        self, person: Patient, profile: Profile, onset: date, side: str, chance: np.random.Generator
    ):
        self.person, self.profile, self.onset, self.side, self.chance = person, profile, onset, side, chance
        self.kinds: dict[str, Callable[[Step], Answer]] = {
            "read": lambda step: {"read": True},
            "many": self._many,
            "scale": lambda step: {"value": self._level(step)},
            "since": lambda step: {"year": onset.year, "month": onset.month},
            "map": self._map,
            "text": lambda step: {"text": self._words(step)},
            "medicines": lambda step: {"rows": [list(row[:2]) for row in profile.medicines]},
            "allergies": lambda step: {"rows": self._allergies()},
            "flag": lambda step: {"value": False},
            "consent": self._consent,
        }

    def answer(self, step: Step) -> Answer:
        return self.kinds.get(step.kind, self._fact)(step)

    def _many(self, step: Step) -> Answer:
        if step.key == "symptoms":
            return {"chosen": list(self.profile.symptoms)}
        chosen = TOLD.get(self.profile.condition)
        return {"chosen": [chosen] if chosen else [], "other": "" if chosen else "High blood pressure"}

    def _level(self, step: Step) -> int:
        symptom, _, kind = step.key.rpartition("-")
        if symptom in self.profile.symptoms:
            usual = round(self.profile.symptoms[symptom])
            return usual if kind == "average" else min(10, usual + 2)
        return int(self.chance.integers(3, 8))

    def _map(self, step: Step) -> Answer:
        sides = ("right", "left") if self.side == "both" else (self.side,)
        level = max(1, round(self.profile.symptoms[step.about]))
        places = [f"{side}_{region}" for side in sides for region in self.profile.regions]
        return {"marks": {place: level for place in places if place in region_ids()}}

    def _words(self, step: Step) -> str:
        if step.key == "activity":
            return self.profile.goal
        return str(self.chance.choice(OPERATIONS if step.key == "operations" else TRIED))

    def _allergies(self) -> list[list[str]]:
        return [ALLERGIES[int(self.chance.integers(3))]] if self.chance.random() < 0.25 else []

    def _consent(self, step: Step) -> Answer:
        from deqi.record.patients.consent_texts import consent_texts

        return {
            "decision": "given",
            "name": self.person.name,
            "version": consent_texts()[step.about].version,
        }

    def _fact(self, step: Step) -> Answer:
        """As the profile says; else no, not known, or the mildest of the choices."""
        if step.about in self.profile.facts:
            return {"value": self.profile.facts[step.about]}
        if step.kind == "yes_no":
            return {"value": False}
        if step.about == "needle_fear":
            return {"value": str(self.chance.choice(list(step.choices)[:2]))}
        return {"value": None}


def facts_told(answers: dict[str, Answer]) -> dict[str, Any]:
    """Safety facts that were answered, without those answered "not sure"."""
    told = {k.removeprefix("fact-"): a["value"] for k, a in answers.items() if k.startswith("fact-")}
    return {key: value for key, value in told.items() if value is not None}
