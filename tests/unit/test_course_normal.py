"""The quick normal distribution function is SciPy's."""

import numpy as np
import pytest
from scipy.special import ndtr

from deqi.science.course import normal


@pytest.mark.parametrize("shape", [(1,), (127,), (128,), (129,), (3, 7, 11)])
def test_the_quick_distribution_function_is_that_of_scipy_at_every_size(shape):
    z = np.linspace(-9, 9, int(np.prod(shape))).reshape(shape)
    reached, bell = normal.below_and_bell(z)
    assert reached.shape == shape
    assert reached == pytest.approx(ndtr(z), abs=1e-13)
    assert bell == pytest.approx(np.exp(-0.5 * z**2), abs=1e-15)


def test_far_out_it_says_nothing_and_all():
    assert normal.below(np.array([-1e3, -40.0, 40.0, 1e3])).tolist() == [0, 0, 1, 1]


def test_without_numba_scipy_answers(monkeypatch):
    z = np.linspace(-3, 3, 300)
    quick = normal.below(z)
    monkeypatch.setattr(normal, "HAVE_NUMBA", False)
    assert (normal.below(z) == ndtr(z)).all() and quick == pytest.approx(ndtr(z), abs=1e-14)
