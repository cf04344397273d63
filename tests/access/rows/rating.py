"""The links in messages: open to whoever holds one, so that here nobody does."""

from uuid import UUID

from tests.access.rows import for_all

_more = {"token": "not-a-token", "assignment_id": UUID(int=1)}
ROWS = {
    "rating:begin": for_all(lambda people: {"token": "not-a-token"}),
    "rating:done": for_all(lambda people: {"token": "not-a-token"}),
    "rating:rate": for_all(lambda people: {"token": "not-a-token", "code": "burning_average"}),
    "rating:questionnaire": for_all(lambda people: _more),
    "rating:questionnaire_asked": for_all(lambda people: {**_more, "number": 1}),
    "rating:questionnaire_all": for_all(lambda people: _more),
    "rating:questionnaire_send": for_all(lambda people: _more),
    "rating:stop": for_all(lambda people: {"token": "not-a-token"}),
}
