"""The form of an offer."""

from __future__ import annotations

from django import forms

from deqi.doors.forms import DeqiForm
from deqi.science.measures import symptoms


class OfferForm(DeqiForm):
    """Which symptom is watched, and for a taper the day."""

    symptom = forms.ChoiceField(
        label="The one symptom that is watched",
        choices=[(key, one.label) for key, one in symptoms().items()],
        help_text="Chosen now, never afterwards.",
    )
    taper_on = forms.DateField(
        label="Day of the taper", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args, design: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        if design != "randomised-taper":
            del self.fields["taper_on"]
