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
    altogether,
    commitment,
    compared,
    departure,
    draw,
    edgington,
    pooled_starts,
    pooled_tapers,
    rank_sum_p,
    smallest_p,
    spread_starts,
    start_test,
    taper_outcome,
    usable,
    verdict,
)
from deqi.science.course.single_case.report import SECTIONS, CaseReport, report, reporting
from deqi.science.course.single_case.series import Member, SeriesAbout, SeriesReport
from deqi.science.course.single_case.series_report import series_parts, series_report

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


def series(n=6, **about):
    one = start_test(START, FALL, START.starts[2])
    members = [Member(START, 2, tuple(usable(FALL, "burning")), one) for _ in range(n)]
    pooled = pooled_starts([one] * n) if n > 1 else None
    return SeriesReport(START, members, pooled, "Pooling needs two patients or more.", SeriesAbout(**about))


def tapers(n=6):
    ratings = daily([3] * 14 + [5] * 28, first=TAPER.taper_on - dt.timedelta(days=14))
    arms = [number % 2 for number in range(n)]
    days = tuple(usable(ratings, "burning"))
    members = [Member(TAPER, arm, days, taper_outcome(TAPER, ratings, stopped=arm == 0)) for arm in arms]
    return SeriesReport(TAPER, members, pooled_tapers([one.result for one in members]))


KNOWN = {
    "offered": 11, "refused": 2, "drawn": 8, "left_out": {"still being rated": 2}, "fits": 6, "ages": (50, 70),
    "sexes": {"women": 4, "men": 2}, "diagnoses": {"diabetic neuropathy": 6}, "sites": 1, "jurisdictions": ("GB",),
    "practitioners": 2, "sessions": (4, 9), "off": 1, "reasons": 1, "medicines_changed": 2, "harms": {"bruise": 3},
    "with_harms": 2, "serious": 0, "first_on": dt.date(2025, 1, 4), "last_on": dt.date(2026, 3, 4),
}  # fmt: skip


@pytest.mark.parametrize("made", [series(), series(0), series(1), series(**KNOWN), tapers()])
def test_a_report_of_a_series_answers_every_item_of_both_guidelines(made):
    parts = series_parts(made)
    assert [part.name for part in parts] == list(SECTIONS)
    assert all(len(" ".join(part.words)) > 10 and part.asked for part in parts)
    shown = [(name, number) for part in parts for name, rows in part.asked for number, _ in rows]
    asked = [(g.name.split(" (")[0], str(item.item)) for g in reporting().guidelines for item in g.items]
    assert sorted(shown) == sorted(asked)
    text = series_report(made)
    for part in parts[1:]:
        assert f"## {part.number}. {part.name.capitalize()}\n\n*Items " in text
        assert all(words in text for words in part.words)
    assert text.startswith("# A series of N-of-1 trials") and "None" not in text and "{" not in text


def test_what_is_known_of_a_series_is_said_and_what_is_not_known_is_left_to_the_clinic():
    said, bare = series_report(series(**KNOWN)), series_report(series())
    for words in (
        "Offered to 11 people, of whom 2 refused; drawn for 8.",
        "6 of 6 commitments fit",
        "aged 50 to 79; 4 women, 2 men; 6 diabetic neuropathy",
        "1 site (GB), 2 practitioners",
        "4 to 9 sessions a person",
        "5 of 6 went as drawn; 1 did not, with 1 written reasons",
        "Medicines begun, changed or stopped: in 2 of 6 people",
        "by 2 of 6 people: 3 bruise. Judged serious so far: 0.",
        "offered from 2025-01-04 on, last day rated 2026-03-04",
        "| not counted: still being rated | 2 |",
    ):
        assert words in said and words not in bare, words
    assert bare.count("ot recorded in what this report was made from") == 12
    assert "3 bruise" not in bare and "asked at each session" not in bare
    none = series_report(series(**{**KNOWN, "harms": {}}))
    assert (
        "No side effect was reported by 6 people while they were rated; it was asked at each session." in none
    )
    for text in (said, bare):
        assert text.count("Not kept in Deqi: the clinic adds it here.") == 2  # ethics and funding
        assert "378 of 378 days that were due came" in text and "6.2 to 6.2, half of them 6.2 or more" in text
        assert "| 1 | 8 | 1 of 8 | 3.40 | 0.125 | 63 of 63 |" in text and "p < 0.0001" in text


def test_who_a_few_people_are_and_when_is_not_stated():
    few = series_report(
        series(4, **{**KNOWN, "ages": None, "sexes": None, "diagnoses": None, "first_on": None})
    )
    assert few.count("not stated, because fewer than 5 could be known by it") == 2


def test_people_with_days_of_their_own_are_reported_and_pooled_by_their_own_chances():
    own = StartProtocol(symptom="burning", enrolled_on=BEGUN, baseline_days=(15, 20, 26, 33))
    other = start_test(own, FALL, day(20))
    assert (other.rank, other.p) == (1, 1 / 4)
    one = start_test(START, FALL, day(20))
    pooled = pooled_starts([one, other, one])
    assert pooled.p == pytest.approx(1 / (8 * 4 * 8))
    members = [
        Member(a, 1, tuple(usable(FALL, "burning")), b) for a, b in ((START, one), (own, other), (START, one))
    ]
    text = series_report(SeriesReport(START, members, pooled))
    assert "Each person had 4 to 8 possible days of their own between day 14 and day 35" in text
    assert "| 2 | 4 | 1 of 4 |" in text


@pytest.mark.parametrize(
    ("open_on", "days"),
    [
        (range(7), (14, 17, 20, 23, 26, 29, 32, 35)),
        (
            range(5),
            (14, 18, 20, 22, 27, 29, 33, 35),
        ),  # enrolled on a Thursday, closed on Saturdays and Sundays
        ((0, 3), (14, 18, 21, 25, 28, 32, 35)),
        ((5,), (16, 23, 30)),
        ((), ()),
    ],
)
def test_possible_starts_are_spread_over_the_days_on_which_treatment_can_begin(open_on, days):
    found = spread_starts(BEGUN, lambda one: one.weekday() in open_on)
    assert found == days
    assert all(day(n).weekday() in open_on for n in found)


@pytest.mark.parametrize("closed", range(128))
def test_any_week_gives_as_many_starts_as_it_can_and_never_a_closed_day(closed):
    def can(one):
        return not closed >> one.weekday() & 1

    found = spread_starts(BEGUN, can)
    free = [n for n in range(14, 36) if can(day(n))]
    assert len(found) == len(set(found)) == min(8, len(free)) and list(found) == sorted(found)
    assert set(found) <= set(free) and (not free or (found[0], found[-1]) == (free[0], free[-1]))


@pytest.mark.parametrize("turn", range(20))
def test_the_level_holds_for_any_set_of_days_that_was_fixed_beforehand(turn):
    chance = random.Random(turn)
    days = tuple(sorted(chance.sample(range(14, 36), chance.randint(3, 8))))
    protocol = StartProtocol(symptom="burning", enrolled_on=BEGUN, baseline_days=days)
    ratings = daily([chance.randint(0, 10) for _ in range(63)])
    ps = [start_test(protocol, ratings, start).p for start in protocol.starts]
    for level in (n / len(days) for n in range(1, len(days) + 1)):
        assert sum(p <= level + 1e-12 for p in ps) / len(ps) <= level + 1e-12


def test_windows_say_how_many_of_the_days_that_are_over_were_rated():
    rated = {day(n) for n in range(0, 40) if n % 7}
    on = day(30)
    first, last = (compared(START, rated, on)[n] for n in (0, 7))
    assert first.before.words == "12 of 14 days" and first.after.words == "8 of 10 days so far"
    assert last.after.words == "from 12 Feb on" and not last.after.lost
    assert altogether(START, rated, on).words == "26 of 31 days so far"
    assert (
        altogether(START, rated, day(35)).words == "30 of 35 days so far"
    )  # the 35th is not rated, and not over
    few = compared(START, {day(0), day(13)}, day(14))[0].before
    assert few.words == "2 of 14 days" and few.lost
    assert not compared(START, set(), day(10))[0].before.lost, "four days are left"
    (only,) = compared(TAPER, {TAPER.taper_on}, TAPER.taper_on)
    assert only.before.words == "0 of 14 days" and only.after.words == "from 15 Apr on"


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


def run(folder, design="randomised-start", form="json", about=""):
    arguments = [
        "--design",
        design,
        "--ratings",
        str(folder / "ratings.csv"),
        "--draws",
        str(folder / "draws.csv"),
    ]
    if about:
        arguments += ["--about", str(folder / about)]
    return CliRunner().invoke(single_case, [*arguments, "--symptom", "burning", "--format", form])


def test_the_command_tests_each_patient_and_all_together(files):
    done = run(files)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["patients"]["a"]["p"] == 0.125 and found["pooled"]["p"] == pytest.approx(1 / 64)
    assert "2 patients with a drawn start" in run(files, form="text").stdout


def test_the_command_reads_the_days_that_were_possible(files):
    (files / "draws.csv").write_text(
        f"patient_id,enrolled_on,drawn_on,baseline_days\na,{BEGUN},{day(20)},15 20 26 33\nb,{BEGUN},{day(20)},\n"
    )
    found = json.loads(run(files).stdout)
    assert [found["patients"][who]["p"] for who in "ab"] == [1 / 4, 1 / 8]
    assert found["pooled"]["p"] == pytest.approx(1 / 32)


def test_the_command_writes_the_report_of_a_series_and_of_a_series_only(files):
    (files / "about.json").write_text(
        json.dumps({"offered": 5, "refused": 1, "drawn": 2, "harms": {"bruise": 1}})
    )
    bare, told = run(files, form="report"), run(files, form="report", about="about.json")
    assert bare.exit_code == told.exit_code == 0, told.output
    for text in (bare.stdout, told.stdout):
        assert text.startswith("# A series of N-of-1 trials") and "burning, 2 people" in text
        assert "### SCRIBE 2016" in text and "### CENT 2015" in text
    assert "Offered to 5 people" in told.stdout and "1 bruise" in told.stdout
    assert "Offered to" not in bare.stdout
    (files / "draws.csv").write_text(f"patient_id,enrolled_on,drawn_on\na,{BEGUN},{day(20)}\n")
    alone = run(files, form="report")
    assert alone.exit_code == 2 and "draws.csv: one patient" in alone.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"offered": -1}', "about.json:1: offered"),
        ('{"names": ["Eve"]}', "about.json:1: names"),
        ('{\n"ages": [70, 50]}', "70 to 50 is no range"),
        ("[", "about.json:"),
        ("", "about.json"),
    ],
)
def test_what_is_known_besides_is_checked_by_place(files, text, said):
    (files / "about.json").write_text(text)
    done = run(files, form="report", about="about.json")
    assert done.exit_code == 2 and said in done.output


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "draws.csv",
            "patient_id,enrolled_on,drawn_on,baseline_days\na,2026-01-01,2026-01-15,14 x\n",
            "draws.csv:2: baseline_days: '14 x'",
        ),
        (
            "draws.csv",
            "patient_id,enrolled_on,drawn_on,baseline_days\na,2026-01-01,2026-01-15,14 9999999999\n",
            "draws.csv:2:",
        ),
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
