"""What somebody had typed and not yet sent. Theirs alone, small, gone once the page is saved."""

from __future__ import annotations

import json
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.errors import Forbidden, Refusal
from deqi.record.practice.models import Draft

MOST_BYTES = 100_000
MOST_FIELDS = 300
MOST_DRAFTS = 50
KEPT_DAYS = 14


@transaction.atomic
def save_draft(actor: Actor, page: str, fields: dict[str, list[str]]) -> None:
    """Keeps the fields of the form `page` names: the path it posts to, and `#` with a word when two post there.

    An empty mapping forgets the draft. Passwords are never kept. Refused beyond 100 kB or 300 fields; of more
    than fifty drafts the oldest goes, and any goes after fourteen days.
    """
    if actor.user_id is None:
        raise Forbidden("signed_in")
    if not page.startswith("/") or len(page) > 300:
        raise Refusal("A draft belongs to a page of this site.", field="page", code="page")
    if not isinstance(fields, dict) or not all(_is_field(*pair) for pair in fields.items()):
        raise Refusal("A draft is a list of texts for each field.", code="shape")
    kept = {name: values for name, values in fields.items() if "password" not in name.lower()}
    if len(kept) > MOST_FIELDS or len(json.dumps(kept)) > MOST_BYTES:
        raise Refusal("This is too much to keep as a draft; please save the page.", code="size")
    if not kept:
        drop_draft(actor, page)
        return
    Draft.objects.update_or_create(user_id=actor.user_id, page=page, defaults={"fields": kept})
    own = Draft.objects.filter(user_id=actor.user_id)
    own.filter(updated_at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()
    surplus = own.order_by("-updated_at").values_list("id", flat=True)[MOST_DRAFTS:]
    if surplus := list(surplus):
        own.filter(id__in=surplus).delete()


def drop_draft(actor: Actor, page: str) -> None:
    """Forgets the draft of `page`, if there is one."""
    if actor.user_id is not None:
        Draft.objects.filter(user_id=actor.user_id, page=page).delete()


def drafts_of(actor: Actor, pages: list[str]) -> list[Draft]:
    """What the acting person had typed in the forms `pages` name, as far as it was kept."""
    return list(Draft.objects.filter(user_id=actor.user_id, page__in=pages)) if actor.user_id else []


def _is_field(name: object, values: object) -> bool:
    return isinstance(name, str) and isinstance(values, list) and all(isinstance(v, str) for v in values)
