"""Staff pages: offering a single-case design, drawing it, and its report."""

from __future__ import annotations

import io
import zipfile
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from deqi.doors.access import needs
from deqi.doors.clinic.single_case.forms import OfferForm
from deqi.doors.clinic.single_case.plots import series_plot
from deqi.doors.clock import render
from deqi.doors.http import both, form_id, get_only, post_only, see_other
from deqi.record.care.actions.single_case import draw_single_case, offer_single_case
from deqi.record.care.queries.pooled import files_of, pooled_series
from deqi.record.care.queries.series import files_about, series_report_of
from deqi.record.care.queries.single_case import single_case_page, single_case_report
from deqi.record.errors import Refusal
from deqi.science.course.single_case.report import report as written
from deqi.science.course.single_case.series_report import series_parts, series_report
from deqi.science.measures import symptoms

#: What the file of data says of itself.
ABOUT = """Where chance decided: the data of the page, without names.

Of each person who is counted one rating a day, and what was drawn. Days are moved: the first day of everybody (of a taper,
the day of the draw) is 1 January 2001; the days between are as they were. Put the files of a design and symptom to the
command and it gives the numbers of the page, and with --format report (two people or more) its report by the items of
CENT 2015 and SCRIBE 2016:

"""


@both
@needs("course.plan")
def single_case(request: HttpRequest, course_id: UUID) -> HttpResponse:
    """What was offered, agreed and drawn in one course; and the offer that fits now."""
    page = single_case_page(request.actor, course_id, "course.plan", page="single-case designs")
    offer = next(iter(page.may_offer), ("", ""))
    form = OfferForm(request.POST or None, design=offer[0], possible=page.possible)
    if request.method == "POST" and form.is_valid():
        try:
            offer_single_case(
                request.actor,
                course_id,
                case_id=form_id(request),
                design=offer[0],
                symptom=form.cleaned_data["symptom"],
                taper_on=form.cleaned_data.get("taper_on"),
                starts=form.cleaned_data.get("starts"),
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


@get_only
@needs("clinical.view")
def pooled(request: HttpRequest) -> HttpResponse:
    """Where chance decided: everybody who finished, by design and symptom."""
    found = pooled_series(request.actor, page="where chance decided")
    shown = [
        {
            "one": one,
            "label": symptoms()[one.symptom].label,
            "id": f"{one.design}-{one.symptom}",
            "plot": series_plot(one) if one.counted else None,
        }
        for one in found
    ]
    return render(request, "clinic/single_case/pooled.html", {"here": "practice", "series": shown})


@get_only
@needs("clinical.view")
def series(request: HttpRequest, design: str, symptom: str) -> HttpResponse:
    """The report of one series by the items of CENT and SCRIBE, section by section."""
    about = series_report_of(request.actor, design, symptom, page="where chance decided, report")
    title, *parts = series_parts(about)
    context = {
        "here": "practice",
        "title": title,
        "parts": parts,
        "design": design,
        "symptom": symptom,
        "about": about,
    }
    return render(request, "clinic/single_case/series.html", context)


@get_only
@needs("clinical.view")
def series_file(request: HttpRequest, design: str, symptom: str) -> HttpResponse:
    """The same as Markdown."""
    about = series_report_of(request.actor, design, symptom, page="where chance decided, report")
    response = HttpResponse(series_report(about), content_type="text/markdown; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{design}-{symptom}-report.md"'
    return response


@get_only
@needs("clinical.view")
def pooled_data(request: HttpRequest) -> HttpResponse:
    """The data as `deqi course single-case` reads them, one zip, no name in it."""
    found = pooled_series(request.actor, page="where chance decided, data")
    commands = [
        f"deqi course single-case --design {one.design} --symptom {one.symptom} "
        f"--ratings {one.design}-{one.symptom}-ratings.csv --draws {one.design}-{one.symptom}-draws.csv "
        f"--about {one.design}-{one.symptom}-about.json"
        for one in found
        if one.counted
    ]
    files = {**files_of(found), **files_about(found), "README.txt": ABOUT + "\n".join(commands) + "\n"}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    response = HttpResponse(held.getvalue(), content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="where-chance-decided.zip"'
    return response
