"""An id that a page makes for its row can be there already: in another record, or by the same post a moment ago."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from deqi.record.ids import is_taken
from deqi.record.patients.models import Allergy, Condition, Patient


def test_an_id_of_another_record_is_refused_in_words_and_changes_nothing(people, as_):
    theirs = Condition.objects.create(
        patient=people.frank_patient,
        condition="dpn",
        label="His",
        onset=date(2020, 1, 1),
        recorded_by=people.dan,
    )
    given = {"row": theirs.id, "condition": "dpn", "icd10": "E11.42", "label": "Hers", "onset": "2020-01-01",
             "onset_precision": "day"}  # fmt: skip
    sent = as_("alice").post(reverse("clinic:record_condition", args=[people.eve_patient.id]), given)
    assert sent.status_code == 409 and "out of date" in sent.content.decode()
    assert [(row.patient_id, row.label) for row in Condition.objects.all()] == [
        (people.frank_patient.id, "His")
    ]


def test_only_the_id_itself_counts(people):
    first = Allergy.objects.create(id=uuid4(), patient=people.eve_patient, substance="latex")
    with pytest.raises(IntegrityError) as same_id, transaction.atomic():
        Allergy.objects.create(id=first.id, patient=people.frank_patient, substance="latex")
    with pytest.raises(IntegrityError) as same_number, transaction.atomic():
        Patient.objects.create(
            record_number=1,
            home_site=people.north,
            given_name="X",
            family_name="Y",
            birth_date=date(1950, 1, 1),
        )
    assert is_taken(same_id.value) and not is_taken(same_number.value)


def test_a_judgement_of_an_event_from_a_page_out_of_date_is_refused_in_words(people, as_):
    from tests.access.rows.visit import an_event

    address = reverse("clinic:assess_event", args=[an_event(people, people.eve_patient)["event_id"]])
    given = {"grade": "1", "causality": "possible", "expected": "yes", "outcome": "recovered"}
    for seen in ("", "cancel", "3"):
        sent = as_("bob").post(address, {**given, "seen": seen})
        assert sent.status_code == 422 and "out of date" in sent.content.decode()
