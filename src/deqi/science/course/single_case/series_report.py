"""The report of a series by the items of CENT 2015 and SCRIBE 2016, as sections for a page and as Markdown.

As in the report of one person every item has a section that answers it. What ratings and draws cannot tell (who was
asked, harms, places) comes in a `SeriesAbout`; what that does not tell is said to be for the clinic to add.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from deqi.science.course.single_case.report import SECTIONS, Section, reporting, table_of_items
from deqi.science.course.single_case.series import SeriesReport
from deqi.science.course.single_case.series_words import Table, results_of, words_of


@dataclass(frozen=True)
class Part:
    """One section as it is shown: `items` are (guideline, number, what it asks for)."""

    name: Section
    number: int
    items: tuple[tuple[str, str, str], ...]
    words: tuple[str, ...]
    tables: tuple[Table, ...] = ()

    @property
    def asked(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """By guideline the items that this section answers: number and what it asks for."""
        return [(name, [row[1:] for row in rows]) for name, rows in groupby(self.items, lambda row: row[0])]


def series_parts(about: SeriesReport) -> list[Part]:
    """Every section in its order, the title first."""
    words, tables = words_of(about), {"results": results_of(about)}
    asked: dict[str, list[tuple[str, str, str]]] = {name: [] for name in SECTIONS}
    for guideline in reporting().guidelines:
        for item in guideline.items:
            row = (guideline.name.split(" (")[0], str(item.item), item.series or item.topic)
            asked[item.section].append(row)
    return [
        Part(name, number, tuple(asked[name]), words[name], tables.get(name, ()))
        for number, name in enumerate(SECTIONS)
    ]


def series_report(about: SeriesReport) -> str:
    """The whole report as Markdown."""
    title, *parts = series_parts(about)
    lines = [f"# {title.words[0]}", ""]
    for part in parts:
        lines += [f"## {part.number}. {part.name.capitalize()}", ""]
        asked = "; ".join(f"{name}: {', '.join(n for n, _ in rows)}" for name, rows in part.asked)
        lines += [f"*Items {asked}*", ""] if asked else []
        for paragraph in part.words:
            lines += [paragraph, ""]
        for table in part.tables:
            lines += [
                f"**{table.name}**",
                "",
                f"| {' | '.join(table.heads)} |",
                "| --- " * len(table.heads) + "|",
            ]
            lines += [*(f"| {' | '.join(row)} |" for row in table.rows), ""]
    return "\n".join([*lines, *table_of_items(series=True)])
