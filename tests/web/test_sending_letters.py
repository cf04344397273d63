"""A letter by a real mail server: nothing waits while it thinks, no letter goes twice, and what nobody knows is said."""

from __future__ import annotations

import re
import socket
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from deqi.record.actor import SYSTEM
from deqi.record.audit.actions import log
from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions import letters as actions
from deqi.record.care.models import Letter, Task
from deqi.record.errors import Refusal
from deqi.record.patients.models import CareProvider, Consent
from tests.mail_server import mail_server

PDF = b"%PDF-1.7 as it was sent"
UNKNOWN = "The letter may or may not have gone. Ask Dr Gale Hazel whether it came before sending it again."


def sharing(people, decision: str = "given") -> Consent:
    return Consent.objects.create(
        patient=people.eve_patient, kind="sharing", version="1", text_sha256="0" * 64, decision=decision,
        signed_name="Eve Elm", at=timezone.now(), recorded_by=people.eve,
    )  # fmt: skip


@pytest.fixture
def letter(people, settings):
    """Eve's, written by Alice, with consent to share and a task to send it. A slow machine is no slow mail server."""
    settings.EMAIL_TIMEOUT = 120
    sharing(people)
    row = Letter.objects.create(
        patient=people.eve_patient, to=CareProvider.objects.get(), asked_first="Was B12 measured?",
        written_by=people.alice, written_at=timezone.now(), body={"plan": ["Go on"]},
    )  # fmt: skip
    Task.objects.create(
        patient=people.eve_patient, site=people.north, kind="letter", title="Send it", due_on=timezone.now().date(),
        link=f"/letters/{row.id}/",
    )  # fmt: skip
    return row


def mailed(people, letter: Letter, **more) -> Letter:
    return actions.send_letter(people.actor("alice"), letter.id, "email", PDF, **more)


def page_of(as_, letter: Letter) -> str:
    return unescape(as_("alice").get(reverse("clinic:letter", args=[letter.id])).content.decode())


def posted(as_, letter: Letter, how: str, **more: str) -> str:
    address = reverse("clinic:letter_send", args=[letter.id])
    return unescape(as_("alice").post(address, {"how": how, **more}, follow=True).content.decode())


def try_named_in(page: str) -> str:
    """The try that the form of the page follows."""
    found = re.search(r'name="after" value="([^"]+)"', page)
    assert found, "the form names no try"
    return found[1]


def told(letter: Letter) -> list[str]:
    """What the log says of the letter itself, oldest first."""
    rows = AuditEntry.objects.filter(object_type="letter", object_id=str(letter.id)).order_by("id")
    return list(rows.values_list("verb", flat=True))


def long_ago(letter: Letter) -> Letter:
    """The try was so long ago that no mail server can be about to answer it."""
    letter.refresh_from_db()
    letter.mailed_at -= Letter.MAILED_WITHIN
    letter.save()
    return letter


def from_another_connection(does, said: list):
    """A callable that does it as another web worker would, and keeps what came of it."""

    def go() -> None:
        try:
            said.append(does())
        except Exception as error:
            said.append(error)
        finally:
            connection.close()

    return go


@pytest.mark.django_db(transaction=True)
def test_others_write_while_the_mail_server_has_not_answered(letter, as_, use, pem):
    """The server answers when somebody else has written to the log: it never would, were the log held."""
    said: list = []
    with mail_server(pem) as post:
        use(post.port)
        post.meanwhile = from_another_connection(lambda: log(SYSTEM, "signin.failed").verb, said)
        as_("alice").post(reverse("clinic:letter_send", args=[letter.id]), {"how": "email"})
    assert said == ["signin.failed"] and len(post.taken) == 1
    letter.refresh_from_db()
    assert letter.sent_at == letter.mailed_at is not None and bytes(letter.pdf).startswith(b"%PDF")
    assert told(letter) == ["letter.mail", "letter.send"], "claimed, then sent"
    verbs = list(AuditEntry.objects.order_by("id").values_list("verb", flat=True))
    assert verbs[-3:] == ["letter.mail", "signin.failed", "letter.send"]
    assert Task.objects.get().done_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_second_click_before_the_mail_server_answers_sends_nothing(people, letter, use, pem):
    said: list = []
    with mail_server(pem) as post:
        use(post.port)
        post.meanwhile = from_another_connection(lambda: mailed(people, letter), said)
        mailed(people, letter)
        assert mailed(people, letter).sent_at is not None, "nor does a third, when it was sent"
    (second,) = said
    assert isinstance(second, Refusal) and "being handed to the mail server just now" in second.message
    assert post.begun == len(post.taken) == 1


@pytest.mark.django_db(transaction=True)
def test_a_draft_cannot_be_changed_under_the_mail_that_carries_it(people, letter, use, pem):
    said: list = []
    given = {"to": letter.to_id, "urgency": "routine", "asked_first": "Something else", "body": {}}
    change = from_another_connection(
        lambda: actions.change_letter(people.actor("alice"), letter.id, given), said
    )
    with mail_server(pem) as post:
        use(post.port)
        post.meanwhile = change
        mailed(people, letter)
    (refusal,) = said
    assert isinstance(refusal, Refusal) and "may have gone as it stands" in refusal.message
    letter.refresh_from_db()
    assert letter.asked_first == "Was B12 measured?"


def refuse_the_message(post) -> None:
    post.answer = "554 5.7.1 Blocked by Zzyzx"


def refuse_the_address(post) -> None:
    post.refused = {"gale@surgery.example"}


@pytest.mark.parametrize("misbehave", [refuse_the_message, refuse_the_address])
def test_a_letter_that_the_server_refuses_is_a_draft_again_and_can_be_sent(
    people, letter, as_, use, pem, misbehave
):
    with mail_server(pem) as post:
        use(post.port)
        misbehave(post)
        page = posted(as_, letter, "email")
        why = "The mail could not be handed over: the mail server refuses the message. Nothing was sent;"
        assert why in page and "Zzyzx" not in page and "No such user" not in page
        assert not post.taken
        letter.refresh_from_db()
        assert (letter.sent_at, letter.mailed_at, letter.pdf, letter.pdf_sha256) == (None, None, None, "")
        assert (letter.sent_by, letter.consent, letter.sent_how) == (None, None, "")
        assert told(letter) == ["letter.mail", "letter.refused"]
        assert Task.objects.get().done_at is None
        post.answer, post.refused = "250 OK", set()
        assert "kept as it was sent" in posted(as_, letter, "email")
    assert len(post.taken) == 1


def test_a_mail_server_that_is_down_has_nothing(people, letter, as_, use):
    with socket.socket() as taken:  # bound and not listening: nobody else gets the port, and nobody answers
        taken.bind(("127.0.0.1", 0))
        use(taken.getsockname()[1])
        page = posted(as_, letter, "email")
    assert "The mail could not be handed over: the mail server does not answer. Nothing was sent;" in page
    letter.refresh_from_db()
    assert letter.mailed_at is None and told(letter) == ["letter.mail", "letter.refused"]


def test_a_server_that_is_gone_when_it_has_the_letter_leaves_it_unknown(people, letter, as_, use, pem):
    """It is sent again on purpose only, once for each form, and as it was."""
    with mail_server(pem) as post:
        use(post.port)
        post.drop = True
        assert f"the mail server ended the connection. {UNKNOWN}" in posted(as_, letter, "email")
        post.drop = False
        assert "being handed to the mail server just now" in posted(as_, letter, "email")
        long_ago(letter)
        kept = bytes(letter.pdf)
        assert UNKNOWN in posted(as_, letter, "email"), "a form of before names no try"
        assert post.begun == 1
        named = try_named_in(page_of(as_, letter))
        for _ in range(2):
            posted(as_, letter, "email", after=named)
    assert post.begun == 2 and len(post.taken) == 1
    (attached,) = post.messages[0].iter_attachments()
    letter.refresh_from_db()
    assert attached.get_content() == kept == bytes(letter.pdf) and letter.sent_at is not None
    assert told(letter) == ["letter.mail", "letter.mail", "letter.send"]


@pytest.fixture
def crashed(people, letter, use, pem, monkeypatch):
    """The mail server took the letter, and the worker ended before it could write that down."""

    def end(*_):
        raise SystemExit

    with mail_server(pem) as post, monkeypatch.context() as patched:
        use(post.port)
        patched.setattr(actions, "_note_mailed", end)
        with pytest.raises(SystemExit):
            mailed(people, letter)
        assert len(post.taken) == 1
    letter.refresh_from_db()
    return letter


@pytest.mark.django_db(transaction=True)
def test_after_a_crash_the_pages_say_that_nobody_knows(people, crashed, as_, use, pem):
    assert crashed.sent_at is None and told(crashed) == ["letter.mail"]
    page = page_of(as_, crashed)
    assert "no answer is written down yet" in page and 'name="how"' not in page
    long_ago(crashed)
    page = page_of(as_, crashed)
    assert "This letter may or may not have gone" in page and "Keep the draft" not in page
    eve = people.eve_patient
    for name in ("letters", "chart"):
        shown = as_("alice").get(reverse(f"clinic:{name}", args=[eve.id])).content.decode()
        assert "may have gone" in shown, name
    with mail_server(pem) as post:
        use(post.port)
        assert UNKNOWN in posted(as_, crashed, "email")
        assert post.connections == 0, "not without a look at what may have gone"
        posted(as_, crashed, "email", after=try_named_in(page))
    assert len(post.taken) == 1
    crashed.refresh_from_db()
    assert crashed.sent_at is not None and "may or may not" not in page_of(as_, crashed)


def test_a_letter_whose_reader_has_it_is_kept_as_sent_when_it_was_handed_over(people, crashed, as_):
    sharing(people, "withdrawn")
    at = long_ago(crashed).mailed_at
    page = page_of(as_, crashed)
    assert "It came: keep it as sent" in page and "Again, by e-mail" not in page, (
        "nothing against a withdrawal"
    )
    assert "withdrew sharing" in posted(as_, crashed, "email", after=try_named_in(page))
    posted(as_, crashed, "arrived", after=try_named_in(page))
    crashed.refresh_from_db()
    assert (crashed.sent_at, crashed.sent_how, bytes(crashed.pdf)) == (at, "email", PDF)
    assert AuditEntry.objects.filter(verb="letter.send", object_type="letter").get().detail["by"] == "word"
    assert Task.objects.get().done_at is not None


def test_a_second_try_that_is_refused_leaves_the_first_unknown(people, crashed, as_, use, pem):
    at = long_ago(crashed).mailed_at
    with mail_server(pem) as post:
        use(post.port)
        refuse_the_message(post)
        page = posted(as_, crashed, "email", after=try_named_in(page_of(as_, crashed)))
    assert "refuses the message. This time nothing was sent" in page and "may or may not have gone" in page
    crashed.refresh_from_db()
    assert (crashed.mailed_at, crashed.sent_at, bytes(crashed.pdf)) == (at, None, PDF)


def test_a_result_that_comes_after_the_claim_was_taken_over_changes_nothing(people, crashed):
    """A mail server may, against all custom, answer after more than five minutes."""
    late = Letter.objects.get(id=crashed.id)
    now = long_ago(crashed).mailed_at
    actions._note_refused(people.actor("alice"), late, None)
    actions._note_mailed(people.actor("alice"), late)
    crashed.refresh_from_db()
    assert (crashed.mailed_at, crashed.sent_at) == (now, None) and told(crashed) == ["letter.mail"]


def test_only_a_letter_that_may_have_gone_can_have_come(people, letter, as_):
    assert "Say how it goes" in posted(as_, letter, "arrived")
    mail = {"how": "email", "after": (timezone.now() - timedelta(days=1)).isoformat()}
    assert "it is a draft again" in posted(as_, letter, **mail)
    letter.refresh_from_db()
    assert letter.sent_at is None and letter.mailed_at is None
