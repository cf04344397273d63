"""Staff pages: offering a single-case design, drawing it, and its report."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from deqi.doors.access import needs
from deqi.doors.clinic.single_case.forms import OfferForm
from deqi.doors.clock import render
from deqi.doors.http import both, form_id, get_only, post_only, see_other
from deqi.record.care.actions.single_case import draw_single_case, offer_single_case
from deqi.record.care.queries.single_case import single_case_page, single_case_report
from deqi.record.errors import Refusal
from deqi.science.course.single_case.report import report as written


@both
@needs("course.plan")
def single_case(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """What was offered, agreed and drawn in one course; and the offer that fits now."""
    page = single_case_page(request.actor, course_id, "course.plan", page="single-case designs")
    offer = next(iter(page.may_offer), ("", ""))
    form = OfferForm(request.POST or None, design=offer[0])
    if request.method == "POST" and form.is_valid():
        try:
            offer_single_case(
                request.actor,
                course_id,
                case_id=form_id(request),
                design=offer[0],
                symptom=form.cleaned_data["symptom"],
                taper_on=form.cleaned_data.get("taper_on"),
            )
            messages.success(request, "Offered. The protocol is fixed; nothing is drawn until they agree.")
            return see_other("clinic:single_case", course_id)
        except Refusal as refusal:
            form.refuse(refusal)
    context = {
        "tab": "course",
        "here": "patients",
        "patient": page.patient,
        "page": page,
        "offer": offer,
        "form": form,
        "row": request.POST.get("row") or str(uuid4()),
    }
    return render(request, "clinic/single_case/page.html", context, status=422 if form.is_bound else 200)


@post_only
@needs("course.plan")
def draw(request: HttpRequest, course_id: UUID, case_id: UUID) -> HttpResponse:
    """Opens the draw."""
    try:
        draw_single_case(request.actor, course_id, case_id)
        messages.success(request, "Drawn. It never changes from now on.")
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return see_other("clinic:single_case", course_id)


@get_only
@needs("clinical.view")
def report(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """The report as Markdown, by the items of CENT and SCRIBE. No name in it."""
    about, _ = single_case_report(request.actor, case_id)
    response = HttpResponse(written(about), content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="single-case-report.md"'
    return response
