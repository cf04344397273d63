"""Chart, intake, examination, safety, course, review and letter through the pages, CSRF enforced where posted."""

from __future__ import annotations

import io
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from deqi.record.audit.models import AuditEntry
from deqi.record.care.judging import holds
from deqi.record.care.models import (
    Course,
    CourseRevision,
    Examination,
    Letter,
    Observation,
    Review,
    SafetyScreen,
    Session,
)
from deqi.record.care.queries.courses import course_position
from deqi.record.patients.models import (
    Allergy,
    CareProvider,
    Condition,
    Consent,
    Intake,
    Medication,
    RedFlagAnswer,
    SafetyFact,
    SymptomMap,
    SymptomMark,
)
from deqi.record.practice.models import Licence
from deqi.science.course.posterior import FitError

PLAN = {
    "goals": "Walk to the shop without burning feet",
    "sessions_per_week": "1",
    "weeks": "12",
    "planned_sessions": "12",
    "review_sessions": "4, 8, 12",
    "retention_min": "25",
    "modality": "manual",
    "maintenance": "None when it holds",
    "decision_rule": "Stop when it is very unlikely to help",
    "why": "Weekly suits her",
}


def url(name, *args):
    return reverse(f"clinic:{name}", args=args)


@pytest.fixture
def eve(people):
    return people.eve_patient


@pytest.fixture
def alice(as_):
    return as_("alice")


@pytest.fixture
def condition(eve):
    return Condition.objects.create(
        patient=eve,
        condition="dpn",
        label="Diabetic neuropathy",
        icd10="E11.42",
        onset=date.today() - timedelta(days=900),
        diagnosed_by="Dr Hazel",
        work_up={
            "b12_mma": {"state": "missing", "result": ""},
            "tsh": {"state": "known", "result": "2.1, May"},
        },
    )


@pytest.fixture
def course(alice, eve, condition):
    key = str(uuid4())
    response = alice.post(url("course_new", eve.id), {**PLAN, "row": key})
    assert response.status_code == 303, response.content.decode()
    return Course.objects.get(id=key)


def sessions(people, course, count, ago_days=40):
    licence = Licence.objects.get(number="T-alice")
    start = timezone.now() - timedelta(days=ago_days)
    step = timedelta(days=ago_days) / (count + 1)
    Session.objects.bulk_create(
        Session(
            course=course, patient=course.patient, site=course.site, practitioner=course.practitioner,
            licence=licence, number=n + 1, state="signed", opened_at=start + n * step, retention_planned_min=25,
            treatment_line="ST36 LR3 both", needles_in=8, needles_out=8, signed_at=start + n * step, signed_by=people.alice,
        )
        for n in range(count)
    )  # fmt: skip


def ratings(eve, before=6.5, now=4.0, days=14, ago_days=40):
    start = timezone.now() - timedelta(days=ago_days)
    Observation.objects.bulk_create(
        Observation(
            patient=eve, code="burning_average", value=value, recall="24h", channel="home", effective_at=at
        )
        for value, at in [
            *((before, start - timedelta(days=day, hours=1)) for day in range(days)),
            *((now, timezone.now() - timedelta(days=day, hours=1)) for day in range(days)),
        ]
    )


def consent(people, eve, decision="given"):
    return Consent.objects.create(
        patient=eve, kind="sharing", version="1", text_sha256="0" * 64, decision=decision,
        signed_name="Eve Elm", at=timezone.now(), recorded_by=people.eve,
    )  # fmt: skip


def test_the_chart_shows_red_flags_first_and_needs_a_clinical_role(people, alice, as_, eve):
    RedFlagAnswer.objects.create(patient=eve, flag="charcot", present=True, asked_at=timezone.now())
    page = alice.get(url("chart", eve.id)).content.decode()
    assert page.index("Red flag:") < page.index("How it has been")
    assert "Needling: no" in page and "today" in page
    assert as_("carol").get(url("chart", eve.id)).status_code == 403
    assert as_("dan").get(url("chart", eve.id)).status_code in (403, 404)


def test_the_chart_of_500_sessions_opens_with_few_statements(people, alice, eve, course, statements):
    sessions(people, course, 500, ago_days=1500)
    ratings(eve, days=60)
    for day in range(200):
        SafetyFact.objects.create(
            patient=eve,
            key="fever",
            value=False,
            source="patient",
            answered_at=timezone.now() - timedelta(days=day),
        )
    mapped = SymptomMap.objects.create(patient=eve, at=timezone.now())
    SymptomMark.objects.create(map=mapped, region="heel", side="left", sensation="burning", level_0_10=6)
    with statements(at_most=12):
        page = alice.get(url("chart", eve.id) + "?page=3").content.decode()
    assert "page 3 of 63, 500 sessions" in page and "left heel: burning 6 of 10" in page
    assert "page 1 of 63" in alice.get(url("chart", eve.id) + "?page=²").content.decode()


@pytest.mark.parametrize(
    "name", ["safety", "complete_intake", "examine", "letters", "letter_new", "course_new"]
)
def test_each_page_about_a_person_takes_few_statements(people, alice, eve, course, name, statements):
    alice.get(url(name, eve.id))
    with statements(at_most=12):
        assert alice.get(url(name, eve.id)).status_code == 200


@pytest.mark.parametrize("name", ["course", "review"])
def test_each_page_about_a_course_takes_few_statements(people, alice, eve, course, name, statements):
    sessions(people, course, 6)
    ratings(eve)
    with statements(at_most=12):
        assert alice.get(url(name, course.id)).status_code == 200


def test_a_post_without_the_csrf_token_is_refused(people, eve):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    response = browser.post(url("add_allergy", eve.id), {"a-substance": "latex", "row": str(uuid4())})
    assert response.status_code == 403
    assert not Allergy.objects.exists()


def test_the_intake_is_completed_with_flags_facts_condition_and_medicines(alice, eve):
    Intake.objects.create(
        patient=eve,
        status="submitted",
        answers={"activity": {"text": "walk to the shop"}},
        submitted_at=timezone.now(),
    )
    page = alice.get(url("complete_intake", eve.id)).content.decode()
    assert "walk to the shop" in page
    alice.post(url("record_flags", eve.id), {"charcot": "no", "cauda-equina": "no"})
    assert RedFlagAnswer.objects.filter(patient=eve, present=False).count() == 2
    facts = {
        "source": "record",
        "on": date.today().isoformat(),
        "pacemaker": "no",
        "anticoagulant": "unknown",
    }
    assert alice.post(url("record_facts", eve.id), facts).status_code == 303
    held = {row.key: (row.value, row.source) for row in SafetyFact.objects.filter(patient=eve)}
    assert held == {"pacemaker": (False, "record"), "anticoagulant": (None, "record")}
    given = {
        "row": str(uuid4()),
        "condition": "dpn",
        "icd10": "E11.42",
        "label": "",
        "onset": "2023-01-01",
        "onset_precision": "year",
        "diagnosed_by": "Dr Hazel",
        "test_b12_mma": "missing",
    }
    assert alice.post(url("record_condition", eve.id), given).status_code == 303
    row = Condition.objects.get()
    assert (row.label, row.icd10, row.work_up["b12_mma"]["state"]) == (
        "Diabetic neuropathy",
        "E11.42",
        "missing",
    )
    medicine = {
        "row": str(uuid4()),
        "m-name": "Pregabalin",
        "m-dose_text": "75 mg twice a day",
        "m-source": "patient",
    }
    for _ in range(2):
        assert alice.post(url("add_medicine", eve.id), medicine).status_code == 303
    assert Medication.objects.count() == 1
    assert alice.post(url("intake_done", eve.id)).status_code == 303
    assert Intake.objects.get().status == "completed"


def test_an_intake_is_not_complete_without_a_condition(alice, eve):
    assert alice.post(url("intake_done", eve.id)).status_code == 409


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("record_condition", {"condition": "dpn", "icd10": "G62.0"}, "another cause"),
        ("record_condition", {"condition": "dpn", "onset": "2999-01-01"}, "future"),
        ("record_condition", {"condition": "dpn", "onset": "1900-01-01"}, "before this person was born"),
        ("record_facts", {"inr": "900", "source": "record", "on": "2026-01-01", "anticoagulant": "yes"}, ""),
        ("record_facts", {"pacemaker": "no", "source": "record", "on": "2999-01-01"}, "future"),
        ("add_medicine", {"m-name": "X", "m-source": "patient", "m-started_on": "2999-01-01"}, "future"),
    ],
)
def test_an_impossible_answer_is_refused_and_what_was_typed_is_kept(alice, eve, name, data, words):
    given = {"row": str(uuid4()), "onset_precision": "month", **data}
    if name == "record_facts" and "inr" in data:
        SafetyFact.objects.create(
            patient=eve, key="anticoagulant", value=True, source="record", answered_at=timezone.now()
        )
        SafetyFact.objects.create(
            patient=eve,
            key="anticoagulant_kind",
            value="warfarin",
            source="record",
            answered_at=timezone.now(),
        )
    response = alice.post(url(name, eve.id), given)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert "What you typed is kept" in response.content.decode()


def test_a_red_flag_at_the_intake_leads_to_a_referral_and_can_be_resolved_with_words(alice, eve):
    response = alice.post(
        url("record_flags", eve.id), {"cauda-equina": "yes", "cauda-equina_note": "since Tuesday"}
    )
    assert response["Location"] == url("safety", eve.id)
    page = alice.get(url("safety", eve.id)).content.decode()
    assert "Referral letter" in page and "since Tuesday" in page and ">stop</span>" in page
    row = RedFlagAnswer.objects.get()
    assert alice.post(url("resolve_flag", eve.id, row.id), {"resolution": " "}).status_code == 409
    alice.post(url("resolve_flag", eve.id, row.id), {"resolution": "Seen by Dr Hazel today, no compression"})
    row.refresh_from_db()
    assert row.resolved_at and "Referral letter" not in alice.get(url("safety", eve.id)).content.decode()


def test_the_screen_is_kept_once_with_its_inputs(alice, eve, condition):
    key = str(uuid4())
    for _ in range(2):
        alice.post(url("record_safety", eve.id), {"row": key})
    kept = SafetyScreen.objects.get()
    assert kept.inputs["condition"] == "dpn" and kept.by.name == "Alice Ash"


def test_an_examination_becomes_observations_and_tells_the_screen_what_the_feet_feel(alice, eve):
    given = {"row": str(uuid4()), "note": "warm feet"}
    for side in ("left", "right"):
        for item in ("filament_great_toe", "filament_first_metatarsal", "filament_fifth_metatarsal"):
            given[f"{item}_{side}"] = "3"
    given |= {"filament_great_toe_left": "1", "ankle_reflex_right": "2"}
    for _ in range(2):
        assert alice.post(url("examine", eve.id), given).status_code == 303
    assert Examination.objects.count() == 1 and Observation.objects.count() == 7
    facts = dict(SafetyFact.objects.values_list("key", "value"))
    assert facts == {"insensate_feet": True, "insensate_feet_side": "left"}
    assert "1 felt of 3" in alice.get(url("examine", eve.id)).content.decode()


def test_an_impossible_finding_names_its_field(alice, eve):
    response = alice.post(url("examine", eve.id), {"row": str(uuid4()), "filament_great_toe_left": "9"})
    assert response.status_code == 422 and "Great toe, pulp, left" in response.content.decode()
    assert not Observation.objects.exists()


def test_a_course_is_proposed_with_reasons_and_kept_with_the_proposal(alice, eve, condition, course):
    page = alice.get(url("course_new", eve.id)).content.decode()
    assert "proposed" in page and "Doses trials gave" in page and "our rule" in page
    revision = CourseRevision.objects.get(course=course)
    assert revision.review_sessions == [4, 8, 12] and revision.proposal["proposal"]["condition"] == "dpn"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("retention_min", "600"),
        ("retention_min", "0"),
        ("weeks", "0"),
        ("review_sessions", "4, x"),
        ("why", ""),
    ],
)
def test_an_impossible_plan_is_refused_on_the_page(alice, eve, condition, field, value):
    response = alice.post(url("course_new", eve.id), {**PLAN, field: value, "row": str(uuid4())})
    assert response.status_code == 422 and not Course.objects.exists()
    assert "Walk to the shop" in response.content.decode()


def test_two_people_changing_one_plan_are_shown_both(alice, as_, course):
    as_("bob").post(url("course", course.id), {**PLAN, "weeks": "8", "why": "Going well", "expected": "1"})
    response = alice.post(url("course", course.id), {**PLAN, "weeks": "10", "why": "Slow", "expected": "1"})
    assert response.status_code == 409
    page = response.content.decode()
    assert "Now in force" in page and "<td>8</td><td>10</td>" in page
    assert CourseRevision.objects.filter(course=course).count() == 2


def decide(alice, course, **changes):
    given = {"row": str(uuid4()), "decision": "go_on", "reason": "Burning is down", "global_change": "2"}
    return alice.post(url("review", course.id), {**given, **changes})


def test_a_review_keeps_the_judgement_its_inputs_and_the_decision_and_never_changes(
    people, alice, eve, course
):
    sessions(people, course, 4)
    ratings(eve)
    page = alice.get(url("review", course.id)).content.decode()
    assert "not a treatment effect" in page and "because of" not in page
    key = str(uuid4())
    for _ in range(2):
        assert decide(alice, course, row=key).status_code == 303
    review = Review.objects.get()
    simple = review.result["judged"]["symptoms"]["burning"]["simple"]
    assert (simple["baseline_mean"], simple["current_mean"], simple["enough"]) == (6.5, 4.0, True)
    assert holds(review) and review.after_session == 4
    assert course_position(course).next_review == 8
    assert alice.get(url("review_held", review.id)).status_code == 200
    assert decide(alice, course, reason="again").status_code == 422


def test_a_review_without_enough_ratings_says_so(people, alice, eve, course):
    sessions(people, course, 4)
    ratings(eve, days=2)
    assert "not enough ratings yet" in alice.get(url("review", course.id)).content.decode()


def test_a_review_the_model_cannot_work_out_still_shows_the_means(people, alice, eve, course, monkeypatch):
    def refuse(*_, **__):
        raise FitError("the ratings could not be fitted")

    for module in ("model", "fan"):
        monkeypatch.setattr(f"deqi.science.course.{module}.fit", refuse)
    sessions(people, course, 4)
    ratings(eve)
    page = alice.get(url("review", course.id)).content.decode()
    assert "not computed" in page and "could not work these ratings out" in page
    assert "<b>6.5</b>" in page and "<b>4</b>" in page  # the seven-day means
    assert decide(alice, course).status_code == 303
    review = Review.objects.get()
    assert review.result["judged"]["symptoms"]["burning"]["model"]["verdict"] == "not_computed"
    assert "not computed" in alice.get(url("review_held", review.id)).content.decode()


def test_after_the_last_planned_review_a_next_one_is_asked_for(people, alice, course):
    sessions(people, course, 12)
    assert decide(alice, course).status_code == 422
    assert not Review.objects.exists()
    assert (
        decide(alice, course, next_review="16", sessions_per_week="0.5", decision="taper").status_code == 303
    )
    course.refresh_from_db()
    position = course_position(course)
    assert (course.status, position.next_review, position.planned, position.due) == (
        "maintenance",
        16,
        16,
        False,
    )


def test_stopping_ends_the_course_and_asks_for_a_letter(people, alice, eve, course):
    sessions(people, course, 4)
    decide(alice, course, decision="stop", reason="No change that matters")
    course.refresh_from_db()
    assert course.status == "ended" and eve.tasks.get(done_at=None).kind == "letter"


def draft(alice, eve, **changes):
    doctor = CareProvider.objects.get(patient=eve)
    given = {
        "row": str(uuid4()), "to": str(doctor.id), "urgency": "routine", "asked_first": "Was B12 measured?",
        "reason": "Diabetic neuropathy (E11.42)", "findings": "One\nTwo", "plan": "Go on",
    }  # fmt: skip
    response = alice.post(url("letter_new", eve.id), {**given, **changes})
    assert response.status_code == 303, response.content.decode()
    return Letter.objects.latest("written_at")


def test_a_letter_is_one_tagged_page_with_title_language_and_the_request_first(people, alice, eve, course):
    from pypdf import PdfReader

    sessions(people, course, 4)
    ratings(eve)
    decide(alice, course)
    page = alice.get(url("letter_new", eve.id)).content.decode()
    assert "vitamin B12" in page and "6.5 before, 4.0 now" in page
    letter = draft(alice, eve)
    pdf = PdfReader(io.BytesIO(alice.get(url("letter_pdf", letter.id)).content))
    assert len(pdf.pages) == 1
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"].startswith("en")
    assert pdf.metadata.title.startswith("Report: Eve Elm")
    text = pdf.pages[0].extract_text()
    order = [
        "Synthetic",
        "Dr Gale Hazel",
        "Was B12 measured?",
        "E11.42",
        "Go on",
        "complementary",
        "Alice Ash",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert b"PNG" in alice.get(url("letter_png", letter.id)).content[:8]


def test_nothing_is_sent_without_consent_and_the_page_says_why(people, alice, eve):
    letter = draft(alice, eve)
    for decision, words in ((None, "has not been asked"), ("refused", "refused"), ("withdrawn", "withdrew")):
        if decision:
            consent(people, eve, decision)
        response = alice.post(url("letter_send", letter.id), {"how": "email"}, follow=True)
        assert words in response.content.decode()
    letter.refresh_from_db()
    assert letter.sent_at is None and not mail.outbox


def test_a_letter_is_sent_once_kept_as_sent_and_logged(people, alice, eve):
    given = consent(people, eve)
    letter = draft(alice, eve)
    for _ in range(2):
        alice.post(url("letter_send", letter.id), {"how": "email"})
    letter.refresh_from_db()
    assert len(mail.outbox) == 1 and mail.outbox[0].to == ["gale@surgery.example"]
    assert "Elm" not in mail.outbox[0].subject + mail.outbox[0].body
    assert bytes(letter.pdf) == mail.outbox[0].attachments[0].content and letter.consent == given
    entry = AuditEntry.objects.filter(verb="letter.send", object_id=str(letter.id)).latest("id")
    sent = [e for e in AuditEntry.objects.filter(verb="letter.send") if "sha256" in e.detail]
    assert len(sent) == 1 and entry is not None and sent[0].detail["sha256"] == letter.pdf_sha256
    response = alice.post(
        url("letter", letter.id), {"to": str(letter.to_id), "urgency": "routine", "asked_first": "x"}
    )
    assert response.status_code == 422 and "stays as it was" in response.content.decode()


def test_a_letter_that_mail_does_not_take_is_not_sent(people, alice, eve, monkeypatch):
    def fail(self):
        raise UnicodeEncodeError("ascii", "Füße", 1, 2, "ordinal not in range")

    consent(people, eve)
    letter = draft(alice, eve)
    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    page = alice.post(url("letter_send", letter.id), {"how": "email"}, follow=True).content.decode()
    assert "holds signs that mail cannot carry" in page and "\\xfc" not in page and "ü" not in page
    letter.refresh_from_db()
    assert (letter.sent_at, letter.mailed_at, letter.pdf) == (None, None, None)
    assert not AuditEntry.objects.filter(verb="letter.send", object_id=str(letter.id)).exists()


def test_a_letter_longer_than_a_page_is_not_sent(people, alice, eve):
    consent(people, eve)
    letter = draft(alice, eve, findings="\n".join(f"Finding {n}" for n in range(120)))
    response = alice.post(url("letter_send", letter.id), {"how": "printed"}, follow=True)
    assert "Shorten it to one" in response.content.decode()
    letter.refresh_from_db()
    assert letter.sent_at is None


def test_a_referral_stands_ready_the_same_day(people, alice, eve):
    alice.post(url("record_flags", eve.id), {"cauda-equina": "yes"})
    page = alice.get(url("letter_new", eve.id) + "?kind=referral&flag=cauda-equina").content.decode()
    assert "Emergency, by telephone now" in page and "No needling until" in page


def test_the_front_desk_may_send_but_not_read(people, as_, alice, eve):
    consent(people, eve)
    letter = draft(alice, eve)
    carol = as_("carol")
    assert carol.get(url("letter", letter.id)).status_code == 403
    assert carol.get(url("letter_pdf", letter.id)).status_code == 403


def test_sharing_is_asked_in_the_room_and_then_a_letter_goes(people, alice, as_, eve):
    letter = draft(alice, eve)
    assert url("consents", eve.id) + "#sharing" in alice.get(url("letter", letter.id)).content.decode()
    given = {"kind": "sharing", "decision": "given", "name": "", "version": "1"}
    assert alice.post(url("consents", eve.id), given).status_code == 422
    assert as_("carol").post(url("consents", eve.id), {**given, "name": "Eve Elm"}).status_code == 303
    alice.post(url("letter_send", letter.id), {"how": "handed"})
    letter.refresh_from_db()
    assert letter.sent_how == "handed" and letter.consent.recorded_by == people.carol


def test_a_referral_that_a_visit_drafted_is_filled_from_the_record(people, alice, eve, course):
    from pypdf import PdfReader

    letter = Letter.objects.create(
        patient=eve, to=CareProvider.objects.get(patient=eve), kind="referral", urgency="same_day",
        asked_first="Please see this person today.", written_by=people.alice, written_at=timezone.now(),
        body={"red_flags": [{"id": "charcot"}], "anything_new": "my foot is hot and swollen"},
    )  # fmt: skip
    page = alice.get(url("letter", letter.id)).content.decode()
    assert "E11.42" in page and "my foot is hot and swollen" in page
    text = PdfReader(io.BytesIO(alice.get(url("letter_pdf", letter.id)).content)).pages[0].extract_text()
    assert "Today, by telephone first" in text and "my foot is hot and swollen" in text


def test_the_letter_page_takes_few_statements(people, alice, eve, course, statements):
    letter = draft(alice, eve)
    with statements(at_most=12):
        assert alice.get(url("letter", letter.id)).status_code == 200
