"""The synthetic practice: two sites, five rooms, five practitioners, front desk, manager, researcher."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from deqi.record.permissions import Role as RoleName
from deqi.record.practice.models import (
    Licence,
    NeedleLot,
    Organization,
    Practitioner,
    Role,
    Room,
    Site,
    User,
)

PASSWORD = "a calm demo clinic"  # noqa: S105 - of made-up people, printed on the screen


@dataclass(frozen=True)
class Practice:
    """The people and places that the courses are then hung on."""

    sites: list[Site]
    rooms: dict[Site, list[Room]]
    practitioners: dict[Site, list[Practitioner]]
    licences: dict[Practitioner, Licence]
    lots: dict[Site, NeedleLot]
    manager: User
    senior: User
    front_desk: User


def fill_practice(today: date) -> Practice:
    """Writes the practice. One licence ends in 25 days and one has run out, so that the alerts show."""
    organization = Organization.objects.create(name="Willow Clinic", synthetic=True, emergency_number="112")
    north, south = (
        Site.objects.create(
            organization=organization,
            name=name,
            jurisdiction="GB",
            time_zone="Europe/London",
            address=address,
            phone=phone,
        )
        for name, address, phone in (
            ("North", "1 Made-up Road, Northtown", "01632 960001"),
            ("South", "22 Invented Street, Southtown", "01632 960002"),
        )
    )
    rooms = {
        north: [Room.objects.create(site=north, name=f"Room {n}") for n in (1, 2, 3)],
        south: [Room.objects.create(site=south, name=f"Room {n}") for n in (1, 2)],
    }
    manager = _user("max", "Max Maple", [(RoleName.MANAGER, None)])
    front_desk = _user("carol", "Carol Cedar", [(RoleName.FRONT_DESK, None)])
    _user("rita", "Rita Rowan", [(RoleName.RESEARCHER, None)])
    people = {
        north: [
            _practitioner("alice", "Alice Ash", "Licensed acupuncturist", RoleName.PRACTITIONER, north),
            _practitioner("bob", "Dr Bob Birch", "Senior clinician", RoleName.SENIOR, north),
            _practitioner("hazel", "Hazel Holm", "Licensed acupuncturist", RoleName.PRACTITIONER, north),
        ],
        south: [
            _practitioner("dan", "Dan Dogwood", "Licensed acupuncturist", RoleName.PRACTITIONER, south),
            _practitioner("ivy", "Ivy Ironbark", "Licensed acupuncturist", RoleName.PRACTITIONER, south),
        ],
    }
    ends = {"Alice Ash": 400, "Dr Bob Birch": 700, "Hazel Holm": 25, "Dan Dogwood": 300, "Ivy Ironbark": -9}
    licences = {
        practitioner: Licence.objects.create(
            practitioner=practitioner,
            jurisdiction="GB",
            authority="Synthetic Acupuncture Register",
            number=f"SYN-{1000 + number}",
            issued=today - timedelta(days=365 * 12),
            expires=today + timedelta(days=ends[practitioner.user.name]),
            verified_on=today - timedelta(days=40),
            verified_by=manager,
            verified_source="Synthetic register, online",
        )
        for number, practitioner in enumerate(p for team in people.values() for p in team)
    }
    lots = {
        site: NeedleLot.objects.create(
            site=site,
            maker="Made-up Needles",
            gauge_mm="0.22",
            length_mm=40,
            lot=f"SYN-24-{118 + number}",
            expires=today + timedelta(days=500),
        )
        for number, site in enumerate((north, south))
    }
    return Practice([north, south], rooms, people, licences, lots, manager, people[north][1].user, front_desk)


def _user(handle: str, name: str, roles: list[tuple[RoleName, Site | None]]) -> User:
    user = User.objects.create_user(f"{handle}@demo.example", name, PASSWORD)
    Role.objects.bulk_create([Role(user=user, role=role, site=site) for role, site in roles])
    return user


def _practitioner(handle: str, name: str, title: str, role: RoleName, site: Site) -> Practitioner:
    return Practitioner.objects.create(user=_user(handle, name, [(role, site)]), title=title)
