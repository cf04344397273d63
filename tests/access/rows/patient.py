"""The patient's own pages: their addresses name a question, never a row of somebody."""

from tests.access.rows import for_all

ROWS = {
    "patient:consent": for_all(lambda people: {"kind": "sharing"}),
    "patient:intake_step": for_all(lambda people: {"key": "symptoms"}),
    "patient:intake_alarm": for_all(lambda people: {"key": "flag-cauda-equina"}),
    "patient:place": for_all(lambda people: {"key": "burning"}),
    "patient:rate": for_all(lambda people: {"code": "burning_average"}),
    "patient:side_effect_kept": for_all(lambda people: {"flag": "kept"}),
}
