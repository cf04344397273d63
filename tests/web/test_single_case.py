"""Letting chance decide: fixed at the offer, drawn once under consent, tested when the ratings are there, no name in it."""

import uuid
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import Error, transaction
from django.urls import reverse

from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions.collecting import make_requests
from deqi.record.care.actions.single_case import draw_single_case, offer_single_case
from deqi.record.care.models import Messaging, Observation, SingleCase
from deqi.record.care.queries.single_case import person_in_words, single_case_page
from deqi.record.care.queries.starts import possible_starts
from deqi.record.errors import Refusal
from deqi.record.patients.actions.consents import record_consent
from deqi.record.patients.consent_texts import consent_text
from deqi.record.patients.models import Consent, Patient
from deqi.record.practice.clock import today_at, zone_of
from deqi.science.course.single_case import StartProtocol, commitment, draw
from tests.asked import at_noon, consent
from tests.web.test_own_pages import needled

HELPING = reverse("patient:helping")


def offer(people, course, design="randomised-start", who="alice", **more):
    return offer_single_case(
        people.actor(who), course.id, case_id=uuid.uuid4(), design=design, **{"symptom": "burning", **more}
    )


def agree(people, decision="given"):
    version = consent_text("single_case").version
    return record_consent(
        people.actor("eve"), people.eve_patient.id, "single_case", decision, "Eve Elm", version=version
    )


def url(course):
    return reverse("clinic:single_case", args=[course.id])


def drawn(people, course, days_ago):
    """An offer of long ago that was drawn then, as the actions leave it."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    protocol = StartProtocol(symptom="burning", enrolled_on=date.today() - timedelta(days=days_ago))
    consent = Consent.objects.create(
        patient=people.eve_patient, kind="single_case", version="1", text_sha256="0" * 64, decision="given",
        signed_name="Eve Elm", at=at, recorded_by=people.eve,
    )  # fmt: skip
    seed = "5e" * 32
    case = SingleCase.objects.create(
        course=course, design=protocol.design, protocol=protocol.model_dump(mode="json"), seed=seed,
        committed=commitment(seed, protocol), offered_at=at, offered_by=people.alice, consent=consent, drawn_at=at,
        drawn_by=people.alice,
    )  # fmt: skip
    course.opened_at = at
    course.save()
    return case, protocol.starts[draw(seed, protocol)]


def test_the_whole_way_from_the_offer_to_the_draw(people, as_, course):
    alice, eve = as_("alice"), as_("eve")
    starts = [
        day.isoformat()
        for day in possible_starts(people.north, today_at(people.eve_patient.home_site)).proposed
    ]
    sent = {"symptom": "burning", "row": str(uuid.uuid4()), "starts": starts}
    for _ in range(2):
        assert alice.post(url(course), sent).status_code in (303, 422)
    case = SingleCase.objects.get()
    page = alice.get(url(course)).content.decode()
    assert case.committed in page and case.seed not in page and "14 days of baseline" in page
    there = reverse("clinic:single_case_draw", args=[course.id, case.id])
    assert alice.post(there).status_code == 303
    assert "has not agreed" in alice.get(url(course)).content.decode()
    assert SingleCase.objects.get().drawn_at is None
    assert "Letting chance decide" in eve.get(HELPING).content.decode()
    own = reverse("patient:consent", args=["single_case"])
    version = consent_text("single_case").version
    assert eve.post(own, {"decision": "given", "name": "Eve Elm", "version": version}).status_code == 303
    assert alice.post(there).status_code == alice.post(there).status_code == 303
    case.refresh_from_db()
    (shown,) = single_case_page(people.actor("alice"), course.id, "clinical.view", page="test").shown
    for text in (alice.get(url(course)).content.decode(), eve.get(HELPING).content.decode()):
        assert shown.outcome in text
    assert case.seed in alice.get(url(course)).content.decode()
    assert AuditEntry.objects.filter(verb="single_case.draw").count() == 1


def test_the_consent_is_asked_only_of_whom_it_was_offered_to(people, as_, course):
    own, listed = reverse("patient:consent", args=["single_case"]), reverse("patient:consents")
    eve = as_("eve")
    assert eve.get(own).status_code == 404 and "chance" not in eve.get(listed).content.decode()
    offer(people, course)
    assert eve.get(own).status_code == 200 and "chance" in eve.get(listed).content.decode()
    staff = reverse("clinic:consents", args=[people.eve_patient.id])
    assert 'id="single_case"' in as_("carol").get(staff).content.decode()


def test_a_consent_of_before_the_offer_or_taken_back_draws_nothing(people, course):
    agree(people)
    case = offer(people, course)
    with pytest.raises(Refusal, match="has not agreed"):
        draw_single_case(people.actor("alice"), course.id, case.id)
    agree(people, "withdrawn")
    agree(people)
    agree(people, "withdrawn")
    with pytest.raises(Refusal, match="has not agreed"):
        draw_single_case(people.actor("alice"), course.id, case.id)


@pytest.mark.parametrize(
    ("sessions", "design", "more", "said"),
    [
        (1, "randomised-start", {}, "Sessions were given already"),
        (0, "randomised-taper", {"taper_on": date(2100, 1, 1)}, "nothing to taper"),
        (1, "randomised-taper", {}, "Give the day"),
        (1, "randomised-taper", {"taper_on": date(2020, 1, 1)}, "tomorrow or later"),
        (0, "randomised-start", {"symptom": "luck"}, "is not one of"),
        (0, "coin", {}, "Choose what chance decides"),
    ],
)
def test_a_design_that_does_not_fit_is_refused_with_the_reason(people, course, sessions, design, more, said):
    for number in range(sessions):
        needled(people, course, number + 1, 3)
    with pytest.raises(Refusal, match=said):
        offer(people, course, design, **more)
    assert not SingleCase.objects.exists()


def test_a_start_is_not_drawn_once_its_first_day_or_the_first_session_is_behind(people, course):
    case = offer(people, course)
    agree(people)
    needled(people, course, 1, 0)
    with pytest.raises(Refusal, match="Sessions were given already"):
        draw_single_case(people.actor("alice"), course.id, case.id)


def test_the_database_keeps_what_was_fixed_and_drawn(people, course):
    case = offer(people, course)
    agree(people)
    rows = SingleCase.objects.filter(id=case.id)
    for change in ({"seed": "0" * 64}, {"protocol": {}}, {"drawn_at": datetime.now(UTC)}):
        with pytest.raises(Error), transaction.atomic():
            rows.update(**change)
    draw_single_case(people.actor("alice"), course.id, case.id)
    for change in ({"drawn_at": None}, {"drawn_by": people.bob}, {"consent": None}):
        with pytest.raises(Error), transaction.atomic():
            rows.update(**change)


def test_the_test_is_made_when_the_last_day_is_rated_and_the_report_names_nobody(people, as_, course):
    _, start = drawn(people, course, 70)
    begun = date.today() - timedelta(days=70)
    Observation.objects.bulk_create(
        Observation(
            patient=people.eve_patient, code="burning_average", value=7 if day < start else 3, recall="24h",
            channel="home", effective_at=datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12),
        )
        for day in (begun + timedelta(days=n) for n in range(63))
    )  # fmt: skip
    needled(people, course, 1, (date.today() - start).days)
    page = as_("alice").get(url(course)).content.decode()
    assert "days that could have been drawn" in page and "proves nothing" in page
    case = SingleCase.objects.get()
    answer = as_("alice").get(reverse("clinic:single_case_report", args=[case.id]))
    text = answer.content.decode()
    assert answer["Content-Type"].startswith("text/markdown")
    assert "SCRIBE 2016" in text and "CENT 2015" in text and "the commitment fits" in text
    assert "Analysed as drawn." in text and "(drawn)" in text
    assert "Eve" not in text and "Elm" not in text and "diabetic neuropathy" in text


def test_too_few_ratings_and_too_early_say_why_there_is_no_result(people, as_, course):
    drawn(people, course, 70)
    assert "0 daily ratings" in as_("alice").get(url(course)).content.decode()


def test_before_the_last_day_nothing_is_tested(people, as_, course):
    drawn(people, course, 40)
    page = as_("alice").get(url(course)).content.decode()
    assert "ratings are needed until" in page
    assert "ratings are needed until" in as_("eve").get(HELPING).content.decode()


@pytest.mark.parametrize("stage", ["nothing", "offered", "drawn"])
def test_the_page_takes_few_statements(people, as_, course, statements, stage):
    if stage == "drawn":
        drawn(people, course, 70)
    elif stage == "offered":
        offer(people, course)
    alice = as_("alice")
    with statements(at_most=12):
        assert alice.get(url(course)).status_code == 200


def rate(people, begun, days, symptom="burning"):
    """A rating at noon on each of these days after `begun`."""
    Observation.objects.bulk_create(
        Observation(
            patient=people.eve_patient, code=f"{symptom}_average", value=6, recall="24h", channel="home",
            effective_at=datetime.combine(begun + timedelta(days=n), time(12), zone_of(people.north)),
        )
        for n in days
    )  # fmt: skip


def test_the_page_says_how_many_of_the_daily_ratings_came_window_by_window(people, as_, course):
    at_noon(people)
    case, start = drawn(people, course, 40)
    begun = today_at(people.north) - timedelta(days=40)
    number = (start - begun).days
    rate(people, begun, [n for n in range(40) if n not in (number - 3, number - 2)])
    rate(people, begun, range(40), symptom="pain")
    page = as_("alice").get(url(course)).content.decode()
    assert "38 of 40 days so far" in page
    assert "in the 14 days before the drawn day 12 of 14 days" in page
    (shown,) = single_case_page(people.actor("alice"), course.id, "clinical.view", page="test").shown
    assert shown.drawn_day == start and shown.wanted and not shown.lost
    assert page.count("<tr>") == 9 and "window by window" in page
    report = as_("alice").get(reverse("clinic:single_case_report", args=[case.id])).content.decode()
    assert "Days rated: 38 of 40 days so far." in report


def test_a_window_that_can_no_longer_be_filled_is_said(people, as_, course):
    at_noon(people)
    drawn(people, course, 40)
    rate(people, today_at(people.north) - timedelta(days=40), range(20, 40))
    page = as_("alice").get(url(course)).content.decode()
    assert "the test cannot be made" in page and "too few" in page


@pytest.mark.parametrize("decision", [None, "refused", "withdrawn"])
def test_who_agreed_to_chance_and_not_to_being_measured_is_said_with_what_to_do(
    people, as_, course, decision
):
    offer(people, course)
    Consent.objects.filter(patient=people.eve_patient, kind="measurement").delete()
    if decision:
        consent(people, "given", days=9)
        consent(people, decision)
    alice, said = as_("alice"), "Nobody asks for the daily ratings"
    assert said not in alice.get(url(course)).content.decode(), "they have not agreed to chance yet"
    agree(people)
    page = alice.get(url(course)).content.decode()
    assert said in page and "not to being measured" in page
    assert reverse("clinic:consents", args=[people.eve_patient.id]) + "#measurement" in page
    assert make_requests() == {"made": 0}
    consent(people)
    assert said not in alice.get(url(course)).content.decode()
    assert make_requests() == {"made": 1}


def test_who_stopped_messages_or_cannot_be_reached_is_said(people, as_, course):
    offer(people, course)
    agree(people)
    consent(people)
    held = Messaging.objects.create(
        patient=people.eve_patient, stopped_at=datetime.now(UTC), stopped_how="page"
    )
    assert "They stopped messages" in as_("alice").get(url(course)).content.decode()
    held.stopped_at = None
    held.save()
    assert "Nobody asks" not in as_("alice").get(url(course)).content.decode()
    Patient.objects.filter(id=people.eve_patient.id).update(user=None, email="")
    assert "no e-mail address" in as_("alice").get(url(course)).content.decode()


@pytest.mark.parametrize("word", ["taken back", "over", "given before"])
def test_nobody_is_said_to_be_unasked_when_no_rating_is_needed(people, as_, course, word):
    Consent.objects.filter(patient=people.eve_patient, kind="measurement").delete()
    if word == "given before":
        agree(people)
        offer(people, course)
    else:
        drawn(people, course, 64 if word == "over" else 20)
        if word == "taken back":
            agree(people, "withdrawn")
    assert "Nobody asks" not in as_("alice").get(url(course)).content.decode()


@pytest.mark.parametrize("on, band", [(date(2028, 3, 3), "60 to 69"), (date(2028, 3, 4), "70 to 79")])
def test_the_age_band_of_the_report_counts_birthdays(people, course, on, band):
    """Eve was born on 4 March 1958."""
    assert person_in_words(people.eve_patient, course, on).startswith(f"A person aged {band} with")
