"""The share of answers and its interval: by hand, and against simple samples."""

import pytest

from deqi.science.course.responding import share
from deqi.science.safety.rates import rate


def test_of_people_asked_once_it_is_wilsons_interval_but_for_the_ratio_variance():
    """Variance p(1-p)/(n-1) in place of p(1-p)/n: the effective number is n - 1, here 99."""
    found = share([(1, 1)] * 60 + [(1, 0)] * 40)
    assert found.effective == pytest.approx(99)
    assert (found.low, found.high) == pytest.approx(rate(60, 100).wilson, abs=0.002)


def test_by_hand_for_three_people():
    """p = 25/35; squared residuals 1, 16, 9, sum 26; variance 3/2*26/1225 = 0.031837; effective 6.41."""
    found = share([(14, 9), (14, 14), (7, 2)])
    assert (found.asked, found.answered, found.people) == (35, 25, 3)
    assert found.effective == pytest.approx((25 / 35) * (10 / 35) / (1.5 * 26 / 35**2))
    assert found.words() == "25 of 35 (71 %, 95 % interval 35 % to 92 %)"


def test_people_who_all_answer_alike_tell_as_much_as_there_are_people():
    assert share([(14, 14)] * 5).effective == 5
    assert share([(14, 14)] * 5).low == pytest.approx(rate(5, 5).wilson[0])
    assert share([(14, 7)]).effective == 1


def test_nothing_asked_is_no_share_and_more_answers_than_requests_are_refused():
    assert share([]).words() == "nothing asked" and share([(0, 0)]).estimate is None
    with pytest.raises(ValueError, match="more than was asked"):
        share([(2, 3)])
