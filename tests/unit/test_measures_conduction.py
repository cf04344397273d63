"""A laboratory's table: taken whole, or every fault named by row and column."""

import json

import pytest
from click.testing import CliRunner

from deqi.doors.cli.main import main
from deqi.science.measures import ConductionError, conduction_measures, read_conduction

HEADER = (
    "nerve,side,amplitude_uv,amplitude_mv,velocity_m_s,latency_ms,date,lab,device,examiner,skin_temperature_c"
)
GOOD = "sural,left,6.1,,41,3.2,2026-03-04,North lab,K2,Dr B,31"


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def faults(source) -> list[str]:
    with pytest.raises(ConductionError) as refused:
        read_conduction(source)
    return [str(fault) for fault in refused.value.faults]


def test_a_row_gives_its_figures_under_the_codes_of_the_measures():
    (study,) = read_conduction(table(GOOD))
    assert [(one.code, one.value, one.measure.unit) for one in study.values] == [
        ("sural_snap_uv_left", 6.1, "µV"), ("sural_velocity_m_s_left", 41, "m/s"), ("sural_latency_ms_left", 3.2, "ms"),
    ]  # fmt: skip
    assert study.words == "North lab; K2; Dr B; 31 °C"


@pytest.mark.parametrize(
    "row, value",
    [("tibial,right,,7.5,,,2026-03-04,L,,,", 7.5), ("tibial,right,7500,,,,2026-03-04,L,,,", 7.5),
     ("sural,right,,0.006,,,2026-03-04,L,,,", 6.0), ("sural,right,0,,,,2026-03-04,L,,,", 0)],
)  # fmt: skip
def test_amplitudes_are_kept_in_the_unit_of_the_nerve(row, value):
    (study,) = read_conduction(table(row))
    assert [one.value for one in study.values] == [value]


def test_semicolons_with_decimal_commas_and_a_mark_at_the_start():
    text = "\ufeff" + table(GOOD, header=HEADER).replace(".1", "§").replace(".2", "^").replace(",", ";")
    text = text.replace("§", ",1").replace("^", ",2")
    assert read_conduction(text.encode())[0].values[0].value == 6.1


@pytest.mark.parametrize(
    "row, message",
    [
        ("sural,both,6,,,,2026-03-04,L,,,", "row 2, side: 'both' is not left or right"),
        ("suralis,left,6,,,,2026-03-04,L,,,", "row 2, nerve: 'suralis' is not one of"),
        ("sural,left,6,,,,04.03.2026,L,,,", "row 2, date: '04.03.2026' is not a day"),
        ("sural,left,6,,,,2026-02-30,L,,,", "row 2, date"),
        ("sural,left,6,,,,2026-W10-3,L,,,", "row 2, date"),
        ("sural,left,6,,,,2026-03-04,,,,", "row 2, lab: which laboratory"),
        ("sural,left,,,,,2026-03-04,L,,,", "row 2: no figure in this row"),
        (
            "sural,left,6000,,,,2026-03-04,L,,,",
            "row 2, amplitude_uv: 6000 µV is outside 0 to 100; is the unit right?",
        ),
        ("sural,left,6,0.006,,,2026-03-04,L,,,", "row 2, amplitude_mv: amplitude_uv is given too"),
        ("sural,left,-6,,,,2026-03-04,L,,,", "row 2, amplitude_uv: '-6' is not a number"),
        ("sural,left,nan,,,,2026-03-04,L,,,", "row 2, amplitude_uv: 'nan' is not a number"),
        ("sural,left,6,,400,,2026-03-04,L,,,", "row 2, velocity_m_s: 400 m/s is outside"),
        ("sural,left,6,,,,2026-03-04,L,,,99", "row 2, skin_temperature_c: 99 is outside"),
        ("sural,left,6", "row 2: 3 cells where the header has 11"),
    ],
)
def test_a_fault_is_named_by_row_and_column(row, message):
    assert message in faults(table(row))[0]


@pytest.mark.parametrize(
    "source, message",
    [
        ("", "empty"), (HEADER, "0 rows"), (b"nerve\n\xff", "row 2: not UTF-8"),
        (table("x", header="nerve,side,date"), "row 1, lab: this column is missing"),
        (table("x", header=HEADER + ",colour"), "row 1, colour: not a column"),
        (table("x", header=HEADER + ",nerve"), "row 1, nerve: this column stands there twice"),
        (table("x", header="nerve,side,date,lab"), "no figures"),
        (table(*[GOOD] * 201), "201 rows"),
        (table(GOOD, GOOD), "row 3: the same nerve, side, day and laboratory as row 2"),
        (table(GOOD + "\x00"), "NUL"),
        ('nerve,side\n"sural', "not a table"),
    ],
)  # fmt: skip
def test_a_table_that_is_none(source, message):
    assert message in "; ".join(faults(source))


def test_every_fault_is_told_at_once_and_one_fault_takes_nothing():
    assert len(faults(table(GOOD, "sural,both,6,,,,2026-03-04,L,,,", "x,left,6,,,,2026-03-04,L,,,"))) == 2


def test_each_measure_says_where_its_variation_comes_from():
    for measure in conduction_measures().values():
        assert measure.sources and (measure.nerve == "sural" or "Taken over" in measure.note)


def test_the_command_shows_them_or_names_the_fault(tmp_path):
    file = tmp_path / "ncs.csv"
    file.write_text(table(GOOD), encoding="utf-8")
    done = CliRunner().invoke(main, ["measures", "conduction", str(file), "--format", "json"])
    assert done.exit_code == 0 and json.loads(done.output)[0]["code"] == "sural_snap_uv_left"
    file.write_text(table("sural,both,6,,,,2026-03-04,L,,,"), encoding="utf-8")
    done = CliRunner().invoke(main, ["measures", "conduction", str(file)])
    assert done.exit_code == 2 and "row 2, side" in done.output
