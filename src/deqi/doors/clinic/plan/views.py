"""Staff pages: the course, proposed with reasons, changed freely, every revision kept."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from deqi.doors.access import needs
from deqi.doors.clinic.plan.forms import PlanForm, from_proposal, review_sessions
from deqi.doors.clinic.questionnaires.plots import lines
from deqi.doors.clock import render
from deqi.doors.http import both, form_id, get_only, post_only, see_other
from deqi.record.care.actions import courses as actions
from deqi.record.care.models import Course
from deqi.record.care.queries.asked import answers_of
from deqi.record.care.queries.case import case_of, known_from
from deqi.record.care.queries.chance import chance_lists, decided_from
from deqi.record.care.queries.courses import course_for, position_of, revisions_of, with_position
from deqi.record.care.queries.history import history_of
from deqi.record.errors import Conflict, Refusal
from deqi.record.patients.actions.history import CAUSES
from deqi.record.patients.queries import patient_for
from deqi.record.practice.clock import today_at
from deqi.record.questionnaires.queries import from_columns, score_columns, score_lines
from deqi.record.together import together
from deqi.science.case import Case
from deqi.science.course import PlanProposal
from deqi.science.course import plan as propose
from deqi.science.evidence import doses

#: Words of the case -> words of the evidence base, where they differ or there is none.
EVIDENCE = {"mixed": None}


@get_only
@needs("clinical.view")
def courses(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The one that is going on, or the list when there are several or none."""
    patient = patient_for(request.actor, patient_id, "clinical.view", page="courses")
    rows = with_position(Course.objects.filter(patient=patient)).select_related("condition")
    found = list(rows.order_by("-opened_at"))
    going_on = [course for course in found if course.status != Course.Status.ENDED]
    if len(going_on) == 1 and "all" not in request.GET:
        return redirect("clinic:course", going_on[0].id)
    if not found:
        return redirect("clinic:course_new", patient.id)
    context = {
        "tab": "course",
        "here": "patients",
        "patient": patient,
        "courses": [(course, position_of(course)) for course in found],
    }
    return render(request, "clinic/plan/courses.html", context)


@both
@needs("course.plan")
def course_new(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """A new course: what is proposed and why, beside what is decided."""
    patient = patient_for(request.actor, patient_id, "course.plan", page="new course")
    on = today_at(patient.home_site)
    lists = history_of(patient, on)
    known = known_from(patient, on, lists)
    case = case_of(patient, None, on, known=known)
    proposal = propose(case)
    goals = own_words(lists)
    form = PlanForm(request.POST or None, initial=from_proposal(proposal, goals, list(case.symptoms)))
    if request.method == "POST" and form.is_valid():
        try:
            course = actions.open_course(
                request.actor,
                patient_id,
                form.plan(kept(case, proposal)),
                why=form.cleaned_data["why"],
                course_id=form_id(request),
            )
            messages.success(request, "The course is open. Its first review is planned.")
            return see_other("clinic:course", course.id)
        except Refusal as refusal:
            form.refuse(refusal)
    context = {
        **_beside(case, proposal),
        "tab": "course",
        "here": "patients",
        "patient": patient,
        "condition": known.condition(),
        "form": form,
        "pairs": pairs(form, proposal),
        "goals": goals,
        "row": request.POST.get("row") or str(uuid4()),
    }
    return render(request, "clinic/plan/new.html", context, status=422 if form.is_bound else 200)


@both
@needs("clinical.view")
def course(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """The plan in force, where the course stands, every plan before; and changing it."""
    patient, course = course_for(request.actor, course_id, "clinical.view", page="course")
    revisions = revisions_of(course)
    lists = together(**chance_lists(patient), scores=score_columns(patient, course))
    initial = {**actions.shown(revisions[0]), "expected": revisions[0].number}
    form, theirs = PlanForm(request.POST or None, initial=initial), None
    if request.method == "POST":
        request.actor.check("course.plan", patient.home_site_id)
        if form.is_valid():
            try:
                expected = request.POST.get("expected", "")
                actions.revise_course(
                    request.actor,
                    course_id,
                    form.plan(revisions[0].proposal),
                    why=form.cleaned_data["why"],
                    expected=int(expected) if expected.isdecimal() and len(expected) < 10 else None,
                )
                messages.success(request, "The plan is changed; the one before stays readable.")
                return see_other("clinic:course", course_id)
            except Conflict as conflict:
                theirs = conflict.theirs
                form.refuse(conflict)
            except Refusal as refusal:
                form.refuse(refusal)
    context = {
        "tab": "course",
        "here": "patients",
        "patient": patient,
        "course": course,
        "position": position_of(course),
        "answers": answers_of(course),
        "decided": decided_from(lists, patient, course),
        "scores": lines(score_lines(from_columns(lists["scores"]))),
        "now": revisions[0],
        "revisions": revisions[1:],
        "form": form,
        "theirs": theirs,
        "differs": different(form, theirs),
    }
    status = 409 if theirs else 422 if form.is_bound else 200
    return render(request, "clinic/plan/course.html", context, status=status)


@post_only
@needs("course.plan")
def end(request: HttpRequest, course_id: UUID) -> HttpResponse:
    course = actions.end_course(request.actor, course_id, request.POST.get("reason", ""))
    messages.success(request, "The course has ended. Ratings at 4, 12 and 26 weeks tell whether it lasts.")
    return see_other("clinic:chart", course.patient_id)


def own_words(lists: dict[str, list[dict[str, Any]]]) -> str:
    """What the patient wants to be able to do again, as they wrote it."""
    intake = next(iter(lists["intakes"]), None)
    answer = (intake or {}).get("answers", {}).get("activity") if intake else None
    return str(answer.get("text", "")) if isinstance(answer, dict) else str(answer or "")


def kept(case: Case, proposal: PlanProposal) -> dict[str, Any]:
    """What was proposed, and from which case, so that the reasons can be read years later."""
    from deqi import __version__

    held = {"case": case.model_dump(mode="json"), "proposal": proposal.model_dump(mode="json")}
    return json.loads(json.dumps({**held, "version": __version__}))


def pairs(form: PlanForm, proposal: PlanProposal) -> list[dict[str, Any]]:
    """Each field with what is proposed and the reasons, in the order of the page."""
    reviews = ", ".join(map(str, review_sessions(proposal)))
    why_reviews = [reason for point in proposal.review_points for reason in point.reasons]
    unique = list({reason.text: reason for reason in why_reviews}.values())
    said: dict[str, tuple[str, Any]] = {
        "sessions_per_week": (proposal.sessions_per_week.words, proposal.sessions_per_week.reasons),
        "weeks": (proposal.weeks.words, proposal.weeks.reasons),
        "planned_sessions": (proposal.sessions.words, proposal.sessions.reasons),
        "review_sessions": (f"After sessions {reviews}", unique),
        "maintenance": (proposal.maintenance.words, proposal.maintenance.reasons),
    }
    order = (
        "goals",
        "sessions_per_week",
        "weeks",
        "planned_sessions",
        "review_sessions",
        "retention_min",
        "modality",
        "maintenance",
        "decision_rule",
        "why",
    )
    empty: tuple[str, tuple] = ("", ())
    return [
        {"field": form[name], "words": said.get(name, empty)[0], "reasons": said.get(name, empty)[1]}
        for name in order
    ]


def _beside(case: Case, proposal: PlanProposal) -> dict[str, Any]:
    name = EVIDENCE.get(case.condition, case.condition)
    try:
        given = doses(name) if name else None
    except (KeyError, ValueError):
        given = None
    return {
        "case": case,
        "cause": CAUSES[case.condition],
        "proposal": proposal,
        "doses": given if given and given.summary else None,
    }


def different(form: PlanForm, theirs: dict[str, Any] | None) -> list[tuple[str, Any, Any]]:
    """Label, theirs, mine, for each field in which the two plans differ."""
    if not theirs:
        return []
    mine = form.data
    return [
        (form.fields[name].label, value, mine.get(name, ""))
        for name, value in theirs.items()
        if str(mine.get(name, "")).split() != str(value).split()
    ]
