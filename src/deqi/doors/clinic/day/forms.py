"""The booking form."""

from __future__ import annotations

from datetime import datetime

from django import forms

from deqi.doors.forms import DateInput, DeqiForm
from deqi.record.care.actions.appointments import MINUTES
from deqi.record.care.queries.booking import Offer
from deqi.record.practice.clock import local, zone_of


class BookForm(DeqiForm):
    """One visit: day, time, how long, who, where."""

    date = forms.DateField(label="Day", widget=DateInput())
    time = forms.TimeField(
        label="Time", widget=forms.TimeInput(attrs={"type": "time", "step": 300}, format="%H:%M")
    )
    minutes = forms.IntegerField(label="Minutes", min_value=MINUTES[0], max_value=MINUTES[1], initial=60)
    practitioner = forms.ChoiceField(label="Who needles")
    room = forms.ChoiceField(label="Room", required=False)
    note = forms.CharField(
        label="Note for the day",
        required=False,
        max_length=200,
        help_text="Everybody on the staff reads it: no diagnosis.",
    )
    deviation_reason = forms.CharField(
        label="Why on another day than chance decided",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Only then. It is kept and stands in the report of the design: no name.",
    )

    def __init__(self, *args, offer: Offer, **kwargs):
        super().__init__(*args, **kwargs)
        self.offer = offer
        if not offer.decided:
            del self.fields["deviation_reason"]
        self.fields["practitioner"].choices = [
            ("", "choose"),
            *((str(one.id), one.user.name) for one in offer.practitioners),
        ]
        self.fields["room"].choices = [("", "not yet"), *((str(one.id), one.name) for one in offer.rooms)]

    @property
    def starts_at(self) -> datetime:
        data = self.cleaned_data
        return datetime.combine(data["date"], data["time"], tzinfo=zone_of(self.offer.patient.home_site))

    def refuse(self, refusal) -> None:
        if refusal.field == "starts_at":
            refusal.field = "time"
        super().refuse(refusal)


def first_values(offer: Offer, at: str) -> dict:
    """What the form begins with: the time that was clicked (or the first proposal), and as last time otherwise."""
    try:
        chosen = local(offer.patient.home_site, datetime.fromisoformat(at))
    except ValueError:
        chosen = offer.proposals[0] if offer.proposals else None
    usual = offer.usual
    known = {str(one.id) for one in offer.practitioners}
    own = str(usual.practitioner_id) if usual else str(offer.course.practitioner_id) if offer.course else ""
    return {
        **({"date": chosen.date(), "time": chosen.time().replace(second=0, microsecond=0)} if chosen else {}),
        "minutes": usual.minutes if usual else 60,
        "practitioner": own if own in known else "",
        "room": str(usual.room_id) if usual and usual.room_id else "",
    }
