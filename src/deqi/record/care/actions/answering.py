"""An answer by the link in a message: no sign-in, one request, nothing else of the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from deqi.record.actor import Actor
from deqi.record.audit.actions import SAME_LOOK, log
from deqi.record.audit.models import AuditEntry
from deqi.record.care.actions.collecting import home_rating_id, keep_tap
from deqi.record.care.codes import questionnaire_of
from deqi.record.care.links import request_behind
from deqi.record.care.models import Messaging, Observation, RatingRequest
from deqi.record.care.queries.asked import is_locked, is_over
from deqi.record.errors import NotFound, Refusal
from deqi.record.patients.models import Consent, Patient
from deqi.record.patients.queries.consents import in_force
from deqi.record.permissions import Role
from deqi.record.practice.clock import today_at
from deqi.record.questionnaires.besides import BEGUN, SENT, SENT_BEFORE, asked_by


@dataclass(frozen=True)
class Opened:
    """What a link shows: the request, its day at the site, what it asks now, and the answers given today by code.

    `forms`: the questionnaires among `codes`, and how each stands.
    """

    request: RatingRequest
    today: date
    codes: list[str]
    given: dict[str, int]
    forms: Mapping[str, str]

    def left(self, after: str = "") -> list[str]:
        """Questions without an answer today, in their order: all of them, or those that follow one."""
        sent = {code for code, stands in self.forms.items() if stands in (SENT, SENT_BEFORE)}
        following = self.codes[self.codes.index(after) + 1 if after else 0 :]
        return [code for code in following if code not in self.given and code not in sent]


def bearer(patient: Patient) -> Actor:
    """Whoever holds the link: they act for this person, and for nothing but the question."""
    roles = frozenset({(Role.PATIENT, patient.home_site_id)})
    return Actor(name="Link in a message", roles=roles, patient_id=patient.id)


def open_link(token: str, *, look: bool = True) -> Opened:
    """The open request behind a link. Looking is logged once in ten minutes.

    Raises Refusal, in words for the person: unknown, expired, withdrawn, early, late, consent, locked, answered.
    """
    request = request_behind(token)
    patient, today = request.patient, today_at(request.site)
    if request.withdrawn_at:
        raise Refusal(_("This question was taken back. There is nothing to do."), code="withdrawn")
    if not request.day <= today <= request.until:
        raise Refusal(
            _("The time for this question is over. The next message brings a new one."), code="late"
        )
    if not _agreed(request):
        raise Refusal(
            _("You took back your agreement to be asked, so nothing is kept. Your care goes on as before."),
            code="consent",
        )
    if is_locked(request):
        raise Refusal(_("Your treatment has begun, so this question is over. Thank you."), code="locked")
    forms = asked_by(request)
    codes = [code for code in request.codes if code in forms or questionnaire_of(code) is None]
    if is_over(request, today):  # a questionnaire that was begun then can still be sent
        codes = [code for code in codes if forms.get(code) in (BEGUN, SENT)]
        if not codes:
            raise Refusal(_("You have answered this one. Thank you."), code="answered")
    if look:
        _log_look(request)
    ids = {home_rating_id(patient.id, today, code): code for code in codes}
    rows = Observation.objects.filter(id__in=ids).values_list("id", "value")
    given = {ids[key]: int(value) for key, value in rows if value is not None}
    return Opened(request, today, codes, {code: given[code] for code in codes if code in given}, forms)


def _agreed(request: RatingRequest) -> bool:
    """Whether the person agrees to be measured and, where a design brought the request, to the design."""
    kinds = [Consent.Kind.MEASUREMENT]
    if request.kind == RatingRequest.Kind.DESIGN:
        kinds.append(Consent.Kind.SINGLE_CASE)
    held = in_force(request.patient_id)
    return all(kind in held and held[kind].decision == Consent.Decision.GIVEN for kind in kinds)


def _log_look(request: RatingRequest) -> None:
    """One entry covers ten minutes of opening the same link."""
    same = AuditEntry.objects.filter(
        verb="rating.open",
        patient_id=request.patient_id,
        object_id=str(request.id),
        at__gte=timezone.now() - SAME_LOOK,
    )
    if not same.exists():
        log(bearer(request.patient), "rating.open", patient_id=request.patient_id, about=request)


@transaction.atomic
def answer(token: str, code: str, value: int) -> Opened:
    """Keeps a tap. The same tap again changes nothing; another on the same day corrects it."""
    opened = open_link(token, look=False)
    request, patient = opened.request, opened.request.patient
    if code not in opened.codes or code in opened.forms:
        raise NotFound("This link does not ask that.")
    keep_tap(
        bearer(patient),
        patient,
        code,
        value,
        today=opened.today,
        channel=Observation.Channel.LINK,
        course_id=request.course_id,
    )
    return open_link(token, look=False)


@transaction.atomic
def stop_messages(token: str) -> Patient:
    """Stops messages to the person a link was sent to. Works with a link whose question is over. Twice: once."""
    patient = request_behind(token).patient
    _stop(bearer(patient), patient, "link")
    return patient


@transaction.atomic
def set_messages(actor: Actor, patient: Patient, *, wanted: bool) -> None:
    """Stops or starts messages, from the person's own page."""
    if not wanted:
        _stop(actor, patient, "page")
        return
    changed = Messaging.objects.filter(patient=patient, stopped_at__isnull=False)
    if changed.update(stopped_at=None, stopped_how=""):
        log(actor, "messages.start", patient_id=patient.id)


def _stop(actor: Actor, patient: Patient, how: str) -> None:
    held, _made = Messaging.objects.get_or_create(patient=patient)
    if held.stopped_at is None:
        Messaging.objects.filter(patient=patient).update(stopped_at=timezone.now(), stopped_how=how)
        log(actor, "messages.stop", patient_id=patient.id, detail={"how": how})
