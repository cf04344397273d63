"""The link in a message, on a phone and by keyboard; what staff see of the answers."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from deqi.record.care.actions import collecting
from deqi.record.care.links import token_for
from deqi.record.care.models import Messaging, RatingRequest
from tests.asked import booked, chose, consent, feels, limits, needled
from tests.browser.conftest import SIZES, axe, picture

pytestmark = pytest.mark.browser


@pytest.fixture
def token(people, course):
    """Of today's request: two questions of Eve's baseline."""
    consent(people)
    feels(people, "burning", "numbness")
    limits(people)
    booked(people, course, days=9)
    collecting.make_requests()
    return token_for(RatingRequest.objects.get())


def test_one_tap_a_question_without_sign_in_by_thumb_and_by_keyboard(page, token):
    page.set_viewport_size(SIZES["phone"])
    page.goto(reverse("rating:begin", args=[token]))
    page.get_by_role("heading", name="How strong was the burning").wait_for()
    for button in page.locator(".taps button").all():
        box = button.bounding_box()
        assert box["width"] >= 44 and box["height"] >= 44
    axe(page)
    picture(page, "rating-link")
    page.set_viewport_size(SIZES["phone"])
    page.get_by_role("button", name="6", exact=True).click()
    page.get_by_role("heading", name="numb").wait_for()
    page.get_by_role("button", name="3", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_text("Your answer is kept").wait_for()
    axe(page)
    picture(page, "rating-link-done", sizes=("phone",))
    page.locator(".change a").first.click()
    page.get_by_role("button", name="5", exact=True).click()
    page.get_by_text("5 of 10").wait_for()
    page.get_by_role("link", name="Stop these messages").click()
    page.get_by_role("heading", name="Stop these messages?").wait_for()
    axe(page)
    page.get_by_role("button", name="Stop these messages").click()
    page.get_by_role("heading", name="Stopped").wait_for()
    axe(page)
    assert Messaging.objects.get().stopped_how == "link"
    page.goto(reverse("rating:begin", args=["nonsense"]))
    page.get_by_role("heading", name="Nothing to answer here").wait_for()
    axe(page)
    picture(page, "rating-link-over", sizes=("phone",))


@pytest.fixture
def before_review(people, course):
    """Of the visit of today, after which the review falls due: a rating, the activity, daily life, all in all."""
    consent(people)
    feels(people, "burning")
    chose(people, "walking the dog")
    for number, days in enumerate((21, 14, 7), start=1):
        needled(people, course, number, days)
    booked(people, course, days=0)
    collecting.make_requests()
    return token_for(RatingRequest.objects.get())


def fits(page):
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "no sideways scrolling"


def test_before_a_review_everything_is_asked_by_one_thumb_and_anything_is_skipped(page, before_review):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(reverse("rating:begin", args=[before_review]))
    page.get_by_role("heading", name="How strong was the burning").wait_for()
    page.get_by_role("button", name="4", exact=True).click()
    page.get_by_role("heading", name="how hard was the activity you chose").wait_for()
    assert page.get_by_text("dog").count() == 0
    fits(page)
    axe(page)
    picture(page, "rating-link-activity")
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("button", name="3", exact=True).click()
    for words in ("daily tasks", "your sleep", "way of walking", "using your hands"):
        page.get_by_role("heading", name=words).wait_for()
        page.get_by_role("link", name="Skip", exact=True).click()
    page.get_by_role("heading", name="how is your condition now?").wait_for()
    for button in page.locator(".answers button").all():
        box = button.bounding_box()
        assert box["height"] >= 44 and box["x"] >= 0 and box["x"] + box["width"] <= 360
    assert page.locator(".answers button").count() == 7
    fits(page)
    axe(page)
    picture(page, "rating-link-overall")
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("button", name="Much better").click()
    page.get_by_text("Your answer is kept").wait_for()
    assert page.locator(".change a", has_text="Answer").count() == 4
    fits(page)
    axe(page)
    picture(page, "rating-link-everything-done", sizes=("phone",))


def test_before_a_review_by_keyboard(page, before_review):
    page.goto(reverse("rating:begin", args=[before_review]))
    for words in (
        "the burning",
        "activity you chose",
        "daily tasks",
        "your sleep",
        "way of walking",
        "your hands",
    ):
        page.get_by_role("heading", name=words).wait_for()
        page.get_by_role("button", name="5", exact=True).focus()
        page.keyboard.press("Enter")
    page.get_by_role("heading", name="how is your condition now?").wait_for()
    page.get_by_role("button", name="A little worse").focus()
    page.keyboard.press("Space")
    page.get_by_text("Your answer is kept").wait_for()
    page.get_by_text("A little worse").wait_for()


def test_the_own_page_of_messages_and_what_staff_see(page, people, token, course, sign_in):
    sign_in("eve").goto(reverse("patient:messages"))
    page.get_by_role("heading", name="They come by e-mail").wait_for()
    axe(page)
    picture(page, "messages", sizes=("phone",))
    day = RatingRequest.objects.get().day - timedelta(days=2)
    RatingRequest.objects.create(
        course=course, patient=people.eve_patient, site=people.north, practitioner=people.alice.practitioner,
        kind="review", point=4, day=day, until=day, codes=["burning_average"], made_at=timezone.now(),
        answered_at=timezone.now(), channel="link",
    )  # fmt: skip
    sign_in("max").goto(reverse("clinic:response_rates"))
    page.get_by_role("heading", name="By practitioner").wait_for()
    axe(page)
    picture(page, "response-rates")
    page.goto(reverse("clinic:practice"))
    page.get_by_role("heading", name="What is done by itself").wait_for()
    axe(page)
    picture(page, "practice-background")
    sign_in("alice").goto(reverse("clinic:course", args=[course.id]))
    page.get_by_text("answered 1 of 2").wait_for()
    page.get_by_text("Every request").click()
    axe(page)
    picture(page, "course-asked")
