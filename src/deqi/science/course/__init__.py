"""One person's course: what to plan, and whether the person is really better."""

from __future__ import annotations

from deqi.science.course.model import MODEL_VERSION, Forecast, Review, Sceptical, review
from deqi.science.course.planner import PlanProposal, Proposed, Reason, ReviewPoint, plan
from deqi.science.course.planner import reasons as plan_reasons
from deqi.science.course.priors import conditions
from deqi.science.course.priors import priors as course_priors
from deqi.science.course.ratings import MedicineChange, Rating
from deqi.science.course.simple import SimpleReview, review_simple
from deqi.science.knowledge import Problem, gather

__all__ = [
    "MODEL_VERSION",
    "Forecast",
    "MedicineChange",
    "PlanProposal",
    "Proposed",
    "Rating",
    "Reason",
    "Review",
    "ReviewPoint",
    "Sceptical",
    "SimpleReview",
    "conditions",
    "plan",
    "problems",
    "review",
    "review_simple",
]


def problems() -> list[Problem]:
    """Every fault in the package's data files."""
    return gather([plan_reasons, course_priors])
