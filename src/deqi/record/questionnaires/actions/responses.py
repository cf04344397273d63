"""Questionnaires are given to a person, answered one by one, sent, and amended by adding."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from deqi.record.actor import Actor
from deqi.record.audit.actions import log
from deqi.record.canonical import sha256_of
from deqi.record.care.actions.collecting import credit_question
from deqi.record.care.codes import questionnaire_code
from deqi.record.care.models import Observation, RatingRequest
from deqi.record.care.queries.courses import open_course_of
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import SELF_VERBS, patient_for
from deqi.record.practice.clock import today_at
from deqi.record.questionnaires.models import Assignment, Instrument, Response, ResponseNumber
from deqi.record.questionnaires.queries import response_for, why_not, why_over, with_end, with_permission
from deqi.record.questionnaires.reading import form_of
from deqi.science.measures.questionnaire import (
    AnswerError,
    Form,
    check_answers,
    number_of,
    open_questions,
    response,
    results,
    shown,
    typed,
    worked_out,
)

#: What the column of an observation holds, before the point.
LARGEST = Decimal(999_999)
#: Who answered, as the FHIR resource says it.
AUTHORS = {"home": "the person", "chair": "staff, in the room", "link": "by the link sent to the person"}


@transaction.atomic
def assign(
    actor: Actor,
    patient_id: UUID,
    assignment_id: UUID,
    instrument_id: UUID,
    *,
    where: str,
    due_on: date | None = None,
) -> Assignment:
    """Asks a person to answer an instrument, at home or in the room. The same id again changes nothing.

    Raises Refusal when the instrument may not be used today.
    """
    patient = patient_for(actor, patient_id, "clinical.write", page="questionnaires")
    assignment_id = uuid5(
        patient.id, str(assignment_id)
    )  # an id sent by a browser never reaches another's row
    same = Assignment.objects.filter(id=assignment_id).first()
    if same is not None:
        return same
    instrument = with_permission(Instrument.objects.filter(id=instrument_id)).first()
    if instrument is None:
        raise Refusal("Choose a questionnaire.", field="instrument")
    if why := why_not(instrument, today_at(patient.home_site)):
        raise Refusal(f"It cannot be given to anybody. {why}", field="instrument", code="not_usable")
    if where not in Assignment.Where.values:
        raise Refusal("Choose where it is answered.", field="where")
    if where == Assignment.Where.HOME and patient.user_id is None:
        raise Refusal(
            "This person has no sign-in yet. Invite them first, or ask here in the room.", field="where"
        )
    kept = Assignment.objects.create(
        id=assignment_id,
        patient=patient,
        course=open_course_of(patient.id),
        instrument=instrument,
        where=where,
        due_on=due_on,
        assigned_by_id=actor.user_id,
        assigned_at=timezone.now(),
    )
    log(actor, "form.assign", patient_id=patient.id, about=kept, detail={"instrument": instrument.title})
    return kept


@transaction.atomic
def withdraw(actor: Actor, patient_id: UUID, assignment_id: UUID) -> Assignment:
    """No longer asks for it; answers given so far stay in the record. Twice changes nothing."""
    patient = patient_for(actor, patient_id, "clinical.write", page="questionnaires")
    found = _assignment(patient, assignment_id)
    if Response.objects.filter(assignment=found, amends=None).exclude(status=Response.Status.OPEN).exists():
        raise Refusal("It is answered already.", code="answered")
    if found.withdrawn_at is None:
        found.withdrawn_at, found.withdrawn_by_id = timezone.now(), actor.user_id
        found.save(update_fields=["withdrawn_at", "withdrawn_by"])
        log(actor, "form.withdraw", patient_id=patient.id, about=found)
    return found


def asked(
    actor: Actor, patient_id: UUID | None, assignment_id: UUID, verb: str
) -> tuple[Assignment, Form, Response | None]:
    """What is to be answered, with the answers so far: for the pages that ask. Raises NotFound when it is not theirs."""
    if patient_id is None:
        raise NotFound("There is no such questionnaire.")
    patient = patient_for(actor, patient_id, verb, page="questionnaire")
    found = _assignment(patient, assignment_id)
    if verb in SELF_VERBS and found.where != Assignment.Where.HOME:
        raise NotFound("There is no such questionnaire.")
    given = Response.objects.filter(assignment=found, amends=None).first()
    return found, form_of(found.instrument), given


def _assignment(patient: Patient, assignment_id: UUID) -> Assignment:
    rows = Assignment.objects.filter(id=assignment_id, patient=patient).select_related(
        "instrument", "patient__home_site"
    )
    found = rows.first()
    if found is None:
        raise NotFound("There is no such questionnaire of this person.")
    return found


def _may_go_on(assignment: Assignment, given: Response | None) -> None:
    """Raises Refusal when nothing more may be answered."""
    if given is not None and given.status != Response.Status.OPEN:
        raise Refusal("This was sent already. What was sent does not change.", code="complete")
    if assignment.withdrawn_at is not None:
        raise Refusal("This is no longer asked. Thank you.", code="withdrawn")
    instrument = (
        with_permission(Instrument.objects.filter(id=assignment.instrument_id)).defer("resource").get()
    )
    today = today_at(assignment.patient.home_site)
    if over := why_over(with_end(Assignment.objects.filter(id=assignment.id)).get(), today):
        raise Refusal(over, code="over")
    if why_not(instrument, today):
        raise Refusal(
            "This questionnaire is no longer in use here. What was answered is kept.", code="not_usable"
        )


def _channel(actor: Actor, verb: str) -> str:
    """By which way an answer comes: whoever acts for themselves and is not signed in holds a link."""
    if verb not in SELF_VERBS:
        return Response.Channel.CHAIR
    return Response.Channel.HOME if actor.user_id else Response.Channel.LINK


def _asked_for(actor: Actor, assignment: Assignment, channel: str) -> RatingRequest | None:
    """Counts an answer for the request that asked it, if one did."""
    if assignment.chosen_id is None:
        return None
    code, today = questionnaire_code(assignment.id), today_at(assignment.patient.home_site)
    return credit_question(actor, assignment.patient_id, code, channel, today)


@transaction.atomic
def answer(
    actor: Actor,
    patient_id: UUID | None,
    assignment_id: UUID,
    link_id: str,
    given: Sequence[str],
    *,
    verb: str,
) -> Response:
    """Keeps the answer to one question, at once. The last answer counts until it is sent.

    `verb` is `self.answer` for the person themselves, `clinical.write` for staff in the room. Raises Refusal in
    words when the question does not take the answer.
    """
    assignment, form, _ = asked(actor, patient_id, assignment_id, verb)
    channel = _channel(actor, verb)
    row, _created = Response.objects.select_for_update(no_key=True).get_or_create(
        assignment=assignment,
        amends=None,
        defaults={
            "id": uuid5(assignment.id, "response"),
            "patient_id": assignment.patient_id,
            "course_id": assignment.course_id,
            "instrument_id": assignment.instrument_id,
            "channel": channel,
            "started_at": timezone.now(),
            "answered_by_id": actor.user_id,
        },
    )
    _may_go_on(assignment, row)
    item = form.items.get(link_id)
    if item is None or link_id not in shown(form, row.answers):
        raise NotFound("This is not asked.")
    try:
        values = typed(item, given)
    except AnswerError as error:
        raise Refusal(error.message, field="value")
    if row.answers.get(link_id, []) != values:
        row.answers = {**row.answers, link_id: values}
        if channel == Response.Channel.LINK:
            row.channel = channel
        row.save(update_fields=["answers", "channel"])
        log(actor, _told(verb), patient_id=row.patient_id, about=row, detail={"question": link_id})
        _asked_for(actor, assignment, channel)
    return row


def _told(verb: str) -> str:
    return verb if verb in SELF_VERBS else "form.answer"


@transaction.atomic
def complete(actor: Actor, patient_id: UUID | None, assignment_id: UUID, *, verb: str) -> Response:
    """Sends the answers: the response becomes a FHIR resource that never changes, each number an observation.

    Sent twice changes nothing. Raises Refusal when a question that must be answered is not.
    """
    assignment, form, _ = asked(actor, patient_id, assignment_id, verb)
    row = Response.objects.select_for_update(no_key=True).filter(assignment=assignment, amends=None).first()
    if row is None:
        raise Refusal("Nothing was answered yet.", code="empty")
    if row.status != Response.Status.OPEN:
        return row
    _may_go_on(assignment, row)
    lacking = open_questions(form, row.answers)
    if lacking:
        raise Refusal(f"{len(lacking)} still to answer.", code="open")
    if not any(row.answers.get(link_id) for link_id in shown(form, row.answers)):
        raise Refusal("Nothing was answered yet.", code="empty")
    channel = _channel(actor, verb)
    if channel == Response.Channel.LINK:
        row.channel = channel
    row.completed_at = timezone.now()
    row.answered_by_id = actor.user_id
    _close(row, form, Response.Status.COMPLETE)
    row.save()
    _keep_numbers(actor, row, form, _asked_for(actor, assignment, channel))
    log(actor, _told(verb), patient_id=row.patient_id, about=row, detail={"page": "questionnaire sent"})
    return row


@transaction.atomic
def amend(
    actor: Actor,
    patient_id: UUID,
    response_id: UUID,
    amendment_id: UUID,
    changes: Mapping[str, Sequence[str]],
    reason: str,
) -> Response:
    """Adds a corrected response beside one that was sent, with the reason. The original stays as it was.

    `changes`: link id -> what was typed. The same id again changes nothing. Raises Refusal for an answer that is
    not taken, a missing reason, nothing changed, or when it was amended already (then the newest is to be amended).
    """
    patient = patient_for(actor, patient_id, "clinical.write", page="questionnaire amended")
    original = response_for(patient, response_id)
    amendment_id = uuid5(original.id, str(amendment_id))
    if (same := Response.objects.filter(id=amendment_id).first()) is not None:
        return same
    if Response.objects.filter(amends=original).exists():
        raise Refusal("This was amended already. Open the newest and amend that.", code="amended")
    reason = " ".join(reason.split())
    if not 3 <= len(reason) <= 300:
        raise Refusal("Say why, in 3 to 300 characters.", field="reason")
    form = form_of(original.instrument)
    answers = _changed(form, original.answers, changes)
    row = Response(
        id=amendment_id,
        assignment_id=original.assignment_id,
        patient=patient,
        course_id=original.course_id,
        instrument=original.instrument,
        channel=original.channel,
        answers=answers,
        started_at=timezone.now(),
        completed_at=original.completed_at,
        answered_by_id=actor.user_id,
        amends=original,
        reason=reason,
    )
    _close(row, form, Response.Status.AMENDED)
    row.save(force_insert=True)
    _keep_numbers(actor, row, form)
    log(
        actor,
        "form.amend",
        patient_id=patient.id,
        about=row,
        detail={"of": str(original.id), "reason": reason},
    )
    return row


def _changed(form: Form, before: Mapping[str, Any], changes: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    answers = {key: list(values) for key, values in before.items()}
    for link_id, given in changes.items():
        if link_id not in form.items:
            raise NotFound("There is no such question.")
        try:
            answers[link_id] = typed(form.items[link_id], given)
        except AnswerError as error:
            raise Refusal(f"{form.items[link_id].text}: {error.message}", field=link_id)
    seen = shown(form, answers)
    answers = {key: values for key, values in answers.items() if values and key in seen}
    if answers == {key: values for key, values in before.items() if values}:
        raise Refusal("Nothing is different.", code="same")
    if lacking := open_questions(form, answers):
        raise Refusal(
            f"{lacking[0].text or lacking[0].link_id}: this must be answered.", field=lacking[0].link_id
        )
    return answers


def _close(row: Response, form: Form, status: str) -> None:
    """Puts the FHIR resource and its hash on a response that is about to be saved. Only what is shown stays."""
    seen = shown(form, row.answers)
    row.answers = {key: values for key, values in row.answers.items() if values and key in seen}
    check_answers(form, row.answers)
    values, _ = worked_out(form, row.answers)
    at: datetime = row.completed_at or timezone.now()
    resource = response(
        form, row.answers, status=str(status), authored=at.isoformat(timespec="seconds"), worked_out=values
    )
    row.resource = {
        **resource,
        "id": str(row.id),
        "subject": {"reference": f"Patient/{row.patient_id}"},
        "author": {"display": AUTHORS[row.channel]},
    }
    row.status = status
    row.sha256 = sha256_of(row.resource)


def code_of(instrument: Instrument, key: str) -> str:
    """The code under which a number of an instrument is kept: `form:<key>:<link id or scorer:total>`.

    At most 60 characters; a long link id stands by its hash.
    """
    code = f"form:{instrument.key}:{key}"
    if len(code) <= 60:
        return code
    return f"form:{instrument.key}:#{hashlib.sha256(key.encode()).hexdigest()[:24]}"


def _keep_numbers(actor: Actor, row: Response, form: Form, asked_for: RatingRequest | None = None) -> None:
    """Each score and each numeric answer becomes an observation that knows its response and what asked for it.

    Raises Refusal when one is too large to be kept: nothing is dropped in silence, the answers stay as they are.
    """
    found: list[tuple[str, str, str, Any, str, str]] = []
    for one in results(form, row.answers, scorer=row.instrument.scorer, links=row.instrument.links):
        if one.value is not None:
            found.append(("score", one.key, one.label, one.value, one.unit, one.meaning))
    for item in form.questions:
        values = row.answers.get(item.link_id, [])
        number = number_of(item, values[0]) if len(values) == 1 else None
        if number is not None:
            found.append(("answer", item.link_id, item.text or item.link_id, number, item.unit, ""))
    for kind, key, label, value, *_ in found:
        if abs(value) > LARGEST:
            raise Refusal(
                f"{label}: this comes to {value:,.0f}, and only numbers up to {LARGEST:,} can be kept. The answers stay as"
                " they are. Please look at the numbers given; if they are right, the questionnaire needs another unit.",
                field=key if kind == "answer" else "",
            )
    observations = [
        Observation(
            id=uuid5(row.id, key),
            patient_id=row.patient_id,
            course_id=row.course_id,
            request=asked_for,
            code=code_of(row.instrument, key),
            value=Decimal(str(value)).quantize(Decimal("0.001")),
            unit=unit[:20],
            channel=row.channel,
            effective_at=row.completed_at,
            recorded_by_id=actor.user_id,
        )
        for _, key, _, value, unit, _ in found
    ]
    Observation.objects.bulk_create(observations)
    ResponseNumber.objects.bulk_create(
        ResponseNumber(
            response=row,
            observation=observation,
            kind=kind,
            key=key,
            label=label[:300],
            meaning=meaning[:300],
            position=n,
        )
        for n, ((kind, key, label, _, _, meaning), observation) in enumerate(
            zip(found, observations, strict=True)
        )
    )
