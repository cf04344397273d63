"""Whatever is known and planned, the screen answers and keeps its promises."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from deqi.science.case import CONDITIONS, case_from
from deqi.science.safety import PLANNABLE, facts, screen
from deqi.science.safety.places import area_of

DAY = date(2026, 11, 23)
WORST_FIRST = ("stop", "avoid", "modify")


def value_of(fact):
    if fact.kind == "yes_no":
        return st.booleans()
    if fact.kind == "number":
        return st.floats(*fact.range, allow_nan=False)
    if fact.kind == "date":
        return st.dates(date(2026, 1, 1), date(2026, 12, 31)).map(str)
    return st.lists(st.sampled_from(fact.values)) if fact.multiple else st.sampled_from(fact.values)


MANY = st.fixed_dictionaries({}, optional={key: value_of(fact) for key, fact in facts().items()})
# Somebody who answered the core questions and the red flags with no, but for a few facts: most verdicts are decided here.
WELL = {key: False for key, fact in facts().items() if fact.core or fact.group == "red_flags"}
FEW = st.lists(st.sampled_from(sorted(facts())), max_size=4, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({key: value_of(facts()[key]) for key in keys})
)
KNOWN = st.one_of(MANY, FEW, FEW.map(lambda few: WELL | few))
POINTS = st.lists(
    st.builds(
        lambda code, side: code + side,
        st.sampled_from(sorted(area_of())),
        st.sampled_from(["", ":left", ":right"]),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CONDITIONS), KNOWN, POINTS, st.lists(st.sampled_from(PLANNABLE), min_size=1))
def test_the_screen_keeps_its_promises(condition, known, points, how):
    result = screen(case_from({"condition": condition, "facts": known}), points, how, DAY)
    effects = {finding.effect for finding in result.findings}
    assert result.verdict == next((effect for effect in WORST_FIRST if effect in effects), "go")
    planned = {point.partition(":")[0] for point in points}
    for finding in result.findings:
        assert finding.text and finding.source
        assert bool(finding.sources) == (finding.kind != "unanswered")
        assert finding.in_plan
        if points:
            assert set(finding.points) <= planned
        if finding.missing and finding.kind == "unanswered":
            assert not set(finding.unknown) & known.keys()
    assert not any(finding.in_plan for finding in result.standing)


@settings(max_examples=100, deadline=None)
@given(KNOWN, POINTS)
def test_typing_another_point_never_makes_the_verdict_milder(known, points):
    person = case_from({"condition": "mixed", "facts": known})
    rank = {"stop": 3, "avoid": 2, "modify": 1, "go": 0}
    before = rank[screen(person, points, None, DAY).verdict] if points else 0
    after = rank[screen(person, [*points, "LI4", "CV17"], None, DAY).verdict]
    assert after >= before


# A mechanical valve raises the usual top of the INR range from 3.0 to 3.5: the one "yes" that makes a rule milder.
WORRYING = [
    key
    for key, fact in facts().items()
    if fact.kind == "yes_no" and not fact.yes_reassures and key != "mechanical_valve"
]
GRAVITY = {"stop": 3, "avoid": 2, "modify": 1, "go": 0}


@settings(max_examples=200, deadline=None)
@given(KNOWN, POINTS, st.sampled_from(PLANNABLE), st.sampled_from(WORRYING))
def test_a_worrying_yes_never_makes_the_verdict_milder_than_a_no_or_not_knowing(known, points, how, key):

    def verdict(**answer):
        rest = {name: value for name, value in known.items() if name != key}
        person = case_from({"condition": "mixed", "facts": rest | answer})
        return GRAVITY[screen(person, points, how, DAY).verdict]

    yes, no, unknown = verdict(**{key: True}), verdict(**{key: False}), verdict()
    assert yes >= no
    assert unknown >= no
