"""Questions asked of a pool afterwards keep their labels and say what they cannot answer."""

import numpy as np
import pytest

from deqi.science import evidence
from deqi.science.evidence import explore
from deqi.science.evidence.pooling import CannotPool
from deqi.science.evidence.pooling.bayes import fit_bayes

PAIN = evidence.pool("any", "pain", "any")


def test_leaving_a_study_out_is_the_pool_that_excludes_it():
    for row in explore.without_each(PAIN):
        again = evidence.pool("any", "pain", "any", exclude=[row.id])
        assert row.refit.estimate == pytest.approx(again.estimate, abs=1e-12)
        assert row.refit.ci95 == pytest.approx(again.ci95, abs=1e-12)


def test_the_pool_over_time_ends_at_the_whole_pool():
    rows = explore.over_time(PAIN)
    assert [r.year for r in rows] == sorted(r.year for r in rows)
    assert rows[-1].refit.estimate == pytest.approx(PAIN.estimate, abs=1e-12)


def test_groups_by_comparator_hold_the_pools_of_each_comparator():
    groups = explore.by_group(PAIN, "comparator").groups
    for name in ("usual_care", "waitlist"):
        own = evidence.pool("any", "pain", name)
        assert groups[name].estimate == pytest.approx(own.estimate, abs=1e-12)


def test_risk_of_bias_is_not_judged_unless_a_judgement_was_read():
    assert explore.group_of("lu-2020", "risk_of_bias") == "not judged"
    assert explore.group_of("maeda-2013", "risk_of_bias") == "high"
    assert explore.group_of("wang-2006", "risk_of_bias") == "unclear"


def test_a_regression_leaves_out_trials_that_printed_no_number():
    fitted = explore.by_number(PAIN, ["sessions"])
    told = [s.id for s in PAIN.studies if explore.number_of(s.id, "sessions") is not None]
    assert fitted.fit.k == len(told) < PAIN.k
    assert "ten or more" in fitted.warnings[0]


def test_the_choice_of_estimator_can_be_seen():
    every = explore.with_other_estimators(PAIN)
    assert every["REML"][0] == pytest.approx(PAIN.estimate, abs=1e-12)
    assert every["FE"][1][1] - every["FE"][1][0] < every["REML"][1][1] - every["REML"][1][0]


def test_a_pool_of_counts_or_a_posterior_is_not_refitted_as_if_it_were_another():
    with pytest.raises(CannotPool, match="not Bayes"):
        explore.without_each(evidence.pool("any", "pain", "any", estimator="Bayes"))


def test_two_studies_have_no_funnel():
    slope, filled, notes = explore.small_study_effects(evidence.pool("dpn", "pain", "sham"))
    assert slope is None and filled is None
    assert "fewer than three" in notes[0]


def test_the_posterior_agrees_with_a_plain_grid():
    from scipy.stats import norm

    y, v, scale = np.array([-1.42, -0.16, -0.5]), np.array([0.13, 0.09, 0.05]), 0.5
    tau, mean = np.linspace(0, 3, 601) + 2.5e-3, np.linspace(-5, 4, 1501)
    spread = np.sqrt(v[:, None] + tau**2)
    log = sum(norm.logpdf(y[i], mean[None, :], spread[i][:, None]) for i in range(3))
    log -= 0.5 * (tau[:, None] / scale) ** 2
    weight = np.exp(log - log.max())
    by_mean, by_tau = weight.sum(0) / weight.sum(), weight.sum(1) / weight.sum()
    got = fit_bayes(y, v, prior_scale=scale)
    assert got.estimate == pytest.approx(float(by_mean @ mean), abs=2e-3)
    middle = (by_mean.cumsum() - by_mean / 2, by_tau.cumsum() - by_tau / 2)
    assert got.ci95 == pytest.approx(np.interp([0.025, 0.975], middle[0], mean), abs=5e-3)
    assert got.tau_median == pytest.approx(np.interp(0.5, middle[1], tau), abs=5e-3)


def test_a_prior_that_allows_no_spread_gives_the_fixed_effect():
    y, v = np.array([0.1, 0.4, 0.2]), np.array([0.02, 0.03, 0.05])
    fixed = float((y / v).sum() / (1 / v).sum())
    assert fit_bayes(y, v, prior_scale=1e-6).estimate == pytest.approx(fixed, abs=1e-8)
