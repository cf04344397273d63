"""Ten thousand lines: what is written in canonical form reads back to the same placements."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from deqi.science.points import ElectricalSetting, LineError, Placement, atlas, format_line, parse_line
from deqi.science.points.line.words import DEQI, SIDES, TECHNIQUES, WAVEFORMS

LINES_AN_EXAMPLE = 100
FREE = tuple(code for code, point in atlas().items() if not point.same_place)
"""Points whose place has one name only, so that any set of them can be needled together."""


def placements(draw):
    """A set of placements built by hand, not by the parser; neighbours may carry current."""
    made = [placement(draw, code) for code in draw.sample(FREE, draw.randint(1, 6))]
    for first in range(0, len(made) - 1, 2):
        if draw.random() < 0.5 and made[first].side == made[first + 1].side:
            setting = ElectricalSetting(
                pair_with="",
                frequency_hz=draw.choice([(), (2.0,), (2.0, 100.0), (0.5, 15.25)]),
                current_ma=draw.choice([None, 0.1, 1.5, 20.0]),
                waveform=draw.choice([None, *sorted(set(WAVEFORMS.values()))]),
            )
            other = made[first + 1].label, made[first].label
            for place in (0, 1):
                wired = replace(setting, pair_with=other[place])
                made[first + place] = replace(made[first + place], electrical=wired)
    draw.shuffle(made)
    return tuple(made) if sum(one.needles for one in made) <= 100 else ()


def placement(draw, code):
    point = atlas()[code]
    side = "midline" if point.midline else draw.choice(["both", "left", "right"])
    members = ()
    if point.members and draw.random() < 0.5:
        chosen = draw.sample(point.members, draw.randint(1, len(point.members) - 1))
        members = tuple(name for name in point.members if name in chosen)
    return Placement(
        code=code,
        side=side,
        needles=(len(members) or point.needles_per_side) * (2 if side == "both" else 1),
        depth_mm=draw.choice([None, draw.randint(10, 1000) / 10]),
        technique=draw.choice([None, *sorted(set(TECHNIQUES.values()))]),
        deqi=draw.choice([None, True, False]),
        retention_min=draw.choice([None, draw.randint(1, 120)]),
        members=members,
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_placements_written_as_a_line_read_back_the_same(seed):
    draw = Random(seed)  # many lines an example: hypothesis chooses the seeds, 10,000 lines in all
    for _ in range(LINES_AN_EXAMPLE):
        made = placements(draw)
        line = format_line(made)
        assert parse_line(line) == made
        assert format_line(parse_line(line)) == line


def words():
    names = st.sampled_from(FREE).flatmap(
        lambda code: st.sampled_from(
            [code, code.lower(), atlas()[code].pinyin_plain, atlas()[code].pinyin, atlas()[code].hanzi]
        )
    )
    numbers = st.integers(0, 140).flatmap(
        lambda n: st.sampled_from(
            [f"{n}mm", f"{n} min", f"{n / 10}cun", f"{n}hz", f"{n / 10} ma", f"2/{n}hz", str(n)]
        )
    )
    modifiers = st.sampled_from(
        sorted({*SIDES, *TECHNIQUES, *DEQI, *WAVEFORMS, "ea", "all", ";", "+", "no deqi", ","})
    )
    return st.one_of(names, names, modifiers, numbers, st.just(";"))


@settings(max_examples=250, deadline=None)
@given(st.lists(words(), max_size=12).map(" ".join), st.sampled_from([None, "left", "right"]))
def test_any_words_either_read_to_a_canonical_line_or_fault_at_their_place(line, affected):
    check(line, affected)


@settings(max_examples=250, deadline=None)
@given(st.text(max_size=60))
def test_any_text_at_all_never_does_worse_than_point_at_a_word(line):
    check(line, None)


def check(line, affected):
    try:
        made = parse_line(line, affected=affected)
    except LineError as error:
        assert error.errors
        for fault in error.errors:
            assert line[fault.start : fault.end] == fault.word
            assert fault.message
        return
    canonical = format_line(made)
    assert parse_line(canonical) == made
    assert format_line(parse_line(canonical)) == canonical
