"""What the review pages show, from the kept JSON: the same words today and when it is read years later.

The clinician's page, the patient's own page and the letter take their words and charts from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from deqi.record.care.looking import Look, fan_of_inputs
from deqi.record.care.queries.reviews import medicine_marks
from deqi.science.course.agreement import Agreement, agreement
from deqi.science.course.chances import Chance, chances_of, forecasts_of
from deqi.science.course.charts import describe, fan_chart, table
from deqi.science.course.fan import Fan
from deqi.science.course.reasons import why_step
from deqi.science.measures import examination_items, impact_ratings, symptoms
from deqi.science.measures.items import SIDES

#: Verdicts of the course model in words; colour never stands alone.
VERDICTS = {
    "likely_yes": ("likely yes", "ok"),
    "unclear": ("unclear", "care"),
    "likely_no": ("likely no", "stop"),
    "too_few": ("not enough ratings yet", ""),
    "not_computed": ("not computed", "care"),
}
FAMILIES = {
    "pain": "pain",
    "sensation": "sensation, judged apart from pain",
    "numbness": "numbness, never pooled with pain",
    "motor": "muscle, judged apart from pain",
}


@dataclass(frozen=True)
class SymptomShown:
    """One symptom at a review. `day` counts from the first session to the review, None before it."""

    key: str
    label: str
    simple: Mapping[str, Any]
    model: Mapping[str, Any] | None
    day: int | None = None

    @property
    def computed(self) -> bool:
        """Whether the model gave numbers."""
        return bool(self.model and self.model.get("p_improved") is not None)

    @property
    def verdict(self) -> tuple[str, str]:
        """Words and tag of the verdict. A status this version does not know is shown in its own words."""
        told = self.model["verdict"] if self.model else ""
        if told not in ("", "too_few") and not self.computed:
            return VERDICTS.get(told, (told.replace("_", " "), "info"))
        if not self.simple["enough"] and not self.computed:
            return VERDICTS["too_few"]
        if self.model:
            return VERDICTS.get(told, (told.replace("_", " "), "info"))
        if self.simple["beyond_noise"]:
            return ("beyond day-to-day noise", "ok" if self.simple["change"] < 0 else "stop")
        return ("within day-to-day noise", "care")

    @property
    def sentence(self) -> str:
        """What a patient understands: the model's words, or those of the seven-day means."""
        words = (self.model or {}).get("words") or self.simple["words"]
        return str(words)

    @property
    def spec_id(self) -> str:
        """Where the page keeps the chart's specification."""
        return f"spec-{self.key}"

    @property
    def means(self) -> str:
        """The seven-day means in words, where the model gave no answer of its own and they have more to say."""
        told = self.simple["words"]
        silent = self.verdict == VERDICTS["too_few"] and not self.simple["enough"]
        return "" if self.computed or silent or self.sentence == told else str(told)

    @property
    def family(self) -> str:
        return FAMILIES[symptoms()[self.key].family]

    @property
    def matters(self) -> str:
        """The change that matters for this symptom, with its honesty."""
        change = symptoms()[self.key].meaningful_change
        share = f" or {change.percent:g} %" if change.percent else ""
        return f"{change.points:g} points{share}{', provisional' if change.provisional else ''}"

    @property
    def n_ratings(self) -> int:
        """All ratings behind it."""
        found = (self.model or {}).get("n_ratings")
        return int(found if found is not None else self.simple["n_baseline"] + self.simple["n_current"])

    @property
    def chances(self) -> list[Chance]:
        """The model's probabilities, in words with their question; the number on demand."""
        return chances_of(self.model or {})

    @property
    def doubted(self) -> tuple[str, str] | None:
        """The verdict of a reader who doubts acupuncture, words and tag."""
        doubt = (self.model or {}).get("sceptical")
        return VERDICTS.get(doubt["verdict"], (doubt["verdict"], "info")) if doubt else None

    @property
    def forecasts(self) -> list[str]:
        return forecasts_of(self.model or {})

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the next step is proposed; without numbers the sentence has said it."""
        return why_step(self.model, self.day) if self.model and self.computed else ()


def symptoms_shown(judged: Mapping[str, Any], inputs: Mapping[str, Any] | None = None) -> list[SymptomShown]:
    """Symptoms with the most ratings behind them first. `inputs` tell how far the course is."""
    day = None
    if inputs and inputs["sessions"]:
        day = (date.fromisoformat(inputs["on"]) - date.fromisoformat(min(inputs["sessions"]))).days
    found = [
        SymptomShown(key, symptoms()[key].label, row["simple"], row["model"], day)
        for key, row in judged["symptoms"].items()
        if key in symptoms()
    ]
    return sorted(found, key=lambda one: -(one.simple["n_baseline"] + one.simple["n_current"]))


def agreed_or_not(
    judged: Mapping[str, Any], global_change: float | None, impact: Sequence[Mapping[str, Any]]
) -> Agreement:
    """Ratings, overall judgement and daily life beside each other. `impact` as from `impact_rows`."""
    models = {key: row["model"] for key, row in judged["symptoms"].items() if key in symptoms()}
    step = int(global_change) if global_change else None
    return agreement(models, step, {row["key"]: row["change"] for row in impact if row["n"] > 1})


@dataclass(frozen=True)
class CourseChart:
    """The course of one symptom as a picture, in words, and as a table by weeks."""

    spec: dict[str, Any]
    words: str
    weeks: tuple[dict[str, Any], ...]

    @property
    def cells(self) -> list[tuple[str, ...]]:
        """The table as text, one row a week: week, ratings, level, going on, stopping, untreated."""
        columns = ("level", "go_on", "stop", "untreated")
        return [
            (str(row["week"]), str(row["ratings"]), *(_band(row[name]) for name in columns))
            for row in self.weeks
        ]


#: Where a rating was given.
WHERE = {"home": "at home", "clinic_before": "before a session", "clinic_after": "just after a session"}


def _band(band: Sequence[float] | None) -> str:
    return f"{band[0]:.1f} ({band[1]:.1f}–{band[2]:.1f})" if band else "–"


def ratings_shown(inputs: Mapping[str, Any], symptom: str) -> list[tuple[str, str, str]]:
    """Every rating of a symptom as text: day, value, where."""
    return [
        (row["date"], f"{row['value']:g}", WHERE.get(row["channel"], ""))
        for row in inputs["ratings"]
        if row["symptom"] == symptom
    ]


def course_chart(
    inputs: Mapping[str, Any],
    symptom: str,
    medicines: Sequence[dict[str, Any]] = (),
    *,
    look: Look | None = None,
    **size: int,
) -> CourseChart:
    """Ratings, the level with its band, both forecasts, sessions and changes of medicine.

    Changes of other medicines than those for pain are marked on the plot and not counted in the level. `look` holds
    curves that were computed before.
    """
    seen = look.fans[symptom] if look and symptom in look.fans else fan_of_inputs(inputs, symptom)
    seen = _with_medicines(seen, inputs, medicines)
    return CourseChart(fan_chart(seen, **size), describe(seen), table(seen))


def _with_medicines(seen: Fan, inputs: Mapping[str, Any], medicines: Sequence[dict[str, Any]]) -> Fan:
    if not medicines or not seen.start or not inputs["ratings"]:
        return seen
    since = date.fromisoformat(min(row["date"] for row in inputs["ratings"]))
    marks = medicine_marks(list(medicines), since, date.fromisoformat(inputs["on"]))
    weeks = [((date.fromisoformat(m["at"]) - seen.start).days / 7, m["label"]) for m in marks]
    return replace(seen, medicine=tuple(weeks))


def impact_rows(beside: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Impact ratings, first and last."""
    return [
        {
            "key": key,
            "label": impact_ratings()[key].label,
            **values[0],
            "change": values[0]["last"] - values[0]["first"],
        }
        for key, values in beside["impact"].items()
        if key in impact_ratings()
    ]


def examination_rows(beside: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Findings that were looked at twice and differ, item and side."""
    rows = []
    for key, item in examination_items().items():
        for side in SIDES:
            values = beside["examination"].get(f"{key}_{side}")
            if values and values[0]["n"] > 1:
                held = values[0]
                better = _better(item.better, held["last"] - held["first"])
                rows.append({"label": f"{item.label}, {side}", "unit": item.unit, **held, "better": better})
    return rows


def _better(direction: str | None, change: float) -> str:
    if change == 0 or direction is None:
        return "same" if change == 0 else ""
    return "better" if (change > 0) == (direction == "higher") else "worse"
