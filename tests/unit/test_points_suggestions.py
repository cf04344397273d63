"""Suggestions are counted as described, keep to the rules of a set, and say what was left out and why."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from deqi.doors.cli.points import command, lead_lines, table_lines
from deqi.science.case import case_from
from deqi.science.points import atlas, parse_line, suggest
from deqi.science.points.suggestions.choose import limb_of
from deqi.science.points.suggestions.evaluate import evaluate, expected
from deqi.science.points.suggestions.model import condition_of, kindred, lists, rank, scores
from deqi.science.points.suggestions.reasons import reasons
from deqi.science.points.suggestions.tables import matched_nerves, nerves_of, relation, tables
from deqi.science.points.trial_use import point_lists, uses


def suggested(**case):
    return suggest(case_from({"condition": "cipn", **case}))


def test_recall_and_precision_by_hand():
    assert expected(np.array([3.0, 2.0, 1.0]), np.array([0.0, 1.0, 0.0])) == (1.0, 1.0, 0.5)
    # Ranks 1 and 3 of four: (1/1 + 2/3) / 2.
    assert expected(np.array([4.0, 3.0, 2.0, 1.0]), np.array([1.0, 0, 1.0, 0]))[2] == pytest.approx(
        (1 + 2 / 3) / 2
    )


def test_ties_are_averaged_over_their_orders():
    # One true point among three that tie: expected precision is the mean of 1, 1/2 and 1/3.
    found, truth = np.ones(3), np.array([0.0, 0.0, 1.0])
    assert expected(found, truth)[2] == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    # Twenty that tie, one true: the chance to be among the first ten is one half.
    assert expected(np.ones(20), np.eye(20)[7])[0] == pytest.approx(0.5)


def test_a_score_is_the_share_of_own_trials_and_of_a_prior_made_of_the_others():
    table, parameters = lists(), tables().parameters
    same = [name for name, condition in zip(table.ids, table.conditions, strict=True) if condition == "dpn"]
    kin = [name for name, of in zip(table.ids, table.conditions, strict=True) if of in ("cipn", "various")]
    rest = [name for name in table.ids if name not in same and name not in kin]
    used = [len([name for name in group if "SP6" in point_lists()[name]]) for group in (same, kin, rest)]
    elsewhere = (used[1] + parameters.other * used[2]) / (len(kin) + parameters.other * len(rest))
    custom = (used[0] + parameters.prior * elsewhere) / (len(same) + parameters.prior)
    by_hand = (custom + tables().floor) * (1 + tables().place * 0.5)
    assert scores("dpn", ("feet",))[table.codes.index("SP6")] == pytest.approx(by_hand)


def test_a_condition_without_trials_is_ranked_by_its_kindred_alone():
    table = lists()
    kin = [
        name for name, of in zip(table.ids, table.conditions, strict=True) if of in ("cipn", "dpn", "various")
    ]
    rest = [name for name in table.ids if name not in kin]
    other = tables().parameters.other
    share = [sum("ST36" in point_lists()[name] for name in group) for group in (kin, rest)]
    custom = (share[0] + other * share[1]) / (len(kin) + other * len(rest))
    found = scores("hiv_sn", ("feet",))[table.codes.index("ST36")]
    assert found == pytest.approx((custom + tables().floor) * (1 + tables().place * 0.5))


def test_a_trial_of_several_causes_teaches_every_polyneuropathy_and_nobody_elses():
    assert condition_of("dimitrova-2017-series") == "various"
    assert all(kindred(name, "various") for name in ("cipn", "dpn", "hiv_sn", "idiopathic", "mixed"))
    assert not kindred("cts", "various") and not kindred("phn", "cipn")
    said = [reason.text for reason in reasons("KI27", "idiopathic", ("feet",)) if reason.kind == "trial"]
    assert len(said) == 1 and "neuropathy of several causes" in said[0]


def test_an_excluded_trial_counts_nowhere():
    case = case_from({"condition": "dpn"})
    with_all, without = suggest(case), suggest(case, exclude_trials=["meyer-hamme-2021"])
    before = {one.code: one.score for one in with_all.points}
    after = dict(rank("dpn", (), ["meyer-hamme-2021"]))
    assert after["EX-LE10"] < before["EX-LE10"]
    assert "meyer-hamme-2021" not in {reason.trial for one in without.points for reason in one.reasons}


def test_doubtful_codes_are_shown_and_not_counted():
    assert any(use.doubt for use in uses("GB4"))
    assert all("GB4" not in codes for codes in point_lists().values())


def test_relation_and_nerves_follow_the_atlas():
    assert [relation(code, ("feet",)) for code in ("KI3", "SP6", "LI11")] == ["local", "regional", "distal"]
    assert "median_palmar" in nerves_of("PC7")
    assert "median_palmar" in matched_nerves("PC7", ("wrist",)) and not matched_nerves("PC7", ("feet",))


def test_in_pregnancy_points_are_left_out_and_others_offered():
    found = suggested(facts={"pregnant": True})
    left = {one.code: one for one in found.left_out}
    assert {"LI4", "SP6"} <= set(left) and not {"LI4", "SP6"} & {one.code for one in found.points}
    for one in left.values():
        assert one.why and one.source and one.instead
        assert not set(one.instead) & set(left)
    assert found.alternatives["LI4"] == left["LI4"].instead


def test_the_set_keeps_the_needle_budget_and_covers_what_it_can():
    for most in (4, 10, 20, 40):
        found = suggested(regions=["feet", "hands"], max_needles=most)
        assert found.chosen.needles <= most
        assert sum(placement.needles for placement in parse_line(found.chosen.line)) == found.chosen.needles
    roomy = suggested(regions=["feet", "hands"], max_needles=20)
    assert roomy.chosen.uncovered == ()
    assert {relation(code, ("hands",)) for code in roomy.chosen.codes} >= {"local"}


def test_lymphoedema_of_one_arm_keeps_the_other_arm():
    found = suggested(facts={"lymphoedema": True, "lymphoedema_limbs": ["right_arm"]})
    hand = next(one for one in found.points if one.code == "LI4")
    assert hand.side == "left" and hand.needles == 1
    assert next(one for one in found.left_out if one.code == "LI4").side == "right"


def test_points_over_the_lung_wait_for_recorded_training():
    case = {"condition": "phn", "regions": ["trunk"]}
    waiting = suggest(case_from(case))
    jiaji = next(one for one in waiting.points if one.code == "EX-B2")
    assert not jiaji.in_set and any("trained" in caution.text for caution in jiaji.cautions)


def test_a_one_sided_condition_is_needled_on_the_affected_side():
    found = suggest(case_from({"condition": "cts", "affected_side": "right"}))
    assert {one.side for one in found.points if not atlas()[one.code].midline} == {"right"}


def test_current_stays_on_one_limb_and_away_from_a_pacemaker():
    found = suggested(modality="electro")
    assert found.chosen.pairs
    for first, second in found.chosen.pairs:
        assert limb_of(first) == limb_of(second) is not None
    barred = suggested(modality="electro", facts={"pacemaker": True})
    assert barred.chosen.pairs == () and "+" not in barred.chosen.line
    assert any("acemaker" in note for note in barred.chosen.notes)


def test_no_place_is_needled_twice_under_two_names():
    for condition in ("cipn", "dpn", "cts", "phn", "hiv_sn", "idiopathic", "radiculopathy", "mixed"):
        parse_line(suggest(case_from({"condition": condition, "max_needles": 60}), limit=40).chosen.line)


def test_every_suggestion_gives_reasons_and_says_it_is_no_proof():
    found = suggested()
    assert "not proof" in found.not_proof
    for one in found.points:
        assert one.reasons[0].kind == "trials" and any(reason.kind == "place" for reason in one.reasons)
        assert all("because of" not in reason.text for reason in one.reasons)


@pytest.fixture(scope="module")
def evaluation():
    return evaluate()


def test_the_ranking_beats_both_baselines_on_trials_it_has_not_seen(evaluation):
    for rows in (evaluation.plain, evaluation.strict):
        by_name = {row.method: row.overall for row in rows}
        for method in (
            "the model, fitted anew for each left-out trial",
            "the model with its stored parameters",
        ):
            for baseline in ("baseline: most frequent overall", "baseline: most frequent in the condition"):
                model, other = by_name[method], by_name[baseline]
                assert model.recall_at_10 > other.recall_at_10
                assert model.recall_at_15 > other.recall_at_15
                assert model.average_precision > other.average_precision


def test_a_lead_comes_with_its_interval_and_the_trials_on_each_side(evaluation):
    for leads in (evaluation.plain_leads, evaluation.strict_leads):
        for lead in leads[:2]:
            for one in (*lead.overall, *(cell for cells in lead.by_condition.values() for cell in cells)):
                assert one.ci95[0] <= one.mean + 0.001 and one.mean - 0.001 <= one.ci95[1]
                assert one.better + one.worse <= evaluation.trials
            assert all(one.mean > 0 for one in lead.overall)
    assert evaluation.stored == evaluation.chosen
    assert evaluation.trials + evaluation.taught == len(lists().ids)


def test_the_tables_of_the_handbook_are_those_of_the_evaluation(evaluation):
    text = (Path(__file__).parents[2] / "docs/points.md").read_text()
    for rows, leads in (
        (evaluation.plain, evaluation.plain_leads),
        (evaluation.strict, evaluation.strict_leads),
    ):
        for line in (*table_lines(rows), *lead_lines(leads[:2])):
            assert line in text, line


def test_the_command_ranks_a_left_out_trial_as_the_evaluation_does(tmp_path):
    path = tmp_path / "case.json"
    path.write_text('{"condition": "cts"}')
    result = CliRunner().invoke(
        command, ["suggest", "--case", str(path), "--exclude-trial", "chung-2016", "--format", "json"]
    )
    codes = [row["code"] for row in json.loads(result.output)["points"]]
    assert codes[0] == "PC7" and "LU5" not in codes[:5]


def test_twins_share_participants_or_their_list():
    assert lists().twins("yang-2011") >= {"yang-2009", "yang-2011"}
    assert lists().twins("chen-2018") == {"chen-2018", "xu-2010"}


def test_a_case_that_cannot_be_read_is_refused_with_its_key(tmp_path):
    path = tmp_path / "case.json"
    path.write_text('{"condition": "cipn", "regions": ["elbows"]}')
    result = CliRunner().invoke(command, ["suggest", "--case", str(path)])
    assert result.exit_code == 2 and "regions" in result.output and "forearms" in result.output


def test_an_unknown_trial_is_refused(tmp_path):
    path = tmp_path / "case.json"
    path.write_text('{"condition": "cipn"}')
    result = CliRunner().invoke(command, ["suggest", "--case", str(path), "--exclude-trial", "nobody-1900"])
    assert result.exit_code == 2 and "nobody-1900" in result.output


def test_tender_points_that_trials_needled_are_named_though_the_atlas_has_none():
    found = suggest(case_from({"condition": "phn"}))
    assert found.also_used["ashi"] >= 3
    assert any(name.startswith("AURI") for name in suggested().also_used)
