"""Meta-regressions and subgroups on 210 random data sets against R's metafor: every measure, estimator and test.

The expected values were written by make_expected_moderators.R beside this file; no R is needed here. Agreement
is to 1e-6, absolute below 1 and relative above.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from deqi.science.evidence.pooling import ESTIMATORS
from deqi.science.evidence.pooling.moderators import meta_regression, subgroups
from tests.oracle.evidence.test_metafor import agree, arrays

with gzip.open(Path(__file__).with_name("expected_moderators.json.gz"), "rt") as file:
    CASES = json.load(file)["cases"]
BATCHES = [
    pytest.param(CASES[i : i + 30], id=f"random-{i + 1}-to-{i + 30}") for i in range(0, len(CASES), 30)
]
TESTS = {"z": ("z", False), "knha": ("knha", False), "adhoc": ("knha", True)}


def every_way(expected):
    """(estimator, test, truncate, expected values) of every fit that metafor finished."""
    for estimator in ESTIMATORS:
        for name, (test, truncate) in TESTS.items():
            if expected[estimator][name] is not None:
                yield estimator, test, truncate, expected[estimator][name]


def check_regression(case):
    y, v = arrays(case)
    x = np.array(case["columns"], dtype=float).reshape(len(y), -1)
    columns = {f"x{i}": x[:, i] for i in range(x.shape[1])}
    for estimator, test, truncate, want in every_way(case["regression"]["fits"]):
        where = f"{case['name']} {case['measure']} {estimator} {test} {truncate}"
        whole = meta_regression(y, v, columns, estimator=estimator, test=test, truncate=truncate)
        got = whole.fit
        agree([c.estimate for c in got.coefficients], want["b"], f"{where} coefficients")
        agree([c.se for c in got.coefficients], want["se"], f"{where} standard errors")
        agree([c.ci95[0] for c in got.coefficients], want["lb"], f"{where} lower limits")
        agree([c.ci95[1] for c in got.coefficients], want["ub"], f"{where} upper limits")
        agree([c.p for c in got.coefficients], want["p"], f"{where} p")
        agree([got.i2, got.h2, got.q, got.q_p], [want[n] for n in ("i2", "h2", "q", "qp")], f"{where} Q")
        agree([got.moderator_test, got.moderator_p], [want["qm"], want["qmp"]], f"{where} moderators")
        if estimator != "FE":
            agree([got.tau2, got.tau2_se], [want["tau2"], want["se_tau2"]], f"{where} tau2")
            agree(got.tau2_ci95, case["regression"]["tau2_ci"], f"{where} Q-profile")
            # Without any spread to account for there is no share: metafor then divides the dust of its search.
            assert (whole.r2 is None) == (whole.tau2_without == 0.0), where
            if whole.r2 is not None:
                agree(whole.r2, want["r2"], f"{where} R2")


def check_groups(case):
    y, v = arrays(case)
    labels = [str(label) for label in case["labels"]]
    for estimator, test, truncate, want in every_way(case["groups"]):
        where = f"{case['name']} {case['measure']} {estimator} {test} {truncate}"
        got = subgroups(y, v, labels, estimator=estimator, test=test, truncate=truncate)
        agree([f.estimate for f in got.groups.values()], want["b"], f"{where} groups")
        agree([f.se for f in got.groups.values()], want["se"], f"{where} standard errors")
        agree([f.tau2 or 0.0 for f in got.groups.values()], want["tau2"], f"{where} tau2")
        agree([got.q_between, got.q_p], [want["q"], want["qp"]], f"{where} between groups")


@pytest.mark.parametrize("cases", BATCHES)
def test_random_meta_regressions_give_metafors_numbers(cases):
    for case in cases:
        check_regression(case)


@pytest.mark.parametrize("cases", BATCHES)
def test_random_subgroups_give_metafors_numbers(cases):
    for case in cases:
        check_groups(case)


def test_no_measure_estimator_or_test_is_left_out():
    assert {case["measure"] for case in CASES} == {"SMD", "MD", "ROM", "OR", "RR", "RD", "GEN"}
    told = sum(sum(1 for _ in every_way(case["regression"]["fits"])) for case in CASES)
    grouped = sum(sum(1 for _ in every_way(case["groups"])) for case in CASES)
    assert min(told, grouped) >= 0.99 * len(CASES) * len(ESTIMATORS) * len(TESTS)
