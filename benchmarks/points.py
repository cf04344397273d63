"""How quick are search, suggestions and the treatment line? Prints each time and its ratio to a reference of the same run.

The reference is one strict reading of points.csv (409 rows through pydantic), measured in the same process.
Run: python -m benchmarks.points
"""

from __future__ import annotations

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


def milliseconds(work: Callable[[], object], times: int = 25) -> float:
    """Median time of one call, after one call to warm up."""
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def main() -> None:
    """Prints the table."""
    atlas()
    reference = milliseconds(lambda: load_csv(data_path(PACKAGE, "points.csv"), PointRow))
    rows = [
        (
            "search, slowest of seven",
            max(milliseconds(lambda text=text: search(text)) for text in SEARCHES),
            10.0,
        ),
        (
            "suggestion, slowest of five",
            max(milliseconds(lambda case=case: suggest(case)) for case in CASES),
            50.0,
        ),
        ("treatment line of five points", milliseconds(lambda: parse_line(LINE)), None),
    ]
    print(f"reference: points.csv read strictly, {reference:.2f} ms")
    for name, taken, limit in rows:
        wanted = f"   at most {limit:g} ms: {'met' if taken <= limit else 'NOT MET'}" if limit else ""
        print(f"{name:32} {taken:8.2f} ms   {taken / reference:6.2f} of the reference{wanted}")


if __name__ == "__main__":
    main()
