"""The actions of a visit keep the invariants: licence, consent, screen, count, signature."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions.asking import answer_anything_new, facts_to_ask, flags_to_ask
from deqi.record.care.actions.needling import (
    add_to_line,
    confirm_carried,
    look_in,
    needles_in,
    needles_out,
    set_retention,
    set_treatment_line,
)
from deqi.record.care.actions.screens import lift_stop, screen_session
from deqi.record.care.actions.sessions import (
    abandon_session,
    record_after,
    record_check_in,
    set_needle_lot,
    start_session,
    tick_step,
)
from deqi.record.care.actions.signing import amend_session, content_hash, sign_session
from deqi.record.care.line import LineRefused
from deqi.record.care.models import Incident, Letter, Observation, SafetyScreen, Session, Task
from deqi.record.care.queries.case import known_facts
from deqi.record.errors import Conflict, Forbidden, NotFound, Refusal
from deqi.record.patients.models import Consent, RedFlagAnswer, SafetyFact
from deqi.record.practice.clock import today_at
from deqi.record.practice.models import Licence, NeedleLot, Room


@pytest.fixture
def alice(people):
    return people.actor("alice")


@pytest.fixture
def bob(people):
    return people.actor("bob")


@pytest.fixture
def start(alice, course, people):
    def go(actor=alice, **given):
        return start_session(actor, course.id, **{"session_id": uuid4(), "room_id": people.room.id, **given})

    return go


def known_to_be_safe(patient):
    """Answers to the core questions, as the intake would have recorded them."""
    from deqi.science.safety import facts

    for key, fact in facts().items():
        if fact.core and not fact.every_visit:
            SafetyFact.objects.create(
                patient=patient, key=key, value=False, source="patient", answered_at=timezone.now()
            )


def ask(actor, session, version=None, **yes):
    known = known_facts(session.patient, today_at(session.site))
    return answer_anything_new(
        actor,
        session.id,
        session.version if version is None else version,
        text="Nothing new",
        flags={flag.id: yes.get(flag.fact, False) for flag in flags_to_ask(known)},
        today={fact.key: yes.get(fact.key, False) for fact in facts_to_ask(known) if fact.kind == "yes_no"},
    )


def whole_visit(actor, session, line="st36 lr3 b 25mm", count=4):
    """An ordinary visit up to the signature."""
    ask(actor, session)
    session = Session.objects.get(id=session.id)
    if session.treatment_line:
        confirm_carried(actor, session.id)
    else:
        add_to_line(actor, session.id, session.version, line)
    needles_in(actor, session.id, count)
    session = needles_out(actor, session.id, count)
    record_after(
        actor, session.id, session.version, comfort_0_10=8, side_effects_asked=True, note="Slept well"
    )
    return sign_session(actor, session.id)


# -- starting


def test_without_a_licence_in_date_no_visit_starts_and_the_reason_is_said(start, people):
    Licence.objects.filter(practitioner=people.alice.practitioner).update(
        expires=timezone.now().date() - timedelta(days=1)
    )
    with pytest.raises(Refusal, match="T-alice ended on") as refused:
        start()
    assert refused.value.code == "no_licence" and not Session.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verified_on": None, "verified_by": None}, "not verified against its register"),
        ({"status": "suspended"}, "is suspended"),
        ({"jurisdiction": "DE"}, "no licence for GB is recorded"),
    ],
)
def test_every_reason_for_a_missing_licence_is_said(change, words, start, people):
    Licence.objects.filter(practitioner=people.alice.practitioner).update(**change)
    with pytest.raises(Refusal, match=words):
        start()


def test_a_licence_that_ends_today_still_holds(start, people, course):
    Licence.objects.filter(practitioner=people.alice.practitioner).update(expires=today_at(course.site))
    assert start().state == "open"


@pytest.mark.parametrize("decision", ["withdrawn", "refused"])
def test_no_visit_after_consent_was_taken_back(decision, start, course, people):
    Consent.objects.create(
        patient=course.patient,
        kind="care",
        version="1",
        text_sha256="0" * 64,
        decision=decision,
        signed_name="Eve Elm",
        at=timezone.now(),
        recorded_by=people.carol,
    )
    with pytest.raises(Refusal, match="No needle without a new consent") as refused:
        start()
    assert refused.value.code == "no_consent"


def test_no_visit_without_any_consent(start, course):
    Consent.objects.filter(patient=course.patient).delete()
    with pytest.raises(Refusal, match="has not consented"):
        start()


def test_the_same_id_twice_starts_one_visit(start):
    key = uuid4()
    assert start(session_id=key).id == start(session_id=key).id == key
    assert Session.objects.count() == 1


def test_a_second_visit_waits_until_the_first_is_signed(start, people):
    start()
    with pytest.raises(Refusal, match="not signed yet") as refused:
        start(room_id=None)
    assert refused.value.code == "open_visit"


def test_one_room_holds_one_person(start, people, course):
    from deqi.record.care.models import Course

    start()
    other = Course.objects.get(id=course.id)
    other.id, other.patient = uuid4(), people.frank_patient
    with pytest.raises(Refusal, match="Room 1 is taken"):
        from deqi.record.care.actions.sessions import _free_room

        _free_room(people.room.id)


def test_a_review_that_is_due_comes_before_the_next_visit(start, alice, course):
    now = course.revisions.get()
    now.pk, now.number, now.review_sessions = None, 2, [1, 4]
    now.save()
    whole_visit(alice, start())
    with pytest.raises(Refusal, match="review after session 1 is due") as refused:
        start()
    assert refused.value.code == "review_due"
    assert Task.objects.filter(kind="review", done_at=None).count() == 1


def test_a_practitioner_of_another_site_cannot_start_or_see_a_visit(start, people):
    with pytest.raises(NotFound):
        start(people.actor("dan"))
    session = start()
    with pytest.raises(NotFound):
        needles_in(people.actor("dan"), session.id, 4)


def test_the_front_desk_cannot_touch_a_visit(start, people):
    session = start()
    with pytest.raises(Forbidden):
        tick_step(people.actor("carol"), session.id, "feet")
    with pytest.raises(Forbidden):
        start(people.actor("carol"))


# -- asking


def test_a_red_flag_means_no_needles_a_task_and_a_letter_ready(start, alice, course):
    session = start()
    add_to_line(alice, session.id, session.version, "st36")
    session = ask(alice, Session.objects.get(id=session.id), bladder_bowel_saddle=True)
    assert session.state == "abandoned" and "cauda" in session.no_needling_reason
    letter, task = Letter.objects.get(), Task.objects.get()
    assert (letter.kind, letter.urgency, letter.sent_at) == ("referral", "emergency_now", None)
    assert letter.to.name == "Dr Gale Hazel" and task.due_on == today_at(course.site)
    assert RedFlagAnswer.objects.get(present=True).session_id == session.id
    with pytest.raises(Refusal, match="ended without needling"):
        needles_in(alice, session.id, 2)
    assert not session.placements.exists()


def test_the_same_red_flag_posted_twice_makes_one_letter(start, alice):
    session = start()
    ask(alice, session, weakness_spreading=True)
    ask(alice, session, weakness_spreading=True)
    assert (Letter.objects.count(), Task.objects.count()) == (1, 1)


def test_a_visit_that_ended_early_does_not_count_as_a_visit(start, alice):
    ask(alice, start(), weakness_spreading=True)
    assert start().number == 1


def test_every_starred_question_needs_an_answer(start, alice):
    session = start()
    with pytest.raises(Refusal, match="yes or a no") as refused:
        answer_anything_new(alice, session.id, session.version, text="", flags={}, today={})
    assert refused.value.field == "gbs-progressive-weakness"
    assert not RedFlagAnswer.objects.exists()


def test_no_needle_before_the_questions(start, alice):
    session = add_to_line(alice, start().id, 1, "st36")
    with pytest.raises(Refusal, match="before the first needle") as refused:
        needles_in(alice, session.id, 2)
    assert refused.value.code == "not_asked"


# -- the line


def test_what_is_typed_is_added_changed_and_taken_away(start, alice):
    session = start()
    for typed, line in (
        ("st36 lr3 b 25mm", "ST36 LR3 b 25mm"),
        ("li4 r; st36 30mm", "ST36 b 30mm; LR3 b 25mm; LI4 r"),
        ("all deqi", "ST36 b 30mm deqi; LR3 b 25mm deqi; LI4 r deqi"),
        ("-lr3 -li4", "ST36 b 30mm deqi"),
        ("ea sp6+st36 2/100hz", "ST36 b 30mm deqi; SP6 b; ea ST36+SP6 2/100hz"),
        ("-sp6", "ST36 b 30mm deqi"),
    ):
        session = add_to_line(alice, session.id, session.version, typed)
        assert session.treatment_line == line
        assert [row.position for row in session.placements.all()] == list(range(session.placements.count()))


def test_rows_say_what_the_line_says(start, alice):
    session = add_to_line(
        alice, start().id, 1, "st36 lr3 b 25mm deqi; bafeng:2-3 r; ea st36+lr3 2/100hz 1.5ma"
    )
    rows = {row.code: row for row in session.placements.all()}
    assert (rows["ST36"].needles, rows["ST36"].depth_mm, rows["ST36"].deqi) == (2, 25, True)
    assert (rows["EX-LE10"].members, rows["EX-LE10"].needles) == ("2,3", 2)
    pair = session.electrical_pairs.get()
    assert {pair.first_code, pair.second_code} == {"ST36", "LR3"}
    assert (pair.frequency_hz, float(pair.current_ma), pair.side) == ([2.0, 100.0], 1.5, "both")


def test_a_word_that_cannot_be_read_is_named_with_what_to_type_and_nothing_changes(start, alice):
    session = add_to_line(alice, start().id, 1, "st36")
    with pytest.raises(LineRefused) as refused:
        add_to_line(alice, session.id, session.version, "lr3 900mm; xx9")
    assert [fault.word for fault in refused.value.faults] == ["900mm", "xx9"]
    assert "".join(text for text, _ in refused.value.pieces) == "lr3 900mm; xx9"
    assert Session.objects.get(id=session.id).treatment_line == "ST36 b"


@pytest.mark.parametrize("minutes", [0, 600])
def test_an_impossible_retention_is_refused(minutes, start, alice):
    session = start()
    with pytest.raises(Refusal, match="not possible: 1 to 60"):
        set_retention(alice, session.id, session.version, minutes)
    with pytest.raises(LineRefused):
        add_to_line(alice, session.id, session.version, f"st36 {minutes}min")


def test_last_time_is_carried_over_and_waits_to_be_confirmed(start, alice):
    whole_visit(alice, start(), "st36 lr3 b 25mm deqi")
    session = start()
    assert session.number == 2 and session.treatment_line == "ST36 LR3 b 25mm"
    ask(alice, session)
    with pytest.raises(Refusal, match="Not confirmed yet from last time: LR3, ST36"):
        needles_in(alice, session.id, 4)
    add_to_line(alice, session.id, Session.objects.get(id=session.id).version, "st36")
    with pytest.raises(Refusal, match="from last time: LR3"):
        needles_in(alice, session.id, 4)
    confirm_carried(alice, session.id)
    assert needles_in(alice, session.id, 4).state == "resting"
    assert all(row.carried for row in session.placements.all())


# -- the screen


def test_a_stop_blocks_until_a_senior_lifts_it_with_a_reason(start, alice, bob, course):
    known_to_be_safe(course.patient)
    session = add_to_line(alice, start().id, 1, "st36")
    session = ask(alice, session, unwell_today=True)
    assert screen_session(alice, session.id).verdict == "stop"
    with pytest.raises(Refusal, match="Only a senior clinician") as refused:
        needles_in(alice, session.id, 2)
    assert refused.value.code == "safety_stop"
    with pytest.raises(Forbidden):
        lift_stop(alice, session.id, "I think that it is fine")
    with pytest.raises(Refusal, match="Write why"):
        lift_stop(bob, session.id, "ok")
    lift_stop(bob, session.id, "Seen by her doctor an hour ago, no fever, agreed by phone")
    assert needles_in(alice, session.id, 2).state == "resting"
    entry = AuditEntry.objects.get(verb="safety.lift_stop")
    assert "agreed by phone" in entry.detail["reason"]


def test_a_lifted_stop_does_not_lift_a_new_one(start, alice, bob, course):
    known_to_be_safe(course.patient)
    session = add_to_line(alice, start().id, 1, "st36")
    session = ask(alice, session, unwell_today=True)
    lift_stop(bob, session.id, "Seen by her doctor an hour ago, agreed")
    session = add_to_line(alice, session.id, Session.objects.get(id=session.id).version, "li4 r")
    assert SafetyScreen.objects.order_by("-at").first().lifted_by == bob_user(bob)
    SafetyFact.objects.create(
        patient=course.patient, key="cannot_consent", value=True, source="record", answered_at=timezone.now()
    )
    with pytest.raises(Refusal, match="Only a senior clinician"):
        needles_in(alice, session.id, 3)


def bob_user(bob):
    from deqi.record.practice.models import User

    return User.objects.get(id=bob.user_id)


# -- in, rest, out


@pytest.fixture
def resting(start, alice):
    session = start()
    ask(alice, session)
    session = add_to_line(alice, session.id, Session.objects.get(id=session.id).version, "st36 lr3 b 25mm")
    return needles_in(alice, session.id, 4)


def test_fewer_needles_than_the_points_make_are_refused(start, alice):
    session = ask(alice, start())
    session = add_to_line(alice, session.id, Session.objects.get(id=session.id).version, "bafeng b")
    with pytest.raises(Refusal, match="make 8 needles and 7 are counted"):
        needles_in(alice, session.id, 7)


def test_starting_the_rest_twice_keeps_the_first_time(resting, alice):
    again = needles_in(alice, resting.id, 4)
    assert again.needled_at == resting.needled_at and again.version == resting.version


def test_during_the_rest_needles_may_join_but_none_may_vanish(resting, alice):
    session = add_to_line(alice, resting.id, resting.version, "li4 r")
    assert session.needles_in == 5
    with pytest.raises(Refusal, match="cannot be taken off") as refused:
        add_to_line(alice, session.id, session.version, "-li4")
    assert refused.value.code == "needles_are_in"
    session = add_to_line(alice, session.id, session.version, "all deqi")
    assert session.needles_in == 5 and all(row.deqi for row in session.placements.all())


def test_a_count_that_differs_needs_a_reason_and_opens_an_incident(resting, alice):
    with pytest.raises(Refusal, match="4 needles went in and 3 came out") as refused:
        needles_out(alice, resting.id, 3)
    assert refused.value.code == "count_differs" and not Incident.objects.exists()
    session = needles_out(alice, resting.id, 3, "Fell into the sharps bin before the count")
    needles_out(alice, resting.id, 3, "Fell into the sharps bin before the count")
    assert session.state == "out" and Incident.objects.get().kind == "needle_count"
    found = needles_out(alice, resting.id, 4)
    assert (found.needles_out, found.count_reason, found.removed_at) == (4, "", session.removed_at)


def test_the_true_times_are_kept(resting, alice):
    assert look_in(alice, resting.id).looked_in_at >= resting.needled_at
    session = needles_out(alice, resting.id, 4)
    assert session.removed_at >= session.needled_at


def test_the_rest_cannot_have_begun_before_the_visit_or_in_the_future(start, alice):
    session = ask(alice, start())
    session = add_to_line(alice, session.id, Session.objects.get(id=session.id).version, "st36")
    for at in (session.opened_at - timedelta(minutes=1), timezone.now() + timedelta(minutes=1)):
        with pytest.raises(Refusal, match="cannot have gone in"):
            needles_in(alice, session.id, 2, at=at)


# -- signing


def test_a_visit_is_not_signed_before_the_needles_are_out_and_side_effects_asked(resting, alice):
    with pytest.raises(Refusal, match="The needles are in"):
        sign_session(alice, resting.id)
    session = needles_out(alice, resting.id, 4)
    with pytest.raises(Refusal, match="anything unwanted") as refused:
        sign_session(alice, session.id)
    assert refused.value.field == "side_effects_asked"


def test_a_second_signature_changes_nothing(start, alice, bob):
    signed = whole_visit(alice, start())
    entries = AuditEntry.objects.count()
    again = sign_session(bob, signed.id)
    assert (again.signed_at, again.signed_by_id, again.version) == (
        signed.signed_at,
        signed.signed_by_id,
        signed.version,
    )
    assert AuditEntry.objects.count() == entries


def test_a_signed_visit_refuses_every_change(start, alice):
    signed = whole_visit(alice, start())
    for attempt in (
        lambda: add_to_line(alice, signed.id, signed.version, "li4"),
        lambda: set_treatment_line(alice, signed.id, signed.version, ""),
        lambda: needles_out(alice, signed.id, 3, "late"),
        lambda: record_after(
            alice, signed.id, signed.version, comfort_0_10=1, side_effects_asked=True, note="x"
        ),
        lambda: tick_step(alice, signed.id, "feet"),
        lambda: abandon_session(alice, signed.id, "x"),
        lambda: set_needle_lot(alice, signed.id, None, signed.version),
    ):
        with pytest.raises(Refusal, match="signed record never changes"):
            attempt()


def test_the_hash_covers_needles_and_is_the_same_when_read_again(start, alice):
    signed = whole_visit(alice, start())
    assert signed.content_sha256 == content_hash(signed) and len(signed.content_sha256) == 64


def test_somebody_else_signs_only_as_a_senior(start, alice, people):
    from deqi.record.practice.models import Role

    session = start()
    ask(alice, session)
    session = add_to_line(alice, session.id, Session.objects.get(id=session.id).version, "st36")
    needles_in(alice, session.id, 2)
    session = needles_out(alice, session.id, 2)
    record_after(alice, session.id, session.version, comfort_0_10=None, side_effects_asked=True, note="")
    Role.objects.create(user=people.dan, role="practitioner", site=people.north)
    with pytest.raises(Refusal, match="Alice Ash needled"):
        sign_session(people.actor("dan"), session.id)
    assert sign_session(people.actor("bob"), session.id).signed_by_id == people.bob.id


def test_an_amendment_adds_and_the_original_stays(start, alice, bob):
    signed = whole_visit(alice, start())
    key = uuid4()
    for _ in range(2):
        amend_session(
            bob, signed.id, amendment_id=key, text="Left foot, not right", reason="slip of the tongue"
        )
    assert signed.amendments.get().author_id == bob.user_id
    assert content_hash(signed) == signed.content_sha256
    with pytest.raises(Refusal, match="Say why"):
        amend_session(bob, signed.id, amendment_id=uuid4(), text="More", reason=" ")


def test_an_unsigned_visit_has_no_amendments(resting, alice):
    with pytest.raises(Refusal, match="The needles are in"):
        amend_session(alice, resting.id, amendment_id=uuid4(), text="x", reason="y")


# -- two people, one visit


def test_the_later_of_two_sees_both_and_chooses(start, alice, bob):
    session = start()
    add_to_line(alice, session.id, session.version, "st36")
    with pytest.raises(Conflict) as conflict:
        set_treatment_line(bob, session.id, session.version, "lr3 l")
    theirs = conflict.value.theirs
    assert (theirs["treatment_line"], theirs["by"]) == ("ST36 b", "Alice Ash")
    session = set_treatment_line(bob, session.id, theirs["version"], "lr3 l")
    assert session.treatment_line == "LR3 l"


def test_two_people_at_different_parts_do_not_get_in_each_others_way(start, alice, bob):
    session = start()
    add_to_line(alice, session.id, session.version, "st36")
    saved = record_after(
        bob, session.id, session.version, comfort_0_10=7, side_effects_asked=False, note="Tired today"
    )
    assert (saved.note, saved.treatment_line) == ("Tired today", "ST36 b")


def test_the_same_words_posted_twice_change_nothing(start, alice):
    session = start()
    first = add_to_line(alice, session.id, session.version, "st36 b 25mm")
    again = add_to_line(alice, session.id, session.version, "st36 b 25mm")
    assert again.version == first.version and again.placements.count() == 1


# -- around


def test_ratings_in_the_chair_become_observations_and_a_second_post_corrects(start, alice):
    session = start()
    record_check_in(alice, session.id, {"burning": 6, "numbness": 3})
    record_check_in(alice, session.id, {"burning": 5})
    saved = {row.code: (float(row.value), row.channel, row.recall) for row in Observation.objects.all()}
    assert saved == {"burning_average": (5, "chair", "24h"), "numbness_average": (3, "chair", "24h")}
    for bad in ({"burning": 11}, {"itching": 3}):
        with pytest.raises(Refusal):
            record_check_in(alice, session.id, bad)


def test_an_expired_lot_is_refused(start, alice, people):
    old = NeedleLot.objects.create(
        site=people.north,
        maker="Maker",
        gauge_mm="0.25",
        length_mm=40,
        lot="A1",
        expires=timezone.now().date() - timedelta(days=2),
    )
    session = start()
    assert session.needle_lot_id is None
    with pytest.raises(Refusal, match="expired on"):
        set_needle_lot(alice, session.id, old.id, session.version)


def test_a_visit_takes_the_lot_in_use(start, people):
    lot = NeedleLot.objects.create(
        site=people.north,
        maker="Maker",
        gauge_mm="0.25",
        length_mm=40,
        lot="B2",
        expires=timezone.now().date() + timedelta(days=200),
    )
    assert start().needle_lot_id == lot.id


def test_a_room_of_another_site_is_not_mine_to_use(start, people):
    south = Room.objects.get(site=people.south)
    with pytest.raises(Forbidden):
        start(room_id=south.id)
