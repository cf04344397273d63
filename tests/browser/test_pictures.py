"""The main pages as pictures for docs/pages.md, of the synthetic clinic.

Only when asked, so that a run of the tests leaves the tree clean:
DEQI_DOCS_PICTURES=1 .venv/bin/pytest tests/browser/test_pictures.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.db.models import Count
from django.urls import reverse

from deqi.record.care.actions.intake import answer_step
from deqi.record.care.models import Course, Session
from deqi.record.patients.models import Patient
from deqi.record.practice.models import User
from deqi.record.practice.queries import actor_of
from tests.browser.conftest import SIZES

pytestmark = pytest.mark.browser
FOLDER = Path(__file__).parents[2] / "docs" / "pictures"


@pytest.fixture
def synthetic(transactional_db):
    """The made-up clinic of the demo."""
    from deqi.record.synthetic.clinic import fill

    fill(say=lambda words: None)


@pytest.fixture
def desk(page, live_server, synthetic):
    """`desk("alice")`: that person's browser, of the made-up clinic."""
    from django.conf import settings
    from django.test import Client

    def go(name: str, size: str = "desk"):
        client = Client()
        user = User.objects.get(email=f"{name}@demo.example")
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        page.context.clear_cookies()
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )
        page.set_viewport_size(SIZES[size])
        return page

    return go


def keep(page, name: str, size: str = "desk", scheme: str = "light", height: int = 0) -> None:
    """One picture of what is seen first: the top of the page, as high as the screen or as `height` says."""
    page.set_viewport_size({**SIZES[size], **({"height": height} if height else {})})
    page.emulate_media(color_scheme=scheme)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    path = FOLDER / f"{name}-{size}-{scheme}.png"
    page.screenshot(path=path, caret="initial")
    assert path.stat().st_size < 150_000, f"{path.name}: {path.stat().st_size} bytes"


@pytest.mark.skipif(not os.environ.get("DEQI_DOCS_PICTURES"), reason="only when DEQI_DOCS_PICTURES=1 asks")
def test_the_pictures_of_the_docs_are_made(desk):
    page = desk("max")
    page.goto("/practice/")
    keep(page, "practice")
    page = desk("carol")
    north = Patient.objects.filter(home_site__name="North").order_by("record_number")
    page.goto(reverse("clinic:patient", args=[north[1].id]))
    keep(page, "person")
    the_treatment_room(desk("alice"))
    course = (
        Course.objects.filter(status="active", site__name="North")
        .annotate(given=Count("sessions"))
        .exclude(patient=north[0])
        .order_by("-given")
        .first()
    )
    the_course(desk("alice"), course)
    the_phone(desk, course.patient)


def the_treatment_room(page) -> None:
    page.goto("/today/")
    page.locator(".room").first.wait_for()
    keep(page, "board")
    keep(page, "board", scheme="dark")
    running = Session.objects.filter(site__name="North").exclude(state__in=["signed", "abandoned"]).first()
    page.goto(reverse("clinic:visit", args=[running.id]))
    keep(page, "visit", height=1000)


def the_course(page, course) -> None:
    page.goto(reverse("clinic:chart", args=[course.patient_id]))
    keep(page, "chart", height=1000)
    page.goto(reverse("clinic:course", args=[course.id]))
    keep(page, "course")
    page.goto(reverse("clinic:review", args=[course.id]))
    page.locator("body[data-charts=drawn]").wait_for()
    keep(page, "review", height=1200)
    page.goto(reverse("clinic:letter_new", args=[course.patient_id]))
    page.get_by_role("button", name="Keep the draft").click()
    page.wait_for_url("**/letters/*-*/")
    page.wait_for_function("() => document.querySelector('.letter-frame')?.naturalWidth > 0")
    keep(page, "letter", height=1200)
    page.goto(reverse("clinic:safety", args=[course.patient_id]))
    keep(page, "safety")


def the_phone(desk, patient) -> None:
    """The patient's pages: the story's map and their own page."""
    if not patient.user:
        patient.user = User.objects.create_user("own@demo.example", patient.name)
        patient.save()
    page = desk(patient.user.email.removesuffix("@demo.example"), "phone")
    page.goto("/me/")
    page.locator("body[data-charts=drawn]").wait_for()
    keep(page, "own-page", "phone", height=1500)
    page.goto(reverse("patient:access_log"))
    keep(page, "who-looked", "phone")
    new = Patient.objects.filter(user=None, courses=None).first()
    new.user = User.objects.create_user("new@demo.example", new.name)
    new.save()
    actor = actor_of(new.user)
    answer_step(actor, "symptoms", {"chosen": ["burning", "numbness"]})
    answer_step(actor, "where-burning", {"marks": {"right_heel": 9, "right_ball_of_foot": 6, "left_heel": 4}})
    page = desk("new", "phone")
    page.goto(reverse("patient:intake_step", args=["where-burning"]))
    keep(page, "story-map", "phone")
