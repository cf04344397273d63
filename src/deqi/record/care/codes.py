"""The names under which numbers are kept as observations, so that whoever writes and whoever reads agree.

Ratings are `<symptom>_average` and `<symptom>_worst` (0-10), impact ratings `impact_<key>`, the overall change
`global_change` (1-7), expectation `expectation` (0-10), examination findings `<item>_<side>`, nerve conduction
`<measure>_<side>`, numbers of imported questionnaires `form:<key>:<link id>`. Among the questions of a request an
imported questionnaire stands as `questionnaire-<id of the assignment>`.

Example:
    >>> rating_code("burning"), symptom_of("burning_worst"), examination_code("ankle_reflex", "left")
    ('burning_average', None, 'ankle_reflex_left')
"""

from __future__ import annotations

from uuid import UUID

from deqi.science import measures
from deqi.science.measures.items import SIDES

GLOBAL_CHANGE = "global_change"
EXPECTATION = "expectation"
CHOSEN_ACTIVITY = "impact_chosen_activity"  # its text holds the person's own words for it
GOAL = "goal_activity"  # in words: what the person wants to be able to do again
ONSET_MONTHS = "symptoms_for_months"
QUESTIONNAIRE = "questionnaire-"


def rating_code(symptom: str, kind: str = "average") -> str:
    """The code of a 0-10 rating of a symptom. KeyError for a symptom that the measures do not know."""
    return f"{measures.symptoms()[symptom].key}_{kind}"


def symptom_of(code: str) -> str | None:
    """The symptom whose usual level this code holds, or None (worst ratings are another quantity)."""
    key = code.removesuffix("_average")
    return key if key in measures.symptoms() else None


def questionnaire_code(assignment_id: UUID) -> str:
    """How an imported questionnaire stands among the questions of a request."""
    return f"{QUESTIONNAIRE}{assignment_id}"


def questionnaire_of(code: str) -> UUID | None:
    """The assignment that a question of a request stands for; None for one that is tapped."""
    return UUID(code.removeprefix(QUESTIONNAIRE)) if code.startswith(QUESTIONNAIRE) else None


def felt_code(symptom: str) -> str:
    """The code under which it is kept whether a symptom is felt at all: 1 yes, 0 no."""
    return f"{measures.symptoms()[symptom].key}_felt"


def rating_codes() -> list[str]:
    """Every code under which the usual level of a symptom is kept."""
    return [rating_code(key) for key in measures.symptoms()]


def impact_code(key: str) -> str:
    """The code of an impact rating, the chosen activity among them."""
    return f"impact_{measures.impact_ratings()[key].key}"


def scale_of(code: str) -> range:
    """The answers there are to a question that is tapped: 0 to 10, or the seven steps of the overall change.

    Example:
        >>> scale_of("burning_average"), scale_of("global_change")
        (range(0, 11), range(1, 8))
    """
    return range(1, 8) if code == GLOBAL_CHANGE else range(11)


def recall_of(code: str) -> str:
    """The time a question that is tapped looks back on: a day, seven days, or to the start of treatment."""
    if code == GLOBAL_CHANGE:
        return "start"
    return "7d" if code.startswith("impact_") else "24h"


def examination_code(item: str, side: str) -> str:
    """The code of one finding at the bedside, left or right."""
    return f"{measures.examination_items()[item].key}_{side}"


def conduction_codes() -> list[str]:
    """Every code under which a figure of nerve conduction is kept, left and right."""
    return [measures.conduction_code(key, side) for key in measures.conduction_measures() for side in SIDES]


def label_of(code: str) -> str:
    """What people call a code: `label_of("burning_worst")` is "Burning, worst"."""
    symptom, _, kind = code.rpartition("_")
    if symptom in measures.symptoms() and kind in ("average", "worst"):
        label = measures.symptoms()[symptom].label
        return label if kind == "average" else f"{label}, worst"
    if code == GLOBAL_CHANGE:
        return "Overall change"
    impact = code.removeprefix("impact_")
    if impact in measures.impact_ratings():
        return measures.impact_ratings()[impact].label
    return code.replace("_", " ").capitalize()
