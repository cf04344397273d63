"""What must not stand in a log line."""

import logging
import re

#: Addresses that let in whoever knows them: invitations, new passwords, ratings from a message.
LINKS = re.compile(r"(/account/invitation/|/account/password/reset/|/r/)(?!done/|sent/)[^/\s]+")


class NoLinks(logging.Filter):
    """Hides the secret part of a link, which Django writes into the line about a page that was refused.

    `Unprocessable Entity: /account/invitation/Zm9v/` becomes `Unprocessable Entity: /account/invitation/.../`.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if LINKS.search(said):
            record.msg, record.args = LINKS.sub(r"\1...", said), None
        return True
