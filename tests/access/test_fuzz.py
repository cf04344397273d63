"""A slice of the access fuzz (benchmarks/access_fuzz.py runs 100,000 requests), and proof that it finds a hole."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import transaction
from django.db.models import Q

from deqi.record import permissions
from deqi.record.care.actions import appointments, changing
from deqi.record.patients import queries
from deqi.record.patients.models import Patient
from tests.access import record
from tests.access.fuzz import Found, Fuzz

SEED, REQUESTS = 20261128, 400


@pytest.fixture(scope="module")
def full_clinic(clinic, django_db_blocker) -> Iterator[Fuzz]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield Fuzz(clinic, clinic.cookies, SEED)
        transaction.set_rollback(True)


@pytest.fixture
def fuzz(full_clinic, db) -> Fuzz:
    """The same clinic, the dice as at the beginning."""
    full_clinic.dice, full_clinic.found = random.Random(SEED), Found()
    return full_clinic


def steps(fuzz: Fuzz, most: int, until=lambda found: False) -> Found:
    while fuzz.found.requests < most and not until(fuzz.found):
        fuzz.step()
    return fuzz.found


#: While a visit is open: it cannot be started, signed or amended, and nothing is drawn; a script posts drafts.
NO_FORM_NOW = {
    "clinic:start_visit",
    "clinic:visit_sign",
    "clinic:visit_amend",
    "clinic:single_case_draw",
    "drafts",
}


def test_the_fuzz_has_seen_the_form_of_every_page_that_takes_a_post(fuzz):
    assert {one.page.name for one in fuzz.posts if not any(fuzz.forms[one.page.name].values())} == NO_FORM_NOW


def test_nothing_crosses_over_nothing_breaks_and_every_change_is_logged(fuzz):
    found = steps(fuzz, REQUESTS)
    assert not found.crossings and not found.errors and not found.unlogged
    assert found.allowed > REQUESTS * 0.4, "most requests should get past the door"
    assert found.wrote > found.posts * 0.2, "many posts should be taken"


def all_patients(actor, verb=""):
    return Patient.objects.all()


def of_anybody(actor, verb="", by="patient"):
    return Q()


#: What is made wrong, as pytest's monkeypatch takes it; the pages that are posted to ("" for all) and the verb of
#: those that are opened ("" for all), so that whether the hole is met does not hang on the dice.
HOLES = {
    "every patient is in everybody's scope": ("", "", [(queries, "patients_in_scope", all_patients)]),
    "one row of the table is open to everybody": (
        "",
        "clinical.view",
        [(permissions, "TABLE", {**permissions.TABLE, "clinical.view": frozenset(permissions.Role)})],
    ),
    "an appointment is fetched without asking whose": (
        "clinic:appointment",
        "",
        [(appointments, "reachable", of_anybody)],
    ),
    "a visit is fetched for changing without asking whose": (
        "clinic:visit",
        "",
        [(changing, "reachable", of_anybody), (changing, "patients_in_scope", all_patients)],
    ),
}


@pytest.mark.parametrize(("pages", "verb", "hole"), HOLES.values(), ids=HOLES)
def test_a_hole_is_found(fuzz, monkeypatch, pages, verb, hole):
    monkeypatch.setattr(fuzz, "gets", [one for one in fuzz.gets if verb in ("", one.page.verb)])
    monkeypatch.setattr(fuzz, "posts", [one for one in fuzz.posts if one.page.name.startswith(pages)])
    for where, name, wrong in hole:
        monkeypatch.setattr(where, name, wrong)
    assert steps(fuzz, REQUESTS, until=lambda found: found.crossings).crossings


def test_every_row_that_leads_to_a_patient_is_compared():
    """Also one that leads there by way of another row."""
    for model in apps.get_models():
        if model._meta.app_label in ("care", "patients", "questionnaires") and model is not Patient:
            leads = {f.related_model for f in model._meta.fields if f.related_model}
            near = {
                m
                for m in leads
                if m is Patient or (m._meta.app_label != "practice" and record.way_to_patient(m))
            }
            assert not near or record.way_to_patient(model), f"{model.__name__}: add to TO_PATIENT"
