"""The result of a pool: an answer with its interval, its studies and the trail of each number."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from deqi.science.evidence.certainty import Certainty
from deqi.science.evidence.effects import RATIOS, Measure
from deqi.science.evidence.pooling import Fit
from deqi.science.evidence.pooling.asymmetry import Egger
from deqi.science.evidence.pooling.moments import Vector

Favours = Literal["negative", "positive"]
_PLURAL = frozenset({"numbness and tingling", "sensory symptoms", "strength and movement", "other outcomes"})


@dataclass(frozen=True, slots=True)
class StudyLine:
    """One study of a pool, with the trail of its number."""

    id: str
    label: str
    estimate: float
    se: float
    ci95: tuple[float, float]
    weight_pct: float
    n: float | None
    computed_from: tuple[str, ...]
    source: dict[str, str]
    comparator: str | None = None
    year: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "estimate": self.estimate,
            "se": self.se,
            "ci95": list(self.ci95),
            "weight_pct": self.weight_pct,
            "computed_from": list(self.computed_from),
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A trial of the condition that is not in the pool, and why.

    `measured`: it measured this domain. `silent`: it belongs here by its design and comparator too, but the
    figures that were read cannot be used.
    """

    id: str
    label: str
    reason: str
    conclusion: str
    measured: bool
    silent: bool = False


@dataclass(frozen=True, slots=True)
class PoolResult:
    """A pooled answer. Ratios are on the natural-log scale; `on_reading_scale` takes them back."""

    measure: Measure
    estimator: str
    test: str
    k: int
    n: float | None
    estimate: float | None
    se: float | None
    ci95: tuple[float, float] | None
    pi95: tuple[float, float] | None
    tau2: float | None
    tau2_ci95: tuple[float, float] | None
    i2: float | None
    h2: float | None
    q: float | None
    q_df: int | None
    q_p: float | None
    p: float | None
    certainty: Certainty
    studies: tuple[StudyLine, ...]
    warnings: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    favours: Favours | None = None
    egger: Egger | None = None
    words: str = ""

    def to_json(self) -> dict[str, Any]:
        """The stable form: exactly the keys that scripts rely on."""
        pair = {name: getattr(self, name) for name in ("ci95", "pi95", "tau2_ci95")}
        return {
            "measure": self.measure, "estimator": self.estimator, "test": self.test, "k": self.k,
            "n": None if self.n is None else round(self.n), "estimate": self.estimate, "se": self.se,
            "ci95": _listed(pair["ci95"]), "pi95": _listed(pair["pi95"]), "tau2": self.tau2,
            "tau2_ci95": _listed(pair["tau2_ci95"]), "i2": self.i2, "h2": self.h2, "q": self.q,
            "q_df": self.q_df, "q_p": self.q_p,
            "certainty": {"level": self.certainty.level, "reasons": list(self.certainty.reasons)},
            "studies": [study.to_json() for study in self.studies], "warnings": list(self.warnings),
        }  # fmt: skip

    @property
    def input_hash(self) -> str:
        """Fingerprint of the numbers that went in, to tell whether two results rest on the same data."""
        rows = [[s.id, repr(s.estimate), repr(s.se)] for s in self.studies]
        text = json.dumps([self.measure, self.estimator, self.test, rows])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def silent(self) -> tuple[LeftOut, ...]:
        """Trials that answer this question but printed no usable figures where they were read."""
        return tuple(x for x in self.left_out if x.silent)

    def on_reading_scale(self, value: float) -> float:
        """A ratio from its logarithm; anything else as it is."""
        return math.exp(value) if self.measure in RATIOS else value

    def vectors(self) -> tuple[Vector, Vector]:
        """Effects and sampling variances, for further analysis."""
        return np.array([s.estimate for s in self.studies]), np.array([s.se**2 for s in self.studies])


def _listed(pair: tuple[float, float] | None) -> list[float] | None:
    return None if pair is None else list(pair)


def in_words(
    measure: Measure,
    fitted: Fit,
    favours: Favours | None,
    people: int | None,
    what: str,
) -> str:
    """One plain sentence about a pool, without a claim about any one patient."""
    back = math.exp if measure in RATIOS else float
    low, high = (back(x) for x in fitted.ci95)
    basis = f"{fitted.k} trial{'s' if fitted.k > 1 else ''}" + (f", {people} people" if people else "")
    numbers = f"{measure} {back(fitted.estimate):.2f} (95% interval {low:.2f} to {high:.2f})"
    if favours is None:
        return f"{basis}: {numbers}."
    inside = fitted.ci95[0] <= 0 <= fitted.ci95[1]
    if inside:
        return f"{basis}: no clear difference in {what}; {numbers} is compatible with benefit and with none."
    good = (fitted.estimate > 0) == (favours == "positive")
    side = "better" if good else "worse"
    verb = "were" if what in _PLURAL else "was"
    return f"{basis}: {what} {verb} {side} on average with acupuncture; {numbers}."
