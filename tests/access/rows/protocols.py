"""Rows behind the addresses of protocols."""

from uuid import uuid4

from django.utils import timezone

from deqi.record.care.models import Protocol
from tests.access.rows import at_site


def shared(people, site) -> dict:
    owner = people.alice if site == people.north else people.dan
    made = Protocol.objects.create(
        site=site, owner=owner, name=f"Feet {uuid4()}", line="ST36 b", shared=True, created_at=timezone.now()
    )
    return {"protocol_id": made.id}


ROWS = {
    "clinic:protocol": at_site(shared),
    "clinic:protocol_copy": at_site(shared),
    "clinic:protocol_retire": at_site(shared),
}
