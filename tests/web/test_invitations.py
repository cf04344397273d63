"""A patient's link: works once, for two weeks, and only the newest; nothing but its hash is kept."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from deqi.doors.accounts.invitations import mail_invitation
from deqi.record.audit.models import AuditEntry
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.actions.invitations import accept, invite
from deqi.record.patients.models import Invitation
from deqi.record.practice.models import User


@pytest.fixture
def new(people):
    """Eve before she ever signed in."""
    people.eve_patient.user = None
    people.eve_patient.save()
    people.users["eve"].delete()
    return people


def path_of(people, **fields):
    return urlsplit(invite(people.actor("carol"), people.eve_patient.id, **fields)).path


def test_the_link_signs_the_patient_in_and_makes_their_account(new):
    browser = Client(enforce_csrf_checks=False)
    link = path_of(new, sent_to="eve@test.example")
    page = browser.post(link, {"way": "code"}, follow=True)
    assert page.redirect_chain[-1][0] == "/me/"
    new.eve_patient.refresh_from_db()
    assert new.eve_patient.user.email == "eve@test.example"
    assert not new.eve_patient.user.has_usable_password()
    assert AuditEntry.objects.get(verb="signin.in").detail == {"ways": ["invitation"]}


def test_opening_the_link_uses_nothing_up(new):
    link = path_of(new)
    for _ in range(3):
        assert "Welcome, Eve" in Client().get(link).content.decode()
    assert Invitation.objects.get().used_at is None and not User.objects.filter(email="eve@test.example")


def test_a_link_works_once(new):
    link = path_of(new)
    Client().post(link, {"way": "code"})
    page = Client().post(link, {"way": "code"})
    assert page.status_code == 410 and "used already" in page.content.decode()


def test_a_passkey_is_offered_at_once_when_chosen(new):
    assert Client().post(path_of(new), {"way": "passkey"}).headers["Location"] == "/account/passkeys/add/"


def test_an_old_link_and_one_replaced_by_a_newer_are_refused(new):
    old = path_of(new)
    newer = path_of(new)
    assert "newer link" in Client().get(old).content.decode()
    Invitation.objects.filter(revoked_at=None).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "too old" in Client().get(newer).content.decode()


def test_a_guessed_secret_is_refused_without_saying_more(new):
    assert Client().get("/account/invitation/abc/").status_code == 410


def test_the_secret_itself_is_nowhere_in_the_database(new):
    secret = path_of(new).rstrip("/").split("/")[-1]
    row = Invitation.objects.get()
    assert secret not in str(vars(row)) and len(row.secret_sha256) == 64
    assert not any(secret in str(entry.detail) for entry in AuditEntry.objects.all())


def test_without_an_address_on_file_one_is_asked_for_and_kept(new):
    new.eve_patient.email = ""
    new.eve_patient.save()
    link = path_of(new)
    assert Client().post(link, {"way": "code"}).status_code == 422
    assert Client().post(link, {"way": "code", "email": "Eve.Elm@test.example"}).status_code == 302
    new.eve_patient.refresh_from_db()
    assert new.eve_patient.email == "eve.elm@test.example"


def test_an_address_that_opens_another_account_is_refused_and_the_link_still_works(new):
    new.eve_patient.email = ""
    new.eve_patient.save()
    link = path_of(new)
    page = Client().post(link, {"way": "code", "email": "ALICE@test.example"})
    assert (
        "Another account" in page.content.decode() and 'value="ALICE@test.example"' in page.content.decode()
    )
    assert Invitation.objects.get().used_at is None


def test_somebody_signed_in_does_not_use_the_link_up_by_accident(new, as_):
    link = path_of(new)
    page = as_("alice").post(link, {"way": "code"})
    assert "Alice Ash is signed in on this device" in page.content.decode()
    assert Invitation.objects.get().used_at is None


def test_invited_again_a_patient_keeps_their_account(people):
    secret = path_of(people).rstrip("/").split("/")[-1]
    assert accept(secret) == people.users["eve"]


def test_another_site_cannot_invite(people):
    with pytest.raises(NotFound):
        invite(people.actor("dan"), people.eve_patient.id)


def test_an_archived_record_invites_nobody(people):
    people.eve_patient.archived_at = timezone.now()
    people.eve_patient.save()
    with pytest.raises(Refusal):
        invite(people.actor("carol"), people.eve_patient.id)


def test_the_e_mail_says_nothing_about_health(people):
    mail_invitation(people.eve_patient, "https://clinic.example/x/", "eve@test.example")
    text = mail.outbox[0].subject + mail.outbox[0].body
    assert "https://clinic.example/x/" in text
    assert not any(word in text.lower() for word in ("neuropath", "pain", "acupuncture", "needle"))
