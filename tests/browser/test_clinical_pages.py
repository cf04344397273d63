"""An acupuncturist with one new person: intake, examination, course, review, letter, by keyboard where seconds count."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from deqi.record.care.models import Course, CourseRevision, Letter, Observation, Review, Session, Task
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
from tests.browser.conftest import axe, picture

pytestmark = pytest.mark.browser


def at(days):
    return timezone.now() - timedelta(days=days)


@pytest.fixture
def told(people):
    """Eve has told her story at home."""
    eve = people.eve_patient
    Intake.objects.create(
        patient=eve,
        status="submitted",
        submitted_at=at(2),
        answers={
            "symptoms": {"chosen": ["burning", "numbness"]},
            "since": {"year": 2023, "month": 6},
            "activity": {"text": "walk to the shop and back without stopping"},
            "expectation": {"value": 6},
        },
    )
    drawn = SymptomMap.objects.create(patient=eve, at=at(2))
    for region, side, sensation, level in [
        ("right_heel", "right", "burning", 7),
        ("left_heel", "left", "burning", 6),
        ("right_great_toe_sole", "right", "numbness", 5),
    ]:
        SymptomMark.objects.create(map=drawn, region=region, side=side, sensation=sensation, level_0_10=level)
    for key, value in {"anticoagulant": True, "pacemaker": False, "pregnant": False}.items():
        SafetyFact.objects.create(patient=eve, key=key, value=value, source="patient", answered_at=at(2))
    return eve


@pytest.fixture
def treated(people, told):
    """Eve after six of twelve sessions, with ratings at home."""
    eve, alice = told, people.alice
    condition = Condition.objects.create(
        patient=eve, condition="dpn", label="Diabetic neuropathy", icd10="E11.42",
        onset=date.today() - timedelta(days=1100), diagnosed_by="Dr Hazel",
        work_up={"b12_mma": {"state": "missing", "result": ""}},
    )  # fmt: skip
    course = Course.objects.create(
        patient=eve, site=people.north, practitioner=alice.practitioner, condition=condition,
        status="active", opened_at=at(56),
    )  # fmt: skip
    CourseRevision.objects.create(
        course=course, number=1, goals="walk to the shop and back without stopping", sessions_per_week=1,
        weeks=12, planned_sessions=12, review_sessions=[6, 12], why="Weekly suits her", decided_by=alice,
        decided_at=at(56), maintenance="None when it holds.",
        decision_rule="Likely yes: consolidate and plan the taper. Unclear: go on to week 12 with one stated change. Very unlikely: stop, and write to the doctor.",
    )  # fmt: skip
    licence = Licence.objects.get(number="T-alice")
    for n in range(6):
        Session.objects.create(
            course=course, patient=eve, site=people.north, practitioner=alice.practitioner, licence=licence,
            number=n + 1, state="signed", opened_at=at(42 - 7 * n), retention_planned_min=25, needles_in=12,
            needles_out=12, treatment_line="ST36 LR3 SP6 KI3 both 15mm deqi", signed_at=at(42 - 7 * n), signed_by=alice,
        )  # fmt: skip
    wobble = [0.5, -0.5, 0, 1, -1, 0.5, 0]
    rows = []
    for day in range(55, 0, -1):
        since = max(0, 42 - day) / 42
        for code, base, fall in (("burning", 7, 2.8), ("numbness", 5, 0.4), ("tingling", 6, 1.2)):
            if code == "tingling" and day % 3:
                continue
            value = max(0, min(10, round(base - fall * since + wobble[(day + len(code)) % 7])))
            rows.append(
                Observation(
                    patient=eve, course=course, code=f"{code}_average", value=value, recall="24h",
                    channel="home", effective_at=at(day),
                )
            )  # fmt: skip
    for day, value in ((45, 7), (24, 6), (2, 4)):
        rows.append(
            Observation(patient=eve, code="impact_walking", value=value, channel="home", effective_at=at(day))
        )
    Observation.objects.bulk_create(rows)
    Medication.objects.create(patient=eve, name="Metformin", dose_text="1 g twice a day")
    Medication.objects.create(
        patient=eve, name="Pregabalin", dose_text="75 mg twice a day", reason="nerve pain",
        started_on=date.today() - timedelta(days=20),
    )  # fmt: skip
    Allergy.objects.create(patient=eve, substance="Latex", reaction="rash")
    Task.objects.create(
        patient=eve, site=people.north, kind="review", title="Review after session 6", due_on=date.today(),
        link=f"/courses/{course.id}/review/",
    )  # fmt: skip
    return course


def test_a_new_person_goes_from_their_story_to_an_open_course(sign_in, told):
    page = sign_in("alice")
    page.goto(f"/patients/{told.id}/chart/")
    axe(page)
    picture(page, "chart-new")
    page.keyboard.press("i")
    page.wait_for_url("**/intake/")
    assert "walk to the shop" in page.content()
    axe(page)
    picture(page, "intake-staff", sizes=("desk",), schemes=("light",))
    picture(page, "intake-staff", sizes=("phone",), schemes=("dark",))
    page.get_by_role("button", name="Keep the red flags").scroll_into_view_if_needed()
    page.get_by_role("button", name="the rest is no").click()
    page.get_by_role("button", name="Keep the red flags").click()
    page.wait_for_url("**/intake/#safety-questions")
    page.get_by_label("Cause").select_option("dpn")
    page.get_by_label("ICD-10 code").select_option("E11.42")
    page.get_by_label("Began").fill("2023-06-01")
    page.get_by_role("button", name="Keep the condition").click()
    page.wait_for_url("**/intake/#medicines")
    page.get_by_role("button", name="Intake complete").click()
    page.wait_for_url("**/examinations/new/")
    axe(page)
    picture(page, "examination")
    for item in ("filament_great_toe", "filament_first_metatarsal", "filament_fifth_metatarsal"):
        for side, felt in (("right", "3"), ("left", "1")):
            page.locator(f"[name={item}_{side}]").fill(felt)
    page.locator("[name=ankle_reflex_right]").select_option("1")
    page.get_by_role("button", name="Save the examination").click()
    page.wait_for_url("**/chart/")
    page.keyboard.press("s")
    page.wait_for_url("**/safety/")
    axe(page)
    picture(page, "safety")
    page.keyboard.press("c")
    page.wait_for_url("**/courses/new/")
    axe(page)
    picture(page, "course-new")
    page.get_by_label("Why this plan").fill("Weekly visits suit her and the way is short")
    page.get_by_role("button", name="Open the course").click()
    page.wait_for_url("**/courses/*-*/")
    assert "Visit 1 of" in page.content()
    axe(page)
    picture(page, "course")
    page.get_by_role("link", name="Let chance decide").click()
    page.get_by_role("button", name="Fix the protocol and offer it").click()
    page.get_by_text("nothing is drawn until they agree").wait_for()
    axe(page)
    picture(page, "chance")


def test_a_review_is_held_and_its_letter_sent(people, sign_in, treated):
    eve = people.eve_patient
    Consent.objects.create(
        patient=eve, kind="sharing", version="1", text_sha256="0" * 64, decision="given", signed_name="Eve Elm",
        at=at(50), recorded_by=people.eve,
    )  # fmt: skip
    page = sign_in("alice")
    page.goto(f"/patients/{eve.id}/chart/")
    axe(page)
    picture(page, "chart")
    page.keyboard.press("r")
    page.wait_for_url("**/review/")
    page.wait_for_selector("body[data-charts=drawn]")
    axe(page)
    picture(page, "review")
    page.get_by_label("Go on as planned").check()
    page.get_by_label("Why, in words").fill("Burning is down by more than day-to-day noise")
    page.get_by_role("button", name="Keep the decision").click()
    page.wait_for_url("**/reviews/*/")
    page.wait_for_selector("body[data-charts=drawn]")
    axe(page)
    picture(page, "review-held", sizes=("desk",), schemes=("light",))
    page.keyboard.press("w")
    page.wait_for_url("**/letters/new/**")
    axe(page)
    picture(page, "letter-new", schemes=("light",))
    page.get_by_role("button", name="Keep the draft").click()
    page.wait_for_url("**/letters/*-*/")
    page.wait_for_function("() => document.querySelector('.letter-frame').naturalWidth > 0")
    axe(page)
    picture(page, "letter")
    page.get_by_label("By e-mail").check()
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Sent to Dr Gale Hazel on").wait_for()
    letter, review = Letter.objects.get(), Review.objects.get()
    assert letter.review == review and letter.sent_how == "email" and letter.pdf


def test_a_letter_that_may_have_gone_says_so_and_is_kept_as_sent_when_it_came(people, sign_in):
    eve = people.eve_patient
    consent = Consent.objects.create(
        patient=eve, kind="sharing", version="1", text_sha256="0" * 64, decision="given", signed_name="Eve Elm",
        at=at(50), recorded_by=people.eve,
    )  # fmt: skip
    letter = Letter.objects.create(
        patient=eve, to=CareProvider.objects.get(patient=eve), asked_first="Was B12 measured?",
        written_by=people.alice, written_at=at(3), body={"plan": ["Go on"]}, mailed_at=at(2), sent_by=people.alice,
        sent_how="email", consent=consent, pdf=b"%PDF-1.7", pdf_sha256="0" * 64,
    )  # fmt: skip
    page = sign_in("alice")
    page.goto(f"/patients/{eve.id}/letters/")
    page.get_by_text("may have gone").wait_for()
    axe(page)
    picture(page, "letters-may-have-gone", schemes=("light",))
    page.get_by_role("link", name="Report to Dr Gale Hazel").click()
    page.wait_for_url(f"**/letters/{letter.id}/")
    page.wait_for_function("() => document.querySelector('.letter-frame').naturalWidth > 0")
    page.get_by_text("This letter may or may not have gone").wait_for()
    axe(page)
    picture(page, "letter-may-have-gone")
    page.get_by_label("It came: keep it as sent").check()
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("Sent to Dr Gale Hazel on").wait_for()
    letter.refresh_from_db()
    assert letter.sent_at == letter.mailed_at


def test_a_red_flag_has_its_referral_ready(people, sign_in, treated):
    eve = people.eve_patient
    RedFlagAnswer.objects.create(
        id=uuid4(), patient=eve, flag="cauda-equina", present=True, asked_at=at(0), note="since Tuesday"
    )
    page = sign_in("alice")
    page.goto(f"/patients/{eve.id}/chart/")
    axe(page)
    picture(page, "chart-red-flag", sizes=("desk",), schemes=("light",))
    page.get_by_role("link", name="Referral letter").click()
    page.wait_for_url("**/letters/new/**")
    page.get_by_role("button", name="Keep the draft").click()
    page.wait_for_url("**/letters/*-*/")
    page.wait_for_function("() => document.querySelector('.letter-frame').naturalWidth > 0")
    assert "Telephone first" not in page.content()  # nothing can be sent yet
    assert "has not been asked about sharing" in page.content()
    axe(page)
    picture(page, "letter-referral", sizes=("desk",), schemes=("light",))
    page.get_by_role("link", name="Ask now").click()
    page.wait_for_url("**/consents/#sharing")
    axe(page)
    picture(page, "consents-staff", schemes=("light",))
