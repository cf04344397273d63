"""A patient's own pages: the plan, today's ratings, side effects, agreements, who has looked."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from deqi.record.care.models import AdverseEvent, Appointment, Observation, Session, Task
from deqi.record.care.queries.own import check_in, tracked_symptoms
from deqi.record.patients.actions.consents import record_consent
from deqi.record.patients.consent_texts import consent_texts
from deqi.record.patients.models import Consent, Medication, RedFlagAnswer
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Licence

HOME = reverse("patient:home")


def observe(people, code, value, days_ago, **more):
    return Observation.objects.create(
        patient=people.eve_patient,
        code=code,
        value=value,
        recall="24h",
        effective_at=datetime.now(UTC) - timedelta(days=days_ago),
        **{"channel": "home", **more},
    )


def needled(people, course, number, days_ago):
    at = datetime.now(UTC) - timedelta(days=days_ago)
    return Session.objects.create(
        course=course,
        patient=people.eve_patient,
        site=people.north,
        practitioner=people.alice.practitioner,
        licence=Licence.objects.get(practitioner=people.alice.practitioner),
        number=number,
        state="signed",
        opened_at=at,
        needled_at=at,
        removed_at=at + timedelta(minutes=25),
        retention_planned_min=25,
        needles_in=8,
        needles_out=8,
        signed_at=at,
        signed_by=people.alice,
    )


def effect(**changes):
    no = {"post-treatment-chest": "no", "post-treatment-infection": "no"}
    row = {
        "row": str(uuid.uuid4()),
        "event_type": "bruise_or_haematoma",
        "happened_on": date.today().isoformat(),
    }
    return {**row, **no, **changes}


def test_the_plan_the_next_visit_and_a_plain_sentence_stand_on_the_home_page(people, course, as_):
    for number, days in ((1, 14), (2, 7)):
        needled(people, course, number, days)
    for day in range(20, 14, -1):
        observe(people, "burning_average", 7, day)
    for day in range(6, -1, -1):
        observe(people, "burning_average", 4, day)
    Appointment.objects.create(
        patient=people.eve_patient,
        course=course,
        site=people.north,
        practitioner=people.alice.practitioner,
        starts_at=datetime.now(UTC) + timedelta(days=3),
    )
    text = as_("eve").get(HOME).content.decode()
    assert "Visit 3 of 10, review after session 4" in text
    assert "Your next visit" in text and "Alice Ash" in text
    assert "Burning is down by about 3.0 points" in text
    assert "We cannot tell how much is due to the needles" in text
    assert text.count("<td>") == 13 and "own-ratings" in text
    assert "does not replace it" in text and "Call 112 now" in text


def test_a_change_of_medicine_is_marked_on_the_plot(people, course, as_):
    observe(people, "burning_average", 5, 2)
    first = Medication.objects.create(
        patient=people.eve_patient,
        name="Gabapentin",
        dose_text="300 mg",
        started_on=date.today() - timedelta(days=15),
        ended_on=date.today() - timedelta(days=5),
    )
    Medication.objects.create(
        patient=people.eve_patient,
        name="Gabapentin",
        dose_text="600 mg",
        started_on=date.today() - timedelta(days=5),
        replaces=first,
    )
    text = as_("eve").get(HOME).content.decode()
    assert "Gabapentin 600 mg" in text and "Gabapentin stopped" not in text


def test_what_is_rated_is_what_is_felt(people):
    assert tracked_symptoms(people.eve_patient) == ["pain", "burning", "tingling", "numbness"]
    observe(people, "cramps_felt", 1, 3)
    observe(people, "burning_felt", 0, 3)
    assert tracked_symptoms(people.eve_patient) == ["cramps"]


def test_one_tap_is_one_rating_a_day_and_the_last_tap_counts(people, as_):
    eve = as_("eve")
    observe(people, "burning_felt", 1, 3)
    observe(people, "burning_average", 9, 3)
    url = reverse("patient:rate", args=["burning_average"])
    page = eve.get(url).content.decode()
    assert "aria-pressed" not in page, "the last rating must not be in sight"
    for value in ("4", "5"):
        assert eve.post(url, {"answer": value}).status_code == 303
    today = Observation.objects.filter(code="burning_average", channel="home").exclude(value=9)
    assert [(row.value, row.recall) for row in today] == [(5, "24h")]
    assert "That is all for today" in eve.get(reverse("patient:checkin")).content.decode()


@pytest.mark.parametrize("value", ["11", "-1", "", "abc", "²"])
def test_an_impossible_rating_is_refused(people, as_, value):
    answer = as_("eve").post(reverse("patient:rate", args=["burning_average"]), {"answer": value})
    assert answer.status_code == 422 and not Observation.objects.exists()


def test_the_chosen_activity_is_asked_once_a_week_in_the_persons_own_words(people, as_):
    row = observe(people, "impact_chosen_activity", 7, 3, text="Walk the dog")
    assert "impact_chosen_activity" not in check_in(people.actor("eve")).codes
    Observation.objects.filter(id=row.id).update(effective_at=datetime.now(UTC) - timedelta(days=8))
    assert check_in(people.actor("eve")).codes[-1] == "impact_chosen_activity"
    url = reverse("patient:rate", args=["impact_chosen_activity"])
    assert "Walk the dog" in as_("eve").get(url).content.decode()
    as_("eve").post(url, {"answer": "5"})
    assert Observation.objects.get(value=5).text == "Walk the dog"


def test_a_side_effect_enters_the_register_once_with_a_task(people, course, as_):
    visit = needled(people, course, 1, 2)
    eve, data = as_("eve"), effect(session=str(visit.id), description="On my shin")
    for _ in range(2):
        assert eve.post(reverse("patient:side_effects"), data).status_code == 303
    event = AdverseEvent.objects.get()
    assert (event.reporter_role, event.session_id, event.reported_by) == ("patient", visit.id, people.eve)
    assert Task.objects.get().link == f"/events/{event.id}/"
    assert RedFlagAnswer.objects.filter(present=False).count() == 2


def test_trouble_breathing_after_needles_says_to_call_at_once(people, as_):
    eve = as_("eve")
    answer = eve.post(reverse("patient:side_effects"), effect(**{"post-treatment-chest": "yes"}))
    assert "Call 112" in eve.get(answer.url).content.decode()
    assert RedFlagAnswer.objects.get(present=True).flag == "post-treatment-chest"
    assert set(Task.objects.values_list("kind", flat=True)) == {"event", "red_flag"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"happened_on": "2090-01-01"}, "future"),
        ({"happened_on": "2001-01-01"}, "more than a year"),
        ({"event_type": "stuck_or_bent_needle"}, "valid choice"),
        ({"post-treatment-chest": ""}, "required"),
    ],
)
def test_an_impossible_report_is_refused_and_kept_as_typed(people, as_, changes, words):
    answer = as_("eve").post(reverse("patient:side_effects"), effect(description="my words", **changes))
    text = answer.content.decode()
    assert answer.status_code == 422 and words in text and "my words" in text
    assert not AdverseEvent.objects.exists() and not Task.objects.exists()


def test_the_visit_of_another_person_cannot_be_named(people, course, as_):
    visit = needled(people, course, 1, 2)
    answer = as_("frank").post(reverse("patient:side_effects"), effect(session=str(visit.id)))
    assert answer.status_code == 422 and not AdverseEvent.objects.exists()


def test_a_consent_is_taken_back_on_the_patients_own_page(people, as_):
    eve = as_("eve")
    actor = people.actor("eve")
    record_consent(
        actor,
        people.eve_patient.id,
        "sharing",
        "given",
        "Eve Elm",
        version=consent_texts()["sharing"].version,
    )
    url = reverse("patient:consent", args=["sharing"])
    refused = eve.post(url, {"decision": "withdrawn", "name": "", "version": "1"})
    assert refused.status_code == 422 and "Type your name" in refused.content.decode()
    assert eve.post(url, {"decision": "withdrawn", "name": "Eve Elm", "version": "1"}).status_code == 303
    assert "taken back" in eve.get(reverse("patient:consents")).content.decode()
    assert Consent.objects.count() == 2


def test_a_patient_reads_who_has_looked(people, as_):
    patient_for(people.actor("alice"), people.eve_patient.id, "clinical.view", page="chart")
    text = as_("eve").get(reverse("patient:access_log")).content.decode()
    assert "Alice Ash" in text
    assert "Alice Ash" not in as_("frank").get(reverse("patient:access_log")).content.decode()


def test_medicines_are_shown_as_known_today(people, as_):
    for name, ended in (("Metformin", None), ("Amitriptyline", today_at(people.north) - timedelta(days=1))):
        Medication.objects.create(patient=people.eve_patient, name=name, ended_on=ended)
    text = as_("eve").get(reverse("patient:medicines")).content.decode()
    assert "Metformin" in text and "Amitriptyline" not in text


@pytest.mark.parametrize("name", ["home", "checkin", "side_effects", "consents", "medicines", "access_log"])
@pytest.mark.parametrize("who", ["alice", "carol", "mallory"])
def test_these_pages_are_the_patients_alone(people, as_, name, who):
    assert as_(who).get(reverse(f"patient:{name}")).status_code == 403
