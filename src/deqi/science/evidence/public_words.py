"""The public page as data: every sentence that claims something names the records it rests on.

A citation is `kind:id`. `cited` turns one into a label and an address, so that the page can open the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import Field, model_validator

from deqi.science import safety
from deqi.science.evidence.library import guidelines, mechanisms, reviews, trials
from deqi.science.knowledge import KnowledgeError, Problem, Strict, data_path, load_yaml

FILE = "public_page.yaml"
Reference = Annotated[
    str, Field(pattern=r"^(trial|review|guideline|mechanism|safety|red_flag):[a-z0-9]+(-[a-z0-9]+)*$")
]


class Sentence(Strict):
    """One or a few short sentences with one set of citations. `claim` false: advice, question, definition."""

    text: str
    cites: tuple[Reference, ...] = ()
    claim: bool = True

    @model_validator(mode="after")
    def _claims_are_cited(self) -> Sentence:
        if self.claim and not self.cites:
            raise ValueError("a sentence that claims something needs a citation")
        return self


class PageSection(Strict):
    id: Annotated[str, Field(pattern=r"^[a-z-]+$")]
    heading: str
    sentences: Annotated[tuple[Sentence, ...], Field(min_length=1)]


class PublicPage(Strict):
    title: str
    about: str
    sections: tuple[PageSection, ...]

    def text(self) -> str:
        """All sentences as running text, for measuring how easy it reads."""
        return " ".join(s.text for section in self.sections for s in section.sentences)


@dataclass(frozen=True, slots=True)
class CitedRecord:
    """What a citation opens: the record's own page is chosen by `kind` and `id`, `url` is its source."""

    kind: str
    id: str
    label: str
    url: str | None
    read: str | None


@cache
def public_page() -> PublicPage:
    """The public page. Raises KnowledgeError when a claim has no citation."""
    page: PublicPage = load_yaml(data_path("deqi.science.evidence", FILE), PublicPage)
    return page


def cited(reference: str) -> CitedRecord:
    """The record behind a citation such as "trial:chung-2016". Raises KeyError when there is none."""
    kind, _, name = reference.partition(":")
    if kind == "trial":
        trial = trials()[name]
        url = f"https://doi.org/{trial.doi}" if trial.doi else trial.source_url
        return CitedRecord(kind, name, trial.label, url, trial.read)
    if kind == "review":
        review = reviews()[name]
        return CitedRecord(kind, name, review.label, review.source_url, review.read)
    if kind == "guideline":
        guideline = guidelines()[name]
        year = f" {guideline.year}" if guideline.year else ""
        return CitedRecord(kind, name, f"{guideline.body}{year}", guideline.source_url, guideline.read)
    if kind == "mechanism":
        return CitedRecord(kind, name, mechanisms()[name].name, None, None)
    if kind == "safety":
        rate = {r.id: r for r in safety.published_rates()}[name]
        source = rate.source if isinstance(rate.source, str) else rate.source[0]
        return CitedRecord(kind, name, rate.study, source, rate.read)
    flag = {f.id: f for f in safety.red_flags()}[name]
    return CitedRecord(kind, name, flag.title, flag.sources[0].url if flag.sources else None, None)


def page_problems() -> list[Problem]:
    """Citations of the public page that open nothing."""
    try:
        page = public_page()
    except KnowledgeError as error:
        return list(error.problems)
    faults: list[Problem] = []
    for section in page.sections:
        for reference in (r for sentence in section.sentences for r in sentence.cites):
            try:
                cited(reference)
            except KeyError:
                faults.append(Problem(FILE, 0, section.id, f"there is no record {reference!r}"))
    return faults
