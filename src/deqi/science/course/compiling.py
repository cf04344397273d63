"""The compiled programs of the course model, made before anybody waits for them: with Numba, once an installation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
# Each compiled program, with the files it is made of.
PROGRAMS = {
    "nodes.run_nodes": ("kernel.py", "nodes.py"),
    "exact.draw_nodes": ("kernel.py", "nodes.py", "exact.py"),
    "normal.fill_below": ("normal.py",),
    "shapes.share_over": ("shapes.py",),
    "shapes.flare_over": ("shapes.py",),
    "correction._fit_terms": ("correction.py",),
}


def compiled() -> bool:
    """Whether programs newer than their sources lie beside them. Where they are kept elsewhere: False."""
    for program, sources in PROGRAMS.items():
        newest = max((HERE / name).stat().st_mtime for name in sources)
        if not any(path.stat().st_mtime >= newest for path in HERE.glob(f"__pycache__/{program}-*.nbi")):
            return False
    return True


def compile_ahead(say: Callable[[str], None] = print) -> None:
    """Reviews one made-up course, which compiles what is not compiled yet (some 30 s of processor time)."""
    if compiled():  # asked first: what follows loads Numba
        return
    from deqi.science.course.kernel import HAVE_NUMBA
    from deqi.science.course.model import review_rows

    if not HAVE_NUMBA:
        return
    say("Compiling the course model (once, about half a minute)")
    first, on = dt.date(2026, 1, 1), dt.date(2026, 2, 12)
    rows = [(first + dt.timedelta(day), 6.0 - day % 2, "24h") for day in range(42)]
    review_rows("burning", rows, [dt.date(2026, 1, 15), dt.date(2026, 1, 22)], "dpn", on)
