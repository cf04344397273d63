"""How quick are search, suggestions and the treatment line? Prints each time and its ratio to a reference of the same run.

The reference is one strict reading of points.csv (409 rows through pydantic), measured in the same process. Beside
the time on the clock stands the processor's time: on a machine that others use only the second is the code's own.
Run: python -m benchmarks.points
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

from deqi.science.case import case_from
from deqi.science.knowledge import data_path, load_csv
from deqi.science.points import atlas, parse_line, search, suggest
from deqi.science.points.atlas import PACKAGE, PointRow

LINE = "st36 lr3 b 25mm 30min; li4 r; bafeng b; ea lr3+gb42 2/100hz 1.5ma"
CASES = tuple(
    case_from({"condition": condition, "facts": {"pregnant": True}, "modality": "electro"})
    for condition in ("cipn", "dpn", "cts", "phn", "mixed")
)
SEARCHES = ("st36", "zusanli", "bafang", "tibial nerve", "foot", "ying-spring", "pregnancy")


def milliseconds(work: Callable[[], object], times: int = 25) -> tuple[float, float]:
    """Median time of one call on the clock and of the processor, after one call to warm up."""
    work()
    clock, processor = [], []
    for _ in range(times):
        start, busy = time.perf_counter(), time.process_time()
        work()
        clock.append((time.perf_counter() - start) * 1000)
        processor.append((time.process_time() - busy) * 1000)
    return statistics.median(clock), statistics.median(processor)


def main() -> None:
    """Prints the table."""
    atlas()
    reference = milliseconds(lambda: load_csv(data_path(PACKAGE, "points.csv"), PointRow))
    searches = [milliseconds(lambda text=text: search(text)) for text in SEARCHES]
    suggestions = [milliseconds(lambda case=case: suggest(case)) for case in CASES]
    rows = [
        ("search, slowest of seven", max(searches), 10.0),
        ("suggestion, slowest of five", max(suggestions), 50.0),
        ("treatment line of five points", milliseconds(lambda: parse_line(LINE)), None),
    ]
    print(f"load of this machine: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    print(f"reference: points.csv read strictly, {reference[0]:.2f} ms (processor {reference[1]:.2f} ms)")
    for name, (taken, busy), limit in rows:
        wanted = f"   at most {limit:g} ms: {'met' if taken <= limit else 'NOT MET'}" if limit else ""
        print(
            f"{name:32} {taken:8.2f} ms (processor {busy:6.2f} ms)   {taken / reference[0]:6.2f} of the reference{wanted}"
        )


if __name__ == "__main__":
    main()
