"""How far symptoms reach, over time; and a new map drawn at home."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from deqi.record.care.actions.maps import draw_map
from deqi.record.care.models import Observation
from deqi.record.care.queries.extent import extent_over_time
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import SymptomMap, SymptomMark

WHOLE_FOOT = ("great_toe_top", "ball_of_foot", "arch")


@pytest.fixture
def maps(people):
    """Eve's maps: half a year ago to the arch, now the toes alone."""

    def draw(days_ago, places):
        made = SymptomMap.objects.create(
            patient=people.eve_patient, at=timezone.now() - timedelta(days=days_ago)
        )
        for place in places:
            SymptomMark.objects.create(
                map=made, region=f"right_{place}", side="right", sensation="burning", level_0_10=6
            )

    return draw


@pytest.fixture
def burning(people):
    Observation.objects.create(
        patient=people.eve_patient,
        code="burning_average",
        value=6,
        channel="home",
        effective_at=timezone.now(),
    )


def test_the_stocking_that_moved_down_is_said_in_words_and_cun(people, maps):
    maps(180, WHOLE_FOOT)
    maps(1, WHOLE_FOOT[:1])
    seen = extent_over_time(people.eve_patient)
    assert [one.levels_cun["right_leg"] for one in seen.maps] == [9.0, 2.0] or seen.maps[0].levels_cun[
        "right_leg"
    ] > seen.maps[1].levels_cun["right_leg"]
    assert seen.limbs == ("right_leg",)
    assert "moved down" in seen.sentences[0] and "chance" in seen.caution


def test_one_map_claims_no_change(people, maps):
    maps(3, WHOLE_FOOT)
    seen = extent_over_time(people.eve_patient)
    assert seen.caution.startswith("One map shows no change")
    assert not any("moved" in words for words in seen.sentences)


def test_nobody_without_a_map_has_an_extent(people):
    assert extent_over_time(people.eve_patient).sentences == ()


def test_both_pages_show_it_with_its_table(as_, people, maps, course):
    maps(180, WHOLE_FOOT)
    maps(1, WHOLE_FOOT[:1])
    chart = as_("alice").get(f"/patients/{people.eve_patient.id}/chart/").content.decode()
    home = as_("eve").get("/me/").content.decode()
    for text in (chart, home):
        assert "moved down" in text and "9 cun" in text and "The maps as a table" in text


def test_the_chart_with_many_maps_takes_few_queries(as_, people, maps, course, statements):
    for n in range(20):
        maps(n, WHOLE_FOOT)
    page = as_("alice")
    url = f"/patients/{people.eve_patient.id}/chart/"
    page.get(url)
    with statements(12):
        assert page.get(url).status_code == 200


def test_a_new_map_is_kept_when_every_symptom_is_answered(as_, people, maps, burning):
    maps(90, WHOLE_FOOT)
    Observation.objects.create(
        patient=people.eve_patient,
        code="numbness_average",
        value=3,
        channel="home",
        effective_at=timezone.now(),
    )
    page = as_("eve")
    first = page.get("/me/places/")["Location"]
    assert " checked" not in page.get(first).content.decode().split("groups")[0].split('name="region"', 1)[1]
    second = page.post(first, {"level": 4, "region": ["right_great_toe_top"]})["Location"]
    assert second != first and SymptomMap.objects.count() == 1, "half a map is not a map"
    assert page.post(second, {"level": 4}).status_code == 303
    newest = SymptomMap.objects.first()
    assert SymptomMap.objects.count() == 2
    assert list(newest.marks.values_list("region", "level_0_10")) == [("right_great_toe_top", 4)]


def test_the_same_map_twice_is_one_and_what_is_not_on_it_is_refused(people):
    eve, one = people.actor("eve"), uuid4()
    marks = {"burning": {"right_heel": 5}}
    assert draw_map(eve, one, marks) == draw_map(eve, one, marks)
    for bad in ({"burning": {"moon": 5}}, {"hunger": {"right_heel": 5}}, {"burning": {"right_heel": 11}}):
        with pytest.raises(Refusal):
            draw_map(eve, uuid4(), bad)
    with pytest.raises(NotFound):
        draw_map(people.actor("frank"), one, marks)
    assert SymptomMap.objects.count() == 1
