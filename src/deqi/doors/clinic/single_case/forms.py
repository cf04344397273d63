"""The form of an offer."""

from __future__ import annotations

from datetime import date

from django import forms

from deqi.doors.forms import DeqiForm
from deqi.record.care.queries.starts import PossibleStarts
from deqi.science.course.single_case import BASELINE_DAYS, FEWEST_STARTS
from deqi.science.measures import symptoms


class OfferForm(DeqiForm):
    """Which symptom is watched; for a start the possible days, for a taper the day."""

    symptom = forms.ChoiceField(
        label="The one symptom that is watched",
        choices=[(key, one.label) for key, one in symptoms().items()],
        help_text="Chosen now, never afterwards.",
    )
    taper_on = forms.DateField(
        label="Day of the taper", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    starts = forms.TypedMultipleChoiceField(
        label="Days on which the first session may fall",
        coerce=date.fromisoformat,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "%(value)s is not 14 to 35 days from today."},
    )

    def __init__(self, *args, design: str = "", possible: PossibleStarts | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        if design != "randomised-taper":
            del self.fields["taper_on"]
        if possible is None:
            del self.fields["starts"]
            return
        starts = self.fields["starts"]
        starts.choices = [(day.isoformat(), f"{day:%a %-d %b}") for _, day in possible.days]
        starts.widget.wide = True
        starts.initial = [day.isoformat() for day in possible.proposed]
        starts.help_text = f"{FEWEST_STARTS} to {len(BASELINE_DAYS)} days, 14 to 35 days from now, spread out. {possible.diary.words}"
