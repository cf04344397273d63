"""The evidence base: what trials of acupuncture for neuropathy found, how sure we are, and why.

The shelves (trials, reviews, guidelines, mechanisms) are read on first use; the numerical half, with numpy and
scipy underneath, is imported only when a pool, an answer or a dose is asked for.

Example:
    >>> from deqi.science import evidence
    >>> evidence.trials()["chung-2016"].n_randomized
    181
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from deqi.science.evidence import library
from deqi.science.evidence.citations import bibtex, ris
from deqi.science.evidence.library import (
    bias_of,
    guidelines,
    mechanism_map,
    mechanisms,
    outside_default_pools,
    overlap_of,
    overlaps,
    protocols,
    review_rows,
    reviews,
    risk_of_bias,
    trials,
)
from deqi.science.evidence.schema import condition_for_case, condition_name
from deqi.science.knowledge import Problem

if TYPE_CHECKING:
    from deqi.science.evidence.answers import Answer, answer, answer_table, before_after, positions, published
    from deqi.science.evidence.dosing import Doses, doses
    from deqi.science.evidence.downloads import pool_csv, trial_row, trials_csv
    from deqi.science.evidence.pools import pool, pool_table
    from deqi.science.evidence.public_words import cited, public_page
    from deqi.science.evidence.result import PoolResult
    from deqi.science.evidence.tables import read_table

_LATER = {
    "Answer": "answers",
    "answer": "answers",
    "answer_table": "answers",
    "before_after": "answers",
    "positions": "answers",
    "published": "answers",
    "Doses": "dosing",
    "doses": "dosing",
    "pool_csv": "downloads",
    "trial_row": "downloads",
    "trials_csv": "downloads",
    "pool": "pools",
    "pool_table": "pools",
    "cited": "public_words",
    "public_page": "public_words",
    "PoolResult": "result",
    "read_table": "tables",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def problems() -> list[Problem]:
    """Everything wrong with the knowledge files of this package, each with its file."""
    from deqi.science.evidence.public_words import page_problems

    return library.problems() or page_problems()


__all__ = [
    "Answer",
    "Doses",
    "PoolResult",
    "answer",
    "answer_table",
    "before_after",
    "bias_of",
    "bibtex",
    "cited",
    "condition_for_case",
    "condition_name",
    "doses",
    "guidelines",
    "mechanism_map",
    "mechanisms",
    "outside_default_pools",
    "overlap_of",
    "overlaps",
    "pool",
    "pool_csv",
    "pool_table",
    "positions",
    "problems",
    "protocols",
    "public_page",
    "published",
    "read_table",
    "review_rows",
    "reviews",
    "ris",
    "risk_of_bias",
    "trial_row",
    "trials",
    "trials_csv",
]
