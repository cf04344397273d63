"""Random requests by random people at random rows, judged by the permission table: does anything cross over?

The clinic holds two full records, Eve's (North) and Frank's (South), and the two sites (tests/access/full.py). A
request takes any page about patients, sites or oneself, or a link from a message; its address is Eve's, Frank's or a
mixture of both. Most posts are forms that the pages themselves show to somebody who may use them, filled in so that
they are taken, and then sent by anybody, to the other's address, with ids of either swapped in; the rest carry ids
under the names our forms use. Each request is rolled back. A crossing is
    - an answer of 200 or a redirect on success where the table and the scope keep this person out, or where the
      address mixes rows of two people,
    - anything written where the address mixes rows of two people,
    - in the answer: the name, a word or the id of a row of somebody whom this person may not meet (or of a site
      at which this person has no role), unless it stood in the request,
    - a changed, added or removed row in the record of somebody whom this person may not meet, at a site at which this
      person has no role, or among the accounts when this person manages no staff.
A change of a patient's record without a line in the audit log is counted too (`unlogged`).
Whom each person may meet is written down here by hand (`MAY_NOT_MEET`), and what the table says of each page and
person is asked before the first request: a hole made later in a query or in a check does not move the judge.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from deqi.record.actor import Actor
from deqi.record.care.links import token_for
from deqi.record.practice.actions.drafts import save_draft
from tests.access import full, record
from tests.access.forms import Form, Forms, fill, is_row, walk
from tests.access.pages import Page, pages
from tests.access.rows import Rows, rows_for
from tests.access.test_every_page import may
from tests.access.test_ids_in_bodies import NAMES
from tests.questionnaires import source

BOTH = ("eve", "frank")
HOME = {"eve": "north", "frank": "south"}
#: Whose record and which site is closed to each person, and who changes no account.
MAY_NOT_MEET: dict[str, set[str]] = {
    "anonymous": {"eve", "frank", "north", "south", "accounts"},
    "alice": {"frank", "south", "accounts"},
    "bob": {"frank", "south", "accounts"},
    "carol": {"frank", "south", "accounts"},
    "max": set(),
    "rita": {"eve", "frank", "north", "south", "accounts"},
    "dan": {"eve", "north", "accounts"},
    "eve": {"frank", "south", "accounts"},
    "frank": {"eve", "north", "accounts"},
    "mallory": {"eve", "frank", "north", "south", "accounts"},
}
#: Who opens the pages to see which forms they show: of each record those who may.
LOOKS = {"eve": ("bob", "alice", "carol", "max", "eve"), "frank": ("dan", "max", "frank")}
WRITE = re.compile(r'^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.I)
#: Tables that any request may write: who looked, the session, counters of attempts, drafts (which belong to somebody).
ITS_OWN = ("audit_", "django_session", "cache", "practice_draft")
#: What is written here leaves a line in the audit log.
OF_A_PATIENT = ("patients_", "care_", "questionnaires_")
WORDS = ("yes", "no", "given", "refused", "5", "1", "st36 b", "2026-01-05", "arrive", "cancel", "go_on", "")
DRAFTED = "/patients/register/"
FILES = {
    "clinic:questionnaire_import": source(version="9"),
    "clinic:conduction_import": b"nerve,side,amplitude_uv,velocity_m_s,date,lab,device\nsural,left,4,41,2026-01-05,Lab,K2\n",
}


@dataclass
class Found:
    """What the requests came to. `crossings`, `unlogged` and `errors` say each one in words."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    allowed: int = 0
    posts: int = 0
    wrote: int = 0
    wrote_on: Counter[str] = field(default_factory=Counter)
    crossings: list[str] = field(default_factory=list)
    unlogged: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    """One page with the rows its address can name, and the methods it answers."""

    page: Page
    kind: str
    rows: dict[str, dict[str, Any]]
    methods: tuple[str, ...]


@dataclass
class Request:
    """One request as it is sent; `whose` row its address names, or "both"."""

    target: Target
    name: str
    method: str
    whose: str
    kwargs: dict[str, Any]
    query: dict[str, str]
    body: dict[str, Any]
    fragment: bool = False

    def said(self) -> str:
        row = f" ({self.whose}'s row)" if self.whose in BOTH else " (rows of both)"
        return f"{self.method} {self.target.page.name}{row} by {self.name}"

    def sent(self) -> str:
        return " ".join(map(str, (*self.kwargs.values(), *self.query.values(), *self.body.values())))


@dataclass
class Answer:
    """What came back, the tables written to (those of ITS_OWN apart) and whether the log was, the records changed;
    what broke, if it did."""

    response: HttpResponse
    text: str
    wrote: set[str]
    logged: bool
    changed: set[str]
    broke: str


class Fuzz:
    """A clinic with two full records, and dice. `run(n)` makes n requests; `found` grows."""

    def __init__(self, people, cookies: dict[str, str], seed: int):
        self.people, self.cookies, self.dice = people, cookies, random.Random(seed)
        self.found, self.writes = Found(), defaultdict(set)
        self.client = Client(raise_request_exception=False)
        self.full = full.two_records(people)
        for name in BOTH:
            save_draft(people.actor(name), DRAFTED, {"note": [f"typed by {full.WORD_OF[name]}"]})
        self.patients = {name: self.full[name].patient for name in BOTH}
        self.actors = {name: Actor() if name == "anonymous" else people.actor(name) for name in cookies}
        self.targets = {page.name: self._target(page) for page in pages() if _about_somebody(page)}
        for made in self.full.values():
            made.agree_to_chance()
        self.known = {
            (target.page.name, name, whose): self._table(target, actor, whose)
            for target in self.targets.values()
            for name, actor in self.actors.items()
            for whose in BOTH
        }
        self.insiders = {
            page: sorted({name for (p, name, _), allowed in self.known.items() if p == page and allowed})
            for page in self.targets
        }
        self.gets = [t for t in self.targets.values() if "GET" in t.methods]
        self.posts = [t for t in self.targets.values() if "POST" in t.methods]
        self._look_around()

    # What there is

    def _target(self, page: Page) -> Target:
        people, rows = self.people, self._rows(page)
        if rows.kind == "all":
            kwargs = {whose: rows.make(people) for whose in BOTH}
        else:
            owners = {w: p if rows.kind == "patient" else p.home_site for w, p in self.patients.items()}
            kwargs = {whose: self._full(whose, rows.make(people, owner)) for whose, owner in owners.items()}
        self.client.cookies = SimpleCookie(self.cookies["max"])
        refused = self.client.generic("TRACE", page.url(kwargs["eve"]))
        return Target(page, rows.kind, kwargs, tuple(refused.headers["Allow"].split(", ")))

    def _full(self, whose: str, made: dict[str, Any]) -> dict[str, Any]:
        """The row of the full record instead of the bare one, where every row of the address is in it."""
        rows = self.full[whose].rows()
        full = {key: rows.get(key) for key, value in made.items() if is_row(value) or key == "share_id"}
        return made if None in full.values() else {**made, **full}

    def _rows(self, page: Page) -> Rows:
        if not page.name.startswith("rating:"):
            return rows_for(page)
        tokens = {made.patient: token_for(made.asked) for made in self.full.values()}
        linked = {made.patient: made.linked.id for made in self.full.values()}
        fixed = {"code": "burning_average", "number": 1}
        more = {key: value for key, value in fixed.items() if key in page.takes}

        def named(people, patient):
            row = {"assignment_id": linked[patient]} if "assignment_id" in page.takes else {}
            return {"token": tokens[patient], **more, **row}

        return Rows("patient", named)

    def _table(self, target: Target, actor: Actor, whose: str) -> bool:
        patient = self.patients[whose]
        owner = patient.home_site if target.kind == "site" else patient
        return may(target.page, actor, target.kind, owner)

    def _look_around(self) -> None:
        """Opens every page once, as somebody who may, and keeps the forms; then remembers what is stored."""
        self.forms: dict[str, dict[str, list[Form]]] = defaultdict(lambda: {whose: [] for whose in BOTH})
        for whose, names in LOOKS.items():
            shapes: set[object] = set()
            opened: set[object] = set()
            for name in names:
                mine = [t.page.url(t.rows[whose]) for t in self.gets if self.known[t.page.name, name, whose]]
                self.client.cookies = SimpleCookie(self.cookies[name])
                for path, text in walk(self.client, mine, opened):
                    for form in Forms(path, text).found:
                        shape = (form.page, form.kwargs.get("what"), form.kwargs.get("key"), *form.fields)
                        if form.page in self.targets and shape not in shapes:
                            shapes.add(shape)
                            self.forms[form.page][whose].append(form)
        self._remember()

    def _remember(self) -> None:
        people = self.people
        self.records = {
            **{name: record.of_patient(name, self.patients[name]) for name in BOTH},
            **{site: record.of_site(site, getattr(people, site)) for site in HOME.values()},
            "accounts": record.of_staff("accounts"),
        }
        for one in self.records.values():
            one.remember()
        rows = {key: one.ids for key, one in self.records.items()}
        self.ids = {whose: sorted({*rows[whose], *rows[HOME[whose]]}) for whose in BOTH}
        self.ids["all"] = sorted({i for ids in rows.values() for i in ids})
        people_of = {row["id"] for row in self.records["accounts"].kept["practice_user"]}
        hidden = {HOME[w]: rows[HOME[w]] - {str(getattr(people, HOME[w]).id)} for w in BOTH}
        hidden |= {whose: rows[whose] for whose in BOTH}
        assert not people_of & {i for ids in hidden.values() for i in ids}
        self.whose_id = {one: whose for whose, ids in hidden.items() for one in ids}

    # One request

    def run(self, requests: int, go_on: Callable[[Found], bool] = lambda found: True) -> Found:
        """Divides the requests among the states of the visits; stops when `go_on` says so."""
        for place, state in enumerate(full.STATES):
            if state in full.STEPS:
                for made in self.full.values():
                    full.STEPS[state](made)
                self._look_around()
            share = requests * (place + 1) // len(full.STATES) - requests * place // len(full.STATES)
            for _ in range(share):
                self.step()
                if not go_on(self.found):
                    return self.found
        return self.found

    def step(self) -> None:
        asked = self._throw()
        self._judge(asked, self._send(asked))

    def _throw(self) -> Request:
        dice = self.dice
        chance = dice.random()
        method = (
            "GET" if chance < 0.35 else "POST" if chance < 0.97 else dice.choice(("PUT", "DELETE", "PATCH"))
        )
        target = dice.choice(self.gets if method == "GET" else self.posts)
        page = target.page.name
        name = dice.choice(self.insiders[page] if dice.random() < 0.6 else list(self.cookies))
        query = {key: dice.choice(self.ids["all"]) for key in dice.sample(NAMES, dice.choice((0, 0, 1, 3)))}
        kwargs = [target.rows[w] for w in BOTH]
        body = self._ids_by_name()
        if method == "POST" and dice.random() < 0.85 and any(self.forms[page].values()):
            form = dice.choice(self.forms[page]["eve"] + self.forms[page]["frank"])
            twin = self._twin(form)
            kwargs = [form.kwargs, twin] if form in self.forms[page]["eve"] else [twin, form.kwargs]
            query = {**form.query, **query} if dice.random() < 0.9 else query
            body = self._filled(form)
        whose = dice.choice((*BOTH, *BOTH, "both"))
        address = self._mixed(*kwargs) if whose == "both" else kwargs[BOTH.index(whose)]
        if address in kwargs:
            whose = BOTH[kwargs.index(address)] if kwargs[0] != kwargs[1] or whose == "both" else whose
        return Request(target, name, method, whose, address, query, body, dice.random() < 0.2)

    def _ids_by_name(self) -> dict[str, Any]:
        dice = self.dice
        return {
            key: dice.choice((*self.ids["all"], *WORDS)) for key in dice.sample(NAMES, dice.randrange(12))
        }

    def _filled(self, form: Form) -> dict[str, Any]:
        """The form as its page would take it; four times in ten with ids of others in it, or something wrong."""
        dice, body = self.dice, fill(form, self.dice, FILES)
        chance = dice.random()
        named = [
            key for key, value in body.items() if isinstance(value, str) and record.UUID.fullmatch(value)
        ]
        if chance < 0.2:
            for key in named:
                body[key] = dice.choice(self._likely(form.page))
        elif chance < 0.3:
            body |= {key: dice.choice(self.ids["all"]) for key in dice.sample(NAMES, 3) if key not in body}
        elif chance < 0.4 and body:
            body[dice.choice(list(body))] = dice.choice(WORDS)
        return body

    def _likely(self, page: str) -> list[str]:
        """Half of the time ids of the tables to which this page was seen to write."""
        tables = sorted(self.writes[page]) if self.dice.random() < 0.5 else []
        kept = [self.records[whose].kept.get(table, ()) for table in tables for whose in BOTH]
        return [str(row["id"]) for rows in kept for row in rows if "id" in row] or self.ids["all"]

    def _twin(self, form: Form) -> dict[str, Any]:
        """The same address with the other one's rows, as far as the other one's pages show such a form."""
        mine = "eve" if form in self.forms[form.page]["eve"] else "frank"
        other = BOTH[1 - BOTH.index(mine)]
        twins = [one.kwargs for one in self.forms[form.page][other]] or [self.targets[form.page].rows[other]]
        alike = [one for one in twins if all(one[k] == v for k, v in form.kwargs.items() if not is_row(v))]
        return self.dice.choice(alike or twins)

    def _mixed(self, eve: dict[str, Any], frank: dict[str, Any]) -> dict[str, Any]:
        rest = self.dice.choice((eve, frank))
        return {
            key: self.dice.choice((eve, frank))[key] if is_row(value) else value
            for key, value in rest.items()
        }

    def _send(self, asked: Request) -> Answer:
        browser, wrote = self.client, set()
        browser.cookies = SimpleCookie(self.cookies[asked.name])
        more = {"HTTP_HX_REQUEST": "true"} if asked.fragment else {}
        url = asked.target.page.url(asked.kwargs)

        def watch(execute, sql, params, many, context):
            if found := WRITE.match(sql):
                wrote.add(found.group(1))
            return execute(sql, params, many, context)

        with transaction.atomic():
            with connection.execute_wrapper(watch):
                if asked.method == "GET":
                    answer = browser.get(url, {**asked.query, "page": DRAFTED}, **more)
                elif asked.target.page.name == "drafts":
                    body = {key: [str(value)] for key, value in asked.body.items()}
                    answer = browser.post(
                        url, body, content_type="application/json", query_params={"page": DRAFTED}
                    )
                elif asked.method == "POST":
                    answer = browser.post(url, asked.body, query_params=asked.query, **more)
                else:
                    answer = getattr(browser, asked.method.lower())(
                        url, json.dumps(asked.body, default=str), query_params=asked.query, **more)  # fmt: skip
                text, broke = _read(answer)
            changed = set()
            if not broke:
                changed = {one for one in self._closed(asked) if self.records[one].changed(wrote)}
            transaction.set_rollback(True)
        kept = {one for one in wrote if not one.startswith(ITS_OWN)}
        return Answer(answer, text, kept, "audit_auditentry" in wrote, changed, broke)

    # What came of it

    def _closed(self, asked: Request) -> set[str]:
        """What this person may not meet. A link from a message opens its own request to whoever holds it."""
        closed = MAY_NOT_MEET[asked.name]
        return closed - {asked.whose} if asked.target.page.name.startswith("rating:") else closed

    def _judge(self, asked: Request, answer: Answer) -> None:
        found, status = self.found, answer.response.status_code
        said = f"{asked.said()}: {status}"
        allowed = (
            None if asked.whose == "both" else self.known[asked.target.page.name, asked.name, asked.whose]
        )
        found.requests += 1
        found.statuses[status] += 1
        found.posts += asked.method == "POST"
        found.allowed += bool(allowed)
        if answer.wrote:
            found.wrote += 1
            found.wrote_on[asked.target.page.name] += 1
            self.writes[asked.target.page.name] |= answer.wrote
        if answer.broke:
            found.errors.append(f"{said}: {answer.broke} with {asked.kwargs} {asked.query} {asked.body}")
        found.crossings += [f"{said} changed the record of {one}" for one in sorted(answer.changed)]
        found.crossings += [f"{said} shows {what}" for what in self._shown(asked, answer)]
        if not answer.logged and any(one.startswith(OF_A_PATIENT) for one in answer.wrote):
            found.unlogged.append(f"{said} wrote {sorted(answer.wrote)} without a line in the log")
        let_in = status in (200, 201, 204) or (300 <= status < 400 and bool(answer.wrote))
        headers = answer.response.headers
        to_sign_in = (headers.get("Location") or headers.get("HX-Redirect", "")).startswith("/account/")
        if allowed is False and let_in and not to_sign_in:
            found.crossings.append(f"{said}, should be kept out")
        if asked.whose == "both" and (status == 200 or answer.wrote):
            found.crossings.append(f"{said} for a mixture, wrote {sorted(answer.wrote)}")

    def _shown(self, asked: Request, answer: Answer) -> list[str]:
        """Names, words and ids in the answer of whom this person may not meet, but for what the request said."""
        closed, sent = self._closed(asked), asked.sent()
        text = answer.text + " ".join(answer.response.headers.values())
        tell = [(w, t) for w in BOTH if w in closed for t in (self.patients[w].name, full.WORD_OF[w])]
        shown = [f"{whose}: {word}" for whose, word in tell if word in text and word not in sent]
        for one in set(record.UUID.findall(text)):
            if (whose := self.whose_id.get(one)) in closed and one not in sent:
                shown.append(f"a row of {whose}: {one}")
        return shown


def _about_somebody(page: Page) -> bool:
    return page.name.startswith(("clinic:", "patient:", "rating:")) or page.name == "drafts"


def _read(answer: HttpResponse) -> tuple[str, str]:
    """The text, and what broke: before the answer, or in the middle of one that is sent as it is made."""
    try:
        text = b"".join(answer).decode(errors="replace")
    except Exception as error:
        return "", f"broke off by {error!r}"
    why = getattr(answer, "exc_info", None)
    return text, (repr(why[1]) if why else "no reason") if answer.status_code >= 500 else ""
