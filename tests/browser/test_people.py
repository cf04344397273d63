"""The front desk finds, registers and changes people in a real browser, by keyboard."""

import pytest
from django.urls import reverse

from deqi.record.patients.models import Patient
from tests.browser.conftest import axe, picture

pytestmark = pytest.mark.browser


def test_the_front_desk_finds_and_registers_by_keyboard(page, people, sign_in):
    sign_in("carol")
    page.goto(reverse("clinic:patients"))
    page.keyboard.press("Tab")
    page.locator("body").press("/")
    page.keyboard.type("elm")
    page.get_by_role("link", name="Elm, Eve").wait_for()
    axe(page)
    picture(page, "people-find")
    page.locator("#q").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Eve Elm").wait_for()
    axe(page)
    picture(page, "people-patient")

    page.get_by_role("button", name="Invite to tell the story").press("Enter")
    page.get_by_text("Mailed to eve@test.example").wait_for()
    axe(page)
    picture(page, "people-invite")

    page.goto(reverse("clinic:register"))
    page.get_by_label("Given name").fill("Eve")
    page.get_by_label("Family name").fill("Elm")
    page.get_by_label("Birth date").fill("1958-03-04")
    page.keyboard.press("Enter")
    page.get_by_text("Is this the same person?").wait_for()
    axe(page)
    picture(page, "people-register")
    page.get_by_role("button", name="No, register this as another person").press("Enter")
    page.get_by_text("is registered, record 3").wait_for()
    assert Patient.objects.filter(family_name="Elm").count() == 2
