"""A manager at the desk: somebody new, their licence, its check; by keyboard, every page looked at."""

from datetime import date, timedelta

import pytest

from deqi.record.care.actions.incidents import open_incident
from deqi.record.practice.models import Licence, NeedleLot
from tests.browser.conftest import axe, picture
from tests.web.test_where_chance_decided import finished, start, taper

pytestmark = pytest.mark.browser


def day(days: int) -> date:
    return date.today() + timedelta(days=days)


def test_a_manager_adds_somebody_and_checks_their_licence_by_keyboard(page, people, sign_in):
    sign_in("max").goto("/practice/staff/")
    page.keyboard.press("n")
    page.get_by_label("Name").focus()
    page.keyboard.type("Gina Gum")
    page.keyboard.press("Tab")
    page.keyboard.type("gina@test.example")
    page.keyboard.press("Tab")
    page.keyboard.type("practitioner")
    page.keyboard.press("Tab")
    page.keyboard.type("South")
    page.keyboard.press("Tab")
    page.keyboard.type("LAc")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Gina Gum").wait_for()
    page.get_by_text("cannot needle").wait_for()
    axe(page)
    page.get_by_role("link", name="Add a licence", exact=True).click()
    page.get_by_label("Given by").fill("General Register")
    page.get_by_label("Number").fill("G-77")
    page.get_by_label("First day").fill(day(-30).isoformat())
    page.get_by_label("Last day").fill(day(20).isoformat())
    axe(page)
    picture(page, "licence-new")
    page.keyboard.press("Enter")
    page.get_by_label("In which register").fill("register.example, online")
    axe(page)
    page.keyboard.press("Enter")
    page.get_by_text("ends in 20 days").wait_for()
    picture(page, "member")
    assert Licence.objects.get(number="G-77").verified_by == people.max


def test_the_practice_pages_are_calm_and_accessible(page, people, sign_in):
    row = Licence.objects.get(practitioner__user=people.alice)
    row.expires = day(-2)
    row.save()
    Licence.objects.filter(practitioner__user=people.bob).update(expires=day(55))
    NeedleLot.objects.create(
        site=people.north,
        maker="Seirin",
        gauge_mm="0.20",
        length_mm=30,
        lot="A-1",
        expires=day(12),
    )
    open_incident(
        people.actor("carol"),
        people.eve_patient.id,
        site_id=people.north.id,
        kind="faint",
        description="A person fainted while sitting up too fast; lay down, feet up, well after five minutes.",
    )
    sign_in("max")
    for path, name in [
        ("", "practice"),
        ("permissions/", "permissions"),
        ("staff/", "staff"),
        ("audit/", "audit"),
    ]:
        page.goto(f"/practice/{path}")
        axe(page)
        picture(page, name)
    for path in ("settings/", f"sites/{people.north.id}/", "needles/", "incidents/", "incidents/new/"):
        page.goto(f"/practice/{path}")
        axe(page)
    page.goto(f"/practice/incidents/{people.eve_patient.id}/")
    axe(page)
    picture(page, "incident", sizes=["desk"], schemes=["light"])


def test_where_chance_decided_shows_people_as_dots_and_numbers_and_gives_the_data(page, people, sign_in):
    for number in range(10):
        finished(people, number, start(people))
    for number in range(3):
        finished(people, 20 + number, start(people, symptom="tingling"))
    for number in range(8):
        finished(people, 30 + number, taper(people))
    finished(people, 40, start(people, ago=20))
    sign_in("alice").goto("/practice/")
    page.get_by_role("link", name="Where chance decided").click()
    page.get_by_role("heading", name="Where chance decided").wait_for()
    page.get_by_text("Too few to say: 3 people so far.").wait_for()
    page.locator("figure.chart svg").nth(2).wait_for()
    axe(page)
    picture(page, "where-chance-decided")
    page.get_by_text("The same as a table").first.click()
    page.get_by_text("The test in numbers").first.click()
    page.get_by_text("exact sum of ranks").first.wait_for()
    axe(page)
    picture(page, "where-chance-decided-open")
    with page.expect_download() as file:
        page.get_by_role("link", name="Data as a file, no names").click()
    assert file.value.suggested_filename == "where-chance-decided.zip"
    page.get_by_role("link", name="Report of burning, drawn start (CENT and SCRIBE items)").click()
    page.get_by_role("heading", name="A series of N-of-1 trials").wait_for()
    page.get_by_text("What these items ask for").first.click()
    axe(page)
    picture(page, "series-report")
    with page.expect_download() as file:
        page.get_by_role("link", name="Report as a file").click()
    assert file.value.suggested_filename == "randomised-start-burning-report.md"
