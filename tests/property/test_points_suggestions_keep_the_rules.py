"""Whatever the case, the proposed set keeps its rules: budget, safety, sides, places, current."""

from hypothesis import given, settings
from hypothesis import strategies as st

from deqi.science.case import CONDITIONS, MODALITIES, REGIONS, case_from
from deqi.science.points import atlas, parse_line, suggest
from deqi.science.points.suggestions.choose import limb_of
from deqi.science.safety import screen

YES_NO = (
    "pregnant", "pacemaker", "anticoagulant", "lymphoedema", "insensate_feet", "diabetes", "epilepsy",
    "trained_chest_points", "bleeding_disorder", "lung_disease",
)  # fmt: skip


@st.composite
def cases(draw):
    facts = draw(st.dictionaries(st.sampled_from(YES_NO), st.booleans(), max_size=4))
    if facts.get("lymphoedema"):
        facts["lymphoedema_limbs"] = draw(
            st.lists(
                st.sampled_from(["left_arm", "right_arm", "left_leg"]), min_size=1, max_size=2, unique=True
            )
        )
    return case_from(
        {
            "condition": draw(st.sampled_from(CONDITIONS)),
            "regions": draw(st.lists(st.sampled_from(REGIONS), max_size=3, unique=True)),
            "modality": draw(st.sampled_from(MODALITIES)),
            "max_needles": draw(st.integers(1, 60)),
            "affected_side": draw(st.sampled_from([None, "left", "right", "both"])),
            "facts": facts,
        }
    )


@settings(max_examples=150, deadline=None)
@given(cases(), st.integers(1, 30))
def test_any_case_gives_a_set_that_keeps_its_rules(case, limit):
    found = suggest(case, limit)
    assert len(found.points) <= limit
    assert [one.score for one in found.points] == sorted((one.score for one in found.points), reverse=True)
    assert found.chosen.needles <= case.max_needles
    placements = {placement.code: placement for placement in parse_line(found.chosen.line)}
    assert set(placements) == set(found.chosen.codes) - {"EX-B2"}
    by_code = {one.code: one for one in found.points}
    for code, placement in placements.items():
        assert placement.side == by_code[code].side and by_code[code].in_set
    for one in found.left_out:
        if one.side is None:
            assert one.code not in by_code
        elif one.code in by_code:
            assert by_code[one.code].side not in (one.side, "both")
    for first, second in found.chosen.pairs:
        assert limb_of(first) == limb_of(second) is not None
        assert placements[first].side == placements[second].side
        assert case.modality == "electro" and not case.facts.get("pacemaker")


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_screen_never_stops_or_bars_a_point_of_the_set_on_its_side(case):
    found = suggest(case)
    sided = [
        one.code if one.side == "midline" else f"{one.code}:{side}"
        for one in found.points
        if one.in_set
        for side in (("left", "right") if one.side == "both" else (one.side,))
    ]
    for finding in screen(case, sided, "manual").findings:
        if finding.effect in ("stop", "avoid") and finding.kind == "precaution" and not finding.methods:
            assert not set(finding.points) & set(found.chosen.codes), (finding.id, finding.points)
    assert all(code in atlas() for code in found.chosen.codes)
