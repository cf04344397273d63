"""A day is the day at the person's site, wherever the server's clock stands (here UTC)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from deqi.doors.letters.content import whole
from deqi.record.care.actions.conduction import import_conduction
from deqi.record.care.models import Letter, Observation
from deqi.record.care.queries.chart import series_of
from deqi.record.care.queries.conduction import conduction_columns, conduction_rows
from deqi.record.care.queries.letters import letter_matter
from deqi.record.patients.models import CareProvider, Patient
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Organization
from deqi.record.questionnaires.actions.instruments import import_instrument
from deqi.record.questionnaires.models import Assignment, UsePermission
from deqi.record.together import together
from tests.questionnaires import source

EVENING = datetime(2026, 3, 4, 20, tzinfo=UTC)  # 5 March in Auckland, thirteen hours on


@pytest.fixture
def there(people):
    """Moves Eve's clinic; gives Eve."""

    def move(zone: str) -> Patient:
        people.north.time_zone = zone
        people.north.save()
        return Patient.objects.select_related("home_site").get(id=people.eve_patient.id)

    return move


def allow(kept, manager, until):
    UsePermission.objects.create(
        instrument=kept,
        who="The owner",
        statement="Free to use in our clinic",
        until=until,
        recorded_by_id=manager.user_id,
        recorded_at=timezone.now(),
    )


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])  # 14 h before UTC, 11 h after
def test_a_questionnaire_is_due_on_a_day_of_the_site(people, course, as_, there, zone):
    manager, eve = people.actor("max"), there(zone)
    kept = import_instrument(manager, source())
    today = today_at(eve.home_site)
    allow(kept, manager, today)
    url = reverse("clinic:give_questionnaire", args=[eve.id])
    for day, status in ((today - timedelta(days=1), 422), (today, 303)):
        data = {"row": str(uuid4()), "instrument": str(kept.id), "where": "home", "due_on": day.isoformat()}
        assert as_("alice").post(url, data).status_code == status
    assert Assignment.objects.get().due_on == today
    allow(kept, manager, today - timedelta(days=1))
    assert as_("alice").post(url, {**data, "row": str(uuid4())}).status_code == 422


def test_a_rating_stands_on_its_day_at_the_site(people, there):
    eve = there("Pacific/Auckland")
    Observation.objects.create(
        patient=eve, code="pain_average", value=6, channel="home", effective_at=EVENING
    )
    assert series_of(eve, EVENING - timedelta(days=1)) == {"pain_average": [(date(2026, 3, 5), 6.0)]}


def test_a_laboratorys_day_stays_that_day(people, there):
    eve = there("Pacific/Auckland")
    table = "nerve,side,amplitude_uv,velocity_m_s,date,lab\nsural,left,4,41,2026-03-04,North\n"
    import_conduction(people.actor("alice"), eve.id, table)
    rows = conduction_rows(eve, together(conduction=conduction_columns(eve))["conduction"])
    assert {figure.on for row in rows for figure in row.figures} == {date(2026, 3, 4)}


def test_a_letter_carries_the_day_it_was_sent_at_the_site(people, there):
    eve = there("Pacific/Auckland")
    matter = letter_matter(people.actor("alice"), eve.id)
    letter = Letter(
        patient=eve,
        to=CareProvider(name="Dr Pine"),
        kind="report",
        urgency="routine",
        body={"reason": []},
        written_by=people.alice,
        sent_at=EVENING,
    )
    assert whole(letter, matter, Organization.objects.get())["date"] == "5 Mar 2026"
    assert timezone.get_default_timezone_name() == "UTC"
