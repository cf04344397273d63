"""Every measure, estimator and test against R's metafor, on its own data sets and on 500 random ones.

The expected values were written by make_expected.R beside this file; no R is needed here. Agreement is to
1e-6, absolute below 1 and relative above.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from deqi.science.evidence.effects import Counts, Group, binary_effect, from_means
from deqi.science.evidence.pooling import ESTIMATORS, CannotPool, fit
from deqi.science.evidence.pooling.asymmetry import egger, trim_and_fill
from deqi.science.evidence.pooling.influence import cumulative, influence, leave_one_out
from deqi.science.evidence.pooling.moderators import meta_regression, subgroups
from deqi.science.evidence.pooling.sparse import mantel_haenszel, peto

with gzip.open(Path(__file__).with_name("expected.json.gz"), "rt") as file:
    EXPECTED = json.load(file)
ALL = [*EXPECTED["sets"], *EXPECTED["random"]]
NAMED = [pytest.param(s, id=f"{s['name']}-{s['measure']}") for s in EXPECTED["sets"]]
RANDOM = [
    pytest.param(EXPECTED["random"][i : i + 50], id=f"random-{i + 1}-to-{i + 50}") for i in range(0, 500, 50)
]
TOLERANCE = 1e-6


def agree(got, want, what):
    if want is None:
        return
    assert got is not None, what
    got, want = np.atleast_1d(np.asarray(got, float)), np.atleast_1d(np.asarray(want, float))
    assert got.shape == want.shape, what
    gap = np.abs(got - want) / np.maximum(1.0, np.abs(want))
    assert np.nanmax(gap, initial=0.0) <= TOLERANCE, f"{what}: {got} is not {want}"


def effects_of(case):
    made = []
    for row in case["rows"]:
        if case["measure"] == "GEN":
            made.append((row[0], row[1] ** 2))
            continue
        if len(row) == 6:
            n1, m1, sd1, n2, m2, sd2 = row
            effect = from_means(Group(n1, m1, sd1), Group(n2, m2, sd2), case["measure"])
        else:
            effect = binary_effect(Counts(*row), case["measure"])
        made.append((effect.estimate, effect.variance))
    return [y for y, _ in made], [v for _, v in made]


def arrays(case):
    return np.array(case["yi"]), np.array(case["vi"])


def check_effects(case):
    y, v = effects_of(case)
    agree(y, case["yi"], f"{case['name']} yi")
    agree(v, case["vi"], f"{case['name']} vi")


def check_pools(case):
    y, v = arrays(case)
    pool = case["pool"]
    for estimator in ESTIMATORS:
        want = pool[estimator]
        if want is None:
            continue
        where = f"{case['name']} {case['measure']} {estimator}"
        got = fit(y, v, estimator=estimator)
        agree(got.estimate, want["b"], f"{where} estimate")
        agree([got.se, *got.ci95, got.p], want["z"], f"{where} z")
        agree(got.i2, want["i2"], f"{where} I2")
        agree(got.h2, want["h2"], f"{where} H2")
        agree([got.q, got.q_p], pool["q"], f"{where} Q")
        for test, truncate in (("knha", False), ("adhoc", True)):
            kh = fit(y, v, estimator=estimator, test="knha", truncate=truncate, intervals=False)
            agree([kh.se, *kh.ci95, kh.p], want[test], f"{where} {test}")
            if test == "knha" and "pi" in want:
                agree([*got.pi95, *kh.pi95], want["pi"], f"{where} prediction interval")
        if estimator == "FE":
            continue
        agree(got.tau2, want["tau2"], f"{where} tau2")
        agree(got.tau2_se, want["se_tau2"], f"{where} se of tau2")
        agree(got.tau2_ci95, pool["tau2_ci"], f"{where} Q-profile")


def check_asymmetry(case):
    want = case.get("asymmetry")
    if not want:
        return
    y, v = arrays(case)
    for model in ("classic", "mixed"):
        if want[model] is not None:
            got = egger(y, v, model=model)
            agree([got.statistic, got.p, got.limit], want[model], f"{case['name']} Egger {model}")
    for filled_by in ("L0", "R0", "Q0"):
        if want[filled_by] is not None:
            got = trim_and_fill(y, v, filled_by=filled_by)
            # With one study left the centre is that study: whether its distance counts as above or below
            # zero is rounding in metafor, and its standard error of the count hangs on it.
            se = want[filled_by][1] if len(y) - got.filled == 1 else got.filled_se
            agree(
                [got.filled, se, got.fit.estimate, got.fit.se, got.fit.tau2, got.side == "right"],
                want[filled_by], f"{case['name']} {case['measure']} trim and fill {filled_by}",
            )  # fmt: skip


def check_stability(case):
    y, v = arrays(case)
    for test, want in (case.get("stability") or {}).items():
        where = f"{case['name']} {case['measure']} {test}"
        if "without" in want:
            rows = leave_one_out(y, v, test=test)
            got = [[r.estimate, r.se, *r.ci95, r.q, r.tau2 or 0.0, r.i2 or 0.0, r.h2 or 1.0] for r in rows]
            if len(y) > 2:  # with one study left metafor fills in values that one study cannot give
                agree(got, want["without"], f"{where} leave one out")
        if "cumul" in want and len(y) > 2:
            rows = cumulative(y, v, list(range(len(y))), test=test)
            got = [[r.estimate, r.se, r.q, r.tau2 or 0.0] for r in rows]
            agree(got[1:], want["cumul"][1:], f"{where} cumulative")
        if want.get("influence") and len(y) > 2:
            rows = influence(y, v, test=test)
            got = [
                [r.rstudent, r.dffits, r.cook_d, r.cov_r, r.tau2_without, r.q_without, r.hat, r.weight_pct]
                for r in rows
            ]
            agree(got, want["influence"], f"{where} influence")
            agree([r.dfbetas for r in rows], want["dfbetas"], f"{where} dfbetas")
            assert [int(r.influential) for r in rows] == want["influential"], where


def check_sparse(case):
    if not case.get("sparse"):
        return
    counts = [Counts(*row) for row in case["rows"]]
    for name, want in case["sparse"].items():
        measure = name[3:] or "OR"
        try:
            got = peto(counts) if name == "Peto" else mantel_haenszel(counts, measure)
        except CannotPool:
            assert want is None, f"{case['name']} {name}"
            continue
        agree(
            [got.estimate, got.se, *got.ci95, got.p, got.q, got.q_p, got.i2, got.h2], want,
            f"{case['name']} {name}",
        )  # fmt: skip


CHECKS = [check_effects, check_pools, check_asymmetry, check_stability, check_sparse]


@pytest.mark.parametrize("case", NAMED)
def test_metafors_own_data_sets_give_metafors_numbers(case):
    for check in CHECKS:
        check(case)


@pytest.mark.parametrize("cases", RANDOM)
def test_random_data_sets_give_metafors_numbers(cases):
    for case in cases:
        for check in CHECKS:
            check(case)


@pytest.mark.parametrize("want", [pytest.param(r, id=r["name"]) for r in EXPECTED["regressions"]])
def test_meta_regression_gives_metafors_numbers(want):
    y, v = arrays(want)
    x = np.array(want["columns"], dtype=float).reshape(len(y), -1)
    columns = {f"x{i}": x[:, i] for i in range(x.shape[1])}
    for estimator in ("FE", "DL", "HE", "SJ", "PM", "ML", "REML"):
        for test, r in want.get(estimator, {}).items():
            where = f"{want['name']} {estimator} {test}"
            got = meta_regression(y, v, columns, estimator=estimator, test=test).fit
            agree([c.estimate for c in got.coefficients], r["b"], where)
            agree([c.se for c in got.coefficients], r["se"], where)
            agree([c.p for c in got.coefficients], r["p"], where)
            agree([got.i2, got.h2, got.q, got.q_p], [r["i2"], r["h2"], r["q"], r["qp"]], where)
            agree([got.moderator_test, got.moderator_p], [r["qm"], r["qmp"]], where)
            if estimator != "FE":
                agree([got.tau2, got.tau2_se], [r["tau2"], r["se_tau2"]], where)
                agree(got.tau2_ci95, want["tau2_ci"], where)


def test_subgroups_give_metafors_numbers():
    want = EXPECTED["subgroups"][0]
    got = subgroups(*arrays(want), want["labels"])
    agree([f.estimate for f in got.groups.values()], want["b"], "groups")
    agree([f.se for f in got.groups.values()], want["se"], "groups")
    agree([got.q_between, got.q_p], [want["q"], want["qp"]], "between groups")


def test_the_oracle_covers_what_was_promised():
    assert len({s["name"] for s in EXPECTED["sets"]}) >= 10
    assert len(EXPECTED["random"]) == 500
    assert {s["measure"] for s in ALL} == {"SMD", "MD", "ROM", "OR", "RR", "RD", "GEN"}
    told = sum(case["pool"][e] is not None for case in ALL for e in ESTIMATORS)
    assert told >= 0.99 * len(ALL) * len(ESTIMATORS)
