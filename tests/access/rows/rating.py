"""The links in messages: open to whoever holds one, so that here nobody does."""

from tests.access.rows import for_all

ROWS = {
    "rating:begin": for_all(lambda people: {"token": "not-a-token"}),
    "rating:done": for_all(lambda people: {"token": "not-a-token"}),
    "rating:rate": for_all(lambda people: {"token": "not-a-token", "code": "burning_average"}),
    "rating:stop": for_all(lambda people: {"token": "not-a-token"}),
}
