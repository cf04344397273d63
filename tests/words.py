"""What a page or a mail says, apart from the tokens in it."""

from __future__ import annotations

import re


def speaks_of(words: str, text: str) -> re.Match[str] | None:
    """One of the words, given as `dog|Eve`, as a whole word. The letters of a token or a link's signature are anybody's
    guess: three of them are a name in one page of a few hundred."""
    return re.search(rf"\b({words})\b", text)
