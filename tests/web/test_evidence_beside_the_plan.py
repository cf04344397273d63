"""From a person's chart and plan to the evidence in one click, and the doses of trials beside the plan."""

import re
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from deqi.record.care.actions.courses import Plan, open_course
from deqi.record.patients.models import Condition
from deqi.science import evidence

pytestmark = pytest.mark.django_db
PLAN = Plan(
    sessions_per_week=Decimal("1"), weeks=12, planned_sessions=12, review_sessions=(4, 8, 12), goals="walk"
)


@pytest.fixture(params=["dpn", "cipn", "cts", "mixed"])
def condition(request, people):
    return Condition.objects.create(
        patient=people.eve_patient, condition=request.param, label="Neuropathy", onset=date(2020, 1, 1)
    )


@pytest.fixture
def course(people, condition):
    return open_course(
        people.actor("alice"), people.eve_patient.id, PLAN, why="Weekly suits her", course_id=uuid4()
    )


def links(text):
    return {
        link.replace("&amp;", "&") for link in re.findall(r'href="(/evidence/\?condition=[a-z_]+)"', text)
    }


def test_evidence_of_the_persons_condition_is_one_click_from_chart_and_plan(people, as_, condition, course):
    alice = as_("alice")
    wanted = f"/evidence/?condition={condition.condition}"
    pages = {
        "chart": reverse("clinic:chart", args=[people.eve_patient.id]),
        "course": reverse("clinic:course", args=[course.id]),
        "planner": reverse("clinic:course_new", args=[people.eve_patient.id]),
    }
    for name, page in pages.items():
        found = links(alice.get(page).content.decode())
        if name == "planner" and condition.condition == "mixed":
            continue  # no trial is of a mixed case: the planner has no doses to show, chart and course lead on
        assert wanted in found, name
    opened = alice.get(wanted)
    assert opened.status_code == 200
    if condition.condition != "mixed":
        own = set(re.findall(r'href="/evidence/([a-z_]+)/[a-z_]+/"', opened.content.decode()))
        assert own - {"mechanisms"} == {condition.condition}, "filtered to the condition"


def test_doses_of_trials_that_found_a_difference_stand_beside_those_that_did_not(people, as_, condition):
    text = as_("alice").get(reverse("clinic:course_new", args=[people.eve_patient.id])).content.decode()
    if condition.condition == "mixed":
        return
    doses = evidence.doses(condition.condition)
    assert doses.caution.split(";")[0] in text
    for side, words in (("found", "found a difference"), ("not_found", "found none")):
        assert (words in text) == (side in doses.summary)
    for dose in doses.each:
        assert reverse("learn:trial", args=[dose.trial]) in text, dose.trial
    currents = [dose for dose in doses.each if dose.hz]
    for dose in currents:
        assert "/".join(f"{hz:g}" for hz in dose.hz) + " Hz" in text, dose.trial


def test_every_study_says_where_it_stands_and_what_it_shares():
    page = Client()
    for key, trial in evidence.trials().items():
        text = page.get(reverse("learn:trial", args=[key])).content.decode()
        assert ("Not in the default pools" in text) == bool(evidence.outside_default_pools(trial)), key
        shared = evidence.overlap_of(key)
        assert ("never pooled twice" in text) == (shared is not None), key
        for other in shared.trials if shared else ():
            assert other == key or reverse("learn:trial", args=[other]) in text


def test_second_looks_hold_influence_and_small_study_effects():
    text = Client().get("/evidence/dpn/global_response/", {"comparator": "drug"}).content.decode()
    assert "How hard each study pulls" in text and "Cook&#x27;s distance" in text
    assert "Small-study effects" in text and "Egger&#x27;s test" in text and "Trim and fill" in text
