"""`deqi points` answers in words and in JSON, and refuses bad input with exit code 2 and the place."""

import json

from click.testing import CliRunner

from deqi.doors.cli.points import command


def run(*arguments):
    return CliRunner().invoke(command, list(arguments))


def test_show_gives_a_point_by_an_old_code():
    result = run("show", "UB60", "--format", "json")
    facts = json.loads(result.output)
    assert result.exit_code == 0 and facts["code"] == "BL60"
    assert facts["anatomy"]["depth_source"] and facts["trials"]["not_proof"]


def test_show_says_that_use_in_trials_is_not_proof():
    assert "not proof of effect" in run("show", "ST36").output


def test_an_unknown_point_is_refused_with_the_nearest():
    result = run("show", "bafang")
    assert result.exit_code == 2 and "EX-LE10" in result.output


def test_search_lists_points_as_json():
    rows = json.loads(run("search", "bafeng", "--format", "json").output)
    assert rows[0]["code"] == "EX-LE10" and rows[0]["trials"] > 0


def test_parse_prints_the_promised_keys():
    rows = json.loads(run("parse", "st36 b 25mm 30min; ea lr3+gb42 2/100hz 1.5ma", "--format", "json").output)
    assert [row["code"] for row in rows] == ["ST36", "LR3", "GB42"]
    assert {"code", "side", "depth_mm", "technique", "deqi", "retention_min", "electrical"} <= set(rows[0])
    assert rows[1]["electrical"] == {
        "pair_with": "GB42",
        "frequency_hz": [2.0, 100.0],
        "current_ma": 1.5,
        "waveform": None,
    }


def test_parse_points_at_the_wrong_word():
    result = run("parse", "st36 900mm")
    assert result.exit_code == 2 and "column 6" in result.output and "^^^^^" in result.output


def test_parse_counts_the_needles():
    assert "13 needles" in run("parse", "st36 lr3 b; li4 r; bafeng b").output
