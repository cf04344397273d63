"""The report of one single-case study as Markdown, by the items of CENT 2015 and SCRIBE 2016.

Every section that an item points to is written, if only to say that the clinic has to add it; the last table lists each
item with its section. The person is described by age band, sex and diagnosis alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from deqi.science.course.single_case.designs import (
    Protocol,
    StartProtocol,
    commitment,
    departure,
    draw,
    fingerprint,
)
from deqi.science.course.single_case.randomisation import StartTest, TaperOutcome
from deqi.science.course.single_case.windows import altogether
from deqi.science.knowledge import Strict, data_path, load_yaml
from deqi.science.measures import symptoms

Section = Literal[
    "title", "summary", "background", "aims", "design", "changes", "randomisation", "blinding", "participant",
    "setting", "approval", "measures", "intervention", "fidelity", "analysis", "results", "harms", "interpretation",
    "limitations", "protocol", "funding",
]  # fmt: skip
SECTIONS: tuple[Section, ...] = get_args(Section)
ADD = "Not kept in Deqi: the clinic adds it here."
BLINDING = "Nobody was blinded: neither the patient nor the practitioner could be, nor is the rater another person than the patient."


class Item(Strict):
    """One item: its number, what it asks for (of a series, where that differs), and our section that answers it."""

    item: str | int
    topic: str
    section: Section
    series: str = ""


class Guideline(Strict):
    key: str
    name: str
    source: str
    read: str
    items: tuple[Item, ...]


class ReportingFile(Strict):
    guidelines: tuple[Guideline, ...]


@cache
def reporting() -> ReportingFile:
    """The items of both guidelines in our own words, with their sources."""
    return load_yaml(data_path("deqi.science.course", "reporting.yaml"), ReportingFile)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class CaseReport:
    """Everything a report is written from. `result` is None, with `why_not`, while no test can be made.

    `on` is the day of the report; `deviations` are (day, reason): why a visit was not on the drawn day.
    """

    protocol: Protocol
    seed: str | None
    committed: str
    agreed_on: str
    drawn_on: str | None
    person: str
    clinic: str
    sessions: Sequence[str]
    harms: Sequence[str]
    medicines: Sequence[str]
    ratings: Sequence[tuple[str, float]]
    result: StartTest | TaperOutcome | None
    why_not: str = ""
    on: dt.date = dt.date.max
    deviations: Sequence[tuple[str, str]] = ()


def report(about: CaseReport) -> str:
    """The whole report."""
    said = _sections(about)
    lines = [f"# {said['title']}", ""]
    for number, name in enumerate(SECTIONS[1:], start=1):
        lines += [f"## {number}. {name.capitalize()}", "", said[name], ""]
    return "\n".join([*lines, *table_of_items()])


def table_of_items(*, series: bool = False) -> list[str]:
    """Lines of Markdown: every item of both guidelines and the section where it stands."""
    lines = ["## Items of the guidelines and where they stand", ""]
    for guideline in reporting().guidelines:
        lines += [f"### {guideline.name}", "", f"Source: {guideline.source}; read: {guideline.read}.", ""]
        lines += ["| item | asks for | section |", "| --- | --- | --- |"]
        for item in guideline.items:
            at, topic = SECTIONS.index(item.section), (series and item.series) or item.topic
            lines.append(f"| {item.item} | {topic} | {f'{at}. ' if at else ''}{item.section} |")
        lines.append("")
    return lines


def _sections(about: CaseReport) -> dict[str, str]:
    protocol, name = about.protocol, symptoms()[about.protocol.symptom].label.lower()
    start = isinstance(protocol, StartProtocol)
    kind = "start" if start else "taper"
    return {
        "title": f"A single-case experimental design (N-of-1) with a randomised {kind}: acupuncture and {name}",
        "summary": f"{about.person} rated {name} daily. Chance decided {_what(protocol)}. {_result(about)}",
        "background": background(protocol),
        "aims": f"Is the fall of {name} tied to the day treatment began?"
        if start
        else f"Does {name} rise more when treatment stops than when it goes on for four weeks? Answered over several "
        "people only.",
        "design": _design(protocol),
        "changes": "The protocol stands as it was agreed; its fingerprint below shows that it was not changed. Changes "
        f"of medicines: {'; '.join(about.medicines) or 'none recorded'}.",
        "randomisation": _randomisation(about),
        "blinding": BLINDING,
        "participant": f"{about.person}. Own agreement, apart from the agreement to be treated: {about.agreed_on}. "
        f"Offered to whoever rates daily and wants to know; {ADD[0].lower()}{ADD[1:]} (who was asked and declined).",
        "setting": about.clinic,
        "approval": f"{ADD} (Whether this is research, and its ethics approval.)",
        "measures": measures(protocol),
        "intervention": "Acupuncture as recorded session by session to STRICTA in the clinic's record; sessions on "
        f"{', '.join(about.sessions) or 'no day yet'}.",
        "fidelity": _fidelity(about),
        "analysis": analysis(protocol),
        "results": f"{_result(about)} {_came(about)}\n\n{_table(about)}",
        "harms": "; ".join(about.harms) or "No side effect was reported; it was asked at each session.",
        "interpretation": "The test speaks of the start or the end of treatment as a whole, not of needles alone, and of "
        "this person. Several people together say more than one.",
        "limitations": "No blinding. Ratings may drift with mood or with wanting to please. Missing days are left out. "
        "Only a change that follows the day of the draw within the windows is seen.",
        "protocol": f"Kept in the record before the draw; SHA-256 `{fingerprint(protocol)}`. Registration: {ADD}",
        "funding": ADD,
    }


def background(protocol: Protocol) -> str:
    """Why a single-case design, and why only one thing is left to chance."""
    kind = "start" if isinstance(protocol, StartProtocol) else "taper"
    return (
        "Change during a course of treatment mixes needling, attention, hope, natural course and other treatment. "
        "Acupuncture has effects that last for weeks, so that short on and off periods would run into each other; only "
        f"the {kind} is left to chance."
    )


def measures(protocol: Protocol) -> str:
    """What was rated, and which ratings count."""
    return (
        f"{symptoms()[protocol.symptom].question()} 0 to 10, in own words, at home. Ratings just after a session are not "
        "used; several on one day count as their mean."
    )


def _what(protocol: Protocol) -> str:
    if isinstance(protocol, StartProtocol):
        return f"on which of {len(protocol.starts)} days treatment began"
    return "whether treatment stopped at once or after four more weeks"


def _design(protocol: Protocol) -> str:
    if isinstance(protocol, StartProtocol):
        days = ", ".join(str(days) for days in protocol.baseline_days)
        return (
            f"Phase A, daily ratings without treatment from {protocol.enrolled_on}, lasted {days} days, drawn by chance. "
            f"Phase B, treatment, followed. Ratings until {protocol.rated_until} whatever was drawn. Size: "
            f"{len(protocol.starts)} possible starts, so that no p value can be under 1/{len(protocol.starts)} in one "
            "person; replication over patients is planned, pooled by the sum of ranks."
        )
    return (
        f"At the end of a course, on {protocol.taper_on}, chance decided between stopping now and four more weeks. "
        f"Ratings until {protocol.rated_until}. One person has two possible outcomes and no test; replication over "
        "patients is the design."
    )


def _randomisation(about: CaseReport) -> str:
    text = (
        f"A seed was made by the machine's random source and kept out of sight when the protocol was agreed. Shown "
        f"then: the commitment `{about.committed}`, SHA-256 of seed and protocol. The draw is computed from both "
        f"({len(about.protocol.outcomes)} outcomes, equally likely); nobody chose it."
    )
    if about.seed is None or about.drawn_on is None:
        return f"{text} It was not drawn yet."
    sound = commitment(about.seed, about.protocol) == about.committed
    outcome = about.protocol.outcomes[draw(about.seed, about.protocol)]
    return (
        f"{text} Drawn on {about.drawn_on}: {outcome}. Seed `{about.seed}`; computed again, the commitment "
        f"{'fits' if sound else 'DOES NOT FIT'}."
    )


def _fidelity(about: CaseReport) -> str:
    sessions = [dt.date.fromisoformat(day) for day in about.sessions]
    reasons = "".join(f" Written beforehand about {day}: “{reason}”." for day, reason in about.deviations)
    if about.seed is None or about.drawn_on is None:
        first = f" The first session was on {min(sessions)}." if sessions and about.deviations else ""
        return f"Nothing was drawn.{first}{reasons}" if about.deviations else "Nothing was drawn yet."
    protocol, drawn = about.protocol, draw(about.seed, about.protocol)
    off = departure(protocol, drawn, sessions, about.on)
    if isinstance(protocol, StartProtocol):
        outcome = f"Drawn for {protocol.starts[drawn]}"
        as_drawn = f"the first session was on {min(sessions)}" if sessions else "no session was given yet"
    else:
        outcome = f"Drawn: {protocol.outcomes[drawn]}"
        as_drawn = "the sessions so far are as drawn"
    return f"{outcome}; {f'{off}, not as drawn' if off else as_drawn}.{reasons} Analysed as drawn."


def analysis(protocol: Protocol) -> str:
    """The statistic of one person and, for a taper, how people are compared."""
    windows = (
        f"mean of the ratings in the {protocol.before_days} days before, and in days {protocol.after_from} to "
        f"{protocol.after_to - 1} after; at least {protocol.least} ratings in each"
    )
    if isinstance(protocol, StartProtocol):
        return (
            f"Statistic: {windows}, for every day that could have been drawn. p: the share of those days with a fall at "
            "least as large as at the drawn one (exact, one-sided, ties against the treatment)."
        )
    return (
        f"Outcome: {windows}. Over patients the difference between the two groups is held against every division of the "
        "same sizes (exact, one-sided)."
    )


def _result(about: CaseReport) -> str:
    if about.result is None:
        return f"No result: {about.why_not}"
    if isinstance(about.result, StartTest):
        return about.result.words
    one = about.result
    return (
        f"After {'stopping' if one.stopped else 'going on'} the mean went from {one.before:.1f} to {one.after:.1f} "
        f"({one.rise:+.1f}). One person's draw has two outcomes, so no test is made; it joins the pool."
    )


def _came(about: CaseReport) -> str:
    protocol, rated = about.protocol, {dt.date.fromisoformat(day) for day, _ in about.ratings}
    on = min(about.on, protocol.rated_until + dt.timedelta(days=1))
    return f"Days rated: {altogether(protocol, rated, on).words}."


def _table(about: CaseReport) -> str:
    rows = [f"| {day} | {value:g} |" for day, value in about.ratings]
    text = "\n".join(["| day | rating |", "| --- | --- |", *rows])
    if isinstance(about.result, StartTest):
        each = [
            f"| {day.isoformat()}{' (drawn)' if n == about.result.drawn else ''} | {value:.3f} |"
            for n, (day, value) in enumerate(zip(about.result.starts, about.result.statistics, strict=True))
        ]
        text = "\n".join(["| possible start | fall, points |", "| --- | --- |", *each, "", text])
    return text
