"""The evidence base: what trials of acupuncture for neuropathy found, how sure we are, and why.

Example:
    >>> from deqi.science import evidence
    >>> evidence.trials()["chung-2016"].n_randomized
    181
"""

from deqi.science.evidence import library
from deqi.science.evidence.answers import Answer, answer, answer_table, before_after, positions, published
from deqi.science.evidence.citations import bibtex, ris
from deqi.science.evidence.doses import Doses, doses
from deqi.science.evidence.library import (
    bias_of,
    guidelines,
    mechanism_map,
    mechanisms,
    outside_default_pools,
    overlaps,
    protocols,
    review_rows,
    reviews,
    risk_of_bias,
    trials,
)
from deqi.science.evidence.pool import pool, pool_table
from deqi.science.evidence.public_page import cited, page_problems, public_page
from deqi.science.evidence.result import PoolResult
from deqi.science.evidence.tables import read_table
from deqi.science.knowledge import Problem


def problems() -> list[Problem]:
    """Everything wrong with the knowledge files of this package, each with its file."""
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
    "doses",
    "guidelines",
    "mechanism_map",
    "mechanisms",
    "outside_default_pools",
    "overlaps",
    "pool",
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
    "trials",
]
