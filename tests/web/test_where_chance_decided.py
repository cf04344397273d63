"""Everybody who finished a single-case design, together: who counts, the page's numbers by the command, no names."""

import html
import io
import json
import zipfile
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner
from django.urls import reverse
from django.utils import timezone

from deqi.doors.cli.single_case import single_case
from deqi.record.audit.models import AuditEntry
from deqi.record.care.models import (
    AdverseEvent,
    Course,
    EventAssessment,
    Observation,
    SingleCase,
    SingleCaseDeviation,
)
from deqi.record.care.queries.pooled import NOT_DRAWN, STILL_RATED, TAKEN_BACK, TOO_FEW, pooled_series
from deqi.record.care.queries.single_case import single_case_page
from deqi.record.errors import Forbidden
from deqi.record.patients.models import Consent, Medication, Patient
from deqi.record.practice.clock import today_at, zone_of
from deqi.science.course.single_case import StartProtocol, TaperProtocol, commitment, draw
from tests.words import speaks_of

PAGE, DATA = reverse("clinic:single_case_pooled"), reverse("clinic:single_case_data")

REPORT = [
    reverse(f"clinic:single_case_series{more}", kwargs={"design": "randomised-start", "symptom": "burning"})
    for more in ("", "_report")
]


def finished(people, number, protocol, *, site=None, rated=1.0, drawn=True, word="given"):
    """One person with a design of this protocol; ratings fall (or rise) at what was drawn, on a share of the days."""
    site = site or people.north
    at = timezone.now() - timedelta(days=100)
    patient = Patient.objects.create(
        record_number=1000 + number, home_site=site, given_name="Nora", family_name=f"Nettle{number}", birth_date="1960-01-01",
    )  # fmt: skip
    course = Course.objects.create(
        patient=patient, site=site, practitioner=people.alice.practitioner, opened_at=at, status="active"
    )
    consent = Consent.objects.create(
        patient=patient,
        kind="single_case",
        version="1",
        text_sha256="0" * 64,
        decision="given",
        signed_name="N",
        recorded_by=people.alice,
        at=at,
    )
    if word != "given":
        Consent.objects.create(
            patient=patient, kind="single_case", version="1", text_sha256="0" * 64, decision=word, signed_name="N", recorded_by=people.alice,
            at=timezone.now(),
        )  # fmt: skip
    start, wanted = isinstance(protocol, StartProtocol), number % len(protocol.outcomes)
    seed = next(
        f"{n:064x}" for n in range(1000) if draw(f"{n:064x}", protocol) == wanted
    )  # the same on any day
    case = SingleCase.objects.create(
        course=course, design=protocol.design, protocol=protocol.model_dump(mode="json"), seed=seed,
        committed=commitment(seed, protocol), offered_at=at, offered_by=people.alice,
        **({"consent": consent, "drawn_at": at, "drawn_by": people.alice} if drawn else {}),
    )  # fmt: skip
    outcome = draw(seed, protocol)
    start = isinstance(protocol, StartProtocol)
    turn = (
        protocol.starts[outcome] if start else protocol.taper_on + timedelta(days=(0 if outcome == 0 else 90))
    )
    first = protocol.concerns[0] - timedelta(days=14)
    days = [first + timedelta(days=n) for n in range((protocol.rated_until - first).days + 1)]
    Observation.objects.bulk_create(
        Observation(
            patient=patient, course=course, code=f"{protocol.symptom}_average", recall="24h", channel="home",
            value=(7 if start else 4) + (n * 7 + number) % 3 + ((-3 if start else 3) if day >= turn else 0),
            effective_at=datetime(day.year, day.month, day.day, 19, tzinfo=zone_of(site)),
        )
        for n, day in enumerate(days)
        if (n % 10) < rated * 10
    )  # fmt: skip
    return case


def start(people, ago=80, symptom="burning"):
    return StartProtocol(symptom=symptom, enrolled_on=today_at(people.north) - timedelta(days=ago))


def taper(people, ago=40):
    return TaperProtocol(symptom="burning", taper_on=today_at(people.north) - timedelta(days=ago))


def series(people, who="alice"):
    return {(one.design, one.symptom): one for one in pooled_series(people.actor(who), page="test")}


def test_who_counts_and_who_does_not_stands_with_the_reasons(people, as_):
    for number in range(6):
        finished(people, number, start(people))
    finished(people, 10, start(people, ago=20))
    finished(people, 11, start(people), word="withdrawn")
    finished(people, 12, start(people), drawn=False)
    finished(people, 13, start(people), rated=0.1)
    (one,) = series(people).values()
    assert len(one.counted) == one.pooled.n == 6
    assert one.left_out == {STILL_RATED: 1, TAKEN_BACK: 1, NOT_DRAWN: 1, TOO_FEW: 1}
    assert one.off == 6  # nobody had a session
    page = as_("alice").get(PAGE).content.decode()
    assert "In 6 people the ratings fell" in page and "hard to put down to chance" in page
    assert "1 still being rated" in page and "6 of them did not go as drawn" in page
    assert not speaks_of(r"Nettle\d*|Nora", page)


def test_the_result_of_each_person_is_that_of_their_own_page(people):
    cases = [finished(people, number, start(people), rated=0.8) for number in range(5)]
    (one,) = series(people).values()
    own = [
        shown.result
        for case in cases
        for shown in single_case_page(
            people.actor("alice"), case.course_id, "clinical.view", page="test"
        ).shown
    ]
    assert sorted((r.rank, r.change) for r in own) == sorted((r.rank, r.change) for r in one.results)


@pytest.mark.parametrize("design", ["randomised-start", "randomised-taper"])
def test_the_command_gives_the_numbers_of_the_page_to_the_last_digit(people, as_, tmp_path, design):
    protocol = start(people) if design == "randomised-start" else taper(people)
    for number in range(9):
        finished(people, number, protocol, rated=0.9)
    one = series(people)[(design, "burning")]
    answer = as_("alice").get(DATA)
    assert answer["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        bundle.extractall(tmp_path)
        text = "".join(bundle.read(name).decode() for name in bundle.namelist())
    assert not speaks_of(r"Nettle\d*|Nora", text)
    case = SingleCase.objects.first()
    assert not {str(case.id), str(case.course_id), str(case.course.patient_id), case.seed} & set(
        text.replace("\n", ",").split(",")
    )
    assert str(today_at(people.north).year) not in text.replace("2001", "")
    words = ["--design", design, "--symptom", "burning", "--format", "json"]
    words += ["--ratings", str(tmp_path / f"{design}-burning-ratings.csv")]
    words += ["--draws", str(tmp_path / f"{design}-burning-draws.csv")]
    made = CliRunner().invoke(single_case, words)
    assert made.exit_code == 0, made.output
    assert json.loads(made.output)["pooled"] == json.loads(json.dumps(one.pooled.as_dict()))
    readme = (tmp_path / "README.txt").read_text()
    assert f"deqi course single-case --design {design} --symptom burning" in readme


@pytest.mark.parametrize("design", ["randomised-start", "randomised-taper"])
def test_the_report_of_the_page_is_filled_from_the_record_and_the_command_gives_the_same(
    people, as_, tmp_path, statements, design
):
    protocol = start(people) if design == "randomised-start" else taper(people)
    cases = [finished(people, number, protocol, rated=0.9) for number in range(6)]
    finished(people, 10, protocol, word="refused", drawn=False)
    harm(cases[0], protocol.rated_from + timedelta(days=20), serious=["hospital"])
    harm(cases[1], protocol.rated_from - timedelta(days=1))
    Medication.objects.create(
        patient=cases[2].course.patient,
        name="Pregabalin",
        started_on=protocol.rated_until - timedelta(days=2),
    )
    SingleCaseDeviation.objects.create(
        case=cases[0], day=protocol.concerns[0], reason="Worse", at=timezone.now(), by=people.alice
    )
    alice, kwargs = as_("alice"), {"design": design, "symptom": "burning"}
    page = reverse("clinic:single_case_series", kwargs=kwargs)
    assert page in alice.get(PAGE).content.decode()
    with statements(at_most=16):
        shown = html.unescape(alice.get(page).content.decode())
    answer = alice.get(reverse("clinic:single_case_series_report", kwargs=kwargs))
    assert answer["Content-Type"].startswith("text/markdown")
    text = answer.content.decode()
    for words in (
        "Offered to 7 people, of whom 1 refused; drawn for 6.",
        "6 of 6 commitments fit",
        "aged 60 to 69; 6 sex not recorded",
        "1 site (GB), 1 practitioner;",
        "by 1 of 6 people: 1 bruise. Judged serious so far: 1.",
        "Medicines begun, changed or stopped: in 1 of 6 people",
        "with 1 written reasons",
        f"last day rated {protocol.rated_until}",
    ):
        assert words in text and words in shown, words
    assert not speaks_of(r"Nettle\d*|Nora", text + shown)
    with zipfile.ZipFile(io.BytesIO(alice.get(DATA).content)) as bundle:
        bundle.extractall(tmp_path)
        files = "".join(bundle.read(name).decode() for name in bundle.namelist())
    assert str(today_at(people.north).year) not in files.replace("2001", "")
    name = str(tmp_path / f"{design}-burning")
    words = ["--design", design, "--symptom", "burning", "--format", "report"]
    words += [
        "--ratings",
        f"{name}-ratings.csv",
        "--draws",
        f"{name}-draws.csv",
        "--about",
        f"{name}-about.json",
    ]
    made = CliRunner().invoke(single_case, words)
    assert made.exit_code == 0, made.output
    differs = [(a, b) for a, b in zip(text.splitlines(), made.stdout.splitlines(), strict=True) if a != b]
    assert len(differs) == 1 and differs[0][0].startswith("Dates:") and differs[0][1].startswith("Dates:")


def harm(case, day, serious=()):
    at = datetime(day.year, day.month, day.day, 12, tzinfo=zone_of(case.course.site))
    event = AdverseEvent.objects.create(
        patient=case.course.patient, event_type="bruise", onset_at=at, reporter_role="patient", reported_at=at
    )
    EventAssessment.objects.create(
        event=event, grade=3 if serious else 1, seriousness=list(serious), causality="possible", expected=True,
        assessed_by=case.offered_by, assessed_at=at,
    )  # fmt: skip


def test_the_report_of_a_few_people_does_not_say_who_they_are_or_when(people, as_):
    for number in range(4):
        finished(people, number, start(people))
    kwargs = {"design": "randomised-start", "symptom": "burning"}
    text = as_("alice").get(reverse("clinic:single_case_series_report", kwargs=kwargs)).content.decode()
    assert text.count("not stated, because fewer than 5 could be known by it") == 2
    assert "aged" not in text and str(start(people).rated_until) not in text


def test_a_series_that_nobody_was_offered_is_said_and_one_there_is_not_is_not_found(people, as_):
    alice = as_("alice")

    def get(design, symptom):
        return alice.get(reverse("clinic:single_case_series", kwargs={"design": design, "symptom": symptom}))

    assert "Offered to 0 people" in get("randomised-taper", "numbness").content.decode()
    assert get("coin", "numbness").status_code == get("randomised-taper", "luck").status_code == 404


def test_too_few_are_said_to_be_too_few_and_symptoms_are_apart(people, as_):
    finished(people, 0, start(people))
    finished(people, 1, start(people, symptom="numbness"))
    page = as_("alice").get(PAGE).content.decode()
    assert page.count("Too few to say: 1 person so far.") == 2
    assert page.count("Pooling needs two patients or more") == 2


def test_nothing_offered_is_said(people, as_):
    assert "No single-case design was offered yet" in as_("alice").get(PAGE).content.decode()
    assert as_("alice").get(DATA).status_code == 200


def test_only_who_treats_sees_it_and_only_their_own_sites(people, as_):
    finished(people, 0, start(people))
    finished(people, 1, start(people), site=people.south)
    for who in ("carol", "max", "rita", "eve"):
        for url in (PAGE, DATA, *REPORT):
            assert as_(who).get(url).status_code == 403
    for who in ("alice", "dan"):
        assert len(series(people, who)[("randomised-start", "burning")].counted) == 1
    with pytest.raises(Forbidden):
        series(people, "max")
    assert PAGE in as_("alice").get(reverse("clinic:practice")).content.decode()
    assert PAGE not in as_("max").get(reverse("clinic:practice")).content.decode()


def test_everybody_on_it_can_read_that_it_was_looked_at(people, as_):
    case = finished(people, 0, start(people))
    as_("alice").get(PAGE)
    as_("alice").get(DATA)
    entries = AuditEntry.objects.filter(verb="single_case.pool")
    assert [entry.detail["patients"] for entry in entries] == [[str(case.course.patient_id)]] * 2


def test_two_hundred_designs_take_few_statements(people, as_, statements):
    for number in range(120):
        finished(people, number, start(people))
    for number in range(120, 160):
        finished(people, number, start(people, symptom="tingling"))
    for number in range(160, 200):
        finished(people, number, taper(people))
    alice = as_("alice")
    alice.get(PAGE)
    with statements(at_most=12):
        page = alice.get(PAGE).content.decode()
    assert "In 120 people" in page and "In 40 people stopping went with" in page
