"""Staff pages: one visit. Every form of the page posts one part and gets the page back."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from deqi.doors.access import needs
from deqi.doors.clinic.visit.parts import PARTS, moment, uuid_of
from deqi.doors.clinic.visit.shown import shown
from deqi.doors.clock import render
from deqi.doors.http import both, get_only, post_only
from deqi.record.care.actions.events import report_event
from deqi.record.care.actions.screens import lift_stop
from deqi.record.care.actions.sessions import start_session
from deqi.record.care.actions.signing import amend_session, seal_holds, sign_session
from deqi.record.care.queries.start import start_page
from deqi.record.care.queries.visit import try_line as tried
from deqi.record.care.queries.visit import visit_page
from deqi.record.errors import Conflict, NotFound, Refusal


@both
@needs("session.run")
def start(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Opens a visit, or says everything that is missing and where to put it right."""
    page = start_page(request.actor, patient_id)
    if page.open_visit and request.method != "POST":
        return redirect("clinic:visit", page.open_visit)
    why_not = page.why_not
    if request.method == "POST" and page.course:
        try:
            post = request.POST
            session = start_session(
                request.actor,
                page.course.id,
                session_id=uuid_of(post, "id", needed=True),
                room_id=uuid_of(post, "room"),
                appointment_id=uuid_of(post, "appointment"),
                deviation_reason=post.get("deviation_reason", "")[:300],
            )
            return redirect("clinic:visit", session.id)
        except Refusal as refusal:
            why_not = [refusal]
    context = {
        "here": "today",
        "page": page,
        "patient": page.patient,
        "course": page.course,
        "why_not": why_not,
        "tried": request.method == "POST" and not page.why_not,
        "reason": request.POST.get("deviation_reason", ""),
        "chosen": request.GET.get("room") or (page.appointment and str(page.appointment.room_id)),
        "appointment": request.GET.get("appointment") or (page.appointment and page.appointment.id),
    }
    return render(
        request, "clinic/visit/start.html", context, status=409 if request.method == "POST" else 200
    )


@get_only
@needs("clinical.view")
def visit(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """The page of one visit: open to write in, or as it was signed."""
    return _page(request, session_id)


@get_only
@needs("session.run")
def try_line(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """What the words typed so far would make, and what the safety rules say to that. Saves nothing."""
    trial = tried(request.actor, session_id, request.GET.get("line", ""))
    return render(request, "clinic/visit/_trial.html", {"trial": trial})


@post_only
@needs("session.run")
def do(request: HttpRequest, session_id: UUID, what: str) -> HttpResponse:
    """Saves one part of the visit: `what` is one of `PARTS`."""
    if what not in PARTS:
        raise NotFound("There is no such part of a visit.")
    return _answer(request, session_id, what, lambda: PARTS[what](request.actor, session_id, request.POST))


@post_only
@needs("session.sign")
def sign(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Saves what is typed about comfort, side effects and the note, then signs. Twice changes nothing."""

    def save_and_sign() -> None:
        if "note" in request.POST:
            PARTS["after"](request.actor, session_id, request.POST)
        sign_session(request.actor, session_id)

    return _answer(
        request, session_id, "after", save_and_sign, done="Signed. From now on nothing in it changes."
    )


@post_only
@needs("session.amend")
def amend(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Adds to a signed record."""
    return _answer(
        request,
        session_id,
        "amend",
        lambda: amend_session(
            request.actor,
            session_id,
            amendment_id=uuid_of(request.POST, "id", needed=True),
            text=request.POST.get("text", ""),
            reason=request.POST.get("reason", ""),
        ),
        done="The amendment is added. The signed record stays as it was.",
    )


@post_only
@needs("safety.lift_stop")
def lift(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """A senior clinician lifts a stop, with a written reason."""
    reason = request.POST.get("reason", "")
    return _answer(request, session_id, "lift", lambda: lift_stop(request.actor, session_id, reason))


@post_only
@needs("session.run")
def happened(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Something unwanted happened: it goes to the register, and to incidents where a needle or device is in it."""
    post = request.POST
    return _answer(
        request,
        session_id,
        "happened",
        lambda: report_event(
            request.actor,
            uuid_of(post, "patient", needed=True),
            event_id=uuid_of(post, "id", needed=True),
            event_type=post.get("event_type", ""),
            onset_at=moment(request.actor, session_id, post.get("onset", "")),
            description=post.get("description", ""),
            points=post.get("points", ""),
            session_id=session_id,
        ),
        done="Noted in the register. A senior clinician will assess it.",
    )


def _answer(
    request: HttpRequest, session_id: UUID, part: str, act: Callable[[], object], done: str = ""
) -> HttpResponse:
    """Acts, then shows the page again; a refusal stands beside its part with everything typed still there."""
    try:
        act()
    except Conflict as conflict:
        return _page(request, session_id, part, conflict, 409)
    except Refusal as refusal:
        return _page(request, session_id, part, refusal, 422)
    if done:
        messages.success(request, done)
    return redirect("clinic:visit", session_id)


def _page(
    request: HttpRequest, session_id: UUID, part: str = "", refusal: Refusal | None = None, status: int = 200
) -> HttpResponse:
    page = visit_page(request.actor, session_id)
    context = shown(
        page, request.actor, part, refusal, request.POST if refusal else None, request.GET.get("layer", "")
    )
    name = "signed" if page.session.state == "signed" else "visit"
    if name == "signed":
        context["sound"] = seal_holds(page.session)
    return render(request, f"clinic/visit/{name}.html", context, status=status)
