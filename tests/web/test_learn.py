"""The public pages: what is known, as pages and as files to take away."""

import csv
import io
import json
import re

import pytest
from django.test import Client

from deqi.science import evidence
from deqi.science.points import atlas

pytestmark = pytest.mark.django_db


@pytest.fixture
def page():
    return Client(enforce_csrf_checks=True)


def test_every_point_stands_on_the_page_of_its_channel(page):
    linked = set()
    for channel in {re.sub(r"\d+$", "", code) for code in atlas()}:
        text = page.get("/points/", {"meridian": channel}).content.decode()
        linked |= set(re.findall(r'href="/points/([A-Z0-9-]+)/"', text))
    assert set(atlas()) <= linked


def test_an_old_code_leads_to_todays_page(page):
    assert page.get("/points/LV3/").headers["Location"] == "/points/LR3/"


def test_an_unknown_point_is_not_there(page):
    assert page.get("/points/ST99/").status_code == 404


def test_search_finds_a_name_without_tones_and_answers_htmx_with_the_list_alone(page):
    found = page.get("/points/", {"q": "taichong"}, headers={"HX-Request": "true"}).content.decode()
    assert "LR3" in found
    assert "<html" not in found


@pytest.mark.parametrize("key", ["shin-2018", "shanghai-2025", "bell-sequelae-2015", "chung-2016"])
def test_a_study_page_links_its_source_and_its_depth_of_reading(page, key):
    text = page.get(f"/evidence/trials/{key}/").content.decode()
    trial = evidence.trials()[key]
    assert trial.source_url.replace("&", "&amp;") in text
    assert f"read: {trial.read.replace('_', ' ')}" in text


def test_every_study_and_every_mechanism_has_a_page(page):
    for key in evidence.trials():
        assert page.get(f"/evidence/trials/{key}/").status_code == 200, key
    for key in evidence.mechanisms():
        assert page.get(f"/evidence/mechanisms/{key}/").status_code == 200, key


def test_the_answer_stands_with_sham_first_and_says_how_sure(page):
    text = page.get("/evidence/cipn/pain/").content.decode()
    assert text.index("Against sham") < text.index("Against usual care")
    assert "Certainty is very low" in text


def test_the_numbers_of_a_pool_can_be_taken_away_and_are_those_of_the_science(page):
    result = evidence.pool("dpn", "pain", "sham", test="knha")
    taken = json.loads(page.get("/evidence/dpn/pain/pool.json").content)
    assert taken["estimate"] == pytest.approx(result.estimate)
    rows = list(csv.DictReader(io.StringIO(page.get("/evidence/dpn/pain/pool.csv").content.decode())))
    assert [row["id"] for row in rows] == [study.id for study in result.studies]


def test_leaving_a_study_out_changes_the_pool(page):
    taken = json.loads(page.get("/evidence/dpn/pain/pool.json", {"exclude": "hamza-2000"}).content)
    assert taken["k"] == 1


def test_nonsense_in_the_address_is_not_there_and_nonsense_in_a_choice_falls_back(page):
    assert page.get("/evidence/dpn/happiness/").status_code == 404
    assert page.get("/evidence/dpn/pain/", {"estimator": "MAGIC", "test": "?"}).status_code == 200


def test_citations_come_as_bibtex_and_ris(page):
    assert "@" in page.get("/evidence/cite.bib", {"id": "chung-2016"}).content.decode()
    assert "TY  - JOUR" in page.get("/evidence/cite.ris").content.decode()


def test_every_claim_of_the_public_page_carries_a_citation_that_opens_its_record(page):
    text = page.get("/help/").content.decode()
    for section in evidence.public_page().sections:
        for sentence in section.sentences:
            assert not sentence.claim or sentence.cites
    opened = set(re.findall(r'class="cites">(.*?)</span>', text, re.S))
    links = {link for group in opened for link in re.findall(r'href="([^"]+)"', group)}
    assert len(links) > 20
    for link in links:
        assert page.get(link).status_code == 200, link


def test_a_recommendation_about_something_else_is_marked_so(page):
    text = page.get("/evidence/cipn/pain/").content.decode()
    assert "not about neuropathy" in text
