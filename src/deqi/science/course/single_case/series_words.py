"""What each section of the report of a series says: from the data, or that they do not tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from deqi.science.course.single_case.designs import StartProtocol
from deqi.science.course.single_case.randomisation import FEWEST, StartTest, TaperOutcome, small, verdict
from deqi.science.course.single_case.report import ADD, BLINDING, Section, analysis, background, measures
from deqi.science.course.single_case.series import Member, SeriesAbout, SeriesReport
from deqi.science.course.single_case.windows import altogether
from deqi.science.measures import symptoms

UNTOLD = "Not recorded in what this report was made from: the clinic adds it here."


@dataclass(frozen=True)
class Table:
    """A table under a section: its name, the heads of its columns, its rows."""

    name: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def words_of(about: SeriesReport) -> dict[Section, tuple[str, ...]]:
    """The paragraphs of each section; that of the title is the title."""
    protocol, n = about.protocol, len(about.members)
    start, name = isinstance(protocol, StartProtocol), symptoms()[about.protocol.symptom].label.lower()
    what = (
        "the day on which treatment began" if start else "whether treatment stopped or went on for four weeks"
    )
    said = verdict([one.result for one in about.members], about.pooled)
    return {
        "title": (
            f"A series of N-of-1 trials (single-case experimental designs) with a randomised "
            f"{'start' if start else 'taper'}: acupuncture and {name}, {_people(n)}",
        ),
        "summary": (f"Each person rated {name} daily; chance decided {what}. {_flow_words(about)}", said),
        "background": (background(protocol),),
        "aims": (
            f"Over several people: is the fall of {name} tied to the day treatment began?"
            if start
            else f"Over several people: does {name} rise more when treatment stops than when it goes on?",
        ),
        "design": _design(about),
        "changes": _changes(about),
        "randomisation": _randomisation(about),
        "blinding": (BLINDING,),
        "participant": _participants(about),
        "setting": (_setting(about.about),),
        "approval": (f"{ADD} (Whether this is research, and its ethics approval.)",),
        "measures": (
            measures(protocol),
            "How well these single questions measure was not studied in these people.",
        ),
        "intervention": _intervention(about.about),
        "fidelity": _fidelity(about),
        "analysis": _analysis(about),
        "results": (said, *_together(about)),
        "harms": (_harms(about.about, n),),
        "interpretation": (
            "The test speaks of the start or the end of treatment as a whole, with attention and hope, not of needles "
            "alone. It speaks of people who agreed to let chance decide and rated daily; others may fare differently.",
        ),
        "limitations": (
            "No blinding. Ratings may drift with mood or with wanting to please. Missing days are left out, and whoever "
            "rated too few is not counted. Only a change that follows the drawn day within the windows is seen. The "
            "people are those who came to these clinics, one after the other; their number was not fixed beforehand.",
        ),
        "protocol": (_protocols(about.about),),
        "funding": (ADD,),
    }  # fmt: skip


def _protocols(known: SeriesAbout) -> str:
    if known.fits is None:
        return f"Where the protocols are kept: {_later(UNTOLD)} Registration: {_later(ADD)}"
    return (
        "Each person's protocol was kept in the record before their draw; its fingerprint (SHA-256), the commitment and, "
        f"once drawn, the seed stand on the report of that person. Registration: {_later(ADD)}"
    )


def _people(n: int) -> str:
    return f"{n} {'person' if n == 1 else 'people'}"


def _flow_words(about: SeriesReport) -> str:
    known, n = about.about, _people(len(about.members))
    if known.offered is None:
        return f"{n} counted. How many were offered it: not recorded in what this report was made from."
    return f"Offered to {_people(known.offered)}; drawn for {known.drawn}; {n} counted."


def _design(about: SeriesReport) -> tuple[str, ...]:
    protocol, n = about.protocol, len(about.members)
    size = (
        "Size: no number of people was fixed beforehand, and there is no rule for stopping. Whoever treats may look at "
        "the series at any time; the p value is not adjusted for repeated looks."
    )
    known = about.about
    dates = (
        f"Dates: offered from {known.first_on} on, last day rated {known.last_on}."
        if known.first_on and known.last_on
        else f"Dates: {_unsaid(about)}."
    )
    if not isinstance(protocol, StartProtocol):
        return (
            "At the end of a course chance decided between stopping on a day fixed beforehand and four more weeks. "
            f"Ratings ran daily from {protocol.before_days} days before that day to day {protocol.after_to - 1} after. "
            f"One person has two possible outcomes and no test; the series is the design, {_people(n)} so far.",
            size,
            dates,
        )
    kinds = {one.protocol.baseline_days for one in about.members if isinstance(one.protocol, StartProtocol)}
    own = sorted(kinds, key=len) or [protocol.baseline_days]
    days = (
        f"the days were {', '.join(map(str, own[0]))} after enrolment for everybody"
        if len(own) == 1
        else f"each person had {_range(len(own[0]), len(own[-1]))} possible days of their own between day "
        f"{min(one[0] for one in own)} and day {max(one[-1] for one in own)} after enrolment, fixed before the draw (a "
        "clinic is not open every day)"
    )
    return (
        "Phase A, daily ratings without treatment from enrolment on, lasted until a day drawn by chance; phase B, "
        f"treatment, followed. {days[0].upper()}{days[1:]}. Ratings went on daily to day {protocol.after_to - 1} after "
        "the last possible start, whatever was drawn.",
        size,
        dates,
    )


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low} to {high}"


def _changes(about: SeriesReport) -> tuple[str, ...]:
    known, n = about.about, len(about.members)
    medicines = (
        UNTOLD
        if known.medicines_changed is None
        else f"in {known.medicines_changed} of {_people(n)}, while they were rated."
    )
    kept = (
        f"Whether a protocol was changed: {_later(UNTOLD)}"
        if known.fits is None
        else "Each protocol, symptom and windows included, stands as it was agreed: the database refuses a change, and the "
        "commitment would no longer fit. No outcome was changed or added."
    )
    return (
        kept,
        f"Medicines begun, changed or stopped: {medicines}",
    )


def _randomisation(about: SeriesReport) -> tuple[str, ...]:
    n, drawn = len(about.members), [one.drawn for one in about.members]
    fits = about.about.fits
    outcomes = (
        "Place of the drawn day in time among the possible ones: "
        + ", ".join(f"{place + 1} ({drawn.count(place)})" for place in sorted(set(drawn)))
        if isinstance(about.protocol, StartProtocol)
        else f"Drawn: stop {drawn.count(0)}, go on {drawn.count(1)}"
    )
    made = (
        f"How the draws were made, kept out of sight and opened: {_later(UNTOLD)} The test takes every outcome of a person as "
        "equally likely."
        if fits is None
        else "Each person apart, without blocks or strata: a seed from the machine's random source was kept out of sight "
        "when the protocol was agreed; shown then was the commitment, SHA-256 of seed and protocol. The draw is computed "
        "from both, every outcome equally likely. Whoever treats opened it, once, after the person's own consent; nobody "
        f"could choose it. Computed again, {fits} of {n} commitments fit."
    )
    return made, f"{outcomes}." if drawn else "Nobody is counted yet."


def _later(words: str) -> str:
    """A sentence as it goes on after a colon."""
    return words[0].lower() + words[1:]


def _participants(about: SeriesReport) -> tuple[str, ...]:
    known, n = about.about, len(about.members)
    whom = (
        "before the first session"
        if isinstance(about.protocol, StartProtocol)
        else "in a course in which sessions had been given"
    )
    asked = (
        f"Who could take part, who was asked, refused or did not answer: {_later(UNTOLD)}"
        if known.offered is None
        else f"Offered by the practitioner to people with an open course, {whom}; no further rule was kept. Own agreement, "
        f"apart from the agreement to be treated. Offered to {_people(known.offered)}, of whom {known.refused} refused; "
        f"drawn for {known.drawn}."
    )
    facts = [
        f"aged {known.ages[0]} to {known.ages[1] + 9}" if known.ages else "",
        _counts(known.sexes),
        _counts(known.diagnoses),
    ]
    people = "; ".join(fact for fact in facts if fact)
    return (
        asked,
        f"The {_people(n)} counted: {people or _unsaid(about)}.",
        _baseline(about),
        "Other illnesses, and treatments besides acupuncture: not summarised here; they stand in each record.",
    )


def _unsaid(about: SeriesReport) -> str:
    """Why it is not said who the people are."""
    few = about.about.offered is not None and len(about.members) < FEWEST
    return (
        f"not stated, because fewer than {FEWEST} could be known by it" if few else _later(UNTOLD).rstrip(".")
    )


def _baseline(about: SeriesReport) -> str:
    """The level from which each person came: the mean in the days before what was drawn."""
    levels = sorted(_level(one) for one in about.members)
    if not levels:
        return "Baseline: nobody is counted yet."
    return (
        f"Baseline, the mean rating in the {about.protocol.before_days} days before the drawn day: {levels[0]:.1f} to "
        f"{levels[-1]:.1f}, half of them {median(levels):.1f} or more."
    )


def _level(one: Member) -> float:
    if isinstance(one.result, TaperOutcome):
        return one.result.before
    day, before = one.result.starts[one.drawn], dt.timedelta(days=one.protocol.before_days)
    values = [value for at, value in one.days if day - before <= at < day]
    return sum(values) / len(values)


def _counts(found: Mapping[str, int] | None) -> str:
    rows = sorted((found or {}).items(), key=lambda row: (-row[1], row[0]))
    return ", ".join(f"{n} {label}" for label, n in rows)


def _setting(known: SeriesAbout) -> str:
    if known.sites is None:
        return UNTOLD
    places = ", ".join(known.jurisdictions or ()) or "place not recorded"
    return (
        f"{known.sites} site{'' if known.sites == 1 else 's'} ({places}), {known.practitioners} "
        f"practitioner{'' if known.practitioners == 1 else 's'}; ratings were given at home."
    )


def _intervention(known: SeriesAbout) -> tuple[str, ...]:
    if known.sessions is None:
        return (f"Acupuncture. How many sessions, and what was done in them: {_later(UNTOLD)}",)
    return (
        f"Acupuncture, each session planned for the person; {_range(*known.sessions)} sessions a person in the time of the "
        "ratings. Points, depth, retention, current and needles were recorded to STRICTA in each session and are not "
        "summarised here. No other equipment was used.",
    )


def _fidelity(about: SeriesReport) -> tuple[str, ...]:
    known, n = about.about, len(about.members)
    went = (
        f"How many went as drawn: {_later(UNTOLD)}"
        if known.off is None
        else f"{n - known.off} of {n} went as drawn; {known.off} did not, with {known.reasons} written reasons for "
        "another day."
    )
    return (
        f"{went} Everybody is analysed as drawn, so that nobody could choose who counts.",
        _ratings(about),
    )


def _ratings(about: SeriesReport) -> str:
    """How many of the days that were due were rated, over the people who are counted."""
    if not about.members:
        return "Ratings: nobody is counted yet."
    shares = [_rated(one) for one in about.members]
    percents = sorted(100 * came / due for came, due in shares)
    return (
        f"Daily ratings: {sum(came for came, _ in shares)} of {sum(due for _, due in shares)} days that were due came; a "
        f"person rated {_range(round(percents[0]), round(percents[-1]))} % of their days."
    )


def _rated(one: Member) -> tuple[int, int]:
    """Days rated and days that were due, of one person whose last day is over."""
    over = one.protocol.rated_until + dt.timedelta(days=1)
    seen = altogether(one.protocol, {day for day, _ in one.days}, over)
    return seen.came, seen.due


def _analysis(about: SeriesReport) -> tuple[str, ...]:
    if isinstance(about.protocol, StartProtocol):
        together = (
            "Over people: the sum of the ranks against the exact distribution of a sum of independent ranks, each "
            "uniform over that person's possible days. Also Edgington's sum of p values. No model of differences between "
            "people; each person's value is in the table. No interval: the test gives a p value alone."
        )
    else:
        together = (
            "No model of differences between people; each person's value is in the table. No interval: the test gives a "
            "p value alone."
        )
    return (
        analysis(about.protocol),
        together,
        "Missing days are not filled in. Nothing needs to be assumed about how one day hangs together with the next, nor "
        "about trend: the ratings are held fixed, and only the draw is chance. No subgroups and no further analyses.",
    )


def _together(about: SeriesReport) -> tuple[str, ...]:
    raw = "The ratings day by day, and the draws, are in the file of data that goes with this report."
    if about.pooled is None:
        return (f"No test of everybody together: {about.why_not}", raw)
    more = about.pooled.p_edgington
    beside = () if more is None else (f"Beside it Edgington's sum of p values: {small(more)}.",)
    return (about.pooled.words, *beside, raw)


def results_of(about: SeriesReport) -> tuple[Table, ...]:
    """The way of the people through the series, and each person's result."""
    known, n = about.about, len(about.members)
    flow = [("offered", _or_untold(known.offered)), ("refused", _or_untold(known.refused))]
    flow += [("drawn", _or_untold(known.drawn))]
    flow += [(f"not counted: {why}", str(count)) for why, count in (known.left_out or {}).items()]
    flow += [("counted", str(n))]
    heads: tuple[str, ...]
    if isinstance(about.protocol, StartProtocol):
        heads = (
            "person",
            "possible days",
            "place of the drawn day",
            "fall at the drawn day, points",
            "p",
            "days rated",
        )
    else:
        heads = ("person", "drawn", "mean before", "mean after", "rise, points", "days rated")
    rows = tuple((str(k), *_row(one)) for k, one in enumerate(about.members, start=1))
    return (
        Table("Who took part", ("", "people"), tuple(flow)),
        *((Table("Person by person", heads, rows),) if rows else ()),
    )


def _or_untold(n: int | None) -> str:
    return "not recorded" if n is None else str(n)


def _row(one: Member) -> tuple[str, ...]:
    result, (came, due) = one.result, _rated(one)
    rated = f"{came} of {due}"
    if isinstance(result, StartTest):
        k = len(result.starts)
        return (str(k), f"{result.rank} of {k}", f"{result.change:.2f}", f"{result.p:.3f}", rated)
    went = "stop" if result.stopped else "go on"
    return (went, f"{result.before:.2f}", f"{result.after:.2f}", f"{result.rise:+.2f}", rated)


def _harms(known: SeriesAbout, n: int) -> str:
    if known.harms is None:
        return UNTOLD
    if not known.harms:
        return f"No side effect was reported by {_people(n)} while they were rated; it was asked at each session."
    serious = "" if known.serious is None else f" Judged serious so far: {known.serious}."
    return f"Reported while they were rated, by {known.with_harms} of {_people(n)}: {_counts(known.harms)}.{serious}"
