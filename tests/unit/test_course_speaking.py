"""How it might be helping: six mechanisms, what was measured of one person, and never more than "consistent with"."""

from datetime import date

import pytest
from pydantic import ValidationError

from deqi.science.course.speaking import SpeakingFile, how_it_might_help, link_of, speaking
from deqi.science.evidence import mechanisms

BEGAN, ON = date(2026, 3, 1), date(2026, 5, 1)
ENOUGH = {"enough": True, "baseline_mean": 7.0, "current_mean": 4.0, "change": -3.0, "beyond_noise": True,
          "n_baseline": 7, "n_current": 7}  # fmt: skip
FEW = {**ENOUGH, "enough": False, "change": None, "beyond_noise": None}


def model(change, sd=0.5, verdict="unclear"):
    return {
        "verdict": verdict,
        "baseline": 7.0,
        "level": 7.0 + change,
        "change": change,
        "change_sd": sd,
        "n_ratings": 40,
    }


def look(judged=None, began=BEGAN, **series):
    found = how_it_might_help(judged or {}, series, began, ON)
    return {one.mechanism.id: one for one in found}


def both(code, first, last, on=date(2026, 4, 20)):
    return {f"{code}_{side}": [(BEGAN, first), (on, last)] for side in ("left", "right")}


def test_all_six_are_there_and_nothing_measured_says_nothing():
    found = look()
    assert list(found) == list(mechanisms())
    for one in found.values():
        assert not one.measured and one.words.endswith("so nothing can be said.")
        assert {row.status for row in one.seen} <= {"not_measured"}
    assert found["anti-inflammatory"].seen == () and found["anti-inflammatory"].stronger


@pytest.mark.parametrize(
    ("judged", "status"),
    [
        ({"simple": ENOUGH, "model": model(-2.0)}, "better"),
        ({"simple": ENOUGH, "model": model(-0.5)}, "unchanged"),
        ({"simple": ENOUGH, "model": model(2.0)}, "worse"),
        ({"simple": ENOUGH, "model": None}, "better"),
        ({"simple": {**ENOUGH, "beyond_noise": False}, "model": None}, "unchanged"),
        ({"simple": FEW, "model": None}, "too_few"),
        ({"simple": FEW, "model": model(-2.0, verdict="too_few")}, "too_few"),
        ({"simple": ENOUGH, "model": {"verdict": "not_computed", "change": None}}, "better"),
    ],
)
def test_a_symptom_changed_when_its_sentence_says_so(judged, status):
    (row,) = look({"burning": judged})["descending-inhibition"].seen
    assert (row.label, row.status) == ("Burning", status)
    if status != "too_few":
        assert (row.before_on, row.now_on) == (BEGAN, ON) and row.before is not None


def test_numbness_never_stands_with_pain():
    found = look({"numbness": {"simple": ENOUGH, "model": model(-2.0)}})
    assert found["descending-inhibition"].seen[0].status == "not_measured"
    assert found["nerve-function-symptoms"].seen[0].label == "Numbness"


@pytest.mark.parametrize(
    ("code", "first", "last", "where", "status", "before", "now"),
    [
        ("skin_temperature_c", 28, 30, "circulation", "better", 28, 30),
        ("skin_temperature_c", 30, 28, "circulation", "worse", 30, 28),
        ("skin_temperature_c", 28, 29.5, "circulation", "unchanged", 28, 29.5),
        ("filament_great_toe", 1, 3, "regeneration", "better", 2, 6),
        ("filament_great_toe", 1, 2, "regeneration", "unchanged", 2, 4),
        ("vibration_great_toe_8", 4, 3, "nerve-function-symptoms", "worse", 4, 3),
        ("sural_snap_uv", 4, 6.3, "regeneration", "better", 4, 6.3),
        ("sural_snap_uv", 4, 6.1, "regeneration", "unchanged", 4, 6.1),
    ],
)
def test_what_was_measured_twice_is_compared_by_its_least_change(
    code, first, last, where, status, before, now
):
    rows = [row for row in look(**both(code, first, last))[where].seen if row.now is not None]
    assert [(row.status, row.before, row.now) for row in rows] == [(status, before, now)]
    assert (rows[0].before_on, rows[0].now_on) == (BEGAN, date(2026, 4, 20))


def test_the_last_value_up_to_the_first_session_is_before():
    values = [
        (date(2026, 1, 1), 25.0),
        (date(2026, 2, 20), 28.0),
        (date(2026, 4, 1), 29.0),
        (date(2026, 4, 20), 31.0),
    ]
    (row,) = look(skin_temperature_c_left=values)["circulation"].seen
    assert (row.before, row.now) == (28.0, 31.0)
    later = look(skin_temperature_c_left=values[2:])["circulation"].seen[0]
    assert (later.before, later.now) == (29.0, 31.0)
    for began, some in ((None, values), (BEGAN, values[:2]), (BEGAN, values[3:])):
        assert look(began=began, skin_temperature_c_left=some)["circulation"].seen[0].status == "not_measured"


def test_daily_life_is_better_when_less_is_in_the_way_and_is_marked_as_our_own_reading():
    found = look(impact_walking=[(BEGAN, 6.0), (ON, 4.0)], impact_hands=[(BEGAN, 3.0), (ON, 3.5)])
    rows = {row.label: row for row in found["nerve-function-symptoms"].seen if row.status != "not_measured"}
    assert {label: row.status for label, row in rows.items()} == {
        "Walking": "better",
        "Using the hands": "unchanged",
    }
    assert all(row.own and row.link == "weak" for row in rows.values())


def test_words_weigh_both_ways_and_never_say_because():
    better, worse = ({"simple": ENOUGH, "model": model(change)} for change in (-2.0, 2.0))
    for judged, beginning in (
        ({"burning": better}, "Consistent with this: Burning, for the better."),
        ({"burning": worse}, "Not consistent with this: Burning"),
        (
            {"burning": better, "pain": worse},
            "It went both ways. Better: Burning. The other way: Overall pain.",
        ),
        ({"burning": {"simple": ENOUGH, "model": model(0.0)}}, "Nothing that speaks to it changed."),
    ):
        words = look(judged)["descending-inhibition"].words
        assert words.startswith(beginning) and "because" not in words


def test_what_did_not_change_is_named_beside_what_did():
    numb = {"numbness": {"simple": ENOUGH, "model": model(0.0)}}
    words = look(numb, impact_walking=[(BEGAN, 6.0), (ON, 4.0)])["nerve-function-symptoms"].words
    assert words.startswith("Consistent with this: Walking, for the better. Unchanged: Numbness.")


def test_the_link_is_the_one_of_the_evidence_base():
    spoken = {one.id: one for one in speaking().mechanisms}
    for key, mechanism in mechanisms().items():
        for measure in spoken[key].measures:
            links = {
                m.link
                for m in mechanism.clinic_measures
                if measure.reads and m.measure.startswith(measure.reads)
            }
            assert link_of(mechanism, measure) in (links or {measure.link})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"codes": ["warmth"]}, "no symptom called warmth"),
        ({"reads": "no such measure"}, "reads 0 clinic measures"),
        ({"reads": None}, "needs its link and why"),
        ({"least": 2}, "needs the least change"),
    ],
)
def test_a_pairing_that_does_not_hold_is_refused_by_name(change, said):
    raw = speaking().model_dump(mode="json")
    raw["mechanisms"][0]["measures"][0].update(change)
    with pytest.raises(ValidationError, match=said):
        SpeakingFile.model_validate(raw)
