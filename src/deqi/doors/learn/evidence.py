"""What the trials found, for everyone: the results, the studies behind them, the mechanisms, plain words."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from deqi.doors.access import public
from deqi.doors.learn.choice import Choice
from deqi.doors.learn.frame import show
from deqi.science import evidence
from deqi.science.evidence.charts import compact_forest_spec, describe
from deqi.science.evidence.mechanism_chart import mechanism_spec
from deqi.science.evidence.schema import COMPARATORS as COMPARATOR_WORDS
from deqi.science.evidence.schema import CONDITIONS as CONDITION_WORDS
from deqi.science.evidence.schema import DOMAINS as DOMAIN_WORDS
from deqi.science.points import atlas

CONDITIONS = ("dpn", "cipn", "cts", "phn", "hiv_sn", "radiculopathy")
PUBLIC_QUESTION = ("cipn", "sensory_symptoms")
COMPARATORS = ("sham", "usual_care", "waitlist", "drug")


@public
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Every question with an answer, sham first; the six mechanisms; `?condition=` keeps to one condition.

    A condition we hold nothing on, or a mixed one, shows them all.
    """
    asked = request.GET.get("condition", "")
    only = asked if asked in CONDITION_WORDS else ""
    tables = []
    for condition in (only,) if only else CONDITIONS:
        rows = [r for r in evidence.answer_table(condition) if r["k"] and r["comparator"] in COMPARATORS]
        if rows or only:
            beside = (
                {"positions": evidence.positions(condition), "doses": evidence.doses(condition)}
                if only
                else {}
            )
            tables.append(
                {"condition": condition, "name": CONDITION_WORDS[condition], "rows": rows, **beside}
            )
    return show(
        request,
        "learn/evidence.html",
        "evidence",
        tables=tables,
        only=only,
        conditions=CONDITION_WORDS,
        comparators=COMPARATOR_WORDS,
        domains=DOMAIN_WORDS,
        mechanisms=evidence.mechanisms().values(),
        counts={"trials": len(evidence.trials()), "reviews": len(evidence.reviews())},
    )


@public
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """ "How does acupuncture help neuropathy?" in plain words; each claim opens the record it rests on."""
    page = evidence.public_page()
    sections = [
        (section, [(s, [_opened(reference) for reference in s.cites]) for s in section.sentences])
        for section in page.sections
    ]
    return show(
        request,
        "learn/help.html",
        "help",
        page=page,
        sections=sections,
        spec=mechanism_spec("page", width=600, compact=True),
        narrow=mechanism_spec("page", width=264, compact=True),
        **_plain_forest(),
        mechanisms=evidence.mechanisms().values(),
    )


def _plain_forest() -> dict[str, Any]:
    """One forest plot for the public page: tingling and numbness after chemotherapy, sham and the rest."""
    condition, domain = PUBLIC_QUESTION
    sections = Choice().sections(condition, domain)
    title = f"{DOMAIN_WORDS[domain].capitalize()} in {CONDITION_WORDS[condition]}"
    return {
        "forest": compact_forest_spec(sections, title=title, theme="page", width=600),
        "forest_narrow": compact_forest_spec(sections, title=title, theme="page", width=264),
        "said": describe(sections, title),
        "question": PUBLIC_QUESTION,
        "pools": sections,
    }


def _opened(reference: str) -> dict[str, Any]:
    """A citation with the page it opens: ours where there is one, else the source."""
    record = evidence.cited(reference)
    pages = {"trial": "learn:trial", "mechanism": "learn:mechanism"}
    if record.kind in pages:
        return {"label": record.label, "url": reverse(pages[record.kind], args=[record.id])}
    return {"label": record.label, "url": reverse("learn:record", args=[record.kind, record.id])}


@public
@require_safe
def record_page(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """A review, a guideline, a published rate or a red flag, as it was read."""
    try:
        record = evidence.cited(f"{kind}:{key}")
    except KeyError:
        raise Http404("There is no such record.")
    shelf = {"review": evidence.reviews, "guideline": evidence.guidelines}.get(kind)
    whole = shelf()[key] if shelf else None
    return show(request, "learn/record.html", "evidence", record=record, whole=whole)


@public
@require_safe
def trial_list(request: HttpRequest) -> HttpResponse:
    """Every study, filtered by condition or by words of its title or authors."""
    asked, condition = request.GET.get("q", "").strip()[:60], request.GET.get("condition", "")
    found = [
        trial
        for trial in evidence.trials().values()
        if (not condition or trial.condition == condition)
        and asked.casefold() in f"{trial.label} {trial.title} {trial.authors}".casefold()
    ]
    found.sort(key=lambda trial: -(trial.year or 0))
    rows = [(trial, evidence.outside_default_pools(trial)) for trial in found]
    return show(
        request,
        "learn/trials.html",
        "evidence",
        found=rows,
        asked=asked,
        condition=condition,
        conditions=CONDITION_WORDS,
    )


@public
@require_safe
def trial_page(request: HttpRequest, key: str) -> HttpResponse:
    """One study as it was read: arms, treatment, outcomes, and what was not shown."""
    trial = evidence.trials().get(key)
    if trial is None:
        raise Http404("There is no such study.")
    overlap = evidence.overlap_of(key)
    return show(
        request,
        "learn/trial.html",
        "evidence",
        trial=trial,
        condition=CONDITION_WORDS[trial.condition],
        bias=evidence.bias_of(key),
        outside=evidence.outside_default_pools(trial),
        overlap=overlap,
        overlapping=[evidence.trials()[name] for name in overlap.trials if name != key] if overlap else [],
        atlas=atlas(),
    )


@public
@require_safe
def mechanism_page(request: HttpRequest, key: str) -> HttpResponse:
    """One of the six: what speaks for and against, people first, and what a clinic can measure."""
    mechanism = evidence.mechanisms().get(key)
    if mechanism is None:
        raise Http404("There is no such mechanism.")
    people = [f for f in mechanism.findings if f.model == "human"]
    others = [f for f in mechanism.findings if f.model != "human"]
    return show(
        request, "learn/mechanism.html", "evidence", mechanism=mechanism, people=people, others=others
    )


@public
@require_safe
def cite(request: HttpRequest, form: str) -> HttpResponse:
    """Citations of every study (or of `?id=...` alone) as BibTeX or RIS."""
    makers = {"bib": evidence.bibtex, "ris": evidence.ris}
    if form not in makers:
        raise Http404("bib or ris")
    wanted = [key for key in request.GET.getlist("id") if key in evidence.trials()] or list(evidence.trials())
    response = _file(f"deqi-evidence.{form}", "text/plain; charset=utf-8")
    response.write(makers[form](evidence.trials()[key] for key in wanted))
    return response


def _file(name: str, kind: str) -> HttpResponse:
    return HttpResponse(content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
