"""Answers to a questionnaire: what may be given, which questions are shown, what a response looks like.

Answers are kept as link id -> list of plain values: a choice by the place of its option (0 is the first), yes and no
as true and false, numbers as numbers, days as `2026-03-04`, words as words. An empty list is no answer.

Example:
    >>> typed(form.items["a"], ["3"])        # of an integer question
    [3]
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deqi.science.days import is_day
from deqi.science.measures.questionnaire.fhirpath import ExpressionError, Work, evaluate
from deqi.science.measures.questionnaire.form import Condition, Form, Item

Answers = Mapping[str, Sequence[Any]]
INTEGER = re.compile(r"[-+]?\d{1,9}")
DECIMAL = re.compile(r"[-+]?\d{1,9}(?:[.,]\d{1,6})?")


class AnswerError(ValueError):
    """An answer that cannot be taken. `link_id` names the question; the message is for whoever answers."""

    def __init__(self, link_id: str, message: str):
        self.link_id, self.message = link_id, message
        super().__init__(f"{link_id}: {message}")


def typed(item: Item, given: Sequence[str]) -> list[Any]:
    """What was typed or tapped, as values. Raises AnswerError in words for whoever answers.

    A question left out gives an empty list; whether it is required is asked by `open_questions`.
    """
    words = [word.strip() for word in given if word.strip()]
    if not words:
        return []
    if item.type == "choice":
        return checked(item, [int(word) if word.isdecimal() and len(word) < 4 else -1 for word in words])
    if item.type == "boolean":
        return checked(item, [{"yes": True, "no": False}.get(word) for word in words])
    if item.type == "integer":
        if not INTEGER.fullmatch(words[0]):
            raise AnswerError(item.link_id, "Please write a whole number.")
        return checked(item, [int(words[0])])
    if item.type == "decimal":
        if not DECIMAL.fullmatch(words[0]):
            raise AnswerError(item.link_id, "Please write a number, such as 2.5.")
        return checked(item, [float(words[0].replace(",", "."))])
    return checked(item, words)


def checked(item: Item, values: Sequence[Any]) -> list[Any]:
    """The values, when the question takes them. Raises AnswerError."""
    if not item.asked:
        raise AnswerError(item.link_id, "This is not asked.")
    if len(values) > 1 and not item.repeats:
        raise AnswerError(item.link_id, "Please choose one answer.")
    if len(values) > len({repr(value) for value in values}):
        raise AnswerError(item.link_id, "An answer was given twice.")
    for value in values:
        message = _fault(item, value)
        if message:
            raise AnswerError(item.link_id, message)
    return list(values)


def _fault(item: Item, value: Any) -> str:
    """What is wrong with one value; "" when nothing is."""
    kind = item.type
    if kind == "boolean":
        return "" if isinstance(value, bool) else "Please choose yes or no."
    if kind == "choice":
        good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(item.options)
        return "" if good else "Please choose one of the answers."
    if kind in ("integer", "decimal"):
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not (whole or (kind == "decimal" and isinstance(value, float) and math.isfinite(value))):
            return "Please write a number."
        if abs(value) >= 1e9:
            return "That number is too large."
        if item.least is not None and value < item.least:
            return f"The least that can be given is {item.least:g}."
        if item.most is not None and value > item.most:
            return f"The most that can be given is {item.most:g}."
        return ""
    if not isinstance(value, str):
        return "Please write it in words."
    if kind == "date":
        good = is_day(value) and "1900" <= value[:4] <= "2199"
        return "" if good else "Please write a day, such as 2026-03-04."
    return f"At most {item.longest} characters." if len(value) > item.longest else ""


def check_answers(form: Form, answers: Answers) -> dict[str, list[Any]]:
    """Every answer checked. Raises AnswerError for an unknown question or a value that it does not take."""
    found = {}
    for link_id, values in answers.items():
        if link_id not in form.items:
            raise AnswerError(link_id, "There is no such question.")
        if not isinstance(values, list | tuple):
            raise AnswerError(link_id, "Answers stand in a list.")
        if values:
            found[link_id] = checked(form.items[link_id], values)
    return found


def shown(form: Form, answers: Answers) -> set[str]:
    """The items that are shown, given the answers so far.

    An item is shown when those above it are, and its conditions hold; an item under a question only once that is
    answered. The answer of a question that is not shown does not count. `!=` holds when no answer is equal, so also
    when there is none.
    """
    known: dict[str, bool] = {}
    work = Work()

    def visible(link_id: str) -> bool:
        if link_id in known:
            return known[link_id]
        known[link_id] = False  # the reading refused circles; this holds should an expression make one
        item = form.items[link_id]
        known[link_id] = _above(item) and _holds(item) and _by_expression(item)
        return known[link_id]

    def _above(item: Item) -> bool:
        if not item.parents:
            return True
        parent = form.items[item.parents[-1]]
        return visible(parent.link_id) and (parent.type == "group" or bool(answers.get(parent.link_id)))

    def _holds(item: Item) -> bool:
        if not item.conditions:
            return True
        held = [
            _met(form, one, answers.get(one.question, ()) if visible(one.question) else ())
            for one in item.conditions
        ]
        return any(held) if item.any_condition else all(held)

    def _by_expression(item: Item) -> bool:
        if item.enabled_by is None:
            return True
        before = {link_id for link_id, is_shown in known.items() if is_shown}
        try:
            there = response(form, answers, only=before)
            return evaluate(
                item.enabled_by, {"resource": there}, base={"linkId": item.link_id}, work=work
            ) == [True]
        except ExpressionError:
            return True  # better asked than left out

    return {link_id for link_id in form.items if visible(link_id)}


def _met(form: Form, condition: Condition, values: Sequence[Any]) -> bool:
    if condition.operator == "exists":
        return bool(values) is condition.answer
    if condition.operator == "!=":
        return not any(value == condition.answer for value in values)
    compare: Callable[[Any, Any], bool] = {
        "=": lambda a, b: a == b,
        ">": lambda a, b: a > b,
        "<": lambda a, b: a < b,
        ">=": lambda a, b: a >= b,
        "<=": lambda a, b: a <= b,
    }[condition.operator]
    return any(compare(value, condition.answer) for value in values)


def asked_now(form: Form, answers: Answers) -> list[Item]:
    """The questions to answer, in order, given the answers so far."""
    seen = shown(form, answers)
    return [item for item in form.questions if item.link_id in seen]


def open_questions(form: Form, answers: Answers) -> list[Item]:
    """Questions that must be answered and are not yet."""
    return [item for item in asked_now(form, answers) if item.required and not answers.get(item.link_id)]


def number_of(item: Item, value: Any) -> float | None:
    """An answer as a number: itself, the weight of a choice, 1 for yes and 0 for no; None when it has none."""
    if item.type == "choice":
        return item.options[int(value)].weight
    if item.type == "boolean":
        return float(value)
    return float(value) if item.type in ("integer", "decimal") else None


def words_of(item: Item, values: Sequence[Any]) -> str:
    """The answers to one question in words."""
    if item.type == "choice":
        return ", ".join(item.options[value].label for value in values)
    if item.type == "boolean":
        return "yes" if values and values[0] else "no" if values else ""
    unit = f" {item.unit}" if item.unit and values else ""
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values) + unit


def response(
    form: Form,
    answers: Answers,
    *,
    status: str = "completed",
    authored: str | None = None,
    worked_out: Mapping[str, Any] | None = None,
    only: set[str] | None = None,
) -> dict[str, Any]:
    """A FHIR R4 QuestionnaireResponse of the answers to questions that are shown, and what was worked out.

    `authored` is an ISO time with its zone. Weights of coded answers stand beside their codes.
    """
    seen = shown(form, answers) if only is None else only
    found: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": form.canonical,
        "status": status,
    }
    if authored:
        found["authored"] = authored
    items = _items(form, None, answers, worked_out or {}, seen)
    return {**found, "item": items} if items else found


def _items(
    form: Form, above: str | None, answers: Answers, worked_out: Mapping[str, Any], seen: set[str]
) -> list[dict[str, Any]]:
    found = []
    for item in form.children(above):
        if item.link_id not in seen or item.type == "display":
            continue
        node: dict[str, Any] = {"linkId": item.link_id, **({"text": item.text} if item.text else {})}
        inner = _items(form, item.link_id, answers, worked_out, seen)
        if item.type == "group":
            if inner:
                found.append({**node, "item": inner})
            continue
        values = [worked_out[item.link_id]] if item.link_id in worked_out else answers.get(item.link_id, ())
        if values:
            node["answer"] = [_fhir_value(item, value) for value in values]
            if inner:
                node["answer"][0]["item"] = inner
            found.append(node)
    return found


def _fhir_value(item: Item, value: Any) -> dict[str, Any]:
    if item.type == "choice":
        return dict(item.options[value].value)
    name = {"text": "String"}.get(item.type, item.type.capitalize())
    return {f"value{name}": value}
