"""A case is read exactly as it is written, or refused with the key and what is allowed there."""

import json
from datetime import date

import pytest

from deqi.science.case import CONDITIONS, Case, CaseError, case_from, load_case


def refusal(raw):
    with pytest.raises(CaseError) as caught:
        case_from(raw)
    return dict(caught.value.errors)


def test_the_case_of_the_issue_is_read():
    case = case_from(
        {
            "condition": "cipn",
            "regions": ["feet", "hands"],
            "symptoms": ["burning", "numbness"],
            "facts": {"pregnant": True},
            "modality": "electro",
            "max_needles": 12,
            "severity_0_10": 6,
            "months": 8,
            "on_chemotherapy": False,
            "affected_side": "both",
        }
    )
    assert case.regions == ("feet", "hands")
    assert case.max_needles == 12
    assert case.known_facts() == {"pregnant": True, "on_chemotherapy": False}


def test_an_unknown_key_is_named_with_the_allowed_ones():
    assert (
        "allowed: condition, regions, symptoms, facts"
        in refusal({"condition": "dpn", "sympthoms": []})["sympthoms"]
    )


def test_an_unknown_value_is_named_with_the_allowed_ones():
    errors = refusal(
        {"condition": "dpx", "regions": ["feet", "toes"], "modality": "laser", "affected_side": "up"}
    )
    assert errors["condition"] == "'dpx' is not allowed; allowed: " + ", ".join(CONDITIONS)
    assert errors["regions.1"].endswith("feet, hands, lower_legs, forearms, face, trunk, wrist")
    assert errors["modality"].endswith("allowed: manual, electro, auricular")
    assert errors["affected_side"].endswith("allowed: left, right, both")


def test_a_case_without_a_condition_says_which_there_are():
    assert "cipn, dpn, cts" in refusal({})["condition"]


def test_facts_are_held_to_their_registry():
    errors = refusal(
        {
            "condition": "dpn",
            "facts": {
                "pregnnt": True,
                "inr": 99,
                "platelets": True,
                "pregnant": "yes",
                "inr_date": "2026-13-01",
                "lymphoedema_limbs": "left_arm",
                "anticoagulant_kind": "aspirin",
            },
        }
    )
    assert errors["facts.pregnnt"].startswith(
        "unknown key, did you mean pregnant?; allowed: weakness_spreading"
    )
    assert errors["facts.inr"] == "must be a number from 0.5 to 15 (ratio), not 99"
    assert errors["facts.platelets"].startswith("must be a number")
    assert errors["facts.pregnant"] == "must be true or false, not 'yes'"
    assert errors["facts.inr_date"].startswith("must be a date as 2026-11-23")
    assert errors["facts.lymphoedema_limbs"].startswith("must be a list of left_arm")
    assert (
        errors["facts.anticoagulant_kind"] == "must be one of warfarin, doac, heparin, other, not 'aspirin'"
    )


def test_a_null_fact_is_unknown_and_dates_become_dates():
    case = case_from({"condition": "dpn", "facts": {"inr": None, "inr_date": "2026-11-01"}})
    assert dict(case.facts) == {"inr_date": date(2026, 11, 1)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("severity_0_10", 11),
        ("months", -1),
        ("max_needles", 0),
        ("max_needles", 900),
        ("wish_sessions_per_week", 0),
    ],
)
def test_impossible_numbers_are_refused(key, value):
    assert key in refusal({"condition": "dpn", key: value})


def test_chemotherapy_cannot_be_both_yes_and_no():
    errors = refusal({"condition": "cipn", "on_chemotherapy": True, "facts": {"on_chemotherapy": False}})
    assert "opposite" in errors["on_chemotherapy"]


def test_diabetic_neuropathy_implies_diabetes():
    assert Case(condition="dpn").known_facts() == {"diabetes": True}


def test_a_file_that_is_not_json_is_named_with_line_and_column(tmp_path):
    path = tmp_path / "case.json"
    path.write_text('{"condition": "dpn",\n "facts": {}')
    with pytest.raises(CaseError, match=r"case\.json:2:\d+: not JSON"):
        load_case(path)


def test_a_key_written_twice_is_refused(tmp_path):
    path = tmp_path / "case.json"
    path.write_text('{"condition": "dpn", "facts": {"pregnant": true, "pregnant": false}}')
    with pytest.raises(CaseError, match="pregnant: written twice"):
        load_case(path)


def test_a_missing_file_and_a_list_are_refused(tmp_path):
    with pytest.raises(CaseError, match="cannot be read"):
        load_case(tmp_path / "none.json")
    path = tmp_path / "list.json"
    path.write_text(json.dumps([1]))
    with pytest.raises(CaseError, match="a case is an object"):
        load_case(path)
