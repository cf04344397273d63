"""The evidence base: what trials of acupuncture for neuropathy found, how sure we are, and why.

Example:
    >>> from deqi.science import evidence
    >>> evidence.trials()["chung-2016"].n_randomized
    181
"""

from deqi.science.evidence.library import (
    bias_of,
    guidelines,
    mechanism_map,
    mechanisms,
    outside_default_pools,
    overlaps,
    problems,
    protocols,
    review_rows,
    reviews,
    risk_of_bias,
    trials,
)

__all__ = [
    "bias_of",
    "guidelines",
    "mechanism_map",
    "mechanisms",
    "outside_default_pools",
    "overlaps",
    "problems",
    "protocols",
    "review_rows",
    "reviews",
    "risk_of_bias",
    "trials",
]
