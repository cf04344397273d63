"""Suggestions: points ranked by trial use and place, with reasons, a set, and what was left out."""

from deqi.science.points.suggestions.choose import ChosenSet
from deqi.science.points.suggestions.reasons import Reason
from deqi.science.points.suggestions.suggest import (
    Caution,
    LeftOut,
    SuggestedPoint,
    Suggestion,
    UnknownTrial,
    suggest,
)

__all__ = [
    "Caution",
    "ChosenSet",
    "LeftOut",
    "Reason",
    "SuggestedPoint",
    "Suggestion",
    "UnknownTrial",
    "suggest",
]
