"""What is measured in neuropathy: own-words ratings, impact, overall change, the bedside examination, scores."""

from __future__ import annotations

from deqi.science.knowledge import Problem, gather
from deqi.science.measures.conduction import (
    ConductionError,
    Fault,
    Study,
    conduction_code,
    nerves,
    read_conduction,
)
from deqi.science.measures.items import (
    ChangeStep,
    ConductionMeasure,
    ExaminationItem,
    ImpactRating,
    Symptom,
    change_file,
    conduction_file,
    conduction_measures,
    examination_file,
    examination_items,
    global_change_steps,
    impact_file,
    impact_ratings,
    symptom_file,
    symptoms,
)
from deqi.science.measures.scores import Part, Scale, Score, ScoreError, Scorer, Subscore, score, scorers

__all__ = [
    "ChangeStep",
    "ConductionError",
    "ConductionMeasure",
    "ExaminationItem",
    "Fault",
    "ImpactRating",
    "Part",
    "Scale",
    "Score",
    "ScoreError",
    "Scorer",
    "Study",
    "Subscore",
    "Symptom",
    "change_file",
    "conduction_code",
    "conduction_measures",
    "examination_file",
    "examination_items",
    "global_change_steps",
    "impact_file",
    "impact_ratings",
    "nerves",
    "problems",
    "read_conduction",
    "score",
    "scorers",
    "symptom_file",
    "symptoms",
]


def problems() -> list[Problem]:
    """Every fault in the package's data files."""
    return gather([symptom_file, impact_file, change_file, examination_file, conduction_file, scorers])
