"""Forms about questionnaires: a file, a permission, giving one to a person, asking it by link."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms

from deqi.doors.forms import DateInput, DeqiForm
from deqi.record.questionnaires.models import Assignment, CourseQuestionnaire
from deqi.science.measures import scorers


class ImportForm(DeqiForm):
    """A FHIR Questionnaire, and the scorer of Deqi's that is to score it."""

    file = forms.FileField(
        label="Questionnaire",
        help_text="An HL7 FHIR R4 Questionnaire as JSON, at most 1 MB. It stays in this clinic's database.",
        widget=forms.FileInput(attrs={"accept": ".json,application/json,application/fhir+json"}),
    )
    scorer = forms.ChoiceField(
        label="Scored by",
        required=False,
        help_text="The file's own expressions always count. A scorer of Deqi's adds ranges and what they mean.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["scorer"].choices = [
            ("", "the file's own expressions"),
            *((key, one.label) for key, one in scorers().items()),
        ]


class PermissionForm(DeqiForm):
    """Who allows the use of an instrument."""

    row = forms.UUIDField(widget=forms.HiddenInput())
    who = forms.CharField(
        label="Who allows it", max_length=200, help_text="The owner, or whoever acts for them."
    )
    statement = forms.CharField(
        label="What they allow",
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Their words, the number of the licence, where the letter is kept.",
    )
    until = forms.DateField(
        label="Until", required=False, widget=DateInput(), help_text="The last day. Empty: without an end."
    )

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs.setdefault("initial", {"row": uuid4()})
        super().__init__(*args, **kwargs)


class GiveForm(DeqiForm):
    """Which questionnaire, answered where, by when."""

    row = forms.UUIDField(widget=forms.HiddenInput())
    instrument = forms.TypedChoiceField(label="Questionnaire")
    where = forms.ChoiceField(label="Answered", choices=Assignment.Where.choices, widget=forms.RadioSelect())
    due_on = forms.DateField(label="By", required=False, widget=DateInput())

    def __init__(self, usable: list[Any], today: date, *args: Any, **kwargs: Any):
        kwargs.setdefault("initial", {"row": uuid4(), "where": Assignment.Where.HOME})
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["instrument"].choices = [(str(one.id), f"{one.title} ({one.version})") for one in usable]

    def clean_due_on(self) -> Any:
        day = self.cleaned_data["due_on"]
        if day is not None and day < self.today:
            raise forms.ValidationError("That day is past.")
        return day


class ChooseForm(DeqiForm):
    """Which questionnaire the links of the course ask, and when."""

    row = forms.UUIDField(widget=forms.HiddenInput())
    instrument = forms.TypedChoiceField(label="Questionnaire")
    windows = forms.MultipleChoiceField(
        label="Asked",
        choices=CourseQuestionnaire.Window.choices,
        widget=forms.CheckboxSelectMultiple(),
        help_text="Once each time, with the ratings of that day.",
    )
    read = forms.BooleanField(
        label="Its questions may be read by whoever opens the message",
        help_text="The link needs no password. Names and answers are not shown; the words of the questions are.",
        error_messages={"required": "Read its questions first, then say that they may be seen."},
    )

    def __init__(self, usable: list[Any], *args: Any, **kwargs: Any):
        kwargs.setdefault("initial", {"row": uuid4()})
        super().__init__(*args, prefix="link", **kwargs)
        self.fields["instrument"].choices = [(str(one.id), f"{one.title} ({one.version})") for one in usable]
