"""The progress plot as SVG, drawn in a process of its own: the renderer is 88 MB and stays out of the web worker.

As a command it reads a Vega-Lite specification from standard input and writes SVG to standard output.
"""

from __future__ import annotations

import json
import subprocess
import sys

from deqi.doors.charts import Spec, for_print

SECONDS = 60
FONT = "Libertinus Serif"


def svg_of(spec: Spec, *, width: int = 470, height: int = 130) -> str:
    """The chart for paper. Raises RuntimeError with the renderer's words when it cannot be drawn."""
    printed = {**for_print(spec), "width": width, "height": height}
    printed["config"] = {**printed.get("config", {}), "font": FONT}
    text = json.dumps(printed).replace("max(2, floor(width / 90))", "5")
    done = subprocess.run(
        [sys.executable, "-m", "deqi.doors.letters.plot"],
        input=text,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    if done.returncode:
        raise RuntimeError(
            done.stderr.strip().splitlines()[-1] if done.stderr else "the plot could not be drawn"
        )
    return done.stdout


if __name__ == "__main__":
    import vl_convert

    sys.stdout.write(vl_convert.vegalite_to_svg(json.loads(sys.stdin.read())))
