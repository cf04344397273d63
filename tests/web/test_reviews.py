"""The review page and the patient's "Is it helping?": the same facts, computed once, and computed again when asked."""

import json
import re
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from django.urls import reverse

from deqi.record.canonical import sha256_of
from deqi.record.care import judging, looking
from deqi.record.care.models import CourseLook, CourseRevision, Observation, Review
from deqi.record.care.queries.reviews import review_matter
from deqi.record.patients.models import Medication
from tests.web.test_clinical_pages import decide
from tests.web.test_own_pages import needled

HELPING = reverse("patient:helping")


@pytest.fixture
def treated(people, course):
    """Six weekly visits, burning rated daily before and since, 7 and then 3; numbness rated three times."""
    now = datetime.now(UTC)
    for number, days in enumerate((42, 35, 28, 21, 14, 7), start=1):
        needled(people, course, number, days)
    rows = [("burning", days, 7 - (days % 3 == 0)) for days in range(56, 42, -1)]
    rows += [("burning", days, 3 + (days % 3 == 0)) for days in range(20, 0, -1)]
    rows += [("numbness", days, 6) for days in (50, 10, 5)]
    Observation.objects.bulk_create(
        Observation(
            patient=people.eve_patient,
            code=f"{symptom}_average",
            value=value,
            recall="24h",
            channel="home",
            effective_at=now - timedelta(days=days),
        )
        for symptom, days, value in rows
    )
    course.opened_at = now - timedelta(days=56)
    course.save()
    return course


def page_of(browser, course):
    return browser.get(reverse("clinic:review", args=[course.id])).content.decode()


def test_clinician_and_patient_read_the_same_sentence_about_each_symptom(people, as_, treated):
    staff, own = page_of(as_("alice"), treated), as_("eve").get(HELPING).content.decode()
    matter = review_matter(people.actor("alice"), treated.id)
    judged = judging.judge(matter.inputs())["symptoms"]
    assert judged["burning"]["model"]["verdict"] == "likely_yes"
    assert judged["numbness"]["model"]["verdict"] == "too_few"
    for row in judged.values():
        for page in (staff, own):
            assert row["model"]["words"] in page
            assert row["model"]["next_step_words"] in page
    for page in (staff, own):
        assert "not enough ratings yet" in page and "likely yes" in page
        assert page.count('class="chart"') == 2
        assert "because of" not in page
    assert "numbness, never pooled with pain" in staff and "If we stop now: about" in staff
    assert "for a reader who doubts that needles add anything" in staff


def test_that_there_are_too_few_ratings_is_said_once(people, as_, treated):
    """By the tag and by one sentence, which counts them; neither the means nor the reasons repeat it."""
    for page in (page_of(as_("alice"), treated), as_("eve").get(HELPING).content.decode()):
        card = page.split('aria-labelledby="v-numbness"')[1].split("</section>")[0]
        said = re.findall("too few ratings|not enough", card, re.IGNORECASE)
        assert sorted(said) == ["not enough", "too few ratings"], card


def test_the_patient_without_a_course_and_the_one_without_ratings_are_told_so(people, as_):
    assert "has not begun yet" in as_("frank").get(HELPING).content.decode()


def test_a_course_without_ratings_says_that_nobody_can_say(as_, course):
    assert "nobody can say" in as_("eve").get(HELPING).content.decode()


def test_the_rule_is_shown_with_the_day_it_was_agreed(people, as_, treated):
    assert "None was agreed" in page_of(as_("alice"), treated)
    first = CourseRevision.objects.get()

    def plan(number, rule, days):
        first.pk, first.number, first.decision_rule = None, number, rule
        first.decided_at = datetime.now(UTC) - timedelta(days=days)
        first.save()

    plan(2, "Stop unless 2 points down", 50)
    plan(3, "Stop unless 2 points down", 10)
    agreed = review_matter(people.actor("alice"), treated.id).agreed
    assert (agreed.plan, agreed.sessions_before) == (2, 0)
    page = page_of(as_("alice"), treated)
    assert "Stop unless 2 points down" in page and "plan 2." in page
    assert "Stop unless 2 points down" in as_("eve").get(HELPING).content.decode()
    plan(4, "Another rule", 3)
    assert "by then 6 sessions had been given, so it was not agreed beforehand" in page_of(
        as_("alice"), treated
    )


def test_the_review_page_of_an_ended_course_says_that_none_is_ahead(as_, treated):
    treated.status = treated.Status.ENDED
    treated.save()
    page = page_of(as_("alice"), treated)
    assert "ended, no review ahead" in page and "This course has ended." in page
    assert "session None" not in page


def test_ratings_judgement_and_daily_life_that_differ_are_named(people, as_, treated):
    for days, sleep in ((50, 3), (2, 7)):
        Observation.objects.create(
            patient=people.eve_patient, code="impact_sleep", value=sleep, recall="7d", channel="chair",
            effective_at=datetime.now(UTC) - timedelta(days=days),
        )  # fmt: skip
    Observation.objects.create(
        patient=people.eve_patient, code="global_change", value=5, recall="start", channel="chair",
        effective_at=datetime.now(UTC) - timedelta(days=1),
    )  # fmt: skip
    for page in (page_of(as_("alice"), treated), as_("eve").get(HELPING).content.decode()):
        assert "A little worse" in page and "sleep more in the way" in page
        assert "They do not say the same" in page


def test_the_same_question_is_computed_once_and_a_new_rating_is_another(people, as_, treated, monkeypatch):
    asked = []
    honest = looking.judge
    monkeypatch.setattr(looking, "judge", lambda inputs: asked.append(1) or honest(inputs))
    first = page_of(as_("alice"), treated)
    assert as_("eve").get(HELPING).status_code == 200 and page_of(as_("bob"), treated)
    assert len(asked) == 1 and CourseLook.objects.count() == 1
    again = page_of(as_("alice"), treated)
    assert json.loads(
        first.split('id="spec-burning" type="application/json">')[1].split("</script>")[0]
    ) == json.loads(again.split('id="spec-burning" type="application/json">')[1].split("</script>")[0])
    Observation.objects.filter(code="burning_average").order_by("-effective_at")[:1].get().delete()
    page_of(as_("alice"), treated)
    assert len(asked) == 2 and CourseLook.objects.count() == 1
    monkeypatch.setattr(looking, "MODEL_VERSION", "another")
    page_of(as_("alice"), treated)
    assert len(asked) == 3


def test_a_page_takes_few_statements_known_or_not(as_, treated, statements):
    for browser, url in ((as_("alice"), reverse("clinic:review", args=[treated.id])), (as_("eve"), HELPING)):
        for _ in range(2):
            with statements(at_most=12):
                assert browser.get(url).status_code == 200


def test_a_status_this_version_does_not_know_is_shown_kindly(as_, treated, monkeypatch):
    honest = looking.judge

    def not_computed(inputs):
        judged = honest(inputs)
        model = judged["symptoms"]["burning"]["model"]
        model.update(
            {key: None for key, value in model.items() if isinstance(value, float | dict)},
            verdict="not_computed", words="No answer.", warnings=["The model could not be fitted."],
        )  # fmt: skip
        return judged

    monkeypatch.setattr(looking, "judge", not_computed)
    page = page_of(as_("alice"), treated)
    assert "not computed" in page and "The model could not be fitted." in page
    assert "Burning is down by about" in page, "the seven-day means are still shown"
    assert as_("eve").get(HELPING).status_code == 200


def test_curves_come_back_as_they_were(people, treated):
    inputs = review_matter(people.actor("alice"), treated.id).inputs()
    fans = {"burning": looking.fan_of_inputs(inputs, "burning")}
    assert looking.fans_from(looking.curves_of(fans)) == fans


def test_a_kept_review_is_computed_again_when_asked(as_, treated):
    alice = as_("alice")
    assert decide(alice, treated, next_review="8").status_code == 303
    url = reverse("clinic:review_held", args=[Review.objects.get().id])
    page = alice.get(url).content.decode()
    assert "Compute it again" in page and "match their fingerprint" in page
    assert "every number is the same" in alice.get(url + "?again").content.decode()
    assert dict(judging.recomputed()) == {Review.objects.get().id: "same"}


def test_a_changed_review_is_found_and_an_older_model_is_named(people, treated):
    inputs = review_matter(people.actor("alice"), treated.id).inputs()
    judged = judging.judge(inputs)

    def keep(number, version, inputs, judged):
        return Review.objects.create(
            course=treated, after_session=number, at=datetime.now(UTC), model_version=version,
            inputs_sha256=sha256_of(inputs), result={"inputs": inputs, "judged": judged, "beside": {}},
            decision="go_on", reason="better", decided_by=people.alice,
        )  # fmt: skip

    def moved(by):
        symptoms = deepcopy(judged["symptoms"])
        symptoms["burning"]["model"]["p_improved"] += by
        return {**judged, "symptoms": symptoms}

    sound = keep(1, judged["model_version"], inputs, judged)
    older = keep(2, "0.1", inputs, {})
    wrong = keep(3, judged["model_version"], inputs, {**judged, "symptoms": {}})
    rounded = keep(4, judged["model_version"], inputs, moved(1e-9))
    changed = keep(5, judged["model_version"], inputs, moved(1e-3))
    assert dict(judging.recomputed()) == {
        sound.id: "same", older.id: "older model, fingerprint sound", wrong.id: "wrong",
        rounded.id: "same", changed.id: "wrong",
    }  # fmt: skip


@pytest.mark.parametrize(("answers", "code"), [(["same"], 0), (["same", "wrong"], 1)])
def test_the_command_says_how_many_reviews_add_up(answers, code, monkeypatch, db):
    from deqi.doors.cli import recompute

    monkeypatch.setattr(recompute, "need_database", lambda: None)
    monkeypatch.setattr(judging, "recomputed", lambda: enumerate(answers))
    done = CliRunner().invoke(recompute.recompute, ["--format", "json"])
    assert done.exit_code == code
    assert json.loads(done.stdout)["same"] == 1


def test_what_speaks_to_each_mechanism_stands_on_both_pages(people, as_, treated):
    for days, value in ((45, 28), (3, 31)):
        for side in ("left", "right"):
            Observation.objects.create(
                patient=people.eve_patient, code=f"skin_temperature_c_{side}", value=value, unit="°C", channel="exam",
                effective_at=datetime.now(UTC) - timedelta(days=days),
            )  # fmt: skip
    for page in (page_of(as_("alice"), treated), as_("eve").get(HELPING).content.decode()):
        assert page.count("/evidence/mechanisms/") == 6
        assert "How it might be helping" in page and "Consistent with this: Skin temperature" in page
        assert "Skin temperature of the feet" in page and "31 °C" in page
        assert "not measured" in page


def test_a_medicine_taken_all_along_is_no_change_and_one_begun_since_is(people, as_, treated):
    def taken(days_ago, name):
        Medication.objects.create(
            patient=people.eve_patient, name=name, dose_text="75 mg", reason="nerve pain",
            started_on=date.today() - timedelta(days=days_ago),
        )  # fmt: skip

    taken(400, "Pregabalin")
    assert review_matter(people.actor("alice"), treated.id).inputs()["medicine"] == []
    assert "A medicine changed during the course" not in page_of(as_("alice"), treated)
    taken(20, "Duloxetine")
    (step,) = review_matter(people.actor("alice"), treated.id).inputs()["medicine"]
    assert step["label"] == "Duloxetine 75 mg"
    assert "A medicine changed during the course" in page_of(as_("alice"), treated)
