"""What an imported expression may not do: it is told so, in words, before it runs or when it runs too long."""

import sys
import threading

import pytest

from deqi.science.measures.questionnaire.fhirpath import ExpressionError, check, evaluate

MANY = {
    "resourceType": "QuestionnaireResponse",
    "status": "completed",
    "item": [{"linkId": f"q{n}", "answer": [{"valueInteger": n % 11}]} for n in range(200)],
}


@pytest.mark.parametrize(
    "expression, why",
    [
        ("", "empty"),
        ("1 +", "cannot be read"),
        ("1 2", "stops making sense at '2'"),
        ("item.where(", "cannot be read"),
        ("now()", "now"),
        ("today()", "today"),
        ("item.repeat(item)", "repeat"),
        ("'aaaa'.matches('(a+)+$')", "matches"),
        ("'a'.replaceMatches('a', 'b')", "replaceMatches"),
        ("resolve()", "resolve"),
        ("2.power(1000)", "power"),
        ("trace('x')", "trace"),
        ("item.aggregate($total & $total, 'x')", "only to add up"),
        ("item.aggregate($total * $total, 2)", "only to add up"),
        ("9999999999999 + 1", "12 digits"),
        ("(" * 40 + "1" + ")" * 40, "nested deeper"),
        ("a.select(b.select(c.select(d.select(e))))", "loops are nested"),
        ("1 + 1 " + "+ 1 " * 600, "2000 characters"),
        ("/* x */ 1", "comments"),
    ],
)
def test_it_is_refused_with_the_reason(expression, why):
    with pytest.raises(ExpressionError, match=why):
        check(expression)


def test_a_word_in_quotes_is_not_a_function():
    assert evaluate("'now() and (more'", {"resource": MANY}) == ["now() and (more"]


@pytest.mark.parametrize(
    "expression",
    [
        "%resource.descendants().select(%resource.descendants()).select(%resource.descendants()).count()",
        "%resource.item.where(%resource.item.where(%resource.item.where(linkId = 'x').exists()).exists())",
    ],
)
def test_work_without_end_is_stopped_and_the_thread_is_as_before(expression):
    with pytest.raises(ExpressionError, match="too long"):
        evaluate(expression, {"resource": MANY})
    assert sys.getprofile() is None
    assert evaluate("1 + 1", {"resource": MANY}) == [2]


def test_two_threads_count_apart():
    found, faults = [], []

    def go():
        try:
            for _ in range(20):
                found.append(evaluate("%resource.item.answer.value.sum()", {"resource": MANY})[0])
        except ExpressionError as error:
            faults.append(error)

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults and set(found) == {sum(n % 11 for n in range(200))}


def test_what_is_given_is_not_changed():
    response = {
        "resourceType": "QuestionnaireResponse",
        "item": [{"linkId": "a", "answer": [{"valueDecimal": 0.1}]}],
    }
    before = str(response)
    evaluate("%resource.item.answer.value + 1", {"resource": response})
    assert str(response) == before


def test_nothing_has_no_sum():
    assert evaluate("%resource.item.where(linkId = 'none').answer.value.sum()", {"resource": MANY}) == []


def test_a_number_too_large_is_refused():
    with pytest.raises(ExpressionError, match="too large"):
        evaluate("999999999999 * 1000", {"resource": MANY})
