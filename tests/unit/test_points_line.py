"""The treatment line reads as a practitioner means it, and points at the word it cannot read."""

import pytest

from deqi.science.points import LineError, format_line, parse_line


def read(text, **options):
    return {placement.label: placement for placement in parse_line(text, **options)}


def faults(text, **options):
    with pytest.raises(LineError) as caught:
        parse_line(text, **options)
    assert all(text[fault.start : fault.end] == fault.word for fault in caught.value.errors)
    return caught.value.errors


def test_the_line_of_the_handbook_is_read_whole():
    line = read("st36 lr3 b 25mm 30min; li4 r; bafeng b; ea lr3+gb42 2/100hz 1.5ma")
    assert list(line) == ["ST36", "LR3", "LI4", "EX-LE10", "GB42"]
    assert (line["ST36"].side, line["ST36"].needles, line["ST36"].depth_mm) == ("both", 2, 25.0)
    assert line["LR3"].retention_min == 30 and line["LI4"].retention_min is None
    assert (line["LI4"].side, line["LI4"].needles) == ("right", 1)
    assert (line["EX-LE10"].side, line["EX-LE10"].needles) == ("both", 8)
    assert line["LR3"].electrical.pair_with == "GB42" and line["GB42"].electrical.pair_with == "LR3"
    assert line["GB42"].electrical.frequency_hz == (2.0, 100.0)
    assert line["GB42"].electrical.current_ma == 1.5
    assert line["ST36"].electrical is None
    assert sum(placement.needles for placement in line.values()) == 2 + 2 + 1 + 8 + 2


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("st36 lr3 b 25mm", "ST36 LR3 b 25mm"),
        ("ST 36, zu lin qi  both", "ST36 GB41 b"),
        ("st36 25mm lr3 15mm", "ST36 b 25mm; LR3 b 15mm"),
        ("r 20mm st36 li4 l", "ST36 LI4 l 20mm"),
        ("all 30min deqi; st36; li4 r 20min", "ST36 b 30min deqi; LI4 r 20min deqi"),
        ("gv20 st36 b", "GV20; ST36 b"),
        ("st36 0,5 cun", "ST36 b 11mm"),
        ("st36 2.5cm no deqi", "ST36 b 25mm no-deqi"),
        ("ki3 tonify", "KI3 b reinforcing"),
        ("jiaji:L4-5 b 20mm", "EX-B2:L4-L5 b 20mm"),
        ("bafeng:2,3 r", "EX-LE10:2-3 r"),
        ("lr3 + gb42 2 hz dd", "ea LR3+GB42 b 2hz dense-disperse"),
        ("lr3@15mm+gb42@10 r", "LR3 r 15mm; GB42 r 10mm; ea LR3+GB42"),
        ("st36+st36 2hz", "ea ST36+ST36 b 2hz"),
        ("足三里；太冲 双 25mm", "ST36 b; LR3 b 25mm"),
        ("st36 l; st36 r", "ST36 l; ST36 r"),
        ("", ""),
        (" ; ; ", ""),
    ],
)
def test_a_forgiving_line_becomes_the_canonical_one(typed, canonical):
    assert format_line(parse_line(typed)) == canonical


def test_affected_means_the_patients_side():
    assert read("pc7 affected; te5 unaffected", affected="left")["PC7"].side == "left"
    assert read("pc7 affected; te5 unaffected", affected="left")["TE5"].side == "right"


def test_affected_without_a_known_side_is_asked_for():
    (fault,) = faults("pc7 pc6 aff")
    assert fault.word == "aff" and "l" in fault.suggestions


def test_the_planned_retention_fills_only_what_was_left_open():
    line = read("st36; li4 10min", default_retention_min=25)
    assert (line["ST36"].retention_min, line["LI4"].retention_min) == (25, 10)


def test_a_pair_wires_needles_the_line_has_already_and_adds_none():
    line = read("lr3 b 15mm; gb42 b 10mm; ea lr3+gb42 2hz")
    assert [placement.needles for placement in line.values()] == [2, 2]
    assert line["LR3"].depth_mm == 15 and line["LR3"].electrical.pair_with == "GB42"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("st36 900mm", "900mm"), ("st36 0mm", "0mm"), ("st36 9cun", "9cun"),
        ("st36 0min", "0min"), ("st36 600min", "600min"), ("st36 2.5min", "2.5min"),
        ("ea st36+sp6 0hz", "0hz"), ("ea st36+sp6 2/9000hz", "2/9000hz"), ("ea st36+sp6 90ma", "90ma"),
        ("st36 -5mm", "-5mm"), ("st36 2hz", "2hz"), ("ea st36 2hz", "st36"), ("st36+sp6+gb34", "st36+sp6+gb34"),
        ("gv20 b", "b"), ("b 25mm", "b"), ("st36 b l", "l"), ("st36 25", "25"), ("st36 25mn", "25mn"),
        ("bafeng:7 b", "bafeng:7"), ("st36:2", "st36:2"), ("gv20+st36", "gv20+st36"),
        ("st36 b; st36 r", "st36"), ("bafeng b; lr2 r", "lr2"), ("xiyan l; dubi l", "dubi"),
        ("lr3+gb42; lr3+st36", "lr3+st36"), ("st36 all 20min", "all"), ("st99", "st99"), ("futu b", "futu"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_the_word(line, word):
    assert faults(line)[0].word == word


def test_a_slip_is_answered_with_what_was_probably_meant():
    assert "EX-LE10" in faults("bafang b")[0].suggestions
    assert "ST36" in faults("zusanly")[0].suggestions
    assert "deqi" in faults("st36 deqqi")[0].suggestions
    assert faults("st36 25")[0].suggestions == ("25mm", "25min")


def test_a_range_is_answered_with_its_two_ends():
    assert faults("st36 0.5-1.0 cun")[0].suggestions == ("0.5cun", "1.0cun")
    assert faults("st36 20-30min")[0].suggestions == ("20min", "30min")


def test_every_fault_of_a_line_is_named_not_only_the_first():
    assert [fault.word for fault in faults("st366 b 900mm; foo r; li4")] == ["st366", "900mm", "foo"]


def test_more_than_a_hundred_needles_is_a_slip():
    assert (
        "100"
        in faults(
            "jiaji b; shixuan b; qiduan b; bafeng b; baxie b; sifeng b; ex-hn1; "
            + " ".join(f"st{n}" for n in range(1, 30))
        )[0].message
    )
