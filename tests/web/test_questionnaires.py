"""Questionnaires from the file to the chart: brought in, allowed, given, answered, sent, corrected, retired."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import Error, transaction
from django.utils import timezone
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

from deqi.record.audit.models import AuditEntry
from deqi.record.care.models import Observation
from deqi.record.errors import Forbidden, NotFound, Refusal
from deqi.record.questionnaires.actions.instruments import (
    InstrumentRefused,
    import_instrument,
    record_permission,
    retire_instrument,
)
from deqi.record.questionnaires.actions.responses import amend, answer, assign, code_of, complete, withdraw
from deqi.record.questionnaires.models import Assignment, Instrument, Response, ResponseNumber, UsePermission
from deqi.record.questionnaires.queries import asked_of, instruments, score_lines, score_numbers
from tests.questionnaires import calculated, made_up, questionnaire, source, tnsc_like

SELF, STAFF = "self.answer", "clinical.write"


@pytest.fixture
def instrument(people):
    manager = people.actor("max")
    kept = import_instrument(manager, source())
    record_permission(manager, kept.id, uuid4(), who="The owner", statement="For this clinic, by letter.")
    return kept


@pytest.fixture
def given(people, instrument, course):
    return assign(people.actor("alice"), people.eve_patient.id, uuid4(), instrument.id, where="home")


def fill(people, given, verb=SELF, who="eve", **answers):
    answers = {"1": ["3"], "2": ["1.5"], "3": ["2"], "4": ["yes"], **answers}
    for link_id, values in answers.items():
        answer(people.actor(who), people.eve_patient.id, given.id, link_id, values, verb=verb)


@pytest.fixture
def sent(people, given):
    fill(people, given)
    return complete(people.actor("eve"), people.eve_patient.id, given.id, verb=SELF)


# --- bringing one in


def test_an_instrument_is_kept_once_and_a_version_never_changes(people):
    manager = people.actor("max")
    kept = import_instrument(manager, source())
    assert import_instrument(manager, source()) == kept and kept.key == "a-made-up-form"
    with pytest.raises(Refusal, match="other content"):
        import_instrument(manager, source(title="Another"))
    newer = import_instrument(manager, source(version="2.0"))
    assert newer.key == kept.key and Instrument.objects.count() == 2
    other = import_instrument(manager, source(url="https://example.org/else"))
    assert other.key == "a-made-up-form-2"


def test_a_file_with_faults_keeps_nothing_and_names_each_place(people):
    raw = made_up()
    raw["item"][1].pop("text")
    raw["item"][2].pop("answerOption")
    with pytest.raises(InstrumentRefused) as refused:
        import_instrument(people.actor("max"), json.dumps(raw).encode())
    assert [path for path, _ in refused.value.problems] == ["$.item[1].text", "$.item[2]"]
    assert not Instrument.objects.exists()


def test_only_a_manager_or_a_senior_clinician_brings_one_in(people, instrument):
    with pytest.raises(Forbidden):
        import_instrument(people.actor("alice"), source(version="3"))
    assert import_instrument(people.actor("bob"), source(version="3"))
    assert len(instruments(people.actor("alice"))) == 2


def test_without_a_permission_in_date_it_is_given_to_nobody(people, course):
    manager, alice = people.actor("max"), people.actor("alice")
    kept = import_instrument(manager, source())

    def give():
        return assign(alice, people.eve_patient.id, uuid4(), kept.id, where="room")

    with pytest.raises(Refusal, match="Nobody has recorded"):
        give()
    with pytest.raises(Refusal, match="past"):
        record_permission(
            manager, kept.id, uuid4(), who="O", statement="Until then only.", until=timezone.now().date() - timedelta(days=1)
        )  # fmt: skip
    record_permission(
        manager, kept.id, uuid4(), who="O", statement="For this clinic.", until=timezone.now().date()
    )
    assert give()
    UsePermission.objects.create(
        instrument=kept, who="O", statement="It has ended.", until=timezone.now().date() - timedelta(days=1),
        recorded_by=people.max, recorded_at=timezone.now(),
    )  # fmt: skip
    with pytest.raises(Refusal, match="ended"):
        give()
    retire_instrument(manager, kept.id)
    with pytest.raises(Refusal, match="retired"):
        give()


def test_a_permission_posted_twice_is_one(people, instrument):
    one = uuid4()
    for _ in range(2):
        record_permission(
            people.actor("max"), instrument.id, one, who="The owner", statement="Again, by letter."
        )
    assert instrument.permissions.count() == 2


# --- answering


def test_each_answer_is_kept_at_once_and_can_be_gone_on_with(people, given):
    eve = people.actor("eve")
    answer(eve, people.eve_patient.id, given.id, "1", ["7"], verb=SELF)
    row = answer(eve, people.eve_patient.id, given.id, "1", ["6"], verb=SELF)
    assert row.answers == {"1": [6]} and Response.objects.count() == 1
    assert asked_of(people.eve_patient)[0].answered == 1


def test_what_is_not_shown_is_not_answered(people, given):
    with pytest.raises(NotFound):
        answer(people.actor("eve"), people.eve_patient.id, given.id, "4", ["yes"], verb=SELF)


def test_an_answer_out_of_range_is_said_and_the_one_before_stays(people, given):
    eve = people.actor("eve")
    answer(eve, people.eve_patient.id, given.id, "1", ["7"], verb=SELF)
    with pytest.raises(Refusal, match="10"):
        answer(eve, people.eve_patient.id, given.id, "1", ["70"], verb=SELF)
    assert Response.objects.get().answers == {"1": [7]}


def test_it_is_not_sent_before_what_must_be_answered_is(people, given):
    eve = people.actor("eve")
    with pytest.raises(Refusal, match="Nothing"):
        complete(eve, people.eve_patient.id, given.id, verb=SELF)
    answer(eve, people.eve_patient.id, given.id, "1", ["7"], verb=SELF)
    with pytest.raises(Refusal, match="1 still"):
        complete(eve, people.eve_patient.id, given.id, verb=SELF)


def test_a_number_that_cannot_be_kept_is_said_and_nothing_is_lost(people, given):
    fill(people, given, **{"2": ["1000000"]})
    eve, key = people.actor("eve"), (people.eve_patient.id, given.id)
    with pytest.raises(Refusal, match=r"How much.*1,000,000") as refused:
        complete(eve, *key, verb=SELF)
    assert refused.value.field == "2"
    kept = Response.objects.get()
    assert kept.status == Response.Status.OPEN and kept.answers["2"] == [1000000]
    assert not Observation.objects.filter(code__startswith="form:").exists()
    answer(eve, *key, "2", ["999999"], verb=SELF)
    complete(eve, *key, verb=SELF)
    assert Observation.objects.filter(value=999_999).count() >= 1


def test_a_score_that_cannot_be_kept_is_said(people, course):
    manager = people.actor("max")
    one = {"linkId": "1", "text": "Which?", "type": "integer", "required": True}
    form = questionnaire(one, calculated("2", "999999 + 1", "All in all"))
    kept = import_instrument(manager, json.dumps(form).encode())
    record_permission(manager, kept.id, uuid4(), who="The owner", statement="For this clinic, by letter.")
    given = assign(people.actor("alice"), people.eve_patient.id, uuid4(), kept.id, where="home")
    eve = people.actor("eve")
    answer(eve, people.eve_patient.id, given.id, "1", ["1"], verb=SELF)
    with pytest.raises(Refusal, match=r"All in all.*1,000,000"):
        complete(eve, people.eve_patient.id, given.id, verb=SELF)
    assert Response.objects.get().answers == {"1": [1]}


def test_sent_it_is_a_fhir_resource_and_each_number_an_observation(people, sent, instrument, course):
    QuestionnaireResponse.model_validate(json.loads(json.dumps(sent.resource)))
    assert sent.resource["questionnaire"] == "https://example.org/forms/made-up|1.0"
    numbers = {
        n.key: (n.kind, float(n.observation.value)) for n in sent.numbers.select_related("observation")
    }
    assert numbers == {
        "sum": ("score", 5.0), "mean": ("score", 2.5), "double": ("score", 10.0),
        "1": ("answer", 3.0), "2": ("answer", 1.5), "3": ("answer", 2.0), "4": ("answer", 1.0),
    }  # fmt: skip
    one = Observation.objects.get(code="form:a-made-up-form:sum")
    assert (one.channel, one.effective_at, one.course, one.recorded_by) == (
        "home", sent.completed_at, course, people.eve,
    )  # fmt: skip
    assert one.of_questionnaire.response.instrument == instrument


def test_sent_twice_changes_nothing(people, sent, given):
    again = complete(people.actor("eve"), people.eve_patient.id, given.id, verb=SELF)
    assert again.completed_at == sent.completed_at and Response.objects.count() == 1
    assert ResponseNumber.objects.count() == 7


def test_once_sent_nothing_changes_it(people, sent, given):
    with pytest.raises(Refusal, match="sent already"):
        answer(people.actor("eve"), people.eve_patient.id, given.id, "1", ["9"], verb=SELF)
    for what in ({"answers": {}}, {"resource": {}}, {"status": "in-progress"}):
        with pytest.raises(Error, match="never changes"), transaction.atomic():
            Response.objects.filter(id=sent.id).update(**what)
    for row in (Response.objects.filter(id=sent.id), ResponseNumber.objects.filter(response=sent),
                UsePermission.objects.all(), Instrument.objects.all()):  # fmt: skip
        with pytest.raises(Error, match="never changes"), transaction.atomic():
            row._raw_delete("default")
    with pytest.raises(Error, match="never changes"), transaction.atomic():
        Instrument.objects.update(title="Another")


def test_a_correction_is_added_and_counts_while_the_first_stays(people, sent):
    alice, eve = people.actor("alice"), people.eve_patient.id
    one = uuid4()
    made = amend(alice, eve, sent.id, one, {"1": ["8"]}, "Misread the question")
    assert amend(alice, eve, sent.id, one, {"1": ["8"]}, "Misread the question") == made
    sent.refresh_from_db()
    assert sent.answers["1"] == [3] and made.answers["1"] == [8] and made.status == "amended"
    assert made.resource["status"] == "amended" and made.answers["3"] == [2]
    line = next(one for one in score_lines(score_numbers(people.eve_patient)) if one.label == "Sum")
    assert [value for _, value in line.points] == [10.0]
    with pytest.raises(Refusal, match="newest"):
        amend(alice, eve, sent.id, uuid4(), {"1": ["2"]}, "Once more")
    assert amend(alice, eve, made.id, uuid4(), {"1": ["2"]}, "Once more").amends == made


@pytest.mark.parametrize(
    "changes, reason, message",
    [({"1": ["3"]}, "For a reason", "Nothing is different"), ({"1": ["99"]}, "For a reason", "10"),
     ({"1": [""]}, "For a reason", "must be answered"), ({"1": ["4"]}, "", "Say why")],
)  # fmt: skip
def test_a_correction_says_why_and_what(people, sent, changes, reason, message):
    with pytest.raises(Refusal, match=message):
        amend(people.actor("alice"), people.eve_patient.id, sent.id, uuid4(), changes, reason)
    assert Response.objects.count() == 1


def test_in_the_room_staff_answer_with_the_person(people, instrument, course):
    alice = people.actor("alice")
    given = assign(alice, people.eve_patient.id, uuid4(), instrument.id, where="room")
    with pytest.raises(NotFound):
        answer(people.actor("eve"), people.eve_patient.id, given.id, "1", ["3"], verb=SELF)
    fill(people, given, verb=STAFF, who="alice")
    row = complete(alice, people.eve_patient.id, given.id, verb=STAFF)
    assert (
        row.channel == "chair" and Observation.objects.get(code__endswith=":sum").recorded_by == people.alice
    )


def test_what_is_taken_back_is_no_longer_asked(people, given):
    withdraw(people.actor("alice"), people.eve_patient.id, given.id)
    assert asked_of(people.eve_patient) == []
    with pytest.raises(Refusal, match="no longer asked"):
        answer(people.actor("eve"), people.eve_patient.id, given.id, "1", ["3"], verb=SELF)


def test_a_shipped_scorer_counts_beside_the_file(people, course):
    manager, alice = people.actor("max"), people.actor("alice")
    with pytest.raises(InstrumentRefused):
        import_instrument(manager, source(), scorer="tnsc")
    kept = import_instrument(manager, json.dumps(tnsc_like()).encode(), scorer="tnsc")
    record_permission(manager, kept.id, uuid4(), who="The owner", statement="For this clinic.")
    given = assign(alice, people.eve_patient.id, uuid4(), kept.id, where="room")
    for link_id in (
        "sensory_symptoms",
        "motor_symptoms",
        "autonomic_symptoms",
        "pin",
        "item5",
        "item6",
        "item7",
    ):
        answer(alice, people.eve_patient.id, given.id, link_id, ["2"], verb=STAFF)
    complete(alice, people.eve_patient.id, given.id, verb=STAFF)
    assert Observation.objects.get(code=code_of(kept, "scorer:total")).value == 14


def test_a_part_left_out_is_not_filled_in(people, course):
    manager, alice = people.actor("max"), people.actor("alice")
    kept = import_instrument(manager, json.dumps(tnsc_like()).encode(), scorer="tnsc")
    record_permission(manager, kept.id, uuid4(), who="The owner", statement="For this clinic.")
    given = assign(alice, people.eve_patient.id, uuid4(), kept.id, where="room")
    answer(alice, people.eve_patient.id, given.id, "pin", ["2"], verb=STAFF)
    complete(alice, people.eve_patient.id, given.id, verb=STAFF)
    assert not Observation.objects.filter(code__contains="scorer").exists()


def test_a_long_link_id_still_makes_a_short_code(instrument):
    code = code_of(instrument, "a very long link id " * 5)
    assert len(code) <= 60 and code != code_of(instrument, "a very long link id " * 6)


# --- pages


def upload(browser, raw, **more):
    file = SimpleUploadedFile("form.json", raw, "application/json")
    return browser.post("/questionnaires/import/", {"file": file, "scorer": "", **more})


def test_the_way_of_a_questionnaire_over_the_pages(as_, people, course):
    manager, alice, eve = as_("max"), as_("alice"), as_("eve")
    assert upload(manager, source()).status_code == 303
    kept = Instrument.objects.get()
    page = manager.get(f"/questionnaires/{kept.id}/").content.decode()
    assert "Nobody has recorded" in page and "Last answers" in page and "Anything else?" in page
    answered = manager.post(
        f"/questionnaires/{kept.id}/permit/",
        {"row": uuid4(), "who": "The owner", "statement": "For this clinic, by letter.", "until": ""},
    )
    assert answered.status_code == 303
    theirs = f"/patients/{people.eve_patient.id}/questionnaires/"
    row = uuid4()
    for _ in range(2):
        posted = alice.post(
            f"{theirs}give/", {"row": row, "instrument": kept.id, "where": "home", "due_on": ""}
        )
        assert posted.status_code == 303
    given = Assignment.objects.get()
    assert "A made-up form" in eve.get("/me/").content.decode()
    begin = eve.get(f"/me/questionnaires/{given.id}/")
    at = begin["Location"]
    assert at.endswith("/1/")
    text = eve.get(at).content.decode()
    assert "How many?" in text and "Think of this week." in text and 'name="value" value="10"' in text
    refused = eve.post(at, {"value": "77"})
    assert refused.status_code == 422 and "The most that can be given is 10" in refused.content.decode()
    at = eve.post(at, {"value": "3"})["Location"]
    refused = eve.post(at, {"value": "many"})
    assert refused.status_code == 422 and 'value="many"' in refused.content.decode()
    for value in ("1,5", "2", "left", "yes", ["0", "2"], "<b>words</b>"):
        at = eve.post(at, {"value": value})["Location"]
    text = eve.get(at).content.decode()
    assert at.endswith("/all/") and "left, both" in text and "&lt;b&gt;words" in text
    assert eve.post(f"/me/questionnaires/{given.id}/send/").status_code == 303
    text = alice.get(theirs).content.decode()
    assert "Sum 5" in text and "Mean 2.5" in text
    assert "A made-up form" in alice.get(f"/patients/{people.eve_patient.id}/chart/").content.decode()
    assert "Questionnaires in this course" in alice.get(f"/courses/{course.id}/").content.decode()
    answers = f"{theirs}answers/{Response.objects.get().id}/"
    assert "left, both" in alice.get(answers).content.decode()
    body = {
        "row": uuid4(),
        "q1": "4",
        "q2": "1.5",
        "q3": "2",
        "q4": "left",
        "q5": "yes",
        "q6": ["0"],
        "q7": "",
    }
    refused = alice.post(f"{answers}amend/", {**body, "reason": ""})
    assert refused.status_code == 422 and "Say why" in refused.content.decode()
    assert alice.post(f"{answers}amend/", {**body, "reason": "Read it anew"}).status_code == 303
    assert Response.objects.get(amends=None).answers["1"] == [3]
    assert "This was corrected" in alice.get(answers).content.decode()


def test_a_file_with_faults_is_answered_with_their_places(as_, people):
    raw = made_up()
    raw["item"][1]["type"] = "attachment"
    answered = upload(as_("max"), json.dumps(raw).encode())
    text = answered.content.decode()
    assert answered.status_code == 422 and "$.item[1].type" in text and "attachment are not taken" in text
    assert upload(as_("max"), b"\xff\xfe nonsense").status_code == 422
    assert upload(as_("alice"), source()).status_code == 403
    assert not Instrument.objects.exists()


def test_the_file_can_be_taken_out_again(as_, people, instrument):
    answered = as_("bob").get(f"/questionnaires/{instrument.id}/file/")
    assert json.loads(answered.content) == made_up()


def test_asked_in_the_room_it_opens_at_once(as_, people, instrument, course):
    theirs = f"/patients/{people.eve_patient.id}/questionnaires/"
    alice = as_("alice")
    posted = alice.post(
        f"{theirs}give/", {"row": uuid4(), "instrument": instrument.id, "where": "room", "due_on": ""}
    )
    at = alice.get(posted["Location"])["Location"]
    text = alice.get(at).content.decode()
    assert "How many?" in text and people.eve_patient.name in text


def test_reading_and_answering_leave_their_entries(as_, people, sent):
    as_("alice").get(f"/patients/{people.eve_patient.id}/questionnaires/answers/{sent.id}/")
    verbs = set(AuditEntry.objects.filter(patient_id=people.eve_patient.id).values_list("verb", flat=True))
    assert {"form.assign", "self.answer", "clinical.view"} <= verbs


def test_pages_take_few_queries(as_, people, instrument, course, statements):
    alice = people.actor("alice")
    for _ in range(3):
        given = assign(alice, people.eve_patient.id, uuid4(), instrument.id, where="room")
        fill(people, given, verb=STAFF, who="alice")
        complete(alice, people.eve_patient.id, given.id, verb=STAFF)
    assign(alice, people.eve_patient.id, uuid4(), instrument.id, where="home")
    page = as_("alice")
    for url in (f"/patients/{people.eve_patient.id}/questionnaires/", f"/patients/{people.eve_patient.id}/chart/",
                f"/courses/{course.id}/", "/questionnaires/"):  # fmt: skip
        page.get(url)
        with statements(12):
            assert page.get(url).status_code == 200
