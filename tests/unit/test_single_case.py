"""Single-case designs: chance is fair and cannot be foreseen, the tests keep their level, what does not fit is refused."""

import datetime as dt
import json
import random
from itertools import combinations, product
from math import comb

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from deqi.doors.cli.single_case import single_case
from deqi.science.course import Rating
from deqi.science.course.single_case import (
    SingleCaseError,
    StartProtocol,
    TaperOutcome,
    TaperProtocol,
    commitment,
    departure,
    draw,
    edgington,
    pooled_starts,
    pooled_tapers,
    rank_sum_p,
    smallest_p,
    start_test,
    taper_outcome,
    verdict,
)
from deqi.science.course.single_case.report import SECTIONS, CaseReport, report, reporting

BEGUN = dt.date(2026, 1, 1)
START = StartProtocol(symptom="burning", enrolled_on=BEGUN)
TAPER = TaperProtocol(symptom="burning", taper_on=dt.date(2026, 4, 1))
SEED = "ab" * 16


def day(n):
    return BEGUN + dt.timedelta(days=n)


def daily(values, first=BEGUN, symptom="burning"):
    return [
        Rating(date=first + dt.timedelta(days=n), symptom=symptom, value=value)
        for n, value in enumerate(values)
    ]


#: A slow rise, a fall on day 20, a slow rise again: no other possible start shows as large a fall.
FALL = daily([5 + n / 10 if n < 20 else 2 + (n - 20) / 20 for n in range(63)])


def test_each_outcome_is_drawn_about_equally_often_and_the_seed_alone_decides():
    seeds = [f"{n:032x}" for n in range(8000)]
    counts = [0] * 8
    for seed in seeds:
        counts[draw(seed, START)] += 1
    assert all(abs(count - 1000) < 5 * 30 for count in counts), counts  # five standard deviations
    assert [draw(SEED, START) for _ in range(3)] == [draw(SEED.upper(), START)] * 3


def test_a_commitment_binds_seed_and_protocol():
    other = StartProtocol(symptom="burning", enrolled_on=day(1))
    assert len({commitment(SEED, START), commitment("cd" * 16, START), commitment(SEED, other)}) == 3
    for bad in ("", "ab", "no hex at all, but long enough for one"):
        with pytest.raises(SingleCaseError, match="hexadecimal"):
            draw(bad, START)


@pytest.mark.parametrize("turn", range(40))
def test_the_level_of_a_randomised_start_holds_for_any_ratings_by_enumeration(turn):
    """Whatever the ratings are, of the eight equally likely draws at most a share of a gives p <= a."""
    values = random.Random(turn)
    kind = turn % 4
    series = [
        [values.randint(0, 10) for _ in range(63)],
        [max(0, 9 - n // 8) for n in range(63)],  # a steady fall without treatment
        [5] * 63,
        [values.choice([3, 7]) for _ in range(63)],
    ][kind]
    ps = [start_test(START, daily(series), start).p for start in START.starts]
    for level in (n / 8 for n in range(1, 9)):
        assert sum(p <= level for p in ps) / 8 <= level
    if kind == 2:
        assert set(ps) == {1.0}, "ratings that never change say nothing"


def test_the_level_of_the_pooled_test_holds_by_enumeration():
    """Three patients, every combination of draws; ranks without ties are the least favourable case."""
    ps = [rank_sum_p([(rank, 8) for rank in ranks]) for ranks in product(range(1, 9), repeat=3)]
    for level in (0.01, 0.05, 0.1, 0.5):
        assert sum(p <= level for p in ps) / len(ps) <= level
    for ranks in product(range(1, 9), repeat=2):
        assert edgington([rank / 8 for rank in ranks]) >= rank_sum_p([(rank, 8) for rank in ranks])


def test_the_level_of_the_taper_test_holds_by_enumeration():
    rises = [0.3, -1.0, 2.0, 0.3, 1.1, 0.0]
    ps = []
    for arms in product([True, False], repeat=6):
        if sum(arms) == 3:
            outcomes = [TaperOutcome("pain", arm, 0, rise, 9) for arm, rise in zip(arms, rises, strict=True)]
            ps.append(pooled_tapers(outcomes).p)
    for level in (0.05, 0.1, 0.2, 0.5):
        assert sum(p <= level for p in ps) / len(ps) <= level


def test_a_fall_at_the_drawn_day_is_found_and_one_at_another_day_is_not():
    found = start_test(START, FALL, day(20))
    assert (found.rank, found.p) == (1, 0.125) and found.change > 2
    assert "cannot be smaller than 1/8" in found.words and "proves nothing" in found.words
    assert start_test(START, FALL, day(35)).rank > 4


@pytest.mark.parametrize(
    ("ratings", "started", "said"),
    [
        (FALL, day(21), "not one of the days"),
        (FALL[:44], day(20), "After a start on 2026-02-05: 2 daily ratings"),
        ([r for r in FALL if r.date > day(11)], day(35), "Before a start on 2026-01-15: 2 daily ratings"),
        (daily([5] * 63, symptom="pain"), day(20), "0 daily ratings"),
    ],
)
def test_a_start_that_does_not_fit_is_refused_with_the_reason(ratings, started, said):
    with pytest.raises(SingleCaseError, match=said):
        start_test(START, ratings, started)


@pytest.mark.parametrize(
    "change",
    [
        {"baseline_days": (14,)},
        {"baseline_days": (20, 14)},
        {"baseline_days": (7, 14)},
        {"after_to": 10},
        {"symptom": "luck"},
    ],
)
def test_an_impossible_protocol_is_refused(change):
    with pytest.raises(ValidationError):
        StartProtocol(**{"symptom": "burning", "enrolled_on": BEGUN, **change})


def test_ratings_after_a_session_and_weekly_ones_are_left_out_and_one_day_counts_once():
    extra = [
        Rating(date=day(3), symptom="burning", value=0, channel="clinic_after"),
        Rating(date=day(3), symptom="burning", value=0, recall="7d"),
        Rating(date=day(4), symptom="burning", value=5),
    ]
    found = start_test(START, [*FALL, *extra], day(20))
    assert found.n_ratings == 63
    assert found.statistics[0] == pytest.approx(start_test(START, FALL, day(20)).statistics[0] - 0.2 / 14)


def test_a_taper_gives_one_rise_and_is_tested_over_people_only():
    ratings = daily([3] * 14 + [5] * 28, first=TAPER.taper_on - dt.timedelta(days=14))
    outcome = taper_outcome(TAPER, ratings, stopped=True)
    assert (outcome.before, outcome.after, outcome.rise) == (3, 5, 2)
    for few, said in (([outcome], "two patients"), ([outcome] * 3, "same arm"), ([outcome] * 30, "same arm")):
        with pytest.raises(SingleCaseError, match=said):
            pooled_tapers(few)
    many = [TaperOutcome("burning", n % 2 == 0, 3, 4, 20) for n in range(50)]
    with pytest.raises(SingleCaseError, match="50 patients are more than 40"):
        pooled_tapers(many)


@pytest.mark.parametrize("n", [2, 3, 7, 11])
def test_the_divisions_met_in_the_middle_are_those_written_out(n):
    """Ties too: whole and half points come up often."""
    chance = random.Random(n)
    for m in range(1, n):
        rises = [chance.choice([-1, 0, 0.5, 0.5, 1, 2.25, 1 / 3]) for _ in range(n)]
        found = pooled_tapers(
            [TaperOutcome("burning", i < m, 3, 3 + rise, 20) for i, rise in enumerate(rises)]
        )
        rises = [(3 + rise) - 3 for rise in rises]
        apart = [sum(part) / m - (sum(rises) - sum(part)) / (n - m) for part in combinations(rises, m)]
        assert found.p == sum(one >= apart[0] - 1e-9 for one in apart) / comb(n, m), (m, rises)


def test_forty_people_can_be_pooled_and_the_two_tails_make_one():
    chance = random.Random(4)
    rises = [chance.gauss(0, 1) for _ in range(40)]

    def p(sign):
        return pooled_tapers(
            [TaperOutcome("burning", i % 2 == 0, 0, sign * r, 20) for i, r in enumerate(rises)]
        ).p

    assert p(1) + p(-1) == pytest.approx(
        1, abs=1e-9
    )  # but for the division that was drawn, one of 137,846,528,820


def test_together_says_too_few_until_a_result_could_be_told_from_chance():
    one = start_test(START, FALL, day(20))
    four, five = [one] * 4, [one] * 5
    assert verdict([], None) == "Too few to say: nobody has finished yet."
    assert verdict([one], None).startswith("Too few to say: 1 person so far.")
    assert verdict(four, pooled_starts(four)).startswith("Too few to say: 4 people so far.")
    said = verdict(five, pooled_starts(five))
    assert "fewer than 1 in 1,000" in said and "hard to put down to chance" in said
    flat = [start_test(START, daily([5] * 63), day(20))] * 6
    assert "cannot be told from chance" in verdict(flat, pooled_starts(flat))
    arms = [TaperOutcome("burning", n == 0, 3, 9, 20) for n in range(7)]
    assert smallest_p(arms) == pytest.approx(1 / 7)
    assert verdict(arms, pooled_tapers(arms)).startswith("Too few to say: 7 people")
    better = [TaperOutcome("burning", n < 5, 3, 5 if n < 5 else 3, 20) for n in range(10)]
    said = verdict(better, pooled_tapers(better))
    assert "stopping went with 2.0 points more rise" in said and "4 in 1,000" in said


@pytest.mark.parametrize(
    ("protocol", "drawn", "sessions", "on", "said"),
    [
        (START, 2, [20], 60, ""),
        (START, 2, [21, 30], 60, "the first session was on 2026-01-22, 1 day after the drawn day"),
        (START, 2, [14], 60, "the first session was on 2026-01-15, 6 days before the drawn day"),
        (START, 2, [], 20, ""),
        (START, 2, [], 21, "no session was given by 2026-01-22"),
        (TAPER, 0, [60, 89], 130, ""),
        (TAPER, 0, [90, 117], 130, "2 sessions in the four weeks in which none was drawn"),
        (TAPER, 0, [118], 130, ""),
        (TAPER, 1, [], 117, ""),
        (TAPER, 1, [], 118, "no session in the four more weeks"),
        (TAPER, 1, [95], 130, ""),
    ],
)
def test_what_went_other_than_drawn_is_said(protocol, drawn, sessions, on, said):
    """TAPER is on day 90, its weeks end on day 117."""
    assert departure(protocol, drawn, [day(n) for n in sessions], day(on)) == said


def test_numbness_and_pain_are_never_pooled():
    one = start_test(START, FALL, day(20))
    numb = StartProtocol(symptom="numbness", enrolled_on=BEGUN)
    other = start_test(numb, [rating.model_copy(update={"symptom": "numbness"}) for rating in FALL], day(20))
    with pytest.raises(SingleCaseError, match="never pooled: burning, numbness"):
        pooled_starts([one, other])
    assert pooled_starts([one, one, one]).p == pytest.approx(1 / 512)


@pytest.mark.parametrize("ps", [[], [0.5, 1.2], [-0.1]])
def test_what_is_no_p_value_is_refused(ps):
    with pytest.raises(SingleCaseError):
        edgington(ps)


def test_a_report_answers_every_item_of_both_guidelines_with_a_section_that_is_there():
    index = next(n for n in range(1000) if draw(f"{n:032x}", START) == 2)
    seed = f"{index:032x}"
    about = CaseReport(
        protocol=START, seed=seed, committed=commitment(seed, START), agreed_on="2026-01-01", drawn_on="2026-01-14",
        person="A woman of 60 to 69 years with diabetic neuropathy", clinic="Test clinic", sessions=["2026-01-21"],
        harms=["a bruise on 2026-01-22"], medicines=[], ratings=[(r.date.isoformat(), r.value) for r in FALL],
        result=start_test(START, FALL, START.starts[2]),
    )  # fmt: skip
    text = report(about)
    for number, name in enumerate(SECTIONS[1:], start=1):
        body = text.split(f"## {number}. {name.capitalize()}\n\n")[1].split("\n\n## ")[0]
        assert len(body) > 10, name
    scribe = next(g for g in reporting().guidelines if g.key == "scribe")
    assert [item.item for item in scribe.items] == list(range(1, 27))
    assert text.count("| item |") == 2 and "computed again, the commitment fits" in text
    assert "the first session was on 2026-01-21. Analysed as drawn." in text and "2026-01-21 | 2 |" in text
    late = report(CaseReport(**{**about.__dict__, "sessions": ["2026-01-25"]}))
    assert "the first session was on 2026-01-25, 4 days after the drawn day, not as drawn" in late
    hidden = report(
        CaseReport(
            **{**about.__dict__, "seed": None, "drawn_on": None, "result": None, "why_not": "too early"}
        )
    )
    assert seed not in hidden and "It was not drawn yet" in hidden and "No result: too early" in hidden


@pytest.fixture
def files(tmp_path):
    """Two patients with a drawn start, both with a fall on the drawn day."""
    lines = ["patient_id,date,symptom,value"]
    lines += [f"{who},{r.date},burning,{r.value:g}" for who in ("a", "b") for r in FALL]
    (tmp_path / "ratings.csv").write_text("\n".join(lines))
    (tmp_path / "draws.csv").write_text(
        f"patient_id,enrolled_on,drawn_on\na,{BEGUN},{day(20)}\nb,{BEGUN},{day(20)}\n"
    )
    return tmp_path


def run(folder, design="randomised-start", form="json"):
    arguments = [
        "--design",
        design,
        "--ratings",
        str(folder / "ratings.csv"),
        "--draws",
        str(folder / "draws.csv"),
    ]
    return CliRunner().invoke(single_case, [*arguments, "--symptom", "burning", "--format", form])


def test_the_command_tests_each_patient_and_all_together(files):
    done = run(files)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["patients"]["a"]["p"] == 0.125 and found["pooled"]["p"] == pytest.approx(1 / 64)
    assert "2 patients with a drawn start" in run(files, form="text").stdout


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "draws.csv",
            "patient_id,enrolled_on,drawn_on\na,2026-01-01,2026-01-16\n",
            "draws.csv:2: 2026-01-16 is not one",
        ),
        (
            "draws.csv",
            "patient_id,enrolled_on,drawn_on\na,2026-01-01,2026-01-15\na,2026-01-01,2026-01-15\n",
            "draws.csv:3",
        ),
        ("draws.csv", "patient_id,enrolled_on\na,2026-01-01\n", "no column drawn_on"),
        (
            "draws.csv",
            "patient_id,enrolled_on,drawn_on\na,first,2026-01-15\n",
            "draws.csv:2: enrolled_on: 'first' is not a day",
        ),
        (
            "draws.csv",
            "patient_id,enrolled_on,drawn_on\na,20260101,2026-01-15\n",
            "draws.csv:2: enrolled_on: '20260101' is not a day",
        ),
        (
            "draws.csv",
            "patient_id,enrolled_on,drawn_on\n\n\na,2026-01-01\n",
            "draws.csv:4: not 3 cells, as the header has",
        ),
        (
            "draws.csv",
            "patient_id,enrolled_on,drawn_on\na,2026-01-01,2026-01-21,stop\n",
            "draws.csv:2: not 3 cells",
        ),
        ("draws.csv", "patient_id,enrolled_on,drawn_on\n,2026-01-01,2026-01-21\n", "draws.csv:2: patient_id"),
        ("ratings.csv", "patient_id,date,symptom,value\n\na,2026-01-01,burning\n", "ratings.csv:3: not 4"),
        ("ratings.csv", f"patient_id,date,symptom,value\n{'a' * 200_000},\n", "ratings.csv:2: not a table"),
        ("ratings.csv", "patient_id,date,symptom,value\na,2026-01-01,burning,11\n", "ratings.csv:2: value"),
        ("ratings.csv", "patient_id,date,symptom,value\na,2026-01-01,luck,1\n", "ratings.csv:2: symptom"),
        ("ratings.csv", "", "no rows"),
    ],
)
def test_the_command_refuses_by_row_with_exit_code_2(files, name, text, said):
    (files / name).write_text(text)
    done = run(files)
    assert done.exit_code == 2 and said in done.output


def test_the_command_pools_tapers(files):
    rows = [f"{who},2026-03-{n:02},burning,3" for who in "abcd" for n in range(18, 32)]
    rows += [
        f"{who},2026-04-{n:02},burning,{6 if who in 'ab' else 3}" for who in "abcd" for n in range(1, 29)
    ]
    (files / "ratings.csv").write_text("\n".join(["patient_id,date,symptom,value", *rows]))
    draws = [f"{who},2026-04-01,{'stop' if who in 'ab' else 'go_on'}" for who in "abcd"]
    (files / "draws.csv").write_text("\n".join(["patient_id,taper_on,arm", *draws]))
    found = json.loads(run(files, "randomised-taper").stdout)
    assert found["pooled"]["p"] == pytest.approx(1 / 6) and found["patients"]["a"]["rise"] == 3
    (files / "draws.csv").write_text("patient_id,taper_on,arm\na,2026-04-01,rest\n")
    assert "is not stop" in run(files, "randomised-taper").output
