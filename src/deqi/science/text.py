"""Files of other people as text, and what is said of tables that cannot be right.

Example:
    >>> text_of("date\\n2026-03-04\\n".encode(), "s.csv")
    'date\\n2026-03-04\\n'
"""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 20


class TableError(ValueError):
    """Rows that cannot be right. `errors` holds one line a fault: file, row, column, what is wrong."""

    def __init__(self, errors: Sequence[str]):
        self.errors = tuple(errors)
        more = [f"... and {len(errors) - SHOWN} more"] if len(errors) > SHOWN else []
        super().__init__("\n".join([*errors[:SHOWN], *more]))


def text_of(raw: bytes, file: str) -> str:
    """`raw` as text. Raises TableError naming the row of the first byte that is not UTF-8."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise TableError([f"{file}:1: this is UTF-16; save the file as UTF-8"])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        raise TableError([f"{file}:{row}: not UTF-8 (byte 0x{raw[error.start]:02x}); save the file as UTF-8"])
