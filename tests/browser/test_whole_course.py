"""The whole course of care, from a new licence to a sent letter, each step by the person whose step it is.

One clinic, one patient, nine steps, all through the pages. Only the clock is helped: nobody waits for the rest.
"""

from __future__ import annotations

import re
import time
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.utils import timezone

from deqi.record.care.models import Amendment, Course, Letter, Review, Session
from deqi.record.patients.models import Consent, Intake, Patient
from deqi.record.practice.clock import local
from deqi.record.practice.models import Licence
from tests.asked import at_noon
from tests.browser.conftest import PATIENCE_MS, SIZES, axe, settled, shown
from tests.words import speaks_of

pytestmark = pytest.mark.browser
STORY = {"activity": "Walk the dog round the lake", "name": "Hanna Holm"}


def test_a_course_of_care_from_a_new_licence_to_a_sent_letter(browser, page, people, sign_in, live_server):
    at_noon(people)
    desk, phone = page, _second_device(browser, live_server)
    _1_the_manager_adds_a_practitioner_with_a_checked_licence(sign_in("max"))
    link = _2_the_front_desk_registers_and_invites(sign_in("carol"))
    _3_the_patient_tells_the_story_on_a_phone(phone, link)
    _the_new_practitioner_signs_in(desk)
    _4_the_practitioner_completes_examines_and_screens(desk)
    _5_a_course_is_planned_and_changed(desk)
    at_her_own_desk = desk.context.cookies()
    _the_front_desk_books_and_receives(sign_in("carol"), people.north)
    _6_the_patient_checks_in_on_the_phone(phone)
    desk.context.clear_cookies()
    desk.context.add_cookies(at_her_own_desk)
    desk.goto("/")
    _6_a_visit_from_the_board_to_the_signature(desk)
    _7_the_patient_sees_plan_plot_and_who_looked(phone)
    _8_the_review_is_held_and_says_what_is_not_known(desk)
    _9_the_letter_goes_to_the_doctor(desk)
    _7_the_patient_reads_what_was_decided(phone)
    phone.context.close()
    assert not phone.complaints, phone.complaints


def _second_device(browser, live_server):
    """The patient's own phone: another browser, 360 px wide."""
    context = browser.new_context(viewport=SIZES["phone"], base_url=live_server.url, reduced_motion="reduce")
    phone = context.new_page()
    phone.complaints = []
    phone.on("pageerror", lambda error: phone.complaints.append(str(error)))
    phone.set_default_timeout(PATIENCE_MS)
    return phone


# 1 ------------------------------------------------------------------------------------------------


def _1_the_manager_adds_a_practitioner_with_a_checked_licence(page):
    page.goto("/")
    page.get_by_role("link", name="Practice").click()
    axe(page)
    page.get_by_role("link", name="Add somebody").click()
    page.get_by_label("Name").fill("Gina Gum")
    page.get_by_label("E-mail").fill("gina@test.example")
    page.get_by_label("Role").select_option("practitioner")
    page.get_by_label("Where").select_option(label="North")
    page.get_by_label("Title").fill("LAc")
    page.keyboard.press("Enter")
    page.get_by_text("cannot needle").wait_for()
    page.get_by_role("link", name="Add a licence", exact=True).click()
    page.get_by_label("Given by").fill("General Register")
    page.get_by_label("Number").fill("G-77")
    today = date.today()
    page.get_by_label("First day").fill((today - timedelta(days=30)).isoformat())
    page.get_by_label("Last day").fill((today + timedelta(days=400)).isoformat())
    page.keyboard.press("Enter")
    page.get_by_label("In which register").fill("register.example, online")
    page.get_by_role("button", name="I looked").click()
    page.get_by_role("heading", name="Gina Gum").wait_for()
    axe(page)
    assert page.get_by_text("cannot needle").count() == 0
    assert Licence.objects.get(number="G-77").verified_by.email == "max@test.example"


# 2 ------------------------------------------------------------------------------------------------


def _2_the_front_desk_registers_and_invites(page) -> str:
    page.goto("/")
    page.get_by_role("link", name="Patients").click()
    page.get_by_role("link", name="Register").first.click()
    page.get_by_label("Given name").fill("Hanna")
    page.get_by_label("Family name").fill("Holm")
    page.get_by_label("Birth date").fill("1956-05-17")
    page.get_by_label("E-mail").first.fill("hanna@test.example")
    page.get_by_label("Doctor's name").fill("Dr Ida Iris")
    page.get_by_label("E-mail").nth(1).fill("iris@surgery.example")
    axe(page)
    page.get_by_role("button", name="Register").click()
    page.get_by_role("heading", name="Hanna Holm").wait_for()
    axe(page)
    page.get_by_role("button", name="Invite to tell the story").click()
    page.get_by_text("Mailed to hanna@test.example").wait_for()
    link = page.locator(".link").inner_text()
    assert link in mail.outbox[-1].body, "the mailed link is the one on the screen"
    return link


# 3 ------------------------------------------------------------------------------------------------


def _3_the_patient_tells_the_story_on_a_phone(page, link):
    page.goto(urlsplit(link).path)
    page.get_by_role("heading", name="Welcome, Hanna").wait_for()
    axe(page)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="Begin my story").click()
    seen_kinds = set()
    for _ in range(120):
        key = page.url.rstrip("/").rsplit("/", 1)[-1]
        if key == "all":
            break
        _answer(page, key, seen_kinds)
        page.wait_for_url(lambda url, was=key: not url.endswith(f"/{was}/"))
    axe(page)
    page.get_by_role("button", name="Send my story").first.click()
    page.get_by_text("Your story was sent on").wait_for()
    page.get_by_role("link", name="To my page").click()
    page.get_by_role("heading", name="Hello, Hanna").wait_for()
    hanna = Patient.objects.get(family_name="Holm")
    assert Intake.objects.get(patient=hanna).status == "submitted"
    assert Consent.objects.filter(patient=hanna, decision="given").count() == 4


def _answer(page, key, seen):
    """One page of the story, as somebody would who feels burning in both feet. Each kind is looked at once."""
    kind = page.evaluate(
        "document.querySelector('#bodymap, .taps, .answers, .question textarea')?.className ?? 'other'"
    )
    if kind not in seen or key.startswith("consent-care"):
        seen.add(kind)
        axe(page)
    if key == "symptoms":
        page.get_by_text("Burning", exact=True).click()
        page.get_by_role("button", name="Next").click()
    elif key.startswith("where-"):
        page.get_by_role("button", name="All toes").click()
        page.get_by_role("button", name="Next").click()
    elif key.startswith("consent-"):
        page.get_by_label("Type your name").fill(STORY["name"])
        page.get_by_role("button", name="I agree").click()
    elif page.locator(".taps").count():
        page.get_by_role("button", name="7", exact=True).click()
    elif page.locator(".answers").count():
        page.locator(".answers button").filter(has_text=re.compile("^(No|Not at all|None)")).first.click()
    elif key == "medicines":
        page.get_by_label("Name 1").fill("Gabapentin")
        page.get_by_label("How much, how often 1").fill("300 mg at night")
        page.get_by_role("button", name="That is all").click()
    elif key == "activity":
        page.locator("textarea").fill(STORY["activity"])
        page.get_by_role("button", name="Next").click()
    else:
        page.locator(".question .btn.primary").click()


def _6_the_patient_checks_in_on_the_phone(page):
    page.goto("/me/")
    page.get_by_role("link", name=re.compile("Rate today|See or change")).click()
    axe(page)
    page.wait_for_url("**/me/today/**")
    while page.locator(".taps").count():
        with page.expect_navigation():
            page.get_by_role("button", name="6", exact=True).click()
    page.get_by_text("That is all for today").wait_for()


# 4 ------------------------------------------------------------------------------------------------


def _the_new_practitioner_signs_in(page):
    """By a code from an e-mail; then an app becomes the second factor."""
    page.context.clear_cookies()
    page.goto("/")
    page.get_by_role("link", name="Sign in").first.click()
    page.get_by_role("link", name="Send me a code by e-mail").click()
    page.get_by_label("E-mail").fill("gina@test.example")
    page.get_by_role("button", name="Send the code").click()
    page.get_by_label("Code").wait_for()
    code = re.search(r"sign in:\s+(\S+)", mail.outbox[-1].body)
    page.get_by_label("Code").fill(code[1])
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Set up an app").click()
    secret = page.locator(".key code").inner_text()
    page.get_by_label("Code").fill(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.keyboard.press("Enter")
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("heading", name="Today").wait_for()


def _4_the_practitioner_completes_examines_and_screens(page):
    page.get_by_role("link", name="Patients").click()
    page.locator("#q").press_sequentially("holm")
    page.get_by_role("link", name="Holm, Hanna").click()
    page.get_by_role("heading", name="Hanna Holm").wait_for()
    axe(page)
    page.get_by_role("link", name="Complete the intake").click()
    assert STORY["activity"] in page.content() and "Gabapentin" in page.content()
    axe(page)
    page.get_by_role("button", name="the rest is no").click()
    page.get_by_role("button", name="Keep the red flags").click()
    page.wait_for_url("**/intake/#safety-questions")
    page.get_by_label("Cause").select_option("dpn")
    page.get_by_label("ICD-10 code").select_option("E11.42")
    page.get_by_label("Began").fill("2023-06-01")
    page.get_by_role("button", name="Keep the condition").click()
    page.wait_for_url("**/intake/#medicines")
    page.get_by_role("button", name="Intake complete").click()
    page.wait_for_url("**/examinations/new/")
    axe(page)
    for item in ("filament_great_toe", "filament_first_metatarsal", "filament_fifth_metatarsal"):
        for side, felt in (("right", "3"), ("left", "2")):
            page.locator(f"[name={item}_{side}]").fill(felt)
    page.get_by_role("button", name="Save the examination").click()
    page.wait_for_url("**/chart/")
    page.keyboard.press("s")
    page.get_by_role("heading", name="Safety screen").wait_for()
    axe(page)
    page.get_by_role("button", name="Keep this screen").click()


# 5 ------------------------------------------------------------------------------------------------


def _5_a_course_is_planned_and_changed(page):
    page.get_by_role("heading", name="Safety screen").wait_for()
    page.keyboard.press("c")
    page.get_by_role("heading", name="Plan a course").wait_for()
    axe(page)
    assert page.get_by_label("Goals").input_value() == STORY["activity"]
    page.get_by_label("Review after sessions").fill("1, 6, 12")
    page.get_by_label("Sessions in all").fill("12")
    page.get_by_label("Why this plan").fill("Weekly visits suit her")
    page.get_by_role("button", name="Open the course").click()
    page.get_by_text("Visit 1 of 12").wait_for()
    page.get_by_text("Change the plan", exact=True).click()
    page.get_by_label("Minutes with the needles in").fill("20")
    page.get_by_label("Why this plan").fill("A shorter rest to begin with")
    page.get_by_role("button", name="Put this plan in force").click()
    page.get_by_text("20 minutes").wait_for()
    axe(page)
    course = Course.objects.get(patient__family_name="Holm")
    assert [one.retention_min for one in course.revisions.order_by("number")] == [25, 20]


def _the_front_desk_books_and_receives(page, site):
    page.goto("/today/")
    page.get_by_role("link", name="Patients").click()
    page.locator("#q").press_sequentially("holm")
    page.get_by_role("link", name="Holm, Hanna").click()
    page.get_by_role("link", name="Book a visit").click()
    starts = local(site, timezone.now())
    page.get_by_label("Day", exact=True).fill(starts.date().isoformat())
    page.get_by_label("Time", exact=True).fill(f"{starts:%H:%M}")
    page.get_by_label("Who needles").select_option(label="Gina Gum")
    page.locator("[name=room]").select_option(label="Room 1")
    axe(page)
    page.get_by_role("button", name="Book", exact=True).click()
    page.get_by_text("Hanna Holm is booked for").wait_for()
    page.get_by_role("button", name=re.compile("Arrived.*Hanna Holm")).click()
    page.get_by_text("Nobody waits.").wait_for(state="detached")
    assert not speaks_of("ST36|Burning", page.content())


# 6 ------------------------------------------------------------------------------------------------


def _6_a_visit_from_the_board_to_the_signature(page):
    axe(page)
    page.get_by_role("link", name="Start visit of H. Holm").press("Enter")
    page.wait_for_url("**/visit/**")
    page.keyboard.press("Alt+s")
    shown(page, "#asking")
    axe(page)
    page.get_by_label("Since last time").fill("Nothing new")
    page.keyboard.press("Alt+n")
    shown(page, "#asking", "detached")
    page.keyboard.press("Alt+h")
    shown(page, "#tick-clean[aria-pressed=true]")
    page.keyboard.press("Alt+l")
    page.keyboard.type("st36 lr3 b 25mm deqi; li4 r")
    shown(page, "#trial >> text=5 needles")
    page.keyboard.press("Enter")
    shown(page, "th:has-text('LI4')")
    page.keyboard.press("Alt+r")
    shown(page, "#visit[data-state=resting]")
    axe(page)
    page.keyboard.press("Alt+o")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    page.get_by_label("Why they differ").wait_for()  # a needle is missing: nothing goes on without a reason
    settled(page)
    page.get_by_label("Counted out").fill("5")
    page.get_by_role("button", name="All out").click()
    shown(page, "#visit[data-state=out]")
    page.get_by_label("Comfort during the visit").fill("8")
    page.get_by_label("Asked about anything unwanted").check()
    page.locator("#note").fill("Rested well.")
    page.keyboard.press("Alt+s")
    shown(page, ".signed[data-state=signed]")
    page.get_by_text("Add an amendment").click()
    page.get_by_label("What is added").fill("LI4 was needled at 15 mm.")
    page.get_by_label("Why", exact=True).fill("Depth left out")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("The amendment is added").wait_for()
    axe(page)
    session = Session.objects.get(patient__family_name="Holm")
    assert (session.state, session.needles_in, session.needles_out) == ("signed", 5, 5)
    assert session.note == "Rested well." and Amendment.objects.get().session == session


# 7 ------------------------------------------------------------------------------------------------


def _7_the_patient_sees_plan_plot_and_who_looked(page):
    page.goto("/me/")
    page.locator("body[data-charts=drawn]").wait_for()
    assert page.locator("figure.chart svg").count() == 1
    assert STORY["activity"] in page.content()
    axe(page)
    page.get_by_role("link", name="Who has looked at my record").click()
    for name in ("Gina Gum", "Carol Cedar"):
        page.get_by_text(name).first.wait_for()
    axe(page)
    page.get_by_role("link", name="My page").click()
    page.get_by_role("link", name="Report a side effect").click()
    axe(page)


def _7_the_patient_reads_what_was_decided(page):
    page.goto("/me/")
    page.get_by_text("too early to tell").wait_for()


# 8 ------------------------------------------------------------------------------------------------


def _8_the_review_is_held_and_says_what_is_not_known(page):
    page.get_by_role("link", name="Today").click()
    page.get_by_role("link", name="Review after session 1").click()
    page.get_by_role("heading", name="Decide").wait_for()
    assert re.search("not enough ratings", page.inner_text("main"), re.I)
    axe(page)
    page.get_by_label("Go on as planned").check()
    page.get_by_label("Why, in words").fill("One visit: too early to tell")
    page.get_by_role("button", name="Keep the decision").click()
    page.wait_for_url("**/reviews/*/")
    axe(page)
    assert Review.objects.get().decision == "go_on"


# 9 ------------------------------------------------------------------------------------------------


def _9_the_letter_goes_to_the_doctor(page):
    page.keyboard.press("w")
    page.wait_for_url("**/letters/new/**")
    axe(page)
    page.get_by_role("button", name="Keep the draft").click()
    page.wait_for_url("**/letters/*-*/")
    page.wait_for_function("() => document.querySelector('.letter-frame')?.naturalWidth > 0")
    axe(page)
    page.get_by_label("By e-mail").check()
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Sent to Dr Ida Iris on").wait_for()
    letter = Letter.objects.get()
    assert bytes(letter.pdf).startswith(b"%PDF") and letter.sent_by.email == "gina@test.example"
