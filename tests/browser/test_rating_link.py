"""The link in a message, on a phone and by keyboard; what staff see of the answers."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from deqi.record.care.actions import collecting
from deqi.record.care.links import token_for
from deqi.record.care.models import Messaging, RatingRequest
from deqi.record.questionnaires.actions.choosing import choose
from deqi.record.questionnaires.actions.instruments import import_instrument, record_permission
from deqi.record.questionnaires.models import Response
from tests.asked import booked, chose, consent, feels, limits, needled
from tests.browser.conftest import SIZES, axe, picture
from tests.questionnaires import source

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


@pytest.fixture
def with_questionnaire(people, course, token_free):
    """Of the first day of a baseline: one rating and a made-up questionnaire of seven questions."""
    instrument = import_instrument(people.actor("max"), source())
    record_permission(
        people.actor("max"), instrument.id, uuid4(), who="The owner", statement="By letter, for us."
    )
    choose(people.actor("alice"), people.eve_patient.id, uuid4(), instrument.id, ["baseline"])
    booked(people, course, days=9)
    collecting.make_requests()
    return token_for(RatingRequest.objects.get())


@pytest.fixture
def token_free(people):
    consent(people)
    feels(people, "burning")
    limits(people)


def large(page):
    """Whatever is tapped is large enough for fingers that feel little, and on the page."""
    for one in page.locator("main button, main .btn, main input, main .choices label, main .change a").all():
        if (box := one.bounding_box()) and one.get_attribute("type") not in ("checkbox", "hidden"):
            assert box["height"] >= 44 and box["width"] >= 44, one.inner_text()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 360


def test_a_questionnaire_by_one_thumb_with_a_wrong_answer_on_the_way(page, with_questionnaire):
    phone = {"width": 360, "height": 740}
    page.set_viewport_size(phone)
    page.goto(reverse("rating:begin", args=[with_questionnaire]))
    page.get_by_role("button", name="4", exact=True).click()
    page.get_by_role("heading", name="How many?").wait_for()
    assert page.get_by_text("made-up").count() == 0, "the title may name an illness"

    def looked_at(name):
        fits(page)
        large(page)
        axe(page)
        picture(page, f"rating-link-{name}", sizes=("phone",))
        page.set_viewport_size(phone)

    looked_at("questionnaire")
    page.get_by_role("button", name="6", exact=True).click()
    page.get_by_role("heading", name="How much?").wait_for()
    page.get_by_label("How much?").fill("a lot")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("alert").get_by_text("“How much?”").wait_for()
    assert page.get_by_label("How much?").input_value() == "a lot"
    looked_at("questionnaire-wrong")
    page.get_by_label("How much?").fill("1,5")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="Question 3").wait_for()
    looked_at("questionnaire-buttons")
    page.get_by_role("button", name="answer 1").click()
    page.get_by_role("heading", name="Which?").wait_for()
    page.get_by_role("link", name="Skip for now").click()
    page.get_by_role("heading", name="Where?").wait_for()
    page.get_by_label("left").check()
    looked_at("questionnaire-boxes")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="Anything else?").wait_for()
    page.get_by_role("link", name="Skip for now").click()
    page.get_by_role("heading", name="Look it over").wait_for()
    looked_at("questionnaire-all")
    page.get_by_role("button", name="Send my answers").click()
    page.get_by_text("Sent. Thank you.").wait_for()
    assert page.locator(".told dd", has_text="sent").count() == 1
    looked_at("questionnaire-sent")
    kept = Response.objects.get()
    assert (kept.channel, kept.answers) == ("link", {"1": [6], "2": [1.5], "3": [1], "5": [0]})


def test_a_questionnaire_by_keyboard(page, with_questionnaire):
    page.goto(reverse("rating:begin", args=[with_questionnaire]))
    page.get_by_role("link", name="Skip", exact=True).click()
    page.get_by_role("heading", name="How many?").wait_for()
    page.get_by_role("button", name="3", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="How much?").wait_for()
    page.get_by_label("How much?").focus()
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Question 3").wait_for()
    page.get_by_role("button", name="answer 2").focus()
    page.keyboard.press("Space")
    page.get_by_role("heading", name="Which?").wait_for()
    page.get_by_role("link", name="All answers").focus()
    page.keyboard.press("Enter")
    page.get_by_text("One question still needs an answer.").wait_for()
    page.locator(".change a", has_text="Is it so?").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Is it so?").wait_for()
    page.get_by_role("button", name="No", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Where?").wait_for()
    page.get_by_role("link", name="All answers").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Send my answers").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Sent. Thank you.").wait_for()
    assert Response.objects.get().answers == {"1": [3], "2": [2], "3": [2], "4": [False]}


def test_a_questionnaire_without_scripts(browser, live_server, with_questionnaire):
    context = browser.new_context(
        java_script_enabled=False, base_url=live_server.url, viewport=SIZES["phone"]
    )
    plain = context.new_page()
    plain.set_default_timeout(30_000)
    plain.goto(reverse("rating:begin", args=[with_questionnaire]))
    plain.get_by_role("button", name="4", exact=True).click()
    plain.get_by_role("button", name="3", exact=True).click()
    plain.get_by_label("How much?").fill("much")
    plain.get_by_role("button", name="Next").click()
    plain.get_by_text("What you typed is kept.").wait_for()
    plain.get_by_label("How much?").fill("2")
    plain.get_by_role("button", name="Next").click()
    plain.get_by_role("button", name="answer 0").click()
    plain.get_by_role("link", name="All answers").click()
    plain.get_by_role("button", name="Send my answers").click()
    plain.get_by_text("Sent. Thank you.").wait_for()
    context.close()
    assert Response.objects.get().answers == {"1": [3], "2": [2], "3": [0]}


def test_choosing_what_the_links_ask(page, people, with_questionnaire, sign_in):
    sign_in("alice").goto(reverse("clinic:patient_questionnaires", args=[people.eve_patient.id]))
    page.get_by_role("heading", name="Asked by link in the course").wait_for()
    page.get_by_text("Ask one by link").click()
    fits(page)
    axe(page)
    picture(page, "questionnaires-chosen")
    page.get_by_label("before each review").check()
    page.get_by_role("button", name="Ask by link").click()
    page.get_by_text("say that they may be seen").first.wait_for()
    assert page.get_by_label("before each review").is_checked()
    axe(page)
    page.get_by_role("button", name="Stop asking").click()
    page.get_by_text("no longer asked by link").wait_for()


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
