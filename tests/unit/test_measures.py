"""The questions asked and the findings recorded: ours in wording, complete, and checked."""

import pytest

from deqi.science import measures

# Names whose owners ask for permission; none may appear in what we ship as our own items.
OWNED_NAMES = (
    "BPI",
    "PEG",
    "NPSI",
    "DN4",
    "LANSS",
    "painDETECT",
    "PROMIS",
    "MYMOP",
    "EQ-5D",
    "MNSI",
    "Norfolk",
)


def test_the_seven_symptoms_are_there_and_numbness_stands_apart_from_pain():
    symptoms = measures.symptoms()
    assert set(symptoms) == {"pain", "burning", "shooting", "tingling", "numbness", "cramps", "weakness"}
    families = {key: symptom.family for key, symptom in symptoms.items()}
    assert {key for key, family in families.items() if family == "numbness"} == {"numbness"}
    assert {key for key, family in families.items() if family == "pain"} == {"pain", "burning", "shooting"}


@pytest.mark.parametrize("recall, words", [("24h", "the last 24 hours?"), ("7d", "the last 7 days?")])
def test_every_question_names_its_recall(recall, words):
    for symptom in measures.symptoms().values():
        assert symptom.question(recall).endswith(words)
        assert symptom.question(recall, "worst").endswith(words)
        assert "on average" in symptom.question(recall)
        assert "worst" in symptom.question(recall, "worst")


def test_no_own_item_carries_an_instruments_name():
    text = " ".join(
        [symptom.model_dump_json() for symptom in measures.symptoms().values()]
        + [rating.model_dump_json() for rating in measures.impact_ratings().values()]
        + [step.model_dump_json() for step in measures.global_change_steps()]
        + [item.model_dump_json() for item in measures.examination_items().values()]
    )
    assert not [name for name in OWNED_NAMES if name in text]


def test_overall_change_runs_from_one_to_seven_with_unchanged_in_the_middle():
    steps = measures.global_change_steps()
    assert [step.value for step in steps] == [1, 2, 3, 4, 5, 6, 7]
    assert steps[3].direction == "same"


def test_every_examination_item_has_both_sides_and_refuses_what_it_cannot_hold():
    for item in measures.examination_items().values():
        assert item.sides == ("left", "right")
        low, high = item.range
        assert item.check(low) == low
        with pytest.raises(ValueError, match="outside"):
            item.check(high + 1)


def test_the_examination_covers_what_a_neuropathy_visit_asks():
    groups = {item.group for item in measures.examination_items().values()}
    assert groups == {"conditions", "touch", "vibration", "pin", "reflex", "strength", "extent"}


def test_a_finding_between_two_choices_is_refused():
    with pytest.raises(ValueError, match="not one of"):
        measures.examination_items()["ankle_reflex"].check(1.5)


def test_the_data_files_hold_no_fault():
    assert measures.problems() == []
