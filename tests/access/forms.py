"""The forms of our pages as a browser sees them: found by opening pages and links, filled in so that they are taken."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import timezone

LINK = re.compile(r'(?:href|hx-get)="(/[^"#]*)')


@dataclass
class Field:
    """One name of a form. `values` are those on offer, or that are sent one beside the other; `value` is the chosen."""

    name: str
    kind: str
    value: str = ""
    values: list[str] = field(default_factory=list)
    required: bool = False


@dataclass
class Form:
    """A form that posts. `page` and `kwargs` are what its address resolves to."""

    page: str
    kwargs: dict[str, Any]
    query: dict[str, str]
    fields: dict[str, Field] = field(default_factory=dict)


class Forms(HTMLParser):
    """`found`: the forms of one page that post to an address of ours."""

    def __init__(self, path: str, text: str):
        super().__init__()
        self.path, self.found = path, []
        self.open: Form | None = None
        self.select: Field | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            self._begin(given)
        elif self.open is None:
            return
        elif tag == "option" and self.select is not None:
            self.select.values.append(given.get("value", ""))
            if "selected" in given:
                self.select.value = given.get("value", "")
        elif tag == "button" and "formaction" in given:
            if (other := self._form(given["formaction"])) is not None:
                self.found.append(replace(other, fields=self.open.fields))
        elif given.get("name") and "disabled" not in given:
            self._field(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag in ("select", "textarea"):
            self.select = None

    def handle_data(self, data: str) -> None:
        if self.select is not None and self.select.kind == "textarea":
            self.select.value += data

    def _begin(self, given: dict[str, str]) -> None:
        if given.get("method", "").lower() != "post":
            return
        self.open = self._form(given.get("action", ""))
        if self.open is not None:
            self.found.append(self.open)

    def _form(self, action: str) -> Form | None:
        parts = urlsplit(urljoin(f"http://x{self.path}", action))
        try:
            match = resolve(parts.path)
        except Resolver404:
            return None
        return Form(match.view_name, match.kwargs, dict(parse_qsl(parts.query)))

    def _field(self, tag: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text").lower() if tag == "input" else tag
        if given.get("inputmode") == "numeric":
            kind = "number"
        one = self.open.fields.setdefault(given["name"], Field(given["name"], kind))
        if tag in ("select", "textarea"):
            self.select = one
        elif kind in ("radio", "checkbox", "button", "hidden"):
            one.values.append(given.get("value", "" if kind == "hidden" else "on"))
            if "checked" in given:
                one.value = one.values[-1]
        else:
            one.value = given.get("value", "")
        one.required = one.required or "required" in given


#: What is typed where nothing is on offer, by a part of the field's name. Everything else gets words.
TYPED = {
    "line": "st36 b",
    "needles_": "4",
    "phone": "01632 960123",
    "jurisdiction": "GB",
    "birth_date": "1961-05-06",
    "temperature": "30",
    "name": "Jo Somebody",
}


def fill(form: Form, dice: random.Random, files: dict[str, bytes]) -> dict[str, Any]:
    """A body that the page could take: what stands in the form mostly stays, what is asked is answered.

    In a bare one nothing is typed that is not required.
    """
    bare, file = dice.random() < 0.4, files.get(form.page, b"")
    body = {one.name: _answer(one, dice, file, bare) for one in form.fields.values()}
    return {name: value for name, value in body.items() if value is not None}


def _answer(one: Field, dice: random.Random, file: bytes, bare: bool) -> Any:
    if one.kind == "hidden":
        return one.values if len(one.values) > 1 else one.values[0]
    if one.kind == "checkbox":
        chosen = [value for value in one.values if dice.random() < (0.8 if value == one.value else 0.3)]
        return chosen or (one.values if one.required else None)
    if one.kind in ("select", "radio", "button"):
        return one.value if bare and not one.required and one.kind != "button" else _chosen(one, dice)
    if one.kind == "file":
        return SimpleUploadedFile("file", file)
    if one.value.strip():
        return one.value.strip()
    if bare and not one.required:
        return ""
    return _typed(one, dice)


def _chosen(one: Field, dice: random.Random) -> str:
    if one.value and dice.random() < 0.7:
        return one.value
    if "no" in one.values and dice.random() < 0.7:
        return "no"
    return dice.choice([value for value in one.values if value] or [""])


def _typed(one: Field, dice: random.Random) -> str:
    day = timezone.now() + timedelta(days=dice.choice((-30, -1, 0, 0, 20, 300)))
    for part, text in TYPED.items():
        if part in one.name:
            return text
    typed = {
        "date": day.date().isoformat(),
        "datetime-local": day.strftime("%Y-%m-%dT10:00"),
        "time": "10:00",
        "number": dice.choice("12"),
        "email": f"somebody{dice.randrange(10**6)}@test.example",
    }
    return typed.get(one.kind) or f"Because of this {dice.randrange(10**6)}"


def walk(client: Client, addresses: list[str], opened: set[object]) -> Iterator[tuple[str, str]]:
    """The pages of these addresses, and of one link to each further kind of page, that are not `opened` yet."""
    known = {_kind_of_address(path) for path in addresses}
    while addresses:
        path = addresses.pop()
        if (kind := _kind_of_address(path)) in opened:
            continue
        answer = client.get(path)
        if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
            continue
        opened.add(kind)
        text = answer.content.decode()
        yield path, text
        for link in LINK.findall(text.replace("&amp;", "&")):
            if (kind := _kind_of_address(link)) and kind not in known:
                known.add(kind)
                addresses.append(link)


def _kind_of_address(link: str) -> object:
    """Addresses of one kind show the same forms: the page, what it names that is no row, the names of its query."""
    parts = urlsplit(link)
    try:
        match = resolve(parts.path)
    except Resolver404:
        return None
    if not match.view_name.startswith(("clinic:", "patient:", "rating:")):
        return None
    words = [str(value) for value in match.kwargs.values() if not is_row(value)]
    return (match.view_name, *words, *(key for key, _ in parse_qsl(parts.query)))


def is_row(value: Any) -> bool:
    """Whether a part of an address names a row: an id, or the token of a link."""
    return isinstance(value, UUID) or len(str(value)) > 30
