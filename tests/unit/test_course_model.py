"""The course model: what it says in clear cases, when it keeps quiet, and what it must not depend on."""

import datetime as dt
import subprocess
import sys

import numpy as np
import pytest

from deqi.science.course import MedicineChange, Rating, review
from deqi.science.course.model import next_step, verdict_of

START = dt.date(2026, 3, 2)
ON = START + dt.timedelta(days=42)
SESSIONS = [START + dt.timedelta(days=7 * week) for week in range(6)]
NOISE = [0, 1, -1, 0, 0, 1, 0, -1, 0, 0, 1, -1, 0, 0]


def ratings(before, after, *, n_before=14, n_after=42, symptom="burning", channel="home", noise=True):
    """Ratings about `before` in the two weeks before the start and about `after` from week 2 on."""
    days = [*range(-n_before, 0), *range(43 - n_after, 43)]
    found = []
    for i, day in enumerate(days):
        share = max(day, 0) / 7 / (max(day, 0) / 7 + 1.25) / 0.83
        level = before + (after - before) * share + (NOISE[i % 14] if noise else 0)
        value = min(max(round(level), 0), 10)
        found.append(
            Rating(date=START + dt.timedelta(days=day), symptom=symptom, value=value, channel=channel)
        )
    return found


def burning(rows, sessions=SESSIONS, condition="dpn", on=ON, **more):
    return review(rows, sessions, condition, on, **more)["burning"]


def test_a_clear_fall_is_likely_yes_and_says_what_cannot_be_told():
    found = burning(ratings(7, 3))
    assert found.verdict == "likely_yes" and found.p_improved > 0.95
    assert -4.1 < found.change < -3.0  # drawn a little towards what courses usually do
    assert found.next_step == "consolidate"
    assert "We cannot tell how much is due to the needles" in found.words
    assert "because" not in found.words


def test_no_change_is_likely_no():
    found = burning(ratings(6, 6))
    assert found.verdict == "likely_no" and found.p_worse < 0.1
    assert found.words.startswith("Your burning is about where it was")


def test_weekly_ratings_alone_are_answered_as_daily_ones_are():
    weekly = [rating.model_copy(update={"recall": "7d"}) for rating in ratings(7, 3, n_before=35)[::7]]
    found = burning(weekly)
    assert found.verdict == "likely_yes" and -4.1 < found.change < -2.5
    assert found.change_sd > burning(ratings(7, 3, n_before=35)).change_sd


def test_a_rise_is_likely_worse_and_stops_the_plan():
    found = burning(ratings(5, 7.5))
    assert found.p_worse > 0.9 and found.next_step == "stop"
    assert "likely worse" in found.words


@pytest.mark.parametrize("changes", [{"n_before": 3}, {"n_before": 0}, {"n_after": 3}])
def test_too_few_ratings_before_or_since_say_too_few(changes):
    found = burning(ratings(7, 3, **changes))
    assert found.verdict == "too_few" and found.next_step == "collect_ratings"


def test_without_a_session_there_is_no_change_to_judge():
    found = burning(ratings(7, 3), sessions=[])
    assert found.verdict == "too_few" and found.p_improved is None and "no session yet" in found.words


def test_ratings_given_just_after_a_session_change_nothing():
    relief = [
        Rating(date=day, symptom="burning", value=0, channel="clinic_after", recall="24h") for day in SESSIONS
    ]
    assert burning(ratings(6, 6) + relief) == burning(ratings(6, 6))


def test_later_ratings_and_the_order_of_rows_change_nothing():
    rows = ratings(7, 4)
    later = [Rating(date=ON + dt.timedelta(days=1), symptom="burning", value=10)]
    assert burning(list(reversed(rows)) + later) == burning(rows)


def test_the_hash_follows_every_input():
    rows = ratings(7, 4)
    changed = [rows[0].model_copy(update={"value": rows[0].value - 1}), *rows[1:]]
    hashes = {
        burning(rows).input_hash,
        burning(changed).input_hash,
        burning(rows, condition="cipn").input_hash,
        burning(rows, sessions=SESSIONS[:-1]).input_hash,
        burning(rows, on=ON + dt.timedelta(days=1)).input_hash,
        burning(rows, medicine=[MedicineChange(date=START, steps=-1)]).input_hash,
    }
    assert len(hashes) == 6


def test_the_doubter_is_less_convinced():
    found = burning(ratings(7, 4.8))
    assert found.sceptical.p_improved < found.p_improved
    assert found.sceptical.change > found.change


def test_a_medicine_change_widens_the_answer_and_is_mentioned():
    plain, dosed = (
        burning(ratings(7, 4)),
        burning(ratings(7, 4), medicine=[MedicineChange(date=START + dt.timedelta(days=7), steps=1)]),
    )
    assert any("medicine" in warning for warning in dosed.warnings)
    assert abs(dosed.change - plain.change) < 0.5  # the level fell whatever made it fall


def test_symptoms_stand_each_alone():
    found = review(ratings(7, 3) + ratings(7, 7, symptom="numbness"), SESSIONS, "dpn", ON)
    assert list(found) == ["burning", "numbness"]
    assert found["burning"].verdict == "likely_yes" and found["numbness"].verdict == "likely_no"
    assert any("Never pool" in warning for warning in found["numbness"].warnings)


@pytest.mark.parametrize("value", [0, 10])
def test_ratings_that_never_leave_an_end_of_the_scale_give_sound_numbers(value):
    found = burning(ratings(value, value, noise=False))
    assert 0 <= found.p_improved <= 1 and 0 <= found.level <= 10
    assert any("0 or 10" in warning for warning in found.warnings)


def test_stopping_never_forecasts_a_lower_level_than_going_on_when_it_helped():
    found = burning(ratings(7, 4))
    assert found.forecast_stop.mean > found.forecast_continue.mean
    assert found.forecast_continue.lo80 < found.forecast_continue.mean < found.forecast_continue.hi80


def test_a_course_that_ended_long_ago_has_one_forecast():
    later = ON + dt.timedelta(days=60)
    found = burning(ratings(7, 4), on=later)
    assert found.forecast_stop == found.forecast_continue
    assert any("ended" in warning for warning in found.warnings)


def no_numbers(*arguments):
    """A kernel in which nothing settles: every result it fills is not a number."""
    for out in arguments[-4:]:
        out[:] = np.nan


def test_ratings_that_cannot_be_worked_out_are_answered_in_words(monkeypatch):
    monkeypatch.setattr("deqi.science.course.nodes.run", no_numbers)
    found = burning(ratings(7, 3.5))
    assert found.verdict == "not_computed" and found.next_step == "judge_by_means"
    assert found.p_improved is None and found.sceptical is None and found.n_ratings == 56
    assert "could not work these ratings out" in found.words and "means" in found.warnings[0]
    assert found.input_hash == burning(ratings(7, 3.5)).input_hash


def test_one_course_that_cannot_be_worked_out_does_not_stop_the_others(monkeypatch):
    from deqi.science.course import model
    from deqi.science.course.many import review_many

    real = model.fit

    def fit(series, change):
        if series.mean_rating > 6:
            raise model.FitError("the ratings could not be fitted")
        return real(series, change)

    monkeypatch.setattr(model, "fit", fit)
    work = [
        (who, "burning", "dpn", ON, [(r.date, r.value, r.recall) for r in ratings(before, after)], SESSIONS)
        for who, before, after in (("a", 7, 3.5), ("b", 8, 8), ("c", 6, 6))
    ]
    rows = list(review_many(work, workers=1))
    assert [row["verdict"] for row in rows] == ["likely_yes", "not_computed", "likely_no"]
    assert rows[1]["change"] is None and rows[1]["warnings"]


@pytest.mark.parametrize(
    "p, verdict", [(0.8, "likely_yes"), (0.79, "unclear"), (0.21, "unclear"), (0.2, "likely_no")]
)
def test_the_three_words_have_fixed_bounds(p, verdict):
    assert verdict_of(p) == verdict


@pytest.mark.parametrize(
    "verdict, doubted, day, numbers, step",
    [
        ("too_few", "too_few", 42, (0.9, 0.0, 0.9, 0.9), "collect_ratings"),
        ("likely_yes", "likely_yes", 25, (0.9, 0.0, 0.9, 0.9), "go_on"),  # success is never announced early
        ("likely_no", "likely_no", 25, (0.1, 0.0, 0.05, 0.3), "change_plan"),
        ("unclear", "unclear", 25, (0.3, 0.6, 0.3, 0.3), "change_plan"),
        ("likely_yes", "likely_yes", 42, (0.9, 0.0, 0.9, 0.9), "consolidate"),
        ("likely_yes", "unclear", 42, (0.81, 0.0, 0.9, 0.9), "undecided"),
        ("unclear", "unclear", 42, (0.5, 0.0, 0.5, 0.6), "go_on_with_one_change"),
        ("likely_no", "likely_no", 42, (0.1, 0.0, 0.1, 0.1), "stop"),
        ("likely_yes", "likely_yes", 84, (0.9, 0.0, 0.9, 0.9), "taper"),
        ("likely_no", "likely_no", 84, (0.1, 0.0, 0.1, 0.1), "stop"),
    ],
)
def test_the_agreed_rule_is_followed(verdict, doubted, day, numbers, step):
    assert next_step(verdict, doubted, day, *numbers) == step


def test_without_numba_the_numbers_are_the_same():
    """The NumPy fallback is another program for the same sweeps; run where Numba cannot be imported."""
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "import datetime as dt, tests.unit.test_course_model as t\n"
        "from deqi.science.course import kernel\n"
        "assert not kernel.HAVE_NUMBA\n"
        "r = t.burning(t.ratings(8, 9)); print(repr((r.change, r.change_sd, r.p_improved, r.forecast_stop.lo80)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = burning(ratings(8, 9))
    numbers = eval(done.stdout)
    assert np.allclose(
        numbers, (found.change, found.change_sd, found.p_improved, found.forecast_stop.lo80), atol=1e-9
    )


def test_only_whole_programs_are_kept_so_that_none_runs_with_parts_of_yesterday():
    from deqi.science.course import exact, kernel, nodes

    compiled = {
        name: value
        for module in (kernel, nodes, exact)
        for name, value in vars(module).items()
        if hasattr(value, "py_func")
    }
    assert {"run_nodes", "draw_nodes", "tilt", "forward", "t4_cdf"} <= set(compiled)
    kept = {name for name, value in compiled.items() if type(value._cache).__name__ != "NullCache"}
    assert kept == {"run_nodes", "draw_nodes"}


def test_the_kept_nodes_are_the_ones_their_recipe_makes():
    from deqi.science.course.posterior import normal_scores, sobol_scores

    for count in (32, 128, 256, 512):
        assert np.allclose(normal_scores(count), sobol_scores(count), atol=1e-12)
        assert normal_scores(count).shape == (count, 6)


def test_planning_and_seven_day_means_need_no_numerical_library():
    code = (
        "import sys, deqi.science.course as c; c.plan; c.review_simple; c.problems\n"
        "print([name for name in ('numba', 'scipy', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
