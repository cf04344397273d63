"""Single-case designs, opt-in: chance decides when treatment starts, or how it ends, so that a p value means something.

Before-after change in one person cannot be told from time and hope. When the day of the start was drawn by chance from
days written down beforehand, the ratings can be asked: is the fall at the drawn day larger than at the days that chance
passed over? `designs` holds protocol and draw, `randomisation` the exact tests and how patients are pooled, `report`
what the reporting guidelines ask for and where it stands.
"""

from deqi.science.course.single_case.designs import (
    ARMS,
    BASELINE_DAYS,
    FEWEST_STARTS,
    Protocol,
    SingleCaseError,
    StartProtocol,
    TaperProtocol,
    commitment,
    days_apart,
    departure,
    draw,
    fingerprint,
    spread_starts,
)
from deqi.science.course.single_case.randomisation import (
    Pooled,
    StartTest,
    TaperOutcome,
    edgington,
    pooled_starts,
    pooled_tapers,
    rank_sum_p,
    smallest_p,
    start_test,
    taper_outcome,
    usable,
    verdict,
)
from deqi.science.course.single_case.windows import Compared, Window, altogether, compared

__all__ = [
    "ARMS",
    "BASELINE_DAYS",
    "FEWEST_STARTS",
    "Compared",
    "Pooled",
    "Protocol",
    "SingleCaseError",
    "StartProtocol",
    "StartTest",
    "TaperOutcome",
    "TaperProtocol",
    "Window",
    "altogether",
    "commitment",
    "compared",
    "days_apart",
    "departure",
    "draw",
    "edgington",
    "fingerprint",
    "pooled_starts",
    "pooled_tapers",
    "rank_sum_p",
    "smallest_p",
    "spread_starts",
    "start_test",
    "taper_outcome",
    "usable",
    "verdict",
]
