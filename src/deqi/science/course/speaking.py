"""How it might be helping: for one person, the numbers that speak to each of the six mechanisms, before and now.

Never more than "consistent with": a mechanism cannot be seen in one person. What is paired with what, and what counts
as a change, is data (`speaks_to.yaml`) with its sources, or marked as Deqi's own reading.

Example: filament touches felt 9 -> 14 of 18 are five more, at least the three that count: changed, better.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from deqi.science.evidence import mechanisms
from deqi.science.evidence.shelf import Mechanism
from deqi.science.knowledge import Strict, data_path, load_yaml
from deqi.science.measures import conduction_measures, examination_items, impact_ratings, symptoms
from deqi.science.measures.items import SIDES

Kind = Literal["symptom", "examination", "conduction", "impact"]
Status = Literal["better", "worse", "unchanged", "too_few", "not_measured"]
Link = Literal["weak", "moderate", "strong"]
Series = Mapping[str, Sequence[tuple[dt.date, float]]]
SURE = 1.645  # posterior SDs, as in the sentence of the review
STATUS = {
    "better": ("changed, for the better", "ok"),
    "worse": ("changed, the other way", "stop"),
    "unchanged": ("unchanged", ""),
    "too_few": ("too few ratings", "care"),
    "not_measured": ("not measured", ""),
}


class Speaks(Strict):
    """One measure that speaks to a mechanism. `least` is in `unit`; None takes the measure's own smallest change."""

    key: str
    label: str
    kind: Kind
    codes: tuple[str, ...] = Field(min_length=1)
    reads: str | None
    link: Link | None = None
    why: str | None = None
    combine: Literal["sum", "mean", "each"] = "each"
    unit: str = ""
    direction: Literal["lower", "higher"] = "lower"
    least: float | None = Field(default=None, gt=0)
    least_note: str = ""
    source: str | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        shelf: dict[str, Any] = {
            "symptom": symptoms(),
            "examination": examination_items(),
            "conduction": conduction_measures(),
            "impact": impact_ratings(),
        }
        unknown = [code for code in self.codes if code not in shelf[self.kind]]
        if unknown:
            raise ValueError(f"{self.key}: no {self.kind} called {', '.join(unknown)}")
        if (self.reads is None) != (self.link is not None and self.why is not None):
            raise ValueError(f"{self.key}: a reading of our own needs its link and why, another has neither")
        stated = self.least is not None, bool(self.least_note)
        if stated != (self.kind in ("examination", "impact"),) * 2:
            raise ValueError(f"{self.key}: needs the least change with its note, and no other kind has one")
        return self


class MechanismSpoken(Strict):
    """`better` says what a change for the better would be consistent with; `stronger` what would say more."""

    id: str
    better: str
    measures: tuple[Speaks, ...]
    stronger: tuple[str, ...]


class SpeakingMeta(Strict):
    reading: str
    rivals: str
    symptom_rule: str
    symptom_source: str


class SpeakingFile(Strict):
    meta: SpeakingMeta
    mechanisms: tuple[MechanismSpoken, ...]

    @model_validator(mode="after")
    def _the_same_six(self) -> Self:
        if [one.id for one in self.mechanisms] != list(mechanisms()):
            raise ValueError("must hold the mechanisms of the evidence base, in its order")
        for one in self.mechanisms:
            for measure in one.measures:
                link_of(mechanisms()[one.id], measure)
        return self


def link_of(mechanism: Mechanism, measure: Speaks) -> str:
    """How strongly the measure speaks to the mechanism. ValueError when `reads` names none of its clinic measures."""
    if measure.reads is None:
        return str(measure.link)
    found = [m.link for m in mechanism.clinic_measures if m.measure.startswith(measure.reads)]
    if len(found) != 1:
        raise ValueError(f"{mechanism.id}, {measure.key}: reads {len(found)} clinic measures, not one")
    return str(found[0])


@cache
def speaking() -> SpeakingFile:
    """The pairings, validated against the evidence base and the measures."""
    return load_yaml(data_path("deqi.science.course", "speaks_to.yaml"), SpeakingFile)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Seen:
    """One number before and now. `own` marks a pairing of ours; `rule` says what would have counted as a change."""

    label: str
    status: Status
    link: str
    own: bool
    rule: str
    unit: str = ""
    before: float | None = None
    before_on: dt.date | None = None
    now: float | None = None
    now_on: dt.date | None = None
    n: int = 0

    @property
    def words(self) -> tuple[str, str]:
        """The status in words, with its tag."""
        return STATUS[self.status]


@dataclass(frozen=True)
class MechanismSeen:
    """One mechanism for one person: what was seen, and in words what that is consistent with."""

    mechanism: Mechanism
    seen: tuple[Seen, ...]
    words: str
    stronger: tuple[str, ...]

    @property
    def measured(self) -> bool:
        return any(one.status in ("better", "worse", "unchanged") for one in self.seen)

    @property
    def in_people(self) -> int:
        """How many findings in people were read."""
        return sum(finding.model == "human" for finding in self.mechanism.findings)


def how_it_might_help(
    judged: Mapping[str, Any], series: Series, began: dt.date | None, on: dt.date
) -> tuple[MechanismSeen, ...]:
    """The six mechanisms in the order of the evidence base.

    `judged` holds by symptom what a review found (`simple`, `model`); `series` by code the examination and conduction
    findings (`<item>_<side>`) and impact ratings (`impact_<key>`), each in order of time; `began` is the day of the
    first session: what was found up to that day is "before".
    """
    found = []
    for one in speaking().mechanisms:
        mechanism = mechanisms()[one.id]
        seen = [
            row for measure in one.measures for row in _rows(mechanism, measure, judged, series, began, on)
        ]
        found.append(MechanismSeen(mechanism, tuple(seen), _words(one, seen), one.stronger))
    return tuple(found)


def _words(one: MechanismSpoken, seen: Sequence[Seen]) -> str:
    def named(*ways: Status) -> str:
        labels = list(dict.fromkeys(row.label for row in seen if row.status in ways))
        return ", ".join(
            [label if n == 0 else label[0].lower() + label[1:] for n, label in enumerate(labels)]
        )

    better, worse, same = named("better"), named("worse"), named("unchanged")
    still = f" Unchanged: {same}." if same else ""
    if better and worse:
        return f"It went both ways. Better: {better}. The other way: {worse}.{still} {one.better}"
    if better:
        return f"Consistent with this: {better}, for the better.{still} {one.better}"
    if worse:
        return f"Not consistent with this: {worse} went the other way.{still}"
    if same:
        return "Nothing that speaks to it changed. A large effect of this kind would have shown; a small one may not."
    return "Nothing that speaks to it was measured well enough, so nothing can be said."


def _rows(
    mechanism: Mechanism,
    measure: Speaks,
    judged: Mapping[str, Any],
    series: Series,
    began: dt.date | None,
    on: dt.date,
) -> list[Seen]:
    about: dict[str, Any] = {
        "link": link_of(mechanism, measure),
        "own": measure.reads is None,
        "rule": _rule(measure),
    }
    if measure.kind == "symptom":
        rated = [code for code in measure.codes if code in judged]
        rows = [_symptom(code, judged[code], about, began, on) for code in rated]
    elif measure.combine == "each":
        rows = [_numbers(measure, (code,), series, about, began) for code in measure.codes]
        rows = [row for row in rows if row.status != "not_measured"]
    else:
        rows = [_numbers(measure, measure.codes, series, about, began)]
    return rows or [Seen(measure.label, "not_measured", **about)]


def _rule(measure: Speaks) -> str:
    if measure.kind == "symptom":
        return speaking().meta.symptom_rule
    if measure.kind == "conduction":
        spans = [f"{conduction_measures()[c].smallest_detectable_percent[1]:g} %" for c in measure.codes]
        return f"A change counts from {' and '.join(spans)} on, the smallest that can be told from noise."
    return f"A change counts from {measure.least:g} {measure.unit} on ({measure.least_note})."


def _symptom(
    code: str, row: Mapping[str, Any], about: Mapping[str, Any], began: dt.date | None, on: dt.date
) -> Seen:
    """The usual level before and now; the seven-day means where the model has no answer."""
    model, simple = row.get("model") or {}, row["simple"]
    label = symptoms()[code].label
    if model.get("change") is not None and model.get("verdict") != "too_few":
        change, sure = model["change"], abs(model["change"]) > SURE * model["change_sd"]
        before, now = model["baseline"], model["level"]
    elif simple["enough"]:
        change, sure = simple["change"], bool(simple["beyond_noise"])
        before, now = simple["baseline_mean"], simple["current_mean"]
    else:
        return Seen(label, "too_few", **about)
    status: Status = "unchanged" if not sure else "better" if change < 0 else "worse"
    n = model.get("n_ratings") or simple["n_baseline"] + simple["n_current"]
    return Seen(label, status, **about, unit="of 10", before=before, before_on=began, now=now, now_on=on, n=n)


def _numbers(
    measure: Speaks, codes: Sequence[str], series: Series, about: Mapping[str, Any], began: dt.date | None
) -> Seen:
    """First and last of what was measured at both times, sides and places together."""
    label = (
        measure.label if len(codes) == len(measure.codes) and len(codes) > 1 else _label(measure, codes[0])
    )
    pairs = [
        pair
        for code in codes
        for name in _names(measure.kind, code)
        if (pair := _first_and_last(series.get(name, ()), began))
    ]
    if not pairs:
        return Seen(label, "not_measured", **about)
    share = len(pairs) if measure.combine != "sum" else 1
    before, now = (sum(pair[turn][1] for pair in pairs) / share for turn in (0, 1))
    gain = now - before if measure.direction == "higher" else before - now
    least = _least(measure, codes[0], before)
    status: Status = "unchanged" if abs(gain) < least else "better" if gain > 0 else "worse"
    return Seen(
        label, status, **about,
        unit=_unit(measure, codes[0], len(pairs)),
        before=before, before_on=max(pair[0][0] for pair in pairs),
        now=now, now_on=max(pair[1][0] for pair in pairs), n=2 * len(pairs),
    )  # fmt: skip


def _names(kind: Kind, code: str) -> list[str]:
    return [f"impact_{code}"] if kind == "impact" else [f"{code}_{side}" for side in SIDES]


def _label(measure: Speaks, code: str) -> str:
    shelf: Mapping[str, Any] = {"impact": impact_ratings(), "conduction": conduction_measures()}.get(
        measure.kind, MappingProxyType({})
    )
    return str(shelf[code].label) if code in shelf else measure.label


def _unit(measure: Speaks, code: str, n: int) -> str:
    if measure.kind == "conduction":
        return conduction_measures()[code].unit
    return f"{measure.unit} of {3 * n}" if measure.combine == "sum" else measure.unit


def _least(measure: Speaks, code: str, before: float) -> float:
    """The smallest change that counts: for conduction the larger end of its per cent, of the value before."""
    if measure.least is not None:
        return measure.least
    percent = conduction_measures()[code].smallest_detectable_percent[1]
    return max(percent / 100 * abs(before), 1e-9)


def _first_and_last(
    values: Sequence[tuple[dt.date, float]], began: dt.date | None
) -> tuple[tuple[dt.date, float], tuple[dt.date, float]] | None:
    """The last value up to the first session (else the first of all) and the last since; None without both."""
    if began is None or not values:
        return None
    before = [value for value in values if value[0] <= began]
    first = before[-1] if before else values[0]
    return (first, values[-1]) if values[-1][0] > first[0] else None
