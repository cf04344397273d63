"""The numbers of a questionnaire: what its own expressions work out, and what a shipped scorer makes of its answers.

Example:
    >>> [(one.label, one.value) for one in results(form, {"a": [2], "b": [1]})]
    [('Total', 3.0)]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from deqi.science.measures.questionnaire.answers import Answers, number_of, response, shown
from deqi.science.measures.questionnaire.fhirpath import ExpressionError, Work, evaluate
from deqi.science.measures.questionnaire.form import Form, Item
from deqi.science.measures.questionnaire.resource import QuestionnaireError
from deqi.science.measures.scores import ScoreError, TooFew, score, scorers

PASSES = 4
TOTAL = "total"
NOT_ENOUGH, NOT_ASKED = "not enough is answered", "this is not asked here"


@dataclass(frozen=True)
class Result:
    """One number, yes or no, or text. `value` is None where there is none and `refused` then says why.

    `key` is the link id of what is worked out, or `scorer:total`, `scorer:<subscale>`.
    """

    key: str
    label: str
    value: float | None
    text: str = ""
    unit: str = ""
    refused: str = ""
    meaning: str = ""
    range: tuple[float, float] | None = None
    failed: bool = False  # refused because of the questionnaire, not of what was left out


def results(
    form: Form, answers: Answers, *, scorer: str = "", links: Mapping[str, str] | None = None
) -> list[Result]:
    """Every number of these answers: calculated items in order, then the scorer's. Never raises for missing answers."""
    values, faults = worked_out(form, answers)
    found = [_calculated(item, values, faults) for item in form.calculated if not item.hidden or item.text]
    return found + (scored(form, answers, scorer, links or {}, values) if scorer else [])


def _calculated(item: Item, values: Mapping[str, Any], faults: Mapping[str, str]) -> Result:
    label = item.text or item.link_id
    value = values.get(item.link_id)
    if value is None:
        why = faults.get(item.link_id, NOT_ENOUGH)
        failed = why not in (NOT_ENOUGH, NOT_ASKED)
        return Result(item.link_id, label, None, unit=item.unit, refused=why, failed=failed)
    if isinstance(value, str):
        return Result(item.link_id, label, None, text=value, unit=item.unit)
    return Result(item.link_id, label, float(value), unit=item.unit)


def worked_out(form: Form, answers: Answers) -> tuple[dict[str, Any], dict[str, str]]:
    """link id -> value of every calculated item, and link id -> why there is none.

    Expressions may use each other's results: they are worked out anew until nothing changes, four times at most.
    """
    seen, work = shown(form, answers), Work()
    values: dict[str, Any] = {}
    for _ in range(PASSES):
        there = response(form, answers, worked_out=values, only=seen)
        new, faults = _once(form, there, seen, work)
        if new == values:
            return values, faults
        values = new
    return {}, {item.link_id: "the expressions do not come to rest" for item in form.calculated}


def _once(
    form: Form, there: dict[str, Any], seen: set[str], work: Work
) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    nodes = _nodes(there)
    known: dict[str | None, dict[str, Any]] = {}
    for item in form.calculated:
        if item.link_id not in seen:
            faults[item.link_id] = NOT_ASKED
            continue
        try:
            variables = _variables(form, there, item, nodes, known, work)
            base = nodes.get(item.link_id, {"linkId": item.link_id})
            value = _single(item, evaluate(item.calculated or "", variables, base=base, work=work))
        except ExpressionError as error:
            faults[item.link_id] = str(error)
            continue
        if value is not None:
            values[item.link_id] = value
    return values, faults


def _variables(
    form: Form,
    there: dict[str, Any],
    item: Item,
    nodes: Mapping[str, Any],
    known: dict[str | None, dict[str, Any]],
    work: Work,
) -> dict[str, Any]:
    """What `%name` means at an item: the questionnaire's variables, those of the items above it, and its own."""
    scope: dict[str, Any] = {"resource": there, "questionnaire": form.resource}
    for owner in (None, *item.parents, item.link_id):
        if owner not in known:
            known[owner] = {}
            pairs = form.variables if owner is None else form.items[owner].variables
            base = None if owner is None else nodes.get(owner, {"linkId": owner})
            for name, text in pairs:
                known[owner][name] = evaluate(text, {**scope, **known[owner]}, base=base, work=work)
        scope.update(known[owner])
    return scope


def _nodes(there: Mapping[str, Any]) -> dict[str, Any]:
    """link id -> its node in the response."""
    found = {}
    wait = list(there.get("item", []))
    while wait:
        node = wait.pop()
        found[node["linkId"]] = node
        wait += node.get("item", [])
        for answer in node.get("answer", []):
            wait += answer.get("item", [])
    return found


def _single(item: Item, found: list[Any]) -> Any:
    """The one value of the item's kind, None for none. Raises ExpressionError for several or another kind."""
    if not found:
        return None
    value = found[0]
    if len(found) > 1:
        raise ExpressionError("the expression gives several values")
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    good = {"boolean": isinstance(value, bool), "string": isinstance(value, str)}.get(item.type, number)
    if not good:
        raise ExpressionError(f"the expression gives {str(value)[:40]!r}, not a {item.type}")
    if item.type == "integer" and value != int(value):
        raise ExpressionError(f"the expression gives {value}, not a whole number")
    return int(value) if item.type == "integer" else float(value) if item.type == "decimal" else value


def link(form: Form, scorer: str) -> dict[str, str]:
    """Part of a shipped scorer -> question that answers it: the item whose link id or code is the part's key.

    An instrument of which only the total is known takes it from an item called `total`. Raises QuestionnaireError
    naming the parts without a question, or whose question gives no number.
    """
    if scorer not in scorers():
        raise QuestionnaireError([("scorer", f"there is no scorer {scorer!r}")])
    held = scorers()[scorer]
    wanted = [part.key for part in held.all_parts]
    if held.method == "entry" and not wanted:
        wanted = [TOTAL]
    by_name = {str((item.code or {}).get("code", "")): item for item in form.items.values()}
    by_name |= dict(form.items)
    problems, found = [], {}
    for key in wanted:
        item = by_name.get(key)
        if item is None or item.type in ("group", "display"):
            problems.append(("$.item", f"no item has the link id or code {key!r}, which {held.label} needs"))
        elif not item.numeric:
            problems.append((item.path, f"its answers carry no numbers, which {held.label} needs"))
        else:
            found[key] = item.link_id
    if problems:
        raise QuestionnaireError(problems)
    return found


def scored(
    form: Form, answers: Answers, scorer: str, links: Mapping[str, str], values: Mapping[str, Any]
) -> list[Result]:
    """What a shipped scorer makes of the answers: the total, then each subscale; refused with its reason."""
    seen = shown(form, answers)
    parts: dict[str, float | None] = {}
    for key, link_id in links.items():
        item, given = form.items[link_id], answers.get(link_id, ())
        calculated = values.get(link_id)
        if calculated is not None:
            parts[key] = float(calculated)
        else:
            parts[key] = number_of(item, given[0]) if given and link_id in seen else None
    total = parts.pop(TOTAL, None)
    held = scorers()[scorer]
    try:
        found = score(scorer, parts=parts or None, total=total)
    except ScoreError as error:
        failed = not isinstance(error, TooFew)
        return [Result(f"scorer:{TOTAL}", held.label, None, refused=str(error), failed=failed)]
    rows = []
    if found.total is not None:
        rows.append(
            Result(f"scorer:{TOTAL}", held.label, found.total, meaning=found.meaning or "", range=found.range)
        )
    for one in found.subscales.values():
        rows.append(
            Result(
                f"scorer:{one.key}",
                f"{held.label}: {one.label}",
                one.value,
                refused=one.refused,
                meaning=one.meaning or "",
                range=one.range,
            )
        )
    return rows


def trial(form: Form, *, scorer: str = "") -> dict[str, list[Result]]:
    """The numbers with every question at its first and at its last answer: shown before an instrument is taken.

    Raises QuestionnaireError when an expression fails on either.
    """
    links = link(form, scorer) if scorer else {}
    found = {}
    for name, place in (("first", 0), ("last", -1)):
        answers = {item.link_id: [_end(item, place)] for item in form.questions}
        found[name] = results(form, answers, scorer=scorer, links=links)
        faults = [
            (form.items[one.key].path if one.key in form.items else "scorer", one.refused)
            for one in found[name]
            if one.failed
        ]
        if faults:
            raise QuestionnaireError(faults)
    return found


def _end(item: Item, place: int) -> Any:
    """The first (0) or last (-1) answer a question takes."""
    if item.type == "choice":
        return 0 if place == 0 else len(item.options) - 1
    if item.type == "boolean":
        return place != 0
    if item.type in ("integer", "decimal"):
        low = item.least if item.least is not None else 0
        end = low if place == 0 else item.most if item.most is not None else low + 10
        return int(end) if item.type == "integer" else float(end)
    return "2026-01-01" if item.type == "date" else "x"
