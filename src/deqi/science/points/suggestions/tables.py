"""The suggestion model's parameters and tables, and how a point lies to a person's symptoms.

Example:
    >>> relation("KI3", ("feet",)), relation("SP6", ("feet",)), relation("LI11", ("feet",))
    ('local', 'regional', 'distal')
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Literal

from pydantic import Field

from deqi.science.knowledge import KnowledgeError, Problem, Strict, data_path, load_yaml
from deqi.science.points.atlas import PACKAGE, atlas

Relation = Literal["local", "regional", "distal"]
CaseRegion = Literal["feet", "hands", "lower_legs", "forearms", "face", "trunk", "wrist"]
Condition = Literal["cipn", "dpn", "cts", "phn", "hiv_sn", "idiopathic", "radiculopathy", "mixed"]


class Parameters(Strict):
    """The two fitted numbers; see suggest.yaml."""

    prior: float = Field(gt=0, le=20)
    other: float = Field(ge=0, le=1)


class Grid(Strict):
    """The values the fit tries."""

    prior: tuple[float, ...]
    other: tuple[float, ...]


class SuggestTables(Strict):
    """suggest.yaml."""

    version: int
    parameters: Parameters
    grid: Grid
    floor: float = Field(gt=0, le=0.1)
    place: float = Field(ge=0, le=1)
    unaffected_multi_point: float = Field(gt=0, le=1)
    polyneuropathies: tuple[Condition, ...]
    focal: tuple[Condition, ...]
    usual_regions: Mapping[Condition, tuple[CaseRegion, ...]]
    regions: Mapping[CaseRegion, tuple[str, ...]]
    neighbours: Mapping[CaseRegion, tuple[CaseRegion, ...]]
    nerves: Mapping[CaseRegion, tuple[str, ...]]
    nerve_words: Mapping[str, tuple[str, ...]]

    def tried(self) -> tuple[Parameters, ...]:
        """Every combination of parameters that the fit tries."""
        return tuple(
            Parameters(prior=prior, other=other) for prior in self.grid.prior for other in self.grid.other
        )


@cache
def tables() -> SuggestTables:
    """suggest.yaml, read once and checked against the atlas."""
    read: SuggestTables = load_yaml(data_path(PACKAGE, "suggest.yaml"), SuggestTables)
    known = {point.region for point in atlas().values()}
    faults = [
        Problem("suggest.yaml", 0, f"regions.{key}", f"the atlas has no body region {name!r}")
        for key, names in read.regions.items()
        for name in names
        if name not in known
    ]
    for key, territories in read.nerves.items():
        for name in territories:
            if name not in atlas().territories or name not in read.nerve_words:
                faults.append(
                    Problem("suggest.yaml", 0, f"nerves.{key}", f"there is no territory {name!r} with words")
                )
    if faults:
        raise KnowledgeError(faults)
    return read


@cache
def case_region_of(code: str) -> str | None:
    """The case region a point lies in; None for thigh, shoulder, hip and the like."""
    return next((key for key, names in tables().regions.items() if atlas()[code].region in names), None)


def relation(code: str, regions: Iterable[str]) -> Relation:
    """local: in a region with symptoms; regional: in a neighbouring one; distal: elsewhere."""
    wanted = set(regions)
    here = case_region_of(code)
    if here in wanted:
        return "local"
    near = {neighbour for region in wanted for neighbour in tables().neighbours[region]}  # type: ignore[index]
    return "regional" if here in near else "distal"


@cache
def nerves_of(code: str) -> tuple[str, ...]:
    """Territories whose nerve the atlas names at this point, skin or depth."""
    beneath = atlas()[code].anatomy
    if beneath is None:
        return ()
    text = f"{beneath.peripheral_nerve_sensory or ''}; {beneath.nerve_deep or ''}"
    return tuple(
        territory
        for territory, words in tables().nerve_words.items()
        if any(_names(word, text) for word in words)
    )


def _names(word: str, text: str) -> bool:
    """Whole words, and no longer nerve of the same ending ("sural" does not mean the lateral sural cutaneous)."""
    if word == "sural":
        return bool(re.search(r"(?<!lateral )(?<!medial )\bsural\b", text))
    return bool(re.search(rf"\b{re.escape(word)}\b", text))


def matched_nerves(code: str, regions: Sequence[str]) -> tuple[str, ...]:
    """Territories named at the point that supply one of the regions."""
    supply = {territory for region in regions for territory in tables().nerves[region]}  # type: ignore[index]
    return tuple(territory for territory in nerves_of(code) if territory in supply)
