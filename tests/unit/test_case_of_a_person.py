"""The case of a person is what the record knows and nothing more."""

from datetime import UTC, date, datetime, timedelta

from deqi.record.care.models import Observation
from deqi.record.care.queries.case import case_of, known_facts
from deqi.record.patients.models import SafetyFact, SymptomMap, SymptomMark


def answer(patient, key, value, days_ago):
    SafetyFact.objects.create(
        patient=patient,
        key=key,
        value=value,
        source="patient",
        answered_at=datetime.now(UTC) - timedelta(days=days_ago),
    )


def today():
    return datetime.now(UTC).date()


def test_the_newest_answer_counts(people):
    answer(people.eve_patient, "anticoagulant", True, 40)
    answer(people.eve_patient, "anticoagulant", False, 2)
    assert known_facts(people.eve_patient, today())["anticoagulant"] is False


def test_an_answer_for_one_day_is_not_known_the_day_after(people):
    answer(people.eve_patient, "fever", True, 1)
    answer(people.eve_patient, "unwell_today", False, 0)
    known = known_facts(people.eve_patient, today())
    assert "fever" not in known and known["unwell_today"] is False


def test_a_newer_not_known_takes_an_older_answer_away(people):
    answer(people.eve_patient, "pregnant", False, 5)
    answer(people.eve_patient, "pregnant", None, 1)
    assert "pregnant" not in known_facts(people.eve_patient, today())


def test_an_answer_the_registry_no_longer_allows_counts_as_not_known(people):
    answer(people.eve_patient, "inr", "high", 1)
    assert "inr" not in known_facts(people.eve_patient, today())


def test_age_is_counted_in_whole_years(people):
    assert known_facts(people.eve_patient, date(2026, 3, 3))["age_years"] == 67
    assert known_facts(people.eve_patient, date(2026, 3, 4))["age_years"] == 68


def test_map_ratings_and_condition_make_the_case(people, course, django_assert_max_num_queries):
    drawn = SymptomMap.objects.create(patient=people.eve_patient, at=datetime.now(UTC))
    SymptomMark.objects.create(map=drawn, region="left_heel", side="left", sensation="burning", level_0_10=6)
    for value, days in ((9, 3), (4, 1)):
        Observation.objects.create(
            patient=people.eve_patient,
            code="burning_average",
            value=value,
            channel="chair",
            effective_at=datetime.now(UTC) - timedelta(days=days),
        )
    with django_assert_max_num_queries(1):
        case = case_of(people.eve_patient, course, today())
    assert (case.condition, case.regions, case.symptoms) == ("dpn", ("feet",), ("burning",))
    assert (case.severity_0_10, case.affected_side, case.months) == (6.5, "left", 29.6)
