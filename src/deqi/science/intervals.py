"""Intervals of a share that more than one part of the science uses.

Method: the score interval of Wilson (1927, doi 10.1080/01621459.1927.10502953).

Example:
    >>> low, high = wilson(0.6, 100, 0.95)
    >>> f"{low:.3f} to {high:.3f}"
    '0.502 to 0.691'
"""

from __future__ import annotations


def wilson(share: float, number: float, level: float) -> tuple[float, float]:
    """Lower and upper end for a `share` (0-1) of `number`, which may be an effective one; `level` such as 0.95."""
    from statistics import NormalDist  # here, so that screening does not wait for it

    z = NormalDist().inv_cdf(1 - (1 - level) / 2)
    centre = share + z * z / (2 * number)
    half = z * ((share * (1 - share) + z * z / (4 * number)) / number) ** 0.5
    scale = 1 + z * z / number
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
