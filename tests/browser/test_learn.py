"""The public pages in a real browser: readable, reachable by keyboard, right on a phone, in light and dark."""

import pytest

from tests.browser.conftest import axe, picture

pytestmark = pytest.mark.browser
PAGES = {
    "help": "/help/",
    "record": "/evidence/records/guideline/sio-asco-2022/",
    "evidence": "/evidence/",
    "answer": "/evidence/cipn/pain/",
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
    axe(page)
    picture(page, name)


def test_a_point_is_found_and_opened_without_a_mouse(page, people):
    page.goto("/points/")
    page.keyboard.press("/")
    page.keyboard.type("taichong")
    page.locator("#found").get_by_role("link", name="LR3").wait_for()
    for _ in range(90):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == "/points/LR3/":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/points/LR3/")
