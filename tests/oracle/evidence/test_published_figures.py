"""Our arithmetic on a trial's printed figures against what the trial or a review printed for it."""

import math

import pytest

from deqi.science import evidence
from deqi.science.evidence.contrasts import Options, contrasts
from deqi.science.evidence.effects import Counts, Group, binary_effect, from_means
from deqi.science.evidence.pooling.sparse import mantel_haenszel, peto


def interval(effect):
    return tuple(math.exp(x) for x in effect.ci95())


def test_garrow_2014_gives_the_difference_that_cochrane_prints():
    # Ju et al 2017 (CD012057): MD -0.40, 95 % interval -1.83 to 1.03
    [row] = next(c for c in evidence.review_rows().comparisons if c.review == "ju-2017").rows
    effect = from_means(Group(row.n1, row.mean1, row.sd1), Group(row.n2, row.mean2, row.sd2), "MD")
    assert effect.estimate == pytest.approx(-0.40, abs=0.005)
    assert effect.ci95() == pytest.approx((-1.83, 1.03), abs=0.005)


def test_stringer_2022_counts_stand_by_the_adjusted_odds_ratio_of_the_paper():
    # adjusted odds ratio 4.3, 95 % interval 1.9 to 9.6; ours is from the counts, without adjustment
    effect = binary_effect(Counts(36, 53, 18, 55), "OR")
    assert math.exp(effect.estimate) == pytest.approx(4.3, abs=0.1)
    assert interval(effect) == pytest.approx((1.9, 9.6), abs=0.15)


def test_yang_2011_keeps_the_risk_ratio_of_the_cochrane_review():
    [made] = contrasts(evidence.trials()["yang-2011"], "global_response", "drug", Options("RR"))
    assert math.exp(made.effect.estimate) == pytest.approx(1.73, abs=1e-12)
    assert interval(made.effect) == pytest.approx((1.22, 2.45), abs=0.01)


def test_chung_2016_change_scores_give_intervals_the_paper_prints():
    # Table 2: NRS pain at week 17, within-arm intervals -1.79 to -0.65 and -1.22 to 0.00
    from scipy.stats import t

    trial = evidence.trials()["chung-2016"]
    [outcome] = [o for o in trial.outcomes if o.domain == "pain" and o.time_weeks == 17]
    for arm, printed in (("ea_splint", (-1.79, -0.65)), ("splint", (-1.22, 0.0))):
        r = outcome.arms[arm]
        half = t.isf(0.025, r.n - 1) * r.change_sd / math.sqrt(r.n)
        assert (r.change_mean - half, r.change_mean + half) == pytest.approx(printed, abs=0.011)


def test_tu_2024_difference_has_the_printed_interval_back():
    [made] = contrasts(evidence.trials()["tu-2024"], "pain", "sham", Options("MD"))
    assert made.effect.estimate == -16.0
    assert made.effect.ci95() == pytest.approx((-21.3, -10.6), abs=0.1)


def test_zhang_2017_counts_give_the_printed_chi_squared():
    # printed: 15 of 19 against 5 of 18 free of neuropathy, chi-squared 9.745, p 0.002
    from scipy.stats import chi2_contingency

    trial = evidence.trials()["zhang-2017"]
    [outcome] = [o for o in trial.outcomes if o.arms and any(r.responders for r in o.arms.values())]
    table = [[r.responders, r.n - r.responders] for r in outcome.arms.values()]
    assert chi2_contingency(table, correction=False).statistic == pytest.approx(9.745, abs=0.001)


def test_weights_of_counts_are_metafors():
    # weights(rma.mh(...)) and weights(rma.peto(...)) of metafor 3.8.1 on these three studies
    counts = [Counts(12, 30, 6, 30), Counts(4, 25, 3, 25), Counts(0, 40, 2, 38)]
    want = {
        "OR": (44.05673403, 30.83971382, 25.10355215),
        "RR": (54.29234339, 27.14617169, 18.56148492),
        "RD": (31.92360164, 26.60300136, 41.47339700),
    }
    for measure, weights in want.items():
        assert mantel_haenszel(counts, measure).weights_pct == pytest.approx(weights, abs=1e-7)
    assert peto(counts).weights_pct == pytest.approx((61.223521420, 29.350732019, 9.425746561), abs=1e-7)
