"""Whatever the course, the plan of asks keeps its promises."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from deqi.science.course.asking import (
    AFTER_OPEN_DAYS,
    AFTER_WEEKS,
    BASELINE_DAYS,
    LOOK_BACK_DAYS,
    REVIEW_DAYS,
    Agreed,
    Ask,
    CourseDays,
    also_on,
    ask_on,
    design_ask_on,
    design_symptoms,
    review_day,
)
from deqi.science.course.single_case import StartProtocol, TaperProtocol

#: Stands for no ask in a list.
NONE = Ask(date(2026, 1, 1), date(2026, 1, 1), "visit", 1)
START = date(2026, 3, 2)
days = st.integers(0, 260).map(lambda n: START + timedelta(days=n))


@st.composite
def protocols(draw):
    if draw(st.booleans()):
        return StartProtocol(symptom="burning", enrolled_on=draw(days))
    return TaperProtocol(symptom="numbness", taper_on=draw(days))


def designs():
    return protocols().map(lambda one: Agreed(one.symptom, one.rated_from, one.rated_until))


@st.composite
def courses(draw):
    given_sessions = draw(st.integers(0, 20))
    visits = tuple(sorted(draw(st.sets(days, max_size=8))))
    first = draw(days) if given_sessions else None
    return CourseDays(
        booked_on=draw(st.none() | days),
        first_needle=first,
        visits=visits,
        given=given_sessions,
        last_given=first + timedelta(days=draw(st.integers(0, 100))) if first else None,
        review_after=draw(st.none() | st.integers(1, 30)),
        sessions_per_week=draw(st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.0])),
        ended_on=draw(st.none() | days),
        agreed=tuple(draw(st.lists(designs(), max_size=2))),
    )


@settings(max_examples=400, deadline=None)
@given(courses(), days)
def test_an_ask_is_open_on_the_day_it_is_made_and_the_same_on_each_of_its_days(course, day):
    ask = ask_on(course, day)
    if ask is not None:
        assert ask.day <= day <= ask.until
        assert all(
            ask_on(course, ask.day + timedelta(days=n)) == ask for n in range((ask.until - ask.day).days)
        )


@settings(max_examples=400, deadline=None)
@given(courses(), days)
def test_after_the_first_needle_no_baseline_is_asked_and_before_it_at_most_a_fortnight(course, day):
    ask = ask_on(course, day)
    if ask is not None and ask.kind == "baseline":
        assert course.first_needle is None and course.ended_on is None
        assert 1 <= ask.point <= BASELINE_DAYS
        assert ask.day == course.booked_on + timedelta(days=ask.point - 1)
    if course.given == 0 and course.booked_on:
        asked = [ask_on(course, course.booked_on + timedelta(days=n)) for n in range(-10, 60)]
        assert sum(1 for one in asked if one and one.kind == "baseline") <= BASELINE_DAYS


@settings(max_examples=400, deadline=None)
@given(courses(), days)
def test_before_a_review_the_seven_days_before_it_are_asked_or_those_after_it_fell_due(course, day):
    ask, due = ask_on(course, day), review_day(course)
    if ask is not None and ask.kind == "review":
        assert due is not None and 0 < abs((due - day).days) <= REVIEW_DAYS
        assert ask.point == course.review_after


@settings(max_examples=300, deadline=None)
@given(courses())
def test_after_the_end_three_asks_and_nothing_else_whether_or_not_they_return(course):
    if course.ended_on is None:
        return
    asked = {ask_on(course, course.ended_on + timedelta(days=n)) for n in range(0, 400)} - {None}
    if course.first_needle is None:
        assert not asked
        return
    assert {(one.kind, one.point) for one in asked} == {("after", weeks) for weeks in AFTER_WEEKS}
    for one in asked:
        assert one.day == course.ended_on + timedelta(weeks=one.point)
        assert (one.until - one.day).days == AFTER_OPEN_DAYS - 1
    assert asked == {ask_on(replace(course, visits=(), review_after=None), one.day) for one in asked}, (
        "a visit does not change what is asked after the end"
    )


@settings(max_examples=600, deadline=None)
@given(courses(), days)
def test_what_looks_back_is_asked_near_its_point_of_comparison_and_change_only_after_the_first_needle(
    course, day
):
    ask = ask_on(course, day)
    also = also_on(course, ask) if ask else None
    if ask is not None and ask.kind in ("baseline", "after"):
        assert also is not None, "every baseline and follow-up has it"
    if also is None:
        return
    assert also.since <= ask.day <= also.until
    assert ("change" in also.parts) == (ask.kind != "baseline")
    if "change" in also.parts:
        assert course.first_needle is not None
    if ask.kind in ("visit", "review"):
        due = review_day(course)
        assert also.since == due - timedelta(days=LOOK_BACK_DAYS)
        assert -LOOK_BACK_DAYS <= (ask.day - due).days <= REVIEW_DAYS


@settings(max_examples=300, deadline=None)
@given(courses(), days)
def test_a_window_is_one_whatever_day_of_it_is_looked_at_and_ends_with_what_it_is_for(course, day):
    """What is asked once in a window is so told from what is asked in the next."""
    found = {}
    for n in range(-40, 60):
        ask = ask_on(course, day + timedelta(days=n))
        also = also_on(course, ask) if ask else None
        if also is not None:
            found.setdefault((also.window, also.point), set()).add((also.since, also.until))
            assert also.window == {"visit": "review"}.get(ask.kind, ask.kind)
    assert all(len(spans) == 1 for spans in found.values())
    spans = sorted(span for one in found.values() for span in one)
    assert all(earlier[1] < later[0] for earlier, later in pairwise(spans)), "no day is in two windows"
    for (window, point), ((since, until),) in found.items():
        length = {
            "baseline": BASELINE_DAYS,
            "review": LOOK_BACK_DAYS + REVIEW_DAYS + 1,
            "after": AFTER_OPEN_DAYS,
        }
        assert (until - since).days == length[window] - 1
        if window == "baseline":
            assert since == course.booked_on and course.first_needle is None
        else:
            assert point == course.review_after if window == "review" else point in AFTER_WEEKS


@settings(max_examples=600, deadline=None)
@given(courses(), days)
def test_a_day_of_an_agreed_design_has_one_ask_of_its_own_and_no_other_day_has_one_for_it(course, day):
    usual, design = ask_on(course, day), design_ask_on(course, day)
    made_today = [one for one in (usual, design) if one is not None and one.day == day]
    assert len(made_today) <= 1, "one request a day and course"
    assert usual == ask_on(replace(course, agreed=()), day), "the other asks stay what they were"
    needed = any(one.since <= day <= one.until for one in course.agreed)
    assert bool(design_symptoms(course, day)) == needed
    if needed and day != course.last_given:
        assert len(made_today) == 1
    if design is not None:
        assert needed and design.until == day and design.point >= 1
        assert also_on(course, design) is None, "the rating alone"


@settings(max_examples=200, deadline=None)
@given(protocols())
def test_every_day_that_an_agreed_design_compares_is_asked_whatever_was_drawn(protocol):
    agreed = Agreed(protocol.symptom, protocol.rated_from, protocol.rated_until)
    asked = {
        protocol.rated_from + timedelta(days=n)
        for n in range(-20, 100)
        if design_ask_on(CourseDays(agreed=(agreed,)), protocol.rated_from + timedelta(days=n))
    }
    compared = set()
    for start in protocol.starts if isinstance(protocol, StartProtocol) else [protocol.taper_on]:
        compared |= {start - timedelta(days=n) for n in range(1, protocol.before_days + 1)}
        compared |= {start + timedelta(days=n) for n in range(protocol.after_from, protocol.after_to)}
    assert compared <= asked
    assert (min(asked), max(asked)) == (min(compared), max(compared)), "and not a day longer"


def test_a_course_by_hand():
    """Booked on 2 March for the 12th and weekly from then on, review after the fourth visit."""
    booked = CourseDays(booked_on=START, visits=(date(2026, 3, 12), date(2026, 3, 19)), review_after=4)
    kinds = [(ask_on(booked, START + timedelta(days=n)) or booked) for n in range(12)]
    assert [getattr(one, "kind", None) for one in kinds] == ["baseline"] * 10 + ["visit", "baseline"]
    begun = replace(
        booked,
        first_needle=date(2026, 3, 12),
        last_given=date(2026, 3, 12),
        given=1,
        visits=(date(2026, 3, 19),),
    )
    assert ask_on(begun, date(2026, 3, 13)) is None
    assert review_day(begun) == date(2026, 4, 2), "one booked, two more weeks reckoned on"
    assert ask_on(begun, date(2026, 3, 26)).kind == "review"
    assert ask_on(begun, date(2026, 3, 25)) is None
    assert ask_on(begun, date(2026, 4, 2)) is None
    look_back = [
        n for n in range(8) if also_on(begun, ask_on(begun, date(2026, 3, 26) + timedelta(days=n)) or NONE)
    ]
    assert look_back == [4, 5, 6], "the third, second and last day before the review"
