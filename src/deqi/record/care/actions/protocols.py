"""Protocols: saved, changed by a new version, copied, retired. What another uses is never changed under them."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.care.line import read
from deqi.record.care.models import Protocol
from deqi.record.care.queries.protocols import VERB, protocol_for
from deqi.record.errors import NotFound, Refusal
from deqi.record.practice.models import Site
from deqi.science.case import CONDITIONS
from deqi.science.points import format_line

NAME_LIMIT = 80


@transaction.atomic
def save_protocol(
    actor: Actor,
    protocol_id: UUID,
    *,
    site_id: UUID,
    name: str,
    line: str,
    condition: str = "",
    note: str = "",
    shared: bool = False,
    replaces: UUID | None = None,
) -> Protocol:
    """Keeps a line under a name; with `replaces`, as the next version of that protocol, which is retired.

    The same id posted again changes nothing. Raises LineRefused for a line that cannot be read, Refusal for a name
    that is taken, and when somebody else owns or has already replaced the version.
    """
    actor.check(VERB, site_id)
    if (same := Protocol.objects.filter(id=protocol_id).first()) is not None:
        if same.owner_id != actor.user_id:
            raise NotFound("There is no such protocol at your sites.")
        return same
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LIMIT:
        raise Refusal(f"A name of 1 to {NAME_LIMIT} characters.", field="name")
    if condition and condition not in CONDITIONS:
        raise Refusal("Choose one of the conditions.", field="condition")
    placements = read(line)
    if not placements:
        raise Refusal("Write at least one point.", field="line", code="no_points")
    if not Site.objects.filter(id=site_id, active=True).exists():
        raise NotFound("There is no such site.")
    before = _replaced(actor, replaces) if replaces else None
    _name_is_free(actor, site_id, name)
    kept = Protocol.objects.create(
        id=protocol_id,
        site_id=site_id,
        owner_id=actor.user_id,
        name=name,
        line=format_line(placements),
        condition=condition,
        note=note.strip(),
        shared=shared,
        version=before.version + 1 if before else 1,
        replaces=before,
        created_at=timezone.now(),
    )
    log(actor, "protocol.save", about=kept, detail={"name": name, "version": kept.version})
    return kept


def _replaced(actor: Actor, protocol_id: UUID) -> Protocol:
    """The version to be replaced, retired. The caller makes the next one in the same transaction."""
    before = protocol_for(actor, protocol_id)
    if before.owner_id != actor.user_id:
        raise Refusal(f"This is {before.owner.name}'s. Copy it, then change your copy.", code="not_yours")
    if before.retired_at is not None:
        raise Refusal(
            "This version was replaced or retired meanwhile. Open the list again; nothing was changed.",
            code="replaced",
        )
    _retire(actor, before)
    return before


def _name_is_free(actor: Actor, site_id: UUID, name: str) -> None:
    if Protocol.objects.filter(
        owner=actor.user_id, site=site_id, name__iexact=name, retired_at=None
    ).exists():
        raise Refusal(
            f"You have a protocol called {name} already. Choose another name.", field="name", code="taken"
        )


@transaction.atomic
def copy_protocol(actor: Actor, protocol_id: UUID, copy_id: UUID) -> Protocol:
    """A copy of one's own, not shared, at the same site. The same copy id again changes nothing."""
    original = protocol_for(actor, protocol_id)
    actor.check(VERB, original.site_id)
    if (same := Protocol.objects.filter(id=copy_id).first()) is not None:
        if same.owner_id != actor.user_id:
            raise NotFound("There is no such protocol at your sites.")
        return same
    used = set(
        Protocol.objects.filter(owner=actor.user_id, site=original.site_id, retired_at=None).values_list(
            "name", flat=True
        )
    )
    names = [
        original.name,
        *(f"{original.name[: NAME_LIMIT - 10]} (copy {n})" for n in range(1, len(used) + 2)),
    ]
    copy = Protocol.objects.create(
        id=copy_id,
        site_id=original.site_id,
        owner_id=actor.user_id,
        name=next(name for name in names if name not in used),
        line=original.line,
        condition=original.condition,
        note=original.note,
        copied_from=original,
        created_at=timezone.now(),
    )
    log(actor, "protocol.copy", about=copy, detail={"from": str(original.id)})
    return copy


@transaction.atomic
def retire_protocol(actor: Actor, protocol_id: UUID) -> Protocol:
    """Takes a protocol out of use; it stays readable. Its owner does, or a senior clinician. Twice changes nothing."""
    found = protocol_for(actor, protocol_id)
    if found.owner_id != actor.user_id and not actor.may("safety.lift_stop", found.site_id):
        raise Refusal(
            f"This is {found.owner.name}'s; they or a senior clinician retire it.", code="not_yours"
        )
    if found.retired_at is None:
        _retire(actor, found)
        log(actor, "protocol.retire", about=found, detail={"name": found.name})
    return found


def _retire(actor: Actor, protocol: Protocol) -> None:
    protocol.retired_at, protocol.retired_by_id = timezone.now(), actor.user_id
    protocol.save(update_fields=["retired_at", "retired_by"])
