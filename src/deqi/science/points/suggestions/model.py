"""How points are ranked for a case: what trials of this and kindred conditions used, and where the symptoms are.

    elsewhere(point) = weighted share of the trials of other conditions that used it
    custom(point)    = (trials of this condition that used it + prior x elsewhere) / (trials of this condition + prior)
    score(point)     = (custom(point) + floor) x (1 + place x nearness(point))

So the other conditions count as much as `prior` trials of the person's own: little where there are many of those,
all where there are none. Among them a trial in another polyneuropathy weighs 1 when the person has one, any
other trial `other`. Nearness is 1 for a point in a region with symptoms, 0.5 in a neighbouring region, else 0.
`prior` and `other` are fitted, `floor` and `place` are own rules (suggest.yaml says why).
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
from deqi.science.points.trial_use import core_points, point_lists

Vector = npt.NDArray[np.float64]
NEARNESS: Mapping[str, float] = {"local": 1.0, "regional": 0.5, "distal": 0.0}
VARIOUS = "various"  # polyneuropathies of several causes in one trial: kindred to each, nobody's own


def condition_of(name: str) -> str:
    """The condition a trial counts for; ICD-10 G62 and G63 beyond the named conditions are polyneuropathy."""
    trial = trials()[name]
    mixed = trial.condition == "other" and (trial.icd10 or "").startswith(("G62", "G63"))
    return VARIOUS if mixed else trial.condition


class Lists:
    """The trials with known point lists as a matrix: `used[t, p]` is 1 when trial t used point p."""

    def __init__(self) -> None:
        self.codes = tuple(atlas())
        self.ids = tuple(point_lists())
        self.conditions = tuple(condition_of(name) for name in self.ids)
        column = {code: number for number, code in enumerate(self.codes)}
        self.used: Vector = np.zeros((len(self.ids), len(self.codes)))
        for row, name in enumerate(self.ids):
            self.used[row, [column[code] for code in point_lists()[name]]] = 1.0

    def twins(self, name: str) -> frozenset[str]:
        """Trials that are not independent of `name`: shared participants, or the same list in the same condition.

        Two lists are the same when their fixed points are: a point added for some people makes no new list.
        """
        same = {
            other
            for other, condition in zip(self.ids, self.conditions, strict=True)
            if condition == trials()[name].condition and core_points(other) == core_points(name)
        }
        shared = {other for group in overlaps() if name in group.trials for other in group.trials}
        return frozenset((same | shared | {name}) & set(self.ids))


@cache
def lists() -> Lists:
    """The matrix, built once."""
    return Lists()


def weight(condition: str, trial_condition: str, parameters: Parameters) -> float:
    """How much a trial in another condition than the person's counts beside the others of that kind."""
    return 1.0 if kindred(condition, trial_condition) else parameters.other


def kindred(condition: str, trial_condition: str) -> bool:
    """Whether both are the same, or both polyneuropathies. Example: kindred("dpn", "cipn") is True."""
    polyneuropathies: Collection[str] = (*tables().polyneuropathies, VARIOUS)
    both = condition in polyneuropathies and trial_condition in polyneuropathies
    return both or condition == trial_condition


def customary(condition: str, exclude_trials: Collection[str], parameters: Parameters) -> Vector:
    """How customary each point is for the condition, 0 to 1, in the order of the atlas."""
    table = lists()
    own = np.zeros(len(table.ids))
    rest = np.zeros(len(table.ids))
    for row, (name, theirs) in enumerate(zip(table.ids, table.conditions, strict=True)):
        if name not in exclude_trials:
            own[row] = theirs == condition
            rest[row] = 0.0 if own[row] else weight(condition, theirs, parameters)
    elsewhere = rest @ table.used / rest.sum() if rest.any() else np.zeros(len(table.codes))
    found = (own @ table.used + parameters.prior * elsewhere) / (own.sum() + parameters.prior)
    return np.asarray(found, dtype=np.float64)


def scores(
    condition: str,
    regions: Sequence[str] = (),
    exclude_trials: Collection[str] = (),
    parameters: Parameters | None = None,
) -> Vector:
    """The score of every point, in the order of the atlas. `regions` empty: those usual in the condition."""
    custom = customary(condition, exclude_trials, parameters or tables().parameters)
    where = tuple(regions) or tables().usual_regions[condition]  # type: ignore[index]
    found = (custom + tables().floor) * (1 + tables().place * nearness(where)) * _told_apart(tuple(regions))
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
