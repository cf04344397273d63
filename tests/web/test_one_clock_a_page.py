"""A page shows its times on one clock: that of the site it is about. Here New York, Zurich, and a server on UTC."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import transaction
from django.test.signals import template_rendered
from django.urls import reverse
from django.utils import timezone

from deqi.record.care.actions.sessions import start_session
from deqi.record.care.models import AdverseEvent, Session
from deqi.record.practice.queries import actor_of
from tests.access.pages import pages
from tests.access.rows import registry, rows_for
from tests.visits import answer_the_core

#: 21:00 of 4 March in New York, 03:00 of 5 March in Zurich.
NIGHT = datetime(2026, 3, 5, 2, tzinfo=UTC)
FOOT = "Times on this page are those of <b>{}</b>"
OF_PATIENTS = [
    page for page in pages() if page.name in registry() and registry()[page.name].kind == "patient"
] + [page for page in pages() if page.takes == ("patient_id",) and page.name not in registry()]
OWN = [page for page in pages() if page.name.startswith("patient:") and not page.takes]


@pytest.fixture
def apart(people):
    """North is in New York, South in Zurich."""
    for site, zone in ((people.north, "America/New_York"), (people.south, "Europe/Zurich")):
        site.time_zone = zone
        site.save()
    for patient in (people.eve_patient, people.frank_patient):
        patient.home_site.refresh_from_db()
    return people


@pytest.fixture
def clocks():
    """Zones on which templates were drawn since it was last cleared."""
    seen: set[str] = set()

    def note(**_):
        seen.add(timezone.get_current_timezone_name())

    template_rendered.connect(note)
    yield seen
    template_rendered.disconnect(note)


def answered(browser, url: str) -> bool:
    with transaction.atomic():
        status = browser.get(url).status_code
        transaction.set_rollback(True)
    return status == 200


@pytest.mark.parametrize("page", OF_PATIENTS, ids=str)
def test_a_page_about_a_person_is_on_the_clock_of_their_site(page, apart, as_, clocks):
    for patient, staff in ((apart.eve_patient, ("bob", "max")), (apart.frank_patient, ("dan", "max"))):
        url = page.url(rows_for(page).make(apart, patient))
        for name in staff:
            clocks.clear()
            if answered(as_(name), url):
                assert clocks <= {patient.home_site.time_zone}, name


@pytest.mark.parametrize("page", OWN, ids=str)
def test_a_persons_own_pages_are_on_the_clock_of_their_site(page, apart, as_, clocks):
    for name, zone in (("eve", "America/New_York"), ("frank", "Europe/Zurich")):
        clocks.clear()
        if answered(as_(name), page.url({})):
            assert clocks == {zone}


def test_one_moment_is_another_day_at_each_site_and_the_page_says_whose(apart, as_):
    events = {
        patient: AdverseEvent.objects.create(
            patient=patient, event_type="dizziness", onset_at=NIGHT, reported_at=NIGHT, reporter_role="staff"
        )
        for patient in (apart.eve_patient, apart.frank_patient)
    }
    for patient, name, said, zone in (
        (apart.eve_patient, "bob", "4 Mar 2026, 21:00", "America/New_York"),
        (apart.frank_patient, "dan", "5 Mar 2026, 03:00", "Europe/Zurich"),
    ):
        text = as_(name).get(reverse("clinic:event", args=[events[patient].id])).content.decode()
        assert said in text and FOOT.format(zone) in text
    register = reverse("clinic:events") + "?since=2026-03-04&until=2026-03-04"
    text = as_("bob").get(register).content.decode()
    assert '<td class="num">4 Mar 2026</td>' in text
    assert FOOT.format("America/New_York") in text


def test_a_reader_of_all_sites_is_told_which_clock_a_page_across_them_shows(apart, as_):
    for page in ("clinic:audit", "clinic:incidents", "clinic:practice"):
        assert FOOT.format("UTC") in as_("max").get(reverse(page)).content.decode()


def test_a_clinic_with_one_clock_shows_it_and_says_nothing(apart, as_, clocks):
    apart.south.time_zone = "America/New_York"
    apart.south.save()
    text = as_("max").get(reverse("clinic:audit")).content.decode()
    assert clocks == {"America/New_York"} and "Times on this page" not in text


def test_a_time_that_is_typed_is_the_time_at_the_persons_site(apart, as_):
    url = reverse("clinic:report_event", args=[apart.eve_patient.id])
    data = {
        "id": str(uuid4()), "event_type": "dizziness", "onset": "2026-03-04T21:00", "points": "", "description": "",
    }  # fmt: skip
    assert as_("bob").post(url, data).status_code == 302
    assert AdverseEvent.objects.get().onset_at == NIGHT


def test_a_visit_elsewhere_is_on_the_clock_of_its_own_site(apart, course, as_, clocks):
    answer_the_core(apart.eve_patient)
    visit = start_session(apart.actor("alice"), course.id, session_id=uuid4(), room_id=apart.room.id)
    Session.objects.filter(id=visit.id).update(site=apart.south)
    page = reverse("clinic:visit", kwargs={"session_id": visit.id})
    for name in ("dan", "max"):
        as_(name).get(page)
    assert clocks - {"UTC"} <= {"Europe/Zurich"}


def test_the_clock_of_a_reader_is_that_of_the_sites_they_work_at(apart):
    zones = {
        name: actor_of(apart.users[name]).time_zone for name in ("alice", "dan", "max", "eve", "mallory")
    }
    assert zones == {
        "alice": "America/New_York", "dan": "Europe/Zurich", "max": "", "eve": "America/New_York", "mallory": "",
    }  # fmt: skip
