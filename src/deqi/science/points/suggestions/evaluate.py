"""Does the ranking find the points a trial used, when it has never seen that trial?

Leave one trial out: rank all points from the other trials, then see where the left-out trial's points stand.
`recall at k` is the share of the trial's points among the first k; `average precision` is the mean, over the
trial's points, of the precision at each one's rank. Where points tie, both are averaged over the orders of the
tie, so that no method gains from the order of a list. The parameters are fitted anew for each left-out trial on
the other trials only (nested), so that the figures judge the procedure and not its luck.

The figures say how well custom is predicted. They say nothing about effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deqi.science.points.suggestions.model import Lists, Vector, lists, scores
from deqi.science.points.suggestions.tables import Parameters, tables

AT = (10, 15)
Ranker = Callable[[Sequence[int], int], Vector]


@dataclass(frozen=True)
class Figures:
    """One method on one set of trials: means over the trials."""

    trials: int
    recall_at_10: float
    recall_at_15: float
    average_precision: float


@dataclass(frozen=True)
class Row:
    """One method: overall and by condition."""

    method: str
    overall: Figures
    by_condition: Mapping[str, Figures]


@dataclass(frozen=True)
class Evaluation:
    """`plain`: each trial left out alone. `strict`: left out together with its twins (shared participants, or the
    same list in the same condition). `chosen`: parameters the whole data choose now; `stored`: those in use."""

    plain: tuple[Row, ...]
    strict: tuple[Row, ...]
    stored: Parameters
    chosen: Parameters
    points: int
    trials: int


def expected(found: Vector, truth: Vector) -> tuple[float, float, float]:
    """Recall at 10 and 15 and average precision of scores `found` for the points marked in `truth`.

    Example: found [3, 2, 1], truth [0, 1, 0] -> recall 1, 1 and average precision 0.5.
    """
    count = float(truth.sum())
    recalls = [_recall(found, truth, k) / count for k in AT]
    return recalls[0], recalls[1], _average_precision(found, truth) / count


def _recall(found: Vector, truth: Vector, k: int) -> float:
    if k >= len(found):
        return float(truth.sum())
    cut = np.partition(found, -k)[-k]
    above, tied = found > cut, found == cut
    slots = k - above.sum()
    return float(truth[above].sum() + truth[tied].sum() * slots / tied.sum())


def _average_precision(found: Vector, truth: Vector) -> float:
    """Sum over true points of the expected precision at their rank; exact under random order within ties."""
    total = before = hits = 0.0
    for level in np.unique(found)[::-1]:
        tied = found == level
        size, true = int(tied.sum()), float(truth[tied].sum())
        if true:
            places = np.arange(1, size + 1)
            others = (true - 1) * (places - 1) / (size - 1) if size > 1 else np.zeros(1)
            total += true / size * float(((hits + 1 + others) / (before + places)).sum())
        before += size
        hits += true
    return total


def _model(parameters: Parameters) -> Ranker:
    """The model as a ranker over rows of the matrix; the case names no region, so those usual in the condition count."""
    table = lists()

    def ranked(train: Sequence[int], row: int) -> Vector:
        left_out = frozenset(table.ids) - {table.ids[other] for other in train}
        return scores(table.conditions[row], (), left_out, parameters)

    return ranked


def _overall(train: Sequence[int], row: int) -> Vector:
    return np.asarray(lists().used[list(train)].sum(axis=0))


def _in_condition(train: Sequence[int], row: int) -> Vector:
    conditions = lists().conditions
    return np.asarray(
        lists().used[[other for other in train if conditions[other] == conditions[row]]].sum(axis=0)
    )


def _condition_then_overall(train: Sequence[int], row: int) -> Vector:
    return _in_condition(train, row) + 1e-3 * _overall(train, row)


def _left_out(ranker: Ranker, train_for: dict[int, list[int]]) -> list[tuple[float, float, float]]:
    used = lists().used
    return [expected(ranker(train, row), used[row]) for row, train in train_for.items()]


def _training(table: Lists, strict: bool, among: Sequence[int] | None = None) -> dict[int, list[int]]:
    """Row -> the rows it may learn from."""
    rows = range(len(table.ids)) if among is None else among
    found = {}
    for row in rows:
        away = table.twins(table.ids[row]) if strict else {table.ids[row]}
        found[row] = [other for other in rows if table.ids[other] not in away]
    return found


def fit(rows: Sequence[int] | None = None, strict: bool = False) -> Parameters:
    """The parameters under which the left-out lists among `rows` are least surprising.

    Criterion: the mean log share of the total score that falls on each point of a left-out trial (a likelihood).
    """
    train_for = _training(lists(), strict, rows)
    return max(tables().tried(), key=lambda parameters: _log_share(_model(parameters), train_for))


def _log_share(ranker: Ranker, train_for: dict[int, list[int]]) -> float:
    total = 0.0
    for row, train in train_for.items():
        found = ranker(train, row)
        total += float(np.log(found / found.sum())[lists().used[row] > 0].mean())
    return total


def _nested(strict: bool) -> list[tuple[float, float, float]]:
    """The model with its parameters fitted anew, for every left-out trial, on the trials it may learn from."""
    used = lists().used
    results = []
    for row, train in _training(lists(), strict).items():
        results.append(expected(_model(fit(train, strict))(train, row), used[row]))
    return results


def _row(method: str, results: Sequence[tuple[float, float, float]]) -> Row:
    conditions = lists().conditions
    by_condition: dict[str, Figures] = {
        name: _figures([one for one, here in zip(results, conditions, strict=True) if here == name])
        for name in sorted(set(conditions))
    }
    return Row(method, _figures(results), by_condition)


def _figures(results: Sequence[tuple[float, float, float]]) -> Figures:
    means = np.mean(np.array(results), axis=0)
    return Figures(len(results), *(float(round(value, 3)) for value in means))


def evaluate() -> Evaluation:
    """The whole table. Takes some seconds: the nested fit tries every combination for every left-out trial."""
    tables_by_kind = {}
    for strict in (False, True):
        train_for = _training(lists(), strict)
        tables_by_kind[strict] = (
            _row("the model, fitted anew for each left-out trial", _nested(strict)),
            _row("the model with its stored parameters", _left_out(_model(tables().parameters), train_for)),
            _row("baseline: most frequent overall", _left_out(_overall, train_for)),
            _row("baseline: most frequent in the condition", _left_out(_in_condition, train_for)),
            _row("harder: in the condition, ties by overall", _left_out(_condition_then_overall, train_for)),
        )
    return Evaluation(
        plain=tables_by_kind[False],
        strict=tables_by_kind[True],
        stored=tables().parameters,
        chosen=fit(),
        points=int(lists().used.sum()),
        trials=len(lists().ids),
    )


__all__ = ["Evaluation", "Figures", "Row", "evaluate", "expected", "fit"]
