"""`deqi course`: what it prints, and that bad input is named by its row and refused as a whole."""

import csv
import json

import pyarrow.parquet as parquet
import pytest
from click.testing import CliRunner

from deqi.doors.cli.course import command
from deqi.science.course import compiling, model
from deqi.science.course.compiling import compile_ahead

REVIEW = ["--condition", "dpn", "--on", "2026-04-13", "--format", "json"]


def run(*words):
    return CliRunner().invoke(command, [str(word) for word in words])


@pytest.fixture
def course(tmp_path):
    """A course in two files: two weeks of about 7, then six weeks going down to about 4."""
    rows = ["date,symptom,value,recall"]
    for day in range(16, 30):
        rows.append(f"2026-02-{min(day, 28):02d},burning,{7 - day % 2},24h") if day <= 28 else None
    for day in range(1, 32):
        rows.append(f"2026-03-{day:02d},burning,{max(4, 7 - day // 5)},24h")
    for day in range(1, 14):
        rows.append(f"2026-04-{day:02d},burning,{4 - day % 2},24h")
    (tmp_path / "r.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "s.csv").write_text("date\n2026-03-02\n2026-03-09\n2026-03-16\n2026-03-23\n2026-04-06\n")
    return tmp_path


def reviewed(course):
    return run("review", "--ratings", course / "r.csv", "--sessions", course / "s.csv", *REVIEW)


def test_a_review_prints_every_field_of_the_contract(course):
    result = reviewed(course)
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)["burning"]
    fields = (
        "n_ratings baseline level change p_improved p_any p_worse p_reach_6 p_reach_12 forecast_continue "
        "forecast_stop p_relapse p_beyond info verdict next_step sceptical warnings model_version input_hash"
    )
    assert set(fields.split()) <= set(found)
    assert set(found["forecast_continue"]) == {"mean", "lo80", "hi80"}
    assert found["verdict"] == "likely_yes"


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_review_that_cannot_be_computed_says_so_and_ends_well(course, monkeypatch, form):
    def refuse(*_):
        raise model.FitError("the ratings could not be fitted")

    monkeypatch.setattr(model, "fit", refuse)
    files = ["--ratings", course / "r.csv", "--sessions", course / "s.csv"]
    result = run("review", *files, *REVIEW[:-1], form)
    assert result.exit_code == 0, result.output
    assert "could not work these ratings out" in result.output
    assert ('"verdict": "not_computed"' in result.output) == (form == "json")


@pytest.mark.parametrize(
    "row, message",
    [
        ("2026-04-13,burning,11,7d", "r.csv:59: value: 11 is outside 0 to 10"),
        ("2026-04-13,burning,much,7d", "'much' is not a number"),
        ("2026-04-14,burning,5,24h", "r.csv:59: date: 2026-04-14 is after the review date 2026-04-13"),
        ("13.4.2026,burning,5,7d", "'13.4.2026' is not a date"),
        ("20260413,burning,5,24h", "'20260413' is not a date"),
        ("2026-04-13,burning,5,24h", "r.csv:59: the same date, symptom and recall as row 58"),
        ("2026-04-13,itch,5,24h", "'itch' is not one of pain, burning"),
        ("2026-04-13,burning,5,1h", "recall: '1h' is not one of 24h, 7d"),
        ("2026-04-13,burning,5", "r.csv:59: 3 cells where the header has 4"),
        ("1985-04-13,burning,5,24h", "is before"),
    ],
)
def test_a_bad_rating_is_named_by_its_row(course, row, message):
    with (course / "r.csv").open("a") as file:
        file.write(row + "\n")
    result = reviewed(course)
    assert result.exit_code == 2
    assert message in result.output and "verdict" not in result.output


def test_a_date_before_birth_is_refused(course):
    result = run(
        "review",
        "--ratings",
        course / "r.csv",
        "--sessions",
        course / "s.csv",
        *REVIEW,
        "--born",
        "2026-02-20",
    )
    assert result.exit_code == 2 and "r.csv:2: date: 2026-02-16 is before the date of birth" in result.output


def test_a_session_in_the_future_is_refused(course):
    with (course / "s.csv").open("a") as file:
        file.write("2026-04-20\n")
    result = reviewed(course)
    assert result.exit_code == 2 and "s.csv:7: date: 2026-04-20 is after" in result.output


@pytest.mark.parametrize("encoding, message", [("latin-1", "r.csv:2: not UTF-8"), ("utf-16", "UTF-16")])
def test_another_encoding_is_refused_by_name(course, encoding, message):
    text = (course / "r.csv").read_text().replace("burning", "brûlure", 1)
    (course / "r.csv").write_bytes(text.encode(encoding))
    result = reviewed(course)
    assert result.exit_code == 2 and message in result.output


def test_a_wrong_header_says_what_is_wanted(course):
    (course / "r.csv").write_text("day,symptom,value,recall\n")
    assert "the columns must be date,symptom,value,recall" in reviewed(course).output


def test_a_file_with_a_byte_order_mark_is_read(course):
    (course / "r.csv").write_bytes(b"\xef\xbb\xbf" + (course / "r.csv").read_bytes())
    assert reviewed(course).exit_code == 0


def test_the_plan_gives_reasons_as_json(tmp_path):
    case = tmp_path / "case.json"
    case.write_text(
        json.dumps({"condition": "cipn", "severity_0_10": 6, "months": 8, "on_chemotherapy": True})
    )
    result = run("plan", "--case", case, "--format", "json")
    proposal = json.loads(result.output)
    assert proposal["sessions_per_week"]["value"] == 1.0
    assert all(
        part["reasons"] for part in (proposal["weeks"], proposal["sessions"], *proposal["review_points"])
    )


def test_a_wrong_case_is_refused_with_its_key(tmp_path):
    case = tmp_path / "case.json"
    case.write_text('{"condition": "gout"}')
    result = run("plan", "--case", case)
    assert result.exit_code == 2 and "condition" in result.output


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_many_courses_give_the_same_numbers_as_one(tmp_path, suffix):
    made = run("simulate", "--world", "matched", "--patients", 3, "--seed", 1, "--output", tmp_path)
    assert made.exit_code == 0, made.output
    out = tmp_path / f"out.{suffix}"
    words = ["--ratings", tmp_path / "ratings.csv", "--sessions", tmp_path / "sessions.csv", "--output", out]
    result = run("review-many", *words, "--workers", 1)
    assert result.exit_code == 0, result.output
    if suffix == "parquet":
        rows = parquet.read_table(out).to_pylist()
    else:
        with out.open() as file:
            rows = list(csv.DictReader(file))
    assert [row["patient_id"] for row in rows] == [f"synthetic-{i:06d}" for i in range(3)]
    one = _first_patient(tmp_path)
    assert float(rows[0]["change"]) == one["change"] and rows[0]["input_hash"] == one["input_hash"]


def _first_patient(folder):
    for name, columns in (("ratings", "date,symptom,value,recall"), ("sessions", "date")):
        with (folder / f"{name}.csv").open() as file:
            rows = [row for row in csv.DictReader(file) if row["patient_id"] == "synthetic-000000"]
        lines = [",".join(row[column] for column in columns.split(",")) for row in rows]
        (folder / f"one-{name}.csv").write_text("\n".join([columns, *lines]) + "\n")
    files = ["--ratings", folder / "one-ratings.csv", "--sessions", folder / "one-sessions.csv"]
    result = run("review", *files, "--condition", "dpn", "--on", "2026-02-16", "--format", "json")
    return json.loads(result.output)["burning"]


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("burning,", "itch,", "ratings.csv:2: symptom: itch is not one of"),
        (
            ",24h,dpn,2026-02-16\n",
            ",24h,dpn,2025-12-01\n",
            "ratings.csv:2: date: 2025-12-23 is after the review date",
        ),
        (",24h,dpn,", ",24h,gout,", "ratings.csv:2: condition: 'gout' is not one of"),
    ],
)
def test_a_bad_row_among_many_is_named_and_nothing_is_written(tmp_path, old, new, message):
    run("simulate", "--world", "matched", "--patients", 2, "--seed", 1, "--output", tmp_path)
    file = tmp_path / "ratings.csv"
    file.write_text(file.read_text().replace(old, new, 1))
    words = ["--ratings", file, "--sessions", tmp_path / "sessions.csv", "--output", tmp_path / "out.csv"]
    result = run("review-many", *words)
    assert result.exit_code == 2 and message in result.output
    assert not (tmp_path / "out.csv").exists()


def test_a_made_up_world_is_the_same_for_the_same_seed(tmp_path):
    for name in ("a", "b"):
        run("simulate", "--world", "flare", "--patients", 4, "--seed", 9, "--output", tmp_path / name)
    assert (tmp_path / "a/ratings.csv").read_bytes() == (tmp_path / "b/ratings.csv").read_bytes()


def test_the_model_is_compiled_once_and_not_again(tmp_path, monkeypatch):
    pytest.importorskip("numba")
    compile_ahead(lambda said: None)
    said = []
    if compiling.compiled():  # programs are kept beside the sources
        compile_ahead(said.append)
        assert said == []
    for name in {name for sources in compiling.PROGRAMS.values() for name in sources}:
        (tmp_path / name).touch()
    monkeypatch.setattr(compiling, "HERE", tmp_path)  # a new installation: nothing is compiled yet
    assert not compiling.compiled()
    compile_ahead(said.append)
    assert said == ["Compiling the course model (once, about half a minute)"]
