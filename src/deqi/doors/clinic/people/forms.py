"""Forms of the front desk: a person, another clinician, somebody to call, sharing."""

from __future__ import annotations

from typing import Any

from django import forms

from deqi.doors.forms import DateInput, DeqiForm
from deqi.record.patients.models import CareProvider, Patient
from deqi.record.practice.models import Site


def _phone(**kwargs: Any) -> forms.RegexField:
    return forms.RegexField(
        r"^[+()0-9 ./-]{5,}$",
        max_length=40,
        error_messages={"invalid": "A phone number has digits, spaces, + and brackets."},
        widget=forms.TextInput(attrs={"type": "tel"}),
        **kwargs,
    )


class DetailsForm(DeqiForm):
    """Who the person is and how to reach them."""

    given_name = forms.CharField(label="Given name", max_length=80)
    family_name = forms.CharField(label="Family name", max_length=80)
    birth_date = forms.DateField(label="Birth date", widget=DateInput())
    sex = forms.ChoiceField(
        label="Sex recorded at birth", choices=Patient.Sex.choices, initial=Patient.Sex.UNKNOWN
    )
    phone = _phone(label="Phone", required=False)
    email = forms.EmailField(
        label="E-mail", required=False, help_text="The invitation to sign in goes here when it is given."
    )
    address = forms.CharField(label="Address", required=False, widget=forms.Textarea(attrs={"rows": 2}))


class RegisterForm(DetailsForm):
    """A new person, the doctor who looks after them, another clinician and somebody to call."""

    site = forms.ModelChoiceField(label="Site", queryset=Site.objects.none(), empty_label=None)
    pcp_name = forms.CharField(label="Doctor's name", max_length=120, required=False)
    pcp_organisation = forms.CharField(label="Practice or hospital", max_length=120, required=False)
    pcp_phone = _phone(label="Phone", required=False)
    pcp_email = forms.EmailField(label="E-mail", required=False)
    other_kind = forms.ChoiceField(
        label="Who",
        required=False,
        choices=[("", "nobody else"), *[c for c in CareProvider.Kind.choices if c[0] != "pcp"]],
    )
    other_name = forms.CharField(label="Name", max_length=120, required=False)
    other_organisation = forms.CharField(label="Practice or hospital", max_length=120, required=False)
    other_email = forms.EmailField(label="E-mail", required=False)
    contact_name = forms.CharField(label="Name", max_length=120, required=False)
    contact_relation = forms.CharField(label="Relation", max_length=60, required=False)
    contact_phone = _phone(label="Phone", required=False)
    not_a_duplicate = forms.BooleanField(
        label="This is another person: register them too", required=False, widget=forms.HiddenInput()
    )

    PERSON = ("given_name", "family_name", "birth_date", "sex", "site", "phone", "email", "address")
    DOCTOR = ("pcp_name", "pcp_organisation", "pcp_phone", "pcp_email")
    OTHER = ("other_kind", "other_name", "other_organisation", "other_email")
    CONTACT = ("contact_name", "contact_relation", "contact_phone")

    def __init__(self, *args: Any, sites: list[Site], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.filter(id__in=[site.id for site in sites])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self._named("pcp_name", ("pcp_organisation", "pcp_phone", "pcp_email"), "Name the doctor.")
        self._named("other_name", ("other_kind", "other_organisation", "other_email"), "Name this clinician.")
        self._named("contact_name", ("contact_relation", "contact_phone"), "Say who this is.")
        if data.get("other_name") and not data.get("other_kind"):
            self.add_error("other_kind", "Choose what kind of clinician this is.")
        if (
            data.get("contact_name")
            and not data.get("contact_phone")
            and not self.errors.get("contact_phone")
        ):
            self.add_error("contact_phone", "A number to call is needed.")
        return data

    def _named(self, name: str, rest: tuple[str, ...], message: str) -> None:
        if any(self.cleaned_data.get(field) for field in rest) and not self.cleaned_data.get(name):
            self.add_error(name, message)

    def group(self, names: tuple[str, ...]) -> list[forms.BoundField]:
        return [self[name] for name in names]

    @property
    def person(self) -> list[forms.BoundField]:
        return self.group(self.PERSON)

    @property
    def doctor(self) -> list[forms.BoundField]:
        return self.group(self.DOCTOR)

    @property
    def other(self) -> list[forms.BoundField]:
        return self.group(self.OTHER)

    @property
    def contact(self) -> list[forms.BoundField]:
        return self.group(self.CONTACT)

    def providers(self) -> tuple[dict[str, str], ...]:
        """The clinicians given, as rows of a care provider."""
        data, rows = self.cleaned_data, []
        if data["pcp_name"]:
            rows.append({"kind": "pcp", **self._of("pcp", ("name", "organisation", "phone", "email"))})
        if data["other_name"]:
            rows.append({"kind": data["other_kind"], **self._of("other", ("name", "organisation", "email"))})
        return tuple(rows)

    def contacts(self) -> tuple[dict[str, str], ...]:
        if not self.cleaned_data["contact_name"]:
            return ()
        return (self._of("contact", ("name", "relation", "phone")),)

    def _of(self, prefix: str, names: tuple[str, ...]) -> dict[str, str]:
        return {name: self.cleaned_data[f"{prefix}_{name}"] for name in names}


class ProviderForm(DeqiForm):
    """Another clinician of the person."""

    row = forms.UUIDField(widget=forms.HiddenInput())
    kind = forms.ChoiceField(label="Who", choices=CareProvider.Kind.choices)
    name = forms.CharField(label="Name", max_length=120)
    organisation = forms.CharField(label="Practice or hospital", max_length=120, required=False)
    phone = _phone(label="Phone", required=False)
    email = forms.EmailField(label="E-mail", required=False)


class ContactForm(DeqiForm):
    """Somebody to call."""

    row = forms.UUIDField(widget=forms.HiddenInput())
    name = forms.CharField(label="Name", max_length=120)
    relation = forms.CharField(label="Relation", max_length=60, required=False)
    phone = _phone(label="Phone")
    emergency = forms.BooleanField(label="Call in an emergency", required=False, initial=True)


class ShareForm(DeqiForm):
    """Which other site may see the person, and why."""

    site = forms.ModelChoiceField(label="Site", queryset=Site.objects.none())
    reason = forms.CharField(label="Why", max_length=200)

    def __init__(self, *args: Any, sites: list[Site], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["site"].queryset = Site.objects.filter(id__in=[site.id for site in sites])
