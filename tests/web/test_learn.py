"""The public pages: what is known, as pages and as files to take away."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

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


def test_what_a_point_has_no_source_for_names_none(page):
    told = page.get("/points/EX-LE12/").content.decode()
    assert "Beneath" in told and "Source: None" not in told


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


def test_figures_come_as_svg_png_and_pdf(page):
    starts = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}
    for form, start in starts.items():
        taken = page.get(f"/evidence/cipn/sensory_symptoms/forest.{form}")
        assert taken.content.startswith(start), form
        assert f'filename="cipn-sensory_symptoms-forest.{form}"' in taken.headers["Content-Disposition"]


def test_the_renderer_never_enters_the_web_worker(page):
    code = (
        "import django, os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'deqi.config.settings'; django.setup();"
        "from django.urls import get_resolver; get_resolver().url_patterns; print('vl_convert' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


def test_the_citations_of_a_pool_are_of_exactly_its_studies(page):
    pooled = {s.source["trial"] for s in evidence.pool("dpn", "global_response", "drug").studies}
    left = next(iter(sorted(pooled)))
    asked = {"comparator": "drug", "exclude": left}
    text = page.get("/evidence/dpn/global_response/pool.bib", asked).content.decode()
    assert set(re.findall(r"@article\{([^,]+),", text)) == pooled - {left}
    text = page.get("/evidence/dpn/global_response/pool.ris", asked).content.decode()
    assert set(re.findall(r"^ID  - (\S+)", text, re.M)) == pooled - {left}


def test_the_citations_of_the_figure_are_of_every_comparison_it_draws(page):
    drawn = {
        s.source["trial"]
        for comparator in ("sham", "usual_care", "waitlist", "drug")
        for s in evidence.pool("cipn", "sensory_symptoms", comparator).studies
    }
    text = page.get("/evidence/cipn/sensory_symptoms/forest.ris").content.decode()
    assert set(re.findall(r"^ID  - (\S+)", text, re.M)) == drawn


@pytest.mark.parametrize(
    ("asked", "options"),
    [
        ({"comparator": "any"}, {"comparator": "any"}),
        ({"comparator": "any", "outside": "1"}, {"comparator": "any", "include_outside": True}),
        ({"comparator": "any", "needling": "electrical"}, {"comparator": "any", "needling": "electrical"}),
        ({"comparator": "any", "since": "2015"}, {"comparator": "any", "years": (2015, None)}),
        ({"comparator": "any", "estimator": "DL", "test": "z"}, {"comparator": "any", "estimator": "DL", "test": "z"}),
        ({"comparator": "any", "test": "plain"}, {"comparator": "any", "test": "knha", "truncate": False}),
    ],
)  # fmt: skip
def test_each_filter_changes_the_pool_as_the_science_would(page, asked, options):
    told = json.loads(page.get("/evidence/cipn/sensory_symptoms/pool.json", asked).content)
    usual = {"test": "knha", "truncate": True}
    expected = evidence.pool("cipn", "sensory_symptoms", **{**usual, **options})
    assert told == json.loads(json.dumps(expected.to_json()))


def test_htmx_gets_the_pool_alone_and_the_sentence_beside_it(page):
    asked = {"comparator": "any", "outside": "1"}
    text = page.get("/evidence/dpn/pain/", asked, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in text and 'hx-swap-oob="innerHTML"' in text
    assert "Hamza" in text and "Garrow" in text and "your choices, not the standing answer" in text


def test_the_figures_of_heterogeneity_are_shown_where_there_are_studies_enough(page):
    text = page.get("/evidence/dpn/global_response/", {"comparator": "drug"}).content.decode()
    result = evidence.pool("dpn", "global_response", "drug", test="knha", truncate=True)
    for name in ("Prediction interval", "tau²", "I²", f"{result.q:.2f} on 3 df"):
        assert name in text, name
    assert f"{result.tau2:.3f}" in text
    assert "without " in text and 'id="funnel"' in text


def test_a_lone_study_is_refused_second_looks_and_a_funnel(page):
    text = page.get("/evidence/dpn/pain/").content.decode()
    assert text.count("There is one study in this pool: this needs two or more.") == 7
    assert "A funnel needs three studies or more; this pool has 1." in text
    assert page.get("/evidence/dpn/pain/funnel.svg").status_code == 404


def test_every_estimator_and_interval_opens(page):
    for estimator in ("REML", "DL", "PM", "EB", "ML", "HE", "SJ", "FE", "Bayes"):
        for interval in ("knha", "plain", "z"):
            asked = {"estimator": estimator, "test": interval, "comparator": "any", "outside": "1"}
            text = page.get("/evidence/any/pain/", asked, headers={"HX-Request": "true"})
            assert text.status_code == 200, (estimator, interval)


def test_a_study_left_out_stays_on_the_page_with_its_tick(page):
    text = page.get("/evidence/dpn/pain/", {"exclude": "hamza-2000"}).content.decode()
    assert re.search(r'value="hamza-2000" id="out-hamza-2000" checked', text)


def test_the_overview_of_one_condition_holds_no_other(page):
    text = page.get("/evidence/", {"condition": "cts"}).content.decode()
    assert 'href="/evidence/cts/' in text and 'href="/evidence/dpn/' not in text
    assert "Doses that trials gave" in text
    assert 'href="/evidence/dpn/' in page.get("/evidence/", {"condition": "mixed"}).content.decode()


def test_the_words_around_the_public_page_read_as_easily_as_the_page():
    from django.template.loader import get_template

    from tests.unit.test_public_page import reading_grade

    source = Path(get_template("learn/help.html").origin.name).read_text()
    said = [re.sub(r"\{[{%].*?[%}]\}|<[^>]+>", " ", p) for p in re.findall(r"<p>(.*?)</p>", source)]
    own = " ".join(p.strip() for p in said if p.strip())
    assert len(own.split()) > 60
    assert reading_grade(own) <= 8


def test_the_whole_public_page_as_rendered_reads_at_grade_eight_or_lower(page):
    from tests.unit.test_public_page import reading_grade

    text = page.get("/help/").content.decode()
    main = re.search(r"<main.*?</main>", text, re.S)[0]
    main = re.sub(
        r'<span class="cites">.*?</span>|<script.*?</script>|<table.*?</table>', " ", main, flags=re.S
    )
    said = [re.sub(r"<[^>]+>", " ", p) for p in re.findall(r"<p[^>]*>(.*?)</p>", main, re.S)]
    assert reading_grade(" ".join(said)) <= 8
