"""Letting chance decide, in the browser: the days are ticked, read before agreeing, and the ratings are counted."""

import pytest

from deqi.record.care.actions.single_case import draw_single_case
from deqi.record.care.models import SingleCase
from deqi.record.care.queries.single_case import protocol_of
from deqi.record.patients.models import Consent
from tests.asked import at_noon
from tests.browser.conftest import axe, picture
from tests.web.test_days_of_a_start import visits
from tests.web.test_single_case import drawn, rate

pytestmark = pytest.mark.browser


def test_the_days_are_ticked_by_the_clinician_read_by_the_person_and_drawn(page, people, course, sign_in):
    at_noon(people)
    Consent.objects.filter(patient=people.eve_patient, kind="measurement").delete()
    visits(people, range(6))
    sign_in("alice").goto(f"/courses/{course.id}/chance/")
    assert page.locator("[name=starts]:checked").count() == 8
    axe(page)
    picture(page, "chance-offer")
    page.locator("[name=starts]:checked").first.uncheck()
    page.get_by_label("The one symptom that is watched").select_option("burning")
    page.get_by_role("button", name="Fix the protocol and offer it").click()
    page.get_by_text("The protocol is fixed").wait_for()
    case = SingleCase.objects.get()
    days = protocol_of(case).starts
    assert len(days) == 7
    page.get_by_role("link", name="Read the consent together").click()
    page.get_by_text(f"{days[0]:%A %-d %B %Y}").wait_for()
    axe(page)
    picture(page, "chance-consent-room", schemes=["light"])
    sign_in("eve").goto("/me/agreed/single_case/")
    page.get_by_text(f"{days[-1]:%A %-d %B %Y}").wait_for()
    axe(page)
    picture(page, "chance-consent-own")
    page.get_by_label("Type your name to sign").fill("Eve Elm")
    page.get_by_role("button", name="I agree").click()
    page.get_by_text("Thank you, you agreed.").wait_for()
    sign_in("alice").goto(f"/courses/{course.id}/chance/")
    page.get_by_text("Nobody asks for the daily ratings").wait_for()
    axe(page)
    picture(page, "chance-unasked")
    page.get_by_role("button", name="Draw").click()
    page.get_by_text("Drawn. It never changes from now on.").wait_for()
    case.refresh_from_db()
    assert draw_single_case(people.actor("alice"), course.id, case.id).drawn_at == case.drawn_at


def test_how_many_ratings_came_stands_window_by_window(page, people, course, sign_in):
    at_noon(people)
    drawn(people, course, 40)
    rate(people, protocol_of(SingleCase.objects.get()).enrolled_on, [n for n in range(40) if n % 6])
    sign_in("alice").goto(f"/courses/{course.id}/chance/")
    page.get_by_text("33 of 40 days so far").wait_for()
    page.get_by_text("Days rated, window by window").click()
    axe(page)
    picture(page, "chance-windows")
