"""The patient's own ratings as a plot."""

from __future__ import annotations

from deqi.doors.charts import Spec, figure, marks, ratings_line, session_ticks
from deqi.record.care.queries.own import OwnSeries


def own_plot(series: OwnSeries) -> Spec:
    """Ratings 0-10 over time, a tick for each session, a dashed line for each change of medicine."""
    rows = [{"at": row["at"].isoformat(), "value": row["value"]} for row in series.rows]
    layers = [session_ticks([day.isoformat() for day in series.sessions])] if series.sessions else []
    if series.medicines:
        layers.append(marks(series.medicines))
    return figure([*layers, ratings_line(rows)], height=230)
