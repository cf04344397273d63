"""Flat tables of trials and pools, for listing and for taking out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from deqi.science.evidence.library import outside_default_pools
from deqi.science.evidence.result import PoolResult
from deqi.science.evidence.schema import Trial

TRIAL_COLUMNS = (
    "id", "label", "year", "condition", "design", "question", "scope", "n_randomized", "arms", "sessions",
    "weeks", "conclusion", "read", "in_default_pools", "outside_because", "doi", "source_url",
)  # fmt: skip
STUDY_COLUMNS = (
    "id", "label", "year", "comparator", "n", "measure", "estimate", "se", "ci95_low", "ci95_high",
    "weight_pct", "computed_from", "where", "url", "read",
)  # fmt: skip


def trial_row(trial: Trial) -> dict[str, Any]:
    """One flat row of a trial; the dose is that of its first needled arm."""
    reasons = outside_default_pools(trial)
    dose = next((arm.stricta for arm in trial.arms if arm.needled and arm.stricta), None)
    return {
        "id": trial.id,
        "label": trial.label,
        "year": trial.year,
        "condition": trial.condition,
        "design": trial.design,
        "question": trial.question,
        "scope": trial.scope,
        "n_randomized": trial.n_randomized,
        "arms": " vs ".join(arm.id for arm in trial.arms),
        "sessions": dose.sessions if dose else None,
        "weeks": dose.weeks if dose else None,
        "conclusion": trial.conclusion,
        "read": trial.read,
        "in_default_pools": not reasons,
        "outside_because": "; ".join(reasons),
        "doi": trial.doi,
        "source_url": trial.source_url,
    }


def trials_csv(trials: Iterable[Trial]) -> str:
    """Trials as CSV with a header, one a line."""
    return _csv(TRIAL_COLUMNS, (trial_row(trial) for trial in trials))


def pool_csv(result: PoolResult) -> str:
    """The studies of a pool as CSV with a header: the effect of each and the trail of its number."""
    rows = (
        {
            "id": s.id, "label": s.label, "year": s.year, "comparator": s.comparator, "n": s.n,
            "measure": result.measure, "estimate": s.estimate, "se": s.se, "ci95_low": s.ci95[0],
            "ci95_high": s.ci95[1], "weight_pct": s.weight_pct, "computed_from": " | ".join(s.computed_from),
            "where": s.source.get("where"), "url": s.source.get("url"), "read": s.source.get("read"),
        }
        for s in result.studies
    )  # fmt: skip
    return _csv(STUDY_COLUMNS, rows)


def _csv(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
