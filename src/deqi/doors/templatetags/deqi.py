"""Small helpers that every template may use without loading them."""

from __future__ import annotations

import uuid
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

#: Line icons, 24 px, drawn for Deqi.
ICONS = {
    "today": '<path d="M4 7h16v13H4zM4 11h16M8 4v4M16 4v4"/>',
    "people": '<circle cx="9" cy="8" r="3.5"/><path d="M3 20c0-4 3-6 6-6s6 2 6 6M16 5a3.5 3.5 0 0 1 0 7M18 14c2 1 3 3 3 6"/>',
    "point": '<circle cx="12" cy="12" r="3"/><path d="M12 2v5M12 17v5M2 12h5M17 12h5"/>',
    "evidence": '<path d="M4 20V4M4 20h16M8 15h6M8 11h9M8 7h4"/>',
    "safety": '<path d="M12 3l8 3v6c0 5-4 8-8 9-4-1-8-4-8-9V6z"/>',
    "practice": '<path d="M4 21V9l8-5 8 5v12M9 21v-6h6v6"/>',
    "warn": '<path d="M12 4 2.5 20h19zM12 10v4M12 17v.5"/>',
    "check": '<path d="M5 12.5 10 17 19 7"/>',
    "stop": '<path d="M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 8v5M12 16v.5"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5M12 7.5v.5"/>',
    "clock": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3 2"/>',
    "letter": '<path d="M3 6h18v12H3zM3 7l9 6 9-6"/>',
    "lock": '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """An inline line icon, hidden from screen readers: the word beside it says the same."""
    return mark_safe(  # noqa: S308 - from the table above only
        f'<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">{ICONS[name]}</svg>'
    )


@register.simple_tag
def new_id() -> str:
    """A fresh UUID for a form, so that sending it twice makes one row."""
    return str(uuid.uuid4())


@register.simple_tag(takes_context=True)
def may(context: dict[str, Any], verb: str, site: Any = None) -> bool:
    """Whether the acting person may do `verb`: `{% may "session.run" as can_run %}`."""
    return context["actor"].may(verb, getattr(site, "id", site))


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping|get:key`, None when it is not there."""
    try:
        return mapping[key]
    except (KeyError, IndexError, TypeError):
        return None


@register.filter
def signed(value: float | None) -> str:
    """A change with its sign and a true minus: -1.5 becomes −1.5."""
    return "–" if value is None else f"{value:+.1f}".replace("-", "−")


@register.filter
def words(key: object) -> str:
    """A key as people read it: "not_addressed" becomes "not addressed"."""
    return str(key).replace("_", " ")


@register.filter
def drawn(svg: str) -> SafeString:
    """An SVG made by `science.points.drawing`, which escapes every name it is given."""
    return mark_safe(svg)  # noqa: S308 - our own drawing, never a person's text
