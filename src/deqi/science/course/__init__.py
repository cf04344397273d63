"""One person's course: what to plan, and whether the person is really better.

The model and its numerical libraries are imported when they are first asked for: a page that only plans, or compares
seven-day means, opens without them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from deqi.science.course.planner import PlanProposal, Proposed, Reason, ReviewPoint, plan
from deqi.science.course.planner import reasons as plan_reasons
from deqi.science.course.ratings import MedicineChange, Rating
from deqi.science.course.simple import SimpleReview, review_simple
from deqi.science.knowledge import Problem, gather

if TYPE_CHECKING:
    from deqi.science.course.model import MODEL_VERSION, Forecast, Review, Sceptical, review
    from deqi.science.course.priors import conditions

_LATER = {
    "MODEL_VERSION": "model",
    "Forecast": "model",
    "Review": "model",
    "Sceptical": "model",
    "review": "model",
    "conditions": "priors",
}

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


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"deqi.science.course.{_LATER[name]}"), name)
    raise AttributeError(name)


def problems() -> list[Problem]:
    """Every fault in the package's data files."""
    from deqi.science.course.priors import priors
    from deqi.science.course.single_case.report import reporting
    from deqi.science.course.speaking import speaking

    return gather([plan_reasons, priors, speaking, reporting])
