"""Every scorer that adds up parts: in its range, never against its parts, missing parts by its rule or not at all."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deqi.science.measures import ScoreError, score, scorers

#: (instrument, subscale or None for the total) of everything worked out from parts.
SCALES = [(key, None) for key, one in scorers().items() if one.method != "entry"] + [
    (key, scale.key) for key, one in scorers().items() for scale in one.subscales
]


def scale_of(key, sub):
    one = scorers()[key]
    return one if sub is None else next(scale for scale in one.subscales if scale.key == sub)


def value_of(key, sub, parts):
    found = score(key, parts=parts)
    return found.total if sub is None else found.subscales[sub].value


@st.composite
def answers(draw, scale):
    return {part.key: draw(st.integers(int(part.range[0]), int(part.range[1]))) for part in scale.parts}


@pytest.mark.parametrize("key, sub", SCALES)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_score_lies_in_its_range_and_moves_with_its_parts(key, sub, data):
    scale = scale_of(key, sub)
    parts = data.draw(answers(scale))
    value = value_of(key, sub, parts)
    assert scale.range[0] <= value <= scale.range[1]
    part = data.draw(st.sampled_from(scale.parts))
    if parts[part.key] < part.range[1]:
        more = value_of(key, sub, {**parts, part.key: parts[part.key] + 1})
        if part.counts == "as_given":
            assert more >= value
        elif part.counts == "turned":
            assert more <= value
        else:
            assert more == value


@pytest.mark.parametrize("key, sub", SCALES)
def test_the_ends_of_the_range_are_reached(key, sub):
    scale = scale_of(key, sub)
    best = {p.key: p.range[1] if p.counts != "turned" else p.range[0] for p in scale.parts}
    worst = {p.key: p.range[0] if p.counts != "turned" else p.range[1] for p in scale.parts}
    assert (value_of(key, sub, worst), value_of(key, sub, best)) == scale.range


@pytest.mark.parametrize("key, sub", SCALES)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_missing_parts_follow_the_rule(key, sub, data):
    scale = scale_of(key, sub)
    parts = data.draw(answers(scale))
    counted = [part.key for part in scale.counted]
    gone = set(data.draw(st.lists(st.sampled_from(counted), min_size=1, unique=True)))
    left = {k: v for k, v in parts.items() if k not in gone}
    enough = scale.missing is not None and len(counted) - len(gone) >= scale.missing.at_least
    if not left:
        return
    if enough:
        value = value_of(key, sub, left)
        used = [
            scale_part.check(left[k], "")
            for k in counted
            if k in left
            for scale_part in scale.parts
            if scale_part.key == k
        ]
        mean = math.fsum(used) / len(used)
        assert value == pytest.approx(mean * (len(counted) if scale.method == "sum" else 1))
        assert scale.range[0] <= value <= scale.range[1]
    elif sub is None:
        with pytest.raises(ScoreError, match="missing"):
            score(key, parts=left)
    else:
        one = score(key, parts=left).subscales[sub]
        assert one.value is None and "missing" in one.refused


@pytest.mark.parametrize("key", [key for key, one in scorers().items() if one.method == "entry"])
def test_an_entered_total_is_checked_against_its_range_and_explained_in_order(key):
    one = scorers()[key]
    if one.range is not None:
        for beyond in (one.range[0] - 1, one.range[1] + 1, math.nan, math.inf):
            with pytest.raises(ScoreError):
                score(key, total=beyond)
    bounds = [bar.above if bar.above is not None else bar.at_least for bar in one.thresholds]
    assert bounds == sorted(bounds)
    for bar in one.thresholds:
        at = bar.at_least if bar.at_least is not None else bar.above + 1
        assert score(key, total=at).meaning == bar.meaning
