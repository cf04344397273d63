"""The progress plot of a letter as SVG."""

from __future__ import annotations

import json

from deqi.doors.charts import Spec, for_print
from deqi.doors.drawing import picture_of

FONT = "Libertinus Serif"


def svg_of(spec: Spec, *, width: int = 470, height: int = 130) -> str:
    """The chart for paper. Raises RuntimeError with the renderer's words when it cannot be drawn."""
    printed = {**for_print(spec), "width": width, "height": height}
    printed["config"] = {**printed.get("config", {}), "font": FONT}
    text = json.dumps(printed).replace("max(2, floor(width / 90))", "5")
    return picture_of(json.loads(text)).decode()
