"""Imported questionnaires: what is taken, what is refused and where, what is shown, what comes of the answers."""

import copy
import json

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire as R4BQuestionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.questionnaires import CORE, SDC, calculated, choice, made_up, questionnaire, tnsc_like, weighted

from deqi.science.measures import scorers
from deqi.science.measures.questionnaire import (
    AnswerError,
    QuestionnaireError,
    asked_now,
    check_answers,
    link,
    open_questions,
    read_questionnaire,
    response,
    results,
    shown,
    trial,
    typed,
    words_of,
)


def read(**changes):
    return read_questionnaire(json.dumps({**made_up(), **changes}))


@pytest.fixture(scope="module")
def form():
    return read()


def faults(raw):
    with pytest.raises(QuestionnaireError) as refused:
        read_questionnaire(raw if isinstance(raw, str | bytes) else json.dumps(raw))
    return dict(refused.value.problems)


def test_the_made_up_instrument_is_valid_fhir():
    R4BQuestionnaire.model_validate(made_up())


def test_it_is_read_in_order(form):
    assert [item.link_id for item in form.questions] == ["1", "2", "3", "3.1", "4", "5", "6"]
    assert [item.link_id for item in form.calculated] == ["sum", "mean", "double"]
    assert form.canonical == "https://example.org/forms/made-up|1.0"
    assert form.headings["1"] == ("First part", "Think of this week.")


@pytest.mark.parametrize(
    "change, path, message",
    [
        (lambda q: q.pop("url"), "$.url", "needed and missing"),
        (lambda q: q.pop("version"), "$.version", "needed and missing"),
        (lambda q: q.update(stauts="x"), "$.stauts", "no such element"),
        (lambda q: q.update(modifierExtension=[]), "$.modifierExtension", "no such element"),
        (lambda q: q["item"][1].update(type="attachment"), "$.item[1].type", "items of type attachment"),
        (lambda q: q["item"][1].update(linkId="1"), "$.item[1].linkId", "twice"),
        (lambda q: q["item"][1].update(required="yes"), "$.item[1].required", "boolean"),
        (lambda q: q["item"][1].update(repeats=True), "$.item[1].repeats", "only a choice"),
        (lambda q: q["item"][1].update(initial=[{"valueInteger": 3}]), "$.item[1]", "beforehand"),
        (lambda q: q["item"][1].pop("text"), "$.item[1].text", "words"),
        (lambda q: q["item"][2].pop("answerOption"), "$.item[2]", "needs answerOption"),
        (
            lambda q: q["item"][3]["enableWhen"][0].update(question="nowhere"),
            "$.item[3].enableWhen[0].question",
            "no question 'nowhere'",
        ),
        (
            lambda q: q["item"][3]["enableWhen"][0].update(answerCoding={"code": "q"}),
            "$.item[3].enableWhen[0]",
            "not an answer",
        ),
        (
            lambda q: q["item"][3]["enableWhen"][0].update(operator=">"),
            "$.item[3].enableWhen[0]",
            "cannot be asked",
        ),
        (
            lambda q: q["item"][1].update(
                enableWhen=[{"question": "5", "operator": "exists", "answerBoolean": True}]
            ),
            None,
            "depends on itself",
        ),
        (lambda q: q["item"].append(calculated("bad", "now()")), None, "now"),
        (lambda q: q["item"].append(calculated("bad", "1 +")), None, "cannot be read"),
        (
            lambda q: q["item"][1].update(
                extension=[{"url": SDC + "sdc-questionnaire-initialExpression", "valueExpression": {}}]
            ),
            "$.item[1].extension",
            "initialExpression is not taken",
        ),
        (
            lambda q: q["item"][2].update(answerValueSet="http://x/vs"),
            "$.item[2].answerValueSet",
            "not contained",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(change, path, message):
    raw = made_up()
    # "5" is shown when "2" is answered: a condition of "2" on "5" closes a circle
    raw["item"][4].setdefault("enableWhen", [{"question": "2", "operator": "exists", "answerBoolean": True}])
    change(raw)
    found = faults(raw)
    if path:
        assert path in found and message in found[path], found
    else:
        assert any(message in text for text in found.values()), found


@pytest.mark.parametrize(
    "raw, message",
    [
        ("{", "not JSON"),
        ("[]", "not a FHIR Questionnaire"),
        ('{"resourceType": "Patient"}', "not a FHIR Questionnaire"),
        (b"\xff\xfe", "not UTF-8"),
        ('{"resourceType": "Questionnaire", "resourceType": "Questionnaire"}', "twice"),
        ('{"a": NaN}', "NaN"),
        ("[" * 100_000, "deeply"),
        (" " * 1_000_001, "larger than 1 MB"),
    ],
)
def test_what_is_no_questionnaire_at_all(raw, message):
    assert message in " ".join(faults(raw).values())


HUGE = ["1e400", "-1e400", "1" + "0" * 400, "1000000000001"]


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize(
    "item, place",
    [
        ({"extension": [{"url": CORE + "minValue", "valueDecimal": "#"}]}, "extension[0].valueDecimal"),
        ({"extension": [{"url": CORE + "maxValue", "valueInteger": "#"}]}, "extension[0].valueInteger"),
        ({"extension": [{"url": "urn:passed-over", "valueDecimal": "#"}]}, "extension[0].valueDecimal"),
        ({"type": "choice", "answerOption": [{"valueInteger": "#"}]}, "answerOption[0].valueInteger"),
        (
            {"type": "choice", "answerOption": weighted("#")},
            "answerOption[0].valueCoding.extension[0].valueDecimal",
        ),
        (
            {"enableWhen": [{"question": "a", "operator": "=", "answerDecimal": "#"}]},
            "enableWhen[0].answerDecimal",
        ),
    ],
)
def test_a_number_too_large_to_count_with_is_named_with_its_place(item, place, number):
    raw = questionnaire(
        {"linkId": "a", "text": "A", "type": "decimal"},
        {"linkId": "b", "text": "B", "type": "decimal", **item},
    )
    found = faults(json.dumps(raw).replace('"#"', number))
    assert "too large" in found[f"$.item[1].{place}"]


def test_every_fault_is_told_at_once():
    raw = made_up()
    raw["item"][1].pop("text")
    raw["item"][2].pop("answerOption")
    assert {"$.item[1].text", "$.item[2]"} <= set(faults(raw))


def test_what_is_passed_over_is_listed():
    raw = made_up()
    raw["item"][1]["extension"] = [{"url": "http://example.org/colour", "valueString": "red"}]
    raw["item"][1]["_text"] = {"extension": []}
    assert read_questionnaire(json.dumps(raw)).ignored == ("http://example.org/colour",)


def test_codes_may_come_from_a_contained_value_set():
    raw = made_up()
    options = raw["item"][2].pop("answerOption")
    concepts = [{k: v for k, v in o["valueCoding"].items() if k != "system"} for o in options]
    raw["contained"] = [
        {"resourceType": "ValueSet", "id": "v", "status": "active",
         "compose": {"include": [{"system": "urn:x", "concept": concepts}]}}
    ]  # fmt: skip
    raw["item"][2]["answerValueSet"] = "#v"
    form = read_questionnaire(json.dumps(raw))
    assert [option.weight for option in form.items["3"].options] == [0, 1, 2, 3]


# --- what is shown


def test_a_question_is_shown_when_its_condition_holds(form):
    assert "4" not in shown(form, {"3": [0]})
    assert "4" in shown(form, {"3": [2]})


def test_a_question_under_another_is_asked_once_that_is_answered(form):
    assert "3.1" not in shown(form, {})
    assert "3.1" in shown(form, {"3": [1]})


def test_an_answer_that_is_no_longer_shown_does_not_count(form):
    answers = {"1": [3], "2": [1], "3": [0], "4": [True]}
    there = json.dumps(response(form, answers))
    assert '"linkId": "4"' not in there
    assert [item.link_id for item in open_questions(form, {"3": [2]})] == ["1", "2", "4"]


OPERATORS = [
    ("=", 3, [3], True), ("=", 3, [4], False), ("=", 3, [], False),
    ("!=", 3, [4], True), ("!=", 3, [3], False), ("!=", 3, [], True),
    (">", 3, [4], True), (">", 3, [3], False), (">=", 3, [3], True), ("<", 3, [2], True),
    ("<=", 3, [3], True), ("<", 3, [], False),
]  # fmt: skip


@pytest.mark.parametrize("operator, value, answer, holds", OPERATORS)
def test_operators_of_conditions(operator, value, answer, holds):
    form = read_questionnaire(json.dumps(questionnaire(
        {"linkId": "a", "text": "A", "type": "integer"},
        {"linkId": "b", "text": "B", "type": "integer",
         "enableWhen": [{"question": "a", "operator": operator, "answerInteger": value}]},
    )))  # fmt: skip
    assert ("b" in shown(form, {"a": answer} if answer else {})) is holds


@pytest.mark.parametrize("behaviour, first, second, holds", [
    ("all", True, True, True), ("all", True, False, False), ("any", True, False, True), ("any", False, False, False),
])  # fmt: skip
def test_all_or_any_of_the_conditions(behaviour, first, second, holds):
    when = [{"question": key, "operator": "=", "answerBoolean": True} for key in "ab"]
    form = read_questionnaire(json.dumps(questionnaire(
        {"linkId": "a", "text": "A", "type": "boolean"}, {"linkId": "b", "text": "B", "type": "boolean"},
        {"linkId": "c", "text": "C", "type": "boolean", "enableWhen": when, "enableBehavior": behaviour},
    )))  # fmt: skip
    assert ("c" in shown(form, {"a": [first], "b": [second]})) is holds


def test_a_condition_may_be_an_expression():
    rule = {"url": SDC + "sdc-questionnaire-enableWhenExpression",
            "valueExpression": {"language": "text/fhirpath", "expression": "%resource.item.where(linkId='a').answer.value > 3"}}  # fmt: skip
    form = read_questionnaire(json.dumps(questionnaire(
        {"linkId": "a", "text": "A", "type": "integer"},
        {"linkId": "b", "text": "B", "type": "integer", "extension": [rule]},
    )))  # fmt: skip
    assert (
        "b" in shown(form, {"a": [4]}) and "b" not in shown(form, {"a": [3]}) and "b" not in shown(form, {})
    )


# --- what may be answered


@pytest.mark.parametrize(
    "link_id, typed_in, kept",
    [
        ("1", ["3"], [3]), ("1", [""], []), ("2", ["2,5"], [2.5]), ("3", ["2"], [2]), ("4", ["no"], [False]),
        ("5", ["0", "2"], [0, 2]), ("6", ["  a few words "], ["a few words"]),
    ],
)  # fmt: skip
def test_what_is_typed_becomes_a_value(form, link_id, typed_in, kept):
    assert typed(form.items[link_id], typed_in) == kept


@pytest.mark.parametrize(
    "link_id, typed_in, message",
    [
        ("1", ["3.5"], "whole"), ("1", ["11"], "most"), ("1", ["-1"], "least"), ("2", ["1e9"], "number"),
        ("2", ["nan"], "number"), ("3", ["9"], "one of the answers"), ("3", ["0", "1"], "one answer"),
        ("3", ["-1"], "one of the answers"), ("3", ["²"], "one of the answers"), ("4", ["maybe"], "yes or no"), ("5", ["1", "1"], "twice"),
        ("6", ["x" * 501], "500"),
    ],
)  # fmt: skip
def test_what_it_does_not_take_is_said(form, link_id, typed_in, message):
    with pytest.raises(AnswerError, match=message):
        typed(form.items[link_id], typed_in)


@pytest.mark.parametrize("given, taken", [
    ("2026-03-04", True), ("20260304", False), ("2026-W10-3", False), ("2026-3-4", False), ("2026-02-30", False),
    ("1899-12-31", False),
])  # fmt: skip
def test_a_day_is_written_in_one_way(given, taken):
    """What is compared as text needs one spelling."""
    raw = questionnaire({"linkId": "a", "text": "When?", "type": "date"})
    when = {"question": "a", "operator": ">", "answerDate": given}
    raw["item"].append({"linkId": "b", "text": "B", "type": "integer", "enableWhen": [when]})
    if given.startswith("1899"):
        when["answerDate"] = "2026-03-04"
    elif not taken:
        assert "not a day" in faults(raw)["$.item[1].enableWhen[0]"]
        when["answerDate"] = "2026-03-04"
    form = read_questionnaire(json.dumps(raw))
    if taken:
        assert typed(form.items["a"], [given]) == [given]
    else:
        with pytest.raises(AnswerError, match="Please write a day"):
            typed(form.items["a"], [given])


def test_an_answer_to_what_is_worked_out_is_refused(form):
    with pytest.raises(AnswerError, match="not asked"):
        check_answers(form, {"sum": [3]})
    with pytest.raises(AnswerError, match="no such question"):
        check_answers(form, {"nowhere": [3]})


def test_answers_in_words(form):
    assert words_of(form.items["5"], [0, 2]) == "left, both"
    assert words_of(form.items["4"], [False]) == "no"


# --- what comes of it

FULL = {"1": [3], "2": [1.5], "3": [2], "3.1": ["x"], "4": [True], "5": [0], "6": ["words"]}


def test_the_response_is_valid_fhir_and_carries_what_was_worked_out(form):
    found = response(form, FULL, authored="2026-11-28T09:00:00+00:00", worked_out={"sum": 5, "mean": 2.5})
    QuestionnaireResponse.model_validate(copy.deepcopy(found))
    assert found["questionnaire"] == form.canonical
    assert {"linkId": "sum", "text": "Sum", "answer": [{"valueInteger": 5}]} in found["item"]
    three = next(item for item in found["item"] if item["linkId"] == "3")
    assert three["answer"][0]["item"][0]["linkId"] == "3.1"
    assert three["answer"][0]["valueCoding"]["extension"][0]["valueDecimal"] == 2


def test_scores_are_worked_out_from_weights_and_from_each_other(form):
    found = {one.key: one.value for one in results(form, FULL)}
    assert found == {"sum": 5.0, "mean": 2.5, "double": 10.0}


def test_nothing_answered_gives_no_score_and_a_reason(form):
    found = {one.key: (one.value, one.refused) for one in results(form, {})}
    assert found["sum"] == (None, "not enough is answered")


def test_expressions_that_never_rest_are_refused():
    form = read_questionnaire(json.dumps(questionnaire(
        {"linkId": "a", "text": "A", "type": "integer"},
        calculated("x", "iif(%resource.item.where(linkId='x').answer.value = 1, 2, 1)"),
    )))  # fmt: skip
    assert "rest" in results(form, {"a": [1]})[0].refused
    with pytest.raises(QuestionnaireError, match="rest"):
        trial(form)


def test_an_expression_that_gives_the_wrong_kind_is_refused_before_use():
    form = read_questionnaire(json.dumps(questionnaire(
        {"linkId": "a", "text": "A", "type": "string"}, calculated("x", "%resource.item.where(linkId='a').answer.value"),
    )))  # fmt: skip
    with pytest.raises(QuestionnaireError, match="not a integer"):
        trial(form)


def test_a_trial_shows_both_ends(form):
    found = trial(form)
    assert [one.value for one in found["first"]] == [0, 0, 0]
    assert [one.value for one in found["last"]] == [13, 6.5, 26]


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "1": st.lists(st.integers(0, 10), max_size=1),
            "3": st.lists(st.integers(0, 3), max_size=1),
            "4": st.lists(st.booleans(), max_size=1),
        },
    )
)
@settings(max_examples=30, deadline=None)
def test_whatever_is_answered_gives_a_response_that_holds_what_is_shown(answers):
    form = read()
    found = response(form, answers)
    QuestionnaireResponse.model_validate(copy.deepcopy(found))
    seen = {item.link_id for item in asked_now(form, answers)}
    text = json.dumps(found)
    for key, values in answers.items():
        assert (f'"linkId": "{key}"' in text) == (bool(values) and key in seen)


# --- a shipped scorer on an imported form


def test_a_shipped_scorer_takes_the_answers_by_link_id_or_code():
    form = read_questionnaire(json.dumps(tnsc_like()))
    links = link(form, "tnsc")
    answers = {item.link_id: [2] for item in form.questions}
    found = results(form, answers, scorer="tnsc", links=links)
    assert (found[0].value, found[0].range) == (14.0, (0.0, 28.0))
    del answers["pin"]
    found = results(form, answers, scorer="tnsc", links=links)
    assert found[0].value is None and "missing" in found[0].refused and not found[0].failed


def test_parts_without_a_question_are_named(form):
    with pytest.raises(QuestionnaireError, match="'autonomic_symptoms'"):
        link(form, "tnsc")


def test_where_only_the_total_is_known_an_item_called_total_gives_it():
    form = read_questionnaire(json.dumps(questionnaire(
        choice("a", 0, 1, 2, 3), choice("b", 0, 1, 2, 3, 6),
        calculated("total", "%resource.item.answer.value.ordinal().sum()"),
    )))  # fmt: skip
    found = results(form, {"a": [3], "b": [3]}, scorer="nss", links=link(form, "nss"))
    assert [(one.value, one.meaning) for one in found] == [(6.0, ""), (6.0, "5-6 moderate")]


@pytest.mark.parametrize("key", sorted(scorers()))
def test_every_shipped_scorer_can_be_fed_by_a_form(key):
    parts = scorers()[key].all_parts
    items = [choice(part.key, *range(int(part.range[0]), int(part.range[1]) + 1)) for part in parts]
    items = items or [{"linkId": "total", "text": "Total", "type": "decimal"}]
    form = read_questionnaire(json.dumps(questionnaire(*items)))
    assert len(link(form, key)) == max(1, len(parts))


def test_a_variable_is_seen_below_where_it_stands():
    raw = questionnaire(
        {"linkId": "a", "text": "A", "type": "integer"}, calculated("x", "%half + 1", kind="decimal")
    )
    raw["extension"] = [
        {
            "url": CORE + "variable",
            "valueExpression": {"name": name, "language": "text/fhirpath", "expression": text},
        }
        for name, text in (("a", "%resource.item.where(linkId='a').answer.value"), ("half", "%a / 2"))
    ]
    form = read_questionnaire(json.dumps(raw))
    assert results(form, {"a": [5]})[0].value == 3.5
