"""The public pages in a real browser: readable, reachable by keyboard, right on a phone, in light and dark."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import axe, picture, shown

pytestmark = pytest.mark.browser
PAGES = {
    "help": "/help/",
    "record": "/evidence/records/guideline/sio-asco-2022/",
    "evidence": "/evidence/",
    "condition": "/evidence/?condition=cts",
    "answer": "/evidence/cipn/sensory_symptoms/",
    "studies": "/evidence/trials/",
    "study": "/evidence/trials/chung-2016/",
    "mechanism": "/evidence/mechanisms/circulation/",
    "points": "/points/",
    "point": "/points/ST36/",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_what_is_known_has_no_accessibility_violation_and_fits_a_phone(page, people, name):
    page.goto(PAGES[name])
    if name in ("answer", "help"):
        page.wait_for_selector("body[data-charts=drawn] figure.chart svg")
        page.wait_for_selector(".reach a")
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    axe(page)
    picture(page, name)


def test_a_point_is_found_and_opened_without_a_mouse(page, people):
    page.goto("/points/")
    page.keyboard.press("/")
    with page.expect_response(lambda answer: "taichong" in answer.url):
        page.keyboard.type("taichong")
    shown(page, "#found >> text=LR3")
    for _ in range(90):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == "/points/LR3/":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/points/LR3/")


def test_a_row_of_the_forest_plot_tells_its_trail_to_the_pointer_and_to_the_keyboard(page, people):
    page.goto("/help/")
    row = page.locator("figure.wide-only[data-rows=trial] .reach a").first
    row.hover()
    tip = page.locator(".tip")
    tip.wait_for()
    told = tip.inner_text()
    assert "From" in told and "Read in" in told
    page.keyboard.press("Escape")
    page.mouse.move(0, 0)
    expect(tip).to_have_count(0)
    row.focus()
    tip.wait_for()
    assert tip.inner_text() == told
    picture(page, "forest-hover", sizes=("desk",))
    row.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/evidence/trials/*/")


def test_a_mechanism_opens_from_the_map(page, people):
    page.goto("/help/")
    places = page.locator("figure.wide-only[data-rows=mechanism] .reach a")
    places.first.wait_for()
    assert places.count() >= 6
    name = places.nth(1).get_attribute("aria-label").split(",")[0]
    places.nth(1).click()
    page.wait_for_url("**/evidence/mechanisms/*/")
    assert page.get_by_role("heading", level=1).inner_text() == name


def test_a_mechanism_is_told_and_opened_from_the_map_by_keyboard(page, people):
    page.goto("/help/")
    place = page.locator("figure.wide-only[data-rows=mechanism] .reach a").nth(2)
    place.wait_for()
    before = page.locator("figure.wide-only[data-rows=mechanism] .reach a").nth(1)
    before.focus()
    page.keyboard.press("Tab")
    assert place.evaluate("node => node === document.activeElement")
    page.locator(".tip").wait_for()
    name = place.get_attribute("aria-label").split(",")[0]
    page.keyboard.press("Enter")
    page.wait_for_url("**/evidence/mechanisms/*/")
    assert page.get_by_role("heading", level=1).inner_text() == name


def test_on_a_phone_the_narrow_forest_is_drawn_and_a_first_tap_tells_before_a_second_opens(
    browser, live_server, people
):
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True, base_url=live_server.url
    )
    phone = context.new_page()
    phone.goto("/evidence/cipn/sensory_symptoms/")
    row = phone.locator("figure.narrow-only .reach a").first
    row.wait_for()
    assert phone.locator("figure.wide-only").is_hidden()
    row.tap()
    phone.locator(".tip").wait_for()
    assert "/cipn/sensory_symptoms/" in phone.url
    picture_at = phone.locator("figure.narrow-only")
    assert picture_at.bounding_box()["width"] <= 360
    row.tap()
    phone.wait_for_url("**/evidence/trials/*/")
    context.close()


def test_filters_change_the_pool_at_once_and_a_study_is_left_out_by_its_tick(page, people):
    page.goto("/evidence/dpn/global_response/")
    said = page.locator("#said")
    assert "4 trials" in said.inner_text()
    page.get_by_role("checkbox", name="Leave out").first.check()
    expect(said).to_contain_text("3 trials")
    expect(page).to_have_url(re.compile("exclude="))
    page.locator("figure.wide-only .plot svg").wait_for()
    page.get_by_role("checkbox", name="Leave out", checked=True).uncheck()
    expect(said).to_contain_text("4 trials")
    page.get_by_label("From year").fill("2090")
    page.get_by_label("From year").press("Tab")
    expect(said).to_contain_text("No trial")
    axe(page)
