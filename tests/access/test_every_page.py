"""Every address x every person x GET and POST, with rows of one's own site and of another's.

What is expected comes from the mark on the view and the permission table alone. An address without a mark, or
without a way to make its row, fails.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from http.cookies import SimpleCookie

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deqi.record.actor import Actor
from deqi.record.audit.models import AuditEntry, AuditSubject
from deqi.record.patients.queries import patients_in_scope
from deqi.record.permissions import TABLE
from tests.access.pages import UNMARKED, Page, pages
from tests.access.rows import registry, rows_for

PAGES = pages()
#: Tables that a GET may write: the log of who looked, and the session itself.
READS_MAY_WRITE = ("audit_", "django_session", "cache")
WRITE = re.compile(r'^(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.I)


@contextmanager
def undone():
    """Whatever happens inside is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Visit:
    """One request by one person, and what came of it."""

    def __init__(self, cookies, method: str, url: str):
        browser = Client()
        browser.cookies = SimpleCookie(cookies)
        with undone():
            before = AuditEntry.objects.count()
            with CaptureQueriesContext(
                connection,
            ) as queries:
                self.response = getattr(browser, method.lower())(url)
                self.text = b"".join(self.response).decode(errors="replace")
            self.status = self.response.status_code
            new = AuditEntry.objects.filter(id__gt=before)
            self.entries = list(new)
            self.subjects = set(
                AuditSubject.objects.filter(entry__in=new).values_list("patient_id", flat=True)
            )
        found = (WRITE.match(query["sql"]) for query in queries.captured_queries)
        self.wrote = sorted({m.group(1) for m in found if m and not m.group(1).startswith(READS_MAY_WRITE)})
        self.to_sign_in = self.response.headers.get("Location", "").startswith("/account/login/")


def may(page: Page, actor: Actor, kind: str, owner) -> bool:
    """Whether the permission table and the scope open this row to this person."""
    if page.verb is None:
        return True
    if page.verb == "signed_in":
        return actor.user_id is not None
    if not actor.may(page.verb):
        return False
    if kind == "patient":
        return patients_in_scope(actor, page.verb).filter(id=owner.id).exists()
    return actor.may(page.verb, owner.id) if kind == "site" else True


def judge(page: Page, name: str, method: str, visit: Visit, allowed: bool) -> str | None:
    """What is wrong with this answer, or None."""
    said = f"{method} {page.name} by {name}: {visit.status}"
    if visit.status == 405:
        return None
    if page.verb is None:
        return f"{said}, a public page" if visit.status in (403, 500) else None
    if name == "anonymous":
        return None if visit.to_sign_in else f"{said}, should be sent to sign in"
    if page.verb == "signed_in":  # about one's own sign-in: an app one does not have cannot be removed
        return f"{said}, should be let in" if visit.to_sign_in else None
    if allowed:
        return f"{said}, should be let in" if visit.status in (403, 404) or visit.to_sign_in else None
    return None if visit.status in (403, 404) else f"{said}, should be kept out"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_page_says_whom_it_is_for(page):
    assert page.verb != UNMARKED, f"{page.name} has no @needs, @public or @signed_in"
    assert page.verb in (None, "signed_in") or page.verb in TABLE
    rows_for(page)


def test_no_row_is_registered_for_an_address_that_is_gone():
    assert set(registry()) <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_page_opens_to_those_it_is_for_and_to_nobody_else(page, people, cookies):
    rows, wrong, answered = rows_for(page), [], set()
    patients = {"eve": people.eve_patient, "frank": people.frank_patient}
    some = ("anonymous", "alice", "eve") if page.verb is None else tuple(cookies)
    for whose, patient in patients.items():
        if whose == "frank" and rows.kind in ("all", "own"):
            continue  # the same row again
        for name in some:
            cookie = cookies[name]
            actor = Actor() if name == "anonymous" else people.actor(name)
            owner = patient.home_site if rows.kind == "site" else patient
            kwargs = _kwargs(rows, people, owner, name)
            if kwargs is None:
                continue
            allowed = may(page, actor, rows.kind, owner)
            for method in ("GET", "POST"):
                visit = Visit(cookie, method, page.url(kwargs))
                fault = judge(page, name, method, visit, allowed)
                if fault:
                    wrong.append(f"{fault} ({whose}'s row)")
                if method == "GET" and visit.wrote:
                    wrong.append(f"GET {page.name} by {name} wrote {', '.join(visit.wrote)}")
                if allowed and visit.status != 405:
                    answered.add(method)
                wrong += _leaks(page, name, method, visit, actor, patients)
                if rows.kind == "patient" and allowed and visit.status == 200:
                    seen = visit.subjects | {entry.patient_id for entry in visit.entries}
                    if patient.id not in seen:
                        wrong.append(f"{method} {page.name} by {name} left no audit entry")
    assert not wrong, "\n".join(wrong)
    assert page.verb is None or answered, f"{page.name} answered nobody: neither GET nor POST"


def _kwargs(rows, people, owner, name):
    if rows.kind == "own":
        return rows.make(people, people.users[name]) if name != "anonymous" else None
    return rows.make(people) if rows.kind == "all" else rows.make(people, owner)


def _leaks(page, name, method, visit, actor, patients) -> list[str]:
    """Names of patients whom this person may not meet must not stand on the page."""
    if actor.user_id is None or (visit.status >= 400 and visit.status not in (409, 422)):
        own_scope = set()
    elif actor.patient_id:
        own_scope = {actor.patient_id}
    else:
        own_scope = (
            set(patients_in_scope(actor).values_list("id", flat=True)) if actor.may("patient.find") else set()
        )
    return [
        f"{method} {page.name} shows {patient.name} to {name}"
        for patient in patients.values()
        if patient.id not in own_scope and patient.name in visit.text
    ]


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name in registry() and registry()[p.name].kind == "own"], ids=str
)
def test_what_is_ones_own_is_nobody_elses(page, people, cookies):
    kwargs = rows_for(page).make(people, people.users["eve"])
    for name in ("alice", "max", "frank", "mallory"):
        for method in ("GET", "POST"):
            visit = Visit(cookies[name], method, page.url(kwargs))
            assert visit.status in (302, 403, 404) and not visit.wrote, f"{method} {page.name} by {name}"


MIXED = [page for page in PAGES if "patient_id" in page.takes and len(page.takes) > 1]


@pytest.mark.parametrize("page", MIXED, ids=str)
def test_a_row_of_another_patient_is_not_found_on_this_patients_page(page, people, cookies):
    """Frank's row under Eve's address: not even for those who may see both."""
    foreign = {**rows_for(page).make(people, people.frank_patient), "patient_id": people.eve_patient.id}
    wrong = []
    for name in ("alice", "bob", "carol", "max", "eve"):
        for method in ("GET", "POST"):
            visit = Visit(cookies[name], method, page.url(foreign))
            kept = (
                visit.status in (302, 303) and method == "POST"
            )  # "it is gone", said of any id, is an answer
            if not kept and visit.status not in (403, 404, 405):
                wrong.append(f"{method} {page.name} by {name}: {visit.status} for a row of another patient")
            if visit.wrote:
                wrong.append(f"{method} {page.name} by {name} wrote {', '.join(visit.wrote)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", [p for p in PAGES if p.ours], ids=str)
def test_a_page_answers_only_the_methods_it_names(page, people, cookies):
    rows = rows_for(page)
    owner = people.eve_patient.home_site if rows.kind == "site" else people.eve_patient
    kwargs = _kwargs(rows, people, owner, "alice")
    url = page.url(kwargs)
    statuses = {Visit(cookies[name], "PUT", url).status for name in ("bob", "max", "eve", "rita")}
    assert statuses <= {403, 404, 405} and 405 in statuses, f"{page.name} answers PUT with {statuses}"
