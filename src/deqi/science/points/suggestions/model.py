"""How points are ranked for a case: what trials of this and kindred conditions used, and where the symptoms are.

    custom(point) = sum over trials of w(trial) x used(trial, point) / sum over trials of w(trial)
    score(point)  = (custom(point) + floor) x (1 + place x nearness(point))

w is 1 for a trial in the person's condition, `kin` for a trial in another polyneuropathy when the person has one,
`other` for the rest; nearness is 1 for a point in a region with symptoms, 0.5 in a neighbouring region, else 0.
`kin` and `other` are fitted, `floor` and `place` are own rules (suggest.yaml says why).
The score says how customary a point is in such trials. It is not a measure of effect.

Example:
    >>> ranked = rank("dpn", ("feet",))
    >>> ranked[0][0]
    'ST36'
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from deqi.science.evidence import overlaps, trials
from deqi.science.points.atlas import atlas
from deqi.science.points.suggestions.tables import Parameters, relation, tables
from deqi.science.points.trial_use import point_lists

Vector = npt.NDArray[np.float64]
NEARNESS: Mapping[str, float] = {"local": 1.0, "regional": 0.5, "distal": 0.0}


class Lists:
    """The trials with known point lists as a matrix: `used[t, p]` is 1 when trial t used point p."""

    def __init__(self) -> None:
        self.codes = tuple(atlas())
        self.ids = tuple(point_lists())
        self.conditions = tuple(trials()[name].condition for name in self.ids)
        column = {code: number for number, code in enumerate(self.codes)}
        self.used: Vector = np.zeros((len(self.ids), len(self.codes)))
        for row, name in enumerate(self.ids):
            self.used[row, [column[code] for code in point_lists()[name]]] = 1.0

    def twins(self, name: str) -> frozenset[str]:
        """Trials that are not independent of `name`: shared participants, or the same list in the same condition."""
        same = {
            other
            for other, condition in zip(self.ids, self.conditions, strict=True)
            if condition == trials()[name].condition and point_lists()[other] == point_lists()[name]
        }
        shared = {other for group in overlaps() if name in group.trials for other in group.trials}
        return frozenset((same | shared | {name}) & set(self.ids))


@cache
def lists() -> Lists:
    """The matrix, built once."""
    return Lists()


def weight(condition: str, trial_condition: str, parameters: Parameters) -> float:
    """How much a trial in `trial_condition` counts for a person with `condition`."""
    if condition == trial_condition:
        return 1.0
    polyneuropathies: Collection[str] = tables().polyneuropathies
    if condition in polyneuropathies and trial_condition in polyneuropathies:
        return parameters.kin
    return parameters.other


def scores(
    condition: str,
    regions: Sequence[str] = (),
    exclude_trials: Collection[str] = (),
    parameters: Parameters | None = None,
) -> Vector:
    """The score of every point, in the order of the atlas. `regions` empty: those usual in the condition."""
    chosen = parameters or tables().parameters
    table = lists()
    weights = np.array(
        [
            0.0 if name in exclude_trials else weight(condition, trial_condition, chosen)
            for name, trial_condition in zip(table.ids, table.conditions, strict=True)
        ]
    )
    total = float(weights.sum())
    customary = weights @ table.used / total if total else np.zeros(len(table.codes))
    where = tuple(regions) or tables().usual_regions[condition]  # type: ignore[index]
    found = (
        (customary + tables().floor) * (1 + tables().place * nearness(where)) * _told_apart(tuple(regions))
    )
    return np.asarray(found, dtype=np.float64)


@cache
def nearness(regions: tuple[str, ...]) -> Vector:
    """Nearness of every point to the regions, in the order of the atlas."""
    return np.array([NEARNESS[relation(code, regions)] for code in atlas()])


@cache
def _told_apart(regions: tuple[str, ...]) -> Vector:
    """Own rule, not fitted: the webs and tips of hands (feet) count less when the case names only other regions."""
    factor = np.ones(len(atlas()))
    if regions:
        for number, (code, point) in enumerate(atlas().items()):
            limb = (
                code.startswith(("EX-UE", "EX-LE"))
                and point.members
                and point.region in ("hand", "finger", "foot", "toe")
            )
            if limb and relation(code, regions) == "distal":
                factor[number] = tables().unaffected_multi_point
    return factor


def rank(
    condition: str,
    regions: Sequence[str] = (),
    exclude_trials: Collection[str] = (),
    parameters: Parameters | None = None,
) -> list[tuple[str, float]]:
    """Every point with its score, best first; ties keep channel order."""
    found = scores(condition, regions, exclude_trials, parameters)
    order = np.argsort(-found, kind="stable")
    codes = lists().codes
    return [(codes[place], float(found[place])) for place in order]
