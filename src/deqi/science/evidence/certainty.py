"""How sure can we be? GRADE's four words, and the reason for each step down.

Randomised trials start at high. Each rule below may take one or two steps; the rules are fixed here, so that
two readers of the same records reach the same word. Source of the domains: Guyatt et al, BMJ 2008;336:924.
The cut-offs (400 patients, 300 events, I2 50 % and 75 %) are the ones commonly used with it. Indirectness to
one clinic's own patients is left to the reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deqi.science.evidence.contrasts import Contrast
from deqi.science.evidence.library import bias_of
from deqi.science.evidence.pooling import Fit
from deqi.science.evidence.pooling.asymmetry import Egger
from deqi.science.evidence.shelf import Certainty as Level

LEVELS: tuple[Level, ...] = ("high", "moderate", "low", "very low")
ENOUGH_PATIENTS = 400
ENOUGH_EVENTS = 300
FELT_BY_THE_PATIENT = frozenset(
    {"pain", "numbness_tingling", "sensory_symptoms", "quality_of_life", "global_response", "sleep", "mood", "function"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StepDown:
    """One reason, and how many levels it costs (0: noted, no cost)."""

    domain: str
    levels: int
    reason: str


@dataclass(frozen=True, slots=True)
class Certainty:
    """`level` None means that it was not rated; `reasons` say why."""

    level: Level | None
    steps: tuple[StepDown, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(
            f"{s.domain}: {s.reason}" + (f" (down {s.levels})" if s.levels else "") for s in self.steps
        )


NOT_RATED = Certainty(
    None, (StepDown("not rated", 0, "a table of numbers says nothing of how the studies were done"),)
)


def nothing_found() -> Certainty:
    """Certainty when no trial gave usable figures."""
    return Certainty("very low", (StepDown("no evidence", 0, "no trial gave figures that could be used"),))


def grade(
    contrasts: Sequence[Contrast], fit: Fit, *, unusable: int, any_comparator: bool, egger: Egger | None
) -> Certainty:
    """Certainty of a pool of trials. `unusable`: trials that measured this but whose figures were not read."""
    steps = [
        *_bias(contrasts, fit.weights_pct),
        *_inconsistency(fit),
        *_imprecision(contrasts, fit),
        *_missing(len(contrasts), unusable, egger),
    ]
    mixed = ["comparators"] if any_comparator and len({c.comparator for c in contrasts}) > 1 else []
    mixed += ["conditions"] if len({c.trial.condition for c in contrasts}) > 1 else []
    if mixed:
        said = f"different {' and '.join(mixed)} answer different questions"
        steps.append(StepDown("indirectness", len(mixed), said))
    down = sum(step.levels for step in steps)
    return Certainty(LEVELS[min(down, 3)], tuple(steps))


def _bias(contrasts: Sequence[Contrast], weights: Sequence[float]) -> list[StepDown]:
    steps: list[StepDown] = []
    open_weight = sum(w for c, w in zip(contrasts, weights, strict=True) if not _patient_blind(c))
    felt = contrasts[0].outcome.domain in FELT_BY_THE_PATIENT
    if open_weight > 50 and felt:
        steps.append(
            StepDown("risk of bias", 1, "patients knew what they received and rated the outcome themselves")
        )
    unjudged = sum(w for c, w in zip(contrasts, weights, strict=True) if not _judged_low(c))
    if unjudged > 50:
        steps.append(
            StepDown(
                "risk of bias",
                1,
                "for most of the weight no judgement of low risk was read; most trials were read as abstracts",
            )
        )
    return steps


def _patient_blind(contrast: Contrast) -> bool:
    return contrast.comparator == "sham" and contrast.trial.blinding in ("patient", "double", None)


def _judged_low(contrast: Contrast) -> bool:
    """A review judged sequence and concealment low and nothing high."""
    judgements = bias_of(contrast.trial.id)
    return any(
        j.domains.get("sequence_generation") == "low"
        and j.domains.get("allocation_concealment") == "low"
        and "high" not in j.domains.values()
        for j in judgements
    )


def _inconsistency(fit: Fit) -> list[StepDown]:
    if fit.k == 1:
        return [StepDown("inconsistency", 0, "one trial: whether others would agree is unknown")]
    if fit.i2 is None or fit.i2 < 50:
        return []
    said = f"results differ more than chance (I2 {fit.i2:.0f} %)"
    return [StepDown("inconsistency", 2 if fit.i2 >= 75 and fit.q_p < 0.05 else 1, said)]


def _imprecision(contrasts: Sequence[Contrast], fit: Fit) -> list[StepDown]:
    low, high = fit.ci95
    spans = low <= 0 <= high
    patients = sum((c.effect.n1 or 0) + (c.effect.n2 or 0) for c in contrasts)
    few = patients < ENOUGH_PATIENTS
    if spans and patients < 100:
        return [
            StepDown(
                "imprecision", 2, f"the interval holds both benefit and none, from {patients:.0f} patients"
            )
        ]
    if spans:
        return [StepDown("imprecision", 1, "the interval holds both benefit and none")]
    if few:
        return [StepDown("imprecision", 1, f"{patients:.0f} patients, fewer than {ENOUGH_PATIENTS}")]
    return []


def _missing(k: int, unusable: int, egger: Egger | None) -> list[StepDown]:
    steps: list[StepDown] = []
    if unusable > k:
        steps.append(
            StepDown(
                "missing results",
                1,
                f"{unusable} trials measured this without figures we could read, {k} with",
            )
        )
    if egger is not None and k >= 10 and egger.p < 0.1:
        steps.append(
            StepDown("publication bias", 1, f"small trials show larger effects (Egger p {egger.p:.3f})")
        )
    return steps
