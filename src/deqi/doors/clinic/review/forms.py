"""The form of a decision at a review."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from deqi.doors.forms import DeqiForm
from deqi.record.care.actions.reviews import NextSteps
from deqi.record.care.models import Review
from deqi.record.care.queries.reviews import ReviewMatter
from deqi.science.measures import change_file, global_change_steps

DECISIONS = {
    "go_on": "Go on as planned",
    "change": "Change the plan",
    "taper": "Taper",
    "stop": "Stop",
    "refer": "Refer",
}


class DecisionForm(DeqiForm):
    """What was decided, why, and what follows."""

    decision = forms.ChoiceField(
        label="Decision",
        choices=[(value, DECISIONS[value]) for value in Review.Decision.values],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Why, in words the patient would recognise",
        max_length=1500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    global_change = forms.TypedChoiceField(
        label=change_file().question, coerce=int, required=False, empty_value=None
    )
    next_review = forms.IntegerField(
        label="Next review after session", required=False, min_value=1, max_value=200,
        help_text="Not needed when the course stops.",
    )  # fmt: skip
    planned_sessions = forms.IntegerField(label="Sessions in all", required=False, min_value=1, max_value=200)
    sessions_per_week = forms.ChoiceField(
        label="How often from now on",
        required=False,
        choices=[
            ("", "as now"),
            ("3", "three times a week"),
            ("2", "twice a week"),
            ("1", "once a week"),
            ("0.5", "every two weeks"),
            ("0.25", "every four weeks"),
        ],
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["global_change"].choices = [
            ("", "not asked"),
            *((step.value, step.label) for step in global_change_steps()),
        ]

    def steps(self) -> NextSteps:
        data = self.cleaned_data
        often = data["sessions_per_week"]
        return NextSteps(
            next_review=data["next_review"],
            planned_sessions=data["planned_sessions"],
            sessions_per_week=Decimal(often) if often else None,
        )


def decision_initial(matter: ReviewMatter) -> dict[str, Any]:
    """The next review as planned, or four sessions on; the patient's own answer since the last review."""
    given, plan = matter.position.given, matter.plan
    ahead = [point for point in plan["review_sessions"] if point > given]
    following = ahead[0] if ahead else given + 4
    return {
        "next_review": following,
        "planned_sessions": max(plan["planned_sessions"], following),
        "global_change": int(matter.overall[1]) if matter.overall else None,
    }
