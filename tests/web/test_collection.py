"""Ratings asked for by themselves: made, mailed, answered by one tap, stopped; and a baseline that stays locked."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions import collecting, reminding
from deqi.record.care.actions.answering import answer, open_link
from deqi.record.care.actions.appointments import book
from deqi.record.care.actions.courses import end_course
from deqi.record.care.actions.own import rate_today
from deqi.record.care.links import token_for
from deqi.record.care.models import Course, Messaging, Observation, RatingRequest, Session
from deqi.record.errors import Refusal
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Licence, Organization
from tests.asked import booked, consent, feels, limits, needled
from tests.words import speaks_of

TAP = "burning_average"


@pytest.fixture
def agreed(people):
    """Eve agreed to be measured; she feels burning and numbness, and said lately how it limits her, so that ratings
    alone are asked; messages go out at any hour."""
    consent(people, "given", days=20)
    feels(people, "burning", "numbness")
    limits(people)
    Organization.objects.update(messages_from="00:00", messages_until="23:59:59.999999")
    return people.eve_patient


@pytest.fixture
def asked(people, course, agreed):
    """Today's baseline request of Eve's course."""
    booked(people, course)
    assert collecting.make_requests() == {"made": 1}
    return RatingRequest.objects.get()


def link_in(message) -> str:
    return urlsplit(re.search(r"http\S+/r/\S+", message.body).group()).path


# --- making


def test_a_booked_visit_starts_the_baseline_and_a_second_run_makes_nothing(people, course, agreed):
    assert collecting.make_requests() == {"made": 0}, "nothing is booked yet"
    book(
        people.actor("carol"), people.eve_patient.id, appointment_id=uuid4(), minutes=60, room_id=people.room.id,
        starts_at=timezone.now() + timedelta(days=9), practitioner_id=people.alice.practitioner.id,
    )  # fmt: skip
    request = RatingRequest.objects.get()
    assert (request.kind, request.point, request.day) == ("baseline", 1, today_at(people.north))
    assert request.codes == ["burning_average", "numbness_average"]
    assert request.practitioner_id == people.alice.practitioner.id
    assert collecting.make_requests() == {"made": 0}
    assert AuditEntry.objects.filter(verb="rating.ask", patient_id=agreed.id).count() == 1


@pytest.mark.parametrize("decision", [None, "refused", "withdrawn"])
def test_who_has_not_agreed_is_not_asked(people, course, decision):
    if decision:
        consent(people, decision)
    booked(people, course)
    assert collecting.make_requests() == {"made": 0}


def test_after_the_end_people_are_asked_though_they_do_not_return(people, course, agreed):
    needled(people, course, days_ago=60)
    Course.objects.filter(id=course.id).update(
        status="ended", ended_at=timezone.now() - timedelta(weeks=12, days=3)
    )
    assert collecting.make_requests() == {"made": 1}
    request = RatingRequest.objects.get()
    assert (request.kind, request.point) == ("after", 12)
    assert request.day == today_at(people.north) - timedelta(days=3)
    assert request.until == request.day + timedelta(days=13)
    assert collecting.make_requests() == {"made": 0}


def test_on_the_day_of_a_visit_the_chair_answers_too(people, course, agreed):
    from deqi.record.care.actions.sessions import record_check_in

    booked(people, course, days=0)
    collecting.make_requests()
    request = RatingRequest.objects.get()
    assert (request.kind, request.point) == ("visit", 1)
    session = Session.objects.create(
        course=course, patient=agreed, site=people.north, practitioner=people.alice.practitioner, number=1,
        licence=Licence.objects.get(practitioner=people.alice.practitioner), opened_at=timezone.now(),
        retention_planned_min=25,
    )  # fmt: skip
    record_check_in(people.actor("alice"), session.id, {"burning": 6})
    request.refresh_from_db()
    assert request.answered_at and request.channel == "chair"
    assert reminding.send_reminders() == {"sent": 0}


# --- the link


def test_one_tap_is_kept_without_sign_in_and_shows_nothing_else(asked, people, client):
    assert reminding.send_reminders() == {"sent": 1}
    (message,) = mail.outbox
    assert message.to == ["eve@test.example"]
    assert not speaks_of(
        "burning|numb|numbness|acupuncture|eve|elm", f"{message.subject} {message.body}".lower()
    )
    assert "few more questions" not in message.body
    page = client.get(link_in(message), follow=True)
    text = page.content.decode()
    assert page.status_code == 200 and "How strong was the burning" in text
    assert "1 of 2" in text and not speaks_of("Eve|Elm", text)
    url = page.request["PATH_INFO"]
    assert client.post(url, {"answer": "6"}).status_code == 303
    rating = Observation.objects.get(code=TAP)
    assert (int(rating.value), rating.channel, rating.recall) == (6, "link", "24h")
    assert (
        rating.request_id == asked.id and rating.course_id == asked.course_id and rating.recorded_by is None
    )
    asked.refresh_from_db()
    assert asked.answered_at and asked.channel == "link"
    text = client.get(link_in(message), follow=True).content.decode()
    assert "numbness" in text and "2 of 2" in text
    client.post(url.replace("burning", "numbness"), {"answer": "3"})
    assert "Your answer is kept" in client.get(link_in(message)).content.decode()
    names = set(AuditEntry.objects.filter(patient_id=people.eve_patient.id).values_list("verb", "actor_name"))
    assert {
        ("rating.open", "Link in a message"),
        ("self.answer", "Link in a message"),
        ("rating.send", "Deqi"),
    } <= names


def test_a_repeated_tap_changes_nothing_and_another_corrects_it_the_same_day(asked):
    token = token_for(asked)
    answer(token, TAP, 6)
    before = AuditEntry.objects.count()
    answer(token, TAP, 6)
    assert AuditEntry.objects.count() == before
    answer(token, TAP, 2)
    assert Observation.objects.filter(code=TAP).values_list("value", "channel").get() == (2, "link")


def test_the_tap_needs_the_token_of_the_form(asked):
    browser = Client(enforce_csrf_checks=True)
    url = reverse("rating:rate", args=[token_for(asked), TAP])
    assert browser.post(url, {"answer": "6"}).status_code == 403
    assert not Observation.objects.filter(code=TAP).exists()


@pytest.mark.parametrize("value", ["", "11", "-1", "six", "6.5", "999999999999"])
def test_what_is_no_number_from_0_to_10_is_refused(asked, client, value):
    page = client.post(reverse("rating:rate", args=[token_for(asked), TAP]), {"answer": value})
    assert page.status_code == 422 and "Choose a number" in page.content.decode()


def test_a_link_asks_only_what_its_request_asks(asked, client):
    for code in ("weakness_average", "expectation", "filament_great_toe_left"):
        assert (
            client.post(reverse("rating:rate", args=[token_for(asked), code]), {"answer": "1"}).status_code
            == 404
        )


def later(asked, **changes):
    """The same request, as it would stand on another day: what was asked never changes, so it is made anew."""
    fields = {f.attname: getattr(asked, f.attname) for f in RatingRequest._meta.concrete_fields}
    return RatingRequest.objects.create(**{**fields, "id": uuid4(), **changes})


def test_a_link_that_is_over_says_so_kindly_and_keeps_nothing(asked, people, client, course):
    yesterday = asked.day - timedelta(days=1)
    old = later(asked, day=yesterday, until=yesterday)
    withdrawn = later(asked, day=asked.day - timedelta(days=2), withdrawn_at=timezone.now())
    answered = later(
        asked, kind="after", day=asked.day - timedelta(days=3), answered_at=timezone.now() - timedelta(days=2)
    )
    for request, words in ((old, "time for this question is over"), (withdrawn, "taken back"), (answered, "have answered")):  # fmt: skip
        page = client.get(reverse("rating:begin", args=[token_for(request)]))
        assert page.status_code == 410 and words in page.content.decode(), words
        client.post(reverse("rating:rate", args=[token_for(request), TAP]), {"answer": "5"})
    for token in ("nonsense", token_for(asked) + "x"):
        assert client.get(reverse("rating:begin", args=[token])).status_code == 410
    assert not Observation.objects.filter(code=TAP).exists()


def test_a_corrected_address_ends_the_links_to_the_old_one(asked, people):
    token = token_for(asked)
    people.eve_patient.email = "new@test.example"
    people.eve_patient.save()
    with pytest.raises(Refusal, match="no longer works"):
        open_link(token)


def test_a_link_lives_three_weeks_at_most(asked, monkeypatch):
    token = token_for(asked)
    monkeypatch.setattr("deqi.record.care.links.LONGEST_S", -1)
    with pytest.raises(Refusal, match="too old"):
        open_link(token)


def test_consent_is_asked_again_at_sending_and_at_answering(asked, people):
    token = token_for(asked)
    consent(people, "withdrawn")
    assert reminding.send_reminders() == {"sent": 0}
    with pytest.raises(Refusal, match="took back your agreement"):
        answer(token, TAP, 4)


def test_a_rating_on_the_own_page_answers_the_request_and_is_not_asked_again(asked, people):
    rate_today(people.actor("eve"), TAP, 5)
    asked.refresh_from_db()
    assert asked.answered_at and asked.channel == "home"
    assert reminding.send_reminders() == {"sent": 0}
    assert answer(token_for(asked), TAP, 4).given == {TAP: 4}
    assert Observation.objects.filter(code=TAP).count() == 1


# --- messages


def test_at_most_one_message_a_day_and_none_after_a_stop(asked, people, client, as_):
    assert reminding.send_reminders() == {"sent": 1}
    assert reminding.send_reminders() == {"sent": 0}
    stop = link_in(mail.outbox[0]) + "stop/"
    assert "Stop these messages?" in client.get(stop).content.decode()
    assert not Messaging.objects.get().stopped_at, "opening the page changes nothing"
    one_click = Client(enforce_csrf_checks=True).post(stop, {"List-Unsubscribe": "One-Click"})
    assert one_click.status_code == 200 and Messaging.objects.get().stopped_at
    assert f"<{'http://127.0.0.1:8000'}{stop}>" in mail.outbox[0].extra_headers["List-Unsubscribe"]
    Messaging.objects.update(sent_on=None)
    RatingRequest.objects.update(sent_on=None)
    assert reminding.send_reminders() == {"sent": 0}
    eve = as_("eve")
    assert "Start the messages again" in eve.get("/me/messages/").content.decode()
    eve.post("/me/messages/", {"wanted": "yes"})
    assert reminding.send_reminders() == {"sent": 1}
    eve.post("/me/messages/", {"wanted": "no"})
    assert Messaging.objects.get().stopped_how == "page"
    verbs = list(
        AuditEntry.objects.filter(verb__startswith="messages.").order_by("id").values_list("verb", flat=True)
    )
    assert verbs == ["messages.stop", "messages.start", "messages.stop"]


def test_stopping_works_with_a_link_whose_question_is_over(asked, client):
    old = later(asked, day=asked.day - timedelta(days=9), until=asked.day - timedelta(days=9))
    assert client.post(reverse("rating:stop", args=[token_for(old)])).status_code == 200
    assert Messaging.objects.get().stopped_how == "link"


@pytest.mark.parametrize(
    ("zone", "at", "sent"),
    [
        ("Europe/Berlin", datetime(2026, 11, 28, 7, 59, tzinfo=UTC), 0),  # 8:59 there
        ("Europe/Berlin", datetime(2026, 11, 28, 8, 0, tzinfo=UTC), 1),
        ("Europe/Berlin", datetime(2026, 11, 28, 19, 0, tzinfo=UTC), 0),  # 20:00 there
        ("America/Denver", datetime(2026, 11, 28, 8, 0, tzinfo=UTC), 0),  # 1:00 there
    ],
)
def test_quiet_hours_are_those_of_the_site(people, course, agreed, zone, at, sent, monkeypatch):
    Organization.objects.update(messages_from="09:00", messages_until="20:00")
    people.north.time_zone = zone
    people.north.save()
    RatingRequest.objects.create(
        course=course, patient=agreed, site=people.north, practitioner=people.alice.practitioner, kind="baseline",
        point=1, day=date(2026, 11, 28), until=date(2026, 11, 28), codes=[TAP], made_at=at,
    )  # fmt: skip
    assert reminding.send_reminders(at) == {"sent": sent}


def test_an_open_ask_is_mailed_again_on_the_third_and_the_seventh_day(people, course, agreed):
    start = date(2026, 3, 2)
    RatingRequest.objects.create(
        course=course, patient=agreed, site=people.north, practitioner=people.alice.practitioner, kind="after",
        point=4, day=start, until=start + timedelta(days=13), codes=[TAP], made_at=timezone.now(),
    )  # fmt: skip
    sent = [
        n
        for n in range(16)
        if reminding.send_reminders(datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=n)) == {"sent": 1}
    ]
    assert sent == [0, 3, 7]


def test_a_mail_server_that_fails_for_one_holds_up_nobody_and_is_told(asked, people, as_, monkeypatch):
    """What failed is not shown as mailed; the day is claimed all the same, so that it cannot come twice."""

    def fail(self):
        raise OSError("no route")

    course_page = reverse("clinic:course", args=[asked.course_id])
    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", fail)
        with pytest.raises(RuntimeError, match="1 messages"):
            reminding.send_reminders()
    assert reminding.send_reminders() == {"sent": 0}
    asked.refresh_from_db()
    assert (asked.sent_on, asked.sent_count) == (None, 0)
    row = as_("alice").get(course_page).content.decode().split('aria-label="Requests for ratings')[1]
    assert f"<td>{asked.get_kind_display()}</td><td>no</td>" in row
    assert ", last on " not in as_("eve").get("/me/messages/").content.decode()
    assert not AuditEntry.objects.filter(verb="rating.send").exists()
    Messaging.objects.update(sent_on=None)
    assert reminding.send_reminders() == {"sent": 1}
    assert ", last on " in as_("eve").get("/me/messages/").content.decode()


def test_the_hours_are_a_setting_of_the_practice(people, as_):
    form = {"name": "Clinic", "emergency_number": "112", "messages_from": "10:00", "messages_until": "18:30"}
    assert as_("max").post("/practice/settings/", form).status_code == 303
    clinic = Organization.objects.get()
    assert (f"{clinic.messages_from:%H:%M}", f"{clinic.messages_until:%H:%M}") == ("10:00", "18:30")
    assert "between 10:00 and 18:30" in as_("eve").get("/me/messages/").content.decode()
    page = as_("max").post("/practice/settings/", {**form, "messages_until": "09:00"})
    assert page.status_code == 422 and "begins before it ends" in page.content.decode()


# --- the lock


def test_the_first_needle_locks_the_baseline_in_the_actions(asked, people, course):
    token = token_for(asked)
    answer(token, TAP, 7)
    needled(people, course)
    with pytest.raises(Refusal, match="treatment has begun"):
        answer(token, TAP, 3)
    with pytest.raises(Refusal, match="stays as it was"):
        rate_today(people.actor("eve"), TAP, 3)
    rate_today(people.actor("eve"), "numbness_average", 3)
    late = Observation.objects.get(code="numbness_average")
    assert late.request_id is None, "a rating after the needle is no baseline"
    assert int(Observation.objects.get(code=TAP).value) == 7


def test_the_first_needle_locks_the_baseline_in_the_database(asked, people, course):
    answer(token_for(asked), TAP, 7)
    rating = Observation.objects.get(code=TAP)
    loose = Observation.objects.create(
        patient=people.eve_patient, code=TAP, value=1, channel="home", effective_at=timezone.now()
    )
    needled(people, course)
    tomorrow = asked.day + timedelta(days=1)
    attempts = [
        lambda: Observation.objects.filter(id=rating.id).update(value=2),
        lambda: Observation.objects.filter(id=rating.id).delete(),
        lambda: Observation.objects.filter(id=loose.id).update(request=asked),
        lambda: Observation.objects.create(
            patient=people.eve_patient,
            code=TAP,
            value=1,
            channel="link",
            effective_at=timezone.now(),
            request=asked,
        ),
        lambda: later(asked, day=tomorrow, until=tomorrow),
        lambda: RatingRequest.objects.filter(id=asked.id).update(kind="review"),
        lambda: RatingRequest.objects.filter(id=asked.id).delete(),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    RatingRequest.objects.filter(id=asked.id).update(sent_count=3)
    assert int(Observation.objects.get(id=rating.id).value) == 7


def test_ending_a_course_takes_back_what_is_still_open(asked, people, course):
    end_course(people.actor("alice"), course.id, "moved away")
    asked.refresh_from_db()
    assert asked.withdrawn_why == "ended"


# --- response rates


def asked_before(people, course, patient, day, **more):
    return RatingRequest.objects.create(
        course=course, patient=patient, site=course.site, practitioner=course.practitioner, kind="review", point=4,
        day=day, until=day, codes=[TAP], made_at=timezone.now(), **more,
    )  # fmt: skip


def test_response_rates_by_site_and_practitioner_in_a_period(people, course, as_):
    today = today_at(people.north)
    south = Course.objects.create(
        patient=people.frank_patient, site=people.south, practitioner=people.dan.practitioner, opened_at=timezone.now()
    )  # fmt: skip
    for n in range(1, 15):
        asked_before(
            people, course, people.eve_patient, today - timedelta(days=n),
            **({"answered_at": timezone.now(), "channel": "link"} if n <= 9 else {}),
        )  # fmt: skip
    asked_before(people, south, people.frank_patient, today - timedelta(days=2))
    asked_before(people, course, people.eve_patient, today)  # its time is not over: counts nowhere yet
    asked_before(people, course, people.eve_patient, today - timedelta(days=30), withdrawn_at=timezone.now())
    page = as_("max").get("/practice/answers/").content.decode()
    assert "9 of 15" in page and "9 of 14" in page and "0 of 1" in page and "Dan Dogwood" in page
    assert "at home, by a link 9" in page and not speaks_of("Eve|Elm", page)
    page = as_("alice").get("/practice/answers/").content.decode()
    assert "9 of 14" in page and "Dan Dogwood" not in page, "another site is not hers to see"
    since, until = today - timedelta(days=3), today - timedelta(days=1)
    page = as_("alice").get(f"/practice/answers/?since={since}&until={until}").content.decode()
    assert "3 of 3" in page
    assert as_("carol").get("/practice/answers/").status_code == 403
    assert AuditEntry.objects.filter(verb="collection.view").count() == 3


def test_the_course_page_says_how_many_answered_and_whether_the_baseline_is_locked(
    asked, people, course, as_
):
    url = f"/courses/{course.id}/"
    assert "answered 0 of 1" in as_("alice").get(url).content.decode()
    answer(token_for(asked), TAP, 7)
    page = as_("alice").get(url).content.decode()
    assert "answered 1 of 1" in page and "open until the first needle" in page
    needled(people, course)
    assert "locked since the first needle" in as_("alice").get(url).content.decode()
