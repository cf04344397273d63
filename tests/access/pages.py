"""Every address of the project, with what it asks of a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, get_resolver, reverse

UNMARKED = "unmarked"


@dataclass(frozen=True)
class Page:
    """One address. `verb` is None for a public page, "signed_in", a verb of the permission table, or UNMARKED."""

    name: str
    verb: str | None
    takes: tuple[str, ...]
    view: Callable[..., Any]

    def __str__(self) -> str:
        return self.name

    def url(self, kwargs: dict[str, Any]) -> str:
        return reverse(self.name, kwargs=kwargs)

    @property
    def ours(self) -> bool:
        """Drawn by our own view function, not by a package's class."""
        return self.view.__module__.startswith("deqi.") and not hasattr(self.view, "view_class")


def pages() -> list[Page]:
    return sorted(_walk(get_resolver().url_patterns, (), ()), key=str)


def _walk(patterns, namespaces: tuple[str, ...], taken: tuple[str, ...]) -> Iterator[Page]:
    for pattern in patterns:
        takes = (*taken, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLPattern):
            name = ":".join([*namespaces, pattern.name or f"unnamed {pattern.pattern}"])
            yield Page(name, getattr(pattern.callback, "verb", UNMARKED), takes, pattern.callback)
        else:
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from _walk(pattern.url_patterns, inner, takes)
