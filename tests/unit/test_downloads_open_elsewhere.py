"""What is taken away opens in other people's programs: CSV, JSON, BibTeX, RIS, SVG, PNG and PDF."""

import csv
import io
import json
import re
import subprocess
import sys
from collections import Counter
from xml.etree import ElementTree

import bibtexparser
import pyarrow.csv
import pytest
import rispy
from PIL import Image
from pypdf import PdfReader

from deqi.science import evidence
from deqi.science.evidence.charts import Section, describe, forest_spec
from deqi.science.evidence.citations import people

TRIALS = list(evidence.trials().values())
REVIEWS = list(evidence.reviews().values())


@pytest.fixture(scope="module")
def pool():
    return evidence.pool("dpn", "global_response", "drug", test="knha", truncate=True)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The forest of one question in the three formats, drawn by the command."""
    folder = tmp_path_factory.mktemp("forest")
    made = {}
    for form in ("svg", "png", "pdf"):
        path = folder / f"forest.{form}"
        asked = ["--condition", "dpn", "--domain", "global_response", "--comparator", "drug"]
        subprocess.run(
            [sys.executable, "-m", "deqi.doors.cli.main", "evidence", "forest", *asked, "--output", str(path)],
            check=True, capture_output=True,
        )  # fmt: skip
        made[form] = path
    return made


@pytest.mark.parametrize(
    ("said", "names", "more"),
    [
        ("Zhang C, Ma YX, Yan Y", (("Zhang", "C"), ("Ma", "YX"), ("Yan", "Y")), False),
        ("Wong and Sagar", (("Wong", ""), ("Sagar", "")), False),
        ("D'Alessandro EG et al.", (("D'Alessandro", "EG"),), True),
        ("ACUDIN group (Meyer-Hamme G et al., as on the page)", (("ACUDIN group", ""),), False),
        (None, (), False),
    ],
)
def test_authors_are_told_apart(said, names, more):
    assert people(said) == (names, more)


@pytest.mark.parametrize("records", [TRIALS, REVIEWS], ids=["trials", "reviews"])
def test_bibtex_is_read_by_a_parser_of_bibtex(records):
    library = bibtexparser.parse_string(
        evidence.bibtex(records),
        append_middleware=[
            bibtexparser.middlewares.SeparateCoAuthors(),
            bibtexparser.middlewares.SplitNameParts(),
        ],
    )
    assert not library.failed_blocks
    entries = library.entries_dict
    assert set(entries) == {record.id for record in records}
    for record in records:
        fields = entries[record.id].fields_dict
        assert fields["title"].value
        assert ("year" in fields) == bool(record.year)
        assert ("doi" in fields) == bool(record.doi)
        names, more = people(record.authors)
        told = fields["author"].value if "author" in fields else []
        assert len(told) == len(names) + more, record.id
        for (family, initials), name in zip(names, told, strict=False):
            assert " ".join([*name.von, *name.last]).strip("{}") == family
            assert "".join(name.first).replace(".", "") == initials


@pytest.mark.parametrize("records", [TRIALS, REVIEWS], ids=["trials", "reviews"])
def test_ris_is_read_by_a_parser_of_ris(records):
    text = evidence.ris(records)
    assert text.replace("\r\n", "").count("\n") == 0
    entries = {entry["id"]: entry for entry in rispy.loads(text)}
    assert set(entries) == {record.id for record in records}
    for record in records:
        entry = entries[record.id]
        assert entry["type_of_reference"] == "JOUR"
        assert record.title is None or entry["title"] == record.title
        assert [name.split(",")[0] for name in entry.get("authors", [])] == [
            n for n, _ in people(record.authors)[0]
        ]
        assert entry.get("year") == (str(record.year) if record.year else None)
        assert entry.get("doi") == record.doi
        assert entry["urls"] == [record.source_url]


def test_csv_is_read_by_arrow_with_numbers_as_numbers(pool):
    text = evidence.pool_csv(pool)
    table = pyarrow.csv.read_csv(io.BytesIO(text.encode()))
    assert table.num_rows == pool.k
    assert str(table.schema.field("estimate").type) == "double"
    assert table.column("estimate").to_pylist() == pytest.approx([s.estimate for s in pool.studies])
    assert len({len(row) for row in csv.reader(io.StringIO(text))}) == 1


def test_json_is_read_without_anything_that_only_python_writes(pool):
    text = json.dumps(pool.to_json(), allow_nan=False)
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name))["k"] == pool.k


def test_svg_is_xml_with_a_row_for_every_study(drawn, pool):
    root = ElementTree.parse(drawn["svg"]).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert float(re.sub(r"[^\d.]", "", root.get("width"))) > 300
    said = " ".join(text for node in root.iter() for text in (node.text or "",))
    assert all(study.label in said for study in pool.studies)


def test_png_is_a_picture_with_ink_on_it(drawn):
    with Image.open(drawn["png"]) as picture:
        picture.load()
        assert picture.format == "PNG" and picture.width > 600 and picture.height > 200
        pixels = picture.convert("RGB").resize((200, 100)).tobytes()
    colours = Counter(pixels[i : i + 3] for i in range(0, len(pixels), 3))
    assert len(colours) > 20
    assert colours.most_common(1)[0][1] < 0.99 * colours.total()


def test_pdf_is_one_page_whose_words_can_be_searched(drawn, pool):
    reader = PdfReader(drawn["pdf"])
    assert len(reader.pages) == 1
    said = reader.pages[0].extract_text()
    assert all(study.label.split()[0] in said for study in pool.studies)


def test_the_spec_behind_the_figures_names_every_study_in_words(pool):
    sections = [Section("Against medicine", pool)]
    spec = json.dumps(forest_spec(sections, title="t"))
    assert all(study.label in spec for study in pool.studies)
    assert describe(sections, "t")
