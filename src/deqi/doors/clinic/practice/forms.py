"""Forms of the practice pages: labels, hints, limits. What the actions refuse is shown beside its field."""

from __future__ import annotations

from uuid import UUID, uuid4
from zoneinfo import available_timezones

from django import forms

from deqi.doors.forms import DateInput, DeqiForm
from deqi.record.audit.words import ROLES
from deqi.record.care.actions.incidents import KINDS
from deqi.record.permissions import STAFF_ROLES
from deqi.record.practice.models import Licence

EVERY_SITE = "every"
ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix"))
)


class TimeInput(forms.TimeInput):
    """A native field for a time of day."""

    input_type = "time"

    def __init__(self, **kwargs):
        super().__init__(format="%H:%M", **kwargs)


class RowForm(DeqiForm):
    """A form that makes a row: it carries the row's id, so that sending it twice makes one."""

    row = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)


class OrganizationForm(DeqiForm):
    name = forms.CharField(label="Name of the clinic", max_length=120)
    emergency_number = forms.CharField(
        label="Emergency number",
        max_length=20,
        help_text="Patients’ pages tell them to call it: 112, 999, 911 …",
    )
    messages_from = forms.TimeField(
        label="Messages to patients from",
        required=False,
        widget=TimeInput,
        help_text="By the clock of their site. Earlier than this nobody gets one.",
    )
    messages_until = forms.TimeField(label="Messages to patients until", required=False, widget=TimeInput)


class SiteForm(DeqiForm):
    name = forms.CharField(label="Name", max_length=120)
    jurisdiction = forms.CharField(
        label="Where licences come from",
        max_length=6,
        help_text="Two letters of the country (GB, DE), or with its part (US-CA). A licence must be for this place.",
    )
    time_zone = forms.CharField(
        label="Time zone", max_length=40, initial="Europe/London", help_text="For example Europe/London."
    )
    phone = forms.CharField(label="Phone", max_length=40, required=False)
    address = forms.CharField(
        label="Address", required=False, max_length=500, widget=forms.Textarea({"rows": 3})
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].widget.attrs["list"] = "time-zones"

    def clean_jurisdiction(self) -> str:
        return self.cleaned_data["jurisdiction"].upper()


class NewSiteForm(SiteForm, RowForm):
    pass


class EditSiteForm(SiteForm):
    active = forms.BooleanField(
        label="Open", required=False, help_text="A closed site takes no appointments."
    )


class NewRoomForm(RowForm):
    name = forms.CharField(label="Name of the room", max_length=60)


class RoomForm(DeqiForm):
    name = forms.CharField(label="Name", max_length=60)
    active = forms.BooleanField(label="In use", required=False)


class LotForm(RowForm):
    maker = forms.CharField(label="Maker", max_length=80)
    lot = forms.CharField(label="Lot number", max_length=40, help_text="As printed on the box.")
    gauge_mm = forms.DecimalField(
        label="Thickness (mm)", min_value=0.1, max_value=0.6, max_digits=4, decimal_places=2, initial="0.25"
    )
    length_mm = forms.IntegerField(label="Length (mm)", min_value=5, max_value=125, initial=30)
    expires = forms.DateField(label="Use by", widget=DateInput())


class StockForm(LotForm):
    site = forms.ChoiceField(label="Where")
    field_order = ("site", "maker", "lot", "gauge_mm", "length_mm", "expires", "row")

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].choices = [(str(site.id), site.name) for site in sites]


class RoleForm(DeqiForm):
    """`sites` are those at which the acting person may give roles; `every` adds "every site"."""

    role = forms.ChoiceField(
        label="Role", choices=[(r, ROLES[r]) for r in ROLES if r in {s.value for s in STAFF_ROLES}]
    )
    site = forms.ChoiceField(label="Where")
    title = forms.CharField(
        label="Title",
        max_length=80,
        required=False,
        help_text="For those who needle: how they sign, e.g. LAc.",
    )

    def __init__(self, *args, sites, every: bool, **kwargs):
        super().__init__(*args, **kwargs)
        choices = [(str(site.id), site.name) for site in sites if site.active]
        self.fields["site"].choices = choices + ([(EVERY_SITE, "Every site")] if every else [])

    @property
    def site_id(self):
        value = self.cleaned_data["site"]
        return None if value == EVERY_SITE else UUID(value)


class NewMemberForm(RoleForm, RowForm):
    name = forms.CharField(label="Name", max_length=120, help_text="As it stands under what they write.")
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        help_text="They sign in with a code sent there, then set up a second factor.",
    )
    field_order = ("name", "email", "role", "site", "title", "row")


class LicenceForm(DeqiForm):
    jurisdiction = forms.CharField(label="For where", max_length=6, help_text="GB, DE, US-CA …")
    authority = forms.CharField(label="Given by", max_length=120, help_text="The board, council or register.")
    number = forms.CharField(label="Number", max_length=60)
    status = forms.ChoiceField(label="Status", choices=Licence.Status.choices)
    issued = forms.DateField(label="First day", widget=DateInput())
    expires = forms.DateField(label="Last day", widget=DateInput())

    def clean_jurisdiction(self) -> str:
        return self.cleaned_data["jurisdiction"].upper()


class NewLicenceForm(LicenceForm, RowForm):
    pass


class CheckForm(DeqiForm):
    on = forms.DateField(label="Looked up on", widget=DateInput())
    source = forms.CharField(
        label="In which register",
        max_length=200,
        help_text="Its address or name. Look in the register itself, not at a copy of the licence.",
    )


class IncidentForm(RowForm):
    site = forms.ChoiceField(label="Where")
    kind = forms.ChoiceField(label="What happened", choices=list(KINDS.items()))
    description = forms.CharField(
        label="In a few sentences",
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        help_text="What happened and what was done at once. No blame: this is how the next one is avoided.",
    )

    def __init__(self, *args, sites, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["site"].choices = [(str(site.id), site.name) for site in sites]


class LessonForm(DeqiForm):
    lesson = forms.CharField(
        label="What was learned, and what changes",
        max_length=4000,
        widget=forms.Textarea({"rows": 3}),
    )


class AuditForm(DeqiForm):
    """What to show of the log. Names of fields are the names in the address."""

    since = forms.DateField(label="From", required=False, widget=DateInput())
    until = forms.DateField(label="Until", required=False, widget=DateInput(), help_text="That day included.")
    user = forms.ChoiceField(label="By", required=False)
    verb = forms.ChoiceField(label="What", required=False)

    def __init__(self, *args, staff, verbs, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["user"].choices = [("", "anybody"), *((str(one.id), one.name) for one in staff)]
        self.fields["verb"].choices = [("", "anything"), *verbs]

    def clean(self):
        data = super().clean()
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", "The last day comes before the first.")
        return data
