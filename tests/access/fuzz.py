"""Random requests by random people at random rows, judged by the permission table: does anything cross over?

A request takes any page about patients, sites or oneself; its address is Eve's (North), Frank's (South) or a mixture
of both; query and body carry ids of either under the names our forms use. Each is rolled back. A crossing is
    - an answer of 200 or a redirect on success where the table and the scope keep this person out,
    - the name of somebody whom this person may not meet, in the answer,
    - a changed, added or removed row in the record of somebody whom this person may not meet.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

from django.db import connection, transaction
from django.test import Client

from deqi.record.actor import Actor
from deqi.record.patients.queries import patients_in_scope
from tests.access.pages import Page, pages
from tests.access.rows import Rows, rows_for
from tests.access.test_every_page import may
from tests.access.test_ids_in_bodies import NAMES, foreign_ids, rows_of

METHODS = ("GET", "GET", "POST", "POST", "POST", "PUT", "DELETE", "PATCH")
WRITE = re.compile(r'^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?', re.I)
#: Tables that any request may write: who looked, the session, counters of attempts, one's own drafts.
ITS_OWN = ("audit_", "django_session", "cache", "practice_draft")
WORDS = ("yes", "no", "given", "refused", "5", "1", "st36 b", "2026-01-05", "arrive", "cancel", "go_on", "")


@dataclass
class Found:
    """What the requests came to. `crossings` says each one in words."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    allowed: int = 0
    wrote: int = 0
    crossings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    """One page with the rows its address can name."""

    page: Page
    rows: Rows
    eve: dict[str, Any]
    frank: dict[str, Any]


class Fuzz:
    """A clinic with rows of both patients, and dice. `step()` makes one request; `found` grows."""

    def __init__(self, people, cookies: dict[str, str], seed: int):
        self.people, self.cookies, self.dice = people, cookies, random.Random(seed)
        self.found = Found()
        self.patients = {"eve": people.eve_patient, "frank": people.frank_patient}
        self.targets = [
            self._target(page) for page in pages() if page.name.startswith(("clinic:", "patient:"))
        ]
        self.ids = sorted({*foreign_ids(people), str(people.eve_patient.id), str(people.north.id)})
        self.actors = {name: Actor() if name == "anonymous" else people.actor(name) for name in cookies}
        self.closed = {name: self._closed(actor) for name, actor in self.actors.items()}
        self.before = {whose: rows_of(people, patient) for whose, patient in self.patients.items()}
        self.known: dict[tuple[str, str, str], bool] = {}

    def _target(self, page: Page) -> Target:
        rows, people = rows_for(page), self.people
        if rows.kind == "all":
            return Target(page, rows, rows.make(people), rows.make(people))
        if rows.kind == "own":
            return Target(page, rows, rows.make(people, people.users["eve"]), rows.make(people, people.dan))
        owners = [p if rows.kind == "patient" else p.home_site for p in self.patients.values()]
        return Target(page, rows, rows.make(people, owners[0]), rows.make(people, owners[1]))

    def _closed(self, actor: Actor) -> set[str]:
        """Whose record this person may not meet at all."""
        if actor.patient_id:
            return {whose for whose, patient in self.patients.items() if patient.id != actor.patient_id}
        if not actor.may("patient.find"):
            return set(self.patients)
        met = set(patients_in_scope(actor).values_list("id", flat=True))
        return {whose for whose, patient in self.patients.items() if patient.id not in met}

    def step(self) -> None:
        dice = self.dice
        target, name, method = (
            dice.choice(self.targets),
            dice.choice(list(self.cookies)),
            dice.choice(METHODS),
        )
        whose = dice.choice(("eve", "frank", "both"))
        kwargs = (
            {key: dice.choice((target.eve, target.frank))[key] for key in target.eve}
            if whose == "both"
            else getattr(target, whose)
        )
        if kwargs in (target.eve, target.frank):
            whose = "eve" if kwargs == target.eve else "frank"
        query = {key: dice.choice(self.ids) for key in dice.sample(NAMES, dice.randrange(4))}
        body = {key: dice.choice((*self.ids, *WORDS)) for key in dice.sample(NAMES, dice.randrange(12))}
        self._judge(
            target, name, method, whose, *self._send(name, method, target.page.url(kwargs), query, body)
        )

    def _send(self, name: str, method: str, url: str, query: dict[str, str], body: dict[str, str]):
        browser = Client(raise_request_exception=False)
        browser.cookies = SimpleCookie(self.cookies[name])
        wrote: set[str] = set()

        def watch(execute, sql, params, many, context):
            if (found := WRITE.match(sql)) and not found.group(1).startswith(ITS_OWN):
                wrote.add(found.group(1))
            return execute(sql, params, many, context)

        with transaction.atomic():
            with connection.execute_wrapper(watch):
                if method == "GET":
                    answer = browser.get(url, query)
                else:
                    send = getattr(browser, method.lower())
                    answer = send(url, body, query_params=query) if method == "POST" else send(
                        url, "&".join(f"{k}={v}" for k, v in body.items()), query_params=query,
                        content_type="application/x-www-form-urlencoded")  # fmt: skip
                text = b"".join(answer).decode(errors="replace")
            changed = {
                w
                for w in self.closed[name]
                if wrote and rows_of(self.people, self.patients[w]) != self.before[w]
            }
            transaction.set_rollback(True)
        return answer, text, wrote, changed

    def _judge(self, target, name, method, whose, answer, text, wrote, changed) -> None:
        found, status = self.found, answer.status_code
        said = f"{method} {target.page.name} ({whose}'s row) by {name}: {status}"
        found.requests += 1
        found.statuses[status] += 1
        found.wrote += bool(wrote)
        if status >= 500:
            found.errors.append(said)
        found.crossings += [f"{said} changed the record of {w}" for w in sorted(changed)]
        if status < 400 or status in (409, 422):
            found.crossings += [
                f"{said} shows {w}" for w in sorted(self.closed[name]) if self.patients[w].name in text
            ]
        allowed = self._allowed(target, name, whose)
        found.allowed += bool(allowed)
        let_in = status in (200, 201, 204) or (300 <= status < 400 and wrote)
        to_sign_in = answer.headers.get("Location", "").startswith("/account/")
        if allowed is False and let_in and not to_sign_in:
            found.crossings.append(f"{said}, should be kept out")

    def _allowed(self, target: Target, name: str, whose: str) -> bool | None:
        """What the table and the scope say; None where the address mixes rows of two people."""
        if whose == "both" or target.rows.kind == "own":
            return None
        patient = self.patients[whose]
        owner = patient.home_site if target.rows.kind == "site" else patient
        key = (target.page.name, name, whose)
        if key not in self.known:
            self.known[key] = may(target.page, self.actors[name], target.rows.kind, owner)
        return self.known[key]
