"""A senior clinician judges an event by keyboard and reads the rates."""

from uuid import uuid4

from django.utils import timezone

from deqi.record.care.actions.events import report_event
from deqi.record.care.actions.sessions import start_session
from deqi.record.care.models import EventAssessment
from tests.browser.conftest import axe, picture
from tests.visits import answer_the_core, whole_visit


def test_an_event_is_judged_by_keyboard(page, sign_in, people, course):
    alice = people.actor("alice")
    answer_the_core(course.patient)
    visit = whole_visit(alice, start_session(alice, course.id, session_id=uuid4()))
    for kind, words in (("bruise_or_haematoma", "Size of a coin at LR3"), ("dizziness", "For ten minutes")):
        event = report_event(
            alice,
            course.patient.id,
            event_id=uuid4(),
            event_type=kind,
            onset_at=timezone.now(),
            description=words,
            session_id=visit.id,
        )
    page = sign_in("bob")
    page.goto(f"/events/{event.id}/")
    axe(page)
    page.locator("[name=grade]").first.press("Space")
    page.locator("[name=causality][value=probable]").press("Space")
    page.locator("[name=expected][value=yes]").press("Space")
    page.get_by_role("button", name="Add this judgement").press("Enter")
    page.wait_for_selector("text=Earlier ones stay readable")
    picture(page, "event", schemes=("light",))
    assert EventAssessment.objects.get().causality == "probable"
    page.goto("/events/")
    axe(page)
    picture(page, "events", schemes=("light",))
    assert "1 in 1 treatments" in page.locator(".say").inner_text()
