"""The questions are plain, and an answer holds only as long as it should."""

import re
from datetime import date

import pytest

from deqi.science.safety import (
    every_visit_flags,
    fact_groups,
    facts,
    in_date,
    is_asked,
    problems,
    red_flags,
    workup,
)

TODAY = date(2026, 11, 23)


def syllables(word: str) -> int:
    """Vowel groups, a silent final e left out: a little too many rather than too few."""
    groups = len(re.findall(r"[aeiouy]+", word.lower()))
    return max(1, groups - (word.lower().endswith("e") and not word.lower().endswith("le")))


def reading_grade(text: str) -> float:
    """Flesch-Kincaid grade level (Kincaid 1975): 0.39 words/sentence + 11.8 syllables/word - 15.59."""
    words = re.findall(r"[A-Za-z]+", text)
    sentences = max(1, len(re.findall(r"[.?!](?:\s|$)", text)))
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_knowledge_files_are_sound():
    assert problems() == []


def test_the_reading_grade_is_measured_as_kincaid_did():
    # "The cat sat on the mat." 6 words, 1 sentence, 6 syllables: 2.34 + 11.8 - 15.59 = -1.45
    assert reading_grade("The cat sat on the mat.") == pytest.approx(-1.45)


# Words a patient knows from the packet or the clinic; a simpler word would be less clear. Counted as two syllables.
KNOWN_WORDS = re.compile(
    r"\b(apixaban|rivaroxaban|heparin|haemophilia|chemotherapy|clopidogrel|gliclazide)\b", re.I
)


@pytest.mark.parametrize("key", [key for key, fact in facts().items() if fact.question])
def test_a_question_reads_at_grade_eight_or_lower(key):
    question = KNOWN_WORDS.sub("tablet", facts()[key].question)
    long_words = [word for word in re.findall(r"[A-Za-z]+", question) if syllables(word) > 4]
    assert not long_words
    assert question.endswith("?")
    assert reading_grade(question) <= 8, f"{reading_grade(question):.1f}: {question}"


def test_there_are_21_red_flags_each_with_its_own_question():
    flags = red_flags()
    assert len({flag.id for flag in flags}) == 21
    assert len({flag.question for flag in flags}) == 21


def test_the_starred_flags_are_the_ten_of_the_knowledge_file():
    assert [flag.id for flag in every_visit_flags()] == [
        "gbs-progressive-weakness",
        "rapid-numbness",
        "bulbar-respiratory",
        "cauda-equina",
        "foot-limb-threat",
        "foot-active-problem",
        "charcot",
        "cipn-dose-review",
        "post-treatment-chest",
        "post-treatment-infection",
    ]
    assert all(facts()[flag.fact].every_visit for flag in every_visit_flags())


def test_no_in_a_knowledge_file_stays_the_word_no():
    assert red_flags()[0].needle == "no"


def test_facts_come_in_the_order_of_their_groups():
    groups = [fact.group for fact in facts().values()]
    assert list(dict.fromkeys(groups)) == [group.key for group in fact_groups()]
    assert [fact.order for fact in facts().values()] == list(range(len(facts())))


def test_a_follow_up_is_asked_only_after_its_yes():
    assert not is_asked("inr", {"anticoagulant": True})
    assert is_asked("inr", {"anticoagulant": True, "anticoagulant_kind": "warfarin"})
    assert is_asked("pregnant", {"sex": "female"})
    assert is_asked("pregnant", {})
    assert not is_asked("pregnant", {"age_years": 71})


def test_an_answer_holds_only_as_long_as_its_fact_says():
    answers = {
        "pregnant": (False, date(2026, 10, 1)),  # 53 days old, holds 28
        "diabetes": (True, date(2020, 1, 1)),  # does not change
        "inr": (4.2, date(2026, 9, 1)),  # kept: a worrying result worries at any age
        "fever": (False, date(2026, 11, 22)),  # asked again each day
    }
    assert in_date(answers, TODAY) == {"diabetes": True, "inr": 4.2}


def test_a_worrying_answer_holds_until_a_newer_one():
    long_ago = date(2026, 1, 1)
    assert in_date({"pregnant": (True, long_ago), "anticoagulant_kind": ("warfarin", long_ago)}, TODAY) == {
        "pregnant": True,
        "anticoagulant_kind": "warfarin",
    }


def test_an_old_yes_that_would_reassure_no_longer_counts():
    assert in_date({"cardiology_agrees": (True, date(2026, 1, 1))}, TODAY) == {}


def test_what_is_asked_for_the_day_holds_that_day():
    assert in_date({"fever": (True, date(2026, 11, 22))}, TODAY) == {}
    assert in_date({"fever": (True, TODAY)}, TODAY) == {"fever": True}


def test_an_answer_from_the_future_is_refused():
    with pytest.raises(ValueError, match="pregnant: answered on 2026-11-24"):
        in_date({"pregnant": (False, date(2026, 11, 24))}, TODAY)


def test_the_work_up_has_thirteen_tests_with_keys_of_their_own():
    assert len({test.key for test in workup().tests}) == 13
    assert workup().tests[0].loinc == ("1558-6", "4548-4")
