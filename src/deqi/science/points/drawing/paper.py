"""A drawing for paper and for other programs: the theme's variables become the print colours behind them.

Browsers read `var(--jade, #0b6b5b)`; printers' programs, Inkscape and Typst do not, and would draw everything black.

Example:
    >>> on_paper('<svg viewBox="0 0 40 20"><path fill="var(--jade, #0b6b5b)"/></svg>')
    '<svg width="40" height="20" viewBox="0 0 40 20"><path fill="#0b6b5b"/></svg>'
"""

from __future__ import annotations

import re

_VARIABLE = re.compile(r"var\(--[a-z0-9-]+, ([^()]+)\)")
_BOX = re.compile(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"')


def on_paper(drawing: str) -> str:
    """The same SVG without variables and with a size of its own, in px as the view's units are."""
    plain = _VARIABLE.sub(r"\1", drawing)
    box = _BOX.search(plain)
    if box is None:
        raise ValueError("the drawing has no viewBox")
    return plain.replace("<svg ", f'<svg width="{box[1]}" height="{box[2]}" ', 1)
