"""Every rule and every red flag fires when it should and is silent when it should. The rows stand in cases.yaml."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from deqi.science.case import case_from
from deqi.science.safety import facts, precautions, red_flags, screen

DAY = date(2026, 11, 23)
TABLE = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text(encoding="utf-8"))
KEYS = {
    "rule", "condition", "facts", "points", "how", "pairs", "gives", "unknown", "at", "side", "forbids", "verdict",
    "figure", "urgency",
}  # fmt: skip
FIGURES = {"source": True, "ours": False, "none": None}

# Asked of everybody: answered "no", so that a row shows what its own facts do.
ANSWERED = {key: False for key, fact in facts().items() if fact.core or fact.group == "red_flags"}
ANSWERED |= {"age_years": 50, "sex": "female", "trying_to_conceive": False, "insensate_hands": False}
ANSWERED.pop("neuropathy_limits_self_care")

ROWS = [("precaution", row) for row in TABLE["rules"]] + [("red_flag", row) for row in TABLE["flags"]]


def name(row):
    kind, held = row
    return f"{kind}-{held['rule']}-{held.get('facts', '')}-{held.get('points', '')}-{held.get('how', '')}"


def screened(row):
    case = case_from(
        {"condition": row.get("condition", "idiopathic"), "facts": {**ANSWERED, **row.get("facts", {})}}
    )
    return screen(
        case,
        row.get("points", ()),
        row.get("how"),
        DAY,
        pairs=[tuple(pair) for pair in row.get("pairs", ())],
    )


@pytest.mark.parametrize("kind,row", ROWS, ids=map(name, ROWS))
def test_the_rule_says_what_the_knowledge_says(kind, row):
    assert set(row) <= KEYS
    result = screened(row)
    mine = [finding for finding in result.findings if (finding.kind, finding.id) == (kind, row["rule"])]
    said = [finding for finding in mine if not finding.missing]
    assert [*dict.fromkeys(finding.effect for finding in said)] == row["gives"]
    assert [finding.effect for finding in mine if finding.missing] == (
        [row["unknown"]] if "unknown" in row else []
    )
    if "at" in row:
        assert list(said[0].points) == row["at"]
    if "side" in row:
        assert said[0].side == row["side"]
    if "figure" in row:
        assert said[0].threshold_from_source is FIGURES[row["figure"]]
    if "urgency" in row:
        assert said[0].urgency == row["urgency"]
    if "forbids" in row:
        standing = {f.effect for f in result.standing if (f.kind, f.id) == (kind, row["rule"])}
        assert set(row["forbids"]) <= standing
    if "verdict" in row:
        assert result.verdict == row["verdict"]


@pytest.mark.parametrize(
    "kind,known",
    [("rules", [rule.id for rule in precautions()]), ("flags", [flag.id for flag in red_flags()])],
    ids=["rules", "flags"],
)
def test_every_rule_has_a_row_that_fires_it_and_one_that_does_not(kind, known):
    fired = {row["rule"] for row in TABLE[kind] if row["gives"]}
    silent = {row["rule"] for row in TABLE[kind] if not row["gives"] and "unknown" not in row}
    assert set(known) - fired == set()
    assert set(known) - silent == set()
    assert (fired | silent) - set(known) == set()


def test_every_effect_of_every_rule_is_reached_by_a_row():
    """No clause of a rule is dead: each of its texts appears in a finding of some row."""
    said = {
        (finding.id, finding.steps[: len(finding.steps)])
        for _, row in ROWS
        for result in [screened(row)]
        for finding in (*result.findings, *result.standing)
    }
    unreached = [
        (rule.id, effect.text)
        for rule in precautions()
        for effect in rule.effects
        if not any(held == rule.id and steps[: len(effect.text)] == effect.text for held, steps in said)
    ]
    assert unreached == []


def test_there_are_41_rules():
    assert len({rule.id for rule in precautions()}) == 41
