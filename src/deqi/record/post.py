"""Many messages over one connection to the mail server (decision 0099), and in words why it does not take them.

Example:
    >>> with Post() as post:
    ...     post.send(message)
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend

#: What sending raises: SMTP and network errors are OSErrors; ValueErrors come of an address that cannot be written
#: and of a password that SMTP cannot carry.
UNSENT = (OSError, ValueError)


class Post:
    """Opens a connection for the first message, keeps it for the next ones, and opens another when the server ended it.

    No message is handed over twice: whether the server still answers is asked before each, never found out by trying.
    """

    def __init__(self) -> None:
        way = get_connection()
        self._line = way if isinstance(way, EmailBackend) else None  # a file has no connection to keep
        self._ready = False

    def send(self, message: EmailMessage) -> None:
        """Hands one message over. Raises what sending raises; the next message then starts on a connection of its own."""
        self._ready = False
        try:
            if self._line:
                self._make_ready(self._line)
                message.connection = self._line
            self._ready = True
            message.send()
        except Exception:
            self._hang_up()
            raise

    def may_have_gone(self, error: OSError | ValueError) -> bool:
        """Whether the message that ended in `error` may have arrived all the same: the server had the chance to take it
        and never said no. A lost connection after the last word looks the same as one before it."""
        if isinstance(error, smtplib.SMTPException):
            return self._ready and isinstance(error, smtplib.SMTPServerDisconnected)
        return self._ready and isinstance(error, OSError)

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


def reason(error: OSError | ValueError) -> str:
    """Why mail does not go out, for whoever keeps the clinic. The error's own words may hold an address or a password."""
    match error:
        case smtplib.SMTPNotSupportedError() if "STARTTLS" in str(error):
            return "the mail server offers no STARTTLS, and nothing is sent without it"
        case smtplib.SMTPNotSupportedError():
            return "the mail server takes no login by name and password"
        case smtplib.SMTPAuthenticationError():
            return "the mail server refuses the name or the password"
        case smtplib.SMTPServerDisconnected():
            return "the mail server ended the connection"
        case smtplib.SMTPException():
            return "the mail server refuses the message"
        case ssl.SSLCertVerificationError():  # an OSError and a ValueError
            return "this machine does not trust the mail server's certificate"
        case ssl.SSLError():
            return "no safe connection (TLS) to the mail server comes about"
        case OSError():
            return "the mail server does not answer"
        case _:
            return "an address or the password holds signs that mail cannot carry"


def mail_faults() -> Iterator[str]:
    """Why the mail server that the settings name would take no message now; nothing is sent. Nothing when it would."""
    way = get_connection()
    if isinstance(way, EmailBackend):
        try:
            way.open()
        except UNSENT as error:
            yield f"{way.host}:{way.port}: {reason(error)}"
        with contextlib.suppress(OSError):
            way.close()


def _answers(connection: smtplib.SMTP) -> bool:
    try:
        return connection.noop()[0] == 250
    except OSError:  # SMTP errors are OSErrors
        return False
