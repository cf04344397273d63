"""The patient's own ratings as a plot."""

from __future__ import annotations

from datetime import date

from deqi.doors.charts import Spec, figure, marks, ratings_line, session_ticks
from deqi.record.care.queries.own import OwnSeries


def own_plot(series: OwnSeries) -> Spec:
    """Ratings 0-10 over time, a tick for each session, a dashed line for each change of medicine."""
    rows = [{"at": row["at"].isoformat(), "value": row["value"]} for row in series.rows]
    layers = [session_ticks([day.isoformat() for day in series.sessions])] if series.sessions else []
    if series.medicines:
        days = [row["at"] for row in rows] + [mark["at"] for mark in series.medicines]
        middle = (
            date.fromisoformat(min(days))
            + (date.fromisoformat(max(days)) - date.fromisoformat(min(days))) / 2
        )
        late = [{**mark, "late": mark["at"] > middle.isoformat()} for mark in series.medicines]
        layers.append(marks(late))
    return figure([*layers, ratings_line(rows)], height=230)
