"""What a manager needs to see first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Prefetch, Q
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.practice.models import NeedleLot, Room, Site

LOT_SOON_DAYS = 60


@dataclass(frozen=True)
class LotNote:
    """A box of needles that is out of date or soon will be."""

    lot: NeedleLot
    days_left: int

    @property
    def over(self) -> bool:
        return self.days_left < 0


def sites_of(actor: Actor, verb: str = "practice.manage") -> list[Site]:
    """Sites where the acting person may do `verb`, closed ones last, with `open_rooms` and `lots_in_use`."""
    allowed = actor.sites(verb)
    rows = Site.objects.all() if allowed is None else Site.objects.filter(id__in=allowed)
    return list(
        rows.annotate(
            open_rooms=Count("rooms", filter=Q(rooms__active=True), distinct=True),
            lots_in_use=Count("needle_lots", filter=Q(needle_lots__active=True), distinct=True),
        ).order_by("-active", "name")
    )


def site_page(actor: Actor, site: Site) -> tuple[list[Room], list[NeedleLot]]:
    """Rooms of a site (open first) and its needle boxes in use (first to end first)."""
    actor.check("practice.view", site.id)
    rooms = list(site.rooms.order_by("-active", "name"))
    return rooms, list(site.needle_lots.filter(active=True).order_by("expires"))


def lot_notes(actor: Actor, on: date | None = None) -> list[LotNote]:
    """Boxes in use whose date is over or comes within sixty days, at sites where the person keeps stock."""
    on = on or timezone.localdate()
    allowed = actor.sites("stock.manage")
    rows = NeedleLot.objects.filter(
        active=True, site__active=True, expires__lte=on + timedelta(days=LOT_SOON_DAYS)
    )
    if allowed is not None:
        rows = rows.filter(site__in=allowed)
    return [
        LotNote(lot, (lot.expires - on).days) for lot in rows.select_related("site").order_by("expires")[:50]
    ]


def stock_of(actor: Actor) -> list[Site]:
    """Sites where the person keeps stock, each with `boxes` in use."""
    allowed = actor.sites("stock.manage")
    rows = Site.objects.filter(active=True)
    boxes = Prefetch(
        "needle_lots", NeedleLot.objects.filter(active=True).order_by("expires"), to_attr="boxes"
    )
    return list((rows if allowed is None else rows.filter(id__in=allowed)).prefetch_related(boxes))
