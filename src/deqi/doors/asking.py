"""One question of an imported questionnaire a page: the same for the person at home and for staff in the room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deqi.record.errors import NotFound
from deqi.science.measures.questionnaire import Form, Item, asked_now, words_of

#: Whole numbers on so few steps are tapped, not typed.
TAPPED = 11


@dataclass(frozen=True)
class Place:
    """Where a page stands: the question, its place among those asked now, the one before and after."""

    item: Item
    number: int
    count: int
    before: Item | None
    after: Item | None


def number_of(form: Form, item: Item) -> int:
    """The number of a question in addresses: from 1, in the order of the questionnaire, shown or not."""
    return form.questions.index(item) + 1


def place_of(form: Form, answers: Mapping[str, Sequence[Any]], number: int) -> Place | None:
    """The page of a question; None when it is not asked (any more). Raises NotFound for a number there is not."""
    if not 1 <= number <= len(form.questions):
        raise NotFound("There is no such question.")
    item = form.questions[number - 1]
    now = asked_now(form, answers)
    if item not in now:
        return None
    at = now.index(item)
    return Place(
        item, at + 1, len(now), now[at - 1] if at else None, now[at + 1] if at + 1 < len(now) else None
    )


def first_open(form: Form, answers: Mapping[str, Sequence[Any]]) -> Item | None:
    """The first question without an answer."""
    return next((item for item in asked_now(form, answers) if not answers.get(item.link_id)), None)


def after(form: Form, answers: Mapping[str, Sequence[Any]], item: Item) -> Item | None:
    """The question that follows `item` once it is answered."""
    now = asked_now(form, answers)
    return now[now.index(item) + 1] if item in now and now.index(item) + 1 < len(now) else None


def question_context(
    form: Form, place: Place, given: Sequence[Any], *, typed: Sequence[str] = (), url: Callable[[int], str]
) -> dict[str, Any]:
    """What the page of a question draws. `given` is the answer kept so far, `typed` one that was refused."""
    item = place.item
    steps: list[int] = []
    if item.type == "integer" and item.least is not None and item.most is not None:
        span = range(int(item.least), int(item.most) + 1)
        steps = list(span) if len(span) <= TAPPED else []
    value = typed[0] if typed else _shown(item, given[0]) if given else ""
    return {
        "form": form,
        "item": item,
        "place": place,
        "headings": form.headings.get(item.link_id, ()),
        "kind": _kind(item, steps),
        "steps": steps,
        "value": value,
        "chosen": list(given),
        "written": _kind(item, steps) in ("words", "text"),
        "back": url(number_of(form, place.before)) if place.before else "",
        "skip": url(number_of(form, place.after)) if place.after else "",
    }


def _shown(item: Item, value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _kind(item: Item, steps: list[int]) -> str:
    """How it is drawn: taps, yes and no, buttons, boxes, a number, a day, a line or a text."""
    if steps:
        return "taps"
    if item.type == "choice":
        return "boxes" if item.repeats else "buttons"
    return {"boolean": "yes_no", "integer": "number", "decimal": "number", "date": "day", "text": "text"}.get(
        item.type, "words"
    )


def all_answers(
    form: Form, answers: Mapping[str, Sequence[Any]], url: Callable[[int], str] | None = None
) -> list[dict[str, Any]]:
    """Every question asked with its answer in words and, with `url`, where to change it."""
    return [
        {
            "item": item,
            "words": words_of(item, answers.get(item.link_id, ())),
            "url": url(number_of(form, item)) if url else "",
            "must": item.required and not answers.get(item.link_id),
        }
        for item in asked_now(form, answers)
    ]
