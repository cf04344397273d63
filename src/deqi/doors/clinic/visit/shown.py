"""What the template of a visit is given: the rail of steps, the tags in the head, the drawing, the refusal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import mark_safe

from deqi.record.actor import Actor
from deqi.record.care.line import LineRefused
from deqi.record.care.queries.case import map_levels
from deqi.record.care.queries.visit import VisitPage, look_in_due
from deqi.record.care.suggested import IN_SIGHT, offer
from deqi.record.errors import Conflict, Refusal
from deqi.science.measures import symptoms
from deqi.science.points import atlas, drawing
from deqi.science.safety import (
    adverse_event_types,
    clean_needle_steps,
    event_groups,
    facts,
    session_card,
    shaft_warning,
)

#: What is reported most in the room: one key each in the dialog.
QUICK_EVENTS = ("vasovagal_syncope", "stuck_or_bent_needle", "bleeding_spot", "needle_site_pain_lasting")
#: Drawn in this order, at most this many, those with points first.
VIEWS = ("foot_dorsum", "leg_medial", "hand_dorsum", "foot_medial", "foot_lateral", "foot_sole", "hand_palm")
BODY = ("front", "back")
MOST_DRAWINGS = 3
SIDE_WORDS = {"left": "l", "right": "r", "both": "b"}
SECOND_LOOK = ("head", "face", "neck")


@dataclass(frozen=True)
class Step:
    """One step of the rail. `state` is done, now or later; `tick` names the step when it is ticked by hand."""

    label: str
    state: str
    tick: str = ""
    key: str = ""
    detail: str = ""


def shown(
    page: VisitPage,
    actor: Actor,
    part: str = "",
    refusal: Refusal | None = None,
    typed: Mapping[str, str] | None = None,
    layer: str = "",
) -> dict[str, Any]:
    """The context of `visit.html` and `signed.html`."""
    session = page.session
    suggested = suggestions(page)
    return {
        "here": "today",
        "page": page,
        "session": session,
        "site": session.site,
        "patient": session.patient,
        "steps": rail(page),
        "tags": tags(page),
        "rows": point_rows(page),
        "ratings": [{"symptom": symptoms()[key], "today": page.ratings.get(key)} for key in page.symptoms],
        "drawings": drawings(page, [one["point"].code for one in suggested["points"]], layer),
        "layer": layer,
        "layers": LAYERS,
        "suggested": suggested,
        "card": [tick for tick in session_card() if tick.phase == "before"],
        "event_groups": event_groups(),
        "quick_events": [kind for key in QUICK_EVENTS for kind in adverse_event_types() if kind.key == key],
        "event_labels": {kind.key: kind.label for kind in adverse_event_types()},
        "faint_signs": next((s.fact for s in clean_needle_steps() if s.id == "faint"), "").partition(
            "early signs are "
        )[2],
        "look_in_due": look_in_due(session),
        "can_lift": actor.may("safety.lift_stop", session.site_id),
        "can_run": actor.may("session.run", session.site_id),
        "rest_min": round((session.removed_at - session.needled_at).total_seconds() / 60)
        if session.removed_at
        else None,
        "part": part,
        "refusal": refusal,
        "conflict": _conflict(refusal, typed) if isinstance(refusal, Conflict) else None,
        "line_refused": refusal if isinstance(refusal, LineRefused) else None,
        "typed": typed or {},
    }


def rail(page: VisitPage) -> list[Step]:
    """Where the visit stands, and what is ticked by hand. Feet are looked at where they do not feel."""
    session = page.session
    state = session.state
    given = state in ("resting", "out", "signed")
    steps = [Step("anything new?", "done" if session.anything_new_asked else "now")]
    if page.feet_unfelt:
        steps.append(
            _tick(page, "feet_before", "feet looked at", "t", "These feet do not feel a 10 g touch.")
        )
    before = ". ".join(tick.label for tick in session_card() if tick.phase == "before" and not tick.when)
    steps.append(_tick(page, "clean", "hands and site clean", "h", before))
    steps.append(Step("needling", "done" if given else "now" if session.anything_new_asked else "later"))
    rest = f"rest {session.retention_planned_min} min"
    steps.append(Step(rest, {"resting": "now"}.get(state, "done" if given else "later")))
    steps.append(Step("needles out", "done" if state in ("out", "signed") else "later"))
    if any(drawing_region(one.code) in SECOND_LOOK for one in page.placements):
        steps.append(_tick(page, "sites_after", "scalp and ear again", "y", "They bleed more: look twice."))
    if page.feet_unfelt:
        steps.append(
            _tick(page, "feet_after", "feet again", "" if state != "out" else "t", "Before the shoes.")
        )
    steps.append(Step("sign", "done" if state == "signed" else "now" if state == "out" else "later"))
    return steps


def drawing_region(code: str) -> str:
    """The body region of a point."""
    return atlas()[code].region


def _tick(page: VisitPage, name: str, label: str, key: str, detail: str) -> Step:
    done = name in page.session.steps
    return Step(label, "done" if done else "later", name, "" if done else key, detail)


#: Groups of facts about the person (not about today) that belong in the head of the visit.
LASTING = ("blood", "immunity", "devices", "feet", "cancer", "pregnancy", "nerves", "needles", "lungs")


def tags(page: VisitPage) -> list[tuple[str, str]]:
    """At most six (kind, words) for the head: what stops, what is known about the person, the ratings of today."""
    held = page.case.facts
    found = [("stop", finding.title) for finding in page.stops]
    for key, fact in facts().items():
        if fact.group in LASTING and fact.kind == "yes_no" and held.get(key) is True:
            found.append(("care", _fact_words(key, held)))
    rated = [f"{symptoms()[key].label.lower()} {level}" for key, (level, _) in page.ratings.items()]
    return list(dict.fromkeys(found))[:5] + ([("", " · ".join(rated))] if rated else [])


def _fact_words(key: str, held: Mapping[str, Any]) -> str:
    """A fact in few words; an anticoagulant with its name and the INR with its day."""
    if key != "anticoagulant":
        return facts()[key].label
    kinds = {choice.value: choice.label for choice in facts()["anticoagulant_kind"].choices}
    words = kinds.get(held.get("anticoagulant_kind", ""), "anticoagulant")
    if "inr" in held:
        words += f" · INR {held['inr']:g}"
        words += f", {held['inr_date']:%-d %b}" if "inr_date" in held else ", undated"
    return words


def point_rows(page: VisitPage) -> list[dict[str, Any]]:
    """The points for the table, each with whether it waits to be confirmed and what concerns it."""
    waiting = {(row["code"], row["members"], row["side"]) for row in page.carried}
    stored = {(row["code"], row["members"], row["side"]): row for row in page.rows["needles"]}
    lot = page.session.needle_lot
    rows = []
    for one in page.placements:
        key = (one.code, ",".join(one.members), one.side)
        row = stored.get(key)
        rows.append(
            {
                "point": one,
                "waiting": key in waiting,
                "carried": bool(row and row["carried"]),
                "care": [f for f in page.screen.findings if one.code in f.points and f.effect != "inform"],
                "shaft": shaft_warning(one.depth_mm, lot.length_mm) if lot and one.depth_mm else None,
            }
        )
    return rows


def suggestions(page: VisitPage) -> dict[str, Any]:
    """The best suggested points that are not on the line yet, before the needles are in."""
    if page.session.state != "open":
        return {"points": []}
    offered = offer(page.case, {one.code for one in page.placements})
    said = offered.said
    points = [one for one in said.points if one.code in offered.in_sight]
    return {
        "points": [
            {
                "point": one,
                "line": f"{one.code} {SIDE_WORDS.get(one.side, '')}".strip(),
                "first": one.reasons[0].text if one.reasons else "",
                "cautions": one.cautions,
            }
            for one in points
        ],
        "left_out": said.left_out[:IN_SIGHT],
        "not_proof": said.not_proof,
        "model_version": said.model_version,
    }


#: What can be laid over the drawings, one at a time: nerves and dermatomes are two maps that disagree.
LAYERS = {"": "points", "meridians": "meridians", "nerves": "nerve territories", "dermatomes": "dermatomes"}


def drawings(page: VisitPage, suggested: Collection[str] = (), layer: str = "") -> list[dict[str, Any]]:
    """Up to three small views that show today's points; hands and feet first, the side that is needled."""
    placed = [
        f"{one.code}:{one.side}" if one.side in ("left", "right") else one.code for one in page.placements
    ]
    codes = {one.code for one in page.placements}
    sides = {one.side for one in page.placements}
    side = "left" if "left" in sides and not sides & {"right", "both"} else "right"
    found, drawn = [], set()
    for view in (*VIEWS, *BODY):
        here = {point.code for point, _ in drawing.points_in(view)} & codes
        if here - drawn:
            found.append((view, len(here - drawn)))
            drawn |= here
    return [
        {
            "view": view,
            "svg": mark_safe(  # noqa: S308 - drawn by our own code from the atlas
                drawing.svg(
                    view,
                    side=side,
                    layers=("points", layer) if layer in LAYERS and layer else ("points",),
                    points=(),
                    placed=placed,
                    suggested=suggested,
                    interactive=False,
                    prefix=f"needles-{view}",
                    symptoms=_levels(page),
                    size=2.0,
                )
            ),
        }
        for view, _ in found[:MOST_DRAWINGS]
    ]


def _levels(page: VisitPage) -> dict[str, float]:
    return map_levels(page.known.marks)


NAMES = {
    "treatment_line": "Points",
    "note": "Note",
    "comfort_0_10": "Comfort",
    "side_effects_asked": "Side effects asked",
    "retention_planned_min": "Minutes of rest",
    "needle_lot": "Needle lot",
    "anything_new": "Anything new",
}
FIELDS = {
    "treatment_line": "line",
    "retention_planned_min": "retention_min",
    "needle_lot": "needle_lot",
}


def _conflict(refusal: Conflict, typed: Mapping[str, str] | None) -> dict[str, Any]:
    """Both versions side by side, and what to send to put one's own in place."""
    typed = typed or {}
    both = []
    for name, theirs in refusal.theirs.items():
        if name in NAMES:
            field = FIELDS.get(name, name)
            both.append(
                {"label": NAMES[name], "theirs": _words(theirs), "yours": typed.get(field, "") or "nothing"}
            )
    again = [
        (key, value)
        for key in typed
        if key not in ("csrfmiddlewaretoken", "version")
        for value in (typed.getlist(key) if hasattr(typed, "getlist") else [typed[key]])
    ]
    return {
        "message": refusal.message,
        "by": refusal.theirs["by"],
        "version": refusal.theirs["version"],
        "both": both,
        "again": again,
    }


def _words(value: Any) -> str:
    if value in (None, ""):
        return "nothing"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
