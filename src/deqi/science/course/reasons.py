"""Why the course model proposes a next step: the rule of `model.next_step` with the figures that decided it.

Example: week 7, p_improved 0.86, a doubter 0.82 -> "Week 7: from week 5 to 10 the rule says consolidate when better by
an amount that matters is likely (0.8 or more). It is 0.86, and 0.82 for a reader who doubts."
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The rule in words, as it is agreed beforehand (version 0; course_model.md section 5). Weeks from the first session.
RULE = (
    "Before week 5: change the plan when week 6 is out of reach (under 0.10) or it is likely worse; otherwise go on. "
    "Success is never announced so early.",
    "Weeks 5 to 10: likely better, consolidate and plan the taper; week 12 out of reach (under 0.15), stop; otherwise "
    "go on with one stated change.",
    "From week 11: likely no better, stop and write to the doctor; otherwise taper.",
    "Whenever a reader who doubts acupuncture would not share a yes: undecided, collect another week of ratings.",
)


def why_step(model: Mapping[str, Any], day: int | None) -> tuple[str, ...]:
    """The reasons behind `model["next_step"]`, with their figures. `day` counts from the first session.

    Empty for a step this version does not know, so that an old or a newer review still reads.
    """
    if model.get("verdict") == "too_few":
        return ("Too few ratings stand behind it to decide on them.",)
    if model.get("p_improved") is None:
        return ()
    at = f"Week {day // 7}: " if day is not None else ""
    p, worse = model["p_improved"], model.get("p_worse") or 0.0
    doubt = (model.get("sceptical") or {}).get("p_improved")
    six, twelve = model.get("p_reach_6") or 0.0, model.get("p_reach_12") or 0.0
    doubted = "" if doubt is None else f", and {doubt:.2f} for a reader who doubts"
    said: dict[str, tuple[str, ...]] = {
        "go_on": (
            f"{at}being better by week 6 is within reach ({six:.2f}; the rule asks for 0.10) and it is not likely worse "
            f"({worse:.2f}).",
            "Before week 5 success is never announced.",
        ),
        "change_plan": (
            f"{at}it is likely worse ({worse:.2f})."
            if worse > 0.5
            else f"{at}being better by week 6 is out of reach as it stands ({six:.2f}; the rule asks for 0.10).",
        ),
        "consolidate": (
            f"{at}better by an amount that matters is likely: {p:.2f}{doubted}; the rule asks for 0.8.",
        ),
        "go_on_with_one_change": (
            f"{at}better by an amount that matters is not settled ({p:.2f}), and week 12 is within reach ({twelve:.2f}; "
            "the rule asks for 0.15).",
        ),
        "stop": (
            f"{at}better by an amount that matters is unlikely ({p:.2f})."
            if day is not None and day >= 77
            else f"{at}being better by week 12 is out of reach ({twelve:.2f}; the rule asks for 0.15).",
        ),
        "taper": (f"{at}the planned weeks are over; better by an amount that matters: {p:.2f}.",),
        "undecided": (f"{at}the answer depends on what one expected beforehand: {p:.2f}{doubted}.",),
    }
    return said.get(model.get("next_step", ""), ())
