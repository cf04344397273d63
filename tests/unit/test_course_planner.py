"""The planner: what changes the proposal, and that every part says why."""

import pytest

from deqi.science.case import case_from
from deqi.science.course import plan

USUAL = {"condition": "dpn", "symptoms": ["burning"], "severity_0_10": 6, "months": 30}


def person(**changes):
    return case_from({**USUAL, **changes})


def test_long_standing_moderate_neuropathy_is_weekly_for_twelve_weeks():
    proposal = plan(person())
    assert (proposal.sessions_per_week.value, proposal.weeks.value, proposal.sessions.value) == (1.0, 12, 12)
    assert [point.key for point in proposal.review_points] == ["early", "week_6", "week_12"]
    assert proposal.review_points[0].session == 4


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"severity_0_10": 8, "months": 12}, "Twice a week"),
        ({"severity_0_10": 8, "months": 2}, "Three times a week"),
        ({"severity_0_10": 2}, "Every two weeks"),
        ({"severity_0_10": 8, "facts": {"frail": True}}, "Once a week"),
        ({"severity_0_10": 8, "travel_min": 120}, "Every two weeks"),
        ({"severity_0_10": 8, "months": 2, "facts": {"insensate_feet": True}}, "Twice a week"),
        ({"severity_0_10": 8, "condition": "cipn", "on_chemotherapy": True}, "Once a week"),
        ({"wish_sessions_per_week": 2}, "Twice a week"),
        ({"wish_sessions_per_week": 0.5}, "Every two weeks"),
    ],
)
def test_what_the_person_is_bears_on_how_often(changes, words):
    assert plan(person(**changes)).sessions_per_week.words == words


def test_a_wish_never_lifts_a_safety_ceiling():
    case = person(condition="cipn", on_chemotherapy=True, severity_0_10=8, wish_sessions_per_week=3)
    assert plan(case).sessions_per_week.value == 1.0


def test_chemotherapy_brings_warnings_and_an_early_review():
    proposal = plan(person(condition="cipn", on_chemotherapy=True))
    assert any("oncology team" in warning for warning in proposal.warnings)
    assert any("did not prevent" in warning for warning in proposal.warnings)
    assert proposal.review_points[0].session == 4


def test_every_part_gives_a_reason_and_every_reason_a_source_or_says_it_is_ours():
    for severity in (1, 5, 9, None):
        for months in (1, 12, 60, None):
            proposal = plan(person(severity_0_10=severity, months=months))
            parts = (
                proposal.sessions_per_week,
                proposal.weeks,
                proposal.sessions,
                proposal.maintenance,
                proposal.taper,
            )
            for part in (*parts, *proposal.review_points):
                assert part.reasons
                assert all(reason.source or reason.assumption for reason in part.reasons)
            assert 0.5 <= proposal.sessions_per_week.value <= 3
            assert 6 <= proposal.weeks.value <= 12
            assert 4 <= proposal.review_points[0].session <= 6
