"""Do the ratings, the person's own overall judgement and their daily life say the same? Disagreement is information.

The three are never added up. A symptom counts as better or worse as the course model judged it; the overall change by
its step; an impact rating when it moved by the change that matters for it (`impact_file().meta`, 1 point, borrowed).

Example:
    >>> found = agreement({"burning": {"verdict": "likely_yes", "p_worse": 0.0}}, 6, {"sleep": 2.0})
    >>> found.agree, found.words[-1]
    (False, 'They do not say the same. Talk about which of them counts before deciding.')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from deqi.science.measures import global_change_steps, impact_file, impact_ratings, symptoms

Direction = Literal["better", "same", "worse", "unclear"]


@dataclass(frozen=True)
class Agreement:
    """What each of the three says. `agree` is None when fewer than two of them say anything."""

    ratings: Mapping[str, Direction]
    overall: Direction | None
    impact: Mapping[str, Direction]
    agree: bool | None
    words: tuple[str, ...]


def direction_of(model: Mapping[str, Any] | None) -> Direction | None:
    """Which way one symptom went for the course model; None when it could not say."""
    if (
        not model
        or model.get("p_improved") is None
        or model.get("verdict") in (None, "too_few", "not_computed")
    ):
        return None
    if (model.get("p_worse") or 0) > 0.5:
        return "worse"
    return {"likely_yes": "better", "likely_no": "same"}.get(model["verdict"], "unclear")  # type: ignore[return-value]


def agreement(
    models: Mapping[str, Mapping[str, Any] | None], global_step: int | None, impact: Mapping[str, float]
) -> Agreement:
    """Compares the three. `models` by symptom, `global_step` 1 (best) to 7, `impact` as change in points (negative
    is better) by rating."""
    found = {key: way for key, model in models.items() if (way := direction_of(model))}
    step = next((one for one in global_change_steps() if one.value == global_step), None)
    overall: Direction | None = step.direction if step else None
    least = impact_file().meta.meaningful_change.points
    life: dict[str, Direction] = {
        key: "better" if change <= -least else "worse" if change >= least else "same"
        for key, change in impact.items()
        if key in impact_ratings()
    }
    said = []
    if found:
        each = [f"{symptoms()[key].label.lower()} {_judged(way)}" for key, way in found.items()]
        said.append(f"The ratings: {', '.join(each)}.")
    if step:
        said.append(f"Asked about everything together, the person says “{step.label}”.")
    if life:
        each = [f"{impact_ratings()[key].label.lower()} {_lived(way)}" for key, way in life.items()]
        said.append(f"In daily life: {', '.join(each)}.")
    ways = [_way(list(found.values())), overall, _way(list(life.values()))]
    spoken = [way for way in ways if way is not None]
    mixed = any({"better", "worse"} <= set(kind.values()) for kind in (found, life))
    agree = None if len(spoken) < 2 else len(set(spoken)) == 1 and not mixed
    if agree:
        said.append("They say the same.")
    elif agree is False and ("unclear" in spoken and len(set(spoken) - {"unclear"}) == 1 and not mixed):
        said.append("The ratings do not settle it; the rest says nothing against them.")
    elif agree is False:
        said.append("They do not say the same. Talk about which of them counts before deciding.")
    return Agreement(found, overall, life, agree, tuple(said))


def _judged(way: Direction) -> str:
    return {"better": "likely better", "same": "likely no better", "worse": "likely worse"}.get(
        way, "unclear"
    )


def _lived(way: Direction) -> str:
    return {"better": "less in the way", "worse": "more in the way"}.get(way, "about the same")


def _way(ways: list[Direction]) -> Direction | None:
    """One word for several: worse before better, better before unclear, so that no bad news is lost."""
    return next((way for way in ("worse", "better", "unclear", "same") if way in ways), None)  # type: ignore[return-value]
