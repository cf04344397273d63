"""The condition language: three answers, and what is worth asking."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from deqi.science.safety.conditions import Condition, Known, parse

# What each small condition says, by hand. None is unknown.
TABLE = [
    ("{fact: a}", {"a": True}, True),
    ("{fact: a}", {"a": False}, False),
    ("{fact: a}", {}, None),
    ("{fact: n, above: 3}", {"n": 3}, False),
    ("{fact: n, at_least: 3}", {"n": 3}, True),
    ("{fact: n, at_least: 20, below: 50}", {"n": 50}, False),
    ("{fact: n, at_least: 20, below: 50}", {"n": 20}, True),
    ("{fact: n, above: m}", {"n": 3}, None),
    ("{fact: n, above: m}", {"n": 3, "m": 2.5}, True),
    ("{fact: n, above: limit}", {"n": 3}, False),
    ("{fact: c, is: red}", {"c": "red"}, True),
    ("{fact: c, in: [red, blue]}", {"c": ("green", "blue")}, True),
    ("{not_known: a}", {}, True),
    ("{not_known: a}", {"a": False}, False),
    ("{recorded: a}", {}, False),
    ("{not_recorded: a}", {}, True),
    ("{all: [{fact: a}, {fact: b}]}", {"a": False}, False),
    ("{all: [{fact: a}, {fact: b}]}", {"a": True}, None),
    ("{any: [{fact: a}, {fact: b}]}", {"a": True}, True),
    ("{any: [{fact: a}, {fact: b}]}", {"a": False}, None),
    ("{not: {fact: a}}", {}, None),
    ("{method: [moxa, heat]}", {}, True),
    ("{method: [electro]}", {}, False),
    ("{condition: [dpn]}", {}, True),
    ("{red_flag: any}", {}, False),
    ("{always: true}", {}, True),
]


@pytest.mark.parametrize("text,known,says", TABLE)
def test_a_condition_says(text, known, says):
    plan = {"methods": frozenset({"moxa"}), "condition": "dpn", "thresholds": {"limit": 5}}
    assert parse(text).answer(Known(known, **plan)).value is says


@pytest.mark.parametrize(
    "text,known,half",
    [
        ("{all: [{fact: a}, {fact: b}]}", {"a": True}, True),
        ("{all: [{fact: a}, {fact: b}]}", {}, False),
        ("{all: [{always: true}, {fact: b}]}", {}, False),  # "always" meets nothing by halves
        ("{all: [{not: {fact: a}}, {fact: b}]}", {"a": False}, False),  # nor does a "not"
        ("{any: [{all: [{fact: a}, {fact: b}]}, {fact: c}]}", {"a": True}, True),
        ("{all: [{method: [moxa]}, {fact: b}]}", {}, True),  # planned is something true
    ],
)
def test_half_met_means_that_something_true_stands_beside_the_unknown(text, known, half):
    answer = parse(text).answer(Known(known, methods=frozenset({"moxa"})))
    assert answer.value is None
    assert answer.half_met is half


def test_an_old_value_worries_but_does_not_reassure():
    above = parse("{fact: inr, above: 3}")
    assert above.answer(Known({"inr": 4.2}, stale={"inr"})).value is True
    assert above.answer(Known({"inr": 2.4}, stale={"inr"})).value is None
    assert above.answer(Known({"inr": 2.4})).value is False


def test_what_does_not_apply_counts_as_no():
    assert parse("{fact: inr, above: 3}").answer(Known({}, not_asked={"inr"})).value is False
    assert parse("{not_known: inr}").answer(Known({}, not_asked={"inr"})).value is False


@pytest.mark.parametrize(
    "text", ["{}", "{fact: a, always: true}", "{above: 3}", "{method: [moxa], above: 3}", "{facts: a}"]
)
def test_a_condition_that_is_not_one_is_refused(text):
    with pytest.raises(ValidationError):
        parse(text)


LEAF = st.sampled_from("abcd").map(lambda key: {"fact": key})
TREE = st.recursive(
    LEAF,
    lambda children: st.one_of(
        st.lists(children, min_size=1, max_size=3).map(lambda held: {"all": held}),
        st.lists(children, min_size=1, max_size=3).map(lambda held: {"any": held}),
        children.map(lambda held: {"not": held}),
    ),
    max_leaves=8,
)


def kleene(tree, known):
    """The naive reference: 1 yes, 0 no, one half unknown; all is the least, any the greatest, not the rest."""
    if "fact" in tree:
        return {True: 1, False: 0, None: 0.5}[known.get(tree["fact"])]
    if "all" in tree:
        return min(kleene(child, known) for child in tree["all"])
    if "any" in tree:
        return max(kleene(child, known) for child in tree["any"])
    return 1 - kleene(tree["not"], known)


@settings(max_examples=200, deadline=None)
@given(TREE, st.fixed_dictionaries({}, optional={key: st.booleans() for key in "abcd"}))
def test_every_tree_agrees_with_kleenes_logic(tree, known):
    answer = Condition.model_validate(tree).answer(Known(known))
    assert {True: 1, False: 0, None: 0.5}[answer.value] == kleene(tree, known)
    assert bool(answer.unknown) == (answer.value is None)
    assert not set(answer.unknown) & known.keys()
