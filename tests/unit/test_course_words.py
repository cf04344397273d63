"""Chances in words, the reasons of a next step, and whether the three ways of asking say the same."""

import pytest

from deqi.science.course.agreement import agreement, direction_of
from deqi.science.course.chances import chance_words, chances_of, forecasts_of
from deqi.science.course.model import next_step, verdict_of
from deqi.science.course.reasons import why_step

JUDGED = {
    "verdict": "likely_yes",
    "p_improved": 0.86,
    "p_any": 0.99,
    "p_worse": 0.0,
    "p_reach_6": 0.86,
    "p_reach_12": 0.9,
    "p_beyond": None,
    "p_relapse": 0.1,
    "next_step": "consolidate",
    "sceptical": {"verdict": "unclear", "p_improved": 0.79},
    "forecast_day": 84,
    "forecast_continue": {"mean": 3.9, "lo80": 2.1, "hi80": 5.7},
    "forecast_stop": {"mean": 4.4, "lo80": 2.4, "hi80": 6.2},
}


@pytest.mark.parametrize("percent", range(101))
def test_the_word_likely_never_stands_beside_another_verdict(percent):
    verdict, word = verdict_of(percent / 100), chance_words(percent / 100)
    assert (verdict == "likely_yes") == (word in ("likely", "very likely"))
    assert (verdict == "likely_no") == (word in ("unlikely", "very unlikely"))


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_has_no_word(p):
    with pytest.raises(ValueError):
        chance_words(p)


def test_only_what_was_computed_is_said():
    said = {chance.question: (chance.words, chance.percent) for chance in chances_of(JUDGED)}
    assert said["Better by an amount that matters"] == ("likely", 86)
    assert not any("without treatment" in question for question in said)
    assert chances_of({"verdict": "not_computed"}) == [] and forecasts_of({}) == []


def test_both_forecasts_are_said_and_one_when_they_are_the_same():
    assert forecasts_of(JUDGED) == [
        "If we go on: about 3.9 around week 12; 8 times in 10 between 2.1 and 5.7.",
        "If we stop now: about 4.4 around week 12; 8 times in 10 between 2.4 and 6.2.",
    ]
    ended = {**JUDGED, "forecast_stop": JUDGED["forecast_continue"]}
    assert [words.split(":")[0] for words in forecasts_of(ended)] == ["Without further sessions"]


@pytest.mark.parametrize("day", [20, 45, 90])
@pytest.mark.parametrize("p", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("doubt", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("worse", [0.0, 0.6])
@pytest.mark.parametrize("reach", [0.05, 0.5])
def test_every_step_the_rule_can_propose_has_its_reason_with_the_figure(day, p, doubt, worse, reach):
    verdict, doubted = verdict_of(p), verdict_of(doubt)
    step = next_step(verdict, doubted, day, p, worse, reach, reach)
    model = {
        "verdict": verdict, "p_improved": p, "p_worse": worse, "p_reach_6": reach, "p_reach_12": reach,
        "next_step": step, "sceptical": {"p_improved": doubt},
    }  # fmt: skip
    (first, *_) = why_step(model, day)
    assert f"Week {day // 7}: " in first
    figures = {"go_on": reach, "change_plan": worse if worse > 0.5 else reach, "go_on_with_one_change": p}
    shown = figures.get(step, reach if step == "stop" and day < 77 else p)
    assert f"{shown:.2f}" in first


def test_a_step_of_another_version_has_no_reason_and_too_few_says_so():
    assert why_step({"p_improved": 0.5, "verdict": "unclear", "next_step": "dance"}, 50) == ()
    assert "Too few" in why_step({"p_improved": None, "verdict": "too_few"}, 50)[0]


def test_a_status_without_numbers_says_nothing_about_direction():
    assert direction_of({"verdict": "not_computed", "p_improved": None}) is None
    assert direction_of(None) is None
    assert direction_of({"verdict": "unclear", "p_improved": 0.4, "p_worse": 0.6}) == "worse"


@pytest.mark.parametrize(
    ("step", "impact", "agree", "last"),
    [
        (2, {"sleep": -2.0}, True, "They say the same."),
        (6, {"sleep": -2.0}, False, "They do not say the same"),
        (None, {"sleep": 2.0}, False, "They do not say the same"),
        (None, {}, None, "The ratings: burning likely better."),
        (2, {"sleep": -2.0, "walking": 2.0}, False, "They do not say the same"),
    ],
)
def test_disagreement_is_said_in_words(step, impact, agree, last):
    found = agreement({"burning": JUDGED, "numbness": None}, step, impact)
    assert found.agree is agree and found.words[-1].startswith(last)


def test_a_worse_symptom_is_never_hidden_behind_a_better_one():
    worse = {**JUDGED, "verdict": "likely_no", "p_worse": 0.7}
    found = agreement({"burning": JUDGED, "numbness": worse}, 2, {})
    assert found.agree is False and "numbness likely worse" in found.words[0]
