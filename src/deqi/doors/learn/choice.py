"""What a reader asks of a pool: which comparison, which trials, which method. Read from the address, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from deqi.science import evidence
from deqi.science.evidence.charts import Section
from deqi.science.evidence.pooling import ESTIMATORS
from deqi.science.evidence.result import PoolResult
from deqi.science.evidence.schema import COMPARATORS

SIDE_BY_SIDE = ("sham", "usual_care", "waitlist", "drug")
METHODS = (*ESTIMATORS, "Bayes")
INTERVALS = {
    "knha": "Knapp-Hartung, never narrower than normal",
    "plain": "Knapp-Hartung",
    "z": "normal",
}
NEEDLING = {"": "any", "manual": "by hand", "electrical": "electrical"}
FIRST_YEAR, LAST_YEAR = 1950, 2100


@dataclass(frozen=True)
class Choice:
    """A reader's choices; anything that does not exist has fallen back to the usual."""

    comparator: str = "sham"
    estimator: str = "REML"
    interval: str = "knha"
    exclude: tuple[str, ...] = ()
    outside: bool = False
    needling: str = ""
    since: int | None = None
    until: int | None = None

    @property
    def truncate(self) -> bool:
        return self.interval == "knha"

    @property
    def usual(self) -> bool:
        """Whether the pools are those of the standing answer."""
        return self == Choice(comparator=self.comparator)

    def pool(self, condition: str, domain: str, comparator: str | None = None) -> PoolResult:
        """The pool of one comparison as chosen."""
        return evidence.pool(
            condition, domain, comparator or self.comparator,  # type: ignore[arg-type]
            estimator=self.estimator,  # type: ignore[arg-type]
            test="z" if self.interval == "z" else "knha", truncate=self.truncate, exclude=self.exclude,
            include_outside=self.outside, needling=self.needling or None,  # type: ignore[arg-type]
            years=(self.since, self.until),
        )  # fmt: skip

    def sections(self, condition: str, domain: str) -> list[Section]:
        """Sham beside the others, each its own pool: what the forest plot draws."""
        return [
            Section(f"Against {COMPARATORS[c]}", self.pool(condition, domain, c))  # type: ignore[index]
            for c in SIDE_BY_SIDE
        ]

    def query(self) -> str:
        """The address that asks for the same again."""
        told: dict[str, Any] = {
            "comparator": self.comparator, "estimator": self.estimator, "test": self.interval,
            "exclude": list(self.exclude), "outside": ["1"] if self.outside else [],
            "needling": self.needling or [], "since": self.since or [], "until": self.until or [],
        }  # fmt: skip
        return urlencode(told, doseq=True)


def choice_of(asked: QueryDict, usual: str = "sham") -> Choice:
    """The choices in an address; `usual` is the comparison when none is named."""

    def one_of(name: str, known: Any, otherwise: str) -> str:
        value = asked.get(name, otherwise)
        return value if value in known else otherwise

    return Choice(
        comparator=one_of("comparator", COMPARATORS, usual),
        estimator=one_of("estimator", METHODS, "REML"),
        interval=one_of("test", INTERVALS, "knha"),
        exclude=tuple(dict.fromkeys(key for key in asked.getlist("exclude") if key in evidence.trials())),
        outside=asked.get("outside") == "1",
        needling=one_of("needling", NEEDLING, ""),
        since=_year(asked.get("since", "")),
        until=_year(asked.get("until", "")),
    )


def _year(text: str) -> int | None:
    return int(text) if len(text) == 4 and text.isdecimal() and FIRST_YEAR <= int(text) <= LAST_YEAR else None
