"""Drafts: one's own, small, without passwords, gone when the page is saved; and the end of a session."""

import json
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from deqi.record.practice.models import Draft

PAGE = "/patients/new/"
URL = f"/drafts/?page={PAGE}"


def keep(browser, fields, url=URL):
    return browser.post(url, json.dumps(fields), content_type="application/json")


def test_what_was_typed_comes_back_to_its_author_alone(as_):
    assert keep(as_("alice"), {"given_name": ["Ida"], "sex": ["female"]}).status_code == 204
    assert as_("alice").get(URL).json()["drafts"][PAGE]["fields"] == {
        "given_name": ["Ida"],
        "sex": ["female"],
    }
    assert as_("bob").get(URL).status_code == 204
    assert as_("alice").get("/drafts/?page=/patients/").status_code == 204


def test_a_later_draft_replaces_the_earlier_one_and_an_empty_one_forgets_it(as_):
    browser = as_("alice")
    keep(browser, {"a": ["1"]})
    keep(browser, {"a": ["2"]})
    assert Draft.objects.get().fields == {"a": ["2"]}
    keep(browser, {})
    assert not Draft.objects.exists()


def test_a_password_is_never_kept(as_):
    keep(as_("alice"), {"email": ["a@b.example"], "password1": ["secret secret"]})
    assert Draft.objects.get().fields == {"email": ["a@b.example"]}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"note": ["x" * 100_001]}, 413),
        ({f"f{n}": [""] for n in range(301)}, 413),
        ({"note": "not a list"}, 400),
        ({"note": [1]}, 400),
        (["note"], 400),
    ],
)
def test_a_draft_that_is_too_big_or_no_draft_is_refused(as_, fields, status):
    assert keep(as_("alice"), fields).status_code == status
    assert not Draft.objects.exists()


@pytest.mark.parametrize("page", ["", "https://elsewhere.example/", "/" + "x" * 300])
def test_a_draft_belongs_to_a_page_of_the_site(as_, page):
    assert keep(as_("alice"), {"a": ["1"]}, f"/drafts/?page={page}").status_code == 400


def test_old_drafts_and_all_beyond_fifty_go(as_, people):
    Draft.objects.create(user=people.alice, page="/old/", fields={"a": ["1"]})
    Draft.objects.update(updated_at=timezone.now() - timedelta(days=15))
    for n in range(51):
        keep(as_("alice"), {"a": ["1"]}, f"/drafts/?page=/{n}/")
    pages = set(Draft.objects.values_list("page", flat=True))
    assert len(pages) == 50 and "/old/" not in pages and "/0/" not in pages and "/50/" in pages


def test_the_draft_goes_when_the_page_is_saved_and_stays_when_it_is_refused(as_, people):
    browser = as_("carol")
    url = f"/patients/{people.eve_patient.id}/contacts/"
    key = f"/patients/{people.eve_patient.id}/details/"
    keep(browser, {"name": ["Ann"]}, f"/drafts/?page={key}")
    assert browser.post(url, {"name": "", "draft_page": key}).status_code == 422
    assert Draft.objects.exists()
    row = "6b7c5c34-0b5f-4f0e-9c39-6d0f5c6a1f10"
    sent = {"row": row, "name": "Ann", "phone": "+44 20 7946 0001", "relation": "sister", "draft_page": key}
    assert browser.post(url, sent).status_code == 303
    assert not Draft.objects.exists()


def test_the_page_of_a_draft_needs_the_token_like_every_form(people):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert keep(browser, {"a": ["1"]}).status_code == 403


def test_a_session_ends_on_the_server_after_the_idle_time(as_, settings):
    settings.SESSION_COOKIE_AGE = 600
    before, browser = timezone.now(), as_("alice")
    assert browser.get("/today/").status_code == 200
    idle, kept = timedelta(seconds=600), Session.objects.get()
    assert before + idle <= kept.expire_date <= timezone.now() + idle
    Session.objects.update(expire_date=timezone.now())
    assert browser.get("/today/").headers["Location"] == "/account/login/?next=/today/"


def test_somebody_who_reads_on_stays_signed_in_but_a_page_that_asks_by_itself_does_not(as_, settings):
    settings.SESSION_GRAIN_SECONDS = 0
    browser = as_("alice")

    def ends():
        return browser.session["seen_at"]

    session = browser.session
    session["seen_at"] -= 60
    session.save()
    a_minute_ago = ends()
    browser.get("/today/", headers={"X-By-Itself": "1"})
    assert ends() == a_minute_ago
    browser.get("/today/")
    assert ends() >= a_minute_ago + 60
    assert browser.post("/still-here/").status_code == 204


def test_a_page_that_is_only_read_does_not_write_the_session(as_, django_assert_max_num_queries):
    browser = as_("alice")
    browser.get("/today/")
    with django_assert_max_num_queries(12) as queries:
        browser.get("/today/")
    assert not [q for q in queries.captured_queries if 'UPDATE "django_session' in q["sql"]]


def test_a_fragment_asked_for_after_the_session_ended_moves_the_page_to_sign_in(people):
    from django.test import Client

    asked = {"HX-Request": "true", "HX-Current-URL": "http://testserver/today/?site=1"}
    answer = Client().get("/today/", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/account/login/?next=/today/%3Fsite%3D1"
