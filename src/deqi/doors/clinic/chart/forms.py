"""Forms of the chart: the examination, safety questions, red flags, the condition, medicines, allergies."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from deqi.doors.forms import DateInput, DeqiForm
from deqi.record.care.queries.case import Known
from deqi.record.care.queries.examinations import Examined
from deqi.record.patients.actions.history import CAUSES, FactAnswer
from deqi.record.patients.models import SafetyFact
from deqi.science.measures import examination_file, examination_items
from deqi.science.measures.items import SIDES, ExaminationItem
from deqi.science.safety import FactDefinition, fact_groups, facts, icd10_codes, is_asked, red_flags, workup

UNKNOWN = "unknown"


class ExaminationForm(DeqiForm):
    """One field for each item and side; what was not tested stays empty."""

    note = forms.CharField(
        label="Note", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for key, item in examination_items().items():
            for side in SIDES:
                self.fields[f"{key}_{side}"] = self._field(item, side)

    def _field(self, item: ExaminationItem, side: str) -> forms.Field:
        label = f"{item.label}, {side}"
        if item.choices:
            choices = [("", "not tested"), *((str(value), words) for value, words in item.choices.items())]
            return forms.TypedChoiceField(
                label=label, choices=choices, coerce=Decimal, required=False, empty_value=None
            )
        low, high = item.range
        widget = forms.NumberInput(
            attrs={"step": f"{item.step:g}", "min": f"{low:g}", "max": f"{high:g}", "inputmode": "decimal"}
        )
        return forms.DecimalField(
            label=label,
            required=False,
            min_value=Decimal(str(low)),
            max_value=Decimal(str(high)),
            max_digits=7,
            decimal_places=2,
            widget=widget,
        )

    def findings(self) -> dict[tuple[str, str], Decimal]:
        """What was entered: (item, side) -> value."""
        data = self.cleaned_data
        return {
            (key, side): data[f"{key}_{side}"]
            for key in examination_items()
            for side in SIDES
            if data.get(f"{key}_{side}") is not None
        }

    def groups(self, before: Examined | None) -> list[dict[str, Any]]:
        """Groups of rows for the page: item, its two fields, and what was found last time."""
        found = before.findings if before else {}
        return [
            {
                "key": group.key,
                "label": group.label,
                "how": next((i.how for i in examination_items().values() if i.group == group.key), ""),
                "rows": [
                    {
                        "item": item,
                        "left": self[f"{key}_left"],
                        "right": self[f"{key}_right"],
                        "left_before": said(item, found.get(f"{key}_left")),
                        "right_before": said(item, found.get(f"{key}_right")),
                    }
                    for key, item in examination_items().items()
                    if item.group == group.key
                ],
            }
            for group in sorted(examination_file().groups, key=lambda group: group.order)
        ]


def said(item: ExaminationItem, value: Decimal | None) -> str:
    """A finding in words, e.g. `2 felt of 3`, `absent even with reinforcement`."""
    if value is None:
        return ""
    if item.choices:
        return item.choices.get(int(value), f"{value:g}")
    return f"{float(value):g} {item.unit or ''}".strip()


class FlagsForm(DeqiForm):
    """Every red flag, yes or no; one left out was not asked."""

    def __init__(self, *args, known: Known, **kwargs):
        super().__init__(*args, **kwargs)
        self.known = known
        for flag in red_flags():
            self.fields[flag.id] = forms.ChoiceField(
                label=flag.question,
                choices=[("yes", "Yes"), ("no", "No")],
                required=False,
                widget=forms.RadioSelect,
            )
            self.fields[f"{flag.id}_note"] = forms.CharField(required=False, max_length=500, label="Note")

    def answers(self) -> dict[str, bool]:
        data = self.cleaned_data
        return {flag.id: data[flag.id] == "yes" for flag in red_flags() if data.get(flag.id)}

    def notes(self) -> dict[str, str]:
        return {flag.id: self.cleaned_data.get(f"{flag.id}_note", "") for flag in red_flags()}

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "flag": flag,
                "field": self[flag.id],
                "note": self[f"{flag.id}_note"],
                "held": self.known.flags.get(flag.id),
            }
            for flag in red_flags()
        ]


class FactsForm(DeqiForm):
    """The safety questions. Only what is changed or ticked as confirmed is written."""

    source = forms.ChoiceField(label="Known from", choices=SafetyFact.Source.choices)
    on = forms.DateField(label="As of", widget=DateInput())

    def __init__(self, *args, known: Known, on: date, **kwargs):
        super().__init__(*args, **kwargs)
        self.known, self.today = known, on
        self.fields["on"].initial = on
        self.held = known.in_date()
        self.definitions = [
            fact
            for key, fact in facts().items()
            if fact.group != "red_flags"
            and key not in ("age_years", "sex")
            and (is_asked(key, self.held) or key in known.facts)
        ]
        for fact in self.definitions:
            self.fields[fact.key] = _fact_field(fact)
            self.fields[fact.key].initial = self._shown(fact)
            self.fields[f"{fact.key}_confirm"] = forms.BooleanField(label="Confirm", required=False)

    def _shown(self, fact: FactDefinition) -> Any:
        row = self.known.facts.get(fact.key)
        if row is None:
            return None
        value = row["value"]
        if value is None:
            return UNKNOWN if fact.kind in ("yes_no", "choice") and not fact.multiple else None
        return ("yes" if value else "no") if fact.kind == "yes_no" else value

    def answers(self) -> list[FactAnswer]:
        """What is to be written: changed or confirmed questions."""
        found = []
        for fact in self.definitions:
            given, shown = self.cleaned_data.get(fact.key), self._shown(fact)
            empty = given in (None, "", [])
            if empty and shown in (None, ""):
                continue
            changed = given != _as_typed(fact, shown)
            if changed or self.cleaned_data.get(f"{fact.key}_confirm"):
                value = None if empty or given == UNKNOWN else _value(fact, given)
                found.append(
                    FactAnswer(fact.key, value, self.cleaned_data["source"], self.cleaned_data["on"])
                )
        return found

    def groups(self) -> list[dict[str, Any]]:
        """Groups of questions with what is held, who said it, when, and whether it still holds."""
        groups = []
        for group in fact_groups():
            rows = [
                {
                    "fact": fact,
                    "field": self[fact.key],
                    "confirm": self[f"{fact.key}_confirm"],
                    "held": self.known.facts.get(fact.key),
                    "old": fact.key in self.known.facts and fact.key not in self.held,
                    "open": fact.core and fact.key not in self.held,
                }
                for fact in self.definitions
                if fact.group == group.key
            ]
            if rows:
                to_ask = sum(row["open"] for row in rows)
                groups.append({"group": group, "rows": rows, "to_ask": to_ask})
        return groups


def _fact_field(fact: FactDefinition) -> forms.Field:
    if fact.kind == "yes_no":
        choices = [("", "not asked"), ("yes", "yes"), ("no", "no"), (UNKNOWN, "asked, not known")]
        return forms.ChoiceField(label=fact.label, choices=choices, required=False)
    if fact.kind == "choice" and fact.multiple:
        choices = [(choice.value, choice.label) for choice in fact.choices]
        return forms.MultipleChoiceField(
            label=fact.label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple
        )
    if fact.kind == "choice":
        choices = [
            ("", "not asked"),
            *((c.value, c.label) for c in fact.choices),
            (UNKNOWN, "asked, not known"),
        ]
        return forms.ChoiceField(label=fact.label, choices=choices, required=False)
    if fact.kind == "number" and fact.range:
        low, high = fact.range
        return forms.FloatField(
            label=f"{fact.label} ({fact.unit})",
            required=False,
            min_value=low,
            max_value=high,
            widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        )
    if fact.kind == "date":
        return forms.DateField(label=fact.label, required=False, widget=DateInput())
    return forms.CharField(label=fact.label, required=False, max_length=300)


def _value(fact: FactDefinition, given: Any) -> Any:
    return given == "yes" if fact.kind == "yes_no" else given


def _as_typed(fact: FactDefinition, shown: Any) -> Any:
    """What the form would give back for what is shown, so that only a change is written."""
    if fact.kind == "date" and isinstance(shown, str):
        return date.fromisoformat(shown)
    if fact.kind == "number" and shown is not None:
        return float(shown)
    return [] if fact.multiple and shown is None else "" if shown is None and fact.kind != "number" else shown


class ConditionForm(DeqiForm):
    """The neuropathy: cause, code, onset, who diagnosed it, and the ordinary work-up."""

    condition = forms.ChoiceField(label="Cause")
    icd10 = forms.ChoiceField(
        label="ICD-10 code", required=False, help_text="Choose one that belongs to the cause."
    )
    label = forms.CharField(
        label="In words", max_length=160, required=False, help_text="As you would write it in a letter."
    )
    onset = forms.DateField(label="Began", required=False, widget=DateInput(), help_text="Roughly is enough.")
    onset_precision = forms.ChoiceField(
        label="Known to the", choices=[("month", "month"), ("year", "year"), ("day", "day")]
    )
    diagnosed_by = forms.CharField(
        label="Diagnosed by", max_length=120, required=False, help_text="Who, or “not yet diagnosed”."
    )
    note = forms.CharField(
        label="Note", required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["condition"].choices = [("", "choose"), *CAUSES.items()]
        grouped = [
            (label, [(row.code, f"{row.code} {row.name}") for row in icd10_codes() if row.case == key])
            for key, label in CAUSES.items()
        ]
        other = [(row.code, f"{row.code} {row.name}") for row in icd10_codes() if row.case not in CAUSES]
        grouped = [group for group in [*grouped, ("Other", other)] if group[1]]
        self.fields["icd10"].choices = [("", "not coded"), *grouped]
        for test in workup().tests:
            self.fields[f"test_{test.key}"] = forms.ChoiceField(
                label=test.test[:1].upper() + test.test[1:],
                choices=[
                    ("", "not asked"),
                    ("known", "known"),
                    ("missing", "missing"),
                    ("not_needed", "not needed"),
                ],
                required=False,
            )
            self.fields[f"result_{test.key}"] = forms.CharField(
                label="Result",
                required=False,
                max_length=160,
                widget=forms.TextInput(attrs={"placeholder": "result and date"}),
            )

    def given(self) -> dict[str, Any]:
        """The fields of the condition, the work-up as item -> {state, result}."""
        data = self.cleaned_data
        named = ("condition", "icd10", "label", "onset", "onset_precision", "diagnosed_by", "note")
        tests = {
            test.key: {"state": data[f"test_{test.key}"], "result": data[f"result_{test.key}"]}
            for test in workup().tests
            if data.get(f"test_{test.key}") or data.get(f"result_{test.key}")
        }
        return {**{name: data[name] for name in named}, "work_up": tests}

    def main(self) -> list[Any]:
        return [field for field in self if not field.name.startswith(("test_", "result_"))]

    def tests(self) -> list[dict[str, Any]]:
        return [
            {"test": test, "state": self[f"test_{test.key}"], "result": self[f"result_{test.key}"]}
            for test in workup().tests
        ]


def condition_initial(row: Any) -> dict[str, Any]:
    """What the form shows of a condition as it stands."""
    if row is None:
        return {}
    tests = {}
    for key, held in (row["work_up"] or {}).items():
        state, result = (held.get("state"), held.get("result")) if isinstance(held, dict) else ("known", held)
        tests |= {f"test_{key}": state, f"result_{key}": result}
    return {**row, **tests}


class MedicineForm(DeqiForm):
    """A medicine as the person takes it."""

    name = forms.CharField(label="Medicine", max_length=120)
    dose_text = forms.CharField(label="Dose", max_length=120, required=False)
    reason = forms.CharField(label="For", max_length=120, required=False)
    started_on = forms.DateField(label="Since", required=False, widget=DateInput())
    source = forms.ChoiceField(
        label="Known from", choices=[("patient", "patient"), ("record", "record"), ("letter", "letter")]
    )


class DoseForm(DeqiForm):
    """What somebody else changed about a medicine."""

    dose_text = forms.CharField(
        label="New dose", max_length=120, required=False, help_text="Empty: it was stopped."
    )
    on = forms.DateField(label="Since", widget=DateInput())


class AllergyForm(DeqiForm):
    """What the person reacts to."""

    substance = forms.CharField(label="Reacts to", max_length=120)
    reaction = forms.CharField(label="How", max_length=160, required=False)
