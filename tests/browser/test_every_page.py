"""Every address of the project in a real browser: axe in light and in dark, the content-security policy, no inline style
or script, and no scrolling sideways on a phone. The addresses come from the router and their rows from the access tests,
so a new page is walked without a line here.
"""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.models import Session as SignedIn

from tests.access.pages import Page, pages
from tests.access.rows import rows_for
from tests.access.test_every_page import may
from tests.browser.conftest import SIZES, session_cookie

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: Who may have a page to look at, the first who may open it is taken; a page for nobody signed in goes without.
STAFF, OWN, NOBODY = ("alice", "bob", "carol", "max", "rita"), ("eve",), ("",)
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def _door(page: Page) -> tuple[str, ...]:
    if page.verb is None:
        return NOBODY
    return OWN if page.name.startswith("patient:") else STAFF


def _address(page: Page, people, name: str) -> str | None:
    """The address of a row of Eve's record (or of her site) that this person may open; None when they may not."""
    rows = rows_for(page)
    if rows.kind == "own":
        return page.url(rows.make(people, people.users[name])) if name else None
    owner = people.north if rows.kind == "site" else people.eve_patient
    if name and not may(page, people.actor(name), rows.kind, owner):
        return None
    return page.url(rows.make(people) if rows.kind == "all" else rows.make(people, owner))


def _faults(page) -> list[str]:
    faults = []
    if (over := page.evaluate(WIDER)) > 0:
        faults.append(f"{over} px wider than a phone")
    for scheme, options in (
        ("light", {"runOnly": TAGS}),
        ("dark", {"runOnly": {"type": "rule", "values": ["color-contrast"]}}),  # the rest has no colour
    ):
        page.emulate_media(color_scheme=scheme)
        for one in Axe().run(page, options=options).response["violations"]:
            where = "; ".join(node["html"][:120] for node in one["nodes"][:2])
            faults.append(f"axe, {scheme}: {one['id']}: {where}")
    page.emulate_media(color_scheme="light")
    return faults


@pytest.mark.parametrize("door", [STAFF, OWN, NOBODY], ids=["staff", "patient", "public"])
def test_every_page_is_accessible_strict_and_no_wider_than_a_phone(door, browser, live_server, people):
    context = browser.new_context(
        viewport=SIZES["phone"], base_url=live_server.url, reduced_motion="reduce", color_scheme="light"
    )
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    said: list[str] = []
    tab.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda e: said.append(str(e)))
    wrong, walked = [], 0
    for page in pages():
        if _door(page) != door:
            continue
        for name in door:
            address = _address(page, people, name)
            if address is None:
                continue
            context.clear_cookies()
            if name:
                context.add_cookies([session_cookie(people.users[name], live_server.url)])
            text = _text(context, address)
            if text is None:
                break
            said.clear()
            tab.goto(address)
            walked += 1
            found = [f"console: {words}" for words in said if "Failed to load resource" not in words]
            found += [*Inline(text).found, *_faults(tab)]
            wrong += [f"{page} by {name or 'anybody'}: {fault}" for fault in found]
            SignedIn.objects.all().delete()
            break
    context.close()
    assert not wrong, "\n".join(wrong)
    assert walked > {STAFF: 40, OWN: 10, NOBODY: 10}[door], walked


def _text(context, address: str) -> str | None:
    """The page as it was sent; None for an address that only takes a POST, goes on, refuses, or gives a file or a part."""
    answer = context.request.get(address, max_redirects=0)
    if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
        return None
    return text if "<html" in (text := answer.text()) else None


class Inline(HTMLParser):
    """Handlers, styles and scripts in the page as sent, which a strict policy would have to allow."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        script = tag == "script" and "src" not in given and given.get("type") != "application/json"
        if tag == "style" or script or any(name == "style" or name.startswith("on") for name in given):
            self.found.append(f"inline: {self.get_starttag_text()[:120]}")
