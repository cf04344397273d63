"""The register: one entry for one event, every judgement kept, denominators never mixed."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from deqi.record.care.actions.events import assess_event, report_event
from deqi.record.care.actions.sessions import start_session
from deqi.record.care.models import AdverseEvent, EventAssessment, Incident, Task
from deqi.record.care.queries.events import register
from deqi.record.errors import Forbidden, NotFound, Refusal
from tests.visits import answer_the_core, whole_visit
from tests.words import speaks_of


@pytest.fixture
def alice(people):
    return people.actor("alice")


@pytest.fixture
def visits(alice, people, course):
    """Two signed visits of one person."""
    answer_the_core(course.patient)
    return [whole_visit(alice, start_session(alice, course.id, session_id=uuid4())) for _ in range(2)]


@pytest.fixture
def say(alice, people):
    def go(kind="dizziness", actor=alice, **given):
        return report_event(
            actor,
            people.eve_patient.id,
            **{"event_id": uuid4(), "event_type": kind, "onset_at": timezone.now(), **given},
        )

    return go


JUDGED = {"seen": 0, "grade": 1, "seriousness": [], "causality": "probable", "expected": True}


def test_one_id_makes_one_event_and_one_task(say):
    key = uuid4()
    assert say(event_id=key).id == say(event_id=key).id
    assert (AdverseEvent.objects.count(), Task.objects.filter(kind="event").count()) == (1, 1)


def test_an_event_of_the_needles_also_opens_an_incident(say):
    say("dizziness")
    assert not Incident.objects.exists()
    say("stuck_or_bent_needle")
    assert Incident.objects.get().kind == "stuck_or_bent_needle"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "feeling_odd"}, "event_type"),
        ({"onset_at": timezone.now() + timedelta(days=1)}, "onset_at"),
        ({"onset_at": timezone.now() - timedelta(days=4000)}, "onset_at"),
    ],
)
def test_impossible_events_are_refused_by_field(given, field, say):
    with pytest.raises(Refusal) as refused:
        say(**given)
    assert refused.value.field == field and not AdverseEvent.objects.exists()


def test_only_a_senior_judges_and_every_version_is_kept(say, alice, people):
    event, bob = say(), people.actor("bob")
    with pytest.raises(Forbidden):
        assess_event(alice, event.id, **JUDGED)
    with pytest.raises(NotFound):
        assess_event(people.actor("dan"), event.id, **JUDGED)
    assess_event(bob, event.id, **JUDGED)
    assess_event(bob, event.id, **JUDGED)  # a double click
    assert Task.objects.get(kind="event").done_at is not None
    assess_event(bob, event.id, **{**JUDGED, "seen": 1, "grade": 2})
    assert list(EventAssessment.objects.values_list("grade", flat=True)) == [2, 1]
    with pytest.raises(Refusal, match="judged this meanwhile"):
        assess_event(bob, event.id, **{**JUDGED, "seen": 1, "grade": 3})


@pytest.mark.parametrize(
    "wrong",
    [
        {"grade": 0},
        {"grade": 5},
        {"seriousness": ["death"]},
        {"seriousness": ["bad luck"]},
        {"causality": "surely"},
    ],
)
def test_a_judgement_that_contradicts_itself_is_refused(wrong, say, people):
    with pytest.raises(Refusal):
        assess_event(people.actor("bob"), say().id, **{**JUDGED, **wrong})
    assert not EventAssessment.objects.exists()


def test_rates_count_visits_and_people_apart(say, visits, alice, people):
    for kind in ("dizziness", "headache"):
        say(kind, session_id=visits[0].id)
    say("headache")  # said at home: of no visit
    now = timezone.now()
    found = register(alice, now - timedelta(days=30), now + timedelta(days=1))
    assert (found.sessions, found.patients, found.total) == (2, 1, 3)
    assert (found.any_treatment.events, found.any_treatment.denominator) == (1, 2)
    assert (found.any_patient.events, found.any_patient.denominator) == (1, 1)
    by = {one.label: one for one in found.kinds}
    assert by["Headache"].treatments.events == 1 and by["Headache"].patients.events == 1
    assert found.any_treatment.exact == pytest.approx((0.012579, 0.987421), abs=1e-6)  # R: binom.test(1, 2)


def test_an_event_said_after_the_signature_leaves_the_signed_visit_as_it_was(say, visits):
    from deqi.record.care.actions.signing import seal_holds

    say(session_id=visits[0].id)
    visits[0].refresh_from_db()
    assert seal_holds(visits[0])


def test_the_register_of_another_site_does_not_name_this_one(say, visits, as_):
    say(session_id=visits[0].id)
    assert "Eve Elm" in as_("alice").get(reverse("clinic:events")).content.decode()
    assert not speaks_of("Eve|Elm", as_("dan").get(reverse("clinic:events")).content.decode())


def test_the_front_desk_reports_but_does_not_read_the_register(as_, people):
    carol = as_("carol")
    assert carol.get(reverse("clinic:events")).status_code == 403
    data = {"id": uuid4(), "event_type": "fall", "onset": "2026-01-02T10:00", "description": "on the stairs"}
    data["onset"] = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    url = reverse("clinic:report_event", args=[people.eve_patient.id])
    assert carol.post(url, {**data, "event_type": ""}).status_code == 422
    assert carol.post(url, data).status_code == 302
    assert AdverseEvent.objects.get().reporter_role == "staff"


def test_a_judgement_by_the_form(as_, say):
    event = say()
    url = reverse("clinic:assess_event", args=[event.id])
    data = {"seen": 0, "grade": 2, "causality": "possible", "expected": "no", "action_taken": "Lay flat, tea"}
    answer = as_("bob").post(url, {**data, "causality": ""})
    assert answer.status_code == 422 and b"Lay flat, tea" in answer.content
    assert as_("bob").post(url, data).status_code == 302
    page = as_("alice").get(reverse("clinic:event", args=[event.id])).content.decode()
    assert "grade 2" in page and "Add this judgement" not in page
