"""What an answer to each kind of page may be. An answer is a small JSON object, kept as it was given.

    many       {"chosen": ["burning"], "other": "..."}      scale   {"value": 6}
    since      {"year": 2023, "month": 5} or {}             map     {"marks": {"right_heel": 6}}
    text       {"text": "..."}                              yes_no, flag, number, date, choice  {"value": ...}
    medicines  {"rows": [["Gabapentin", "300 mg"]]}         allergies  {"rows": [["Nickel", "rash"]]}
    consent    {"decision": "given", "name": "Eve Elm", "version": "1"}

A value of None is "not sure": asked, and not known.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from deqi.record.care.intake.steps import TEXT_LIMIT, Step
from deqi.record.errors import Refusal
from deqi.science.points.drawing import region_ids
from deqi.science.safety import checked, facts

ROWS = 30
Answer = dict[str, Any]


def check(step: Step, given: Answer, today: date) -> Answer:
    """`given` as it is kept. Raises Refusal with the field at fault for a value that cannot be."""
    return CHECKS[step.kind](step, given, today)


def _read(step: Step, given: Answer, today: date) -> Answer:
    return {"read": True}


def _many(step: Step, given: Answer, today: date) -> Answer:
    chosen = [key for key in step.choices if key in given.get("chosen", ())]
    other = _short(given.get("other", ""), "other", 1000)
    return {"chosen": chosen, **({"other": other} if other else {})}


def _scale(step: Step, given: Answer, today: date) -> Answer:
    value = given.get("value")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 10:
        raise Refusal(_("Choose a number from 0 to 10."), field="value")
    return {"value": value}


def _since(step: Step, given: Answer, today: date) -> Answer:
    year, month = given.get("year"), given.get("month")
    if year is None:
        return {}
    if not today.year - 100 <= year <= today.year:
        raise Refusal(_("Give a year up to %(year)s.") % {"year": today.year}, field="year")
    if month is not None and not 1 <= month <= 12:
        raise Refusal(_("Choose a month."), field="month")
    if (year, month or 1) > (today.year, today.month):
        raise Refusal(_("That lies in the future."), field="month")
    return {"year": year, "month": month}


def _map(step: Step, given: Answer, today: date) -> Answer:
    marks = given.get("marks", {})
    for region, level in marks.items():
        if region not in region_ids():
            raise Refusal(_("That is not a place on the drawing."), field="region")
        if not isinstance(level, int) or not 1 <= level <= 10:
            raise Refusal(_("How strong it is there goes from 1 to 10."), field="level")
    return {"marks": {region: marks[region] for region in region_ids() if region in marks}}


def _text(step: Step, given: Answer, today: date) -> Answer:
    return {"text": _short(given.get("text", ""), "text", TEXT_LIMIT)}


def _rows(step: Step, given: Answer, today: date) -> Answer:
    rows = []
    for number, row in enumerate(given.get("rows", ())):
        first = _short(row[0], f"first_{number}", 120)
        second = _short(row[1], f"second_{number}", 120)
        if second and not first:
            raise Refusal(_("Give its name too."), field=f"first_{number}")
        if first and first.casefold() not in {known[0].casefold() for known in rows}:
            rows.append([first, second])
    if len(rows) > ROWS:
        raise Refusal(_("That is more than we can keep here; bring the list with you."), field="")
    return {"rows": rows}


def _fact(step: Step, given: Answer, today: date) -> Answer:
    value = given.get("value")
    if value is None:
        return {"value": None}
    try:
        kept = checked(step.about, value)
    except ValueError as error:
        fact = facts()[step.about]
        words = _("This must be %(allowed)s.") % {"allowed": fact.allowed}
        raise Refusal(words, field="value") from error
    if isinstance(kept, date):
        if kept > today:
            raise Refusal(_("That day lies in the future."), field="value")
        kept = kept.isoformat()
    return {"value": list(kept) if isinstance(kept, tuple) else kept}


def _flag(step: Step, given: Answer, today: date) -> Answer:
    if given.get("value") not in (True, False, None):
        raise Refusal(_("Answer yes, no or not sure."), field="value")
    return {"value": given.get("value")}


def _consent(step: Step, given: Answer, today: date) -> Answer:
    if given.get("decision") not in ("given", "refused"):
        raise Refusal(_("Choose whether you agree."), field="decision")
    name = _short(given.get("name", ""), "name", 120)
    if not name:
        raise Refusal(_("Type your name to sign."), field="name")
    return {"decision": given["decision"], "name": name, "version": str(given.get("version", ""))}


def _short(text: Any, name: str, limit: int) -> str:
    words = str(text).strip()
    if len(words) > limit:
        over = _("Please keep this to %(limit)s characters; it has %(has)s.")
        raise Refusal(over % {"limit": limit, "has": len(words)}, field=name)
    return words


CHECKS = {
    "read": _read,
    "many": _many,
    "scale": _scale,
    "since": _since,
    "map": _map,
    "text": _text,
    "medicines": _rows,
    "allergies": _rows,
    "yes_no": _fact,
    "number": _fact,
    "date": _fact,
    "choice": _fact,
    "flag": _flag,
    "consent": _consent,
}
