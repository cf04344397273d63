"""Many messages over one connection to the mail server. Decision 0099.

Example:
    >>> with Post() as post:
    ...     post.send(message)
"""

from __future__ import annotations

import contextlib
import smtplib
from types import TracebackType
from typing import Self

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend


class Post:
    """Opens a connection for the first message, keeps it for the next ones, and opens another when the server ended it.

    No message is handed over twice: whether the server still answers is asked before each, never found out by trying.
    """

    def __init__(self) -> None:
        way = get_connection()
        self._line = way if isinstance(way, EmailBackend) else None  # a file has no connection to keep

    def send(self, message: EmailMessage) -> None:
        """Hands one message over. Raises what sending raises; the next message then starts on a connection of its own."""
        try:
            if self._line:
                self._make_ready(self._line)
                message.connection = self._line
            message.send()
        except Exception:
            self._hang_up()
            raise

    def _make_ready(self, line: EmailBackend) -> None:
        if line.connection and not _answers(line.connection):
            self._hang_up()
        line.open()

    def _hang_up(self) -> None:
        if self._line:
            with contextlib.suppress(OSError):  # it may be gone already
                self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, where: TracebackType | None
    ) -> None:
        self._hang_up()


def _answers(connection: smtplib.SMTP) -> bool:
    try:
        return connection.noop()[0] == 250
    except OSError:  # SMTP errors are OSErrors
        return False
