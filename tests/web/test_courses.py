"""Courses: every plan kept, always a next review, and where a course stands in one query."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from deqi.record.care.actions.courses import Plan, end_course, open_course, plan_of, revise_course
from deqi.record.care.models import Course, Observation, Session, Task
from deqi.record.care.queries.case import case_of
from deqi.record.care.queries.courses import course_position, course_positions, current_revision
from deqi.record.errors import Conflict, Forbidden, NotFound, Refusal
from deqi.record.patients.models import Condition, RedFlagAnswer, SafetyFact
from deqi.record.practice.models import Licence

PLAN = Plan(
    sessions_per_week=Decimal("1"), weeks=12, planned_sessions=12, review_sessions=(4, 8, 12), goals="walk"
)


@pytest.fixture
def course(people):
    return open_course(
        people.actor("alice"), people.eve_patient.id, PLAN, why="Weekly suits her", course_id=uuid4()
    )


def add_sessions(people, course, count, state="signed"):
    licence = Licence.objects.get(number="T-alice")
    now = timezone.now()
    first = Session.objects.filter(course=course).count()
    Session.objects.bulk_create(
        Session(
            course=course,
            patient=course.patient,
            site=course.site,
            practitioner=course.practitioner,
            licence=licence,
            number=first + number,
            state=state,
            opened_at=now - timedelta(days=7 * (count - number) + 1),
            retention_planned_min=25,
            needles_in=8,
            needles_out=8,
            signed_at=now if state == "signed" else None,
            signed_by=people.alice if state == "signed" else None,
        )
        for number in range(1, count + 1)
    )


def test_a_course_opened_twice_with_one_id_is_opened_once(people):
    actor, key = people.actor("alice"), uuid4()
    open_course(actor, people.eve_patient.id, PLAN, why="so", course_id=key)
    open_course(actor, people.eve_patient.id, PLAN, why="so", course_id=key)
    assert Course.objects.get().revisions.count() == 1


def test_every_plan_is_kept_with_who_and_why(people, course):
    revision = current_revision(course)
    revise_course(
        people.actor("bob"), course.id, plan_of(revision, weeks=8), why="Improving fast", expected=1
    )
    kept = [(r.number, r.weeks, r.why, r.decided_by.name) for r in course.revisions.all()]
    assert kept == [(2, 8, "Improving fast", "Bob Birch"), (1, 12, "Weekly suits her", "Alice Ash")]


def test_who_saves_over_a_newer_plan_is_shown_it(people, course):
    plan = plan_of(current_revision(course), weeks=8)
    revise_course(people.actor("bob"), course.id, plan, why="first", expected=1)
    with pytest.raises(Conflict) as refused:
        revise_course(
            people.actor("alice"), course.id, plan_of(current_revision(course), weeks=10), why="x", expected=1
        )
    assert refused.value.theirs["weeks"] == 8


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"retention_min": 0}, "retention_min"),
        ({"retention_min": 600}, "retention_min"),
        ({"weeks": 0}, "weeks"),
        ({"sessions_per_week": Decimal(9)}, "sessions_per_week"),
        ({"review_sessions": ()}, "review_sessions"),
        ({"review_sessions": (8, 4)}, "review_sessions"),
        ({"review_sessions": (4, 13)}, "review_sessions"),
        ({"modality": "laser"}, "modality"),
    ],
)
def test_an_impossible_plan_is_refused_with_the_field_named(people, course, changes, field):
    with pytest.raises(Refusal) as refused:
        revise_course(people.actor("alice"), course.id, plan_of(current_revision(course), **changes), why="x")
    assert refused.value.field == field
    assert course.revisions.count() == 1


def test_a_position_counts_sessions_given_and_names_the_next_review(people, course):
    add_sessions(people, course, 3)
    position = course_position(course)
    assert (position.given, position.planned, position.visit, position.next_review) == (3, 12, 4, 4)
    assert (position.due, position.bookable, position.words) == (
        False,
        1,
        "visit 4 of 12, review after session 4",
    )
    add_sessions(people, course, 2)
    position = course_position(course)
    assert (position.due, position.overdue, position.bookable) == (True, True, 0)


def test_many_positions_take_one_query(people, course, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert course.id in course_positions([course.id, uuid4()])


def test_a_plan_below_the_sessions_given_is_refused(people, course):
    add_sessions(people, course, 5)
    plan = plan_of(current_revision(course), planned_sessions=4, review_sessions=(4,))
    with pytest.raises(Refusal, match="5 sessions were given"):
        revise_course(people.actor("alice"), course.id, plan, why="x")


def test_a_course_ends_once_with_a_reason_and_asks_for_no_more_reviews(people, course):
    Task.objects.create(
        patient=course.patient, site=course.site, kind="review", title="due", due_on=timezone.localdate()
    )
    with pytest.raises(Refusal):
        end_course(people.actor("alice"), course.id, " ")
    end_course(people.actor("alice"), course.id, "Moved away")
    end_course(people.actor("alice"), course.id, "again")
    course.refresh_from_db()
    assert (course.status, course.end_reason) == ("ended", "Moved away")
    assert course_position(course).next_review is None
    assert not Task.objects.filter(done_at=None).exists()


def test_the_front_desk_and_another_site_cannot_plan(people, course):
    with pytest.raises(Forbidden):
        revise_course(people.actor("carol"), course.id, PLAN, why="x")
    with pytest.raises(NotFound):
        revise_course(people.actor("dan"), course.id, PLAN, why="x")


def test_the_case_holds_what_is_recorded_and_leaves_out_what_is_too_old(people):
    eve, now = people.eve_patient, timezone.now()
    Condition.objects.create(
        patient=eve, condition="dpn", label="Diabetic", onset=timezone.localdate() - timedelta(days=913)
    )
    for key, value, days in [
        ("pacemaker", False, 300),
        ("pregnant", False, 60),
        ("anticoagulant", True, 90),
        ("anticoagulant", False, 1),
        ("insensate_feet", None, 1),
    ]:
        SafetyFact.objects.create(
            patient=eve, key=key, value=value, source="patient", answered_at=now - timedelta(days=days)
        )
    RedFlagAnswer.objects.create(patient=eve, flag="charcot", present=True, asked_at=now - timedelta(days=50))
    for days, value in [(1, 6), (2, 8), (40, 1)]:
        Observation.objects.create(
            patient=eve,
            code="burning_average",
            value=value,
            channel="home",
            effective_at=now - timedelta(days=days),
        )
    case = case_of(eve, None, timezone.localdate())
    assert (case.condition, case.months, case.severity_0_10, case.symptoms) == (
        "dpn",
        30.0,
        7.0,
        ("burning",),
    )
    assert case.facts["pacemaker"] is False and case.facts["anticoagulant"] is False
    assert "pregnant" not in case.facts and "insensate_feet" not in case.facts
    assert case.facts["hot_swollen_foot"] is True


def test_the_case_takes_few_queries_whatever_the_history(people, django_assert_max_num_queries):
    now = timezone.now()
    SafetyFact.objects.bulk_create(
        SafetyFact(
            patient=people.eve_patient,
            key="fever",
            value=False,
            source="patient",
            answered_at=now - timedelta(days=day),
        )
        for day in range(500)
    )
    with django_assert_max_num_queries(1):
        assert case_of(people.eve_patient, None, timezone.localdate()).facts["fever"] is False
