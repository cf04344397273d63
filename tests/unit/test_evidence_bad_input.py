"""The list of bad input in full: an error that names file, line and column, exit code 2, by `pool` and by `forest`."""

import pytest
from click.testing import CliRunner

from deqi.doors.cli.main import main

MEANS = "study,n1,m1,sd1,n2,m2,sd2\nAlpha,20,10,2,20,9,2\nBeta,30,12,3,28,10,3\n"
EVENTS = "study,a,n1,c,n2\nAlpha,12,30,6,30\nBeta,4,25,3,25\n"
EFFECTS = "study,yi,sei\nAlpha,0.2,0.1\nBeta,0.4,0.2\n"
COLUMNS = {"SMD": MEANS, "MD": MEANS, "ROM": MEANS, "OR": EVENTS, "RR": EVENTS, "RD": EVENTS, "GEN": EFFECTS}


def cells(text):
    return [line.split(",") for line in text.splitlines()]


def with_cell(text, line, column, value):
    rows = cells(text)
    rows[line - 1][rows[0].index(column)] = value
    return "\n".join(",".join(row) for row in rows) + "\n"


def refused(tmp_path, words, text, measure):
    path = tmp_path / "given.csv"
    path.write_text(text)
    result = CliRunner().invoke(main, ["evidence", *words, "--data", str(path), "--measure", measure])
    assert result.exit_code == 2 and result.stdout == "", result.output
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.fixture(params=["pool", "forest"])
def words(request, tmp_path):
    if request.param == "pool":
        return ["pool", "--format", "json"]
    return ["forest", "--output", str(tmp_path / "never.svg")]


def numbers():
    for measure, text in COLUMNS.items():
        for column in cells(text)[0][1:]:
            yield pytest.param(measure, column, id=f"{measure}-{column}")


@pytest.mark.parametrize(("measure", "column"), list(numbers()))
@pytest.mark.parametrize("cell", ["ten", "", "1;2", "nan", "inf", "1e400", "-"])
def test_text_in_any_number_cell_is_named(tmp_path, words, measure, column, cell):
    said = refused(tmp_path, words, with_cell(COLUMNS[measure], 3, column, cell), measure)
    assert f"given.csv:3: {column}:" in said


@pytest.mark.parametrize(("measure", "column"), list(numbers()))
def test_any_missing_column_is_named(tmp_path, words, measure, column):
    text = COLUMNS[measure]
    at = cells(text)[0].index(column)
    lacking = "\n".join(",".join(row[:at] + row[at + 1 :]) for row in cells(text))
    assert f"given.csv:1: {column}: missing column" in refused(tmp_path, words, lacking, measure)


@pytest.mark.parametrize("column", ["sd1", "sd2"])
@pytest.mark.parametrize("sd", ["0", "-2", "1e-9", "2e9"])
@pytest.mark.parametrize("measure", ["SMD", "MD", "ROM"])
def test_an_impossible_sd_is_named(tmp_path, words, measure, column, sd):
    assert f"given.csv:2: {column}:" in refused(tmp_path, words, with_cell(MEANS, 2, column, sd), measure)


@pytest.mark.parametrize(("column", "value"), [("a", "31"), ("c", "31"), ("a", "-1"), ("c", "2.5")])
@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_events_above_totals_are_named(tmp_path, words, measure, column, value):
    assert f"given.csv:2: {column}:" in refused(tmp_path, words, with_cell(EVENTS, 2, column, value), measure)


@pytest.mark.parametrize("sei", ["0", "-0.1"])
def test_an_impossible_standard_error_is_named(tmp_path, words, sei):
    assert "given.csv:3: sei:" in refused(tmp_path, words, with_cell(EFFECTS, 3, "sei", sei), "GEN")


@pytest.mark.parametrize(("measure", "text"), COLUMNS.items())
def test_a_pool_of_one_study_is_refused_with_its_line(tmp_path, words, measure, text):
    one = "\n".join(text.splitlines()[:2]) + "\n"
    assert "given.csv:2: study: one study only" in refused(tmp_path, words, one, measure)


@pytest.mark.parametrize(("column", "value"), [("n1", "0"), ("n2", "1"), ("n1", "20.5"), ("n2", "-3")])
def test_an_impossible_group_size_is_named(tmp_path, words, column, value):
    assert f"given.csv:3: {column}:" in refused(tmp_path, words, with_cell(MEANS, 3, column, value), "SMD")
