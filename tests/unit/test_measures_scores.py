"""Scores: added by hand, refused when a part is missing, explained only by thresholds that were read."""

import pytest

from deqi.science.measures import ScoreError, score, scorers

TNSC = dict.fromkeys(
    ["sensory_symptoms", "motor_symptoms", "autonomic_symptoms", "pin", "vibration", "strength", "reflexes"],
    2,
)


def test_a_sum_is_the_sum_of_its_parts():
    assert score("tnsc", parts={**TNSC, "pin": 4, "strength": 0}).total == 14  # 5 x 2 + 4 + 0


def test_a_missing_part_is_never_filled_in():
    with pytest.raises(ScoreError, match="Pin sensation is missing"):
        score("tnsc", parts={**TNSC, "pin": None})


@pytest.mark.parametrize(
    "parts, message", [({**TNSC, "pin": 5}, "5 is outside 0 to 4"), ({**TNSC, "x": 1}, "no part called x")]
)
def test_a_wrong_part_is_named(parts, message):
    with pytest.raises(ScoreError, match=message):
        score("tnsc", parts=parts)


@pytest.mark.parametrize(
    "total, meaning", [(2, None), (3, "3-4 mild"), (6, "5-6 moderate"), (9, "7-9 severe")]
)
def test_bands_of_the_symptom_score(total, meaning):
    assert score("nss", total=total).meaning == meaning


def test_a_total_out_of_range_is_refused():
    with pytest.raises(ScoreError, match="43 is outside 0 to 42"):
        score("uens", total=43)


def test_where_the_parts_were_not_verified_the_total_is_entered():
    with pytest.raises(ScoreError, match="enter the total"):
        score("mtns", parts={"pin": 1})


def test_only_instruments_whose_scoring_may_be_shipped_are_there_and_each_has_a_source():
    assert set(scorers()) == {"tnsc", "mtns", "tcns", "mtcns", "uens", "nds", "nss", "ntss-6"}
    for scorer in scorers().values():
        assert scorer.sources and all(threshold.source for threshold in scorer.thresholds)
