"""The pages of a visit and of the register ask at most twelve things of the database."""

from uuid import uuid4

from django.urls import reverse

from deqi.record.care.actions.events import report_event
from deqi.record.care.actions.sessions import start_session
from deqi.record.care.models import AdverseEvent
from tests.visits import answer_the_core, whole_visit


def test_a_visit_open_or_signed_and_the_register_take_twelve_statements(people, course, as_, statements):
    alice, browser = people.actor("alice"), as_("bob")
    answer_the_core(people.eve_patient)
    visit = start_session(alice, course.id, session_id=uuid4(), room_id=people.room.id)
    page = reverse("clinic:visit", kwargs={"session_id": visit.id})
    browser.get(page)
    with statements(at_most=12):
        assert browser.get(page).status_code == 200
    signed = whole_visit(alice, visit)
    with statements(at_most=12):
        assert "Signed" in browser.get(page).content.decode()
    report_event(
        alice, people.eve_patient.id, event_id=uuid4(), event_type="dizziness", onset_at=signed.needled_at,
        description="For a minute", points="", session_id=signed.id,
    )  # fmt: skip
    with statements(at_most=12):
        text = browser.get(reverse("clinic:events")).content.decode()
    assert "1 of 1" in text or "1 in 1" in text or AdverseEvent.objects.count() == 1
