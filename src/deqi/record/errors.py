"""What an action or query answers when it will not do what was asked.

`NotFound` also stands for "not yours": whoever may not know that a row exists is told that there is none.
"""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404


class NotFound(Http404):
    """There is no such row in the acting person's scope."""


class Forbidden(PermissionDenied):
    """The row is in scope, but the acting person's role does not allow the verb."""

    def __init__(self, verb: str):
        self.verb = verb
        super().__init__(f"Your role does not allow this ({verb}).")


class Refusal(Exception):
    """An invariant or a check said no. Nothing was changed.

    `field` names the form field at fault, "" when it is the whole; `code` is stable for tests and programs.
    """

    def __init__(self, message: str, *, field: str = "", code: str = "refused"):
        self.message, self.field, self.code = message, field, code
        super().__init__(message)


class Conflict(Refusal):
    """Somebody else changed the row since it was opened. `theirs` holds field -> value as now stored."""

    def __init__(self, message: str, *, theirs: dict[str, Any]):
        self.theirs = theirs
        super().__init__(message, code="conflict")
