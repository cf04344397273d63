"""Instruments come in, are allowed, are retired. The wording stays in the clinic's own database."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.canonical import sha256_of
from deqi.record.errors import Refusal
from deqi.record.questionnaires.models import Instrument, UsePermission
from deqi.record.questionnaires.queries import instrument_for
from deqi.science.measures.questionnaire import Form, QuestionnaireError, form_from, link, parse, trial

VERB = "form.manage"


class InstrumentRefused(Refusal):
    """A file that is not taken. `problems` holds (JSON path, what is wrong)."""

    def __init__(self, problems: list[tuple[str, str]]):
        self.problems = problems
        count = len(problems)
        super().__init__(
            f"The file was not taken: {'one thing is' if count == 1 else f'{count} things are'} wrong in it. "
            "Nothing was kept.",
            field="file",
            code="not_taken",
        )


def read_file(source: bytes, scorer: str = "") -> tuple[Form, dict[str, str]]:
    """The form in a file and, with a scorer, which item answers which part. Raises InstrumentRefused."""
    try:
        questionnaire, raw = parse(source)
        form = form_from(questionnaire, raw)
        links = link(form, scorer) if scorer else {}
        trial(form, scorer=scorer)
    except QuestionnaireError as error:
        raise InstrumentRefused(error.problems)
    return form, links


@transaction.atomic
def import_instrument(actor: Actor, source: bytes, *, scorer: str = "") -> Instrument:
    """Keeps a FHIR Questionnaire as one version of an instrument. The same file again changes nothing.

    It cannot be used before a statement of permission is recorded. Raises InstrumentRefused for a file with faults,
    Refusal when this url and version are there with other content.
    """
    actor.check(VERB)
    form, links = read_file(source, scorer)
    digest = sha256_of(form.resource)
    same = Instrument.objects.filter(url=form.url, version=form.version).first()
    if same is not None:
        if same.sha256 == digest and same.scorer == scorer:
            return same
        what = "other content" if same.sha256 != digest else "another scorer"
        raise Refusal(
            f"Version {form.version} of this questionnaire is here with {what}. A version never changes: give the "
            "file a new version.",
            field="file",
            code="version_taken",
        )
    kept = Instrument.objects.create(
        url=form.url,
        version=form.version,
        key=_key(form),
        title=form.title[:200],
        resource=form.resource,
        sha256=digest,
        scorer=scorer,
        links=links,
        imported_by_id=actor.user_id,
        imported_at=timezone.now(),
    )
    log(actor, "form.import", about=kept, detail={"url": kept.url, "version": kept.version, "sha256": digest})
    return kept


def _key(form: Form) -> str:
    """A short name for codes: the one of the same url, else a new one made from the title."""
    before = Instrument.objects.filter(url=form.url).values_list("key", flat=True).first()
    if before:
        return before
    stem = re.sub(r"[^a-z0-9]+", "-", slugify(form.name))[:20].strip("-") or "form"
    taken = set(Instrument.objects.filter(key__startswith=stem).values_list("key", flat=True))
    return next(key for key in (stem, *(f"{stem}-{n}" for n in range(2, 1000))) if key not in taken)


@transaction.atomic
def record_permission(
    actor: Actor,
    instrument_id: UUID,
    permission_id: UUID,
    *,
    who: str,
    statement: str,
    until: date | None = None,
) -> UsePermission:
    """Writes down who allows the use of an instrument, in what words, until when. The newest statement counts.

    The same id again changes nothing. Raises Refusal naming `who`, `statement` or `until`.
    """
    actor.check(VERB)
    instrument = instrument_for(actor, instrument_id)
    permission_id = uuid5(instrument.id, str(permission_id))
    if (same := UsePermission.objects.filter(id=permission_id).first()) is not None:
        return same
    who, statement = " ".join(who.split()), statement.strip()
    if not 1 <= len(who) <= 200:
        raise Refusal("Who allows it, in 1 to 200 characters.", field="who")
    if not 10 <= len(statement) <= 4000:
        raise Refusal(
            "What was allowed, in 10 to 4000 characters: the words or the licence number.", field="statement"
        )
    if until is not None and until < timezone.localdate():
        raise Refusal("That day is past.", field="until")
    kept = UsePermission.objects.create(
        id=permission_id,
        instrument_id=instrument.id,
        who=who,
        statement=statement,
        until=until,
        recorded_by_id=actor.user_id,
        recorded_at=timezone.now(),
    )
    log(actor, "form.permit", about=kept, detail={"instrument": str(instrument.id), "who": who})
    return kept


@transaction.atomic
def retire_instrument(actor: Actor, instrument_id: UUID) -> Instrument:
    """Takes a version out of use. What was answered stays readable. Twice changes nothing."""
    actor.check(VERB)
    instrument_for(actor, instrument_id)
    found = Instrument.objects.select_for_update(no_key=True).defer("resource").get(id=instrument_id)
    if found.retired_at is None:
        found.retired_at, found.retired_by_id = timezone.now(), actor.user_id
        found.save(update_fields=["retired_at", "retired_by"])
        log(actor, "form.retire", about=found, detail={"url": found.url, "version": found.version})
    return found
