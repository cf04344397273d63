"""The tilt of the nodes: a quadratic that would leave too little of a precision is halved until it does not."""

from dataclasses import replace

import numpy as np
import pytest

from deqi.science.course.correction import TERMS, Tilt, tilted

PLAIN = Tilt(
    centre=np.zeros(TERMS),
    scale=np.ones(TERMS),
    linear=np.full(TERMS, 0.1),
    quadratic=np.zeros((TERMS, TERMS)),
    by_score=np.zeros(6),
    score_centre=np.zeros(6),
    error=0.0,
)


def nodes_tilted(size):
    """Three nodes of variance 1 in every term, tilted by `size` / 2 times the sum of squares."""
    tilt = replace(PLAIN, quadratic=size * np.eye(TERMS))
    mean = np.arange(3 * TERMS).reshape(3, TERMS) / 10
    cov = np.broadcast_to(np.eye(TERMS), (3, TERMS, TERMS))
    return tilted(tilt, cov, np.zeros((3, 6)), mean, cov)


@pytest.mark.parametrize("halvings", [1, 5, 6])
def test_a_halved_quadratic_gives_what_half_of_it_gives(halvings):
    """0.5 leaves half of a precision, enough; 1 leaves none. The sixth halving is the last one."""
    for found, wanted in zip(nodes_tilted(0.5 * 2**halvings), nodes_tilted(0.5), strict=True):
        assert found == pytest.approx(wanted)
    assert nodes_tilted(0.5)[2][0] == pytest.approx(2 * np.eye(TERMS))  # variance 1 / (1 - 0.5)
