"""A patient is met only through the acting person's scope, and every look is written down."""

import pytest

from deqi.record.audit.models import AuditEntry
from deqi.record.errors import Forbidden, NotFound
from deqi.record.patients.models import PatientShare
from deqi.record.patients.queries import patient_for


def test_a_practitioner_of_the_site_sees_the_clinical_record_and_leaves_an_entry(people):
    assert patient_for(people.actor("alice"), people.eve_patient.id, "clinical.view").name == "Eve Elm"
    entry = AuditEntry.objects.get()
    assert (entry.actor_name, entry.verb, entry.patient_id) == (
        "Alice Ash",
        "clinical.view",
        people.eve_patient.id,
    )


def test_the_front_desk_is_refused_clinical_notes_but_not_the_address(people):
    patient_for(people.actor("carol"), people.eve_patient.id, "patient.view")
    with pytest.raises(Forbidden):
        patient_for(people.actor("carol"), people.eve_patient.id, "clinical.view")


@pytest.mark.parametrize("name", ["dan", "rita", "frank", "mallory"])
def test_others_are_told_there_is_no_such_patient(people, name):
    with pytest.raises(NotFound):
        patient_for(people.actor(name), people.eve_patient.id, "clinical.view")


def test_another_site_sees_a_patient_while_shared_and_not_after(people):
    share = PatientShare.objects.create(
        patient=people.eve_patient, site=people.south, shared_by=people.bob, reason="moved"
    )
    assert patient_for(people.actor("dan"), people.eve_patient.id, "clinical.view")
    share.ended_at = share.since
    share.save()
    with pytest.raises(NotFound):
        patient_for(people.actor("dan"), people.eve_patient.id, "clinical.view")


def test_a_patient_reaches_their_own_record_only(people):
    assert patient_for(people.actor("eve"), people.eve_patient.id, "self.view")
    with pytest.raises(NotFound):
        patient_for(people.actor("eve"), people.frank_patient.id, "self.view")
