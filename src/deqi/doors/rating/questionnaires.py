"""A questionnaire behind the link: one question a page, as after sign-in, and nothing of what was answered before today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from deqi.doors import answering
from deqi.doors.access import public
from deqi.doors.http import both, get_only, post_only
from deqi.doors.rating.over import over
from deqi.record.actor import Actor
from deqi.record.care.actions.answering import Opened, bearer, open_link
from deqi.record.care.codes import questionnaire_code
from deqi.record.errors import Refusal
from deqi.record.practice.clock import local
from deqi.record.questionnaires.besides import SENT, SENT_BEFORE
from deqi.record.questionnaires.models import Response


@dataclass(frozen=True, kw_only=True)
class ByLink(answering.Door):
    """The door of one link. The title is not said: it may name an illness. `leave` is an address."""

    token: str
    opened: Opened

    def url(self, page: str, patient_id: UUID | None, assignment_id: UUID, *more: int) -> str:
        return reverse(f"{self.pages}{page}", args=[self.token, assignment_id, *more])

    def out(self, patient_id: UUID | None) -> str:
        return self.leave

    def actor(self, request: HttpRequest) -> Actor:
        return bearer(self.opened.request.patient)

    def shows(self, given: Response | None) -> bool:
        """Of one begun on an earlier day only that answers are there: the message of today may be read by another."""
        day = self.opened.today
        return given is None or local(self.opened.request.site, given.started_at).date() == day


Page = Callable[[UUID, ByLink], HttpResponse]


def _ask(request: HttpRequest, token: str, assignment_id: UUID, page: Page) -> HttpResponse:
    """Draws a page of a questionnaire that this link asks now; else says why not, or goes to the end."""
    code = questionnaire_code(assignment_id)
    try:
        opened = open_link(token)
        if code not in opened.request.codes:
            raise Http404
        if code not in opened.codes:
            raise Refusal(_("These questions are no longer asked. Thank you."), code="over")
    except Refusal as refusal:
        return over(request, token, refusal)
    if opened.forms[code] in (SENT, SENT_BEFORE):
        return redirect("rating:done", token)
    left = opened.left(after=code)
    leave = reverse("rating:rate", args=[token, left[0]]) if left else reverse("rating:done", args=[token])
    door = ByLink(
        "self.answer",
        "deqi/patient.html",
        "rating:questionnaire",
        leave,
        about=False,
        known=False,
        token=token,
        opened=opened,
    )
    return page(opened.request.patient_id, door)


@never_cache
@get_only
@public
def begin(request: HttpRequest, token: str, assignment_id: UUID) -> HttpResponse:
    """To the first question without an answer, or to all answers."""
    return _ask(
        request, token, assignment_id, lambda whose, d: answering.begin(request, whose, assignment_id, d)
    )


@never_cache
@both
@public
def question(request: HttpRequest, token: str, assignment_id: UUID, number: int) -> HttpResponse:
    """One question. An answer is kept at once."""
    return _ask(
        request,
        token,
        assignment_id,
        lambda whose, d: answering.question(request, whose, assignment_id, number, d),
    )


@never_cache
@get_only
@public
def everything(request: HttpRequest, token: str, assignment_id: UUID) -> HttpResponse:
    """All questions, before they are sent."""
    return _ask(
        request, token, assignment_id, lambda whose, d: answering.everything(request, whose, assignment_id, d)
    )


@never_cache
@post_only
@public
def send(request: HttpRequest, token: str, assignment_id: UUID) -> HttpResponse:
    """Sends them, and goes on with what this link asks besides."""
    return _ask(
        request, token, assignment_id, lambda whose, d: answering.send(request, whose, assignment_id, d)
    )
