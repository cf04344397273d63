"""Forms of the register of adverse events."""

from __future__ import annotations

from django import forms
from django.utils import timezone

from deqi.doors.forms import DateInput, DeqiForm
from deqi.science.safety import causality_categories, event_groups, grades, seriousness_criteria

GRADE_LABELS = {one.grade: f"{one.grade} {one.label}: {one.meaning}" for one in grades()}
YES_NO = [("yes", "yes"), ("no", "no")]


def kinds() -> list:
    """Every kind of event, by group."""
    return [("", "choose"), *((g.title, [(k.key, k.label) for k in g.types]) for g in event_groups())]


class ReportForm(DeqiForm):
    """What somebody noticed, in the visit or afterwards."""

    event_type = forms.ChoiceField(label="What happened", choices=kinds)
    onset = forms.DateTimeField(
        label="When it began",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    points = forms.CharField(label="At which points", required=False, max_length=200)
    description = forms.CharField(
        label="In a few words", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )


class AssessForm(DeqiForm):
    """A senior clinician's judgement. Severity, seriousness and cause are three different questions."""

    grade = forms.TypedChoiceField(
        label="How severe", coerce=int, choices=list(GRADE_LABELS.items()), widget=forms.RadioSelect
    )
    seriousness = forms.MultipleChoiceField(
        label="What makes it serious",
        help_text="Severity is not seriousness. None ticked: not serious.",
        required=False,
        choices=[(one.id, one.text) for one in seriousness_criteria()],
        widget=forms.CheckboxSelectMultiple,
    )
    causality = forms.ChoiceField(
        label="How likely the treatment caused it",
        choices=[(one.id, f"{one.id}: {', '.join(one.needs)}") for one in causality_categories()],
        widget=forms.RadioSelect,
    )
    expected = forms.ChoiceField(
        label="Is it a known effect of needling?", choices=YES_NO, widget=forms.RadioSelect
    )
    action_taken = forms.CharField(
        label="What was done", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2})
    )
    outcome = forms.CharField(label="How it ended", required=False, max_length=200)


class PeriodForm(forms.Form):
    """Which months the register shows; without an answer the last twelve."""

    since = forms.DateField(required=False, widget=DateInput())
    until = forms.DateField(required=False, widget=DateInput())

    def period(self) -> tuple:
        """First day, and last day included."""
        today = timezone.localdate()
        given = self.cleaned_data if self.is_valid() else {}
        until = given.get("until") or today
        since = given.get("since") or until.replace(year=until.year - 1, day=min(until.day, 28))
        return (since, until) if since <= until else (until, since)
