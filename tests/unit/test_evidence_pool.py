"""Pools from trials and from tables: honest with few studies, and every bad cell is named."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from deqi.doors.cli.main import main
from deqi.science import evidence
from deqi.science.evidence.pooling import ESTIMATORS, CannotPool, fit
from deqi.science.evidence.schema import COMPARATORS, CONDITIONS, DOMAINS

KEYS = [
    "measure", "estimator", "test", "k", "n", "estimate", "se", "ci95", "pi95", "tau2", "tau2_ci95", "i2", "h2",
    "q", "q_df", "q_p", "certainty", "studies", "warnings",
]  # fmt: skip
STUDY_KEYS = ["id", "estimate", "se", "ci95", "weight_pct", "computed_from", "source"]


def run(*words):
    return CliRunner().invoke(main, ["evidence", "pool", *words])


def table(tmp_path, text, measure="SMD", *more):
    path = tmp_path / "studies.csv"
    path.write_text(text)
    return run("--data", str(path), "--measure", measure, "--format", "json", *more)


MEANS = "study,n1,m1,sd1,n2,m2,sd2\nAlpha,20,10,2,20,9,2\nBeta,30,12,3,28,10,3\n"
EVENTS = "study,a,n1,c,n2\nAlpha,12,30,6,30\nBeta,4,25,3,25\n"


def test_the_json_holds_exactly_the_promised_keys(tmp_path):
    for result in (
        table(tmp_path, MEANS),
        table(tmp_path, EVENTS, "OR"),
        table(tmp_path, EVENTS, "OR", "--estimator", "MH"),
        table(tmp_path, "study,yi,sei\na,0.1,0.2\nb,0.3,0.1\n", "GEN"),
        run("--condition", "dpn", "--domain", "pain", "--format", "json"),
        run("--condition", "hiv_sn", "--domain", "motor", "--format", "json"),
    ):
        assert result.exit_code == 0, result.output
        made = json.loads(result.stdout)
        assert list(made) == KEYS
        assert list(made["certainty"]) == ["level", "reasons"]
        assert all(list(s) == STUDY_KEYS for s in made["studies"])


@pytest.mark.parametrize(
    ("text", "measure", "places"),
    [
        (MEANS.replace("9,2\n", "9,0\n"), "SMD", ["studies.csv:2: sd2"]),
        (MEANS.replace("30,12", "thirty,12"), "SMD", ["studies.csv:3: n1: 'thirty' is not a number"]),
        (MEANS.replace("sd2", "sd9"), "MD", ["studies.csv:1: sd2: missing column"]),
        (MEANS.replace("Beta,30,12,3,28,10,3\n", ""), "SMD", ["studies.csv:2: study: one study only"]),
        ("study,n1,m1,sd1,n2,m2,sd2\n", "SMD", ["studies.csv:1: study: no study"]),
        ("", "SMD", ["studies.csv:1: the file is empty"]),
        (EVENTS.replace("12,30", "31,30"), "RR", ["studies.csv:2: a: 31 events of 30"]),
        (EVENTS.replace("4,25,3", "4.5,25,-3"), "RR", ["studies.csv:3: a: 4.5 is not a whole number"]),
        (EVENTS.replace("Beta,4", ",4"), "RD", ["studies.csv:3: study: the study has no name"]),
        (EVENTS + "Gamma,1,2\n", "OR", ["studies.csv:4: 3 cells under a header of 5"]),
        (EVENTS.replace("12,", "nan,"), "OR", ["studies.csv:2: a: 'nan' is not a number"]),
        (EVENTS, "SMD", ["studies.csv:1: m1: missing column", "studies.csv:1: sd2"]),
        ("study,yi,sei\na,1,0\nb,x,-1\n", "GEN", ["studies.csv:2: sei", "studies.csv:3: yi"]),
        ("study,yi,sei,yi\na,1,1,2\n", "GEN", ["studies.csv:1: yi: the column stands twice"]),
    ],
)
def test_a_bad_table_is_refused_with_file_line_and_column(tmp_path, text, measure, places):
    result = table(tmp_path, text, measure)
    assert result.exit_code == 2
    assert result.stdout == ""
    for place in places:
        assert place in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--condition", "dpn"], "--domain"),
        (["--condition", "dpn", "--domain", "pain", "--exclude", "nobody-1999"], "there is no such trial"),
        (["--data", "nowhere.csv", "--measure", "MD"], "nowhere.csv"),
        (["--condition", "dpn", "--domain", "pain", "--estimator", "MH"], "--data"),
        (["--condition", "gout", "--domain", "pain"], "gout"),
        (["--condition", "cts", "--domain", "sensory_symptoms", "--measure", "MD"], "one unit"),
    ],
)
def test_a_request_that_cannot_be_met_says_why(words, message):
    result = run(*words, "--format", "json")
    assert result.exit_code == 2
    assert message in result.stderr


def test_no_study_is_an_honest_answer_not_a_number():
    result = evidence.pool("hiv_sn", "motor", "sham")
    assert (result.k, result.estimate, result.certainty.level) == (0, None, "very low")
    assert result.words.startswith("No trial gave usable figures")


def test_one_study_claims_nothing_about_differences_between_studies():
    result = evidence.pool("cts", "pain", "usual_care")
    assert result.k == 1
    assert (result.tau2, result.i2, result.pi95, result.tau2_ci95) == (None, None, None, None)
    assert any("one study" in warning for warning in result.warnings)


def test_two_studies_give_no_prediction_interval():
    result = fit([0.1, 0.9], [0.02, 0.03])
    assert result.pi95 is None
    assert result.tau2 is not None


def test_a_fixed_effect_with_knapp_hartung_is_warned_about():
    assert any(
        "made for random effects" in w
        for w in fit([0.1, 0.5], [0.1, 0.2], estimator="FE", test="knha").warnings
    )


def test_a_trial_reported_twice_is_pooled_once():
    result = evidence.pool("cts", "sensory_symptoms", "drug", include_outside=True)
    ids = {study.id for study in result.studies}
    assert len(ids & {"yang-2009", "yang-2011"}) == 1


def test_prevention_trials_come_in_only_on_request():
    default = {x.id: x.reason for x in evidence.pool("cipn", "pain", "sham").left_out}
    assert "prevention" in default["greenlee-2016"]


def test_leaving_a_trial_out_is_recorded():
    result = evidence.pool("cipn", "pain", "any", exclude=["lu-2020"])
    assert [s.id for s in result.studies] == ["paclilin-2026"]
    assert {x.id: x.reason for x in result.left_out}["lu-2020"] == "excluded on request"


def test_a_trial_that_needled_both_sides_alike_is_no_test_against_sham():
    assert "hamza-2000" not in {s.id for s in evidence.pool("dpn", "pain", "sham").studies}
    admitted = evidence.pool("dpn", "pain", "sham", include_outside=True)
    assert "hamza-2000" in {s.id for s in admitted.studies}


def test_every_pool_of_the_library_gives_finite_json():
    for condition in CONDITIONS:
        for domain in DOMAINS:
            for comparator in COMPARATORS:
                made = evidence.pool(condition, domain, comparator, test="knha", truncate=True).to_json()
                json.dumps(made, allow_nan=False)


effect_lists = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 4)), min_size=2, max_size=12).filter(
    lambda rows: np.ptp([y for y, _ in rows]) > 1e-6
)


@settings(max_examples=60, deadline=None)
@given(effect_lists, st.sampled_from(ESTIMATORS), st.floats(-5, 5))
def test_adding_a_constant_to_every_effect_moves_the_pool_by_it(rows, estimator, shift):
    y, v = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    here, there = fit(y, v, estimator=estimator), fit(y + shift, v, estimator=estimator)
    assert there.estimate == pytest.approx(here.estimate + shift, abs=1e-6)
    assert there.se == pytest.approx(here.se, rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(effect_lists, st.sampled_from(ESTIMATORS), st.randoms())
def test_the_order_of_studies_does_not_matter(rows, estimator, chance):
    shuffled = list(rows)
    chance.shuffle(shuffled)
    one = fit([r[0] for r in rows], [r[1] for r in rows], estimator=estimator)
    two = fit([r[0] for r in shuffled], [r[1] for r in shuffled], estimator=estimator)
    assert two.estimate == pytest.approx(one.estimate, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(effect_lists)
def test_the_q_profile_limits_are_where_q_meets_chi_squared(rows):
    from scipy.stats import chi2

    y, v = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    low, high = fit(y, v).tau2_ci95
    for limit, tail in ((low, 0.975), (high, 0.025)):
        if limit > 0:
            w = 1 / (v + limit)
            mean = (w @ y) / w.sum()
            assert w @ (y - mean) ** 2 == pytest.approx(chi2.ppf(tail, len(y) - 1), rel=1e-6)


@pytest.mark.parametrize(
    ("effects", "variances", "message"),
    [
        ([], [], "no study"),
        ([1.0, 2.0], [1.0, 0.0], "study 2 has a variance"),
        ([1.0, math.inf], [1.0, 1.0], "finite"),
        ([1.0], [1.0, 2.0], "1 effects but 2 variances"),
    ],
)
def test_numbers_that_cannot_be_pooled_are_refused(effects, variances, message):
    with pytest.raises(CannotPool, match=message):
        fit(effects, variances)


def test_moderators_that_do_not_vary_are_refused():
    with pytest.raises(CannotPool, match="do not vary"):
        fit([1.0, 2.0, 3.0, 4.0], [1.0] * 4, np.ones((4, 1)))
