"""The rules as a table that a medical adviser can read, made from the same data that the screen runs on."""

from __future__ import annotations

from collections.abc import Sequence

from deqi.science.safety.conditions import Condition
from deqi.science.safety.facts import facts
from deqi.science.safety.places import Target
from deqi.science.safety.red_flags import RedFlag, red_flags
from deqi.science.safety.rules import Rule, RuleEffect, precautions, thresholds

MARKS = {True: "source", False: "ours", None: ""}


def rule_table(*, markdown: bool = False) -> str:
    """Every effect of every rule and every red flag, a row each: when, what, whose figure, how strong a source.

    `markdown` gives the tables of docs/safety.md, otherwise plain text.
    """
    rules = [row for rule in precautions() for row in _rule_rows(rule)]
    flags = [_flag_row(flag) for flag in red_flags()]
    figures = [
        (key, f"{value.value:g} {value.unit}", MARKS[value.from_source])
        for key, value in thresholds().items()
    ]
    make = _markdown if markdown else _plain
    return "\n\n".join(
        [
            make("Precautions", ("rule", "effect", "when", "what", "threshold", "strength"), rules),
            make("Red flags", ("flag", "every visit", "effect", "urgency", "question", "to"), flags),
            make("Figures the rules act on", ("key", "value", "whose"), figures),
        ]
    )


def say(condition: Condition) -> str:
    """A condition in words, e.g. `INR above inr_upper_usual (3 ratio)`."""
    if condition.all is not None:
        return " and ".join(_grouped(child) for child in condition.all if child.always is None) or "always"
    if condition.any is not None:
        return " or ".join(_grouped(child) for child in condition.any)
    if condition.not_ is not None:
        return f"not {_grouped(condition.not_)}"
    if condition.fact is not None:
        return _say_fact(condition)
    for head, words in (
        ("not_known", "not known"),
        ("recorded", "recorded"),
        ("not_recorded", "not recorded"),
    ):
        if key := getattr(condition, head):
            return f"`{key}` {words}"
    for head, words in (
        ("condition", "condition is"),
        ("method", "planned:"),
        ("current", "current through"),
    ):
        if held := getattr(condition, head):
            return f"{words} {' or '.join(held)}"
    return "any red flag" if condition.red_flag else "always"


def _grouped(condition: Condition) -> str:
    compound = condition.all is not None or condition.any is not None
    return f"({say(condition)})" if compound and say(condition) != "always" else say(condition)


def _say_fact(condition: Condition) -> str:
    words = [f"`{condition.fact}`"]
    if condition.is_ is not None:
        words.append(f"is {condition.is_}")
    if condition.in_ is not None:
        words.append(f"is {' or '.join(condition.in_)}")
    for name, compare in (
        ("above", "above"),
        ("at_least", "at least"),
        ("below", "below"),
        ("at_most", "at most"),
    ):
        limit = getattr(condition, name)
        if limit is not None:
            held = thresholds().get(limit) if isinstance(limit, str) else None
            shown = f"{held.value:g}" if held else f"`{limit}`" if limit in facts() else f"{limit:g}"
            words.append(f"{compare} {shown}")
    return " ".join(words)


def _rule_rows(rule: Rule) -> list[tuple[str, ...]]:
    return [
        (
            rule.id,
            effect.effect,
            _when(condition, effect),
            "; ".join(effect.text) + _about(effect.target),
            MARKS[rule.whose_threshold(effect)],
            rule.strength,
        )
        for effect, condition in zip(rule.effects, rule.conditions, strict=True)
    ]


def _when(condition: Condition, effect: RuleEffect) -> str:
    words = say(condition)
    if effect.only_when_planned:
        words = "planned" if words == "always" else f"planned, and {words}"
    return f"{words}, unless {say(effect.unless)}" if effect.unless else words


def _about(target: Target | None) -> str:
    """What an effect is limited to, in brackets."""
    if target is None:
        return ""
    points = " ".join(target.points) if len(target.points) < 14 else f"{len(target.points)} points"
    parts = [
        points,
        f"group {target.group}" if target.group else "",
        ", ".join(area.replace("_", " ") for area in target.areas),
        f"where `{target.places_of}` says" if target.places_of else "",
        "and the adjoining quarter of the trunk" if target.quadrant else "",
        f"on the side of `{target.side_of}`" if target.side_of else "",
        f"with {' or '.join(target.methods)}" if target.methods else "",
    ]
    return f" [{', '.join(part for part in parts if part)}]"


def _flag_row(flag: RedFlag) -> tuple[str, ...]:
    star = "yes" if flag.every_visit else ""
    return (flag.id, star, f"{flag.effect} (needle: {flag.needle})", flag.urgency, flag.question, flag.to)


def _markdown(title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"### {title}", "", f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _plain(title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join([title, *("  " + " | ".join(cell.replace("`", "") for cell in row) for row in rows)])
