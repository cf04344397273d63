"""Figures printed in less usual ways, filters, and knowledge files with faults: nothing is guessed."""

import math
import shutil

import numpy as np
import pytest
import yaml

from deqi.science import evidence
from deqi.science.evidence import effects as e
from deqi.science.evidence import explore, library
from deqi.science.evidence.contrasts import Options, contrasts
from deqi.science.evidence.pooling import CannotPool, fit
from deqi.science.evidence.pooling.asymmetry import egger, trim_and_fill
from deqi.science.evidence.pooling.bayes import fit_bayes
from deqi.science.evidence.pooling.influence import influence, leave_one_out
from deqi.science.evidence.pooling.moderators import subgroups
from deqi.science.evidence.pooling.sparse import mantel_haenszel
from deqi.science.evidence.schema import Trial
from deqi.science.knowledge import data_path, parse_yaml


def made_up(one, two, *, better="lower", domain="pain", between=None, design="rct", arms=None):
    """A made-up trial with one outcome; n 20 in each arm."""
    record = {
        "id": "made-up", "source_url": "https://example.org", "read": "full_text", "design": design,
        "condition": "dpn", "question": "treatment", "scope": "neuropathy", "status": "reported",
        "arms": arms or [
            {"id": "needles", "kind": "manual_acupuncture", "n": 20}, {"id": "sham", "kind": "sham", "n": 20}
        ],
        "conclusion": "not_reported",
        "outcomes": [{
            "instrument": "NRS pain", "domain": domain, "better": better, "where": "Table 1",
            "arms": {"needles": one, "sham": two}, "between": between or {},
        }],
    }  # fmt: skip
    return parse_yaml(yaml.safe_dump(record), Trial, file="made-up.yaml")


def smd(trial, **options):
    [made] = contrasts(trial, "pain", "sham", Options(**options))
    return made.effect


def test_sd_se_and_interval_of_one_arm_give_one_effect():
    t = 2.093024054408263  # 19 degrees of freedom, 97.5 %
    se = 2.0 / math.sqrt(20)
    control = {"mean": 5.0, "sd": 2.0}
    by_sd = smd(made_up({"mean": 4.0, "sd": 2.0}, control))
    by_se = smd(made_up({"mean": 4.0, "se": se}, control))
    by_ci = smd(made_up({"mean": 4.0, "ci95": [4.0 - t * se, 4.0 + t * se]}, control))
    for effect in (by_se, by_ci):
        assert effect.estimate == pytest.approx(by_sd.estimate, abs=1e-9)
        assert effect.variance == pytest.approx(by_sd.variance, abs=1e-9)


def test_changes_are_used_only_when_values_after_treatment_are_not_there():
    both = {"mean": 4.0, "sd": 2.0, "change_mean": -3.0, "change_sd": 1.0}
    assert smd(made_up(both, {"mean": 5.0, "sd": 2.0, "change_mean": -1.0, "change_sd": 1.0})).estimate > -0.6
    only = {"change_mean": -3.0, "change_sd": 1.0}
    assert smd(made_up(only, {"change_mean": -1.0, "change_sd": 1.0})).estimate < -1.5


def test_responders_become_an_smd_only_on_request_and_point_the_right_way():
    trial = made_up({"responders": 15}, {"responders": 8}, better="higher")
    with pytest.raises(e.NotUsable):
        smd(trial)
    effect = smd(trial, responders_as_smd=True)
    odds = math.log((15 * 12) / (5 * 8))
    assert effect.estimate == pytest.approx(-odds * math.sqrt(3) / math.pi, abs=1e-12)


@pytest.mark.parametrize(
    ("trial", "options", "message"),
    [
        (made_up({"mean": 4.0}, {"mean": 5.0}), {}, "without any spread"),
        (made_up({}, {}), {}, "no figures on the page read"),
        (made_up({"mean": 4.0, "sd": 1.0}, {"mean": 5.0, "sd": 1.0}, better=None), {}, "which direction"),
        (made_up({"responders": 3}, {"responders": 9}, better="lower"), {"measure": "RR"}, "bad outcome"),
        (made_up({"responders": 3}, {"responders": 9}, better="higher", design="crossover_rct"),
         {"measure": "RR"}, "pairs"),
        (made_up({}, {}, between={"treatment": ["sham"], "control": ["needles"], "p": 0.01}), {}, "other arms"),
        (made_up({}, {}, between={"treatment": ["needles"], "control": ["sham"], "p": 0.01}), {},
         "neither means nor the direction"),
        (made_up({}, {}, arms=[{"id": "needles", "kind": "other"}, {"id": "sham", "kind": "sham"}]), {},
         "no needled arm"),
    ],
)  # fmt: skip
def test_figures_that_do_not_suffice_are_refused_with_the_reason(trial, options, message):
    with pytest.raises(e.NotUsable, match=message):
        smd(trial, **options)


def test_a_ratio_of_means_is_the_log_of_their_ratio():
    effect = smd(made_up({"mean": 4.0, "sd": 2.0}, {"mean": 5.0, "sd": 2.0}), measure="ROM")
    assert effect.estimate == pytest.approx(math.log(4 / 5), abs=1e-12)
    assert effect.variance == pytest.approx(4 / (20 * 16) + 4 / (20 * 25), abs=1e-12)


def test_two_arms_put_together_are_one_group_against_the_shared_comparator():
    trial = evidence.trials()["jiang-2006"]
    [together] = contrasts(trial, "nerve_conduction", "drug", Options("MD", "combine"))
    assert (together.effect.n1, together.effect.n2) == (60, 30)
    assert together.effect.estimate == pytest.approx((46.87 + 45.48) / 2 - 43.15, abs=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: e.Counts(0, 0, 1, 5), "empty"),
        (lambda: e.from_interval("MD", 1, 1, 1, 10, 10), "no width"),
        (lambda: e.smd_from_difference(e.Effect("MD", 1, 1)), "both group sizes"),
        (lambda: e.difference_from_p(0, 0.5, 10, 10), "does not fix"),
        (lambda: e.crossover(e.Group(9, 1, 1), e.Group(9, 2, 1), 1.0, "MD"), "impossible"),
        (lambda: e.correlated([e.Effect("MD", 1, 1, 9, 9), e.Effect("MD", 2, 1, 9, 9)], 9), "own variance"),
        (lambda: e.combined([]), "no figures"),
        (lambda: e.Group(1, 0, 1), "no spread"),
    ],
)
def test_effects_refuse_what_cannot_be(make, message):
    with pytest.raises(e.NotUsable, match=message):
        make()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: fit([], []), "no study"),
        (lambda: fit([1.0, 2.0], [1.0, 1.0], np.array([[1.0], [2.0]])), "cannot carry"),
        (lambda: fit([1e13, 2.0], [1.0, 1.0]), "too large"),
        (lambda: leave_one_out(np.array([1.0]), np.array([1.0])), "at least two"),
        (lambda: influence(np.array([1.0, 2.0]), np.array([1.0, 1.0])), "at least three"),
        (lambda: egger(np.array([1.0, 2.0]), np.array([1.0, 1.0])), "fewer than three"),
        (lambda: trim_and_fill(np.array([1.0, 2.0]), np.array([1.0, 1.0])), "at least three"),
        (lambda: subgroups(np.array([1.0, 2.0]), np.array([1.0, 1.0]), ["a"]), "1 group labels"),
        (lambda: mantel_haenszel([]), "no study"),
        (lambda: fit_bayes(np.array([]), np.array([])), "no study"),
        (lambda: fit_bayes(np.array([1.0]), np.array([1.0]), prior_scale=0), "above 0"),
        (
            lambda: explore.by_number(evidence.pool("hiv_sn", "motor", "any"), ["sessions"]),
            "no trial printed",
        ),
    ],
)
def test_questions_without_an_answer_are_refused(ask, message):
    with pytest.raises(CannotPool, match=message):
        ask()


def test_equal_effects_leave_one_estimator_without_a_start_and_say_so():
    result = fit([0.5, 0.5, 0.5], [0.1, 0.2, 0.3], estimator="SJ")
    assert result.tau2 == 0.0
    assert any("no starting value" in warning for warning in result.warnings)


def test_filters_choose_by_needling_and_year():
    electrical = {s.id for s in evidence.pool("any", "pain", "any", needling="electrical").studies}
    manual = {s.id for s in evidence.pool("any", "pain", "any", needling="manual").studies}
    everything = {s.id for s in evidence.pool("any", "pain", "any").studies}
    assert electrical | manual == everything
    assert not electrical & manual
    recent = evidence.pool("any", "pain", "any", years=(2019, None)).studies
    assert {s.id for s in recent} == {i for i in everything if evidence.trials()[i].year >= 2019}
    assert all(s.year <= 2016 for s in evidence.pool("any", "pain", "any", years=(None, 2016)).studies)


def test_the_input_hash_tells_two_data_sets_apart():
    one = evidence.pool("any", "pain", "any")
    two = evidence.pool("any", "pain", "any", exclude=["lu-2020"])
    assert one.input_hash == evidence.pool("any", "pain", "any").input_hash
    assert one.input_hash != two.input_hash


def test_study_features_are_read_from_the_record():
    assert explore.group_of("lu-2020", "needling") == "electrical"
    assert explore.group_of("garrow-2014", "needling") == "manual"
    assert explore.group_of("molassiotis-2019", "blinding") == "assessor"
    assert explore.group_of("molassiotis-2019", "read") == "abstract"
    assert explore.number_of("lu-2020", "per_week") == 2.25
    assert explore.number_of("lu-2020", "year") == 2020
    assert explore.number_of("shlay-1998", "n") == 250
    pulls = dict(explore.pull_of_each(evidence.pool("any", "pain", "any")))
    assert set(pulls) == {s.id for s in evidence.pool("any", "pain", "any").studies}


def test_every_question_of_a_condition_fits_one_table():
    rows = evidence.answer_table("cts")
    assert len(rows) == 11 * 4
    [row] = [r for r in rows if (r["domain"], r["comparator"]) == ("pain", "usual_care")]
    own = evidence.pool("cts", "pain", "usual_care", test="knha", truncate=True)
    assert (row["k"], row["estimate"], row["certainty"]) == (own.k, own.estimate, own.certainty.level)


@pytest.fixture
def spoiled(tmp_path, monkeypatch):
    """A copy of the knowledge files that a test may spoil; the caches are emptied around it."""
    copy = tmp_path / "data"
    shutil.copytree(data_path("deqi.science.evidence"), copy)
    loaders = [
        library.trials, library.reviews, library.guidelines, library.mechanism_map, library.mechanisms,
        library.protocols, library.risk_of_bias, library.review_rows, library.overlaps,
    ]  # fmt: skip
    for loader in loaders:
        loader.cache_clear()
    monkeypatch.setattr(library, "data_path", lambda package, *parts: copy.joinpath(*parts))
    yield copy
    for loader in loaders:
        loader.cache_clear()


def test_every_fault_of_every_file_is_named(spoiled):
    (spoiled / "trials" / "lu-2020.yaml").write_text("id: lu-2020\nread: maybe\n")
    (spoiled / "trials" / "yao-2012.yaml").write_text("id: [\n")
    (spoiled / "overlaps.yaml").write_text("about: x\noverlap: []\n")
    told = [str(problem) for problem in library.problems()]
    assert any(line.startswith("trials/lu-2020.yaml:2: read:") for line in told)
    assert any(line.startswith("trials/yao-2012.yaml:") for line in told)
    assert any(line.startswith("overlaps.yaml:2: overlap:") for line in told)


def test_a_name_that_points_nowhere_is_found(spoiled):
    path = spoiled / "overlaps.yaml"
    path.write_text(path.read_text().replace("yang-2011", "yang-2012"))
    assert "overlaps.yaml: cts-prednisolone-taiwan: there is no record 'yang-2012'" in map(
        str, library.problems()
    )


def test_a_difference_that_contradicts_its_own_arms_is_found(spoiled):
    path = spoiled / "trials" / "tu-2024.yaml"
    text = path.read_text()
    assert "effect: -16.0" in text
    path.write_text(text.replace("effect: -16.0", "effect: 16.0").replace("[-21.3, -10.6]", "[10.6, 21.3]"))
    [problem] = library.problems()
    assert problem.file == "trials/tu-2024.yaml"
    assert "points the other way" in problem.message
