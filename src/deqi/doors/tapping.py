"""The words of a question that is answered by one tap: the same behind a link and on the person's own page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from deqi.record.care.codes import GLOBAL_CHANGE, label_of, scale_of, symptom_of
from deqi.science.measures import change_file, global_change_steps, impact_ratings, symptoms


def question_of(code: str) -> dict[str, Any] | None:
    """What the page of a question draws: its part, label, words, and the ends of its scale or its steps.

    No words name an illness, a person, or the activity that was chosen. None for a code that is not tapped.

    Example:
        >>> question_of("impact_sleep")["over"]
        'Sleep'
    """
    over, key = _(label_of(code)), symptom_of(code)
    if key:
        symptom = symptoms()[key]
        title = _(symptom.question("24h", "average"))
        ends = {"low": _(symptom.anchor_0), "high": _(symptom.anchor_10)}
        return {"part": _("How is it today?"), "over": over, "title": title, "eleven": scale_of(code), **ends}
    if code == GLOBAL_CHANGE:
        steps = [(step.value, _(step.label)) for step in global_change_steps()]
        return {"part": _("All in all"), "over": over, "title": _(change_file().question), "steps": steps}
    rating = impact_ratings().get(code.removeprefix("impact_"))
    if rating is None:
        return None
    ends = {"low": _(rating.anchor_0), "high": _(rating.anchor_10)}
    part = _("How it limits you")
    return {"part": part, "over": over, "title": _(rating.question), "eleven": scale_of(code), **ends}


def answers_in_words(codes: list[str], given: Mapping[str, int]) -> list[dict[str, Any]]:
    """Every question with its answer in words, "" where there is none."""
    return [
        {"code": code, "label": _(label_of(code)), "words": _said(code, given.get(code))} for code in codes
    ]


def typed_number(value: str) -> int:
    """The number a button sends; -1, which no scale has, for anything else."""
    return int(value) if value.isdecimal() and value.isascii() and len(value) < 3 else -1


def _said(code: str, value: int | None) -> str:
    if value is None:
        return ""
    if code == GLOBAL_CHANGE:
        return next(_(step.label) for step in global_change_steps() if step.value == value)
    return _("%(n)s of 10") % {"n": value}
