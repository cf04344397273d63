"""Scores: added by hand, refused when a part is missing, explained only by thresholds that were read."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from deqi.doors.cli.main import main
from deqi.doors.cli.measures import scorer_table
from deqi.science.measures import ScoreError, score, scorers

TNSC = dict.fromkeys(
    ["sensory_symptoms", "motor_symptoms", "autonomic_symptoms", "pin", "vibration", "strength", "reflexes"],
    2,
)


def test_a_sum_is_the_sum_of_its_parts():
    assert score("tnsc", parts={**TNSC, "pin": 4, "strength": 0}).total == 14  # 5 x 2 + 4 + 0


def test_a_missing_part_is_never_filled_in():
    with pytest.raises(ScoreError, match="Pin sensation is missing"):
        score("tnsc", parts={**TNSC, "pin": None})


@pytest.mark.parametrize(
    "parts, message", [({**TNSC, "pin": 5}, "5 is outside 0 to 4"), ({**TNSC, "x": 1}, "no part called x")]
)
def test_a_wrong_part_is_named(parts, message):
    with pytest.raises(ScoreError, match=message):
        score("tnsc", parts=parts)


@pytest.mark.parametrize(
    "total, meaning", [(2, None), (3, "3-4 mild"), (6, "5-6 moderate"), (9, "7-9 severe")]
)
def test_bands_of_the_symptom_score(total, meaning):
    assert score("nss", total=total).meaning == meaning


def test_a_total_out_of_range_is_refused():
    with pytest.raises(ScoreError, match="43 is outside 0 to 42"):
        score("uens", total=43)


def test_where_the_parts_were_not_verified_the_total_is_entered():
    with pytest.raises(ScoreError, match="enter the total"):
        score("mtns", parts={"pin": 1})


#: The class SHIP_SCORER of the knowledge, and those of the other classes of which it lists the scorer.
OF_THE_KNOWLEDGE = {
    *(
        "pro-ctcae-nt",
        "mnsi",
        "tcns",
        "mtcns",
        "uens",
        "nds",
        "nss",
        "ntss-6",
        "tnsc",
        "mtns",
        "fact-gog-ntx",
    ),
    *("eortc-cipn20", "promis-pi", "promis-pf", "promis-pq-neuro", "peg", "bpi-sf", "mymop2", "npsi"),
    "paindetect",
}


def test_the_instruments_of_the_knowledge_are_there_and_each_figure_has_a_source():
    own = {"ctcae-sensory", "ctcae-motor", "symptom-week", "mnsi-examination"}
    assert set(scorers()) == OF_THE_KNOWLEDGE | own
    for scorer in scorers().values():
        assert scorer.sources and all(threshold.source for threshold in scorer.thresholds)
        assert all(one.missing is None or one.missing.source for one in (scorer, *scorer.subscales))


def test_no_word_of_an_item_is_shipped():
    """Parts of what is another's are numbered, or carry the one-word names of the parts that were published."""
    for scorer in scorers().values():
        for part in scorer.all_parts:
            assert len(part.label.split("(")[0].split()) <= 3, (scorer.key, part.label)


def test_screening_items_count_as_published():
    """Yes counts, but on items 7 and 13 no does; items 4 and 10 count neither way (docsbay.net/doc/162278)."""
    yes = {f"item_{n}": 1 for n in range(1, 16)}
    assert score("mnsi", parts=yes).total == 11
    assert score("mnsi", parts={**yes, "item_7": 0, "item_13": 0}).total == 13
    assert score("mnsi", parts={**yes, "item_4": 0, "item_10": None}).total == 11
    assert score("mnsi", parts=dict.fromkeys(yes, 0)).total == 2


def test_half_of_the_interference_items_are_not_enough_but_four_of_seven_are():
    four = score("bpi-sf", parts={f"interference_{n}": n for n in range(1, 5)}).subscales["interference"]
    assert (four.value, four.answered, four.filled_in) == (2.5, 4, True)
    three = score("bpi-sf", parts={f"interference_{n}": n for n in range(1, 4)}).subscales["interference"]
    assert three.value is None and "at least 4" in three.refused


def test_more_than_half_of_eleven_is_six_and_the_mean_stands_for_the_rest():
    six = {f"item_{n}": 2 for n in range(1, 7)}
    assert score("fact-gog-ntx", parts=six).total == 22
    with pytest.raises(ScoreError, match="5 of 11"):
        score("fact-gog-ntx", parts={key: six[key] for key in list(six)[:5]})


def test_four_sub_items_are_averaged_and_rounded_up():
    parts = {"sensory_1": 1, "sensory_2": 1, "sensory_3": 1, "sensory_4": 2}
    found = score("mtns", parts=parts)
    assert found.subscales["sensory_symptoms"].value == 2 and found.total is None


@pytest.mark.parametrize(
    "key, parts, why",
    [
        ("paindetect", {"a": 1}, "enter the total"),
        ("peg", {"item_1": 1}, "enter the total"),
        ("bpi-sf", {}, "subscale"),
    ],
)
def test_what_was_not_verified_is_refused_with_its_reason(key, parts, why):
    with pytest.raises(ScoreError, match=why):
        score(key, parts=parts)
    assert scorers()[key].unverified


@pytest.mark.parametrize("total, word", [(12, "unlikely"), (13, "unclear"), (18, "unclear"), (19, "likely")])
def test_bands_of_the_screen_for_a_neuropathic_part(total, word):
    assert word in score("paindetect", total=total).meaning


def test_a_grade_is_whole():
    with pytest.raises(ScoreError, match="whole"):
        score("ctcae-sensory", total=1.5)


@pytest.mark.parametrize("name", ["a.json", "a.csv"])
def test_the_command_reads_both_forms(tmp_path, name):
    file = tmp_path / name
    rows = {**TNSC, "pin": 4}
    text = (
        json.dumps(rows)
        if name == "a.json"
        else "item,value\n" + "".join(f"{k},{v}\n" for k, v in rows.items())
    )
    file.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(main, ["measures", "score", "tnsc", "--answers", str(file), "--format", "json"])
    assert done.exit_code == 0 and json.loads(done.output)["total"] == 16


@pytest.mark.parametrize(
    "text, message",
    [
        ('{"pin": "3"}', "pin: '3' is not a number"),
        ('{"pin": 1, "pin": 2}', "twice"),
        ("[1]", "item,value"),
        ("item,value\npin,x\n", "row 2, value"),
        ("item,value\npin,nan\n", "row 2, value"),
        ('{"pin": 9}', "9 is outside 0 to 4"),
        (b"item,value\npin,\xff\n", "answers:2: not UTF-8"),
    ],
)
def test_a_bad_file_is_named_and_the_exit_code_is_2(tmp_path, text, message):
    file = tmp_path / "answers"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = CliRunner().invoke(main, ["measures", "score", "tnsc", "--answers", str(file)])
    assert done.exit_code == 2 and message in done.output


def test_the_table_of_the_docs_is_the_data():
    text = (Path(__file__).parents[2] / "docs" / "questionnaires.md").read_text(encoding="utf-8")
    assert scorer_table() in text, "run: deqi measures list --format markdown"
