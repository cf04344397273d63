"""A consent is a decision on known words, by a name, and can be taken back."""

import pytest
from pydantic import ValidationError

from deqi.record.errors import Forbidden, NotFound, Refusal
from deqi.record.patients.actions.consents import record_consent
from deqi.record.patients.consent_texts import ConsentText, consent_texts, problems
from deqi.record.patients.models import Consent
from deqi.record.patients.queries.consents import consented


def decide(people, decision, who="eve", name="Eve Elm", kind="sharing"):
    return record_consent(
        people.actor(who), people.eve_patient.id, kind, decision, name, version=consent_texts()[kind].version
    )


def test_the_four_texts_are_whole():
    assert list(consent_texts()) == ["care", "measurement", "sharing", "registry"] and problems() == []


def test_words_that_changed_without_a_new_fingerprint_are_refused():
    care = consent_texts()["care"].model_dump()
    with pytest.raises(ValidationError, match="the words changed"):
        ConsentText(**{**care, "ask": "Do you agree to everything?"})


def test_given_then_withdrawn_is_not_consent_and_both_stay_readable(people):
    decide(people, "given")
    assert consented(people.eve_patient.id, "sharing")
    decide(people, "withdrawn")
    assert not consented(people.eve_patient.id, "sharing")
    assert set(Consent.objects.values_list("decision", flat=True)) == {"given", "withdrawn"}


def test_the_same_decision_twice_is_one_row_and_a_change_of_mind_a_new_one(people):
    assert decide(people, "given").id == decide(people, "given").id
    decide(people, "withdrawn")
    decide(people, "given")
    assert Consent.objects.count() == 3 and consented(people.eve_patient.id, "sharing")


def test_a_signature_needs_a_name_and_the_words_now_in_force(people):
    with pytest.raises(Refusal, match="Type your name"):
        decide(people, "given", name="  ")
    with pytest.raises(Refusal, match="read them again"):
        record_consent(people.actor("eve"), people.eve_patient.id, "care", "given", "Eve Elm", version="0")
    with pytest.raises(Refusal, match="nothing to withdraw"):
        decide(people, "withdrawn")


def test_staff_record_what_was_signed_in_the_room_and_others_do_not(people):
    assert decide(people, "given", who="carol").recorded_by == people.carol
    for who, error in (("dan", NotFound), ("frank", NotFound), ("rita", NotFound)):
        with pytest.raises((error, Forbidden)):
            decide(people, "withdrawn", who=who)
