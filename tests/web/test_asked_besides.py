"""What a link asks besides symptom ratings: the chosen activity, daily life, the overall change."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from deqi.doors.tapping import question_of
from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions import collecting, reminding
from deqi.record.care.actions.answering import answer, open_link
from deqi.record.care.actions.own import rate_today
from deqi.record.care.codes import CHOSEN_ACTIVITY, GLOBAL_CHANGE, rating_codes, scale_of
from deqi.record.care.links import token_for
from deqi.record.care.models import Course, Observation, RatingRequest
from deqi.record.care.queries.own import check_in
from deqi.record.care.queries.responding import response_rates
from deqi.record.care.queries.reviews import review_matter
from deqi.record.errors import NotFound, Refusal
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Organization
from deqi.science.measures import global_change_steps
from tests.asked import LIFE, at_noon, booked, chose, consent, feels, limits, needled
from tests.web.test_clinical_pages import decide
from tests.words import speaks_of

RATINGS = ["burning_average"]
BASELINE = [*RATINGS, CHOSEN_ACTIVITY, *LIFE]
EVERYTHING = [*BASELINE, GLOBAL_CHANGE]


@pytest.fixture(autouse=True)
def noon(request):
    if "people" in request.fixturenames:
        at_noon(request.getfixturevalue("people"))


@pytest.fixture
def agreed(people):
    """Eve agreed to be measured, feels burning, and chose an activity three weeks ago; messages go at any hour."""
    consent(people, "given", days=20)
    feels(people, "burning")
    chose(people)
    Organization.objects.update(messages_from="00:00", messages_until="23:59:59.999999")
    return people.eve_patient


def made_today() -> RatingRequest:
    """The request that the job makes now."""
    assert collecting.make_requests() == {"made": 1}
    return RatingRequest.objects.order_by("-day").first()


@pytest.fixture
def baseline(people, course, agreed):
    booked(people, course)
    return made_today()


@pytest.fixture
def in_course(people, course, agreed):
    """Three visits were given; the fourth, after which a review falls due, is booked for today."""
    for number, days in enumerate((21, 14, 7), start=1):
        needled(people, course, number, days)
    booked(people, course, days=0)
    return course


@pytest.fixture
def due(in_course):
    """Today's request of that visit."""
    return made_today()


def asked_on(course, days_ago, codes, **more):
    day = today_at(course.site) - timedelta(days=days_ago)
    return RatingRequest.objects.create(
        course=course, patient=course.patient, site=course.site, practitioner=course.practitioner, codes=codes,
        **{"kind": "review", "point": 4, "day": day, "until": day, "made_at": timezone.now() - timedelta(days=30), **more},
    )  # fmt: skip


# --- what is asked when


def test_the_baseline_asks_the_chosen_activity_and_daily_life_and_never_the_overall_change(baseline):
    assert (baseline.kind, baseline.codes) == ("baseline", BASELINE)


def test_an_activity_that_nobody_chose_is_not_asked(people, course, agreed):
    Observation.objects.filter(code=CHOSEN_ACTIVITY).delete()
    booked(people, course)
    assert made_today().codes == [*RATINGS, *LIFE]


def test_what_was_answered_in_the_last_seven_days_stands(people, course, agreed):
    limits(people, days=6)
    booked(people, course)
    assert made_today().codes == [*RATINGS, CHOSEN_ACTIVITY]


def test_what_was_answered_eight_days_ago_is_asked_anew(people, course, agreed):
    limits(people, days=8)
    booked(people, course)
    assert made_today().codes == BASELINE


@pytest.mark.parametrize(
    ("channel", "codes"),
    [("link", RATINGS), ("home", RATINGS), ("chair", BASELINE), ("", BASELINE)],
)
def test_it_is_asked_once_in_the_baseline(people, course, agreed, channel, codes):
    """Once a request that asked it was answered at home; the chair, where only symptoms are rated, does not count."""
    before = timezone.now() - timedelta(days=1, hours=2)
    at = before + timedelta(hours=2) if channel else None
    asked_on(course, 1, BASELINE, kind="baseline", point=1, made_at=before, answered_at=at, channel=channel)
    booked(people, course)
    assert made_today().codes == codes


def test_a_rating_from_before_the_request_was_made_did_not_see_its_questions(people, course, agreed):
    given = timezone.now() - timedelta(days=1)
    asked_on(course, 1, BASELINE, kind="baseline", point=1, made_at=given + timedelta(hours=1), answered_at=given,
             channel="home")  # fmt: skip
    booked(people, course)
    assert made_today().codes == BASELINE


@pytest.mark.parametrize(("days", "codes"), [(0, EVERYTHING), (1, EVERYTHING), (3, EVERYTHING), (4, RATINGS)])
def test_before_a_review_everything_is_asked_from_the_third_day_on(people, course, agreed, days, codes):
    for number, ago in enumerate((21, 14, 8), start=1):
        needled(people, course, number, ago)
    booked(people, course, days=days)
    request = made_today()
    assert (request.kind, request.codes) == ("review" if days else "visit", codes)


def test_once_a_review(people, in_course):
    asked_on(in_course, 2, EVERYTHING, answered_at=timezone.now() - timedelta(days=2), channel="link")
    assert made_today().codes == RATINGS


def test_what_was_skipped_before_the_review_before_is_asked_again(people, in_course):
    asked_on(in_course, 20, EVERYTHING, answered_at=timezone.now() - timedelta(days=20), channel="link")
    assert made_today().codes == EVERYTHING


def test_a_review_that_is_due_and_not_held_is_asked_for_still(people, course, agreed):
    for number, ago in enumerate((22, 15, 8, 1), start=1):
        needled(people, course, number, ago)
    request = made_today()
    assert (request.kind, request.codes) == ("review", EVERYTHING)


@pytest.mark.parametrize("weeks", [4, 12, 26])
def test_each_follow_up_asks_everything(people, course, agreed, weeks):
    needled(people, course, days_ago=200)
    Course.objects.update(status="ended", ended_at=timezone.now() - timedelta(weeks=weeks))
    request = made_today()
    assert (request.kind, request.point, request.codes) == ("after", weeks, EVERYTHING)


# --- the link


def test_no_question_names_an_illness_or_the_activity():
    """Whoever opens a link meets these words."""
    for code in [*rating_codes(), CHOSEN_ACTIVITY, *LIFE, GLOBAL_CHANGE]:
        words = str(question_of(code)).lower()
        for told in ("neuropath", "nerve", "diabet", "chemo", "acupunct", "needling", "walking the dog"):
            assert told not in words, (code, told)
    assert question_of("nonsense") is None and question_of("impact_nonsense") is None


def test_one_tap_each_all_the_way_and_nothing_of_the_record_on_any_page(due, people, client):
    assert reminding.send_reminders() == {"sent": 1}
    body = mail.outbox[0].body
    assert "A few more questions than usual follow this time." in body and not speaks_of("dog", body)
    url, seen = reverse("rating:begin", args=[token_for(due)]), []
    for number in range(1, len(due.codes) + 1):
        page = client.get(url, follow=True)
        here, text = page.request["PATH_INFO"], page.content.decode()
        seen.append(here.split("/")[-2])
        assert not speaks_of("dog|Eve|Elm|[Nn]europathy|8 of 10", text), here
        assert f"{number} of {len(due.codes)}" in text
        url = client.post(here, {"answer": "2"}).headers["Location"]
    assert seen == due.codes
    text = client.get(url).content.decode()
    assert "Your answer is kept" in text and "Much better" in text and not speaks_of("dog", text)
    kept = {one.code: one for one in Observation.objects.filter(channel="link")}
    assert set(kept) == set(EVERYTHING) and {int(one.value) for one in kept.values()} == {2}
    assert {code: one.recall for code, one in kept.items()} == {
        "burning_average": "24h", GLOBAL_CHANGE: "start", **dict.fromkeys([CHOSEN_ACTIVITY, *LIFE], "7d")
    }  # fmt: skip
    assert kept[CHOSEN_ACTIVITY].text == "walking the dog", "kept under her own words, as on her own page"
    assert all(one.request_id == due.id and one.course_id == due.course_id for one in kept.values())
    entries = AuditEntry.objects.filter(verb="self.answer", actor_name="Link in a message")
    assert {entry.detail["code"] for entry in entries} == set(EVERYTHING)


def test_the_overall_change_is_asked_in_its_seven_steps(due, client):
    page = client.get(reverse("rating:rate", args=[token_for(due), GLOBAL_CHANGE])).content.decode()
    for step in global_change_steps():
        assert f">{step.label}</button>" in page
    assert page.count('name="answer"') == 7 and 'aria-pressed="true"' not in page


@pytest.mark.parametrize("code", [CHOSEN_ACTIVITY, "impact_sleep", GLOBAL_CHANGE])
def test_what_is_not_on_the_scale_is_refused_and_the_last_tap_of_the_day_counts(due, client, code):
    url, scale = reverse("rating:rate", args=[token_for(due), code]), scale_of(code)
    before = Observation.objects.count()
    for value in ("", "-1", str(scale[0] - 1), str(scale[-1] + 1), "99", "two", "²"):
        page = client.post(url, {"answer": value})
        assert page.status_code == 422 and "Choose " in page.content.decode()
    assert Observation.objects.count() == before
    for value in (scale[0], scale[-1], scale[-1]):
        assert client.post(url, {"answer": str(value)}).status_code == 303
    assert int(Observation.objects.get(code=code, channel="link").value) == scale[-1]
    assert AuditEntry.objects.filter(verb="self.answer").count() == 2


def test_anything_can_be_skipped_and_answered_later_the_same_day(due, client):
    token = token_for(due)
    page = client.get(reverse("rating:begin", args=[token]), follow=True)
    for following in due.codes[1:]:
        link = reverse("rating:rate", args=[token, following])
        assert f'href="{link}">Skip' in page.content.decode()
        page = client.get(link)
    done = reverse("rating:done", args=[token])
    assert f'href="{done}">Skip' in page.content.decode()
    text = client.get(done).content.decode()
    assert "Nothing was answered" in text and text.count(">Answer<") == len(due.codes)
    due.refresh_from_db()
    assert due.answered_at is None
    after = client.post(reverse("rating:rate", args=[token, GLOBAL_CHANGE]), {"answer": "3"})
    assert after.headers["Location"] == done, (
        "the last question leads to the end, not back to what was skipped"
    )
    text = client.get(done).content.decode()
    assert "A little better" in text and "Your answer is kept" in text and "skipped" in text
    due.refresh_from_db()
    assert due.answered_at and due.channel == "link"


def test_a_link_that_is_over_has_no_end_page_either(due, people, client):
    consent(people, "withdrawn")
    page = client.get(reverse("rating:done", args=[token_for(due)]))
    assert page.status_code == 410 and "took back your agreement" in page.content.decode()


def test_consent_is_asked_again_for_every_kind(due, people):
    consent(people, "withdrawn")
    for code in EVERYTHING:
        with pytest.raises(Refusal, match="took back your agreement"):
            answer(token_for(due), code, 2)
    assert not Observation.objects.filter(channel="link").exists()


def test_a_baseline_link_does_not_take_the_overall_change(baseline):
    with pytest.raises(NotFound):
        answer(token_for(baseline), GLOBAL_CHANGE, 2)


# --- the own page


def test_the_own_page_asks_what_the_request_asks_in_the_persons_own_words(due, people, as_):
    eve = as_("eve")
    assert check_in(people.actor("eve")).codes == EVERYTHING
    page = eve.get(reverse("patient:rate", args=[CHOSEN_ACTIVITY])).content.decode()
    assert "walking the dog" in page
    for code in EVERYTHING:
        assert eve.post(reverse("patient:rate", args=[code]), {"answer": "3"}).status_code == 303
    page = eve.get(reverse("patient:checkin")).content.decode()
    assert "A little better" in page and "3 of 10" in page
    kept = Observation.objects.get(code=GLOBAL_CHANGE)
    assert (kept.channel, kept.recall, kept.course_id) == ("home", "start", due.course_id)
    assert open_link(token_for(due)).left() == [], "one answer a day, whichever way it comes"


def test_the_own_page_does_not_ask_it_after_consent_was_taken_back_or_the_request_is_over(due, people):
    usual = [*RATINGS, CHOSEN_ACTIVITY]
    held = RatingRequest.objects.filter(id=due.id)
    held.update(answered_at=timezone.now() - timedelta(days=1))
    assert check_in(people.actor("eve")).codes == usual
    held.update(answered_at=None)
    assert check_in(people.actor("eve")).codes == EVERYTHING
    consent(people, "withdrawn")
    assert check_in(people.actor("eve")).codes == usual
    with pytest.raises(NotFound):
        rate_today(people.actor("eve"), GLOBAL_CHANGE, 2)


# --- the lock


def test_the_first_needle_locks_these_answers_in_the_actions(baseline, people, course):
    token, eve = token_for(baseline), people.actor("eve")
    answer(token, CHOSEN_ACTIVITY, 8)
    answer(token, "impact_sleep", 6)
    needled(people, course)
    for code in BASELINE:
        with pytest.raises(Refusal, match="treatment has begun"):
            answer(token, code, 1)
    with pytest.raises(Refusal, match="stays as it was"):
        rate_today(eve, CHOSEN_ACTIVITY, 1)
    assert "impact_sleep" not in check_in(eve).codes, "what the baseline asked besides is over"


@pytest.mark.parametrize("code", [CHOSEN_ACTIVITY, "impact_sleep", GLOBAL_CHANGE])
def test_the_first_needle_locks_these_answers_in_the_database(baseline, people, course, code):
    fields = {"patient": people.eve_patient, "code": code, "channel": "link", "effective_at": timezone.now()}
    held = Observation.objects.create(**fields, value=5, request=baseline)
    loose = Observation.objects.create(**fields, value=5)
    needled(people, course)
    for attempt in (
        lambda: Observation.objects.create(**fields, value=1, request=baseline),
        lambda: Observation.objects.filter(id=held.id).update(value=1),
        lambda: Observation.objects.filter(id=held.id).delete(),
        lambda: Observation.objects.filter(id=loose.id).update(request=baseline),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert int(Observation.objects.get(id=held.id).value) == 5


# --- what comes of it


def test_the_review_shows_it_beside_the_verdict_and_it_is_not_counted_twice(people, as_, due):
    limits(people, days=25, sleep=7)
    token, alice = token_for(due), as_("alice")
    for code, value in (("impact_sleep", 2), (CHOSEN_ACTIVITY, 3), (GLOBAL_CHANGE, 2)):
        answer(token, code, value)
    page = alice.get(reverse("clinic:review", args=[due.course_id])).content.decode()
    assert "Overall change asked on" in page and "sleep less in the way" in page
    assert '<option value="2" selected>Much better</option>' in page
    matter = review_matter(people.actor("alice"), due.course_id)
    assert [value for _, value in matter.impact["sleep"]] == [7, 2]
    assert [value for _, value in matter.impact["chosen_activity"]] == [8, 3]
    assert matter.series["impact_sleep"] == matter.impact["sleep"], "which the mechanism view reads"
    assert decide(alice, due.course, global_change="2").status_code == 303
    assert Observation.objects.get(code=GLOBAL_CHANGE).channel == "link", (
        "what she answered is not noted again"
    )


def test_another_answer_in_the_room_is_kept_beside_the_one_from_home(people, as_, due):
    answer(token_for(due), GLOBAL_CHANGE, 2)
    assert decide(as_("alice"), due.course, global_change="4").status_code == 303
    kept = Observation.objects.filter(code=GLOBAL_CHANGE).order_by("recorded_at")
    assert list(kept.values_list("value", "channel")) == [(2, "link"), (4, "chair")]


def test_an_answer_to_the_review_before_is_not_filled_in_at_the_next(people, as_, due):
    Observation.objects.create(
        patient=people.eve_patient, course=due.course, code=GLOBAL_CHANGE, value=2, recall="start", channel="link",
        effective_at=timezone.now() - timedelta(days=3),
    )  # fmt: skip
    alice, page = as_("alice"), reverse("clinic:review", args=[due.course_id])
    assert '<option value="2" selected>' in alice.get(page).content.decode()
    assert decide(alice, due.course, global_change="").status_code == 303
    assert '<option value="2" selected>' not in alice.get(page).content.decode()
    assert review_matter(people.actor("alice"), due.course_id).overall is None


def test_the_overall_change_of_another_course_is_left_out(people, due):
    other = Course.objects.create(
        patient=people.eve_patient, site=people.north, practitioner=people.alice.practitioner, opened_at=timezone.now()
    )  # fmt: skip
    for course, value in ((other, 7), (None, 3)):
        Observation.objects.create(
            patient=people.eve_patient, course=course, code=GLOBAL_CHANGE, value=value, recall="start",
            channel="link", effective_at=timezone.now(),
        )  # fmt: skip
    matter = review_matter(people.actor("alice"), due.course_id)
    assert [value for _, value in matter.global_change] == [3]


def test_response_rates_count_the_request_once_however_much_was_answered(people, in_course):
    yesterday = asked_on(in_course, 1, EVERYTHING, id=uuid4())
    asked_on(in_course, 2, EVERYTHING)
    RatingRequest.objects.filter(id=yesterday.id).update(answered_at=timezone.now(), channel="link")
    for code in EVERYTHING:
        Observation.objects.create(
            patient=people.eve_patient, code=code, value=3, channel="link", request=yesterday,
            effective_at=timezone.now() - timedelta(days=1),
        )  # fmt: skip
    today = today_at(people.north)
    total = response_rates(people.actor("alice"), today - timedelta(days=9), today).total
    assert (total.answered, total.asked) == (1, 2)
