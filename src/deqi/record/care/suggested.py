"""What is suggested for one visit, what of it the page shows, and what the practitioner made of it.

The page shows the best points that are not on the line yet, so each point that is taken lets one more come into
sight. "Suggested" counts the ranking as far down as that: every point ranked above the last one in sight.

Example: with ST36 and LR3 placed of a ranking ST36, SP6, LR3, KI3, BL60, GB34, LI4 the page shows SP6, KI3, BL60 and
GB34: six were suggested, two used, four left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deqi.science.case import Case
from deqi.science.points import suggest
from deqi.science.points.suggestions import Suggestion

#: How many points are in sight, and how many are ranked for it.
IN_SIGHT = 4
RANKED = 16


@dataclass(frozen=True)
class Offer:
    """The ranking for a case, and the codes that are in sight while `standing` is on the line."""

    said: Suggestion
    in_sight: tuple[str, ...]

    @property
    def suggested(self) -> tuple[str, ...]:
        """The ranking down to the last point in sight; all of it when nothing is left to show."""
        codes = [one.code for one in self.said.points]
        if len(self.in_sight) < IN_SIGHT:
            return tuple(codes)
        return tuple(codes[: codes.index(self.in_sight[-1]) + 1])


def offer(case: Case, standing: Collection[str]) -> Offer:
    """What is suggested for `case` while the points `standing` are on the line."""
    said = suggest(case, RANKED)
    return Offer(said, tuple(one.code for one in said.points if one.code not in standing)[:IN_SIGHT])


@dataclass(frozen=True)
class Taken:
    """Codes: suggested and used, suggested and left out, placed without having been suggested."""

    used: tuple[str, ...]
    left_out: tuple[str, ...]
    added: tuple[str, ...]
    model_version: str

    @property
    def words(self) -> str:
        """Such as "Suggested 8, used 4, left out 4, added 2"."""
        count = len(self.used) + len(self.left_out)
        return f"Suggested {count}, used {len(self.used)}, left out {len(self.left_out)}, added {len(self.added)}"


def taken(ranked: Iterable[Mapping[str, Any]], placed: Iterable[str], model_version: str) -> Taken:
    """What became of a kept suggestion (`SuggestionShown.ranked`), given the codes that were needled."""
    needled = list(dict.fromkeys(placed))
    suggested = [row["code"] for row in ranked if row["shown"]]
    return Taken(
        used=tuple(code for code in suggested if code in needled),
        left_out=tuple(code for code in suggested if code not in needled),
        added=tuple(code for code in needled if code not in suggested),
        model_version=model_version,
    )
