"""`deqi safety` prints what the screen says, and refuses what it cannot read with exit code 2."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from deqi.doors.cli.main import main
from deqi.science.safety import rule_table

DOCS = Path(__file__).parents[3] / "docs" / "safety.md"


@pytest.fixture
def case_file(tmp_path):
    def write(**held):
        path = tmp_path / "case.json"
        path.write_text(json.dumps({"condition": "cipn", "regions": ["feet"], **held}))
        return str(path)

    return write


def run(*words):
    return CliRunner().invoke(main, ["safety", *words])


def test_json_has_the_fields_of_the_issue(case_file):
    path = case_file(facts={"pregnant": True})
    result = run("screen", "--case", path, "--points", "LI4,SP6,ST36", "--format", "json")
    assert result.exit_code == 0
    said = json.loads(result.output)
    assert said["verdict"] == "avoid"
    found = next(finding for finding in said["findings"] if finding["id"] == "preg-points")
    assert set(found) >= {
        "id", "effect", "points", "regions", "text", "threshold_from_source", "source", "strength", "missing",
        "what_would_lift",
    }  # fmt: skip
    assert found["points"] == ["LI4", "SP6"]
    assert found["regions"] == ["hand", "lower_leg"]
    assert found["source"].startswith("http")


def test_electrical_stimulation_is_refused_with_a_pacemaker(case_file):
    path = case_file(facts={"pacemaker": True})
    assert (
        json.loads(run("screen", "--case", path, "--modality", "electro", "--format", "json").output)[
            "verdict"
        ]
        == "avoid"
    )
    assert json.loads(run("screen", "--case", path, "--format", "json").output)["verdict"] == "modify"


def test_old_codes_and_names_of_points_are_understood(case_file):
    path = case_file(facts={"pregnant": True})
    said = json.loads(
        run("screen", "--case", path, "--points", "lv3:left, sanyinjiao", "--format", "json").output
    )
    hit = {
        point for finding in said["findings"] if finding["id"] == "preg-points" for point in finding["points"]
    }
    assert hit == {"LR3", "SP6"}


def test_text_says_whose_threshold_and_what_would_lift(case_file):
    path = case_file(facts={"platelets": 12, "platelets_date": "2026-11-22"})
    result = run("screen", "--case", path, "--on", "2026-11-23")
    assert "Verdict: stop" in result.output
    assert "STOP: Low platelets" in result.output
    assert "The threshold is this project's proposal." in result.output
    assert "Lifted by: a platelet count of the last 7 days above the line" in result.output


@pytest.mark.parametrize(
    "held,words,says",
    [
        ({"facts": {"pregnnt": True}}, (), "facts.pregnnt: unknown key, did you mean pregnant?"),
        ({"facts": {"inr": "high"}}, (), "facts.inr: must be a number from 0.5 to 15 (ratio), not 'high'"),
        ({"condition": "gout"}, (), "condition: 'gout' is not allowed; allowed: cipn, dpn"),
        ({"modality": "laser"}, (), "modality: 'laser' is not allowed; allowed: manual, electro, auricular"),
        ({}, ("--points", "LI44"), "LI44"),
        ({}, ("--points", "LI4:up"), "'up' is not a side"),
        ({}, ("--modality", "laser"), "'laser' is not a way of treating; allowed: manual, electro"),
        ({}, ("--pair", "LI4"), "not two points joined by +"),
        ({}, ("--on", "yesterday"), "'yesterday' is not a day"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(case_file, held, words, says):
    result = run("screen", "--case", case_file(**held), *words)
    assert result.exit_code == 2
    assert says in result.output


def test_a_missing_file_is_refused():
    result = run("screen", "--case", "nowhere.json")
    assert result.exit_code == 2
    assert "nowhere.json" in result.output


def test_the_rules_and_the_facts_can_be_listed():
    assert "ea-cardiac-device" in run("rules").output
    assert len(json.loads(run("rules", "--format", "json").output)) == 41
    assert "pacemaker" in run("facts").output
    assert {"key", "label", "allowed"} <= set(json.loads(run("facts", "--format", "json").output)[0])


def test_the_table_in_the_docs_is_the_one_the_screen_runs_on():
    """Made anew by: deqi safety rules --format markdown, between the two marks of docs/safety.md."""
    text = DOCS.read_text(encoding="utf-8")
    shown = text.split("<!-- rules -->\n")[1].split("\n<!-- /rules -->")[0]
    assert shown == rule_table(markdown=True)
