"""FHIRPath of questionnaires against the npm package `fhirpath` 5.2.2 (generator: fhirpath/generate.mjs)."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from deqi.science.measures.questionnaire.fhirpath import ExpressionError, evaluate

HERE = Path(__file__).parent / "fhirpath"
CASES = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
ROWS = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))["rows"]


def same(ours, theirs) -> bool:
    if isinstance(ours, bool) or not isinstance(ours, int | Decimal):
        return ours == theirs and type(ours) is type(theirs)
    return not isinstance(theirs, bool) and float(ours) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["expression"])
def test_an_expression_gives_what_the_reference_gives(row):
    for response, wanted in zip(CASES["responses"], row["results"], strict=True):
        base = next(one for one in response["item"] if one["linkId"] == row["at"]) if row["at"] else None
        variables = {"resource": response, "questionnaire": CASES["questionnaire"], **CASES["variables"]}
        if isinstance(wanted, dict):
            with pytest.raises(ExpressionError, match="fails"):
                evaluate(row["expression"], variables, base=base)
            continue
        got = evaluate(row["expression"], variables, base=base)
        assert len(got) == len(wanted) and all(map(same, got, wanted)), (got, wanted)


def test_the_cases_are_those_that_the_reference_answered():
    asked = [*CASES["expressions"], *CASES["at_item"]]
    assert [row["expression"] for row in ROWS] == asked and len(asked) > 90
