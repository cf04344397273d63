"""Staff pages: letters to other clinicians. Draft, look at it, send it once under consent."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from deqi.doors.access import needs
from deqi.doors.clinic.letters.forms import LetterForm
from deqi.doors.clinic.review.shown import course_chart, symptoms_shown
from deqi.doors.clock import render
from deqi.doors.http import both, form_id, get_only, post_only, see_other
from deqi.doors.letters import TooLong, one_page_pdf_of, pdf_of, png_of
from deqi.doors.letters.content import first_draft, parts_of, whole
from deqi.doors.letters.plot import svg_of
from deqi.record.care.actions import letters as actions
from deqi.record.care.models import Letter
from deqi.record.care.queries.letters import LetterMatter, letter_for, letter_lists, letter_matter, matter_of
from deqi.record.errors import Refusal
from deqi.record.patients.models import Patient
from deqi.record.patients.queries import patient_for
from deqi.record.practice.queries import organization
from deqi.record.together import together
from deqi.science.course.charts import printed


@get_only
@needs("clinical.view")
def letters(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Every letter about one person."""
    patient = patient_for(request.actor, patient_id, "clinical.view", page="letters")
    lists = together(**letter_lists(patient))
    context = {"tab": "letters", "here": "patients", "patient": patient, **lists}
    return render(request, "clinic/letters/letters.html", context)


@both
@needs("letter.write")
def letter_new(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """A draft from the record: `?review=` for a report, `?kind=referral&flag=` for a red flag."""
    kind = "referral" if request.GET.get("kind") == "referral" else "report"
    matter = letter_matter(request.actor, patient_id, _asked_review(request))
    initial = first_draft(matter, kind=kind, flag=request.GET.get("flag", ""))
    form = LetterForm(request.POST or None, initial=initial, providers=matter.lists["providers"])
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.draft_letter(
                request.actor,
                patient_id,
                form_id(request),
                form.given(),
                kind=kind,
                course_id=matter.course.id if matter.course else None,
                review_id=matter.review.id if matter.review else None,
            )
            return see_other("clinic:letter", made.id)
        except Refusal as refusal:
            form.refuse(refusal)
    context = {
        "tab": "letters",
        "here": "patients",
        "patient": matter.patient,
        "matter": matter,
        "kind": kind,
        "form": form,
        "row": request.POST.get("row") or str(uuid4()),
    }
    return render(request, "clinic/letters/new.html", context, status=422 if form.is_bound else 200)


def _asked_review(request: HttpRequest) -> UUID | None:
    try:
        return UUID(request.GET.get("review", ""))
    except ValueError:
        return None


@both
@needs("letter.write")
def letter(request: HttpRequest, letter_id: UUID) -> HttpResponse:
    """One letter: look at it, change it while it is a draft, send it."""
    patient, row = letter_for(request.actor, letter_id, "letter.write", page="letter")
    matter = matter_of(patient, row.review, writer_id=row.written_by_id)
    form = LetterForm(
        request.POST or None, initial=draft_of(row, matter), providers=matter.lists["providers"]
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_letter(request.actor, letter_id, form.given())
            messages.success(request, "The draft is kept.")
            return see_other("clinic:letter", letter_id)
        except Refusal as refusal:
            form.refuse(refusal)
            messages.error(request, refusal.message)
    consent = matter.sharing
    context = {
        "tab": "letters",
        "here": "patients",
        "patient": patient,
        "letter": row,
        "form": form,
        "may_send": matter.may_send,
        "consent": consent,
        "ways": actions.HOW.items(),
        "arrived": actions.ARRIVED,
    }
    return render(request, "clinic/letters/letter.html", context, status=422 if form.is_bound else 200)


def draft_of(row: Letter, matter: LetterMatter) -> dict[str, Any]:
    """The form's values of a letter as it stands."""
    parts = {key: "\n".join(lines) for key, lines in parts_of(row, matter).items()}
    return {"to": str(row.to_id), "urgency": row.urgency, "asked_first": row.asked_first, **parts}


@get_only
@needs("letter.write")
def letter_pdf(request: HttpRequest, letter_id: UUID) -> HttpResponse:
    """The PDF: as sent, or of the draft as it stands."""
    patient, row = letter_for(request.actor, letter_id, "letter.write", page="letter PDF")
    pdf = bytes(row.pdf) if row.pdf else pdf_of(*_content(patient, row))
    return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": "inline"})


@get_only
@needs("letter.write")
def letter_png(request: HttpRequest, letter_id: UUID) -> HttpResponse:
    """The first page as a picture, for the preview."""
    patient, row = letter_for(request.actor, letter_id, "letter.write", page="letter preview")
    return HttpResponse(png_of(*_content(patient, row)), content_type="image/png")


@post_only
@needs("letter.send")
def send(request: HttpRequest, letter_id: UUID) -> HttpResponse:
    """Sends it, once; the PDF is kept as sent."""
    patient, row = letter_for(request.actor, letter_id, "letter.send", page="letter")
    try:
        if row.sent_at is None:
            pdf = bytes(row.pdf) if row.mailed_at else one_page_pdf_of(*_content(patient, row, sending=True))
            how, after = request.POST.get("how", ""), _time(request.POST.get("after", ""))
            actions.send_letter(request.actor, letter_id, how, pdf, after=after)
        messages.success(request, f"Sent to {row.to.name}; kept as it was sent.")
    except TooLong as error:
        messages.error(request, str(error))
    except Refusal as refusal:
        messages.error(request, refusal.message)
    if not request.actor.may("letter.write"):
        return see_other("clinic:patient", row.patient_id)
    return see_other("clinic:letter", letter_id)


def _time(text: str) -> datetime | None:
    """The moment that a form of ours carries; None when it carries none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _content(patient: Patient, row: Letter, *, sending: bool = False) -> tuple[dict[str, Any], str | None]:
    """The letter's words and its plot."""
    matter = matter_of(patient, row.review, writer_id=row.written_by_id)
    plot, caption, alt = None, "", ""
    if row.review is not None and row.kind == "report":
        result = row.review.result
        found = symptoms_shown(result["judged"])
        if found:
            drawn = course_chart(result["inputs"], found[0].key, matter.lists["medicines"])
            plot = svg_of(printed(drawn.spec))
            caption = f"{found[0].label}, 0 to 10: dots are ratings, the line the usual level with its 80 % band, ticks are sessions."
            alt = f"Plot over time. {drawn.words} {found[0].simple['words']}"
    clinic = organization()
    assert clinic is not None
    return whole(row, matter, clinic, plot_caption=caption, plot_alt=alt, sending=sending), plot
