"""How many of the ratings asked for came: by site, by practitioner, by occasion, in a period."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, F
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.models import Observation, RatingRequest
from deqi.science.course.responding import Share, share


@dataclass(frozen=True)
class Line:
    """One row of the table: a name, what belongs to it, the share."""

    name: str
    of: str
    share: Share


@dataclass(frozen=True)
class ResponseRates:
    """The page of response rates. `channels`: (words, answers that came that way)."""

    total: Share
    by_site: list[Line]
    by_practitioner: list[Line]
    by_kind: list[Line]
    channels: list[tuple[str, int]]


def response_rates(actor: Actor, since: date, until: date) -> ResponseRates:
    """Requests whose day lies in the period and whose time is over, at the acting person's sites. Two statements.

    Withdrawn ones count nowhere. The interval knows that one person answers many times (`science.course.responding`).
    """
    actor.check("collection.view")
    allowed = actor.sites("collection.view")
    rows = RatingRequest.objects.filter(
        day__gte=since, day__lte=until, until__lt=timezone.localdate(), withdrawn_at=None
    )
    if allowed is not None:
        rows = rows.filter(site__in=allowed)
    counted = list(
        rows.order_by()
        .values("patient", "kind", "channel", "site__name", "practitioner", who=F("practitioner__user__name"))
        .annotate(asked=Count("*"), answered=Count("answered_at"))
    )
    log(actor, "collection.view", detail={"since": since.isoformat(), "until": until.isoformat()})
    kinds, ways = dict(RatingRequest.Kind.choices), dict(Observation.Channel.choices)
    came = {way: sum(r["answered"] for r in counted if r["channel"] == way) for way in ways}
    return ResponseRates(
        total=_share(counted),
        by_site=_lines(counted, lambda r: (r["site__name"], "")),
        by_practitioner=_lines(counted, lambda r: (r["who"], r["site__name"])),
        by_kind=_lines(counted, lambda r: (kinds[r["kind"]], "")),
        channels=[(str(ways[way]), n) for way, n in came.items() if n],
    )


def _lines(rows: list[dict[str, Any]], key: Callable[[dict[str, Any]], tuple[str, str]]) -> list[Line]:
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return [Line(name, of, _share(held)) for (name, of), held in sorted(groups.items())]


def _share(rows: Iterable[dict[str, Any]]) -> Share:
    people: dict[UUID, list[int]] = {}
    for row in rows:
        held = people.setdefault(row["patient"], [0, 0])
        held[0] += row["asked"]
        held[1] += row["answered"]
    return share((asked, answered) for asked, answered in people.values())
