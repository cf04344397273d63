"""A drawn day is not forced on the diary: another day is said plainly, goes on with a reason, and the reason stays."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import Error, transaction
from django.urls import reverse
from django.utils import timezone

from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions.appointments import book, cancel
from deqi.record.care.actions.courses import end_course
from deqi.record.care.actions.sessions import abandon_session, start_session
from deqi.record.care.actions.single_case import draw_single_case, offer_single_case
from deqi.record.care.models import Appointment, Session, SingleCase, SingleCaseDeviation
from deqi.record.care.queries.booking import booking_page
from deqi.record.errors import Refusal
from deqi.record.patients.models import Consent
from deqi.record.practice.clock import local, today_at, zone_of
from deqi.science.course.single_case import StartProtocol, TaperProtocol, commitment, draw
from tests.web.test_own_pages import needled
from tests.web.test_single_case import agree, offer

WORSE = "Burning keeps her awake, she does not want to wait"


def made(people, course, protocol, outcome, since):
    """A design drawn `since` days ago with this outcome, as the actions leave it."""
    seed = next(f"{n:064x}" for n in range(1000) if draw(f"{n:064x}", protocol) == outcome)
    at = timezone.now() - timedelta(days=since)
    consent = Consent.objects.create(
        patient=people.eve_patient, kind="single_case", version="1", text_sha256="0" * 64, decision="given",
        signed_name="Eve Elm", at=at, recorded_by=people.eve,
    )  # fmt: skip
    return SingleCase.objects.create(
        course=course, design=protocol.design, protocol=protocol.model_dump(mode="json"), seed=seed,
        committed=commitment(seed, protocol), offered_at=at, offered_by=people.alice, consent=consent, drawn_at=at,
        drawn_by=people.alice,
    )  # fmt: skip


def start(people, course, ahead, outcome=0):
    """A start drawn for `ahead` days from today; returns design and day."""
    today = today_at(people.north)
    baseline = StartProtocol(symptom="burning", enrolled_on=today).baseline_days[outcome]
    protocol = StartProtocol(symptom="burning", enrolled_on=today + timedelta(days=ahead - baseline))
    return made(people, course, protocol, outcome, baseline - ahead), today + timedelta(days=ahead)


def taper(people, course, ahead, arm):
    protocol = TaperProtocol(symptom="burning", taper_on=today_at(people.north) + timedelta(days=ahead))
    return made(people, course, protocol, arm, 1)


def ten(people, day):
    return datetime(day.year, day.month, day.day, 10, tzinfo=zone_of(people.north))


@pytest.fixture
def booking(people, course):
    def go(day, reason="", who="carol"):
        return book(
            people.actor(who), people.eve_patient.id, appointment_id=uuid4(), starts_at=ten(people, day), minutes=60,
            practitioner_id=people.alice.practitioner.id, room_id=people.room.id, deviation_reason=reason,
        )  # fmt: skip

    return go


def visit(people, course, reason="", **more):
    return start_session(
        people.actor("alice"), course.id, session_id=uuid4(), room_id=people.room.id, deviation_reason=reason, **more
    )  # fmt: skip


@pytest.mark.parametrize("apart", [-3, 3])
def test_a_first_visit_on_another_day_is_refused_in_plain_words_and_goes_on_with_a_reason(
    people, as_, course, booking, apart
):
    case, day = start(people, course, ahead=9)
    other = day + timedelta(days=apart)
    with pytest.raises(
        Refusal, match=f"Chance drew {day:%A %-d %B %Y} as the day of the first session"
    ) as no:
        booking(other)
    assert no.value.code == "not_as_drawn" and no.value.field == "deviation_reason"
    with pytest.raises(Refusal, match="whoever gets worse is treated"):
        booking(other, "   ")
    assert not Appointment.objects.exists() and not SingleCaseDeviation.objects.exists()
    booking(other, f" {WORSE} ")
    row = SingleCaseDeviation.objects.get()
    assert (row.case, row.day, row.reason, row.by) == (case, other, WORSE, people.carol)
    entry = AuditEntry.objects.get(verb="single_case.deviate")
    assert entry.patient_id == people.eve_patient.id and WORSE not in str(entry.detail)
    side = "before" if apart < 0 else "after"
    page = as_("alice").get(reverse("clinic:course", args=[course.id])).content.decode()
    assert f"3 days {side} the drawn day" in page and WORSE in page
    report = as_("alice").get(reverse("clinic:single_case_report", args=[case.id])).content.decode()
    assert f"Written beforehand about {other}: “{WORSE}”." in report


def test_the_report_says_how_far_the_start_was_from_the_drawn_day_and_why(people, as_, course):
    case, _ = start(people, course, ahead=2)
    visit(people, course, WORSE)
    abandon_session(people.actor("alice"), Session.objects.get().id, "Phone rang")
    needled(people, course, 1, 0)
    report = as_("alice").get(reverse("clinic:single_case_report", args=[case.id])).content.decode()
    assert "2 days before the drawn day, not as drawn" in report and f"“{WORSE}”" in report
    assert "Analysed as drawn." in report
    page = as_("alice").get(reverse("clinic:single_case", args=[course.id])).content.decode()
    assert "2 days before the drawn day" in page and WORSE in page
    own = as_("eve").get(reverse("patient:helping")).content.decode()
    assert "another way than drawn" in own and WORSE not in own


def test_the_drawn_day_needs_no_reason_nor_do_visits_after_it(people, course, booking):
    _, day = start(people, course, ahead=9)
    first = booking(day)
    booking(day + timedelta(days=7))
    cancel(people.actor("carol"), first.id)
    with pytest.raises(Refusal, match="Chance drew"):
        booking(day + timedelta(days=14))
    assert not SingleCaseDeviation.objects.exists()


def test_one_reason_a_day_is_enough_to_book_and_to_begin(people, course, booking):
    start(people, course, ahead=9)
    today = today_at(people.north)
    tomorrow = today + timedelta(days=1)
    first = booking(tomorrow, WORSE)
    cancel(people.actor("carol"), first.id)
    booking(tomorrow, "another reason")
    assert SingleCaseDeviation.objects.get().reason == WORSE
    with pytest.raises(Refusal) as no:
        visit(people, course)
    assert no.value.code == "not_as_drawn" and not Session.objects.exists()
    visit(people, course, WORSE)
    assert SingleCaseDeviation.objects.filter(day=today).exists()


def test_a_visit_on_the_drawn_day_begins_and_the_second_is_as_usual(people, course, booking):
    start(people, course, ahead=0)
    visit(people, course)
    assert not SingleCaseDeviation.objects.exists()


def test_a_booked_drawn_day_does_not_excuse_a_visit_that_begins_before_it(people, course, booking):
    _, day = start(people, course, ahead=9)
    booking(day)
    with pytest.raises(Refusal, match="Chance drew"):
        visit(people, course)


def test_after_the_first_session_a_drawn_start_says_nothing_more(people, course, booking):
    _, day = start(people, course, ahead=2)
    needled(people, course, 1, 1)
    booking(day + timedelta(days=1))
    assert not SingleCaseDeviation.objects.exists()


def test_before_the_draw_is_opened_the_first_visit_waits_for_it(people, as_, course, booking):
    case = offer(people, course)
    day = today_at(people.north) + timedelta(days=20)
    booking(day)  # offered, not agreed
    agree(people)
    for who in ("carol", "alice"):
        with pytest.raises(Refusal, match=r"the draw is not opened yet\. Open the draw first, or write why"):
            booking(day + timedelta(days=1), who=who)
    with pytest.raises(Refusal, match="Open the draw first"):
        visit(people, course)
    page = as_("alice").get(reverse("clinic:book") + f"?patient={people.eve_patient.id}").content.decode()
    assert reverse("clinic:single_case", args=[course.id]) in page
    desk = as_("carol").get(reverse("clinic:book") + f"?patient={people.eve_patient.id}").content.decode()
    assert reverse("clinic:single_case", args=[course.id]) not in desk and "burning" not in desk.lower()
    booking(day + timedelta(days=1), WORSE)
    draw_single_case(people.actor("alice"), course.id, case.id)


def test_a_consent_taken_back_holds_nobody_to_a_drawn_day(people, course, booking):
    _, day = start(people, course, ahead=9)
    agree(people, "withdrawn")
    booking(day - timedelta(days=1))
    visit(people, course)
    assert not SingleCaseDeviation.objects.exists()


def test_a_start_is_neither_offered_nor_drawn_while_a_visit_is_open(people, course):
    visit(people, course)
    with pytest.raises(Refusal, match="A visit has been started"):
        offer(people, course)
    abandon_session(people.actor("alice"), Session.objects.get().id, "Not today")
    case = offer(people, course)
    visit(people, course)  # not agreed yet
    agree(people)
    with pytest.raises(Refusal, match="A visit has been started"):
        draw_single_case(people.actor("alice"), course.id, case.id)


def test_the_drawn_day_is_offered_first_on_the_booking_page_with_the_diary_of_that_day(
    people, as_, course, booking
):
    _, day = start(people, course, ahead=9)
    offered = booking_page(people.actor("carol"), people.eve_patient.id)
    assert [one.date() for one in offered.proposals] == [day + timedelta(days=7 * n) for n in range(4)]
    assert local(people.north, offered.drawn_at).date() == day
    page = as_("carol").get(reverse("clinic:book") + f"?patient={people.eve_patient.id}").content.decode()
    assert f"{reverse('clinic:today')}?on={day}" in page and "Why on another day than chance decided" in page
    booking(day)
    offered = booking_page(people.actor("carol"), people.eve_patient.id)
    assert offered.drawn_at is None and offered.proposals[0].date() == day + timedelta(days=7)


def test_when_the_drawn_day_has_gone_by_nothing_is_proposed_and_a_reason_is_asked(
    people, as_, course, booking
):
    start(people, course, ahead=-2)
    offered = booking_page(people.actor("carol"), people.eve_patient.id)
    assert offered.proposals == [] and offered.drawn_at is None
    with pytest.raises(Refusal, match="That day has gone by"):
        booking(today_at(people.north) + timedelta(days=1))


def test_the_form_keeps_what_was_typed_and_says_the_reason_beside_its_field(people, as_, course):
    _, day = start(people, course, ahead=9)
    sent = {
        "patient": people.eve_patient.id, "id": uuid4(), "date": day - timedelta(days=2), "time": "10:00",
        "minutes": 60, "practitioner": people.alice.practitioner.id, "room": people.room.id, "note": "brings her son",
    }  # fmt: skip
    carol = as_("carol")
    answer = carol.post(reverse("clinic:book"), sent)
    text = answer.content.decode()
    assert answer.status_code == 422 and "brings her son" in text and "id_deviation_reason_error" in text
    assert carol.post(reverse("clinic:book"), {**sent, "deviation_reason": WORSE}).status_code == 302
    assert SingleCaseDeviation.objects.get().day == day - timedelta(days=2)


def test_the_page_before_a_visit_asks_for_the_reason_and_keeps_it(people, as_, course):
    _, day = start(people, course, ahead=9)
    alice, url = as_("alice"), reverse("clinic:start_visit", args=[people.eve_patient.id])
    page = alice.get(url).content.decode()
    assert f"{day:%A %-d %B %Y}" in page and "deviation-reason" in page
    answer = alice.post(url, {"id": uuid4(), "room": people.room.id})
    assert answer.status_code == 409 and "deviation-reason" in answer.content.decode()
    assert (
        alice.post(url, {"id": uuid4(), "room": people.room.id, "deviation_reason": WORSE}).status_code == 302
    )


def test_in_the_weeks_without_visits_booking_needs_a_reason_and_the_plan_passes_them_over(
    people, as_, course, booking
):
    needled(people, course, 1, 7)
    taper(people, course, 3, arm=0)
    taper_on = today_at(people.north) + timedelta(days=3)
    booking(taper_on - timedelta(days=1))
    for day in (taper_on, taper_on + timedelta(days=27)):
        with pytest.raises(Refusal, match=r"Chance drew: stop now\. No visit is planned from"):
            booking(day)
    booking(taper_on + timedelta(days=28))
    booking(taper_on + timedelta(days=2), WORSE)
    Appointment.objects.filter(starts_at__gte=ten(people, taper_on + timedelta(days=28))).delete()
    proposed = [one.date() for one in booking_page(people.actor("carol"), people.eve_patient.id).proposals]
    assert all(day >= taper_on + timedelta(days=28) for day in proposed)
    page = as_("alice").get(reverse("clinic:course", args=[course.id])).content.decode()
    assert "A visit is booked for" in page and WORSE in page and "No visit is booked" not in page
    own = as_("eve").get(reverse("patient:home")).content.decode()
    assert "To stop now" in own and "you do not have to wait" in own


def test_the_weeks_without_visits_hold_after_the_course_has_ended(people, course, booking):
    needled(people, course, 1, 7)
    taper(people, course, 3, arm=0)
    end_course(people.actor("alice"), course.id, "Well")
    with pytest.raises(Refusal, match="Chance drew: stop now"):
        booking(today_at(people.north) + timedelta(days=4))


def test_four_more_weeks_without_a_visit_booked_are_shown_and_hold_nobody(people, as_, course, booking):
    needled(people, course, 1, 7)
    taper(people, course, 3, arm=1)
    alice, url = as_("alice"), reverse("clinic:course", args=[course.id])
    page = alice.get(url).content.decode()
    assert "four more weeks" in page and "No visit is booked in these weeks." in page
    assert "Four more weeks of visits" in as_("eve").get(reverse("patient:home")).content.decode()
    booking(today_at(people.north) + timedelta(days=5))
    assert "No visit is booked in these weeks." not in alice.get(url).content.decode()


def test_a_taper_that_is_agreed_and_not_drawn_waits_for_the_draw(people, course, booking):
    needled(people, course, 1, 7)
    day = today_at(people.north) + timedelta(days=5)
    offer_single_case(
        people.actor("alice"), course.id, case_id=uuid4(), design="randomised-taper", symptom="burning", taper_on=day
    )  # fmt: skip
    agree(people)
    booking(day - timedelta(days=1))
    with pytest.raises(Refusal, match="Open the draw first"):
        booking(day)


def test_the_patients_home_names_the_drawn_day_and_does_not_contradict_the_diary(
    people, as_, course, booking
):
    _, day = start(people, course, ahead=9)
    eve = as_("eve")
    page = eve.get(reverse("patient:home")).content.decode()
    assert f"The day drawn for your first visit is {day:%A} {day.day} {day:%B}." in page
    booking(day - timedelta(days=2), WORSE)
    page = eve.get(reverse("patient:home")).content.decode()
    assert "another day than drawn" in page and WORSE not in page


def test_the_database_keeps_the_reason(people, course, booking):
    _, day = start(people, course, ahead=9)
    booking(day - timedelta(days=2), WORSE)
    rows = SingleCaseDeviation.objects.all()
    for change in (lambda: rows.update(reason="well"), lambda: rows.delete()):
        with pytest.raises(Error, match="never changes"), transaction.atomic():
            change()


def test_the_pages_take_few_statements(people, as_, course, booking, statements):
    _, day = start(people, course, ahead=9)
    booking(day - timedelta(days=2), WORSE)
    alice = as_("alice")
    for url in (
        reverse("clinic:book") + f"?patient={people.eve_patient.id}",
        reverse("clinic:course", args=[course.id]),
        reverse("clinic:single_case", args=[course.id]),
    ):
        alice.get(url)
        with statements(at_most=12):
            assert alice.get(url).status_code == 200
