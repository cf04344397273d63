"""Messages go out by a real mail server, safely; what it does to them is written down as it was, and none comes twice."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions import collecting, reminding
from deqi.record.care.models import Appointment, Course, Messaging, RatingRequest
from deqi.record.operations.jobs import JOBS
from deqi.record.patients.models import Consent, Patient
from deqi.record.post import mail_faults
from deqi.record.practice.models import Organization
from tests.asked import at_noon, booked, chose, consent
from tests.mail_server import PASSWORD, USER, mail_server

NO_TLS = "the mail server offers no STARTTLS, and nothing is sent without it"


@pytest.fixture
def request_of_today(people, course):
    """Eve's, with everything that is asked in a baseline; the clinic's name is not plain ASCII."""
    at_noon(people)
    Organization.objects.update(
        name="Füße & Hände, Zoë’s clinic", messages_from="00:00", messages_until="23:59:59.999999"
    )
    consent(people, "given", days=20)
    chose(people)
    booked(people, course)
    collecting.make_requests()
    return RatingRequest.objects.get()


def failed_once(request: RatingRequest, why: str) -> None:
    """It is told as failed with the reason, not shown as mailed, and not tried again that day."""
    with pytest.raises(RuntimeError) as told:
        reminding.send_reminders()
    assert str(told.value) == f"1 messages could not be sent: {why}"
    assert reminding.send_reminders() == {"sent": 0}
    request.refresh_from_db()
    assert (request.sent_on, request.sent_count) == (None, 0)
    assert Messaging.objects.get().sent_on is not None, "the day is claimed"
    assert not AuditEntry.objects.filter(verb="rating.send").exists()


def test_the_message_as_it_arrives(request_of_today, use, pem):
    with mail_server(pem) as post:
        use(post.port)
        assert reminding.send_reminders() == {"sent": 1}
        assert reminding.send_reminders() == {"sent": 0}
    (message,), (envelope,) = post.messages, post.taken
    assert post.secure == [True] and envelope.rcpt_tos == ["eve@test.example"]
    assert message["To"] == "eve@test.example"
    assert message["Subject"].strip() == "Füße & Hände, Zoë’s clinic: one question for you"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop = message["List-Unsubscribe"].strip(" <>")
    assert stop.startswith("http") and stop.endswith("/stop/")
    assert message["Auto-Submitted"] == "auto-generated" and message["Message-ID"] and message["Date"]
    assert (message.get_content_type(), message.get_content_charset()) == ("text/plain", "utf-8")
    body = message.get_content()
    opens, stops = (word for word in body.split() if word.startswith("http"))
    assert stops == stop and "/r/" in opens and not opens.endswith("/stop/")
    assert "A few more questions than usual follow this time." in body
    links_apart = " ".join(word for word in body.split() if not word.startswith("http"))
    said = (message["Subject"] + links_apart).lower()
    for word in (
        "pain",
        "burning",
        "numb",
        "tingling",
        "neuropath",
        "acupunct",
        "treatment",
        "dog",
        "eve",
        "elm",
    ):
        assert word not in said, word
    request_of_today.refresh_from_db()
    assert request_of_today.sent_count == 1 and request_of_today.sent_on == Messaging.objects.get().sent_on
    assert AuditEntry.objects.filter(verb="rating.send").count() == 1


def test_a_server_that_asks_who_it_is_takes_the_message_after_a_login_under_tls(request_of_today, use, pem):
    with mail_server(pem, login=True) as post:
        use(post.port, USER, PASSWORD)
        assert reminding.send_reminders() == {"sent": 1}
    assert post.users == [USER.encode()] and post.secure == [True] and len(post.taken) == 1


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("wrong", "the mail server refuses the name or the password"),
        ("Füße", "an address or the password holds signs that mail cannot carry"),
        ("", "the mail server refuses the message"),
    ],
)
def test_a_login_that_is_refused_is_told(request_of_today, use, pem, password, why):
    with mail_server(pem, login=True) as post:
        use(post.port, USER, password)
        failed_once(request_of_today, why)
    assert not post.taken


def test_nothing_is_sent_in_the_clear(request_of_today, use):
    """Neither the message nor the password, to a server that offers no TLS."""
    with mail_server() as post:
        use(post.port, USER, PASSWORD)
        failed_once(request_of_today, NO_TLS)
    assert not post.begun and not post.users


def test_nothing_is_sent_to_a_server_whose_certificate_nobody_vouches_for(request_of_today, use, pem):
    with mail_server(pem) as post:
        use(post.port, trusted=False)
        failed_once(request_of_today, "this machine does not trust the mail server's certificate")
    assert not post.begun


def test_an_address_that_the_server_refuses(request_of_today, use, pem):
    with mail_server(pem) as post:
        post.refused = {"eve@test.example"}
        use(post.port)
        failed_once(request_of_today, "the mail server refuses the message")
    assert not post.begun


@pytest.mark.parametrize("answer", ["451 Try again later", "552 Mailbox full", "554 Not wanted"])
def test_a_message_that_the_server_refuses(request_of_today, use, pem, answer):
    with mail_server(pem) as post:
        post.answer = answer
        use(post.port)
        failed_once(request_of_today, "the mail server refuses the message")
    assert post.begun == 1


def test_a_server_that_is_down(request_of_today, use):
    with socket.socket() as taken:  # bound and not listening: nobody else gets the port, and nobody answers
        taken.bind(("127.0.0.1", 0))
        use(taken.getsockname()[1])
        failed_once(request_of_today, "the mail server does not answer")


def test_a_server_that_is_gone_when_it_has_the_message_gets_it_once(request_of_today, use, pem):
    """It may have been delivered or not: nobody can tell, so it is told as failed and never sent twice."""
    with mail_server(pem) as post:
        post.drop = True
        use(post.port)
        failed_once(request_of_today, "the mail server ended the connection")
        post.drop = False
        assert reminding.send_reminders() == {"sent": 0}
    assert post.begun == 1 and not post.taken


def somebody_else(people, number: int, name: str) -> None:
    """Another person who is asked today."""
    other = Patient.objects.create(
        record_number=number, home_site=people.north, given_name=name, family_name="Aspen", birth_date="1958-03-04",
        email=f"{name.lower()}@test.example",
    )  # fmt: skip
    Consent.objects.create(
        patient=other, kind="measurement", version="1", text_sha256="0" * 64, decision="given", signed_name=name,
        at=timezone.now(), recorded_by=people.carol,
    )  # fmt: skip
    theirs = Course.objects.create(
        patient=other, site=people.north, practitioner=people.alice.practitioner, opened_at=timezone.now()
    )
    booked(people, theirs)
    Appointment.objects.filter(course=theirs).update(patient=other)
    collecting.make_requests()


def test_an_address_that_cannot_be_written_holds_up_nobody(request_of_today, people, use, pem):
    """A record brought in from elsewhere may hold one that no form here would take."""
    Patient.objects.filter(id=people.eve_patient.id).update(email="eve@test.example\nBcc: all@test.example")
    somebody_else(people, 77, "Ada")
    with mail_server(pem) as post:
        use(post.port)
        with pytest.raises(RuntimeError, match="1 messages could not be sent"):
            reminding.send_reminders()
    assert [one.rcpt_tos for one in post.taken] == [["ada@test.example"]]


@pytest.fixture
def three(request_of_today, people):
    """Eve, Ada and Ben are asked today."""
    somebody_else(people, 77, "Ada")
    somebody_else(people, 78, "Ben")
    return {"eve@test.example", "ada@test.example", "ben@test.example"}


def arrived(post) -> list[str]:
    return sorted(one.rcpt_tos[0] for one in post.taken)


def test_the_messages_of_a_run_go_over_one_connection_and_one_login(three, use, pem):
    with mail_server(pem, login=True) as post:
        use(post.port, USER, PASSWORD)
        assert reminding.send_reminders() == {"sent": 3}
    assert arrived(post) == sorted(three) and post.connections == len(post.users) == 1


@pytest.mark.parametrize("had_enough", ["", "421 Enough on this connection"])
def test_a_server_that_ends_the_connection_between_two_messages_gets_each_message_once(
    three, use, pem, had_enough
):
    with mail_server(pem) as post:
        post.had_enough = had_enough
        use(post.port)
        assert reminding.send_reminders() == {"sent": 3}
    assert arrived(post) == sorted(three) and post.begun == post.connections == 3


def test_what_fails_is_written_down_for_that_message_alone_and_the_others_arrive(three, use, pem):
    with mail_server(pem) as post:
        post.refused = {"ada@test.example"}
        use(post.port)
        with pytest.raises(RuntimeError, match="1 messages could not be sent"):
            reminding.send_reminders()
        assert reminding.send_reminders() == {"sent": 0}
    assert arrived(post) == sorted(three - post.refused)
    sent = RatingRequest.objects.filter(sent_count=1).values_list("patient__email", flat=True)
    assert set(sent) == three - post.refused
    assert AuditEntry.objects.filter(verb="rating.send").count() == 2


def test_no_later_message_goes_over_a_connection_that_never_became_safe(three, use):
    with mail_server() as post:
        use(post.port, USER, PASSWORD)
        with pytest.raises(RuntimeError, match="3 messages could not be sent"):
            reminding.send_reminders()
    assert not post.begun and not post.users


def test_a_run_that_takes_too_long_leaves_the_rest_to_the_next(three, use, pem, monkeypatch):
    """Before another worker may take it for dead: nobody is asked twice, nobody is left out."""
    clock = iter([0, 1, reminding.SENDING_FOR_S - 1, reminding.SENDING_FOR_S])
    with mail_server(pem) as post:
        use(post.port)
        with monkeypatch.context() as patched:
            patched.setattr(reminding, "monotonic", lambda: next(clock))
            assert reminding.send_reminders() == {"sent": 2, "left": 1}
        assert Messaging.objects.filter(sent_on=None).count() == 1
        assert reminding.send_reminders() == {"sent": 1}
    assert arrived(post) == sorted(three)


def test_a_run_ends_before_its_lease_also_when_the_last_message_is_slow(settings):
    """A server may answer each of a dozen steps of one message at the last moment."""
    lease, slowest_s = JOBS["send_reminders"].lease, 12 * settings.EMAIL_TIMEOUT
    assert lease >= timedelta(seconds=reminding.SENDING_FOR_S + slowest_s)


def test_the_check_says_in_words_why_the_mail_server_would_take_nothing(use, pem):
    """And sends nothing to find out."""
    assert list(mail_faults()) == [], "without a mail server there are files"
    with mail_server(pem, login=True) as post:
        use(post.port, USER, PASSWORD)
        assert list(mail_faults()) == []
        use(post.port, USER, "wrong")
        assert list(mail_faults()) == [
            f"127.0.0.1:{post.port}: the mail server refuses the name or the password"
        ]
    with mail_server() as post:
        use(post.port)
        assert list(mail_faults()) == [f"127.0.0.1:{post.port}: {NO_TLS}"]
    assert not post.begun
