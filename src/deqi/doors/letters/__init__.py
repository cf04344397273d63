"""Letters as tagged PDF (PDF/UA-1), one page, made in process by Typst.

The standard refuses a document without title, language and alternative texts, which is a free check.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Literal

import typst


class TooLong(ValueError):
    """The letter needs more than its one page. `pages` is how many it would fill."""

    def __init__(self, pages: int):
        self.pages = pages
        super().__init__(f"The letter fills {pages} pages. Shorten it to one: points, not prose.")


def pdf_of(letter: dict[str, Any], plot: str | None = None) -> bytes:
    """The letter as PDF. `letter` is what `content.whole` makes; `plot` is SVG."""
    return _compiled(letter, plot, "pdf", pdf_standards=["ua-1"])


def one_page_pdf_of(letter: dict[str, Any], plot: str | None = None) -> bytes:
    """The PDF to be sent. Raises TooLong when it does not fit one page."""
    drawn = _compiled(letter, plot, "png", ppi=8.0)
    if isinstance(drawn, list):
        raise TooLong(len(drawn))
    return pdf_of(letter, plot)


def png_of(letter: dict[str, Any], plot: str | None = None) -> bytes:
    """The first page as a picture, for the preview."""
    made = _compiled(letter, plot, "png", ppi=110.0)
    return made[0] if isinstance(made, list) else made


def _compiled(letter: dict[str, Any], plot: str | None, kind: Literal["pdf", "png"], **how: Any) -> Any:
    inputs = {"letter": json.dumps(letter, ensure_ascii=False), **({"plot": plot} if plot else {})}
    source = files("deqi.doors.letters").joinpath("letter.typ").read_bytes()
    return typst.compile(source, format=kind, sys_inputs=inputs, ignore_system_fonts=True, **how)
