"""Does the ranking find the points a trial used, when it has never seen that trial?

Leave one trial out: rank all points from the other trials, then see where the left-out trial's points stand.
`recall at k` is the share of the trial's points among the first k; `average precision` is the mean, over the
trial's points, of the precision at each one's rank. Where points tie, both are averaged over the orders of the
tie, so that no method gains from the order of a list. The parameters are fitted anew for each left-out trial on
the other trials only (nested), so that the figures judge the procedure and not its luck. A lead over a baseline
comes with a bootstrap interval over trials: with 4 to 19 trials a condition, most such intervals hold zero.

Trials of several causes at once teach, but are not asked: nobody's case is theirs.

The figures say how well custom is predicted. They say nothing about effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deqi.science.points.suggestions.model import Lists, Vector, lists, scores
from deqi.science.points.suggestions.tables import Parameters, tables

AT = (10, 15)
Result = tuple[float, float, float]  # recall at 10, recall at 15, average precision of one trial
RESAMPLES, SEED = 10_000, 20261128
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
class Difference:
    """Model minus baseline in one figure: mean over trials, 95 % bootstrap interval, trials better and worse."""

    mean: float
    ci95: tuple[float, float]
    better: int
    worse: int


@dataclass(frozen=True)
class Lead:
    """The lead of the nested model over one baseline: recall at 10, recall at 15, average precision."""

    over: str
    overall: tuple[Difference, ...]
    by_condition: Mapping[str, tuple[Difference, ...]]


@dataclass(frozen=True)
class Evaluation:
    """`plain`: each trial left out alone. `strict`: left out together with its twins (shared participants, or the
    same list in the same condition). `chosen`: parameters the whole data choose now; `stored`: those in use.
    `trials` were asked, `points` are their uses of a point; `taught` trials more only taught."""

    plain: tuple[Row, ...]
    strict: tuple[Row, ...]
    plain_leads: tuple[Lead, ...]
    strict_leads: tuple[Lead, ...]
    stored: Parameters
    chosen: Parameters
    points: int
    trials: int
    taught: int


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


def _left_out(ranker: Ranker, train_for: dict[int, list[int]]) -> list[Result]:
    used = lists().used
    return [expected(ranker(train, row), used[row]) for row, train in train_for.items()]


def _asked(table: Lists) -> list[int]:
    """Rows whose condition a case can have."""
    return [row for row, name in enumerate(table.conditions) if name in tables().usual_regions]


def _training(table: Lists, strict: bool, among: Sequence[int] | None = None) -> dict[int, list[int]]:
    """Row asked -> the rows it may learn from."""
    rows = range(len(table.ids)) if among is None else among
    found = {}
    for row in _asked(table):
        if row in rows:
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


def _nested(strict: bool) -> list[Result]:
    """The model with its parameters fitted anew, for every left-out trial, on the trials it may learn from."""
    used = lists().used
    results = []
    for row, train in _training(lists(), strict).items():
        results.append(expected(_model(fit(train, strict))(train, row), used[row]))
    return results


def _by_condition(results: Sequence[Result]) -> dict[str, list[Result]]:
    table = lists()
    conditions = [table.conditions[row] for row in _asked(table)]
    found: dict[str, list[Result]] = {name: [] for name in sorted(set(conditions))}
    for one, name in zip(results, conditions, strict=True):
        found[name].append(one)
    return found


def _row(method: str, results: Sequence[Result]) -> Row:
    groups = _by_condition(results)
    return Row(method, _figures(results), {name: _figures(group) for name, group in groups.items()})


def _figures(results: Sequence[Result]) -> Figures:
    means = np.mean(np.array(results), axis=0)
    return Figures(len(results), *(float(round(value, 3)) for value in means))


def _lead(over: str, model: Sequence[Result], baseline: Sequence[Result]) -> Lead:
    gaps: list[Result] = [
        (a[0] - b[0], a[1] - b[1], a[2] - b[2]) for a, b in zip(model, baseline, strict=True)
    ]
    groups = _by_condition(gaps)
    return Lead(over, _differences(gaps), {name: _differences(group) for name, group in groups.items()})


def _differences(gaps: Sequence[Result]) -> tuple[Difference, ...]:
    table = np.array(gaps)
    drawn = np.random.default_rng(SEED).integers(0, len(table), (RESAMPLES, len(table)))
    low, high = np.quantile(table[drawn].mean(axis=1), (0.025, 0.975), axis=0)
    return tuple(
        Difference(
            round(float(table[:, i].mean()), 3),
            (round(float(low[i]), 3), round(float(high[i]), 3)),
            int((table[:, i] > 1e-12).sum()),
            int((table[:, i] < -1e-12).sum()),
        )
        for i in range(table.shape[1])
    )


def evaluate() -> Evaluation:
    """The whole table. Takes some seconds: the nested fit tries every combination for every left-out trial."""
    table = lists()
    rows: dict[bool, tuple[Row, ...]] = {}
    leads: dict[bool, tuple[Lead, ...]] = {}
    for strict in (False, True):
        train_for = _training(table, strict)
        nested = _nested(strict)
        results = {
            "the model, fitted anew for each left-out trial": nested,
            "the model with its stored parameters": _left_out(_model(tables().parameters), train_for),
            "baseline: most frequent overall": _left_out(_overall, train_for),
            "baseline: most frequent in the condition": _left_out(_in_condition, train_for),
            "harder: in the condition, ties by overall": _left_out(_condition_then_overall, train_for),
        }
        rows[strict] = tuple(_row(method, found) for method, found in results.items())
        leads[strict] = tuple(
            _lead(method, nested, found)
            for method, found in results.items()
            if not method.startswith("the model")
        )
    asked = _asked(table)
    return Evaluation(
        plain=rows[False],
        strict=rows[True],
        plain_leads=leads[False],
        strict_leads=leads[True],
        stored=tables().parameters,
        chosen=fit(),
        points=int(table.used[asked].sum()),
        trials=len(asked),
        taught=len(table.ids) - len(asked),
    )


__all__ = ["Difference", "Evaluation", "Figures", "Lead", "Row", "evaluate", "expected", "fit"]
