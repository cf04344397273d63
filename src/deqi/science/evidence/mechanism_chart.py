"""The mechanism map as a Vega-Lite spec: findings for and against, in people first."""

from __future__ import annotations

from deqi.science.evidence.charts import FONT, PALETTE, Spec, Theme
from deqi.science.evidence.library import mechanisms


def mechanism_spec(theme: Theme = "light", width: int = 420, *, compact: bool = False) -> Spec:
    """How many findings speak for, are mixed or speak against each mechanism, in people and in animals.

    `compact` writes each name above its bar, for a narrow screen.
    """
    colour = PALETTE[theme]
    names: Spec = {"labelLimit": 480, "labelPadding": 10}
    if compact:
        names = {
            "labelLimit": width,
            "labelAlign": "left",
            "labelPadding": -2,
            "labelOffset": -14,
            "zindex": 1,
        }
    words = {"supports": "speaks for", "mixed": "mixed", "against": "speaks against"}
    rows = [
        {
            "id": m.id,
            "mechanism": m.name,
            "seen in": who,
            "direction": words[direction],
            "findings": count,
            "order": i,
        }
        for m in mechanisms().values()
        for who, model in (("people", "human"), ("animals", "animal"))
        for i, (direction, count) in enumerate(m.tally(model).items())  # type: ignore[arg-type]
    ]
    told = "; ".join(
        f"{m.name}: {m.tally('human')['supports']} findings in people for, {m.tally('human')['mixed']} mixed, "
        f"{m.tally('human')['against']} against; certainty in people {m.certainty_humans}"
        for m in mechanisms().values()
    )
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": f"Findings for and against six mechanisms. {told}.",
        "background": colour["paper"], "padding": 16, "data": {"values": rows}, "spacing": 18,
        "config": {
            "font": FONT, "view": {"stroke": None},
            "axis": {"labelColor": colour["ink"], "labelFontSize": 12.5, "titleColor": colour["quiet"],
                     "titleFontWeight": 400, "domain": False, "ticks": False, "gridColor": colour["line"]},
            "legend": {"labelColor": colour["ink"], "labelFontSize": 12.5, "orient": "top", "title": None},
            "header": {"labelColor": colour["jade"], "labelFontSize": 14, "labelFontWeight": 600,
                       "labelAnchor": "start", "labelOrient": "top", "labelPadding": 8, "title": None},
        },
        "facet": {"row": {"field": "seen in", "sort": ["people", "animals"], "title": None}},
        "spec": {
            "width": width, "height": {"step": 46 if compact else 26},
            "mark": {"type": "bar", "cornerRadius": 2, "height": {"band": 0.35 if compact else 0.62},
                     "yOffset": 8 if compact else 0},
            "encoding": {
                "y": {"field": "mechanism", "type": "nominal", "sort": None, "title": None,
                      "axis": names},
                "x": {"field": "findings", "type": "quantitative", "title": "findings",
                      "axis": {"tickMinStep": 1, "gridOpacity": 0.6}},
                "order": {"field": "order", "type": "quantitative"},
                "color": {"field": "direction", "type": "nominal", "sort": list(words.values()), "scale": {
                    "domain": list(words.values()), "range": [colour["jade"], colour["amber"], colour["cinnabar"]]}},
                "tooltip": [{"field": "mechanism"}, {"field": "seen in"}, {"field": "direction"},
                            {"field": "findings"}],
            },
        },
    }  # fmt: skip
