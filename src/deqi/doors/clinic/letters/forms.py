"""The form of a letter: what is asked first, then points, one a line."""

from __future__ import annotations

from typing import Any

from django import forms

from deqi.doors.forms import DeqiForm
from deqi.doors.letters.content import PARTS, URGENCY


class LetterForm(DeqiForm):
    """Everything that may be changed in a draft."""

    to = forms.ChoiceField(label="To")
    urgency = forms.ChoiceField(label="How urgent", choices=list(URGENCY.items()))
    asked_first = forms.CharField(
        label="What is asked of the reader",
        help_text="Stands first. If nothing is asked, say so.",
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args, providers: list[dict[str, Any]], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [
            (str(row["id"]), f"{row['name']}{', ' + row['organisation'] if row['organisation'] else ''}")
            for row in providers
        ]
        for key, label in PARTS.items():
            self.fields[key] = forms.CharField(
                label=label,
                required=False,
                max_length=2500,
                help_text="One point a line." if key == "reason" else "",
                widget=forms.Textarea(attrs={"rows": 3}),
            )

    def given(self) -> dict[str, Any]:
        data = self.cleaned_data
        body = {key: [line.strip() for line in data[key].splitlines() if line.strip()] for key in PARTS}
        return {
            "to": data["to"],
            "urgency": data["urgency"],
            "asked_first": data["asked_first"],
            "body": body,
        }
