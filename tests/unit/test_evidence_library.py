"""The shelves of the evidence base hold what they say, and a wrong record is named with its line."""

import pytest
import yaml
from click.testing import CliRunner

from deqi.doors.cli.main import main
from deqi.science import evidence
from deqi.science.evidence import library
from deqi.science.evidence.schema import Trial
from deqi.science.knowledge import KnowledgeError, data_path, parse_yaml

CHUNG = data_path("deqi.science.evidence", "trials", "chung-2016.yaml")


def test_every_knowledge_file_is_sound():
    assert [str(p) for p in evidence.problems()] == []


def test_nothing_was_lost_on_the_way_in():
    assert len(evidence.trials()) == 85
    assert sum(t.randomized for t in evidence.trials().values()) == 70
    assert len(evidence.reviews()) == 39
    assert len(evidence.guidelines()) == 17
    assert [len(m.findings) for m in evidence.mechanisms().values()].__len__() == 6
    assert sum(len(m.findings) for m in evidence.mechanisms().values()) == 66
    assert sum(m.tally("human")[k] for m in evidence.mechanisms().values() for k in m.tally("human")) == 35


def test_prevention_uncontrolled_and_other_diseases_stay_outside_the_default_pools():
    outside = {t.id for t in evidence.trials().values() if evidence.outside_default_pools(t)}
    assert {"greenlee-2016", "chan-2023", "huang-2023", "bao-2014", "alimi-2003", "ben-arye-2022"} <= outside
    assert {"xu-2013-bell", "bell-sequelae-2015", "he-2015-pni", "lee-2013-protocol"} <= outside
    assert not {"chung-2016", "garrow-2014", "lu-2020", "shlay-1998"} & outside


def test_no_guideline_read_recommends_acupuncture_for_a_neuropathy():
    stances = {
        (s.stance, s.about) for g in evidence.guidelines().values() for s in g.statements if s.stance == "for"
    }
    assert stances == {("for", "not_neuropathy")}


def test_human_findings_come_first():
    for mechanism in evidence.mechanisms().values():
        models = [f.model == "human" for f in mechanism.ordered_findings()]
        assert models == sorted(models, reverse=True)


def broken(**changes):
    record = yaml.safe_load(CHUNG.read_text())
    record.update(changes)
    return yaml.safe_dump(record, sort_keys=False)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (broken(designn="rct"), "designn", "Extra inputs"),
        (broken(design="rtc"), "design", "Input should be"),
        (broken(withdrawals={"nobody": 3}), "", "unknown arm 'nobody'"),
        (broken(doi="jamanetwork"), "doi", "pattern"),
    ],
)
def test_a_wrong_trial_is_named_with_its_place(text, place, message):
    with pytest.raises(KnowledgeError) as caught:
        parse_yaml(text, Trial, file="trials/x.yaml")
    problem = caught.value.problems[0]
    assert (problem.file, problem.where) == ("trials/x.yaml", place)
    assert message in problem.message
    assert problem.line > 0


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"n": 10, "responders": 11}, "11 responders of 10"),
        ({"n": 10, "mean": 3.0, "sd": 0}, "greater than 0"),
        ({"n": 10, "change_mean": 3.0, "change_ci95": [4.0, 5.0]}, "does not hold"),
        ({"n": 10, "change_ci95": [5.0, 4.0]}, "down to"),
    ],
)
def test_impossible_figures_are_refused(result, message):
    outcome = {
        "instrument": "x", "domain": "pain", "where": "abstract", "arms": {"splint": result}, "between": {}
    }  # fmt: skip
    with pytest.raises(KnowledgeError, match=message):
        parse_yaml(broken(outcomes=[outcome]), Trial, file="x.yaml")


def test_a_record_named_unlike_its_file_is_refused(tmp_path):
    path = tmp_path / "chung-2017.yaml"
    path.write_text(CHUNG.read_text())
    with pytest.raises(KnowledgeError, match="the file is named chung-2017"):
        library._load_trial(path)


def test_the_command_checks_and_lists():
    run = CliRunner()
    checked = run.invoke(main, ["evidence", "check"])
    assert checked.exit_code == 0
    assert "85 trials" in checked.output
    listed = run.invoke(main, ["evidence", "trials", "--condition", "cts", "--format", "csv"])
    assert listed.output.splitlines()[0].startswith("id,label,year")
    assert len(listed.output.splitlines()) == 11
    assert run.invoke(main, ["evidence", "trials", "--condition", "gout"]).exit_code == 2
