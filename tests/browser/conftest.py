"""A real Chromium against a live server, axe on any page, and pictures at desk and phone size, light and dark."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
CHROMIUM = os.environ.get("DEQI_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
PICTURES = Path(os.environ.get("DEQI_PICTURES", "test-results/pictures"))
PATIENCE_MS = 30_000  #: a busy machine is slow; only what never comes fails
expect.set_options(timeout=PATIENCE_MS)
SIZES = {"desk": {"width": 1280, "height": 860}, "phone": {"width": 360, "height": 740}}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from django.urls import get_resolver

    from deqi.science.course.many import review_chunk, tasks
    from deqi.science.course.simulate import simulate

    _ = get_resolver().url_patterns  # loads the pages and their science once, outside any page's time limit
    made = simulate("matched", 1, 1)
    review_chunk(tasks(made.ratings, made.sessions))  # compiles the course model likewise
    if not CHROMIUM:
        pytest.fail("Chromium was not found; on Debian or Ubuntu: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_server) -> Iterator[Page]:
    """A desk-sized page whose console must stay free of errors and of content-security violations."""
    context = browser.new_context(viewport=SIZES["desk"], base_url=live_server.url, reduced_motion="reduce")
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.set_default_timeout(PATIENCE_MS)
    yield page
    context.close()
    complaints = [c for c in complaints if "Failed to load resource" not in c]
    assert not complaints, complaints


def session_cookie(user, url: str) -> dict[str, str]:
    """The cookie of somebody who has signed in, for the browser's context."""
    from django.conf import settings
    from django.test import Client

    client, name = Client(), settings.SESSION_COOKIE_NAME
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return {"name": name, "value": client.cookies[name].value, "url": url}


@pytest.fixture
def sign_in(page: Page, people, live_server):
    """`sign_in("alice")` puts Alice's session into the browser, and leaves the page of whoever was there before: one that
    is still on its way, or that looks after its own session, would break off the next address."""

    def go(name: str) -> Page:
        page.wait_for_load_state()
        page.goto("about:blank")
        page.context.clear_cookies()
        page.context.add_cookies([session_cookie(people.users[name], live_server.url)])
        return page

    return go


def settled(page: Page) -> None:
    """Waits until a part drawn anew is in place: only then do its buttons send, and the focus moves to what is asked
    next. To be called between seeing the part and using it."""
    page.wait_for_selector(".htmx-request, .htmx-swapping, .htmx-settling", state="detached")


def shown(page: Page, selector: str, state: Literal["visible", "detached"] = "visible") -> None:
    """Waits until a part that was saved is shown (or gone), and the page is ready for the next key."""
    page.wait_for_selector(selector, state=state)
    settled(page)


def axe(page: Page) -> None:
    """No violation of WCAG 2.2 A or AA, in light and in dark, once the page is there with its styles."""
    from axe_playwright_python.sync_playwright import Axe

    page.wait_for_load_state()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
        assert found.violations_count == 0, f"{page.url} ({scheme})\n{found.generate_report()}"
    page.emulate_media(color_scheme="light")


def picture(page: Page, name: str, sizes=("desk", "phone"), schemes=("light", "dark")) -> None:
    """Saves full-page pictures as NAME-desk-light.png and so on under DEQI_PICTURES."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    for size in sizes:
        page.set_viewport_size(SIZES[size])
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            # The caret stays: hiding it leaves style attributes, which a page that goes on would complain of.
            page.screenshot(path=PICTURES / f"{name}-{size}-{scheme}.png", full_page=True, caret="initial")
        if size == "phone":
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= SIZES["phone"]["width"], f"{page.url} is {wide} px wide on a phone"
    page.set_viewport_size(SIZES["desk"])
    page.emulate_media(color_scheme="light")
