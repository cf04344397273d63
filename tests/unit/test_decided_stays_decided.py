"""The database itself keeps a review, a decided plan and a sent letter as they were."""

from datetime import UTC, datetime

import pytest
from django.db import Error, transaction

from deqi.record.care.models import CourseRevision, Letter, Review
from deqi.record.patients.models import CareProvider, Consent

NOW = datetime.now(UTC)


def refused(change):
    with pytest.raises(Error), transaction.atomic():
        change()


@pytest.fixture
def review(people, course):
    return Review.objects.create(
        course=course, after_session=4, at=NOW, model_version="1", inputs_sha256="0" * 64, result={},
        decision="go_on", reason="better", decided_by=people.alice,
    )  # fmt: skip


@pytest.fixture
def letter(people, course):
    eve = people.eve_patient
    consent = Consent.objects.create(
        patient=eve, kind="sharing", version="1", text_sha256="0" * 64, decision="given", signed_name="Eve",
        at=NOW, recorded_by=people.eve,
    )  # fmt: skip
    return Letter.objects.create(
        patient=eve, to=CareProvider.objects.get(patient=eve), asked_first="Nothing", written_by=people.alice,
        written_at=NOW, sent_at=NOW, consent=consent, pdf=b"%PDF",
    )  # fmt: skip


def test_a_review_can_be_neither_changed_nor_deleted(review):
    refused(lambda: Review.objects.filter(id=review.id).update(reason="worse"))
    refused(lambda: Review.objects.filter(id=review.id).delete())
    assert Review.objects.get(id=review.id).reason == "better"


def test_a_decided_plan_can_be_neither_changed_nor_deleted(course):
    rows = CourseRevision.objects.filter(course=course)
    refused(lambda: rows.update(weeks=50))
    refused(lambda: rows.delete())
    assert rows.exists()


def test_a_sent_letter_can_be_neither_changed_nor_deleted_and_a_draft_can(letter, people):
    rows = Letter.objects.filter(id=letter.id)
    refused(lambda: rows.update(pdf=b"other"))
    refused(lambda: rows.delete())
    draft = Letter.objects.create(
        patient=letter.patient, to=letter.to, asked_first="A", written_by=people.alice, written_at=NOW
    )
    Letter.objects.filter(id=draft.id).update(asked_first="B")
    Letter.objects.filter(id=draft.id).delete()
    assert bytes(rows.get().pdf) == b"%PDF"
