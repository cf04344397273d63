"""Rates carry their denominator and intervals that agree with R."""

import pytest

from deqi.science.safety import MixedDenominators, pooled, published_rates, rate

# R 4.2: binom.test(x, n)$conf.int and prop.test(x, n, correct = FALSE)$conf.int, printed to ten digits
R = [
    (3, 6348, 9.746998225e-05, 0.001380480663, 0.0001607358999, 0.001388650823),
    (0, 255, 0, 0.01436206129, 0, 0.01484097191),
    (43, 31822, 0.0009780854721, 0.001819720212, 0.001003406212, 0.001819502931),
    (682, 6348, 0.09992058347, 0.1153130153, 0.1000537433, 0.1152919116),
    (10, 10, 0.6915028922, 1, 0.7224672001, 1),
    (1, 3974, 6.370842309e-06, 0.001401217834, 4.4421249e-05, 0.001424078409),
]


@pytest.mark.parametrize("events,denominator,low,high,wilson_low,wilson_high", R)
def test_both_intervals_agree_with_r(events, denominator, low, high, wilson_low, wilson_high):
    found = rate(events, denominator)
    assert found.exact == pytest.approx((low, high), rel=1e-8)
    assert found.wilson == pytest.approx((wilson_low, wilson_high), rel=1e-8, abs=1e-15)


def test_another_level_agrees_with_r():
    # binom.test(3, 6348, conf.level = 0.9)
    assert rate(3, 6348, level=0.9).exact == pytest.approx((0.0001288228747, 0.001220975712), rel=1e-8)


def test_the_rule_of_three_holds_for_no_events():
    """With none in n, the exact upper end is 1 - 0.025^(1/n), which is 1.4 % at 255."""
    assert rate(0, 255).exact[1] == pytest.approx(1 - 0.025 ** (1 / 255))


def test_rates_per_treatment_and_per_patient_never_mix():
    with pytest.raises(MixedDenominators, match="per patients and per treatments"):
        pooled([rate(1, 100, "treatments"), rate(1, 20, "patients")])
    assert pooled([rate(1, 100), rate(2, 200)]).denominator == 300


@pytest.mark.parametrize("events,denominator", [(-1, 10), (11, 10), (0, 0)])
def test_an_impossible_count_is_refused(events, denominator):
    with pytest.raises(ValueError, match="between 0 and the denominator"):
        rate(events, denominator)


def test_an_impossible_level_is_refused():
    with pytest.raises(ValueError, match="level"):
        rate(1, 10, level=95)


def test_every_published_rate_says_what_it_was_counted_in():
    assert len(published_rates()) == 32
    for one in published_rates():
        assert one.of is not None or one.rate is None, one.id


def test_published_figures_agree_with_their_own_counts():
    """What a page prints is its counts within rounding; the paper that prints 0.003 % for 1/3,974 is corrected."""
    checked = 0
    for one in published_rates():
        if one.counted and one.rate and not one.rate.as_quoted:
            assert one.rate.value / one.rate.per == pytest.approx(one.counted.estimate, rel=0.05), one.id
            checked += 1
    assert checked >= 5
