"""Forms as our pages draw them, and the bridge from a refusal of the record to the field at fault."""

from __future__ import annotations

from django import forms
from django.forms.renderers import TemplatesSetting

from deqi.record.errors import Refusal


class Renderer(TemplatesSetting):
    """Draws each field with label, hint, error and control, in `deqi/field.html`."""

    form_template_name = "deqi/form.html"
    field_template_name = "deqi/field.html"


class DeqiForm(forms.Form):
    """A form that can show what an action refused. Labels end without a colon."""

    template_name = "deqi/form.html"

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def refuse(self, refusal: Refusal) -> None:
        """Puts the refusal beside the field it names, or at the top of the form."""
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.message)


class DateInput(forms.DateInput):
    """A native date field; its value is always ISO."""

    input_type = "date"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%d", **kwargs)
