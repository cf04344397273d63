"""Effects worked by hand, or from the worked examples of the sources the functions name."""

import math

import pytest

from deqi.science.evidence import effects as e
from deqi.science.evidence.contrasts import Options, contrasts
from deqi.science.evidence.library import trials


def test_the_exact_correction_is_hedges_gamma_ratio():
    # df 2: gamma(1) / (root(1) x gamma(1/2)) = 1 / root(pi)
    assert e.hedges_correction(2) == pytest.approx(1 / math.sqrt(math.pi), abs=1e-12)
    assert e.hedges_correction(10) == pytest.approx(0.9227, abs=1e-4)


def test_a_standardised_difference_is_the_difference_over_the_pooled_sd():
    effect = e.from_means(e.Group(20, 10, 2), e.Group(20, 9, 2), "SMD")
    assert effect.estimate == pytest.approx(0.5 * e.hedges_correction(38), abs=1e-12)
    assert effect.variance == pytest.approx(1 / 10 + effect.estimate**2 / 80, abs=1e-12)


def test_an_empty_cell_gets_half_a_case_in_each_of_the_four():
    effect = e.binary_effect(e.Counts(0, 10, 3, 10), "OR")
    assert effect.estimate == pytest.approx(math.log((0.5 / 10.5) / (3.5 / 7.5)), abs=1e-12)
    assert "0.5 added" in effect.steps[0]


def test_se_and_interval_give_back_the_sd_they_came_from():
    assert e.sd_from_se(0.5, 16)[0] == pytest.approx(2.0)
    half = 2.131449546 * 2.0 / 4.0  # t of 15 degrees of freedom, n 16, SD 2
    assert e.sd_from_ci(10 - half, 10 + half, 16)[0] == pytest.approx(2.0, abs=1e-6)


def test_arms_taken_together_have_the_sd_of_all_patients():
    # 1, 2, 3 and 5, 6, 7 as one group: mean 4, SD root(28/5)
    both = e.combined([e.Group(3, 2, 1), e.Group(3, 6, 1)])
    assert (both.n, both.mean) == (6, 4)
    assert both.sd == pytest.approx(math.sqrt(28 / 5), abs=1e-12)


def test_a_p_value_and_the_interval_of_one_t_test_give_one_effect():
    n1, n2, md, sd = 30, 25, -1.2, 2.5
    se = sd * math.sqrt(1 / n1 + 1 / n2)
    from scipy.stats import t

    p = 2 * t.sf(abs(md) / se, n1 + n2 - 2)
    half = t.isf(0.025, n1 + n2 - 2) * se
    by_p = e.smd_from_difference(e.difference_from_p(md, p, n1, n2))
    by_interval = e.smd_from_difference(e.from_interval("MD", md, md - half, md + half, n1, n2))
    alone = e.smd_from_p(p, n1, n2, -1)
    direct = e.from_means(e.Group(n1, md, sd), e.Group(n2, 0, sd), "SMD")
    for effect in (by_p, by_interval, alone):
        assert effect.estimate == pytest.approx(direct.estimate, abs=1e-9)
        assert effect.variance == pytest.approx(direct.variance, abs=1e-9)


def test_a_shared_comparator_is_never_counted_twice():
    one, two, shared = e.Group(30, 46.87, 5.57), e.Group(30, 45.48, 4.92), e.Group(30, 43.15, 5.24)
    own = shared.sd**2 / shared.n
    together = e.correlated([e.from_means(one, shared, "MD"), e.from_means(two, shared, "MD")], shared.n, own)
    # By hand: the variance of the best mix of the two arms, plus that of the comparator once.
    a, b = one.sd**2 / one.n, two.sd**2 / two.n
    mix = (one.mean / a + two.mean / b) / (1 / a + 1 / b)
    assert together.estimate == pytest.approx(mix - shared.mean, abs=1e-12)
    assert together.variance == pytest.approx(1 / (1 / a + 1 / b) + own, abs=1e-12)


def test_a_crossover_without_correlation_is_as_wide_as_two_groups():
    one, two = e.Group(50, 2.5, 0.8), e.Group(50, 6.3, 1.1)
    paired = e.crossover(one, two, 0.0, "MD")
    assert paired.variance == pytest.approx(e.from_means(one, two, "MD").variance, abs=1e-12)
    assert e.crossover(one, two, 0.5, "MD").variance < paired.variance


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: e.Group(10, 1, 0), "SD 0 is not above 0"),
        (lambda: e.Counts(11, 10, 1, 10), "11 events of 10"),
        (lambda: e.from_interval("OR", 0, -1, 2, None, None), "above 0"),
        (lambda: e.from_means(e.Group(9, -1, 1), e.Group(9, 1, 1), "ROM"), "one sign"),
        (lambda: e.smd_from_p(0.0, 10, 10, 1), "does not fix"),
    ],
)
def test_impossible_figures_are_refused(make, message):
    with pytest.raises(e.NotUsable, match=message):
        make()


def test_a_reader_can_follow_a_number_back_to_the_table():
    [contrast] = contrasts(trials()["chung-2016"], "pain", "usual_care")
    trail = " | ".join(contrast.effect.steps)
    assert "Table 2 (change)" in trail
    assert "ea_splint: n 85, change -1.22 (SD 2.64)" in trail
    assert "splint: n 89, change -0.61 (SD 2.9)" in trail
    assert "the source's own comparison: MD -0.7, 95% interval -1.34 to -0.06, p 0.03" in trail
    # (1.22 - 0.61) over the pooled SD of 2.64 and 2.90, corrected for 172 degrees of freedom
    pooled = math.sqrt((84 * 2.64**2 + 88 * 2.9**2) / 172)
    assert contrast.effect.estimate == pytest.approx(-0.61 / pooled * e.hedges_correction(172), abs=1e-12)


def test_an_instrument_scored_upwards_is_turned_and_says_so():
    [contrast] = contrasts(trials()["lu-2020"], "numbness_tingling", "waitlist")
    assert contrast.effect.estimate < 0
    assert any("sign turned: on FACT-NTX" in step for step in contrast.effect.steps)


def test_split_arms_share_out_the_comparator():
    parts = contrasts(trials()["jiang-2006"], "nerve_conduction", "drug", Options("MD", "split"))
    assert [c.id for c in parts] == ["jiang-2006/wrist_ankle", "jiang-2006/body"]
    assert [c.effect.n2 for c in parts] == [15, 15]


def test_a_preferred_group_is_never_pooled_as_if_randomised():
    with pytest.raises(e.NotUsable, match="no randomised usual care arm"):
        contrasts(trials()["ben-arye-2022"], "quality_of_life", "usual_care")
