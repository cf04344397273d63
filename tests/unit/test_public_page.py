"""The public page: every claim opens a record, certainty words are the record's own, and it reads easily."""

import re

import pytest

from deqi.science import evidence
from deqi.science.evidence.public_words import PublicPage, cited, page_problems, public_page
from deqi.science.knowledge import KnowledgeError, parse_yaml


def syllables(word):
    """Vowel groups, less a silent e: the usual count by rule."""
    word = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", word))
    if (
        word.endswith(("e", "es", "ed"))
        and not word.endswith(("le", "ted", "ded", "ses", "ces", "ges"))
        and groups > 1
    ):
        groups -= 1
    return max(groups, 1)


def reading_grade(text):
    """Flesch and Kincaid's grade (Kincaid et al 1975): 0.39 words a sentence + 11.8 syllables a word - 15.59."""
    sentences = [s for s in re.split(r"[.!?]+\s", text + " ") if s.strip()]
    words = re.findall(r"[A-Za-z']+|\d[\d,]*", text)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_grade_formula_gives_known_grades():
    assert reading_grade("The cat sat on the mat. The dog ran.") < 1
    hard = "Electrophysiological investigations demonstrated heterogeneous improvements in nerve conduction velocity."
    assert reading_grade(hard) > 15


def test_the_page_reads_at_grade_eight_or_lower():
    assert reading_grade(public_page().text()) <= 8
    for section in public_page().sections:
        assert reading_grade(" ".join(s.text for s in section.sentences)) <= 8, section.id


def test_every_citation_opens_a_record():
    assert page_problems() == []
    for section in public_page().sections:
        for sentence in section.sentences:
            for reference in sentence.cites:
                record = cited(reference)
                assert record.label


def test_the_words_of_certainty_are_those_of_the_record():
    [section] = [s for s in public_page().sections if s.id == "mechanisms"]
    assert len(section.sentences) == 6
    for sentence in section.sentences:
        mechanism = evidence.mechanisms()[sentence.cites[0].split(":")[1]]
        [said] = re.findall(r"ertainty is (very low|low|moderate|high)", sentence.text)
        assert said == mechanism.certainty_humans


@pytest.mark.parametrize(
    ("number", "record"),
    [
        ("41", "yao-2012"),
        ("181", "chung-2016"),
        ("250", "shlay-1998"),
        ("60", "rostock-2013"),
        ("40", "chao-2019"),
    ],
)
def test_numbers_of_people_are_those_of_the_trial(number, record):
    assert evidence.trials()[record].n_randomized == int(number)
    said = [s.text for sec in public_page().sections for s in sec.sentences if f"trial:{record}" in s.cites]
    assert any(number in text for text in said)


def test_a_claim_without_a_citation_is_refused():
    text = "title: x\nabout: y\nsections:\n- id: a\n  heading: b\n  sentences:\n  - text: It always works.\n"
    with pytest.raises(KnowledgeError, match="needs a citation"):
        parse_yaml(text, PublicPage, file="public_page.yaml")
