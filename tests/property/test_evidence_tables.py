"""Whatever stands in a table of studies, the answer is a finite pool or a refusal that names the place."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from deqi.science.evidence import pool_table, read_table
from deqi.science.evidence.pooling import ESTIMATORS, CannotPool
from deqi.science.knowledge import KnowledgeError

cells = st.one_of(
    st.integers(-5, 200).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.floats(0.001, 50).map(lambda x: f"{x:.3f}"),
    st.sampled_from(["", " ", "x", "1,2", '"', "1e400", "-0", "1_000", "½", "\ufeff3", "0x10", "=1+1"]),
)
FORMS = {
    "SMD": "study,n1,m1,sd1,n2,m2,sd2",
    "MD": "study,n1,m1,sd1,n2,m2,sd2",
    "ROM": "study,n1,m1,sd1,n2,m2,sd2",
    "OR": "study,a,n1,c,n2",
    "RR": "study,a,n1,c,n2",
    "RD": "study,a,n1,c,n2",
    "GEN": "study,yi,sei",
}


@st.composite
def tables(draw):
    measure = draw(st.sampled_from(sorted(FORMS)))
    width = FORMS[measure].count(",")
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=5))
    lines = [FORMS[measure], *(",".join([f"s{i}", *row]) for i, row in enumerate(rows))]
    return measure, "\n".join(lines) + "\n"


@settings(max_examples=150, deadline=None)
@given(tables(), st.sampled_from([*ESTIMATORS, "MH", "Peto", "Bayes"]), st.sampled_from(["z", "knha"]))
@example(("GEN", "study,yi,sei\na,1e308,1\nb,-1e308,1\n"), "REML", "z")
@example(("GEN", "study,yi,sei\na,1,1e-160\nb,2,1e-160\n"), "REML", "knha")
@example(("MD", "study,n1,m1,sd1,n2,m2,sd2\na,10,1,1e200,10,1,1\nb,9,1,1,9,1,1\n"), "DL", "z")
@example(("OR", "study,a,n1,c,n2\na,0,5,0,5\nb,5,5,5,5\n"), "Peto", "z")
def test_a_table_gives_a_finite_pool_or_a_refusal(table, estimator, test):
    measure, text = table
    try:
        rows = read_table(text, measure, file="t.csv")
        result = pool_table(rows, measure, estimator=estimator, test=test, file="t.csv")
    except KnowledgeError as refusal:
        assert all(problem.file == "t.csv" and problem.line >= 1 for problem in refusal.problems)
        return
    except CannotPool as refusal:
        assert str(refusal)
        return
    made = json.dumps(result.to_json(), allow_nan=False)
    assert json.loads(made)["k"] == len(rows)
