"""The intake keeps each answer as it is given, once, and tells the clinic what cannot wait."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from deqi.record.audit.models import AuditEntry
from deqi.record.care.intake.steps import Told, story
from deqi.record.care.models import Observation, Task
from deqi.record.care.queries.case import known_facts
from deqi.record.care.queries.intake import own_story
from deqi.record.patients.models import (
    Allergy,
    Condition,
    Consent,
    Intake,
    Medication,
    RedFlagAnswer,
    SafetyFact,
    SymptomMark,
)
from deqi.record.practice.clock import today_at
from deqi.science.safety import facts, red_flags


def url(key):
    return reverse("patient:intake_step", args=[key])


@pytest.fixture
def eve(as_):
    return as_("eve")


def give(client, key, **data):
    answer = client.post(url(key), data)
    assert answer.status_code == 303, answer.content.decode()[:2000]
    return answer


def chosen(*symptoms):
    return {"chosen": list(symptoms)}


def test_a_symptom_that_is_not_felt_is_not_rated_and_a_follow_up_waits_for_its_yes():
    told = Told(answers={"symptoms": {"chosen": ["burning"]}}, age_years=68)
    keys = [step.key for step in story(told)]
    assert "burning-average" in keys and "where-burning" in keys and "numbness-average" not in keys
    assert "fact-anticoagulant_kind" not in keys
    told = Told(
        answers={"fact-anticoagulant": {"value": True}, "fact-anticoagulant_kind": {"value": "warfarin"}}
    )
    assert {"fact-anticoagulant_kind", "fact-inr", "fact-inr_date"} <= {step.key for step in story(told)}


def test_pregnancy_is_asked_of_those_it_can_concern():
    def asked(**who):
        return "fact-pregnant" in {step.key for step in story(Told(**who))}

    assert asked(sex="female", age_years=35) and asked(sex=None, age_years=35)
    assert not asked(sex="male", age_years=35) and not asked(sex="female", age_years=68)


def test_every_lasting_fact_and_every_flag_a_patient_can_answer_is_asked_of_somebody():
    """Nothing in the registry is forgotten: each is on a page when what it depends on is answered yes."""
    everything = {f"fact-{key}": {"value": True} for key, fact in facts().items() if fact.kind == "yes_no"}
    everything |= {f"flag-{flag.id}": {"value": True} for flag in red_flags()}
    everything |= {"fact-anticoagulant_kind": {"value": "warfarin"}}
    asked = {step.about for step in story(Told(everything, 30, "female", seen_before=True))}
    wanted = {key for key, f in facts().items() if f.asked_of == "patient" and f.max_age_days != 0}
    wanted = {key for key in wanted if facts()[key].group != "red_flags"}
    assert wanted <= asked
    assert {f.id for f in red_flags() if facts()[f.fact].asked_of == "patient"} <= asked


def test_a_rating_is_an_observation_when_it_is_tapped_and_one_row_however_often(people, eve):
    give(eve, "symptoms", **chosen("burning"))
    for value in ("6", "6", "7"):
        give(eve, "burning-average", answer=value)
    row = Observation.objects.get(code="burning_average")
    assert (row.value, row.recall, row.channel, row.patient) == (7, "24h", "home", people.eve_patient)
    assert Observation.objects.get(code="burning_felt").value == 1
    assert Observation.objects.get(code="numbness_felt").value == 0
    assert Intake.objects.count() == 1


def test_a_symptom_taken_back_takes_its_numbers_and_marks_with_it(people, eve):
    give(eve, "symptoms", **chosen("burning", "numbness"))
    give(eve, "burning-average", answer="6")
    give(eve, "where-burning", region=["right_heel:6"], level="6")
    give(eve, "symptoms", **chosen("numbness"))
    assert not Observation.objects.filter(code="burning_average").exists()
    assert not SymptomMark.objects.exists()
    assert "burning-average" not in Intake.objects.get().answers


def test_tapped_places_become_marks_and_the_list_without_a_script_uses_the_strength_chosen(people, eve):
    give(eve, "symptoms", **chosen("burning", "numbness"))
    give(eve, "where-burning", region=["right_heel:6", "left_heel:4"], level="5")
    give(eve, "where-numbness", region=["left_heel"], level="8")
    marks = set(SymptomMark.objects.values_list("region", "side", "sensation", "level_0_10"))
    assert marks == {
        ("right_heel", "right", "burning", 6),
        ("left_heel", "left", "burning", 4),
        ("left_heel", "left", "numbness", 8),
    }
    assert len(set(SymptomMark.objects.values_list("map"))) == 1


@pytest.mark.parametrize(
    ("key", "data", "words"),
    [
        ("symptoms-", {}, None),
        ("burning-average", {"answer": "11"}, "from 0 to 10"),
        ("burning-average", {}, "from 0 to 10"),
        ("where-burning", {"region": ["right_tail:4"]}, "not a place"),
        ("where-burning", {"region": ["right_heel:11"]}, "from 1 to 10"),
        ("since", {"year": "2090"}, "up to"),
        ("operations", {"text": "x" * 301}, "301"),
        ("medicines", {"first": [""], "second": ["300 mg"]}, "its name"),
        ("fact-inr", {"value": "high"}, "0.5 to 15"),
        ("fact-inr_date", {"value": "2090-01-01"}, "future"),
        ("flag-cauda-equina", {}, "yes, no or not sure"),
        ("consent-care", {"decision": "given", "name": " ", "version": "1"}, "Type your name"),
        ("consent-care", {"decision": "given", "name": "Eve", "version": "0"}, "words have changed"),
    ],
)
def test_an_impossible_answer_is_refused_in_words_and_what_was_typed_is_kept(people, eve, key, data, words):
    give(eve, "symptoms", **chosen("burning"))
    give(eve, "fact-anticoagulant", answer="yes")
    give(eve, "fact-anticoagulant_kind", value="warfarin")
    before = Intake.objects.get().answers
    answer = eve.post(url(key), data)
    if words is None:
        assert answer.status_code == 404
        return
    text = answer.content.decode()
    assert answer.status_code == 422 and words in text, re.sub(r"\s+", " ", text)[:3000]
    typed = next((v for v in data.values() if isinstance(v, str) and len(v) > 2), "")
    assert key == "since" or typed in text  # a year is chosen from a list, not typed
    assert Intake.objects.get().answers == before and not Consent.objects.exists()


def test_not_sure_is_kept_as_not_known_and_never_as_no(people, eve):
    give(eve, "fact-pacemaker", answer="unsure")
    assert SafetyFact.objects.get(key="pacemaker").value is None
    assert "pacemaker" not in known_facts(people.eve_patient, today_at(people.north))


def test_a_safety_answer_that_changes_adds_a_row_and_a_follow_up_no_longer_asked_is_not_known(people, eve):
    give(eve, "fact-anticoagulant", answer="yes")
    give(eve, "fact-anticoagulant_kind", value="warfarin")
    give(eve, "fact-anticoagulant", answer="no")
    give(eve, "fact-anticoagulant", answer="no")
    values = SafetyFact.objects.filter(key="anticoagulant").order_by("answered_at")
    assert [row.value for row in values] == [True, False]
    known = known_facts(people.eve_patient, today_at(people.north))
    assert known["anticoagulant"] is False and "anticoagulant_kind" not in known


def test_a_yes_to_a_red_flag_says_at_once_what_to_do_and_tells_the_clinic_and_the_story_goes_on(people, eve):
    people.north.phone = "020 7946 0999"
    people.north.save()
    answer = give(eve, "flag-cauda-equina", answer="yes")
    text = eve.get(answer.url).content.decode()
    assert "Get help now" in text and "Call 112" in text and "020 7946 0999" in text
    assert RedFlagAnswer.objects.get().present
    task = Task.objects.get()
    assert (task.kind, task.site, task.due_on) == ("red_flag", people.north, today_at(people.north))
    assert "cauda" not in task.title.lower()
    assert url("flag-sudden-one-sided") in text
    give(eve, "flag-cauda-equina", answer="yes")
    assert RedFlagAnswer.objects.count() == Task.objects.count() == 1


def test_not_sure_about_a_red_flag_is_asked_again_by_the_clinic(people, eve):
    give(eve, "flag-cauda-equina", answer="unsure")
    assert not RedFlagAnswer.objects.exists() and Task.objects.get().kind == "ask"


def test_lists_follow_what_was_typed(people, eve):
    give(eve, "medicines", first=["Gabapentin", "Metformin", ""], second=["300 mg", "", ""])
    give(eve, "medicines", first=["Gabapentin", ""], second=["600 mg", ""])
    give(eve, "allergies", first=["Nickel"], second=["rash"])
    give(eve, "diagnoses", chosen=["diabetes"], other="Asthma\nGout")
    assert [str(m) for m in Medication.objects.all()] == ["Gabapentin 600 mg"]
    assert Allergy.objects.get().reaction == "rash"
    assert set(Condition.objects.values_list("label", flat=True)) == {"Diabetes", "Asthma", "Gout"}
    assert not Condition.objects.filter(is_neuropathy=True).exists()


def test_a_consent_is_signed_on_its_own_page(people, eve):
    give(eve, "consent-care", decision="given", name="Eve Elm", version="1")
    give(eve, "consent-registry", decision="refused", name="Eve Elm", version="1")
    assert set(Consent.objects.values_list("kind", "decision")) == {
        ("care", "given"),
        ("registry", "refused"),
    }


def test_it_goes_on_where_it_was_left_and_back_shows_what_was_given(people, eve):
    begin = reverse("patient:intake")
    assert eve.get(begin).url == url("welcome")
    give(eve, "welcome")
    give(eve, "symptoms", **chosen("burning"))
    assert eve.get(begin).url == url("burning-average")
    give(eve, "burning-average", answer="6")
    text = eve.get(url("burning-average")).content.decode()
    assert re.search(r'value="6" aria-pressed="true"', text)


def test_reading_writes_nothing_but_the_audit_entry(people, eve):
    for step in own_story(people.actor("eve")).steps:
        assert eve.get(url(step.key)).status_code == 200
    assert not Intake.objects.exists() and not Observation.objects.exists()
    assert AuditEntry.objects.filter(verb="self.answer").exists()


def test_once_sent_it_is_read_only_and_the_clinic_has_one_task(people, eve):
    give(eve, "symptoms", **chosen("burning"))
    for _ in range(2):
        assert eve.post(reverse("patient:intake_send")).status_code == 303
    assert Intake.objects.get().status == "submitted"
    assert Task.objects.filter(kind="intake").count() == 1
    assert eve.post(url("symptoms"), chosen("numbness")).status_code == 422
    assert eve.get(url("symptoms")).url == reverse("patient:intake_summary")
    assert "was sent on" in eve.get(reverse("patient:intake_summary")).content.decode()


def test_one_patient_never_sees_or_changes_the_story_of_another(people, eve, as_):
    give(eve, "symptoms", **chosen("burning"))
    give(as_("frank"), "symptoms", **chosen("numbness"))
    assert Intake.objects.get(patient=people.eve_patient).answers["symptoms"]["chosen"] == ["burning"]


@pytest.mark.parametrize("name", ["alice", "carol", "max", "rita", "mallory"])
def test_it_is_the_patients_alone(people, as_, name):
    assert as_(name).get(reverse("patient:intake")).status_code == 403


def test_an_answer_without_the_token_is_refused(people):
    eve = Client(enforce_csrf_checks=True)
    eve.force_login(people.eve, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert eve.post(url("welcome")).status_code == 403 and not Intake.objects.exists()
