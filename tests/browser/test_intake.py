"""A patient tells the whole story on a phone: by tapping at 360 px, and by keyboard alone."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from deqi.record.care.actions.intake import answer_step
from deqi.record.care.models import Observation, Task
from deqi.record.patients.models import Consent, Intake, RedFlagAnswer, SafetyFact, SymptomMark
from tests.browser.conftest import SIZES, axe, picture

pytestmark = pytest.mark.browser


def step_of(page):
    return page.url.rstrip("/").rsplit("/", 1)[-1]


def look(page, name):
    axe(page)
    picture(page, f"intake-{name}", sizes=("phone",))
    page.set_viewport_size(SIZES["phone"])


def tap_through(page, key):
    """Answers one page as somebody would who feels burning in both feet and has a sore on one."""
    press = {
        "flag-foot-active-problem": "Yes",
        "fact-needle_fear": "A bit afraid",
        "fact-foot_wound_side": "Right",
        "fact-pacemaker": "Not sure",
    }
    if key == "symptoms":
        page.get_by_text("Burning", exact=True).click()
        page.get_by_role("button", name="Next").click()
    elif key == "where-burning":
        page.get_by_role("button", name="All toes").click()
        page.get_by_label("9", exact=True).click()
        page.locator('[data-view="foot_sole"] path[data-region="right_heel"]').click()
        expect(page.get_by_role("status")).to_have_text(re.compile(r"^\s*2"))
        page.get_by_role("button", name="Next").click()
    elif key.startswith("consent-"):
        page.get_by_label("Type your name").fill("Eve Elm")
        page.get_by_role("button", name="I agree").click()
    elif page.locator(".taps").count():
        page.get_by_role("button", name="6", exact=True).click()
    elif page.locator(".answers").count():
        page.get_by_role("button", name=press.get(key, "No"), exact=True).click()
    elif key == "medicines":
        page.get_by_label("Name 1").fill("Gabapentin")
        page.get_by_label("How much, how often 1").fill("300 mg at night")
        page.get_by_role("button", name="That is all").click()
    elif key == "activity":
        page.locator("textarea").fill("Walk the dog round the lake")
        page.get_by_role("button", name="Next").click()
    else:
        page.locator(".question .btn.primary").click()


@pytest.fixture
def phone(page):
    page.set_viewport_size(SIZES["phone"])
    return page


def test_the_whole_story_by_tapping_at_360_px(phone, people, sign_in):
    page = sign_in("eve")
    page.goto(reverse("patient:intake"))
    for _ in range(120):
        key = step_of(page)
        if key == "now":
            page.get_by_role("link", name="Go on with my story").click()
        elif key == "all":
            break
        else:
            tap_through(page, key)
            page.wait_for_url(lambda url, was=key: not url.endswith(f"/{was}/"))
    page.get_by_role("button", name="Send my story").first.click()
    page.get_by_text("Your story was sent on").wait_for()
    intake = Intake.objects.get()
    assert intake.status == "submitted"
    assert Observation.objects.get(code="burning_average").value == 6
    assert SymptomMark.objects.filter(region__contains="toe", level_0_10=6).count() >= 10
    assert SymptomMark.objects.get(region="right_heel").level_0_10 == 9
    assert SafetyFact.objects.get(key="pacemaker").value is None
    assert RedFlagAnswer.objects.get(present=True).flag == "foot-active-problem"
    assert Consent.objects.filter(decision="given").count() == 4
    assert Task.objects.filter(kind="red_flag").count() == 1


def test_it_can_be_told_by_keyboard_alone(phone, people, sign_in):
    """Tab and Space choose, Enter sends; the places are a list."""
    page = sign_in("eve")
    page.goto(reverse("patient:intake"))
    page.get_by_role("button", name="Begin").press("Enter")
    page.wait_for_url(re.compile("symptoms"))
    page.get_by_label("Numbness").press("Space")
    page.get_by_role("button", name="Next").press("Enter")
    page.wait_for_url(re.compile("numbness-average"))
    page.locator("body").press("8")
    page.wait_for_url(re.compile("numbness-worst"))
    page.get_by_role("button", name="9", exact=True).press("Enter")
    page.wait_for_url(re.compile("since"))
    page.get_by_role("button", name="Next").press("Enter")
    page.wait_for_url(re.compile("where-numbness"))
    page.get_by_text("Feet, as a list").press("Enter")
    page.get_by_role("checkbox", name="left heel", exact=True).press("Space")
    page.get_by_role("button", name="Next").press("Enter")
    page.wait_for_url(re.compile("flag-"))
    page.locator("body").press("n")
    page.wait_for_url(re.compile("flag-rapid-numbness"))
    assert SymptomMark.objects.get().region == "left_heel"
    assert RedFlagAnswer.objects.get().present is False


def test_what_is_tapped_or_typed_is_there_again_without_having_been_sent(phone, people, sign_in):
    answer_step(people.actor("eve"), "symptoms", {"chosen": ["burning"]})
    page = sign_in("eve")
    page.goto(reverse("patient:intake_step", args=["where-burning"]))
    with page.expect_response(
        lambda answer: "where-burning" in answer.url and answer.request.method == "POST"
    ):
        page.get_by_role("button", name="All toes").click()
    assert SymptomMark.objects.count() >= 10
    page.goto(reverse("patient:intake_step", args=["activity"]))
    with page.expect_response(lambda answer: "drafts" in answer.url and answer.request.method == "POST"):
        page.locator("textarea").fill("Walk the dog")
    page.goto(reverse("patient:intake_step", args=["activity"]))
    page.get_by_text("What you typed is back").wait_for()
    assert page.locator("textarea").input_value() == "Walk the dog"
    axe(page)


def test_without_a_script_nothing_is_missing(browser, live_server, people, sign_in, page):
    sign_in("eve")
    context = browser.new_context(
        viewport=SIZES["phone"], base_url=live_server.url, java_script_enabled=False
    )
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(reverse("patient:intake_step", args=["symptoms"]))
    plain.get_by_label("Burning").check()
    plain.get_by_role("button", name="Next").click()
    plain.get_by_role("button", name="7", exact=True).click()
    plain.get_by_role("button", name="8", exact=True).click()
    plain.get_by_role("button", name="Next").click()
    plain.get_by_role("checkbox", name="right heel", exact=True).check()
    plain.get_by_role("button", name="Next").click()
    plain.get_by_text("Signs that need a doctor first").wait_for()
    context.close()
    assert SymptomMark.objects.get().level_0_10 == 7


PAGES = {
    "welcome": "welcome",
    "symptoms": "symptoms",
    "burning-average": "scale",
    "since": "since",
    "where-burning": "map",
    "flag-foot-active-problem": "flag",
    "activity": "goal",
    "medicines": "medicines",
    "fact-needle_fear": "choice",
    "consent-care": "consent",
    "all": "summary",
}


@pytest.mark.parametrize("keys", [list(PAGES)[:4], list(PAGES)[4:8], list(PAGES)[8:]])
def test_each_kind_of_page_is_accessible_and_fits_a_phone(phone, people, sign_in, keys):
    eve = people.actor("eve")
    answer_step(eve, "symptoms", {"chosen": ["burning", "numbness"]})
    answer_step(eve, "burning-average", {"value": 6})
    answer_step(eve, "where-burning", {"marks": {"right_heel": 9, "right_ball_of_foot": 6, "right_arch": 3}})
    answer_step(eve, "medicines", {"rows": [["Gabapentin", "300 mg at night"]]})
    answer_step(eve, "flag-foot-active-problem", {"value": True})
    page = sign_in("eve")
    for key in keys:
        page.goto(reverse("patient:intake_step", args=[key]))
        look(page, PAGES[key])
        if key == "flag-foot-active-problem":
            page.goto(reverse("patient:intake_alarm", args=[key]))
            look(page, "alarm")


def test_nothing_is_cut_at_320_px_which_is_a_phone_at_twice_the_size(phone, people, sign_in):
    """WCAG reflow: at 320 CSS pixels no page scrolls sideways, and every button is at least 44 px high."""
    eve = people.actor("eve")
    answer_step(eve, "symptoms", {"chosen": ["burning", "numbness"]})
    page = sign_in("eve")
    page.set_viewport_size({"width": 320, "height": 640})
    for key in PAGES:
        page.goto(reverse("patient:intake_step", args=[key]))
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, f"{key} is {wide} px wide"
        small = page.evaluate(
            "[...document.querySelectorAll('main button, main .btn')].filter(b => b.offsetParent && b.offsetHeight < 44)"
            ".map(b => b.textContent.trim())"
        )
        assert not small, f"{key}: too small to tap: {small}"
