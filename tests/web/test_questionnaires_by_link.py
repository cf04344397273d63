"""Questionnaires that a course asks by its links: asked when, kept as any other, refused when, nothing shown."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID, uuid4, uuid5

import pytest
from django.core import mail
from django.db import Error, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions import collecting, reminding
from deqi.record.care.actions.answering import answer as rate
from deqi.record.care.actions.answering import bearer, open_link, set_messages
from deqi.record.care.codes import questionnaire_code, questionnaire_of
from deqi.record.care.links import token_for
from deqi.record.care.models import Course, Observation, RatingRequest
from deqi.record.care.queries.own import check_in
from deqi.record.care.queries.responding import response_rates
from deqi.record.errors import Forbidden, NotFound, Refusal
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Organization
from deqi.record.questionnaires.actions.choosing import choose, stop_asking
from deqi.record.questionnaires.actions.instruments import (
    import_instrument,
    record_permission,
    retire_instrument,
)
from deqi.record.questionnaires.actions.responses import answer, assign, complete, withdraw
from deqi.record.questionnaires.models import (
    Assignment,
    CourseQuestionnaire,
    Instrument,
    Response,
    UsePermission,
)
from deqi.record.questionnaires.queries import asked_of
from tests.asked import at_noon, booked, consent, feels, limits, needled
from tests.questionnaires import source

SELF, STAFF = "self.answer", "clinical.write"
EVERY = ["baseline", "review", "after"]
#: What is answered here, by number and link id: the fourth question is shown because of the third answer.
GIVEN = {1: ("1", "3"), 2: ("2", "1.5"), 3: ("3", "2"), 5: ("4", "yes")}


@pytest.fixture(autouse=True)
def noon(people):
    at_noon(people)


@pytest.fixture
def instrument(people) -> Instrument:
    return allowed(people)


def allowed(people, **more) -> Instrument:
    """A made-up questionnaire with a permission without an end."""
    manager = people.actor("max")
    kept = import_instrument(manager, source(**more))
    record_permission(manager, kept.id, uuid4(), who="The owner", statement="For this clinic, by letter.")
    return kept


@pytest.fixture
def agreed(people):
    """Eve agreed to be measured, feels burning, said two days ago how it limits her; messages go at any hour."""
    consent(people, "given", days=20)
    feels(people, "burning")
    limits(people)
    Organization.objects.update(messages_from="00:00", messages_until="23:59:59.999999")
    return people.eve_patient


@pytest.fixture
def chosen(people, course, agreed, instrument) -> CourseQuestionnaire:
    """Alice has the links of Eve's course ask it, each time."""
    return chosen_by_alice(people, instrument)


def chosen_by_alice(people, instrument, windows=EVERY) -> CourseQuestionnaire:
    return choose(people.actor("alice"), people.eve_patient.id, uuid4(), instrument.id, windows)


def made_today() -> RatingRequest:
    assert collecting.make_requests() == {"made": 1}
    return RatingRequest.objects.order_by("-day").first()


@pytest.fixture
def baseline(people, course, chosen) -> RatingRequest:
    booked(people, course)
    return made_today()


def before_review(people, course) -> None:
    """Three visits were given; the fourth, after which a review falls due, is booked for today."""
    for number, days in enumerate((21, 14, 7), start=1):
        needled(people, course, number, days)
    booked(people, course, days=0)


def asked_on(course, days_ago, codes, **more) -> RatingRequest:
    day = today_at(course.site) - timedelta(days=days_ago)
    return RatingRequest.objects.create(
        course=course, patient=course.patient, site=course.site, practitioner=course.practitioner, codes=codes,
        **{"kind": "review", "point": 4, "day": day, "until": day, "made_at": timezone.now() - timedelta(days=30), **more},
    )  # fmt: skip


def given_before(chosen, window="review", point=4, days=2, **more) -> Assignment:
    """What the request of an earlier day of this window gave to answer."""
    return Assignment.objects.create(
        id=uuid5(chosen.id, f"{window} {point}"), patient=chosen.course.patient, course=chosen.course,
        instrument=chosen.instrument, where="home", chosen=chosen, window=window,
        due_on=today_at(chosen.course.site) + timedelta(days=3), assigned_by=chosen.chosen_by,
        assigned_at=timezone.now() - timedelta(days=days), **more,
    )  # fmt: skip


def questionnaires(request: RatingRequest) -> list[UUID]:
    return [key for code in request.codes if (key := questionnaire_of(code))]


def token_of(request: RatingRequest) -> str:
    """The same in one test: a token is signed with the second in which it is made."""
    return request.__dict__.setdefault("token", token_for(request))


def page_of(request: RatingRequest, name: str = "", *more: object) -> str:
    return reverse(f"rating:questionnaire{name}", args=[token_of(request), *questionnaires(request), *more])


def answer_all(client: Client, request: RatingRequest) -> str:
    """Answers by the link until everything can be looked over; the address of that page."""
    at = client.get(page_of(request))["Location"]
    for number, (_, value) in GIVEN.items():
        assert at == page_of(request, "_asked", number), "the question that follows"
        answered = client.post(at, {"value": value})
        assert answered.status_code == 303
        at = answered["Location"]
        if at == page_of(request, "_asked", 4):  # in words, left out
            at = client.post(at, {"value": ""})["Location"]
    for number in (6, 7):
        assert at == page_of(request, "_asked", number)
        at = client.post(at, {})["Location"]
    assert at == page_of(request, "_all")
    return at


def speaks_of(words: str, text: str) -> re.Match | None:
    """Whole words only: the letters of a link's signature are anybody's guess."""
    return re.search(rf"\b({words})\b", text)


def send(client: Client, request: RatingRequest):
    return client.post(page_of(request, "_send"))


# --- what is asked when


def test_it_rides_on_the_first_request_of_the_baseline(baseline, people, chosen, instrument):
    given = Assignment.objects.get()
    assert baseline.codes == ["burning_average", questionnaire_code(given.id)]
    assert (given.patient, given.course, given.instrument) == (people.eve_patient, chosen.course, instrument)
    assert (given.chosen, given.window, given.due_on) == (
        chosen,
        "baseline",
        baseline.day + timedelta(days=13),
    )
    entry = AuditEntry.objects.get(verb="form.assign")
    assert (entry.actor_name, entry.detail) == ("Deqi", {"window": "baseline"})


@pytest.mark.parametrize("windows", [["baseline"], ["after"], ["baseline", "after"]])
def test_it_is_not_asked_before_a_review_when_only_other_times_were_chosen(
    people, course, agreed, instrument, windows
):
    chosen_by_alice(people, instrument, windows)
    before_review(people, course)
    assert not questionnaires(made_today())


@pytest.mark.parametrize(("days", "asked"), [(0, True), (1, True), (3, True), (4, False), (6, False)])
def test_before_a_review_it_is_asked_from_the_third_day_on(people, course, chosen, days, asked):
    for number, ago in enumerate((21, 14, 8), start=1):
        needled(people, course, number, ago)
    booked(people, course, days=days)
    request = made_today()
    assert bool(questionnaires(request)) == asked
    if asked:
        given = Assignment.objects.get()
        assert (given.window, given.due_on) == ("review", today_at(course.site) + timedelta(days=days + 7))


@pytest.mark.parametrize("weeks", [4, 12, 26])
def test_each_follow_up_asks_it_until_its_two_weeks_are_over(people, course, chosen, weeks):
    needled(people, course, days_ago=200)
    Course.objects.update(status="ended", ended_at=timezone.now() - timedelta(weeks=weeks))
    request = made_today()
    given = Assignment.objects.get(id=questionnaires(request)[0])
    assert (given.window, given.due_on) == ("after", request.until)


@pytest.mark.parametrize(
    ("state", "asked"),
    [("seen", True), ("skipped", False), ("begun", True), ("sent", False), ("taken back", False)],
)
def test_once_in_its_window(people, course, chosen, state, asked):
    """A request that nobody answered, one answered without it, one that began it, that sent it, one taken back."""
    before_review(people, course)
    one = given_before(chosen)
    at = timezone.now() - timedelta(days=2)
    answered = {} if state == "seen" else {"answered_at": at, "channel": "link"}
    asked_on(course, 2, ["burning_average", questionnaire_code(one.id)], **answered)
    eve = people.actor("eve")
    if state in ("begun", "sent"):
        for _number, (link_id, value) in GIVEN.items():
            answer(eve, people.eve_patient.id, one.id, link_id, [value], verb=SELF)
    if state == "sent":
        complete(eve, people.eve_patient.id, one.id, verb=SELF)
    if state == "taken back":
        withdraw(people.actor("alice"), people.eve_patient.id, one.id)
    assert questionnaires(made_today()) == ([one.id] if asked else [])
    assert Assignment.objects.count() == 1, "one a window, on however many requests"


def test_the_end_of_the_window_moves_with_the_visit(people, course, chosen):
    before_review(people, course)
    one = given_before(chosen)
    asked_on(course, 2, [questionnaire_code(one.id)])
    made_today()
    one.refresh_from_db()
    assert one.due_on == today_at(course.site) + timedelta(days=7)


def test_an_answer_in_the_room_stands_for_seven_days(people, course, chosen, instrument):
    alice, eve = people.actor("alice"), people.eve_patient.id
    in_the_room(people, instrument)
    booked(people, course)
    assert not questionnaires(made_today())
    assert Response.objects.get().channel == "chair"
    with pytest.raises(Refusal, match="asked already"):
        choose(alice, eve, uuid4(), instrument.id, EVERY)


def in_the_room(people, instrument) -> Response:
    alice, eve = people.actor("alice"), people.eve_patient.id
    given = assign(alice, eve, uuid4(), instrument.id, where="room")
    for link_id, value in GIVEN.values():
        answer(alice, eve, given.id, link_id, [value], verb=STAFF)
    return complete(alice, eve, given.id, verb=STAFF)


def permission_ends(instrument, people, days):
    UsePermission.objects.create(
        instrument=instrument, who="O", statement="It has ended.", until=timezone.now().date() - timedelta(days=days),
        recorded_by=people.max, recorded_at=timezone.now(),
    )  # fmt: skip


@pytest.mark.parametrize("why", ["permission ended", "retired", "stopped messages", "choice stopped"])
def test_it_is_not_asked_when(people, course, chosen, instrument, why):
    end(people, chosen, why)
    booked(people, course)
    assert not questionnaires(made_today()) and not Assignment.objects.exists()


def end(people, chosen, why):
    if why == "permission ended":
        permission_ends(chosen.instrument, people, days=2)
    if why == "retired":
        retire_instrument(people.actor("max"), chosen.instrument_id)
    if why == "stopped messages":
        set_messages(people.actor("eve"), people.eve_patient, wanted=False)
    if why == "choice stopped":
        stop_asking(people.actor("alice"), people.eve_patient.id, chosen.id)


def test_without_consent_nothing_is_asked(people, course, chosen):
    consent(people, "withdrawn")
    booked(people, course)
    assert collecting.make_requests() == {"made": 0} and not Assignment.objects.exists()


def test_the_version_is_the_one_that_was_asked(baseline, people, instrument, client):
    """Another version comes in, and this one is answered as it was asked."""
    allowed(people, version="2.0")
    answer_all(client, baseline)
    send(client, baseline)
    assert Response.objects.get().resource["questionnaire"] == "https://example.org/forms/made-up|1.0"


# --- by the link


def test_all_the_way_by_the_link_and_nothing_of_the_record_on_any_page(baseline, people, client):
    assert reminding.send_reminders() == {"sent": 1}
    body = mail.outbox[0].body
    assert "A few more questions than usual follow this time." in body and "made-up" not in body
    token = token_of(baseline)
    first = client.get(reverse("rating:begin", args=[token]), follow=True)
    assert "1 of 2" in first.content.decode()
    on = client.post(first.request["PATH_INFO"], {"answer": "4"})["Location"]
    begin = client.get(client.get(on)["Location"])["Location"]
    assert begin == page_of(baseline, "_asked", 1)
    for number in GIVEN:
        text = client.get(page_of(baseline, "_asked", number)).content.decode()
        assert not speaks_of("Eve|Elm|made-up|[Nn]europathy|burning", text), number
    at = answer_all(client, baseline)
    text = client.get(at).content.decode()
    assert not speaks_of("Eve|Elm|made-up", text) and "Send my answers" in text
    assert "answer 2" in text, "what was answered just now can be looked over"
    done = send(client, baseline)
    assert (done.status_code, done["Location"]) == (303, reverse("rating:done", args=[token]))
    text = client.get(done["Location"]).content.decode()
    assert "Sent. Thank you." in text and "More questions" in text and "answer 2" not in text
    assert not speaks_of("Sum|Mean|Double", text), "nor a score"


def test_it_is_kept_exactly_as_answers_in_the_room_are(baseline, people, instrument, client):
    answer_all(client, baseline)
    send(client, baseline)
    by_link, room = Response.objects.get(), in_the_room(people, instrument)
    ours = {"id", "authored", "author"}
    assert {key: value for key, value in by_link.resource.items() if key not in ours} == {
        key: value for key, value in room.resource.items() if key not in ours
    }
    assert by_link.resource["author"] == {"display": "by the link sent to the person"}
    assert (by_link.channel, by_link.answered_by, by_link.status) == ("link", None, "completed")

    def numbers(response):
        rows = response.numbers.select_related("observation")
        return {(one.kind, one.key, one.label, one.observation.code, one.observation.value) for one in rows}

    assert numbers(by_link) == numbers(room) and len(numbers(room)) == 7
    kept = Observation.objects.filter(of_questionnaire__response=by_link)
    assert {(one.channel, one.request_id, one.course_id, one.recorded_by) for one in kept} == {
        ("link", baseline.id, baseline.course_id, None)
    }
    entries = AuditEntry.objects.filter(actor_name="Link in a message", patient_id=people.eve_patient.id)
    told = [
        entry.detail for entry in entries.filter(verb="self.answer", object_id=str(by_link.id)).order_by("id")
    ]
    assert [one["question"] for one in told if "question" in one] == [key for key, _ in GIVEN.values()]
    assert told[-1] == {"page": "questionnaire sent"}
    for what in ({"answers": {}}, {"channel": "home"}):
        with pytest.raises(Error, match="never changes"), transaction.atomic():
            Response.objects.filter(id=by_link.id).update(**what)


def test_a_bad_answer_names_the_question_and_what_was_typed_stays(baseline, client):
    client.post(page_of(baseline, "_asked", 1), {"value": "7"})
    before = Response.objects.get().answers
    refused = client.post(page_of(baseline, "_asked", 1), {"value": "77"})
    assert refused.status_code == 422
    assert "“How many?” The most that can be given is 10" in refused.content.decode()
    refused = client.post(page_of(baseline, "_asked", 2), {"value": "many"})
    text = refused.content.decode()
    assert refused.status_code == 422 and "“How much?” " in text
    assert 'value="many"' in text and 'aria-invalid="true" aria-describedby="refused"' in text
    assert Response.objects.get().answers == before == {"1": [7]}


def test_what_must_be_answered_is_said_before_it_is_sent(baseline, client):
    refused = send(client, baseline)
    assert refused.status_code == 422 and "Nothing was answered yet" in refused.content.decode()
    client.post(page_of(baseline, "_asked", 1), {"value": "7"})
    refused = send(client, baseline)
    text = refused.content.decode()
    assert refused.status_code == 422 and "1 still to answer" in text and "Needs an answer" in text
    assert Response.objects.get().status == "in-progress"


def test_it_can_be_skipped_and_begun_later_the_same_day(baseline, client):
    token = token_of(baseline)
    text = client.get(reverse("rating:done", args=[token])).content.decode()
    assert "More questions" in text and text.count(">Answer<") == 2 and "Nothing was answered" in text
    client.post(page_of(baseline, "_asked", 1), {"value": "7"})
    text = client.get(reverse("rating:done", args=[token])).content.decode()
    assert "begun, not sent yet" in text and "Your answer is kept" in text
    assert client.get(page_of(baseline))["Location"] == page_of(baseline, "_asked", 2), "on where it stopped"


def test_sent_it_is_over_and_shows_nothing(baseline, client):
    answer_all(client, baseline)
    send(client, baseline)
    kept, done = Response.objects.get(), reverse("rating:done", args=[token_of(baseline)])
    for name, more in (("", ()), ("_asked", (1,)), ("_all", ())):
        answered = client.get(page_of(baseline, name, *more))
        assert (answered.status_code, answered["Location"]) == (302, done)
    for name, more in (("_asked", (1,)), ("_send", ())):
        assert client.post(page_of(baseline, name, *more), {"value": "9"})["Location"] == done
    kept_now = Response.objects.get()
    assert (kept_now.answers, kept_now.sha256) == (kept.answers, kept.sha256)
    assert client.get(done).content.decode().count(">Change<") == 0


def test_what_was_begun_on_an_earlier_day_is_gone_on_with_and_not_shown(people, course, chosen, client):
    before_review(people, course)
    one = given_before(chosen)
    asked_on(
        course,
        2,
        [questionnaire_code(one.id)],
        answered_at=timezone.now() - timedelta(days=2),
        channel="link",
    )
    for link_id, value in GIVEN.values():
        answer(bearer(people.eve_patient), people.eve_patient.id, one.id, link_id, [value], verb=SELF)
    Response.objects.update(started_at=timezone.now() - timedelta(days=2))
    request = made_today()
    assert client.get(page_of(request))["Location"] == page_of(request, "_asked", 4)
    for number in (1, 2, 3, 5):
        text = client.get(page_of(request, "_asked", number)).content.decode()
        assert 'aria-pressed="true"' not in text and "1.5" not in text, number
    text = client.get(page_of(request, "_all")).content.decode()
    assert text.count("<dd>Answered</dd>") == 4 and "answer 2" not in text
    assert send(client, request).status_code == 303
    assert Response.objects.get().answers["2"] == [1.5]


# --- refused when


OVER = [
    "permission ended",
    "retired",
    "stopped messages",
    "choice stopped",
    "taken back",
    "window over",
]


@pytest.mark.parametrize("why", OVER)
def test_a_questionnaire_that_is_over_is_not_asked_and_the_ratings_go_on(
    baseline, people, chosen, client, why
):
    client.post(page_of(baseline, "_asked", 1), {"value": "7"})
    if why == "taken back":
        withdraw(people.actor("alice"), people.eve_patient.id, questionnaires(baseline)[0])
    if why == "window over":
        Assignment.objects.update(due_on=baseline.day - timedelta(days=1))
    end(people, chosen, why)
    for name, more in (("", ()), ("_asked", (2,)), ("_all", ())):
        gone = client.get(page_of(baseline, name, *more))
        assert gone.status_code == 410 and "no longer asked" in gone.content.decode()
    for name, more in (("_asked", (2,)), ("_send", ())):
        assert client.post(page_of(baseline, name, *more), {"value": "9"}).status_code == 410
    assert Response.objects.get().answers == {"1": [7]}, "what was given stays"
    token = token_of(baseline)
    assert open_link(token).codes == ["burning_average"] == rate(token, "burning_average", 3).codes


@pytest.mark.parametrize("why", ["consent", "needle", "day over", "request taken back"])
def test_when_the_link_is_over_so_is_its_questionnaire(baseline, people, course, client, why):
    client.post(page_of(baseline, "_asked", 1), {"value": "7"})
    old = None
    if why == "consent":
        consent(people, "withdrawn")
    if why == "needle":
        needled(people, course)
    if why == "day over":
        old = asked_on(course, 3, baseline.codes)
    if why == "request taken back":
        RatingRequest.objects.update(withdrawn_at=timezone.now())
    request = old or baseline
    assert client.get(page_of(request, "_asked", 2)).status_code == 410
    assert client.post(page_of(request, "_asked", 2), {"value": "1"}).status_code == 410
    assert client.post(page_of(request, "_send")).status_code == 410
    assert Response.objects.get().answers == {"1": [7]}


@pytest.mark.parametrize("why", ["consent", "needle", "window over"])
def test_the_own_page_and_the_room_do_not_take_it_either(baseline, people, course, client, why):
    given = questionnaires(baseline)[0]
    client.post(page_of(baseline, "_asked", 1), {"value": "7"})
    assert [one.row.id for one in asked_of(people.eve_patient, at_home=True)] == [given]
    if why == "consent":
        consent(people, "withdrawn")
    if why == "needle":
        needled(people, course)
    if why == "window over":
        Assignment.objects.update(due_on=baseline.day - timedelta(days=1))
    assert asked_of(people.eve_patient, at_home=True) == []
    assert asked_of(people.eve_patient)[0].over, "staff see that it was begun, and why it is over"
    for name, verb in (("eve", SELF), ("alice", STAFF)):
        with pytest.raises(Refusal) as refused:
            answer(people.actor(name), people.eve_patient.id, given, "2", ["1"], verb=verb)
        assert refused.value.code == "over"


def test_another_link_or_a_guessed_id_reaches_nothing(baseline, people, course, instrument, client):
    alice, eve = people.actor("alice"), people.eve_patient
    by_hand = assign(alice, eve.id, uuid4(), instrument.id, where="home")
    frank = assign(people.actor("dan"), people.frank_patient.id, uuid4(), instrument.id, where="home")
    without = asked_on(course, 0, ["burning_average"], kind="visit", day=baseline.day - timedelta(days=1),
                       until=baseline.day)  # fmt: skip
    tries = [
        (token_of(baseline), by_hand.id),
        (token_of(baseline), frank.id),
        (token_of(baseline), uuid4()),
        (token_of(without), questionnaires(baseline)[0]),
    ]
    for token, given in tries:
        for name, more in (("", ()), ("_asked", (1,)), ("_all", ())):
            url = reverse(f"rating:questionnaire{name}", args=[token, given, *more])
            assert client.get(url).status_code == 404
        for name, more in (("_asked", (1,)), ("_send", ())):
            url = reverse(f"rating:questionnaire{name}", args=[token, given, *more])
            assert client.post(url, {"value": "1"}).status_code == 404
    assert client.get(reverse("rating:questionnaire", args=["nonsense", by_hand.id])).status_code == 410
    assert client.get(page_of(baseline, "_asked", 99)).status_code == 404
    assert not Response.objects.exists()
    with pytest.raises(NotFound):
        rate(token_of(baseline), questionnaire_code(questionnaires(baseline)[0]), 3)


# --- counting, and the other ways


def test_the_first_answer_counts_the_request_as_answered_and_no_more(baseline, people, client):
    client.get(page_of(baseline, "_asked", 1))
    baseline.refresh_from_db()
    assert baseline.answered_at is None, "opening is no answer"
    client.post(page_of(baseline, "_asked", 1), {"value": "7"})
    baseline.refresh_from_db()
    first = baseline.answered_at
    assert first and baseline.channel == "link"
    answer_all_from(client, baseline)
    baseline.refresh_from_db()
    assert baseline.answered_at == first
    assert AuditEntry.objects.filter(verb="rating.answer").count() == 1


def answer_all_from(client, request):
    for number, (_, value) in GIVEN.items():
        client.post(page_of(request, "_asked", number), {"value": value})
    assert send(client, request).status_code == 303


def test_response_rates_count_the_request_once(people, course, chosen):
    before_review(people, course)
    one = given_before(chosen)
    codes = ["burning_average", questionnaire_code(one.id)]
    asked_on(course, 2, codes)
    asked_on(course, 1, codes, answered_at=timezone.now() - timedelta(days=1), channel="link")
    today = today_at(people.north)
    total = response_rates(people.actor("alice"), today - timedelta(days=9), today).total
    assert (total.answered, total.asked) == (1, 2)


def test_a_follow_up_answered_on_an_earlier_day_still_takes_the_questionnaire_begun_then(
    people, course, chosen, client
):
    needled(people, course, days_ago=200)
    one = given_before(chosen, "after", 4, days=3)
    codes, before = ["burning_average", questionnaire_code(one.id)], timezone.now() - timedelta(days=3)
    request = asked_on(course, 3, codes, kind="after", until=today_at(course.site) + timedelta(days=10),
                       answered_at=before, channel="link")  # fmt: skip
    token = token_of(request)
    with pytest.raises(Refusal, match="answered this one"):
        open_link(token)
    for link_id, value in GIVEN.values():
        answer(bearer(people.eve_patient), people.eve_patient.id, one.id, link_id, [value], verb=SELF)
    Response.objects.update(started_at=before)
    assert open_link(token).codes == [questionnaire_code(one.id)], "the ratings of that day are over"
    with pytest.raises(NotFound):
        rate(token, "burning_average", 3)
    assert send(client, request).status_code == 303
    assert "sent" in client.get(reverse("rating:done", args=[token])).content.decode()
    request.refresh_from_db()
    assert request.answered_at == before
    assert Observation.objects.filter(request=request, channel="link").count() == 7


def test_on_the_own_page_it_is_answered_as_any_other_and_the_request_is_credited(baseline, people, as_):
    eve, given = as_("eve"), questionnaires(baseline)[0]
    assert questionnaire_code(given) not in check_in(people.actor("eve")).codes
    assert "A made-up form" in eve.get(reverse("patient:home")).content.decode()
    for number, (_, value) in GIVEN.items():
        eve.post(reverse("patient:questionnaire_asked", args=[given, number]), {"value": value})
    assert eve.post(reverse("patient:questionnaire_send", args=[given])).status_code == 303
    kept = Response.objects.get()
    assert (kept.channel, kept.answered_by) == ("home", people.eve)
    baseline.refresh_from_db()
    assert baseline.channel == "home" and baseline.answered_at
    assert open_link(token_of(baseline)).left() == ["burning_average"], "and not again by the link"


def test_one_answer_by_the_link_marks_the_whole_as_given_by_a_link(baseline, people, client):
    given, eve = questionnaires(baseline)[0], people.actor("eve")
    answer(eve, people.eve_patient.id, given, "1", ["3"], verb=SELF)
    assert Response.objects.get().channel == "home"
    client.post(page_of(baseline, "_asked", 2), {"value": "1.5"})
    assert Response.objects.get().channel == "link"
    answer(eve, people.eve_patient.id, given, "1", ["4"], verb=SELF)
    kept = complete(eve, people.eve_patient.id, given, verb=SELF)
    assert (kept.channel, kept.answered_by) == ("link", people.eve)


def test_the_first_needle_locks_its_numbers_in_the_database(baseline, people, course, client):
    answer_all(client, baseline)
    send(client, baseline)
    needled(people, course)
    with pytest.raises(Error, match="locked"), transaction.atomic():
        Observation.objects.filter(request=baseline, code__startswith="form:").update(value=1)


# --- choosing


def test_the_way_of_a_choice_over_the_pages(people, course, agreed, instrument, as_):
    alice, theirs = as_("alice"), reverse("clinic:patient_questionnaires", args=[people.eve_patient.id])
    assert "Ask one by link" in alice.get(theirs).content.decode()
    body = {"link-row": uuid4(), "link-instrument": instrument.id, "link-windows": ["after", "baseline"]}
    url = reverse("clinic:choose_questionnaire", args=[people.eve_patient.id])
    refused = alice.post(url, body)
    assert refused.status_code == 422 and "say that they may be seen" in refused.content.decode()
    for _ in range(2):
        assert alice.post(url, {**body, "link-read": "on"}).status_code == 303
    kept = CourseQuestionnaire.objects.get()
    assert (kept.windows, kept.chosen_by, kept.course) == (["baseline", "after"], people.alice, course)
    text = alice.get(theirs).content.decode()
    assert "in the baseline, 4, 12 and 26 weeks after the end" in text and "not in use" not in text
    permission_ends(instrument, people, days=2)
    assert "not in use: not asked" in alice.get(theirs).content.decode()
    stop = reverse("clinic:stop_questionnaire", args=[people.eve_patient.id, kept.id])
    for _ in range(2):
        assert alice.post(stop).status_code == 303
    assert "Stop asking" not in alice.get(theirs).content.decode()
    verbs = list(
        AuditEntry.objects.filter(verb__in=["form.choose", "form.stop"]).values_list("verb", flat=True)
    )
    assert verbs == ["form.choose", "form.stop"]


def test_staff_see_that_it_is_asked_by_link_and_what_was_answered(baseline, people, client, as_):
    alice, theirs = as_("alice"), reverse("clinic:patient_questionnaires", args=[people.eve_patient.id])
    assert "by link, in the baseline" in alice.get(theirs).content.decode()
    answer_all(client, baseline)
    send(client, baseline)
    text = alice.get(theirs).content.decode()
    assert "at home, by a link" in text and "Sum 5" in text


@pytest.mark.parametrize(
    ("windows", "message"),
    [([], "when"), (["baseline", "always"], "when"), (["baseline"], "baseline is over")],
)
def test_when_it_is_asked_must_be_said_and_possible(people, course, agreed, instrument, windows, message):
    needled(people, course)
    with pytest.raises(Refusal, match=message) as refused:
        chosen_by_alice(people, instrument, windows)
    assert refused.value.field == "windows" and not CourseQuestionnaire.objects.exists()


def test_three_at_most_each_once_and_only_with_permission_in_an_open_course(people, course, agreed):
    kept = [allowed(people, url=f"https://example.org/{n}") for n in range(4)]
    for one in kept[:3]:
        chosen_by_alice(people, one)
    with pytest.raises(Refusal, match="3 questionnaires"):
        chosen_by_alice(people, kept[3])
    stop_asking(people.actor("alice"), people.eve_patient.id, CourseQuestionnaire.objects.first().id)
    permission_ends(kept[3], people, days=2)
    with pytest.raises(Refusal, match="permission ended"):
        chosen_by_alice(people, kept[3])
    Course.objects.update(status="ended", ended_at=timezone.now())
    with pytest.raises(Refusal, match="No course is open"):
        chosen_by_alice(people, kept[0])


def test_who_does_not_treat_the_person_chooses_nothing(people, course, chosen, instrument):
    for name, error in (("dan", NotFound), ("carol", Forbidden), ("eve", NotFound)):
        with pytest.raises(error):
            choose(people.actor(name), people.eve_patient.id, uuid4(), instrument.id, EVERY)
        with pytest.raises(error):
            stop_asking(people.actor(name), people.eve_patient.id, chosen.id)
    with pytest.raises(NotFound):
        stop_asking(people.actor("dan"), people.frank_patient.id, chosen.id)
    assert CourseQuestionnaire.objects.get().ended_at is None


def test_stopping_takes_back_what_was_not_sent_and_keeps_what_was(baseline, people, chosen, client):
    answer_all(client, baseline)
    send(client, baseline)
    other = given_before(chosen)
    stop_asking(people.actor("alice"), people.eve_patient.id, chosen.id)
    sent, open_one = Assignment.objects.get(window="baseline"), Assignment.objects.get(id=other.id)
    assert sent.withdrawn_at is None and open_one.withdrawn_at is not None
