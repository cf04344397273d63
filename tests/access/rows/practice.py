"""Rows behind the practice pages: rooms, boxes, staff, licences and incidents of a site."""

from datetime import date
from uuid import uuid4

from django.utils import timezone

from deqi.record.care.models import Incident
from deqi.record.practice.models import Licence, NeedleLot, Practitioner, Role, User
from tests.access.rows import at_site


def room(people, site) -> dict:
    return {"room_id": site.rooms.get().id}


def lot(people, site) -> dict:
    row = NeedleLot.objects.create(
        site=site, maker="Maker", gauge_mm="0.25", length_mm=30, lot=uuid4().hex[:8], expires=date(2040, 1, 1)
    )
    return {"lot_id": row.id}


def member(people, site) -> dict:
    user = User.objects.create_user(f"{uuid4().hex}@test.example", "Somebody New")
    Role.objects.create(user=user, role="practitioner", site=site)
    return {"user_id": user.id}


def role(people, site) -> dict:
    kwargs = member(people, site)
    return {**kwargs, "role_id": Role.objects.get(user_id=kwargs["user_id"]).id}


def licence(people, site) -> dict:
    practitioner = Practitioner.objects.create(user_id=member(people, site)["user_id"])
    row = Licence.objects.create(
        practitioner=practitioner,
        jurisdiction="GB",
        authority="Register",
        number=uuid4().hex,
        issued=date(2020, 1, 1),
        expires=date(2040, 1, 1),
    )
    return {"licence_id": row.id}


def incident(people, site) -> dict:
    row = Incident.objects.create(
        site=site, kind="faint", description="x", opened_at=timezone.now(), opened_by=people.alice
    )
    return {"incident_id": row.id}


ROWS = {
    "clinic:site": at_site(lambda people, site: {"site_id": site.id}),
    "clinic:new_room": at_site(lambda people, site: {"site_id": site.id}),
    "clinic:room": at_site(room),
    "clinic:retire_lot": at_site(lot),
    "clinic:member": at_site(member),
    "clinic:give_role": at_site(member),
    "clinic:set_open": at_site(member),
    "clinic:forget_factor": at_site(member),
    "clinic:new_licence": at_site(member),
    "clinic:end_role": at_site(role),
    "clinic:licence": at_site(licence),
    "clinic:verify_licence": at_site(licence),
    "clinic:incident": at_site(incident),
    "clinic:close_incident": at_site(incident),
}
