"""The practice: places, staff, licences, needles, incidents. What is impossible is refused beside its field."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator

from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions.incidents import close_incident, open_incident
from deqi.record.care.models import Incident
from deqi.record.errors import Forbidden, NotFound, Refusal
from deqi.record.practice.actions import licences, places, staff
from deqi.record.practice.models import Licence, NeedleLot, Role, Room, Site, User
from deqi.record.practice.queries import licence_for
from deqi.record.practice.queries.licences import licence_alerts

SITE = {"name": "East", "jurisdiction": "GB", "time_zone": "Europe/London", "phone": "", "address": ""}


def day(days: int = 0) -> date:
    """So many days from today. Asked for in a test: where tests are only collected, today may be another day."""
    return date.today() + timedelta(days=days)


def a_licence(**changes) -> dict:
    """A licence as it is entered; its days are given in days from today."""
    plain = {"jurisdiction": "GB", "authority": "Test register", "number": "N-1", "status": "active"}
    return dated({**plain, "issued": -100, "expires": 400, **changes})


def dated(given: dict) -> dict:
    return {key: day(value) if key in ("issued", "expires") else value for key, value in given.items()}


def soon(people, name, **days):
    """Alice's licence ends in so many days."""
    row = Licence.objects.get(practitioner__user=people.users[name])
    row.expires = day(**days)
    row.save()
    return row


# --- places


def test_a_site_sent_twice_is_opened_once_and_its_room_too(people, as_):
    browser, row, room = as_("max"), uuid4(), uuid4()
    for _ in range(2):
        page = browser.post("/practice/sites/new/", {**SITE, "row": row})
        assert page.status_code == 303 and page.headers["Location"] == f"/practice/sites/{row}/"
        assert browser.post(f"/practice/sites/{row}/rooms/", {"row": room, "name": "Blue"}).status_code == 303
    assert Site.objects.filter(name="East").count() == 1 and Room.objects.filter(name="Blue").count() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "North"}, "A site of this name is there already"),
        ({"jurisdiction": "England"}, "at most 6 characters"),
        ({"jurisdiction": "1"}, "Two letters of the country"),
        ({"time_zone": "Mars/Base"}, "Choose a time zone from the list"),
    ],
)
def test_an_impossible_site_is_refused_and_what_was_typed_is_kept(as_, change, said):
    page = as_("max").post(
        "/practice/sites/new/", {**SITE, "address": "12 Long Lane", **change, "row": uuid4()}
    )
    assert (
        page.status_code == 422 and said in page.content.decode() and "12 Long Lane" in page.content.decode()
    )


def test_the_last_open_site_cannot_be_closed(people):
    actor = people.actor("max")
    closed = {**SITE, "name": "North", "active": False}
    places.edit_site(actor, people.north.id, closed)
    with pytest.raises(Refusal, match="last open site"):
        places.edit_site(actor, people.south.id, {**closed, "name": "South"})


@pytest.mark.parametrize("number", ["", "call us", "12345678901234567890123"])
def test_an_emergency_number_is_a_number(as_, number):
    page = as_("max").post("/practice/settings/", {"name": "Clinic", "emergency_number": number})
    assert page.status_code == 422


def test_the_emergency_number_reaches_the_patients_pages(as_):
    as_("max").post("/practice/settings/", {"name": "Clinic", "emergency_number": "999"})
    assert "999" in as_("eve").get("/me/").content.decode()


def test_a_manager_of_one_site_changes_nothing_elsewhere(people):
    Role.objects.create(user=people.carol, role="manager", site=people.north)
    actor = people.actor("carol")
    places.add_room(actor, people.north.id, uuid4(), "Green")
    with pytest.raises(NotFound):
        places.add_room(actor, people.south.id, uuid4(), "Green")
    with pytest.raises(Forbidden):
        places.add_site(actor, uuid4(), SITE)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"expires": 0}, "expires"),
        ({"expires": 5000}, "expires"),
        ({"gauge_mm": 3}, "gauge_mm"),
        ({"length_mm": 900}, "length_mm"),
    ],
)
def test_an_impossible_box_of_needles_is_refused(people, change, field):
    box = {
        "maker": "M",
        "lot": "L1",
        "gauge_mm": 0.25,
        "length_mm": 30,
        "expires": 90,
    }
    from decimal import Decimal

    details = dated({**box, **change})
    details["gauge_mm"] = Decimal(str(details["gauge_mm"]))
    with pytest.raises(Refusal) as refused:
        places.add_lot(people.actor("alice"), people.north.id, uuid4(), details)
    assert refused.value.field == field


def test_a_box_is_recorded_by_the_practitioner_and_taken_out_for_good(people, as_):
    browser, row = as_("alice"), uuid4()
    box = {
        "row": row,
        "site": people.north.id,
        "maker": "Maker",
        "lot": "A1",
        "gauge_mm": "0.25",
        "length_mm": 30,
    }
    assert browser.post("/practice/needles/", {**box, "expires": day(20)}).status_code == 303
    assert "20 days" in browser.get("/practice/needles/").content.decode()
    browser.post(f"/practice/needles/{row}/retire/")
    assert NeedleLot.objects.get(id=row).active is False


# --- staff


def test_a_new_member_of_staff_gets_an_account_a_role_and_no_password(people, as_):
    row = uuid4()
    new = {"row": row, "name": "Gina Gum", "email": "gina@test.example", "role": "practitioner"}
    new |= {"site": people.north.id, "title": "LAc"}
    for _ in range(2):
        assert as_("max").post("/practice/staff/new/", new).headers["Location"] == f"/practice/staff/{row}/"
    gina = User.objects.get(email="gina@test.example")
    assert not gina.has_usable_password() and gina.practitioner.title == "LAc"
    assert Role.objects.get(user=gina).site == people.north


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "alice@test.example"}, "signs in with this address already"),
        ({"email": "ALICE@TEST.EXAMPLE"}, "signs in with this address already"),
        ({"email": "nobody"}, "valid email"),
        ({"name": ""}, "required"),
        ({"role": "patient"}, "not one of the available choices"),
        ({"site": "everywhere"}, "not one of the available choices"),
    ],
)
def test_an_impossible_member_is_refused(people, as_, change, said):
    new = {
        "row": uuid4(),
        "name": "Gina Gum",
        "email": "g@test.example",
        "role": "manager",
        "site": people.north.id,
    }
    page = as_("max").post("/practice/staff/new/", {**new, **change})
    assert page.status_code == 422 and said in page.content.decode()


def test_a_role_that_ended_opens_nothing_from_that_moment(people, as_):
    browser = as_("carol")
    assert browser.get("/patients/").status_code == 200
    role = Role.objects.get(user=people.carol)
    as_("max").post(f"/practice/staff/{people.carol.id}/roles/{role.id}/end/")
    assert browser.get("/patients/").status_code == 403


def test_the_last_manager_of_the_whole_clinic_stays_one(people):
    role = Role.objects.get(user=people.max)
    with pytest.raises(Refusal, match="Somebody has to manage"):
        staff.end_role(people.actor("max"), people.max.id, role.id)


def test_a_closed_account_is_signed_out_at_once(people, as_):
    browser = as_("alice")
    assert browser.get("/today/").status_code == 200
    staff.set_open(people.actor("max"), people.alice.id, False)
    assert browser.get("/today/").headers["Location"].startswith("/account/login/")


def test_a_lost_phone_is_helped_by_another_manager_only(people, as_):
    browser = as_("alice")
    browser.get("/today/")
    staff.forget_second_factor(people.actor("max"), people.alice.id)
    assert not Authenticator.objects.filter(user=people.alice).exists()
    assert browser.get("/today/").headers["Location"].startswith("/account/login/")
    with pytest.raises(Refusal, match="Another manager"):
        staff.forget_second_factor(people.actor("max"), people.max.id)


def test_a_manager_of_one_site_cannot_touch_the_manager_of_all(people):
    Role.objects.create(user=people.carol, role="manager", site=people.north)
    Role.objects.create(user=people.max, role="manager", site=people.north)
    with pytest.raises(NotFound):
        staff.set_open(people.actor("carol"), people.max.id, False)
    with pytest.raises(Forbidden):
        staff.give_role(people.actor("carol"), people.alice.id, role="manager", site_id=None)


# --- licences


def test_a_licence_opens_the_door_only_once_somebody_else_has_checked_it(people):
    Licence.objects.all().delete()
    manager, row = people.actor("max"), uuid4()
    licence = licences.add_licence(manager, people.alice.id, row, a_licence())
    assert licence_for(people.alice.practitioner.id, people.north, day()) is None
    licences.verify_licence(manager, licence.id, on=day(), source="register.example")
    assert licence_for(people.alice.practitioner.id, people.north, day()).verified_by == people.max
    Role.objects.create(user=people.alice, role="manager")
    with pytest.raises(Refusal, match="Somebody else"):
        licences.verify_licence(people.actor("alice"), licence.id, on=day(), source="register.example")


def test_a_changed_number_takes_the_check_back_and_a_suspension_does_not_need_to(people):
    manager = people.actor("max")
    row = Licence.objects.get(practitioner__user=people.alice)
    same = {name: getattr(row, name) for name in licences.CHECKED}
    assert licences.edit_licence(manager, row.id, {**same, "status": "suspended"}).verified_on
    assert licence_for(people.alice.practitioner.id, people.north, day()) is None
    assert licences.edit_licence(manager, row.id, {**same, "number": "N-2"}).verified_on is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"expires": -200}, "expires"),
        ({"expires": 20000}, "expires"),
        ({"issued": 400, "expires": 900}, "issued"),
        ({"number": " "}, "number"),
        ({"number": "T-bob"}, "number"),
        ({"jurisdiction": "Bavaria"}, "jurisdiction"),
    ],
)
def test_an_impossible_licence_is_refused(people, change, field):
    with pytest.raises(Refusal) as refused:
        licences.add_licence(people.actor("max"), people.alice.id, uuid4(), a_licence(**change))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("days", "source", "field"),
    [
        (1, "register", "on"),
        (-400, "register", "on"),
        (0, "x", "source"),
    ],
)
def test_a_check_names_a_past_day_and_a_register(people, days, source, field):
    row = Licence.objects.get(practitioner__user=people.alice)
    with pytest.raises(Refusal) as refused:
        licences.verify_licence(people.actor("max"), row.id, on=day(days), source=source)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("days", "blocks", "words"),
    [
        (91, None, None),
        (90, False, "ends in 90 days"),
        (60, False, "ends in 60 days"),
        (30, False, "ends in 30 days"),
        (7, False, "ends in 7 days"),
        (1, False, "ends tomorrow"),
        (0, False, "ends today"),
        (-1, True, "ended on"),
    ],
)
def test_a_licence_is_announced_from_ninety_days_and_blocks_the_day_after_its_last(
    people, days, blocks, words
):
    soon(people, "alice", days=days)
    found = [alert for alert in licence_alerts(people.actor("max")) if alert.user_id == people.alice.id]
    if words is None:
        assert found == []
    else:
        assert found[0].blocks is blocks and words in found[0].words


def test_a_renewed_licence_silences_the_old_one(people):
    soon(people, "alice", days=3)
    manager = people.actor("max")
    new = licences.add_licence(manager, people.alice.id, uuid4(), a_licence())
    assert any("ends in 3 days" in alert.words for alert in licence_alerts(manager))
    licences.verify_licence(manager, new.id, on=day(), source="register.example")
    assert licence_alerts(manager) == []


def test_whoever_needles_without_any_licence_for_the_place_is_named(people):
    people.south.jurisdiction = "US-CA"
    people.south.save()
    found = licence_alerts(people.actor("max"))
    assert [(alert.name, alert.blocks, alert.words) for alert in found] == [
        ("Dan Dogwood", True, "No licence for US-CA is recorded.")
    ]


def test_a_practitioner_sees_their_own_alert_and_nobody_elses(people):
    soon(people, "alice", days=20)
    soon(people, "bob", days=20)
    assert {alert.name for alert in licence_alerts(people.actor("alice"))} == {"Alice Ash"}
    assert {alert.name for alert in licence_alerts(people.actor("max"))} == {"Alice Ash", "Bob Birch"}
    assert licence_alerts(people.actor("carol")) == []


def test_a_check_older_than_a_year_asks_to_look_again(people):
    Licence.objects.filter(practitioner__user=people.bob).update(verified_on=day(-366))
    assert "look again" in licence_alerts(people.actor("max"))[0].words


def test_today_shows_the_alert_to_the_practitioner_and_to_the_manager(people, as_):
    soon(people, "alice", days=5)
    for name, seen in (("alice", True), ("max", True), ("bob", False), ("carol", False)):
        assert 'hx-get="/practice/licences/"' in as_(name).get("/today/").content.decode()
        assert ("ends in 5 days" in as_(name).get("/practice/licences/").content.decode()) is seen


# --- incidents


def test_an_incident_is_opened_by_anybody_and_closed_once_with_its_lesson(people):
    row = uuid4()
    said = {"site_id": people.north.id, "kind": "faint", "description": "Fainted after the third needle."}
    for _ in range(2):
        open_incident(people.actor("carol"), row, **said)
    with pytest.raises(Refusal):
        close_incident(people.actor("bob"), row, lesson="none")
    close_incident(people.actor("bob"), row, lesson="First session lying down from now on.")
    close_incident(people.actor("max"), row, lesson="Something else entirely, later.")
    incident = Incident.objects.get()
    assert incident.closed_by == people.bob and incident.lesson.startswith("First session lying")


def test_the_front_desk_reports_incidents_but_does_not_read_them(people, as_):
    browser = as_("carol")
    assert browser.get("/practice/incidents/new/").status_code == 200
    assert browser.get("/practice/incidents/").status_code == 403


# --- the pages


def test_every_practice_page_needs_few_queries(people, as_, django_assert_max_num_queries):
    browser = as_("max")
    browser.get("/practice/")
    for path in (
        "",
        "settings/",
        f"sites/{people.north.id}/",
        "needles/",
        "permissions/",
        "staff/",
        "incidents/",
    ):
        with django_assert_max_num_queries(12):
            assert browser.get(f"/practice/{path}").status_code == 200
    for path in (
        f"staff/{people.alice.id}/",
        f"licences/{Licence.objects.first().id}/",
        "staff/new/",
        "audit/",
    ):
        with django_assert_max_num_queries(12):
            assert browser.get(f"/practice/{path}").status_code == 200


def test_the_audit_page_filters_and_its_file_cannot_run_a_formula(people, as_):
    people.alice.name = "=cmd()"
    people.alice.save()
    as_("alice").get(f"/patients/{people.eve_patient.id}/details/")
    browser = as_("max")
    page = browser.get(f"/practice/audit/?user={people.alice.id}").content.decode()
    assert "Contact details opened" in page and "Eve Elm" in page
    assert browser.get("/practice/audit/?since=2026-02-30").status_code == 422
    for nothing in ("²", "9" * 5000):
        assert "Eve Elm" in browser.get(f"/practice/audit/?before={nothing}").content.decode()
    lines = b"".join(browser.get("/practice/audit/file/").streaming_content).decode().splitlines()
    assert lines[0] == "entry,at,who,role,what,verb,patient_id" and ",'=cmd()," in lines[1]


def test_the_file_of_the_log_about_somebody_elses_patient_is_refused_before_its_first_line(people, as_):
    address = "/practice/audit/file/?patient="
    assert as_("bob").get(f"{address}{people.frank_patient.id}").status_code == 404
    assert as_("bob").get(f"{address}{people.eve_patient.id}").status_code == 200


def test_every_change_of_roles_and_licences_is_in_the_log(people):
    manager = people.actor("max")
    staff.give_role(manager, people.carol.id, role="manager", site_id=people.north.id)
    licences.add_licence(manager, people.alice.id, uuid4(), a_licence())
    assert list(AuditEntry.objects.order_by("id").values_list("verb", flat=True)) == [
        "staff.manage",
        "licence.verify",
    ]
