"""The patient's own pages on a phone, by thumb and by keyboard."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from deqi.record.care.models import Appointment, Observation
from deqi.record.patients.models import Intake, Medication
from deqi.record.patients.queries import patient_for
from tests.browser.conftest import SIZES, axe, picture
from tests.web.test_own_pages import needled, observe

pytestmark = pytest.mark.browser

BURNING = [7, 6, 7, 8, 7, 6, 7, 7, 6, 6, 7, 6, 5, 6, 6, 5, 5, 6, 5, 4, 5, 5, 4, 4, 5, 4, 3, 4]


@pytest.fixture
def months(people, course):
    """Eve, four visits in, with a month of ratings and a new dose."""
    for number, days in enumerate((21, 14, 7, 2), start=1):
        needled(people, course, number, days)
    for days, value in zip(range(28, 0, -1), BURNING, strict=True):
        observe(people, "burning_average", value, days)
        observe(people, "numbness_average", 6 - (days < 12), days)
    for code in ("burning_felt", "numbness_felt"):
        observe(people, code, 1, 28)
    Medication.objects.create(
        patient=people.eve_patient,
        name="Gabapentin",
        dose_text="600 mg",
        started_on=date.today() - timedelta(days=10),
    )
    Intake.objects.create(
        patient=people.eve_patient, status="submitted", submitted_at=datetime.now(UTC) - timedelta(days=30)
    )
    Appointment.objects.create(
        patient=people.eve_patient,
        course=course,
        site=people.north,
        practitioner=people.alice.practitioner,
        starts_at=datetime.now(UTC) + timedelta(days=3),
    )


@pytest.fixture
def phone(page):
    page.set_viewport_size(SIZES["phone"])
    return page


def look(page, name, sizes=("phone",)):
    axe(page)
    picture(page, name, sizes=sizes)
    page.set_viewport_size(SIZES["phone"])


def test_home_shows_plan_plot_and_table(phone, people, months, sign_in):
    page = sign_in("eve")
    page.goto(reverse("patient:home"))
    page.locator("body[data-charts=drawn]").wait_for()
    assert page.locator("figure.chart svg").count() == 1
    page.set_viewport_size(SIZES["desk"])
    page.wait_for_function("() => document.querySelector('figure.chart svg').clientWidth > 360")
    page.set_viewport_size(SIZES["phone"])
    page.wait_for_function("() => document.querySelector('figure.chart svg').clientWidth < 330")
    look(page, "home", sizes=("phone", "desk"))
    page.reload()  # the pictures went through light and dark: start from a chart drawn once
    page.locator("body[data-charts=drawn]").wait_for()
    line = page.locator("figure.chart svg path[stroke]").first.get_attribute("stroke")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "before => document.querySelector('figure.chart svg path[stroke]')?.getAttribute('stroke') !== before",
        arg=line,
    )
    page.emulate_media(color_scheme="light")


def test_the_check_in_is_one_tap_a_question(phone, people, months, sign_in):
    page = sign_in("eve")
    page.goto(reverse("patient:home"))
    page.get_by_role("link", name="Rate today").click()
    page.get_by_text("1 of 2").wait_for()
    look(page, "checkin")
    page.get_by_role("button", name="3", exact=True).click()
    page.get_by_text("2 of 2").wait_for()
    page.locator("body").press("5")
    page.get_by_text("That is all for today").wait_for()
    look(page, "checkin-done")
    today = Observation.objects.filter(effective_at__gte=datetime.now(UTC) - timedelta(hours=1))
    assert dict(today.values_list("code", "value")) == {"burning_average": 3, "numbness_average": 5}


def test_a_side_effect_is_reported_by_keyboard(phone, people, months, sign_in):
    page = sign_in("eve")
    page.goto(reverse("patient:side_effects"))
    look(page, "side-effects")
    for group in page.get_by_role("radio", name="No", exact=True).all():
        group.press("Space")
    page.get_by_label("What happened?").select_option(label="A bruise")
    page.get_by_role("button", name="Send to the clinic").press("Enter")
    page.get_by_text("Thank you for telling us").wait_for()
    look(page, "side-effect-kept")


@pytest.mark.parametrize("name", ["consents", "medicines", "access_log", "helping"])
def test_the_other_pages_are_accessible_and_fit_a_phone(phone, people, months, sign_in, name):
    patient_for(people.actor("alice"), people.eve_patient.id, "clinical.view", page="chart")
    page = sign_in("eve")
    page.goto(reverse(f"patient:{name}"))
    if name == "helping":
        page.locator("body[data-charts=drawn]").wait_for()
        assert page.locator("figure.chart svg").count() == 2
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    look(page, f"own-{name}")
    if name == "consents":
        page.goto(reverse("patient:consent", args=["sharing"]))
        look(page, "own-consent")
