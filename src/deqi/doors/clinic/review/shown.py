"""What the review page shows, from the kept JSON: the same words today and when it is read years later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from deqi.record.care.queries.reviews import medicine_marks
from deqi.science.course import MedicineChange, Rating
from deqi.science.course.charts import describe, fan_chart, table
from deqi.science.course.fan import fan
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


@dataclass(frozen=True)
class SymptomShown:
    """One symptom at a review."""

    key: str
    label: str
    simple: Mapping[str, Any]
    model: Mapping[str, Any] | None

    @property
    def verdict(self) -> tuple[str, str]:
        """Words and tag of the verdict."""
        if not self.simple["enough"] and not (self.model and self.model["p_improved"] is not None):
            return VERDICTS["too_few"]
        if self.model:
            return VERDICTS.get(self.model["verdict"], (self.model["verdict"].replace("_", " "), "info"))
        if self.simple["beyond_noise"]:
            return ("beyond day-to-day noise", "ok" if self.simple["change"] < 0 else "stop")
        return ("within day-to-day noise", "care")

    @property
    def matters(self) -> str:
        """The change that matters for this symptom, with its honesty."""
        change = symptoms()[self.key].meaningful_change
        share = f" or {change.percent:g} %" if change.percent else ""
        return f"{change.points:g} points{share}{', provisional' if change.provisional else ''}"

    @property
    def percents(self) -> list[tuple[str, int]]:
        """The model's probabilities, in percent with their question."""
        if not self.model or self.model["p_improved"] is None:
            return []
        rows = [("Better by an amount that matters", self.model["p_improved"])]
        if self.model.get("sceptical"):
            rows.append(("The same, doubting acupuncture more", self.model["sceptical"]["p_improved"]))
        if self.model.get("p_beyond") is not None:
            rows.append(("Beyond what people usually do untreated", self.model["p_beyond"]))
        if self.model.get("p_worse") is not None:
            rows.append(("Worse by an amount that matters", self.model["p_worse"]))
        return [(words, round(100 * value)) for words, value in rows]


def symptoms_shown(judged: Mapping[str, Any]) -> list[SymptomShown]:
    """Symptoms with the most ratings behind them first."""
    found = [
        SymptomShown(key, symptoms()[key].label, row["simple"], row["model"])
        for key, row in judged["symptoms"].items()
        if key in symptoms()
    ]
    return sorted(found, key=lambda one: -(one.simple["n_baseline"] + one.simple["n_current"]))


@dataclass(frozen=True)
class CourseChart:
    """The course of one symptom as a picture, in words, and as a table by weeks."""

    spec: dict[str, Any]
    words: str
    weeks: tuple[dict[str, Any], ...]


def course_chart(
    inputs: Mapping[str, Any], symptom: str, medicines: Sequence[dict[str, Any]] = (), **size: int
) -> CourseChart:
    """Ratings, the level with its band, both forecasts, sessions and changes of medicine.

    Changes of other medicines than those for pain are marked on the plot and not counted in the level.
    """
    ratings = [Rating(**row) for row in inputs["ratings"]]
    on = date.fromisoformat(inputs["on"])
    counted = [MedicineChange(**row) for row in inputs["medicine"]]
    seen = fan(
        symptom,
        ratings,
        [date.fromisoformat(d) for d in inputs["sessions"]],
        inputs["condition"],
        on,
        counted,
    )
    if medicines and seen.start and ratings:
        since = min(rating.date for rating in ratings)
        marks = medicine_marks(list(medicines), since, on)
        weeks = [((date.fromisoformat(m["at"]) - seen.start).days / 7, m["label"]) for m in marks]
        seen = replace(seen, medicine=tuple(weeks))
    return CourseChart(fan_chart(seen, **size), describe(seen), table(seen))


def impact_rows(beside: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Impact ratings, first and last."""
    return [
        {"label": impact_ratings()[key].label, **values[0], "change": values[0]["last"] - values[0]["first"]}
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
