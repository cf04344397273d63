"""Every form in which somebody types has a draft of its own, and it comes back after the session ended.

All pages are opened by somebody who may, a visit in each of its states; each form found is typed into, the session
is ended, and what was typed is asked for as the page's script does. A form with fields but without a draft fails,
and so does a template with a draft that no page here showed: add the page to the walk.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit
from uuid import uuid4

import pytest
from django.urls import reverse

import deqi
from deqi.record.care.actions.needling import confirm_carried, needles_in, needles_out
from deqi.record.care.actions.screens import lift_stop, screen_session
from deqi.record.care.actions.sessions import record_after, start_session
from deqi.record.care.actions.signing import sign_session
from tests.access.pages import pages
from tests.access.rows import rows_for
from tests.visits import answer_the_core, ask, whole_visit
from tests.web.test_single_case import agree, offer

DOORS = Path(deqi.__file__).parent / "doors"
PEOPLE = ("bob", "alice", "max", "carol", "rita", "eve")
#: Nothing is typed in these: one choice, or one tap, and it is sent.
NOT_TYPED = {
    "patient/rate.html",  # one number, sent by the tap
    "rating/rate.html",  # the same, by a link
}
#: Sign-in keeps nothing: passwords and codes.
SIGN_IN = ("account/", "mfa/")
TYPED = {"text", "number", "date", "datetime-local", "time", "email", "tel", "url", "search", "textarea"}


class Forms(HTMLParser):
    """The POST forms of a page: where each posts to, its draft's word (None without one), its typed fields."""

    def __init__(self, path: str, text: str):
        super().__init__()
        self.path, self.found, self.open = path, [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.open = {"action": given.get("action") or "", "draft": given.get("data-draft"), "typed": [],
                         "drafted": "data-draft" in given}  # fmt: skip
            if (given.get("method") or "").lower() == "post":
                self.found.append(self.open)
        elif self.open is not None and given.get("name"):
            kind = "textarea" if tag == "textarea" else (given.get("type") or "text").lower()
            if (tag == "textarea" or tag == "input") and kind in TYPED:
                self.open["typed"].append(given["name"])

    def handle_endtag(self, tag):
        if tag == "form":
            self.open = None

    def keys(self) -> dict[str, list[str]]:
        """As drafts.js names them: the path posted to, and # with the form's word."""
        made = {}
        for form in self.found:
            if form["drafted"]:
                path = urlsplit(urljoin(f"http://x{self.path}", form["action"])).path
                key = path + (f"#{form['draft']}" if form["draft"] else "")
                assert key not in made, f"{self.path}: two forms share the draft {key}"
                made[key] = form["typed"]
        return made


@pytest.fixture
def visits(people, course):
    """`visits()`: the addresses of visits, each looked at in every state one goes through."""
    alice = people.actor("alice")
    answer_the_core(people.eve_patient)

    def start():
        return start_session(alice, course.id, session_id=uuid4(), room_id=people.room.id)

    def states():
        offer(people, course)
        agree(people)  # the draw is not open: to start a visit asks for a reason
        yield reverse("clinic:start_visit", args=[people.eve_patient.id])
        agree(people, "withdrawn")
        yield f"/visits/{whole_visit(alice, start()).id}/"
        second = start()
        address = f"/visits/{second.id}/"
        yield address
        ask(alice, second, unwell_today=True)
        screen_session(alice, second.id)
        yield address
        lift_stop(people.actor("bob"), second.id, "Seen by her doctor an hour ago, agreed by phone")
        confirm_carried(alice, second.id)
        needles_in(alice, second.id, 4)
        yield address
        resting = needles_out(alice, second.id, 4)
        yield address
        record_after(alice, second.id, resting.version, comfort_0_10=8, side_effects_asked=True, note="Well")
        sign_session(alice, second.id)  # a patient has one unsigned visit at a time, and the walk makes one

    return states


def test_every_form_of_every_page_gives_back_what_was_typed(people, as_, visits):
    browsers = {name: as_(name) for name in PEOPLE}
    shown: set[str] = set()
    for path in visits():
        _look(browsers, "bob", path, shown)
    booking = f"/appointments/book/?patient={people.eve_patient.id}"
    for name, path in [*_addresses(people), ("carol", booking)]:
        _look(browsers, name, path, shown)
    missing = _templates_with_a_draft() - shown
    assert not missing, f"no page here showed {sorted(missing)}: add one to `visits` or beside it"


def _addresses(people):
    """Each address once, with somebody who may open it."""
    for page in pages():
        if not page.name.startswith(("clinic:", "patient:")):
            continue
        rows = rows_for(page)
        owner = people.eve_patient.home_site if rows.kind == "site" else people.eve_patient
        for name in PEOPLE:
            actor = people.actor(name)
            if (
                page.verb in (None, "signed_in")
                or actor.may(page.verb, people.north.id)
                or actor.may(page.verb)
            ):
                made = rows.make(people) if rows.kind == "all" else rows.make(
                    people, people.users[name] if rows.kind == "own" else owner)  # fmt: skip
                yield name, page.url(made)
                break


def _look(browsers, name: str, path: str, shown: set[str]) -> None:
    browser = browsers[name]
    answer = browser.get(path)
    if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
        return
    shown |= {template.name for template in answer.templates if template.name}
    forms = Forms(path, answer.content.decode())
    bare = [f for f in forms.found if f["typed"] and not f["drafted"]]
    assert not bare, f"{path}: a form with {bare[0]['typed']} keeps no draft: add data-draft to it"
    typed = {key: {field: [f"typed in {key} {field}"] for field in fields or ["chosen"]}
             for key, fields in forms.keys().items()}  # fmt: skip
    if not typed:
        return
    for key, fields in typed.items():
        kept = browser.post(f"/drafts/?{urlencode({'page': key})}", fields, content_type="application/json")
        assert kept.status_code == 204, f"{path}: {key}"
    browser.session.flush()
    assert "/account/login/" in browser.get(path).headers["Location"]
    user = answer.wsgi_request.user
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    again = Forms(path, browser.get(path).content.decode()).keys()
    back = browser.get(f"/drafts/?{urlencode([('page', key) for key in again])}").json()["drafts"]
    assert {key: draft["fields"] for key, draft in back.items()} == typed, path
    user.drafts.all().delete()


def _templates_with_a_draft() -> set[str]:
    return {
        str(file.relative_to(file.parents[len(file.parts) - file.parts.index("templates") - 2]))
        for file in DOORS.rglob("templates/**/*.html")
        if re.search(
            r"<form\b[^>]*?method=\"post\"[^<]*?(?: data-draft|_draft\.html)", file.read_text(), re.S
        )
    }


@pytest.mark.parametrize("file", sorted(DOORS.rglob("templates/**/*.html")), ids=lambda f: f.name)
def test_a_form_with_fields_says_that_it_keeps_a_draft(file):
    """Static, so that a form shown only in some rare state is not forgotten."""
    name = str(file).split("/templates/", 1)[1]
    if name in NOT_TYPED or name.startswith(SIGN_IN):
        return
    for form in re.findall(r"<form\b[^>]*?method=\"post\".*?</form>", file.read_text(), re.S):
        tag, inside = form.split("{% csrf_token %}", 1)
        inside = re.sub(r"<input[^>]*type=\"hidden\"[^>]*>", "", inside)
        fields = re.findall(
            r"<(?:input|textarea|select)\b[^>]*name=|\{\{ ?\w*form\w*[.\w]* ?\}\}|\{% include", inside
        )
        assert not fields or re.search(r" data-draft|_draft\.html", tag), (
            f"{name}: {tag[:90]} keeps no draft: add data-draft"
        )


def test_the_forms_that_keep_none_are_still_there():
    names = {str(file).split("/templates/", 1)[1] for file in DOORS.rglob("templates/**/*.html")}
    assert names >= NOT_TYPED
