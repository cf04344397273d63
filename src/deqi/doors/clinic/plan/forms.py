"""The form of a plan, and a proposal turned into its first values."""

from __future__ import annotations

from decimal import Decimal
from math import ceil
from typing import Any

from django import forms

from deqi.doors.forms import DeqiForm
from deqi.record.care.actions.courses import RETENTION_MIN, SESSIONS, WEEKS, Plan
from deqi.science.course import PlanProposal
from deqi.science.measures import symptoms

FREQUENCIES = [
    ("0.25", "every four weeks"),
    ("0.5", "every two weeks"),
    ("1", "once a week"),
    ("2", "twice a week"),
    ("3", "three times a week"),
]


class PlanForm(DeqiForm):
    """What a course holds. Review sessions are typed as numbers with commas."""

    goals = forms.CharField(
        label="Goals, in the patient’s own words",
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=2000,
        required=False,
    )
    sessions_per_week = forms.ChoiceField(label="How often")
    weeks = forms.IntegerField(label="For how many weeks", min_value=WEEKS[0], max_value=WEEKS[1])
    planned_sessions = forms.IntegerField(
        label="Sessions in all", min_value=SESSIONS[0], max_value=SESSIONS[1]
    )
    review_sessions = forms.CharField(
        label="Review after sessions", max_length=120, help_text="Numbers with commas, such as 4, 8, 12."
    )
    retention_min = forms.IntegerField(
        label="Minutes with the needles in", min_value=RETENTION_MIN[0], max_value=RETENTION_MIN[1]
    )
    modality = forms.ChoiceField(
        label="Method",
        choices=[
            ("manual", "manual needling"),
            ("electro", "with electrical stimulation"),
            ("auricular", "ear points"),
        ],
    )
    maintenance = forms.CharField(
        label="Afterwards", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    decision_rule = forms.CharField(
        label="What we agreed to do at a review",
        required=False,
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    why = forms.CharField(label="Why this plan", max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        held = self.initial.get("sessions_per_week")
        choices = list(FREQUENCIES)
        if held is not None and _plain(held) not in dict(choices):
            choices.append((_plain(held), f"{_plain(held)} a week"))
        self.fields["sessions_per_week"].choices = choices
        if held is not None:
            self.initial["sessions_per_week"] = _plain(held)

    def clean_review_sessions(self) -> tuple[int, ...]:
        words = self.cleaned_data["review_sessions"].replace(";", ",").replace(" ", ",").split(",")
        try:
            return tuple(int(word) for word in words if word)
        except ValueError:
            raise forms.ValidationError("Only numbers of sessions with commas, such as 4, 8, 12.")

    def plan(self, proposal: dict[str, Any]) -> Plan:
        data = self.cleaned_data
        named = ("goals", "weeks", "planned_sessions", "review_sessions", "retention_min", "modality")
        return Plan(
            sessions_per_week=Decimal(data["sessions_per_week"]),
            maintenance=data["maintenance"],
            decision_rule=data["decision_rule"],
            proposal=proposal,
            **{name: data[name] for name in named},
        )


def _plain(number: Any) -> str:
    return f"{Decimal(str(number)).normalize():f}"


def from_proposal(proposal: PlanProposal, goals: str, main_symptoms: list[str]) -> dict[str, Any]:
    """The first values of the form: what is proposed, and the patient's own words."""
    return {
        "goals": goals,
        "sessions_per_week": proposal.sessions_per_week.value,
        "weeks": proposal.weeks.value,
        "planned_sessions": proposal.sessions.value,
        "review_sessions": ", ".join(map(str, review_sessions(proposal))),
        "retention_min": 25,
        "modality": "manual",
        "maintenance": proposal.maintenance.words[:300],
        "decision_rule": decision_rule(proposal, main_symptoms),
    }


def review_sessions(proposal: PlanProposal) -> list[int]:
    """Review points as session numbers, the last session among them."""
    total = proposal.sessions.value
    frequency = proposal.sessions_per_week.value
    points = {
        point.session or max(1, min(total, ceil(frequency * point.week))) for point in proposal.review_points
    }
    return sorted({point for point in points if point <= total} | {total})


def decision_rule(proposal: PlanProposal, main_symptoms: list[str]) -> str:
    """The rule agreed before the start, so that a review cannot move its own goalposts."""
    lines = []
    for key in main_symptoms[:2]:
        symptom = symptoms()[key]
        change = symptom.meaningful_change
        share = f" or {change.percent:g} %" if change.percent else ""
        own = " (borrowed, provisional)" if change.provisional else ""
        lines.append(
            f"A change that matters for {symptom.label.lower()}: {change.points:g} points{share} down in the seven-day mean{own}."
        )
    lines += [f"{point.words}: {point.decision}" for point in proposal.review_points]
    return "\n".join(lines)
