"""The form of a protocol."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms

from deqi.doors.forms import DeqiForm
from deqi.record.actor import Actor
from deqi.record.care.actions.protocols import NAME_LIMIT
from deqi.record.care.queries.protocols import protocol_sites
from deqi.science.case import CONDITIONS
from deqi.science.evidence.schema import CONDITIONS as CONDITION_WORDS

LINE = {"rows": 2, "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}


class ProtocolForm(DeqiForm):
    """A name, a treatment line, and whom it is for."""

    row = forms.UUIDField(widget=forms.HiddenInput())
    visit = forms.UUIDField(required=False, widget=forms.HiddenInput())
    name = forms.CharField(label="Name", max_length=NAME_LIMIT)
    line = forms.CharField(
        label="Line",
        widget=forms.Textarea(attrs=LINE),
        help_text="As on a visit: st36 lr3 b 25mm; li4 r; ea st36+sp6 2/100hz. A few points alone make a group.",
    )
    condition = forms.ChoiceField(label="Condition", required=False)
    site = forms.ModelChoiceField(label="Site", queryset=None, empty_label=None)
    shared = forms.BooleanField(label="Share it with everybody who treats at this site", required=False)
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any):
        kwargs.setdefault("initial", {})
        kwargs["initial"] = {"row": uuid4(), **kwargs["initial"]}
        super().__init__(*args, **kwargs)
        words = {key: str(CONDITION_WORDS.get(key, key)) for key in CONDITIONS}  # type: ignore[call-overload]
        self.fields["condition"].choices = [("", "any"), *words.items()]
        self.fields["site"].queryset = protocol_sites(actor)

    def values(self) -> dict[str, Any]:
        """What the action takes, besides the id."""
        data = self.cleaned_data
        return {
            "site_id": data["site"].id,
            **{name: data[name] for name in ("name", "line", "condition", "note", "shared")},
        }
