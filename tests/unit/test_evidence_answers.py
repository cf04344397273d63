"""An answer brings its company: other comparators, reviews, guidelines, what was not found, trial doses."""

import json

import pytest
import vl_convert
from click.testing import CliRunner

from deqi.doors.cli.main import main
from deqi.science import evidence
from deqi.science.evidence.charts import Section, compact_forest_spec, forest_spec
from deqi.science.evidence.funnel_chart import funnel_spec
from deqi.science.evidence.mechanism_chart import mechanism_spec
from deqi.science.evidence.schema import CONDITIONS, DOMAINS


def test_sham_controlled_results_always_stand_beside_the_others():
    answer = evidence.answer("dpn", "pain")
    assert answer.comparator == "sham"
    assert set(answer.beside) == {"usual_care", "waitlist", "drug"}
    assert answer.sentences[-1].startswith("Side by side (lower is better): sham acupuncture SMD")


def test_figures_without_a_sham_comparison_are_said_to_lack_one():
    assert "none against sham" in evidence.answer("dpn", "global_response").sentences[-1]


def test_every_question_has_an_answer_with_a_certainty():
    for condition in CONDITIONS:
        for domain in DOMAINS:
            answer = evidence.answer(condition, domain)
            assert answer.result.certainty.level in ("high", "moderate", "low", "very low")
            assert answer.sentences


def test_a_step_down_in_certainty_always_has_its_reason():
    for condition in CONDITIONS:
        for domain in DOMAINS:
            certainty = evidence.answer(condition, domain).result.certainty
            if certainty.level != "high":
                assert all(step.reason for step in certainty.steps)
                assert certainty.steps


def test_what_was_measured_without_figures_is_listed():
    silent = {x.id for x in evidence.answer("cipn", "pain").without_figures}
    assert silent == {"bao-2020", "huang-2021"}
    assert "greenlee-2016" in {x.id for x in evidence.answer("cipn", "pain").outside}


def test_published_estimates_of_the_same_comparison_come_first():
    published = evidence.published("dpn", "nerve_conduction", "sham")
    assert published[0].review == "buct-2024"
    assert (published[0].effect, published[0].ci95) == (0.5, (0.17, 0.83))
    assert len({p.review for p in published} & {"feng-2023", "neuropathic-meta-2023"}) <= 1


def test_positions_about_another_pain_come_last_and_are_marked():
    positions = evidence.positions("dpn")
    assert [p.borrowed for p in positions] == sorted(p.borrowed for p in positions)
    assert not any(p.stance == "for" and not p.borrowed for p in positions)


def test_groups_without_a_comparison_are_shown_apart():
    seen = evidence.before_after("dpn", "sensory_symptoms")
    assert {(b.trial, b.before, b.after) for b in seen} >= {("abuaisha-1998", 74.9, 44.5)}


def test_doses_stand_on_the_side_their_trial_concluded():
    doses = evidence.doses("cipn")
    assert "rostock-2013" in {d.trial for d in doses.not_found}
    [rostock] = [d for d in doses.not_found if d.trial == "rostock-2013"]
    assert (rostock.sessions, rostock.weeks, rostock.needling) == (8, 3, "electrical")
    assert "lu-2020" in {d.trial for d in doses.found}
    assert "greenlee-2016" not in {d.trial for d in doses.not_found}
    found = doses.summary["found"]
    assert found.sessions.low <= found.sessions.middle <= found.sessions.high
    assert found.sessions.k <= found.sessions.of == found.arms


def test_a_citation_can_be_taken_out_in_both_formats():
    record = evidence.trials()["bao-2020"]
    assert "@article{bao-2020," in evidence.bibtex([record])
    assert "doi = {10.1001/jamanetworkopen.2020.0681}" in evidence.bibtex([record])
    assert evidence.ris([record]).splitlines()[0] == "TY  - JOUR"
    assert evidence.ris([record]).rstrip().endswith("ER  -")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_forest_plot_holds_every_study_and_its_description(theme):
    sections = [
        Section("Against anything", evidence.pool("cipn", "pain", "any")),
        Section("Against a drug", evidence.pool("cipn", "pain", "drug")),
    ]
    svg = vl_convert.vegalite_to_svg(forest_spec(sections, title="Pain", theme=theme))
    for text in ("Lu 2020", "Paclilin 2026", "Together, 2 trials", "no trial with usable figures"):
        assert text in svg


def test_a_forest_plot_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no study to draw"):
        forest_spec([Section("x", evidence.pool("hiv_sn", "motor", "sham"))], title="x")


def test_the_mechanism_map_is_drawn_from_the_findings():
    spec = mechanism_spec()
    assert sum(row["findings"] for row in spec["data"]["values"]) == 62  # 35 human, 27 animal; 4 are reviews
    assert "certainty in people very low" in spec["description"]
    assert "<svg" in vl_convert.vegalite_to_svg(spec)


@pytest.mark.parametrize(("ending", "magic"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_command_draws_in_three_formats(tmp_path, ending, magic):
    target = tmp_path / f"forest.{ending}"
    words = ["evidence", "forest", "--condition", "cipn", "--domain", "pain", "--output", str(target)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert target.read_bytes().startswith(magic)


def test_the_command_draws_a_table_too(tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("study,yi,sei\na,0.1,0.2\nb,0.3,0.1\nc,-0.2,0.3\n")
    words = ["evidence", "forest", "--data", str(table), "--measure", "GEN", "--output"]
    assert CliRunner().invoke(main, [*words, str(tmp_path / "x.svg")]).exit_code == 0
    refused = CliRunner().invoke(main, [*words, str(tmp_path / "x.gif")])
    assert refused.exit_code == 2
    assert "must end in" in refused.stderr


def test_specs_are_plain_data():
    spec = forest_spec([Section("x", evidence.pool("cipn", "pain", "any"))], title="x")
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec


def test_a_funnel_plot_shows_every_study_and_needs_three():
    result = evidence.pool("dpn", "global_response", "drug")
    svg = vl_convert.vegalite_to_svg(funnel_spec(result, title="Response"))
    assert "standard error" in svg
    with pytest.raises(ValueError, match="three studies"):
        funnel_spec(evidence.pool("dpn", "pain", "sham"), title="x")


def test_a_pool_can_be_taken_out_as_a_table():
    import csv
    import io

    result = evidence.pool("dpn", "global_response", "drug")
    rows = list(csv.DictReader(io.StringIO(evidence.pool_csv(result))))
    assert [row["id"] for row in rows] == [s.id for s in result.studies]
    assert float(rows[0]["estimate"]) == result.studies[0].estimate


def test_a_mixed_case_is_answered_from_all_conditions():
    assert evidence.condition_for_case("dpn") == "dpn"
    assert evidence.condition_for_case("mixed") == "any"
    answer = evidence.answer("any", "pain")
    assert answer.result.k >= evidence.answer("dpn", "pain").result.k
    assert "any nerve condition" in answer.sentences[0]
    assert len(evidence.doses("any").found) > len(evidence.doses("dpn").found)


def test_the_shelves_open_without_the_numerical_half():
    import subprocess
    import sys

    code = "import sys; from deqi.science.evidence import trials; trials(); sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_narrow_plot_holds_the_same_studies():
    sections = [Section("Against a drug", evidence.pool("dpn", "global_response", "drug"))]
    svg = vl_convert.vegalite_to_svg(compact_forest_spec(sections, title="Response"))
    assert all(study.label in svg for study in sections[0].result.studies)


def test_doses_are_told_in_words_with_their_caution():
    found, not_found, caution = evidence.doses("cts").sentences
    assert found.startswith("Trials that found a difference (")
    assert "8 to 13 sessions (middle 8)" in found
    assert "2 of them (2, 5, 10 Hz)" in evidence.doses("cipn").sentences[0]
    assert not_found.startswith("Trials that found none (1 needled group): 6 sessions")
    assert "not as what works" in caution
    assert evidence.doses("dpn").sentences[1] == "No trial that found none is on file with its dose."
