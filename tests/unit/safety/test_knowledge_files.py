"""Events, clean-needle steps, licences, letters and codes: what was compiled is there, and nothing that must not be."""

import doctest
import importlib
import pkgutil
import re

import pytest

from deqi.science import safety
from deqi.science.case import CONDITIONS
from deqi.science.knowledge import KnowledgeError, data_path, parse_yaml
from deqi.science.safety.rules import _Precautions

MODULES = [f"deqi.science.safety.{module.name}" for module in pkgutil.iter_modules(safety.__path__)]


@pytest.mark.parametrize("name", [*MODULES, "deqi.science.case"])
def test_the_examples_in_the_docstrings_are_true(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs=vars(module)).failed == 0


@pytest.mark.parametrize(
    "was,becomes,says",
    [
        ("    title: On a blood thinner", "    titel: On a blood thinner", "rules.0"),
        (
            "when: {fact: anticoagulant}",
            "when: {fact: anticoagulants}",
            "no such fact or threshold: anticoagulants",
        ),
        ("when: {fact: anticoagulant}", "when: {fact: anticoagulant, always: true}", "exactly one of fact"),
        ("- effect: modify", "- effect: maybe", "'stop', 'avoid', 'modify' or 'inform'"),
        ("{methods: [deep, cupping, bleeding]}", "{methods: [deep, drumming]}", "'manual', 'electro'"),
    ],
)
def test_a_wrong_rule_is_named_with_its_line(was, becomes, says):
    text = data_path("deqi.science.safety", "precautions.yaml").read_text(encoding="utf-8")
    assert was in text
    with pytest.raises(KnowledgeError) as caught:
        parse_yaml(text.replace(was, becomes, 1), _Precautions, file="precautions.yaml")
    first = text[: text.index(was)].count("\n") + 1
    assert any(says in str(problem) for problem in caught.value.problems)
    assert all(abs(problem.line - first) <= 8 for problem in caught.value.problems)


def test_ctcae_grades_run_from_mild_to_death():
    assert [(grade.grade, grade.label) for grade in safety.grades()] == [
        (1, "mild"),
        (2, "moderate"),
        (3, "severe"),
        (4, "life-threatening"),
        (5, "death"),
    ]


def test_severity_and_seriousness_are_apart_but_may_not_contradict():
    assert safety.contradictions(2, []) == ()
    assert safety.contradictions(3, ["hospital"]) == ()
    assert safety.contradictions(2, ["death"]) == ("death is ticked, but the grade is 2",)
    assert safety.contradictions(4, ["hospital"]) == ("grade 4 is life-threatening, but that is not ticked",)
    with pytest.raises(ValueError, match="no such grade or criterion"):
        safety.contradictions(6, [])


def test_there_are_seven_reasons_for_serious_and_six_categories_of_causality():
    assert [one.id for one in safety.seriousness_criteria()] == [
        "death",
        "life_threatening",
        "hospital",
        "disability",
        "birth_defect",
        "intervention",
        "important_medical",
    ]
    assert [one.id for one in safety.causality_categories()] == [
        "certain",
        "probable",
        "possible",
        "unlikely",
        "conditional",
        "unassessable",
    ]


def test_event_types_have_a_key_once_and_words_for_what_a_patient_can_see():
    kinds = safety.adverse_event_types()
    assert len({kind.key for kind in kinds}) == len(kinds) == 46
    assert {kind.group for kind in kinds} == {group.group for group in safety.event_groups()}
    assert {kind.key for kind in kinds if kind.patient_words} >= {
        "bruise_or_haematoma",
        "vasovagal_syncope",
        "new_numbness",
    }
    assert not {kind.key for kind in kinds if kind.patient_words} & {"pneumothorax", "needle_count_mismatch"}


def test_an_incomplete_event_says_what_is_missing_in_the_order_of_the_form():
    assert safety.missing_fields({"event_type": "fall", "ctcae_grade": 0})[:2] == (
        "onset_datetime",
        "session_id",
    )
    assert len(safety.missing_fields({})) == 18


def test_the_card_of_a_session_counts_needles_in_and_out():
    ticks = [(tick.phase, tick.label) for tick in safety.session_card()]
    assert ("inserting", "Needles counted in by point and side") in ticks
    assert ("removing", "Needles counted out by point and side") in ticks
    assert [phase for phase, _ in ticks] == sorted(
        (phase for phase, _ in ticks), key=["before", "inserting", "resting", "removing", "after"].index
    )


def test_a_needle_driven_in_too_far_is_warned_of():
    assert safety.shaft_warning(20, 30) is None
    assert "more than two thirds of a 30 mm needle" in safety.shaft_warning(20.5, 30)
    with pytest.raises(ValueError, match="above 0 mm"):
        safety.shaft_warning(0, 30)


def test_licences_warn_at_90_60_30_and_7_days():
    assert safety.licence_record().alert_days_before_expiry == (90, 60, 30, 7)
    assert "not_regulated_here" in safety.licence_record().status_values


def test_a_jurisdiction_is_found_or_the_known_ones_are_named():
    assert safety.licensure("us-npi").api == "yes, free"
    with pytest.raises(KeyError, match="us-ca, us-npi, uk, de, au"):
        safety.licensure("fr")
    assert all(one.sources for one in safety.jurisdictions())


def test_a_letter_asks_first():
    assert [part.id for part in safety.letter_parts()][:3] == ["header", "ask", "reason"]
    assert [kind.id for kind in safety.letter_kinds()] == ["first_contact", "progress", "discharge", "urgent"]


def test_causes_of_neuropathy_can_be_offered_in_a_form():
    codes = {row.code: row for row in safety.icd10_codes()}
    assert codes["E11.42"].case == "dpn"
    assert codes["G56.03"].case == "cts"
    assert {row.case for row in codes.values()} - {None} <= set(CONDITIONS)
    assert codes["G61.0"].case is None
    assert "Z95.0" not in codes
    assert safety.icd10("Z95.0").group == "precaution"


def test_e11_42_stands_alone_and_never_with_g63():
    assert "no G63" in safety.icd10("E11.42").use
    assert "NOT for diabetes" in safety.icd10("G63").use


@pytest.mark.parametrize("name", ["coordination.yaml", "precautions.yaml", "clean_needle.yaml"])
def test_no_snomed_or_cpt_code_is_shipped(name):
    text = data_path("deqi.science.safety", name).read_text(encoding="utf-8")
    assert not re.search(r"\b(44868003|386637004|9781[0-4]|2056[01])\b", text)
