"""From what a page of the intake posts to the answer the record keeps, and from an answer to words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deqi.record.care.intake.answers import Answer
from deqi.record.care.intake.steps import Step
from deqi.science.points.drawing import region
from deqi.science.safety import facts

SURE = {"yes": True, "no": False, "unsure": None}


def answer_of(step: Step, post: QueryDict, before: Mapping[str, Any]) -> Answer:
    """The answer in a post. Whether it is possible is for the record to say."""
    if step.kind == "many":
        return {"chosen": post.getlist("chosen"), "other": post.get("other", "")}
    if step.kind == "since":
        return {"year": _whole(post.get("year")), "month": _whole(post.get("month"))}
    if step.kind == "map":
        return {"marks": marks_of(post, before)}
    if step.kind == "text":
        return {"text": post.get("text", "").replace("\r\n", "\n")}
    if step.kind in ("medicines", "allergies"):
        firsts, seconds = post.getlist("first"), post.getlist("second")
        return {"rows": [list(row) for row in zip(firsts, seconds, strict=False)]}
    if step.kind == "consent":
        names = ("decision", "name", "version")
        return {name: post.get(name, "") for name in names}
    return {"value": _value(step, post)}


def _value(step: Step, post: QueryDict) -> Any:
    """One value: a number, a day, yes or no, a choice; None for "not sure"."""
    if post.get("answer") == "unsure":
        return None
    if step.kind in ("yes_no", "flag"):
        return SURE.get(post.get("answer", ""), "")
    if step.kind == "scale":
        return _whole(post.get("answer"))
    if step.kind == "choice" and facts()[step.about].multiple:
        return post.getlist("value")
    if step.kind == "number":
        return _number(post.get("value", ""))
    return post.get("value", "")


def marks_of(post: QueryDict, before: Mapping[str, Any]) -> dict[str, int]:
    """Marks of the map: "right_heel:6" from the drawing; from the list "right_heel" alone, as strong as chosen."""
    earlier = before.get("marks", {})
    level = _whole(post.get("level")) or 5
    marks = {}
    for word in post.getlist("region"):
        name, _colon, strong = word.partition(":")
        marks[name] = _whole(strong) if strong else earlier.get(name, level)
    return marks


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 6 else None


def _number(text: str) -> float | int | str:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def words_of(step: Step, answer: Answer | None) -> str:
    """An answer as the summary shows it; "" when there is none."""
    if answer is None:
        return ""
    return WORDS[step.kind](step, answer)


def _many_words(step: Step, answer: Answer) -> str:
    chosen = [str(step.choices[key]) for key in answer["chosen"] if key in step.choices]
    chosen += [line for line in answer.get("other", "").splitlines() if line.strip()]
    return ", ".join(chosen) or _("None of these")


def _since_words(step: Step, answer: Answer) -> str:
    if not answer:
        return _("Not said")
    month = MONTHS.get(answer["month"]) if answer["month"] else None
    return f"{month} {answer['year']}" if month else str(answer["year"])


def _map_words(step: Step, answer: Answer) -> str:
    marks = answer["marks"]
    if not marks:
        return _("Nowhere marked")
    shown = ", ".join(region(name).name for name in list(marks)[:3])
    rest = len(marks) - 3
    return shown + (
        ""
        if rest <= 0
        else " " + ngettext("and %(n)s place more", "and %(n)s places more", rest) % {"n": rest}
    )


def _row_words(step: Step, answer: Answer) -> str:
    return ", ".join(" ".join(part for part in row if part) for row in answer["rows"]) or _("None")


def _fact_words(step: Step, answer: Answer) -> str:
    value = answer["value"]
    if value is None:
        return _("Not sure")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if step.kind == "choice":
        values = value if isinstance(value, list) else [value]
        return ", ".join(str(step.choices[one]) for one in values) or _("None of these")
    unit = facts()[step.about].unit if step.about in facts() else None
    return f"{value} {unit}" if unit and unit not in ("ratio", "grade") else str(value)


def _consent_words(step: Step, answer: Answer) -> str:
    if answer["decision"] == "given":
        return _("Agreed, signed %(name)s") % {"name": answer["name"]}
    return _("Not agreed")


WORDS = {
    "read": lambda step, answer: _("Read"),
    "many": _many_words,
    "scale": lambda step, answer: _("%(n)s of 10") % {"n": answer["value"]},
    "since": _since_words,
    "map": _map_words,
    "text": lambda step, answer: answer["text"] or _("Nothing to add"),
    "medicines": _row_words,
    "allergies": _row_words,
    "yes_no": _fact_words,
    "flag": _fact_words,
    "number": _fact_words,
    "date": _fact_words,
    "choice": _fact_words,
    "consent": _consent_words,
}
