"""The synthetic clinic: a story for everybody, names that fit, a record that the check finds sound."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.care.intake.steps import Told, story
from deqi.record.care.models import SingleCase
from deqi.record.care.queries.pooled import pooled_series
from deqi.record.care.queries.responding import response_rates
from deqi.record.operations.check import CHECKS
from deqi.record.patients.models import Allergy, Intake, Patient, SafetyFact
from deqi.record.permissions import Role
from deqi.record.synthetic.clinic import fill
from deqi.record.synthetic.profiles import GIVEN, MENS, PROFILES
from deqi.record.synthetic.story import facts_told, tell

ON = date(2026, 11, 20)


def told(sex, profile=PROFILES[0], born=date(1984, 5, 6)):
    person = Patient(given_name="Ada", family_name="Ash", birth_date=born, sex=sex)
    return tell(person, profile, date(2023, 2, 1), ON, "both", np.random.default_rng(3))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.condition)
def test_every_page_that_is_asked_is_answered(profile):
    answers = told("female", profile)
    assert [step.key for step in story(Told(answers, 42, "female"))] == list(answers)
    assert set(answers["symptoms"]["chosen"]) == set(profile.symptoms)
    assert facts_told(answers)["diabetes"] == profile.facts.get("diabetes", False)


def test_a_man_and_somebody_past_sixty_are_not_asked_about_pregnancy():
    assert "fact-pregnant" in told("female")
    assert "fact-pregnant" not in told("male")
    assert "fact-pregnant" not in told("female", born=date(1950, 1, 1))


def test_mens_names_are_names_that_are_given():
    assert set(GIVEN) > MENS


def test_a_small_clinic_is_filled_with_stories_and_is_sound(db):
    fill(patients=6, long_sessions=4, say=lambda words: None)
    done = Intake.objects.filter(status="completed")
    assert done.count() == 2 and all(len(intake.answers) > 60 for intake in done)
    newcomers = Intake.objects.exclude(status="completed").order_by("patient__record_number")
    assert [intake.status for intake in newcomers] == ["started", "started", "submitted"]
    assert len(newcomers[0].answers) < len(newcomers[1].answers) < len(newcomers[2].answers)
    for person in Patient.objects.all():
        assert person.sex == ("male" if person.given_name in MENS else "female")
    assert not SafetyFact.objects.filter(key="pregnant", patient__sex="male").exists()
    asked = {row[0] for intake in done for row in intake.answers["allergies"]["rows"]}
    assert set(Allergy.objects.values_list("substance", flat=True)) >= asked
    record = {name: check for name, check in CHECKS.items() if name != "database"}
    assert [fault for check in record.values() for fault in check()] == []


def test_some_let_chance_decide_and_it_went_as_drawn(db):
    fill(patients=24, long_sessions=4, say=lambda words: None)
    found = pooled_series(Actor(roles=frozenset({(Role.SENIOR, None)})), page="test")
    assert {one.design for one in found} == {"randomised-start", "randomised-taper"}
    for one in found:
        assert one.symptom == "burning" and one.counted and not one.left_out and not one.off
    rates = response_rates(
        Actor(roles=frozenset({(Role.MANAGER, None)})), date(2000, 1, 1), timezone.localdate()
    )
    (daily,) = [line.share for line in rates.by_kind if line.name == "daily, for an agreed design"]
    assert daily.people == SingleCase.objects.count() and daily.asked / 2 < daily.answered < daily.asked
    for case in SingleCase.objects.select_related("course", "consent"):
        assert case.course.opened_at <= case.offered_at <= case.consent.at <= case.drawn_at
