"""The day at one site: rooms, who waits, who comes, what is due. One statement for the lists, one for the courses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log_look
from deqi.record.care.actions.appointments import HANDS_ON
from deqi.record.care.codes import rating_codes
from deqi.record.care.models import Appointment, ElectricalPair, Observation, Session, Task
from deqi.record.care.queries.courses import CoursePosition, course_positions
from deqi.record.care.queries.visit import LOOK_IN_EVERY, Timer
from deqi.record.practice.clock import day_at, local, today_at
from deqi.record.practice.models import Room, Site
from deqi.record.together import some, together

#: What a task is called for those who may not read clinical words.
PLAIN_TASKS = {
    "review": "A review is due",
    "event": "An event waits to be assessed",
    "red_flag": "A letter waits to be sent today",
    "letter": "A letter waits to be sent",
}
MOST_TASKS = 12


@dataclass(frozen=True)
class Visitor:
    """One appointment of the day, or a visit without one. `start` and `minutes` are None without an appointment."""

    patient_id: UUID
    name: str
    short: str
    appointment_id: UUID | None
    course_id: UUID | None
    start: datetime | None
    minutes: int | None
    status: str
    arrived_at: datetime | None
    practitioner: str
    room_id: UUID | None
    position: CoursePosition | None
    checked_in: bool
    number: int | None = None

    @property
    def visit_words(self) -> str:
        """`visit 5 of 10`, or nothing before there is a course."""
        if self.position is None:
            return "first visit"
        number = self.number or (self.position.given if self.status == "done" else self.position.visit)
        return f"visit {number} of {self.position.planned}"

    @property
    def end(self) -> datetime | None:
        return self.start + timedelta(minutes=self.minutes) if self.start and self.minutes else None


@dataclass(frozen=True)
class Running:
    """One visit that is going on."""

    session_id: UUID
    patient_id: UUID
    short: str
    room_id: UUID | None
    number: int
    state: str
    needled_at: datetime | None
    needles_in: int | None
    needles_out: int | None
    practitioner: str
    electro: bool
    timer: Timer | None
    look_in: bool
    position: CoursePosition | None

    @property
    def tone(self) -> str:
        if self.timer is None:
            return "info"
        return "stop" if self.timer.over else "care" if self.look_in else "ok"

    @property
    def word(self) -> str:
        if self.state == "open":
            return "Preparing"
        if self.state == "out":
            return "To sign"
        return {"stop": "Time to remove", "care": "Look in soon", "ok": "Needled"}[self.tone]


@dataclass(frozen=True)
class RoomNow:
    """One room: the visit in it, else who waits for it, else who comes next."""

    id: UUID | None
    name: str
    running: Running | None = None
    ready: Visitor | None = None
    following: Visitor | None = None


@dataclass(frozen=True)
class Day:
    """The board of one site on one day."""

    site: Site
    on: date
    now: datetime
    rooms: list[RoomNow]
    elsewhere: list[Running]
    visitors: list[Visitor]
    running: list[Running]
    tasks: list[dict[str, Any]]
    room_names: Mapping[UUID, str] = field(default_factory=dict)

    @property
    def waiting(self) -> list[Visitor]:
        here = [one for one in self.visitors if one.status == "arrived"]
        return sorted(here, key=lambda one: one.arrived_at or self.now)

    @property
    def to_come(self) -> list[Visitor]:
        return [one for one in self.visitors if one.status == "booked"]

    @property
    def over(self) -> int:
        return sum(1 for one in self.running if one.timer and one.timer.over)

    @property
    def is_today(self) -> bool:
        return self.on == today_at(self.site)


def board(actor: Actor, site: Site, on: date | None = None, now: datetime | None = None) -> Day:
    """The day at `site`, whom the acting person sees there written to the audit log."""
    actor.check("day.view", site.id)
    now, on = now or timezone.now(), on or today_at(site)
    lists = _lists(site, on)
    courses = {row["course_id"] for name in ("visits", "sessions") for row in lists[name] if row["course_id"]}
    positions = course_positions(courses)
    done = {row["patient_id"] for row in lists["ratings"]}
    wired = {row["id"] for row in lists["wired"]}
    running = (
        [_running(row, positions, now, row["id"] in wired) for row in lists["sessions"]]
        if on == today_at(site)
        else []
    )
    numbers = {one.patient_id: one.number for one in running}
    visitors = [_visitor(row, positions, done, numbers) for row in lists["visits"]]
    names = {row["id"]: row["name"] for row in lists["rooms"]}
    clinical = actor.may("clinical.view", site.id)
    shown = {one.patient_id for one in (*visitors, *running)}
    tasks = [_task(row, clinical) for row in lists["tasks"][:MOST_TASKS]]
    log_look(
        actor,
        "day.view",
        page=f"day {site.id} {on}",
        patients=sorted(shown | {row["patient_id"] for row in tasks}, key=str),
    )
    return Day(
        site=site,
        on=on,
        now=now,
        rooms=[_room(room_id, name, visitors, running) for room_id, name in names.items()],
        elsewhere=[one for one in running if one.room_id not in names or one.state == "out"],
        visitors=visitors,
        running=running,
        tasks=tasks,
        room_names=names,
    )


def _lists(site: Site, on: date) -> dict[str, list[dict[str, Any]]]:
    since, until = day_at(site, on)
    visits = Appointment.objects.filter(site=site, starts_at__gte=since, starts_at__lt=until)
    wired = ElectricalPair.objects.filter(session=OuterRef("pk"))
    sessions = Session.objects.filter(site=site, state__in=("open", "resting", "out"))
    rated = Observation.objects.filter(
        patient__in=visits.values("patient"),
        code__in=rating_codes(),
        effective_at__gte=since,
        effective_at__lt=until,
    )
    person = ("patient_id", "patient__given_name", "patient__family_name")
    return together(
        visits=some(
            visits.exclude(status="cancelled").order_by("starts_at"),
            "id", *person, "course_id", "starts_at", "minutes", "status", "arrived_at", "room_id",
            "practitioner__user__name",
        ),
        sessions=some(
            sessions.order_by("opened_at"),
            "id", *person, "course_id", "room_id", "number", "state", "needled_at", "looked_in_at", "needles_in",
            "needles_out", "retention_planned_min", "practitioner__user__name",
        ),
        wired=some(sessions.filter(Exists(wired)), "id"),
        rooms=some(Room.objects.filter(site=site, active=True).order_by("name"), "id", "name"),
        ratings=some(rated.order_by("effective_at"), "patient_id", "effective_at"),
        tasks=some(
            Task.objects.filter(site=site, done_at=None, due_on__lte=on).order_by("due_on"),
            "id", *person, "kind", "title", "due_on", "link",
        ),
    )  # fmt: skip


def _short(row: Mapping[str, Any]) -> str:
    """The name as it stands on the board, which others may see: `M. Arslan`."""
    return f"{row['patient__given_name'][:1]}. {row['patient__family_name']}"


def _visitor(
    row: Mapping[str, Any],
    positions: Mapping[UUID, CoursePosition],
    done: set[UUID],
    numbers: Mapping[UUID, int],
) -> Visitor:
    return Visitor(
        patient_id=row["patient_id"],
        name=f"{row['patient__given_name']} {row['patient__family_name']}",
        short=_short(row),
        appointment_id=row["id"],
        course_id=row["course_id"],
        start=row["starts_at"],
        minutes=row["minutes"],
        status=row["status"],
        arrived_at=row["arrived_at"],
        practitioner=row["practitioner__user__name"],
        room_id=row["room_id"],
        position=positions.get(row["course_id"]),
        checked_in=row["patient_id"] in done,
        number=numbers.get(row["patient_id"]) if row["status"] == "in_room" else None,
    )


def _running(
    row: Mapping[str, Any], positions: Mapping[UUID, CoursePosition], now: datetime, electro: bool
) -> Running:
    timer = None
    if row["state"] == "resting" and row["needled_at"]:
        gone = max(0, int((now - row["needled_at"]).total_seconds()))
        timer = Timer(row["needled_at"], row["retention_planned_min"] * 60, gone)
    looked = row["looked_in_at"] or row["needled_at"]
    return Running(
        session_id=row["id"],
        patient_id=row["patient_id"],
        short=_short(row),
        room_id=row["room_id"],
        number=row["number"],
        state=row["state"],
        needled_at=row["needled_at"],
        needles_in=row["needles_in"],
        needles_out=row["needles_out"],
        practitioner=row["practitioner__user__name"],
        electro=electro,
        timer=timer,
        look_in=bool(timer and looked and now - looked >= LOOK_IN_EVERY),
        position=positions.get(row["course_id"]),
    )


def _room(room_id: UUID, name: str, visitors: list[Visitor], running: list[Running]) -> RoomNow:
    mine = [one for one in visitors if one.room_id == room_id]
    return RoomNow(
        id=room_id,
        name=name,
        running=next((one for one in running if one.room_id == room_id and one.state != "out"), None),
        ready=next((one for one in mine if one.status == "arrived"), None),
        following=next((one for one in mine if one.status == "booked"), None),
    )


def _task(row: dict[str, Any], clinical: bool) -> dict[str, Any]:
    words = row["title"] if clinical else PLAIN_TASKS.get(row["kind"], "Something is due")
    return {**row, "words": words, "name": f"{row['patient__given_name']} {row['patient__family_name']}"}


@dataclass(frozen=True)
class Bar:
    """One visit in the picture of the day, in the units of its view box."""

    visitor: Visitor
    x: float
    y: float
    width: float
    head: float
    tail: float
    tail_x: float
    tone: str


@dataclass(frozen=True)
class Picture:
    """Rooms against time: 930 wide, a row of 46 a room. `now_x` is None outside the hours shown."""

    hours: list[tuple[float, str]]
    rows: list[tuple[float, str]]
    bars: list[Bar]
    height: float
    now_x: float | None


LEFT, WIDTH, ROW, TOP = 90.0, 930.0, 46.0, 34.0


def picture(day: Day) -> Picture:
    """Where each visit of the day stands in the picture."""
    hours = [local(day.site, one.start).hour for one in day.visitors if one.start]
    ends = [local(day.site, one.end).hour + 1 for one in day.visitors if one.end]
    first, last = min([8, *hours]), min(24, max([17, *ends]))
    a_minute = (WIDTH - LEFT - 10) / ((last - first) * 60)
    ids = (
        [*day.room_names, None]
        if any(one.room_id not in day.room_names for one in day.visitors)
        else [*day.room_names]
    )
    places = {room_id: TOP + ROW * number for number, room_id in enumerate(ids)}

    def x_of(moment: datetime) -> float:
        at = local(day.site, moment)
        return round(LEFT + ((at.hour - first) * 60 + at.minute) * a_minute, 1)

    over = {one.patient_id for one in day.running if one.timer and one.timer.over}
    bars = [
        Bar(
            visitor=one,
            x=x_of(one.start),
            y=places.get(one.room_id, places.get(None, TOP)),
            width=round(one.minutes * a_minute, 1),
            head=round(min(HANDS_ON[0], one.minutes) * a_minute, 1),
            tail=round(min(HANDS_ON[1], one.minutes) * a_minute, 1),
            tail_x=round(max(0, one.minutes - HANDS_ON[1]) * a_minute, 1),
            tone="over" if one.patient_id in over and one.status == "in_room" else one.status,
        )
        for one in day.visitors
        if one.start and one.minutes
    ]
    hour = local(day.site, day.now)
    inside = day.is_today and first <= hour.hour < last
    return Picture(
        hours=[(round(LEFT + (h - first) * 60 * a_minute, 1), f"{h}:00") for h in range(first, last + 1)],
        rows=[(places[room_id], day.room_names.get(room_id, "no room")) for room_id in ids],
        bars=bars,
        height=TOP + ROW * len(ids) + 6,
        now_x=x_of(day.now) if inside else None,
    )
