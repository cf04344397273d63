"""Public pages: what everyone may read."""

from tests.access.rows import for_all

QUESTION = {"condition": "dpn", "domain": "pain"}
ROWS = {
    "learn:point": for_all(lambda people: {"code": "ST36"}),
    "learn:trial": for_all(lambda people: {"key": "chung-2016"}),
    "learn:mechanism": for_all(lambda people: {"key": "circulation"}),
    "learn:record": for_all(lambda people: {"kind": "review", "key": "feng-2023"}),
    "learn:cite": for_all(lambda people: {"form": "bib"}),
    "learn:answer": for_all(lambda people: QUESTION),
    "learn:pool": for_all(lambda people: {**QUESTION, "form": "json"}),
    "learn:figure": for_all(lambda people: {**QUESTION, "name": "forest", "form": "bib"}),
}
