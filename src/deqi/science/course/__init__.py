"""One person's course: what to plan, and whether the person is really better."""

from __future__ import annotations

from deqi.science.course.planner import PlanProposal, Proposed, Reason, ReviewPoint, plan
from deqi.science.course.planner import reasons as plan_reasons
from deqi.science.course.ratings import MedicineChange, Rating
from deqi.science.course.simple import SimpleReview, review_simple
from deqi.science.knowledge import Problem, gather

__all__ = [
    "MedicineChange",
    "PlanProposal",
    "Proposed",
    "Rating",
    "Reason",
    "ReviewPoint",
    "SimpleReview",
    "plan",
    "problems",
    "review_simple",
]


def problems() -> list[Problem]:
    """Every fault in the package's data files."""
    return gather([plan_reasons])
