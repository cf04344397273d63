"""The parts of the visit page: how each form is read, and which action it calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.care.actions import asking, needling, sessions
from deqi.record.care.queries.visit import clock_of
from deqi.record.errors import Refusal
from deqi.science.measures import symptoms
from deqi.science.safety import facts

Part = Callable[[Actor, UUID, QueryDict], Any]


def uuid_of(post: Mapping[str, str], name: str, *, needed: bool = False) -> Any:
    """The id in field `name`, or None. Raises Refusal when it is needed and missing, or no id at all."""
    text = post.get(name, "")
    if not text and not needed:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise Refusal("The page was out of date. Load it again; nothing was changed.", field=name)


def whole(post: Mapping[str, str], name: str, label: str, low: int, high: int, *, needed: bool = True) -> Any:
    """The whole number in field `name`, `low` to `high`; None when it may be empty and is."""
    text = post.get(name, "").strip()
    if not text and not needed:
        return None
    if not text.removeprefix("-").isdecimal() or len(text) > 9 or not low <= int(text) <= high:
        raise Refusal(f"{label}: a whole number from {low} to {high}.", field=name)
    return int(text)


def version(post: Mapping[str, str]) -> int:
    """The version of the visit that was on screen."""
    return whole(post, "version", "Version", 0, 10**9)


def moment(actor: Actor, session_id: UUID, text: str) -> datetime:
    """A time of today such as 14:05 on the clock of the visit's site; now when empty."""
    now = timezone.now()
    if not text.strip():
        return now
    try:
        hour, minute = (int(part) for part in text.split(":")[:2])
        return now.astimezone(clock_of(actor, session_id)).replace(
            hour=hour, minute=minute, second=0, microsecond=0
        )
    except ValueError:
        raise Refusal("A time of day such as 14:05.", field="onset")


def _asked(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    """Yes and no answers. "All asked, all no" fills what is left open; an answer given stays as it is."""
    open_means = False if post.get("all_no") else None
    flags, today, notes = {}, {}, {}
    for name in post.getlist("flag"):
        value = _yes_no(post.get(f"flag-{name}"), open_means)
        if value is not None:
            flags[name] = value
        notes[name] = post.get(f"about-{name}", "")
    for key in post.getlist("fact"):
        value = _fact(post, key, open_means)
        if value is not None:
            today[key] = value
    asking.answer_anything_new(
        actor,
        session_id,
        version(post),
        text=post.get("anything_new", ""),
        flags=flags,
        today=today,
        notes=notes,
    )


def _yes_no(text: str | None, open_means: bool | None) -> bool | None:
    return {"yes": True, "no": False}.get(text or "", open_means)


def _fact(post: QueryDict, key: str, open_means: bool | None) -> Any:
    fact = facts().get(key)
    if fact is None:
        raise Refusal("The page was out of date. Load it again; nothing was changed.")
    if fact.kind == "yes_no":
        return _yes_no(post.get(f"fact-{key}"), open_means)
    if fact.kind == "number":
        low, high = fact.range or (0, 0)
        return whole(post, f"fact-{key}", fact.label, int(low), int(high), needed=False)
    return None


def _ratings(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    given = {}
    for key, symptom in symptoms().items():
        level = whole(post, f"rating-{key}", symptom.label, 0, 10, needed=False)
        if level is not None:
            given[key] = level
    if not given:
        raise Refusal("Type at least one rating, 0 to 10.", field="rating")
    sessions.record_check_in(actor, session_id, given)


def _step(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    step = post.get("step", "")
    if step not in STEPS:
        raise Refusal("There is no such step.")
    sessions.tick_step(actor, session_id, step, done=post.get("done") != "no")


def _line(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    needling.add_to_line(actor, session_id, version(post), post.get("line", ""))


def _whole_line(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    needling.set_treatment_line(actor, session_id, version(post), post.get("line", ""))


def _confirm(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    codes = post.getlist("code")
    needling.confirm_carried(actor, session_id, codes or None)


def _retention(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    minutes = whole(post, "retention_min", "Minutes of rest", 1, 60)
    needling.set_retention(actor, session_id, version(post), minutes)


def _lot(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    sessions.set_needle_lot(actor, session_id, uuid_of(post, "needle_lot"), version(post))


def _in(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    needling.needles_in(actor, session_id, whole(post, "needles_in", "Needles in", 1, 150))


def _out(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    count = whole(post, "needles_out", "Needles out", 0, 150)
    needling.needles_out(actor, session_id, count, post.get("count_reason", ""))


def _look(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    needling.look_in(actor, session_id)


def _after(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    sessions.record_after(
        actor,
        session_id,
        version(post),
        comfort_0_10=whole(post, "comfort_0_10", "Comfort", 0, 10, needed=False),
        side_effects_asked=post.get("side_effects_asked") == "yes",
        note=post.get("note", ""),
    )


def _end(actor: Actor, session_id: UUID, post: QueryDict) -> None:
    sessions.abandon_session(actor, session_id, post.get("reason", ""))


#: Steps that are ticked; the others follow from what is recorded.
STEPS = ("feet_before", "clean", "feet_after", "sites_after")

PARTS: dict[str, Part] = {
    "asked": _asked,
    "ratings": _ratings,
    "step": _step,
    "line": _line,
    "whole-line": _whole_line,
    "confirm": _confirm,
    "retention": _retention,
    "lot": _lot,
    "in": _in,
    "look": _look,
    "out": _out,
    "after": _after,
    "end": _end,
}
